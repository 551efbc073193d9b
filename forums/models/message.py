from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.conf import settings
from django.db import models

from forums.models.room import Room, RoomRole
from network.models import Viewer


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, viewer: Viewer) -> MessageQuerySet:
        return self.filter(room__in=Room.objects.visible_to(viewer))

    def with_author(self) -> MessageQuerySet:
        """With what the message's partial shows, in one query."""
        return self.select_related("author", "organisation")


class Message(models.Model):
    """What somebody said in a room, as it stands now: the transcript's row. Its number is that of its event."""

    MAX_LENGTH = 1000

    room = models.ForeignKey("forums.Room", on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveBigIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    organisation = models.ForeignKey("network.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    # What the author was in this room when they said it, if not one of many.
    role = models.CharField(max_length=10, choices=RoomRole.Role.choices, blank=True)
    # Empty where the author had it erased.
    body = models.CharField(max_length=MAX_LENGTH)
    written_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="message_seq_once")]

    def __str__(self) -> str:
        return f"{self.room_id} {self.seq}"


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Part of a room's transcript: the latest messages, or those before a number. By key, no OFFSET, no COUNT."""

    LENGTH: ClassVar[int] = 200

    messages: list[Message]
    # The number to ask for the messages before these, or None at the beginning of the transcript.
    earlier: int | None

    @classmethod
    def of(cls, room: Room, viewer: Viewer, *, before: int | None = None) -> MessagePage:
        """What had been said up to the room's number as it was read. A socket that goes on from that number misses
        nothing and repeats nothing: position first, then the words."""
        last = room.last_seq if before is None else min(room.last_seq, before - 1)
        found = Message.objects.visible_to(viewer).filter(room=room, seq__lte=last).with_author().order_by("-seq")
        newest_first = list(found[: cls.LENGTH + 1])
        messages = newest_first[: cls.LENGTH][::-1]
        return cls(messages, messages[0].seq if len(newest_first) > cls.LENGTH else None)
