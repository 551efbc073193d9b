from __future__ import annotations

import re

from django.conf import settings
from django.db import models

from forums.models.post import Post
from network.models import Viewer


class MentionQuerySet(models.QuerySet["Mention"]):
    def visible_to(self, viewer: Viewer) -> MentionQuerySet:
        return self.filter(post__in=Post.objects.visible_to(viewer))


class Mention(models.Model):
    """Somebody is named in a post, or was in earlier words of it: the member behind the name, which may change or be
    another's too."""

    MOST = 20  # in one post

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="mentions")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions")

    objects = MentionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "member"], name="mention_once")]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.post_id}"


# What a name begins with, by which people are looked up.
FIRST_WORD = re.compile(r"\w+")


def ways_to_write(name: str, council: str, pk: int) -> list[str]:
    """How somebody may be written after an @, the shortest first: by name; where several have it, with their council;
    where even those agree, with the number of their page."""
    ways = [name]
    if council:
        ways.append(f"{name} ({council})")
    ways.append(f"{name} ({council}, member {pk})" if council else f"{name} (member {pk})")
    return ways
