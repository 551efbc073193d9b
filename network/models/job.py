from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from network.models.member import Viewer


class WorkerQuerySet(models.QuerySet["Worker"]):
    def visible_to(self, viewer: Viewer) -> WorkerQuerySet:
        return self if viewer.has_perm("network.view_duejob") else self.none()


class Worker(models.Model):
    """A worker that was alive at `seen_at`. What it claims dies with its row."""

    DEAD_AFTER = timedelta(seconds=60)  # since it was seen; it shows itself every ten

    name = models.CharField(max_length=64, primary_key=True)
    seen_at = models.DateTimeField(db_index=True)

    objects = WorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def is_late(self, now: datetime | None = None) -> bool:
        return self.seen_at < (now or timezone.now()) - self.DEAD_AFTER


class DueJobQuerySet(models.QuerySet["DueJob"]):
    def visible_to(self, viewer: Viewer) -> DueJobQuerySet:
        return self if viewer.has_perm("network.view_duejob") else self.none()


class DueJob(models.Model):
    """One row per scheduled job: when it is due next, and how it last went."""

    name = models.CharField(max_length=100, primary_key=True)
    due_at = models.DateTimeField(db_index=True)
    # Who runs it now. Claimed by one UPDATE that names the due time, so two workers never run one due time both.
    worker = models.ForeignKey(Worker, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    objects = DueJobQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def is_late(self, now: datetime | None = None) -> bool:
        """Due for longer than it takes a worker to notice, and nobody runs it."""
        return self.worker_id is None and self.due_at < (now or timezone.now()) - Worker.DEAD_AFTER
