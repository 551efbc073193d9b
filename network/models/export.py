from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from network.models.member import Viewer
from network.storage import exports


class DataExportQuerySet(models.QuerySet["DataExport"]):
    def visible_to(self, viewer: Viewer) -> DataExportQuerySet:
        return self.filter(member=viewer) if viewer.is_authenticated and viewer.is_active else self.none()


class DataExport(models.Model):
    """A member's own data, packed by the worker. Given only to the browser session that asked for it, for a week."""

    KEPT = timedelta(days=7)

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports")
    # A digest of the key: whoever reads the table cannot use the session.
    session_digest = models.CharField(max_length=64)
    requested_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True, blank=True)
    file = models.FileField(storage=exports, blank=True, max_length=100)

    objects = DataExportQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at"]

    def __str__(self) -> str:
        return f"Data of member {self.member_id}"

    def is_over(self, now: datetime | None = None) -> bool:
        return self.requested_at + self.KEPT <= (now or timezone.now())
