from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from forums.models.post import Post
from network.models import Viewer


class ReactionQuerySet(models.QuerySet["Reaction"]):
    def visible_to(self, viewer: Viewer) -> ReactionQuerySet:
        return self.filter(post__in=Post.objects.visible_to(viewer))

    def counted_for(self, viewer: Viewer) -> models.QuerySet[Any, Any]:
        """How many of each kind each post has, as tuples: the post, the kind, how many, and how many of them are the
        viewer's own, one or none."""
        own = models.Count("pk", filter=models.Q(member=viewer.pk or 0))
        return self.order_by().values_list("post", "kind").annotate(given=models.Count("pk"), own=own)


class Reaction(models.Model):
    """A word that a member gives a post instead of writing one: each of them once."""

    class Kind(models.TextChoices):
        HELPFUL = "helpful", "Helpful"
        THANKS = "thanks", "Thank you"
        WE_TOO = "we_too", "We do this too"
        AGREE = "agree", "Agree"
        NOT_SURE = "not_sure", "Not sure"

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="reactions")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reactions")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now)

    objects = ReactionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "member", "kind"], name="reaction_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.member_id}"
