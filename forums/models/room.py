from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from network.models import MailboxMark, MailboxMarkQuerySet, Member, Membership, Network, Viewer


class RoomQuerySet(models.QuerySet["Room"]):
    def visible_to(self, viewer: Viewer, *, closed_after: datetime | None = None) -> RoomQuerySet:
        """Those that the viewer may know of, without those from which they were removed; and of those that are locked
        to readers only the ones that they run. `closed_after`: as in `RoomRoleQuerySet.speakers`."""
        removed = RoomSanction.objects.removing().filter(member=viewer.pk or 0)
        may_read = ~models.Q(lock=Room.Lock.READING) | models.Q(pk__in=Room.objects.run_by(viewer).values("pk"))
        known = self.known_to(viewer, closed_after=closed_after)
        return known.exclude(pk__in=removed.values("room")).filter(may_read)

    def known_to(self, viewer: Viewer, *, closed_after: datetime | None = None) -> RoomQuerySet:
        """Those of the viewer's networks, and those in which they are a speaker. That there is such a room is all that
        they may know: what was said in it starts at `visible_to`."""
        speaks_in = RoomRole.objects.lets_in(viewer, closed_after)
        return self.filter(models.Q(network__in_once=Network.objects.of(viewer)) | models.Q(pk__in=speaks_in))

    def run_by(self, viewer: Viewer) -> RoomQuerySet:
        """Those of networks that the viewer facilitates, and those that they host."""
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0)
        belongs = Membership.objects.active().filter(member=viewer.pk or 0)
        hosted = RoomRole.objects.filter(member=viewer.pk or 0, role=RoomRole.Role.HOST)
        return self.filter(
            models.Q(network__in=facilitated.values("network"))
            | models.Q(pk__in=hosted.values("room"), network__in=belongs.values("network"))
        )


