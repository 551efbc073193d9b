from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.urls import reverse

from forums.models.post import Post
from network.models import Viewer


class AnswerQuerySet(models.QuerySet["Answer"]):
    def visible_to(self, viewer: Viewer) -> AnswerQuerySet:
        """Of posts that the viewer may read; but where the post was moved since, with the whole thread, it answers
        nothing."""
        return self.filter(post__in=Post.objects.visible_to(viewer), post__thread=models.F("thread"))


class Answer(models.Model):
    """Which post answers a question, and, a month later, whether it worked."""

    class Worked(models.TextChoices):
        WORKED = "worked", "It worked"
        PARTLY = "partly", "It worked in part"
        NO = "no", "It did not work"
        NOT_TRIED = "not_tried", "Not tried"

    # After this long the asker is asked once.
    ASKED_AFTER = timedelta(days=30)

    thread = models.OneToOneField("forums.Thread", on_delete=models.CASCADE, primary_key=True, related_name="answer")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    worked = models.CharField(max_length=9, choices=Worked.choices, blank=True)
    worked_at = models.DateTimeField(null=True)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["at"], name="answer_to_ask_about", condition=models.Q(asked_at=None))]

    def __str__(self) -> str:
        return f"Answer to {self.thread_id}"

    def get_absolute_url(self) -> str:
        """Where whoever asked says whether it worked."""
        return reverse("answer_worked", args=[self.thread_id])
