from __future__ import annotations

from django.conf import settings
from django.db import models

from network.models import Network, Viewer


class MemberThreadQuerySet(models.QuerySet["MemberThread"]):
    def visible_to(self, viewer: Viewer) -> MemberThreadQuerySet:
        """A member's own reading, of threads they may still see."""
        if not viewer.is_authenticated:
            return self.none()
        return self.filter(member=viewer, thread__network__in=Network.objects.of(viewer))


class MemberThread(models.Model):
    """What a member has to do with a thread: how far they have read, and whether they follow it and why."""

    class Level(models.TextChoices):
        MUTE = "mute", "Mute"
        NORMAL = "normal", "Normal"
        FOLLOW = "follow", "Follow"
        WATCH = "watch", "Watch"

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="readings")
    thread = models.ForeignKey("forums.Thread", on_delete=models.CASCADE, related_name="readings")
    last_read_number = models.PositiveIntegerField(default=0)
    level = models.CharField(max_length=6, choices=Level.choices, default=Level.NORMAL)
    # Why the level is what it is, such as "you replied". Empty for the level everybody starts with.
    level_reason = models.CharField(max_length=60, blank=True)
    # A level the member chose is never overridden by an automatic one.
    level_chosen = models.BooleanField(default=False)

    objects = MemberThreadQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "thread"], name="member_thread_once")]

    def __str__(self) -> str:
        return f"{self.member} in {self.thread}"
