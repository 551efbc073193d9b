"""Scheduled jobs of this storey."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from network.actions.admission import forget_unproved
from network.actions.exports import forget_old_data, pack_data
from network.actions.jobs import scheduled
from network.actions.mail import forget_old_mail, is_mail_due, send_due_mail
from network.models import DataExport


@scheduled("clear sessions that have ended", every=timedelta(days=1))
def clear_ended_sessions() -> None:
    call_command("clearsessions")


@scheduled("forget addresses that nobody proved", every=timedelta(days=1))
def forget_addresses() -> None:
    forget_unproved()


@scheduled("forget tasks that are done", every=timedelta(days=1))
def forget_finished_tasks() -> None:
    """What succeeded is kept a week, what failed a month."""
    call_command(
        "prune_db_task_results",
        "--backend=worker",
        "--queue-name=*",
        "--min-age-days=7",
        "--failed-min-age-days=30",
        "--verbosity=0",
    )


@task(backend="worker")
def send_mail() -> None:
    send_due_mail()


@scheduled("look for mail that is due", every=timedelta(seconds=10))
def look_for_mail() -> None:
    waiting = DBTaskResult.objects.ready().filter(backend_name="worker", task_path=send_mail.module_path)
    if is_mail_due() and not waiting.exists():
        send_mail.enqueue()


@scheduled("forget old rows of the mail ledger", every=timedelta(days=1))
def forget_mail() -> None:
    forget_old_mail()


@task(backend="worker")
def pack_own_data(pk: int) -> None:
    """Of somebody who asked for it; they may have closed their account meanwhile."""
    for wanted in DataExport.objects.filter(pk=pk).select_related("member__organisation"):
        pack_data(wanted)


@scheduled("forget data that members took along", every=timedelta(hours=1))
def forget_data() -> None:
    forget_old_data()
