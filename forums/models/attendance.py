from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models import Count
from django.utils import timezone

from forums.models.room import Room
from network.models import Viewer
from network.models.organisation import KINDS

# Fewer people than this of one kind of council are not shown by themselves: who knows who was there would know them.
FEWEST = 3
OTHER = "Other kinds"


@dataclass(frozen=True, slots=True)
class Came:
    """How many came to a session: in all, and of each kind of council in words, the most first. No kinds where so few
    came that each would be somebody."""

    total: int
    kinds: list[tuple[str, int]]


class RoomAttendanceQuerySet(models.QuerySet["RoomAttendance"]):
    def visible_to(self, viewer: Viewer) -> RoomAttendanceQuerySet:
        """One's own. Of the others those who run the room see how many there were, by kind of council, and nobody a
        name: a session is no register that an employer could ask for."""
        return self.filter(member=viewer.pk or 0, room__in=Room.objects.visible_to(viewer).values("pk"))

    def came_to(self, room: Room, viewer: Viewer) -> Came:
        """For those who run the room; nobody came, for everybody else. Kinds of fewer than FEWEST people stand
        together, and so that the rest of the sum does not tell either, so do as many more as it takes."""
        rows = self.filter(room__in=Room.objects.run_by(viewer).filter(pk=room.pk))
        counts = dict(rows.values_list("council_kind").annotate(people=Count("pk")))
        total = sum(counts.values())
        if total < FEWEST:
            return Came(total, [])
        named = {KINDS[kind]: people for kind, people in counts.items() if kind in KINDS}
        kinds = sorted(named.items(), key=lambda row: (-row[1], row[0]))
        other = total - sum(named.values())
        while kinds and (kinds[-1][1] < FEWEST or 0 < other < FEWEST):
            other += kinds.pop()[1]
        return Came(total, [*kinds, (OTHER, other)] if kinds and other else kinds)


class RoomAttendance(models.Model):
    """A member had a live room open while its session was on. Goes with their account, so the figures of long ago may
    become lower."""

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
