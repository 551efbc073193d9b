"""What the worker would do next, done now: what a test tells of happens a moment after the request that caused it."""

from __future__ import annotations

from django_tasks_db.models import DBTaskResult


def run_queued() -> int:
    """Does every task that waits, and those that they cause, oldest first; returns how many there were."""
    done = 0
    while task := DBTaskResult.objects.ready().filter(backend_name="worker").order_by("enqueued_at").first():
        task.task.func(*task.args_kwargs["args"], **task.args_kwargs["kwargs"])
        task.delete()
        done += 1
    return done
