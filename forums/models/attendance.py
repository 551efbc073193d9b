from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from forums.models.room import Room
from network.models import Viewer


class RoomAttendanceQuerySet(models.QuerySet["RoomAttendance"]):
    def visible_to(self, viewer: Viewer) -> RoomAttendanceQuerySet:
        """One's own. Of the others those who run the room see how many there were, by kind of council, and nobody a
        name: a session is no register that an employer could ask for."""
        return self.filter(member=viewer.pk or 0, room__in=Room.objects.visible_to(viewer).values("pk"))


class RoomAttendance(models.Model):
    """A member had a live room open while its session was on."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="attendances")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # The kind of their organisation then (`network.models.organisation.KINDS`), or empty.
    council_kind = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = RoomAttendanceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "member"], name="room_attendance_once")]

    def __str__(self) -> str:
        return f"Somebody in {self.room_id}"
