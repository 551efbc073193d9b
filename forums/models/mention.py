from __future__ import annotations

from django.conf import settings
from django.db import models

from forums.models.post import Post
from network.models import Viewer


class MentionQuerySet(models.QuerySet["Mention"]):
    def visible_to(self, viewer: Viewer) -> MentionQuerySet:
        return self.filter(post__in=Post.objects.visible_to(viewer))


class Mention(models.Model):
    """Somebody is named in a post: the member behind the name, which may change or be another's too."""

    MOST = 20  # in one post

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="mentions")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions")

    objects = MentionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "member"], name="mention_once")]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.post_id}"
