from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.text import Truncator
from wagtail.models import Page

from cms import limits, permissions
from cms.models import EventPage, EventRoom
from forums.actions.room_roles import give_room_role, take_room_role
from forums.actions.rooms import close_room, reschedule_room, schedule_room
from forums.models import Room, RoomRole
from network.actions.audit import record
from network.models import Member


def settle_room(page: EventPage, *, now: datetime | None = None) -> EventRoom | None:
    """Gives a published event of a network its live room, or the room the event's new title and times. An event has one
    room for ever, in the network it was made for. Safe to call at any time and any number of times."""
    if not page.live or page.network is None or page.alias_of_id:
        return None
    title = Truncator(page.title).chars(Room._meta.get_field("title").max_length or 200)
    with transaction.atomic():
        # Two who publish at once would both find no room yet.
        Page.objects.select_for_update().filter(pk=page.pk).first()
        link = EventRoom.objects.select_related("room").filter(page=page.pk).first()
        if link is None:
            room = schedule_room(
                page.network, title=title, opens_at=page.starts_at, closes_at=page.ends_at, by=None, now=now
            )
            return EventRoom.objects.create(page=page, room=room)
        reschedule_room(link.room, title=title, opens_at=page.starts_at, closes_at=page.ends_at, by=None)
    return link


def close_room_of(page: Page) -> None:
    """Ends the live room of an event that is no longer there, or is about to be deleted. Publishing it again gives the
    room the event's times again."""
    with transaction.atomic():
        link = EventRoom.objects.select_related("room__network").filter(page=page.pk).first()
        if link is not None:
            close_room(link.room, by=None)


def name_speaker(link: EventRoom, member: Member, *, role: str, by: Member) -> RoomRole:
    """An editor of an event says who hosts its room or speaks in it. Raises Refused, LimitReached."""
    permissions.can_name_speakers(by, link.page).enforce()
    permissions.can_be_named_by(by, member, link.room, role).enforce()
    limits.NAMING_SPEAKERS.spend(by)
    with transaction.atomic():
        given = give_room_role(link.room, member, role=role, by=None)
        record("named speaker", link, by=by, network=link.room.network, role=role, member=member.pk)
    return given


def drop_speaker(link: EventRoom, given: RoomRole, *, by: Member) -> None:
    """An editor of an event takes that back. Raises Refused, LimitReached."""
    permissions.can_name_speakers(by, link.page).enforce()
    limits.NAMING_SPEAKERS.spend(by)
    with transaction.atomic():
        record("dropped speaker", link, by=by, network=link.room.network, role=given.role, member=given.member_id)
        take_room_role(given, by=None)
