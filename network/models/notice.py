from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from network.models.member import Viewer


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, viewer: Viewer) -> NoticeQuerySet:
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        return self.filter(member=viewer)

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at=None)


class Notice(models.Model):
    """Something happened to a thing that concerns a member. Holds no words of it: title and address are asked of the
    kind when the notice is shown, for the person it is shown to."""

    # No index of its own: that of the constraint begins with it.
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices", db_index=False
    )
    kind = models.CharField(max_length=40)
    object_id = models.PositiveBigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["member", "kind", "object_id"], name="notice_once")]
        indexes = [
            models.Index(fields=["member", "-at", "-id"], name="notice_by_member"),
            models.Index(
                fields=["member", "-at", "-id"], name="unread_notice_by_member", condition=models.Q(read_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} for {self.member_id}"
