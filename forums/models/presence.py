from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from forums.models.room import Room
from network.models import Viewer


class RoomPresenceQuerySet(models.QuerySet["RoomPresence"]):
    def visible_to(self, viewer: Viewer) -> RoomPresenceQuerySet:
        return self.filter(room__in=Room.objects.visible_to(viewer))

    def fresh(self, now: datetime | None = None) -> RoomPresenceQuerySet:
        """Without those of processes that ended without a word."""
        return self.filter(at__gt=(now or timezone.now()) - RoomPresence.LASTS)

    def member_ids(self) -> set[int]:
        return members_of(self.values_list("members", flat=True))


class RoomPresence(models.Model):
    """Who has a room open in one process. Written over every few seconds: only the latest counts."""

    LASTS = timedelta(seconds=15)

    room = models.ForeignKey("forums.Room", on_delete=models.CASCADE, related_name="presence")
    process = models.UUIDField()
    members = models.JSONField(default=list)  # their numbers
    at = models.DateTimeField()

    objects = RoomPresenceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "process"], name="room_presence_once")]

    def __str__(self) -> str:
        return f"{self.room_id} in {self.process}"


def members_of(lists: Iterable[Iterable[object]]) -> set[int]:
    return {number for numbers in lists for number in numbers if isinstance(number, int)}
