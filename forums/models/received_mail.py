from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from forums.models.post import Post
from network.models import Viewer


class ReceivedMailQuerySet(models.QuerySet["ReceivedMail"]):
    def visible_to(self, viewer: Viewer) -> ReceivedMailQuerySet:
        """A member's own."""
        return self.filter(member=viewer.pk) if viewer.is_authenticated and viewer.is_active else self.none()


class ReceivedMail(models.Model):
    """An answer to a thread that a member sent by mail, and what became of it: so that the same message, delivered
    twice, posts once and is answered once. Holds none of its words."""

    KEPT: ClassVar[timedelta] = timedelta(days=60)  # no message is delivered again as late as that

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="received_mail")
    thread = models.ForeignKey("forums.Thread", on_delete=models.CASCADE, related_name="+")
    # Of what names the message.
    digest = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    # What it became; None where it was refused, for this reason.
    post = models.ForeignKey(Post, on_delete=models.SET_NULL, null=True, related_name="+")
    refusal = models.CharField(max_length=500, blank=True)
    # What waits for a facilitator instead of being a post.
    held = models.ForeignKey("forums.HeldPost", on_delete=models.SET_NULL, null=True, related_name="+")
    # Its words are a draft now.
    kept = models.BooleanField(default=False)
    files = models.PositiveSmallIntegerField(default=0)  # that came with it, and were not taken

    objects = ReceivedMailQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "digest"], name="received_mail_once")]
        indexes = [models.Index(fields=["at"], name="received_mail_by_age")]

    def __str__(self) -> str:
        return f"Mail {self.pk} of member {self.member_id}"