class Room(models.Model):
    """A live room of a network: an append-only log with a gap-free number, over which every reader is a cursor."""

    # Members come in this long before it starts.
    EARLY = timedelta(minutes=15)
    # Seconds between two messages of one member.
    SLOW = (0, 5, 10, 30, 60, 300)
    # Seconds that everybody else sees messages after those who run the room.
    DELAYS = (0, 2, 5, 10)
    MOST_PINNED = 3

    class Lock(models.TextChoices):
        NONE = "", "Everybody in it reads and writes"
        WRITING = "writing", "Everybody in it reads; only facilitators and hosts write"
        READING = "reading", "Only facilitators and hosts read and write"

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="rooms")
    title = models.CharField(max_length=200)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    # A new one when numbers could be used again, as after restoring a backup: readers then start afresh.
    epoch = models.UUIDField(default=uuid.uuid4, editable=False)
    last_seq = models.PositiveBigIntegerField(default=0, editable=False)
    slow_seconds = models.PositiveSmallIntegerField(default=0)
    lock = models.CharField(max_length=8, choices=Lock.choices, default=Lock.NONE, blank=True)
    # Goes up whenever somebody reacts: hubs ask for what was reacted to since the version that they know.
    reaction_version = models.PositiveBigIntegerField(default=0, editable=False)
    # Likewise whenever somebody votes, for a question or in a poll, and whenever something is pinned.
    vote_version = models.PositiveBigIntegerField(default=0, editable=False)
    # Likewise whenever something begins to wait for those who run the room, or is decided.
    held_version = models.PositiveBigIntegerField(default=0, editable=False)
    # The highest number given to a question. Never goes down.
    last_question = models.PositiveIntegerField(default=0, editable=False)

    # What the host has decided for the session.
    takes_questions = models.BooleanField(default=True)
    allows_unnamed = models.BooleanField(default=False)
    holds_questions = models.BooleanField(default=False)
    # So long after those who run the room everybody else sees what is said: time to hide what must not stand.
    delay_seconds = models.PositiveSmallIntegerField(default=0)
    # Messages with one of these words, one to a line, wait for the host.
    held_words = models.TextField(blank=True)
    # Under the Chatham House rule what was said may be used, and not who said it: once the room is over it shows no
    # names.
    is_chatham_house = models.BooleanField(default=False)
    # What was said before then shows no names for good: the room was over, and was given another time since.
    nameless_until = models.DateTimeField(null=True, editable=False)
    recording_link = models.URLField(max_length=500, blank=True)
    recording_began_at = models.DateTimeField(null=True, blank=True)

    objects = RoomQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(closes_at__gt=models.F("opens_at")), name="room_closes_later")
        ]
        indexes = [models.Index(fields=["network", "opens_at"], name="room_by_network")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("room", args=[self.pk])

    @property
    def early_at(self) -> datetime:
        """When members may come in."""
        return self.opens_at - self.EARLY

    def is_open(self, now: datetime | None = None) -> bool:
        return is_open_at(now or timezone.now(), self.opens_at, self.closes_at)

    def is_over(self, now: datetime | None = None) -> bool:
        return (now or timezone.now()) >= self.closes_at

    def is_nameless(self, now: datetime | None = None) -> bool:
        """Whether what was said in it is shown without who said it, to everybody."""
        return self.is_chatham_house and self.is_over(now)

    def hides_names_of(self, at: datetime) -> bool:
        """Whether what was said then is shown without who said it, to everybody."""
        return self.is_nameless() or (
            self.is_chatham_house and self.nameless_until is not None and at < self.nameless_until
        )

    def epoch_now(self, now: datetime | None = None) -> uuid.UUID:
        """The epoch as sockets and browsers know it. At the moment when its names go it is another: every process lets
        go of the lines that it has encoded with them, and every browser starts afresh."""
        return without_names(self.epoch) if self.is_nameless(now) else self.epoch

    def shown_to_all(self, now: datetime | None = None) -> int:
        """The number up to which everybody may read: all that had been said when this room was read, or, with a delay,
        what comes before the first that is younger. Whoever runs the room reads on from there."""
        if not self.delay_seconds:
            return self.last_seq
        since = (now or timezone.now()) - timedelta(seconds=self.delay_seconds)
        looked_at = 500  # from the end: what is older than that is seldom so young
        while True:
            start = max(0, self.last_seq - looked_at)
            young = self.events.filter(seq__gt=start, seq__lte=self.last_seq, at__gt=since)
            first: int | None = young.aggregate(first=models.Min("seq"))["first"]
            if first is None:
                return self.last_seq
            if first > start + 1 or start == 0:
                return first - 1
            looked_at *= 4

    def is_shown_to_all(self, at: datetime, now: datetime | None = None) -> bool:
        """Whether everybody may see what was written then."""
        return at <= (now or timezone.now()) - timedelta(seconds=self.delay_seconds)


LONGEST_DELAY = timedelta(seconds=max(Room.DELAYS))


def shown_by_now(at: str, room: str = "room", now: datetime | None = None) -> models.Q:
    """Of what was written in rooms that which everybody may see: where there is a delay, nothing younger. `at` and
    `room` are the names of the columns."""
    now = now or timezone.now()
    shown = models.Q(**{f"{room}__delay_seconds": 0}) | models.Q(**{f"{at}__lte": now - LONGEST_DELAY})
    for seconds in Room.DELAYS[1:-1]:
        old = {f"{room}__delay_seconds": seconds, f"{at}__lte": now - timedelta(seconds=seconds)}
        shown |= models.Q(**old)
    return shown


def is_open_at(now: datetime, opens_at: datetime, closes_at: datetime) -> bool:
    return opens_at - Room.EARLY <= now < closes_at


def without_names(epoch: uuid.UUID) -> uuid.UUID:
    """What a room's epoch becomes once its lines say no names."""
    return uuid.uuid5(epoch, "without names")


class RoomEventQuerySet(models.QuerySet["RoomEvent"]):
    def visible_to(self, viewer: Viewer) -> RoomEventQuerySet:
        return self.filter(room__in=Room.objects.visible_to(viewer))

    def after(self, seq: int) -> RoomEventQuerySet:
        """The one question every reader asks: what comes after N?"""
        return self.filter(seq__gt=seq).order_by("seq")


class RoomEvent(models.Model):
    """One line of a room's log. Holds kind, number and target only; words stand once, in Message, Question or Poll, so
    what comes later about one of them changes what its earlier lines say. Never updated. Where somebody asks without
    their name, their lines have no actor and no client id."""

    class Kind(models.TextChoices):
        MESSAGE = "msg", "Message"
        EDIT = "edit", "Edit"
        DELETE = "del", "Delete"
        HIDE = "hide", "Hide"
        RESTORE = "unhide", "Restore"
        PIN = "pin", "Pin"
        UNPIN = "unpin", "Unpin"
        QUESTION = "q_new", "Question"
        QUESTION_STATE = "q_state", "Question changed"
        POLL = "poll", "Poll opened, changed or closed"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    # Made by the sender's browser: a resend with the same one is the same message.
    client_id = models.UUIDField(null=True)
    # Of whatever is no message itself: the message that it is about.
    target_seq = models.PositiveBigIntegerField(null=True)
    # Or the question, or the poll, that it is about.
    question = models.ForeignKey("forums.Question", on_delete=models.CASCADE, null=True, related_name="+")
    poll = models.ForeignKey("forums.Poll", on_delete=models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField()

    objects = RoomEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="room_event_seq_once"),
            models.UniqueConstraint(
                fields=["room", "actor", "client_id"],
                condition=models.Q(client_id__isnull=False),
                name="room_event_client_id_once",
            ),
        ]
        indexes = [models.Index(fields=["room", "target_seq"], name="room_event_by_target")]

    def __str__(self) -> str:
        return f"{self.room_id} {self.seq} {self.kind}"


