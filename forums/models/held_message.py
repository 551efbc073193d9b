from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from forums.models.message import Message
from forums.models.room import Room, RoomRole
from network.models import Viewer


class HeldMessageQuerySet(models.QuerySet["HeldMessage"]):
    def visible_to(self, viewer: Viewer) -> HeldMessageQuerySet:
        """One's own in rooms that one may enter, and those of rooms that one runs."""
        found = self.filter(room__in=Room.objects.visible_to(viewer).values("pk"))
        runs = models.Q(room__in=Room.objects.run_by(viewer).values("pk"))
        return found.filter(models.Q(author=viewer.pk or 0) | runs)

    def with_author(self) -> HeldMessageQuerySet:
        """With what a list of them shows, in one query."""
        return self.select_related(
            "room__network", "author", "organisation", "reply_to__author", "message", "decided_by"
        )

    def waiting(self) -> HeldMessageQuerySet:
        return self.filter(decision=HeldMessage.Decision.NONE)


class HeldMessage(models.Model):
    """What somebody said with a word in it that the host wants to see first. No line of the log, and no number, before
    it is released: then it is a message like any other."""

    class Decision(models.TextChoices):
        NONE = "", "Waiting"
        RELEASED = "released", "Shown to everybody"
        REFUSED = "refused", "Not shown"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="held_messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="held_messages")
    organisation = models.ForeignKey("network.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=10, choices=RoomRole.Role.choices, blank=True)
    # Empty where it was released, for then it stands in the message, or where its author had it erased.
    body = models.CharField(max_length=Message.MAX_LENGTH, blank=True)
    reply_to = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    client_id = models.UUIDField(default=uuid.uuid4, editable=False)
    written_at = models.DateTimeField(default=timezone.now)
    decision = models.CharField(max_length=8, choices=Decision.choices, default=Decision.NONE, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    message = models.OneToOneField(Message, on_delete=models.CASCADE, null=True, blank=True, related_name="was_held")

    objects = HeldMessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "author", "client_id"], name="held_message_client_id_once")
        ]
        indexes = [models.Index(fields=["room", "decision"], name="held_message_by_decision")]

    def __str__(self) -> str:
        return f"{self.room_id} held"

    @property
    def key(self) -> tuple[int, uuid.UUID]:
        """Whose it is, and what their browser called it."""
        return self.author_id, self.client_id

    @property
    def names_author(self) -> bool:
        """Whether it is shown who said it."""
        return not self.room.hides_names_of(self.written_at)

    @property
    def names_answered(self) -> bool:
        """Whether it is shown who said what it replies to."""
        return self.reply_to is not None and not self.room.hides_names_of(self.reply_to.written_at)

    @property
    def words_for_author(self) -> str:
        if self.decision == self.Decision.REFUSED:
            return f"The host did not show this: {self.reason}" if self.reason else "The host did not show this."
        if self.decision == self.Decision.RELEASED:
            return "The host has shown this to everybody."
        return "The host sees this first. Only you and the host can read it until then."
