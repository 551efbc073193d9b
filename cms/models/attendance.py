from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone
from wagtail.models import Page

from cms.models.event import EventPage, EventPageQuerySet
from cms.models.page import pages_visible_to
from forums.models import Room, RoomRole
from forums.models.room import RoomRoleQuerySet
from network.models import Admission, Member, Membership, Network, Viewer
from network.models.member import MemberQuerySet

TOLD_WITHIN = timedelta(minutes=15)  # of being called off, at most, by mail too


class EventAttendanceQuerySet(models.QuerySet["EventAttendance"]):
    def visible_to(self, viewer: Viewer) -> EventAttendanceQuerySet:
        """Their own, of events that they may know of. Who else attends is nobody's business but theirs."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        return self.filter(member=viewer.pk, page__in=pages_visible_to(viewer).values("pk"))

    def in_force(self) -> EventAttendanceQuerySet:
        return self.filter(taken_out_at=None)

    def with_place(self) -> EventAttendanceQuerySet:
        return self.in_force().filter(waiting_number=None)

    def waiting(self) -> EventAttendanceQuerySet:
        """Who waits for a place, the first before the others."""
        return self.in_force().exclude(waiting_number=None).order_by("waiting_number")


class EventAttendance(models.Model):
    """A member has an event in their events, or has taken it out again. Where people sign up for the event it is their
    place, or their number on the waiting list. Who hosts it or speaks there has it in theirs without a row, until they
    take it out, and takes no place. A row of its own: no draft, and no copy of the page, touches it."""

    page = models.ForeignKey(EventPage, on_delete=models.CASCADE, related_name="attendances")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="event_attendances")
    at = models.DateTimeField(default=timezone.now)
    taken_out_at = models.DateTimeField(null=True, blank=True)
    # Only of those who wait: the lowest of them is the next. Numbers of people who went leave gaps.
    waiting_number = models.PositiveIntegerField(null=True, blank=True)
    # The foot of a mail stops the mail about an event; a place is given up on the page alone.
    is_mailed = models.BooleanField(default=True)

    objects = EventAttendanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["page", "member"], name="event_attendance_once"),
            models.UniqueConstraint(fields=["page", "waiting_number"], name="event_waiting_number_once"),
            models.CheckConstraint(
                condition=Q(taken_out_at=None) | Q(waiting_number=None), name="event_waiting_is_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} at {self.page_id}"

    @property
    def is_waiting(self) -> bool:
        return self.waiting_number is not None


def _roles_at(event: EventPage) -> RoomRoleQuerySet:
    return RoomRole.objects.filter(room__event_room__page=event.pk)


def _has_it(viewer: Viewer, own: EventAttendanceQuerySet) -> Q:
    """Events that are in somebody's events by one of these rows, or because they host them or speak there."""
    rows = EventAttendance.objects.filter(member=viewer.pk)
    roles = RoomRole.objects.filter(member=viewer.pk)
    runs = Q(event_room__room__in=roles.values("room")) & ~Q(pk__in=rows.exclude(taken_out_at=None).values("page"))
    return Q(pk__in=own.values("page")) | runs


def _own(viewer: Viewer) -> EventAttendanceQuerySet:
    return EventAttendance.objects.filter(member=viewer.pk)


def events_of(viewer: Viewer) -> EventPageQuerySet:
    """Those in the viewer's events that they may open; those too for which they are on the waiting list."""
    found: EventPageQuerySet = EventPage.objects.visible_to(viewer)
    if not viewer.is_authenticated or not viewer.is_active:
        return found.none()
    return found.filter(_has_it(viewer, _own(viewer).in_force()))


def events_with_place(viewer: Viewer) -> EventPageQuerySet:
    """Those of them that do not have the viewer wait for a place."""
    found: EventPageQuerySet = EventPage.objects.visible_to(viewer)
    if not viewer.is_authenticated or not viewer.is_active:
        return found.none()
    return found.filter(_has_it(viewer, _own(viewer).with_place()))


