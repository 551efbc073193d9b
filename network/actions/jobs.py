"""The book that workers keep: who is alive, what is due, and what a dead worker left behind.

A scheduled job runs at least once for each time it is due, and never twice at once: it must be short and safe to run
again. Long work is a task of its own that the job puts in the queue, and the same holds for tasks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult, DBTaskResultQuerySet

from network import limits, permissions
from network.actions.audit import record
from network.models import DueJob, Member, Viewer, Worker
from network.permissions import Refused

logger = logging.getLogger(__name__)

DEAD_AFTER = Worker.DEAD_AFTER
ATTEMPTS = 3  # workers that may die on the same task before it is given up
KEPT_WORDS = 4000  # of an error; the rest is in the log


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    name: str
    run: Callable[[], None]
    every: timedelta


SCHEDULE: dict[str, ScheduledJob] = {}


def scheduled(name: str, *, every: timedelta) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Puts a function in the schedule under a name that no other job has."""

    def register(run: Callable[[], None]) -> Callable[[], None]:
        assert name not in SCHEDULE, f"two jobs are called {name!r}"
        SCHEDULE[name] = ScheduledJob(name, run, every)
        return run

    return register


def run_due_jobs(
    worker: Worker, *, schedule: Mapping[str, ScheduledJob] = SCHEDULE, now: datetime | None = None
) -> list[str]:
    """Runs each job that is due and that no other worker runs; returns the names of those it ran. A job that was
    missed many times runs once. One that fails leaves its error in its row and runs again when it is next due."""
    now = now or timezone.now()
    ran = []
    for row in _rows(schedule, now):
        job = schedule.get(row.name)
        if job is None or row.due_at > now or row.worker_id or not _claim(row, worker, now):
            continue
        error = ""
        try:
            job.run()
        except Exception as problem:
            logger.exception("The scheduled job %r failed", job.name)
            error = f"{type(problem).__name__}: {problem}"[:KEPT_WORDS]
        DueJob.objects.filter(name=row.name, worker=worker).update(
            worker=None, finished_at=timezone.now(), due_at=_next(row.due_at, job.every, now), error=error
        )
        ran.append(job.name)
    return ran


def _rows(schedule: Mapping[str, ScheduledJob], now: datetime) -> list[DueJob]:
    rows = list(DueJob.objects.order_by("due_at", "name"))
    unknown = schedule.keys() - {row.name for row in rows}
    if unknown:
        new = [DueJob(name=name, due_at=now) for name in sorted(unknown)]
        rows += DueJob.objects.bulk_create(new, ignore_conflicts=True)
    return rows


def _claim(row: DueJob, worker: Worker, now: datetime) -> bool:
    # The due time stands in the condition: whoever read the row before another worker finished the job changes nothing.
    free = DueJob.objects.filter(name=row.name, due_at=row.due_at, worker=None)
    try:
        return free.update(worker=worker, started_at=now) == 1
    except IntegrityError:  # another took this worker for dead and removed its row; back to life first
        show_alive(worker)
        return False


def _next(due: datetime, every: timedelta, now: datetime) -> datetime:
    """The first time after now, in step with the time it was due."""
    return due + every * ((now - due) // every + 1)


def show_alive(worker: Worker, *, now: datetime | None = None) -> None:
    """Says that this worker still works. Makes its row, again where another took it for dead."""
    worker.seen_at = now or timezone.now()
    Worker.objects.update_or_create(name=worker.name, defaults={"seen_at": worker.seen_at})


def sign_off(worker: Worker) -> None:
    """A worker stops of its own will; what it could not finish goes to the next."""
    with transaction.atomic():
        _requeue([worker.name])
        Worker.objects.filter(name=worker.name).delete()


def bury_the_dead(*, survivor: Worker, alone: bool = False, now: datetime | None = None) -> list[str]:
    """Frees what dead workers claimed; returns their names. `alone`: no other worker can be alive, whatever its row
    says, because the survivor's process is the only one there may be."""
    others = Worker.objects.exclude(name=survivor.name)
    if not alone:
        others = others.filter(seen_at__lt=(now or timezone.now()) - DEAD_AFTER)
    with transaction.atomic():
        dead = list(others.select_for_update().values_list("name", flat=True))
        if dead:
            _requeue(dead)
            Worker.objects.filter(name__in=dead).delete()  # which frees their jobs: the key is set to null
    return dead


def _requeue(dead: list[str]) -> None:
    running = DBTaskResult.objects.running().filter(backend_name="worker")
    for task in running.select_for_update():
        if not task.worker_ids or task.worker_ids[-1] not in dead:
            continue
        if len(task.worker_ids) < ATTEMPTS:
            task.status = TaskResultStatus.READY
            task.save(update_fields=["status"])
        else:
            task.set_failed(RuntimeError(f"{ATTEMPTS} workers ended while they did this."))


def last_seen_worker() -> datetime | None:
    """When a worker last showed that it is alive; None where none ever did, or all stopped of their own will."""
    return Worker.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()


def tasks_seen_by(viewer: Viewer) -> DBTaskResultQuerySet:
    """The worker's own, for whoever looks after it; nobody's for everybody else."""
    tasks = DBTaskResult.objects.filter(backend_name="worker")
    return tasks if permissions.can_see_worker(viewer) else tasks.none()


def run_task_again(task: DBTaskResult[Any, Any], *, by: Member, now: datetime | None = None) -> None:
    """Puts a task that failed back in the queue, with all its tries. Every task is safe to run twice. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_run_again(by).enforce()
    limits.RUNNING_TASKS.spend(by, now=now)
    with transaction.atomic():
        failed = DBTaskResult.objects.failed().filter(pk=task.pk, backend_name="worker")
        fresh: dict[str, Any] = {
            "worker_ids": [],
            "started_at": None,
            "finished_at": None,
            "exception_class_path": "",
            "traceback": "",
        }
        if not failed.update(status=TaskResultStatus.READY, enqueued_at=now, **fresh):
            raise Refused("Only a task that failed can be run again.")
        record("ran task again", task, by=by, task=task.task_path)
