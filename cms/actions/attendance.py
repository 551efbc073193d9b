"""Which events are somebody's."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from cms import limits, permissions
from cms.models import EventAttendance, EventPage
from cms.notifications import about_event
from network.actions import mail_stops
from network.actions.mail_stops import StopKind
from network.actions.notices import settle_notices
from network.models import Member
from network.permissions import can_take_part


def add_event(page: EventPage, *, by: Member, now: datetime | None = None) -> EventAttendance:
    """Puts an event into a member's events: they are reminded of it, told when it changes, and find it in their
    calendar. Safe to repeat. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_add_event(by, page, now=now).enforce()
    limits.ATTENDING.spend(by, now=now)
    with transaction.atomic():
        row, is_new = EventAttendance.objects.select_for_update().get_or_create(
            page=page, member=by, defaults={"at": now}
        )
        if not is_new and row.taken_out_at is not None:
            row.at, row.taken_out_at = now, None
            row.save(update_fields=["at", "taken_out_at"])
    return row


def take_out_event(page: EventPage, *, by: Member, now: datetime | None = None) -> None:
    """Takes it out again, whoever had put it in. Safe to repeat. Raises Refused, LimitReached."""
    can_take_part(by).enforce()
    limits.ATTENDING.spend(by, now=now)
    _take_out(by, page.pk, now=now)


def stop_mail_about_event(member: Member, object_id: int, *, now: datetime | None = None) -> None:
    """What the foot of a mail about an event stops, without signing in: it is no longer in the member's events. Raises
    nothing where the event is gone."""
    if EventPage.objects.filter(pk=object_id).exists():
        _take_out(member, object_id, now=now)


def forget_events_of(member: Member) -> None:
    """The site's own part of closing an account: part of its transaction."""
    EventAttendance.objects.filter(member=member).delete()


def _take_out(member: Member, page: int, *, now: datetime | None) -> None:
    now = now or timezone.now()
    with transaction.atomic():
        # A row is kept, for who hosts or speaks has the event in theirs without one.
        row, is_new = EventAttendance.objects.select_for_update().get_or_create(
            page_id=page, member=member, defaults={"at": now, "taken_out_at": now}
        )
        if not is_new and row.taken_out_at is None:
            row.taken_out_at = now
            row.save(update_fields=["taken_out_at"])
        settle_notices(member, about_event(page))


mail_stops.register(StopKind("event", "mail about this event", stop_mail_about_event))
