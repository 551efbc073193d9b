from __future__ import annotations

from django.db import models


class DueJob(models.Model):
    """One row per scheduled job: when it is due next, and how it last went. No member reads it."""

    name = models.CharField(max_length=100, primary_key=True)
    due_at = models.DateTimeField(db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name
