from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from network.models import Viewer


class FeedKeyQuerySet(models.QuerySet["FeedKey"]):
    def visible_to(self, viewer: Viewer) -> FeedKeyQuerySet:
        return self.filter(member=viewer.pk) if viewer.is_authenticated and viewer.is_active else self.none()


class FeedKey(models.Model):
    """What the private addresses of a member's feeds are signed with. Another key, and the old addresses are dead. By
    itself it opens nothing: the site's own secret belongs to the signature too."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="feed_key"
    )
    key = models.UUIDField(default=uuid.uuid4)
    made_at = models.DateTimeField(default=timezone.now)

    objects = FeedKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Feed key of member {self.member_id}"
