from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from forums.models.post import Post
from network.models import Network, Viewer


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, viewer: Viewer) -> DraftQuerySet:
        """A member's own, where they may still write."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        return self.filter(member=viewer.pk, network__in_once=Network.objects.of(viewer))


class Draft(models.Model):
    """What a member has typed and not sent: a new thread of a network, a reply to a thread, or other words for a post
    of theirs. One of each place, found again on every device."""

    KEPT_DAYS: ClassVar[int] = 90

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="+")
    # None where it is to begin one.
    thread = models.ForeignKey("forums.Thread", on_delete=models.CASCADE, null=True, related_name="+")
    # Where it edits one.
    post = models.ForeignKey("forums.Post", on_delete=models.CASCADE, null=True, related_name="+")
    # Of the form, by their names.
    fields = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "network"], condition=models.Q(thread=None), name="draft_once_of_new_thread"
            ),
            models.UniqueConstraint(
                fields=["member", "thread"], condition=models.Q(post=None), name="draft_once_of_reply"
            ),
            models.UniqueConstraint(fields=["member", "post"], name="draft_once_of_edit"),
            models.CheckConstraint(
                condition=models.Q(post=None) | models.Q(thread__isnull=False), name="draft_of_edit_names_thread"
            ),
        ]

    @property
    def key(self) -> str:
        """Names this state of it, for whoever is about to write over it."""
        return self.saved_at.isoformat()

    @property
    def address(self) -> str:
        """Of the form that it fills."""
        if self.thread is None:
            return reverse("thread_new", args=[self.network.slug])
        if self.post:
            return reverse("post_edit", args=[self.thread.pk, self.post.number])
        return f"{self.thread.get_absolute_url()}?page={Post.page_of(self.thread.highest_number)}#composer"

    @property
    def title(self) -> str:
        """What it is a draft of, in words."""
        if self.thread is None:
            return str(self.fields.get("title") or "A new thread without a title")
        what = "Changes to your post" if self.post_id else "Your reply"
        return f"{what} in “{self.thread.shown_title}”"

    def __str__(self) -> str:
        return f"Draft {self.pk} of member {self.member_id}"
