from __future__ import annotations

from django.db import models

from forums.models.post import Post
from network.models import Viewer


class PracticeQuerySet(models.QuerySet["Practice"]):
    def visible_to(self, viewer: Viewer) -> PracticeQuerySet:
        """Of threads whose first post, beside which it stands, the viewer may read."""
        return self.filter(thread__in=Post.objects.visible_to(viewer).filter(number=1).values("thread"))


class Practice(models.Model):
    """What a council did, told in a thread of the kind "We did this". Shown with the first post."""

    class Stage(models.TextChoices):
        EXPLORING = "exploring", "Exploring"
        PILOTING = "piloting", "Piloting"
        LIVE = "live", "Live"
        STOPPED = "stopped", "Stopped"

    LENGTH = 2_000

    thread = models.OneToOneField("forums.Thread", on_delete=models.CASCADE, primary_key=True, related_name="practice")
    # All empty where the author had it erased.
    tool = models.CharField(max_length=100, blank=True)
    stage = models.CharField(max_length=9, choices=Stage.choices)
    outcome = models.TextField(max_length=LENGTH, blank=True)
    differently = models.TextField(max_length=LENGTH, blank=True)

    objects = PracticeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.tool}, {self.get_stage_display()}"
