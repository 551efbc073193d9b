"""Where the recording of an event is. One place knows: the event's live room, or where it has none a row of its own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from wagtail.models import Page

from cms import limits, permissions
from cms.models import EventPage, EventRecording, EventRoom
from forums.actions.session_threads import keep_recording
from forums.models import Room
from network.actions.audit import record
from network.models import Member


def set_recording(page: EventPage, *, by: Member, link: str, began_at: datetime | None = None) -> None:
    """Whoever edits the event or runs its room says where its recording is; an empty link takes it away. With
    `began_at`, the moment at which it begins, threads made of the session lead to the place in it. Raises Refused,
    LimitReached."""
    permissions.can_set_recording(by, page).enforce()
    limits.RECORDING.spend(by)
    with transaction.atomic():
        # Publishing gives an event its room: held, so that what is written now is not left behind.
        Page.objects.select_for_update().filter(pk=page.pk).first()
        room = Room.objects.filter(event_room__page=page.pk).first()
        if room is not None:
            keep_recording(room, by=by, link=link, began_at=began_at)
            return
        kept = EventRecording.objects.filter(page=page.pk).first()
        if (kept.link if kept else "") == link:
            return
        if link:
            EventRecording.objects.update_or_create(page=page, defaults={"link": link})
        elif kept:
            kept.delete()
        record("noted recording", page, by=by)


def move_recording_to_room(made: EventRoom) -> None:
    """Part of giving an event its room: from now on that knows where the recording is."""
    kept = EventRecording.objects.filter(page=made.page_id).first()
    if kept is not None:
        keep_recording(made.room, by=None, link=kept.link, began_at=None)
        kept.delete()
