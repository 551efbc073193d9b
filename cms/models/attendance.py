from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone

from cms.models.event import EventPage, EventPageQuerySet
from cms.models.page import pages_visible_to
from forums.models import Room, RoomRole
from network.models import Admission, Member, Membership, Network, Viewer
from network.models.member import MemberQuerySet


class EventAttendanceQuerySet(models.QuerySet["EventAttendance"]):
    def visible_to(self, viewer: Viewer) -> EventAttendanceQuerySet:
        """Their own, of events that they may know of. Who else attends is nobody's business but theirs."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        return self.filter(member=viewer.pk, page__in=pages_visible_to(viewer).values("pk"))

    def in_force(self) -> EventAttendanceQuerySet:
        return self.filter(taken_out_at=None)


class EventAttendance(models.Model):
    """A member has an event in their events, or has taken it out again. Who hosts it or speaks there has it in theirs
    without a row, until they take it out."""

    page = models.ForeignKey(EventPage, on_delete=models.CASCADE, related_name="attendances")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="event_attendances")
    at = models.DateTimeField(default=timezone.now)
    taken_out_at = models.DateTimeField(null=True, blank=True)

    objects = EventAttendanceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["page", "member"], name="event_attendance_once")]

    def __str__(self) -> str:
        return f"{self.member_id} at {self.page_id}"


def _has_it(viewer: Viewer) -> Q:
    """Events that are in somebody's events."""
    own = EventAttendance.objects.filter(member=viewer.pk)
    roles = RoomRole.objects.filter(member=viewer.pk)
    runs = Q(event_room__room__in=roles.values("room")) & ~Q(pk__in=own.exclude(taken_out_at=None).values("page"))
    return Q(pk__in=own.in_force().values("page")) | runs


def events_of(viewer: Viewer) -> EventPageQuerySet:
    """Those in the viewer's events that they may open."""
    found: EventPageQuerySet = EventPage.objects.visible_to(viewer)
    if not viewer.is_authenticated or not viewer.is_active:
        return found.none()
    return found.filter(_has_it(viewer))


def events_to_attend(viewer: Viewer) -> EventPageQuerySet:
    """Those of them to which they may go: to which they are reminded, and told of changes. The members of its network,
    its speakers, and every officer where it is open to all."""
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
    return found.filter(_has_it(viewer), live=False).exclude(edition__called_off_at=None)


def attendees_of(event: EventPage) -> MemberQuerySet:
    """Who has the event in their events and may go there: the same as `events_to_attend`, asked of all members at once.
    What keeps somebody from the page itself is asked when they are told."""
    rows = EventAttendance.objects.filter(page=event.pk)
    roles = RoomRole.objects.filter(room__event_room__page=event.pk)
    has_it = Q(pk__in=rows.in_force().values("member")) | (
        Q(pk__in=roles.values("member")) & ~Q(pk__in=rows.exclude(taken_out_at=None).values("member"))
    )
    if event.network_id is None:
        may_go = Q(pk__in=Admission.objects.values("member"))
    else:
        of_network = Membership.objects.active().filter(network=event.network_id)
        may_go = Q(pk__in=of_network.values("member")) | Q(pk__in=roles.speakers().values("member"))
    found: MemberQuerySet = Member.objects.filter(has_it, may_go, is_active=True)
    return found
