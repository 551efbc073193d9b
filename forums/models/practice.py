from __future__ import annotations

from django.db import models

from forums.models.post import Post
from network.models import Viewer


class PracticeQuerySet(models.QuerySet["Practice"]):
    def visible_to(self, viewer: Viewer) -> PracticeQuerySet:
        """Of threads whose first post, beside which it stands, the viewer may read."""
        return self.filter(thread__in=Post.objects.visible_to(viewer).filter(number=1).values("thread"))

    def beside(self, post: Post) -> Practice | None:
        """What stands with a post that was reached already, by whatever queryset; with most posts nothing."""
        return self.filter(thread=post.thread_id).first() if post.number == 1 else None


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

    @property
    def fields(self) -> dict[str, str]:
        """What the author types, by the names of the columns."""
        return {"tool": self.tool, "stage": self.stage, "outcome": self.outcome, "differently": self.differently}

    @property
    def told(self) -> list[tuple[str, str]]:
        """What is said, in pairs of a heading and its words; nothing where the author had it erased."""
        return self.filled_in if self.tool else []

    @property
    def filled_in(self) -> list[tuple[str, str]]:
        """The same of what is still being written, as far as it goes."""
        said = [
            ("Tool", self.tool),
            ("Stage", str(self.get_stage_display())),
            ("Outcome", self.outcome),
            ("What we would do differently", self.differently),
        ]
        return [(heading, words) for heading, words in said if words]

    @property
    def source(self) -> str:
        """All of it in Markdown, as an earlier version of a post keeps it."""
        return "\n\n".join(f"**{heading}:** {words}" for heading, words in self.told)

    def __str__(self) -> str:
        return f"{self.tool}, {self.get_stage_display()}"
