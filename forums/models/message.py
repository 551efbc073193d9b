from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from forums.models.room import Room, RoomEvent, RoomRole, shown_by_now
from network.models import Membership, Viewer


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, viewer: Viewer) -> MessageQuerySet:
        """Those of rooms that the viewer may enter. Where others see later than those who run the room, what is too
        young yet only by them and its author."""
        runs = models.Q(room__in=Room.objects.run_by(viewer).values("pk"))
        shown = shown_by_now("written_at") | models.Q(author=viewer.pk or 0) | runs
        return self.filter(shown, room__in=Room.objects.visible_to(viewer))

    def pinned(self) -> MessageQuerySet:
        """What stands above the log, in the order in which it was put there."""
        return self.exclude(pinned_at=None).filter(hidden_at=None, deleted_at=None).order_by("pinned_at", "seq")

    def with_author(self) -> MessageQuerySet:
        """With what the message's partial shows, in one query."""
        found = self.select_related("room", "author", "organisation", "reply_to__author")
        return found.defer("reply_to__body", "reply_to__hidden_reason")

    def shown(self) -> MessageQuerySet:
        """Whose words everybody in the room may read."""
        return self.filter(hidden_at=None, deleted_at=None).exclude(body="")

    def hidden_shown_to(self, viewer: Viewer) -> MessageQuerySet:
        """The hidden ones whose words the viewer may still read: their own, and those in networks they facilitate."""
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0)
        may_read = models.Q(author=viewer.pk or 0) | models.Q(room__network__in=facilitated.values("network"))
        return self.visible_to(viewer).filter(may_read, deleted_at=None).exclude(hidden_at=None)


class Consent(models.TextChoices):
    """What somebody answered to whether their words may stand on a public page."""

    NOT_ASKED = "", "Not asked yet"
    YES = "yes", "May stand on a public page"
    NO = "no", "May not stand on a public page"


class Message(models.Model):
    """What somebody said in a room, as it stands now: the transcript's row. Its number is that of its event."""

    MAX_LENGTH = 1000
    # So long its author may change it or take it back.
    CHANGES_FOR = timedelta(minutes=5)

    room = models.ForeignKey("forums.Room", on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveBigIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    organisation = models.ForeignKey("network.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    # What the author was in this room when they said it, if not one of many.
    role = models.CharField(max_length=10, choices=RoomRole.Role.choices, blank=True)
    # Empty where the author took it back or had it erased.
    body = models.CharField(max_length=MAX_LENGTH)
    written_at = models.DateTimeField()
    reply_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replies")
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    hidden_reason = models.CharField(max_length=300, blank=True)
    pinned_at = models.DateTimeField(null=True, blank=True)
    # Whether its author lets it stand on a public page.
    consent = models.CharField(max_length=3, choices=Consent.choices, default=Consent.NOT_ASKED, blank=True)
    # Made of it after the session.
    thread = models.ForeignKey(
        "forums.Thread", on_delete=models.SET_NULL, null=True, blank=True, related_name="session_messages"
    )
    # The room's `reaction_version` when it was last reacted to.
    reacted = models.PositiveBigIntegerField(default=0, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="message_seq_once")]
        indexes = [
            models.Index(fields=["room", "author", "written_at"], name="message_by_author"),
            models.Index(fields=["room", "reacted"], name="message_by_reacted"),
        ]

    def __str__(self) -> str:
        return f"{self.room_id} {self.seq}"

    def get_absolute_url(self) -> str:
        return reverse("room_message", args=[self.room_id, self.seq])

    @property
    def names_author(self) -> bool:
        """Whether it is shown who said it."""
        return not self.room.hides_names_of(self.written_at)

    @property
    def names_answered(self) -> bool:
        """Whether it is shown who said what it replies to."""
        return self.reply_to is not None and not self.room.hides_names_of(self.reply_to.written_at)

    @property
    def is_shown(self) -> bool:
        """Whether everybody in the room may read its words."""
        return self.hidden_at is None and self.deleted_at is None

    def is_changeable(self, now: datetime | None = None) -> bool:
        """Whether it is young enough for its author to change it."""
        return (now or timezone.now()) < self.written_at + self.CHANGES_FOR


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Part of a room's transcript: the latest messages, or those before a number. By key, no OFFSET, no COUNT."""

    LENGTH: ClassVar[int] = 200

    messages: list[Message]
    # The number to ask for the messages before these, or None at the beginning of the transcript.
    earlier: int | None
    # The number up to which the viewer has everything, with which a socket goes on.
    last: int
    # The viewer's own after that: sent, and not shown to everybody yet. Each with its `client_id`.
    sent: list[Message]

    @classmethod
    def of(cls, room: Room, viewer: Viewer, *, before: int | None = None) -> MessagePage:
        """What had been said up to the room's number as it was read. A socket that goes on from that number misses
        nothing and repeats nothing: position first, then the words."""
        visible = Message.objects.visible_to(viewer).filter(room=room).with_author().order_by("-seq")
        last = room.last_seq
        sent: list[Message] = []
        if room.delay_seconds and not Room.objects.run_by(viewer).filter(pk=room.pk).exists():
            last = room.shown_to_all()
            if before is None and last < room.last_seq:
                named = RoomEvent.objects.filter(room=room, seq=models.OuterRef("seq")).values("client_id")
                own = visible.filter(author=viewer.pk or 0, seq__gt=last).annotate(client_id=models.Subquery(named))
                sent = list(own)[::-1]
        newest_first = list(
            visible.filter(seq__lte=last if before is None else min(last, before - 1))[: cls.LENGTH + 1]
        )
        messages = newest_first[: cls.LENGTH][::-1]
        return cls(messages, messages[0].seq if len(newest_first) > cls.LENGTH else None, last, sent)
