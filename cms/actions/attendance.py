"""Which events are somebody's, and who has a place where people sign up. Whoever changes it holds the row of the page,
so that of two who want the last place at the same moment one has it and the other is the first to wait."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from wagtail.models import Page

from cms import limits, notifications, permissions
from cms.models import EventAttendance, EventPage, places_taken, waiting_for
from cms.models.event import EventPageQuerySet
from network.actions import mail_stops
from network.actions.access import hold_account
from network.actions.mail_stops import StopKind
from network.actions.notices import settle_notices
from network.models import Member, Membership
from network.permissions import Refused, can_take_part


def add_event(page: EventPage, *, by: Member, now: datetime | None = None) -> EventAttendance:
    """Puts an event into a member's events: they are reminded of it, told when it changes, and find it in their
    calendar. Where people sign up it gives them a place or, where none is left, the next number on the waiting list.
    Safe to repeat. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_add_event(by, page, now=now).enforce()
    limits.ATTENDING.spend(by, now=now)
    with transaction.atomic():
        hold_account(by)
        event = _held(page.pk)
        if event is None:
            raise Refused("This event was taken down.")
        permissions.can_add_event(by, event, now=now).enforce()
        row, is_new = EventAttendance.objects.get_or_create(page=event, member=by, defaults={"at": now})
        if is_new or row.taken_out_at is not None:
            row.at, row.taken_out_at, row.is_mailed = now, None, True
            # Everybody goes through the list, so nobody passes those who wait already.
            row.waiting_number = _next_number(event)
            row.save(update_fields=["at", "taken_out_at", "is_mailed", "waiting_number"])
            _move_up(event, now=now, without_telling=by)
            row.refresh_from_db()
        elif not row.is_mailed:
            row.is_mailed = True
            row.save(update_fields=["is_mailed"])
    return row


def take_out_event(page: EventPage, *, by: Member, now: datetime | None = None) -> None:
    """Takes it out again, whoever had put it in, and gives up their place or number: a place goes to the first who
    waits. Safe to repeat. Raises Refused, LimitReached."""
    can_take_part(by).enforce()
    limits.ATTENDING.spend(by, now=now)
    now = now or timezone.now()
    with transaction.atomic():
        event = _held(page.pk)
        if event is not None:
            _take_out(by, event, now=now)
            _move_up(event, now=now)


def stop_mail_about_event(member: Member, object_id: int, *, now: datetime | None = None) -> None:
    """What the foot of a mail about an event stops, without signing in: it is no longer in the member's events. But no
    place is given up by that: where people signed up they get no mail about it, and still go. Raises nothing where the
    event is gone."""
    now = now or timezone.now()
    with transaction.atomic():
        event = _held(object_id)
        if event is None:
            return
        if not event.needs_sign_up:
            _take_out(member, event, now=now)
        else:
            EventAttendance.objects.filter(page=event, member=member).update(is_mailed=False)
            if permissions.runs_room_of(member, event):
                EventAttendance.objects.get_or_create(page=event, member=member, defaults={"is_mailed": False})


def settle_places(page: EventPage, *, now: datetime | None = None) -> int:
    """The site's own part of publishing an event, and of whatever else makes places free: those who wait move up as far
    as there are places, and are told. Fewer places take nobody's away. Returns how many moved up. Safe to call at any
    time and any number of times."""
    with transaction.atomic():
        event = _held(page.pk)
        return len(_move_up(event, now=now or timezone.now())) if event is not None else 0


def settle_all_places(*, now: datetime | None = None) -> int:
    """The same for every coming event for which somebody waits: places become free in ways that nobody tells of, as
    when somebody is named a speaker, who needs none."""
    waiting = EventAttendance.objects.waiting().order_by().values("page")
    coming = EventPage.objects.live().not_over(now).filter(pk__in=waiting).defer_streamfields()
    return sum(settle_places(event, now=now) for event in coming.order_by("pk"))


def free_places_of_former_member(membership: Membership, *, now: datetime | None = None) -> None:
    """The site's own part of a membership's end: their places at what is to come in the network go to others, and do
    not wait for their return. Part of its transaction."""
    _free_places(membership.member, EventPage.objects.filter(network=membership.network_id), now=now)


def free_places(member: Member, *, now: datetime | None = None) -> None:
    """The site's own part of taking an account out of use: part of its transaction."""
    _free_places(member, EventPage.objects.all(), now=now)


def forget_events_of(member: Member) -> None:
    """The site's own part of closing an account: part of its transaction."""
    EventAttendance.objects.filter(member=member).delete()


def _held(page: int) -> EventPage | None:
    """The event as it is now, held until the transaction ends; None where there is none."""
    if Page.objects.select_for_update().filter(pk=page).first() is None:
        return None
    found: EventPage | None = EventPage.objects.select_related("network").filter(pk=page).first()
    return found


def _take_out(member: Member, event: EventPage, *, now: datetime) -> None:
    # A row is kept, for who hosts or speaks has the event in theirs without one.
    row, _ = EventAttendance.objects.get_or_create(page=event, member=member, defaults={"at": now, "taken_out_at": now})
    if row.taken_out_at is None:
        row.taken_out_at, row.waiting_number = now, None
        row.save(update_fields=["taken_out_at", "waiting_number"])
    settle_notices(member, notifications.about_event(event.pk))


def _free_places(member: Member, events: EventPageQuerySet, *, now: datetime | None) -> None:
    now = now or timezone.now()
    own = EventAttendance.objects.filter(member=member).in_force()
    theirs = events.filter(pk__in=own.values("page"), needs_sign_up=True, ends_at__gt=now)
    for pk in theirs.order_by("pk").values_list("pk", flat=True):
        event = _held(pk)
        if event is not None:
            _take_out(member, event, now=now)
            _move_up(event, now=now)


def _next_number(event: EventPage) -> int:
    last = EventAttendance.objects.filter(page=event).aggregate(last=Max("waiting_number"))["last"]
    return (last or 0) + 1


def _move_up(event: EventPage, *, now: datetime, without_telling: Member | None = None) -> list[Member]:
    """With the page held: gives the free places to the first who wait and may still go, and tells them. Nobody moves up
    for what is over, or was taken down."""
    if not event.live or event.is_over(now):
        return []
    waiting = EventAttendance.objects.filter(page=event).waiting()
    next_ones = waiting.filter(member__in=waiting_for(event)).select_related("member")
    if event.needs_sign_up and event.places is not None:
        next_ones = next_ones[: max(0, event.places - places_taken(event))]
    # Who hosts or speaks needs no place, so waits for none.
    rows = [*next_ones, *waiting.filter(member__room_roles__room__event_room__page=event.pk).select_related("member")]
    EventAttendance.objects.filter(pk__in=[row.pk for row in rows]).update(waiting_number=None)
    moved = [row.member for row in rows]
    if event.needs_sign_up:
        notifications.place_given(event, [row for row in rows if row.member != without_telling], now=now)
    return moved


mail_stops.register(
    StopKind(
        "event",
        "mail about this event",
        stop_mail_about_event,
        "It is then none of your events any more: it leaves your calendar, and no notice tells of it. But a place that "
        "you signed up for stays yours: give it up on the page of the event.",
    )
)
