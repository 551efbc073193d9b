"""What the worker does, for administrators: whether it is alive, what it does when, and what failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_tasks_db.models import DBTaskResult

from network import permissions
from network.actions.jobs import SCHEDULE, run_task_again, tasks_seen_by
from network.models import DueJob, Worker
from network.permissions import Refused
from network.views import MemberRequest

FAILED_SHOWN = 50


@dataclass(frozen=True, slots=True)
class FailedTask:
    task: DBTaskResult[Any, Any]

    @property
    def what(self) -> str:
        """As an administrator reads it: "Send mail"."""
        return str(self.task.task_path).rpartition(".")[2].replace("_", " ").capitalize()

    @property
    def problem(self) -> str:
        """Which sort of error it was; the words of it may be a member's, and stand in the log."""
        return str(self.task.exception_class_path).rpartition(".")[2]


def _administrators_only(request: HttpRequest) -> None:
    if not permissions.can_see_worker(request.user):
        raise Http404


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    _administrators_only(request)
    now = timezone.now()
    workers = list(Worker.objects.visible_to(request.user).order_by("-seen_at"))
    jobs = DueJob.objects.visible_to(request.user).filter(name__in=SCHEDULE).order_by("name")
    tasks = tasks_seen_by(request.user)
    failed = tasks.failed().order_by("-finished_at")
    context = {
        "workers": [(one, one.is_late(now)) for one in workers],
        "is_alive": any(not one.is_late(now) for one in workers),
        "jobs": [(job, job.is_late(now), SCHEDULE[job.name].every) for job in jobs],
        "waiting": tasks.ready().count(),
        "failed": [FailedTask(task) for task in failed[:FAILED_SHOWN]],
        "failed_count": failed.count(),
        "can_run_again": permissions.can_run_again(request.user),
    }
    return render(request, "network/administration/worker.html", context)


@require_POST
def again(request: MemberRequest, pk: UUID) -> HttpResponse:
    _administrators_only(request)
    task = get_object_or_404(tasks_seen_by(request.user), pk=pk)
    try:
        run_task_again(task, by=request.user)
        messages.success(request, "The task is run again within a minute.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("administration_worker")
