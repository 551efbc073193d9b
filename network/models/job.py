from __future__ import annotations

from django.db import models


class Worker(models.Model):
    """A worker that was alive at `seen_at`. What it claims dies with its row. No member reads it."""

    name = models.CharField(max_length=64, primary_key=True)
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name


class DueJob(models.Model):
    """One row per scheduled job: when it is due next, and how it last went. No member reads it."""

    name = models.CharField(max_length=100, primary_key=True)
    due_at = models.DateTimeField(db_index=True)
    # Who runs it now. Claimed by one UPDATE that names the due time, so two workers never run one due time both.
    worker = models.ForeignKey(Worker, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name