class RoomRoleQuerySet(models.QuerySet["RoomRole"]):
    def visible_to(self, viewer: Viewer) -> RoomRoleQuerySet:
        """Of the rooms that the viewer may enter."""
        return self.filter(room__in=Room.objects.visible_to(viewer))

    def speakers(self, closed_after: datetime | None = None) -> RoomRoleQuerySet:
        """Of rooms that are still open to their speakers, or that closed after a moment. Being a host lets nobody in:
        hosts are members."""
        closed_after = closed_after or timezone.now() - RoomRole.READS_FOR
        return self.filter(role=RoomRole.Role.SPEAKER, member__is_active=True, room__closes_at__gt=closed_after)

    def lets_in(self, viewer: Viewer, closed_after: datetime | None = None) -> models.QuerySet[RoomRole, int]:
        """The numbers of the rooms that the viewer may enter as a speaker, of whatever network."""
        mine = self.speakers(closed_after).filter(member=viewer.pk) if viewer.is_authenticated else self.none()
        return mine.values_list("room", flat=True)


class RoomRole(models.Model):
    """Somebody hosts a room, or speaks in it. A speaker may be nobody's member: then this room is all they see, and
    they are labelled there."""

    class Role(models.TextChoices):
        HOST = "host", "Host"
        SPEAKER = "speaker", "Speaker"

    # So long after the room has closed a speaker who is no member may still read what was said.
    READS_FOR = timedelta(days=7)

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="roles")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="room_roles")
    role = models.CharField(max_length=10, choices=Role.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = RoomRoleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "member"], name="room_role_once")]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.room_id}: {self.get_role_display()}"