def events_to_attend(viewer: Viewer) -> EventPageQuerySet:
    """Those in the viewer's events to which they may go, if only a place becomes free: of whose changes they are told.
    The members of its network, its speakers, and every officer where it is open to all."""
    mine = events_of(viewer)
    if not viewer.is_authenticated or not viewer.is_active:
        return mine
    may_go = Q(network__in=Network.objects.of(viewer)) | Q(event_room__room__in=Room.objects.visible_to(viewer))
    may_go |= Q(network=None) & Q(Exists(Admission.objects.filter(member=viewer.pk)))
    found: EventPageQuerySet = mine.filter(may_go)
    return found


def events_called_off(viewer: Viewer) -> EventPageQuerySet:
    """Those in the viewer's events that were taken down before they were over, and that they could open until then."""
    found: EventPageQuerySet = EventPage.objects.open_to(viewer)
    if not viewer.is_authenticated or not viewer.is_active:
        return found.none()
    has_it = _has_it(viewer, _own(viewer).in_force())
    return found.filter(has_it, live=False).exclude(edition__called_off_at=None)


def events_awaited(below: Iterable[Page], now: datetime | None = None) -> EventPageQuerySet:
    """Coming events, these or below these, that somebody has in their events and could not be told of any more once
    they were deleted: those that are published, and those that were called off a moment ago, whose mail is on its
    way."""
    now = now or timezone.now()
    here = Q(pk__in=[])
    for page in below:
        here |= Q(path__startswith=page.path)
    untold = Q(live=True) | Q(edition__called_off_at__gt=now - TOLD_WITHIN)
    own = EventAttendance.objects.in_force().values("page")
    found: EventPageQuerySet = EventPage.objects.filter(here, untold, pk__in=own, ends_at__gt=now).order_by("path")
    return found


def attendees_of(event: EventPage) -> MemberQuerySet:
    """Who has the event in their events, with a place where it has places, and may go there: those whom
    `events_to_attend` gives it, asked of all members at once. What keeps somebody from the page itself is asked when
    they are told."""
    rows = EventAttendance.objects.filter(page=event.pk)
    runs = Q(pk__in=_roles_at(event).values("member")) & ~Q(
        pk__in=rows.exclude(taken_out_at=None).values("member"),
    )
    return _may_go(event).filter(Q(pk__in=rows.with_place().values("member")) | runs)


def waiting_for(event: EventPage) -> MemberQuerySet:
    """Who waits for a place and may go there. Who hosts or speaks waits for none."""
    waiting = EventAttendance.objects.filter(page=event.pk).waiting().order_by()
    return _may_go(event).filter(pk__in=waiting.values("member")).exclude(pk__in=_roles_at(event).values("member"))


def place_in_line(row: EventAttendance) -> int:
    """1 for the next who gets a place. People who may no longer go do not stand in front of anybody."""
    before = EventAttendance.objects.filter(page=row.page_id).waiting().filter(waiting_number__lt=row.waiting_number)
    return before.filter(member__in=waiting_for(row.page)).count() + 1


def places_taken(event: EventPage) -> int:
    """By those who may still go: a place of somebody who may not is free. Who hosts or speaks takes none."""
    going = EventAttendance.objects.filter(page=event.pk).with_place()
    people = _may_go(event).filter(pk__in=going.values("member"))
    return people.exclude(pk__in=_roles_at(event).values("member")).count()


def _may_go(event: EventPage) -> MemberQuerySet:
    if event.network_id is None:
        may_go = Q(pk__in=Admission.objects.values("member"))
    else:
        of_network = Membership.objects.active().filter(network=event.network_id)
        may_go = Q(pk__in=of_network.values("member")) | Q(pk__in=_roles_at(event).speakers().values("member"))
    found: MemberQuerySet = Member.objects.filter(may_go, is_active=True)
    return found
