from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import Truncator
from wagtail.models import Page

from cms import limits, notifications, permissions
from cms.actions.recording import move_recording_to_room
from cms.models import EventEdition, EventPage, EventRoom
from forums.actions.attendance import attend_room
from forums.actions.room_roles import give_room_role, take_room_role
from forums.actions.rooms import close_room, reschedule_room, schedule_room
from forums.models import Room, RoomRole
from network.actions.audit import record
from network.actions.notices import settle_notices
from network.models import Member, Notice

REMIND_BEFORE = timedelta(days=1)


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
            link = EventRoom.objects.create(page=page, room=room)
            move_recording_to_room(link)
            return link
        reschedule_room(link.room, title=title, opens_at=page.starts_at, closes_at=page.ends_at, by=None)
    return link


def settle_edition(page: EventPage, *, now: datetime | None = None) -> EventEdition | None:
    """Writes down what those who attend have to know of a published event, and tells them where it is other than they
    were told before. The first publishing tells nobody, and one that changes nothing neither. Safe to call at any time
    and any number of times."""
    if not page.live or page.alias_of_id:
        return None
    now = now or timezone.now()
    told = {name: getattr(page, name) for name in EventEdition.TOLD}
    with transaction.atomic():
        # Two who publish at once would both find the same edition.
        Page.objects.select_for_update().filter(pk=page.pk).first()
        edition = EventEdition.objects.filter(page=page.pk).first()
        if edition is None:
            return EventEdition.objects.create(page=page, changed_at=now, **told)
        is_other = any(getattr(edition, name) != value for name, value in told.items())
        if not is_other and edition.called_off_at is None:
            return edition
        was_at, was_off = edition.starts_at, edition.called_off_at is not None
        for name, value in told.items():
            setattr(edition, name, value)
        edition.number += 1
        edition.changed_at, edition.called_off_at = now, None
        edition.save()
        if (is_other or was_off) and not page.is_over(now):
            notifications.event_changed(page, edition, was_at=was_at, now=now)
    return edition


def call_off(page: Page, *, now: datetime | None = None) -> None:
    """Part of taking an event down, or of deleting it: calendars, and those who attend or wait for a place, are told
    that it does not take place. What was over has taken place. Safe to repeat: one taking down is told once."""
    now = now or timezone.now()
    with transaction.atomic():
        Page.objects.select_for_update().filter(pk=page.pk).first()
        coming = EventEdition.objects.filter(page=page.pk, called_off_at=None, ends_at__gt=now)
        if coming.update(called_off_at=now, changed_at=now, number=F("number") + 1):
            edition = EventEdition.objects.select_related("page").get(page=page.pk)
            notifications.event_called_off(edition.page, edition, now=now)


def remind_of_events(*, now: datetime | None = None) -> int:
    """Reminds those who attend of each event that is less than a day away; returns how many reminders are new. Safe to
    run again: nobody is reminded twice of the same start."""
    now = now or timezone.now()
    soon = EventPage.objects.live().filter(starts_at__gt=now, starts_at__lte=now + REMIND_BEFORE)
    count = 0
    for event in soon.order_by("starts_at", "pk"):
        with transaction.atomic():
            count += notifications.event_reminder(event, now=now)
    return count


def tell_of_open_rooms(*, now: datetime | None = None) -> int:
    """Tells those who attend that the live room of an event has opened; returns of how many rooms. Safe to run again:
    each start is told once."""
    now = now or timezone.now()
    opened = Room.objects.filter(opens_at__lte=now + Room.EARLY, closes_at__gt=now, event_room__page__live=True)
    count = 0
    for room in opened.select_related("event_room"):
        untold = EventEdition.objects.filter(page=room.event_room.page_id)
        untold = untold.filter(Q(opened_for=None) | ~Q(opened_for=room.opens_at))
        with transaction.atomic():
            if untold.update(opened_for=room.opens_at):
                notifications.room_opened(EventPage.objects.get(pk=room.event_room.page_id), now=now)
                count += 1
    return count


def attend_room_of(page: EventPage, *, by: Member, now: datetime | None = None) -> None:
    """Part of showing an event's page, on which its live room stands for those who may join: while its session is on
    they have come. No query before and after it."""
    now = now or timezone.now()
    if page.starts_at - Room.EARLY <= now < page.ends_at and permissions.can_join(by, page):
        link = EventRoom.objects.visible_to(by).select_related("room").filter(page=page.pk).first()
        if link is not None:
            attend_room(link.room, by=by)


def see_page(page: Page, *, by: Member) -> None:
    """Part of showing a page: what notices told its reader of it they have seen. One query where there is nothing."""
    about = notifications.about_page(page.pk)
    if Notice.objects.visible_to(by).unread().filter(about).exists():
        settle_notices(by, about)


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