class RoomSanctionQuerySet(models.QuerySet["RoomSanction"]):
    def visible_to(self, viewer: Viewer) -> RoomSanctionQuerySet:
        """The viewer's own in rooms that they may know of, and those in rooms of networks that they facilitate."""
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0)
        own = models.Q(member=viewer.pk or 0, room__in=Room.objects.known_to(viewer).values("pk"))
        return self.filter(own | models.Q(room__network__in=facilitated.values("network")))

    def in_force(self, now: datetime | None = None) -> RoomSanctionQuerySet:
        ends = models.Q(until=None) | models.Q(until__gt=now or timezone.now())
        return self.filter(ends, lifted_at=None)

    def removing(self) -> RoomSanctionQuerySet:
        return self.filter(kind=RoomSanction.Kind.REMOVED, lifted_at=None)

    def silencing(self, now: datetime | None = None) -> RoomSanctionQuerySet:
        return self.in_force(now).filter(kind=RoomSanction.Kind.TIME_OUT)


class RoomSanction(models.Model):
    """A facilitator has somebody be silent in one room for a while, or removed them from it. Deleted only with the
    account: what was lifted says when."""

    class Kind(models.TextChoices):
        TIME_OUT = "time_out", "Time-out"
        REMOVED = "removed", "Removed"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="sanctions")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="room_sanctions")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # Of a time-out.
    until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    # Empty too where it goes on from an account that was closed.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = RoomSanctionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["room", "member", "kind"],
                condition=models.Q(lifted_at__isnull=True),
                name="room_sanction_in_force_once",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="removed", until__isnull=True) | models.Q(kind="time_out", until__isnull=False),
                name="room_sanction_time_out_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.member_id} in {self.room_id}"


class StandingRoomSanctionQuerySet(MailboxMarkQuerySet["StandingRoomSanction"]):
    def waiting_for(self, member: Member) -> StandingRoomSanctionQuerySet:
        """Those of their mailbox, but for what they have themselves: of an address that they had before and have
        again."""
        return self.of(member.email).exclude(given__member=member)


class StandingRoomSanction(MailboxMark):
    """Somebody was to be silent in a room, or was removed from it. A removal waits as long as there is the room: what
    was said in it can be read for as long."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=RoomSanction.Kind.choices)
    # Whose it is as long as they have an account: it ends with theirs, and does not wait for them.
    given = models.ForeignKey(RoomSanction, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")

    objects = StandingRoomSanctionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "mailbox_digest", "kind"], name="standing_room_sanction_once"),
            models.CheckConstraint(
                condition=models.Q(kind="removed", until__isnull=True) | models.Q(kind="time_out", until__isnull=False),
                name="standing_room_sanction_time_out_ends",
            ),
        ]
        indexes = [models.Index(fields=["mailbox_digest"], name="standing_room_by_mailbox")]

    def __str__(self) -> str:
        return f"A mailbox in {self.room}: {self.get_kind_display()}"


@dataclass(frozen=True, slots=True)
class TimeOut:
    """Somebody is to be silent in a room until then: there alone, or in all of its network."""

    until: datetime
    reason: str
    is_of_network: bool

    FEW = 20  # members

    @classmethod
    def each(cls, room: Room, members: Collection[int], now: datetime | None = None) -> dict[int, TimeOut]:
        """Those of the members who are in a time-out, in one query. Of somebody's two the one that is over last."""
        there = RoomSanction.objects.silencing(now).filter(room=room)
        in_network = Membership.objects.silenced(now).filter(network=room.network_id)
        if len(members) <= cls.FEW:  # of many, all who are silenced there are fewer, and asked for more quickly
            there, in_network = there.filter(member__in=members), in_network.filter(member__in=members)
        of_room = there.order_by().values_list("member", "until", "reason", models.Value(False))
        of_network = in_network.order_by().values_list("member", "silent_until", "silent_reason", models.Value(True))
        given = [(member, cls(until, reason, bool(wide))) for member, until, reason, wide in of_room.union(of_network)]
        wanted = set(members)
        return dict(sorted((one for one in given if one[0] in wanted), key=lambda one: one[1].until))
