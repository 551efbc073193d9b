"""Scheduled jobs of this storey."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from network.actions.admission import forget_unproved
from network.actions.exports import forget_old_data, pack_data
from network.actions.intake import forget_old_intakes, is_intake_due, run_intakes
from network.actions.invitations import forget_old_invitations
from network.actions.jobs import scheduled
from network.actions.mail import forget_old_mail, is_mail_due, send_due_mail
from network.actions.mailbox import ask_who_is_due, lapse_who_did_not_answer
from network.actions.membership import end_suspensions, forget_sanctions, remind_of_requests
from network.actions.sessions import forget_sessions_and_browsers
from network.actions.statistics import gather_statistics
from network.models import DataExport


@scheduled("clear sessions that have ended", every=timedelta(days=1))
def clear_ended_sessions() -> None:
    call_command("clearsessions")
    forget_sessions_and_browsers()


@scheduled("look at what is in the tables", every=timedelta(days=1))
def look_at_tables() -> None:
    gather_statistics()


@scheduled("forget addresses that nobody proved", every=timedelta(days=1))
def forget_addresses() -> None:
    forget_unproved()


@scheduled("remind facilitators of requests that wait", every=timedelta(hours=1))
def remind_facilitators() -> None:
    remind_of_requests()


@scheduled("let in whose suspension is over", every=timedelta(minutes=10))
def let_in_again() -> None:
    end_suspensions()


@scheduled("forget sanctions of closed accounts that are over", every=timedelta(minutes=10))
def forget_sanctions_that_are_over() -> None:
    forget_sanctions()


@scheduled("ask for proof of mailboxes again", every=timedelta(hours=1))
def ask_for_proof_of_mailboxes() -> None:
    ask_who_is_due()


@scheduled("lapse accounts whose mailbox was not proved again", every=timedelta(hours=1))
def lapse_accounts() -> None:
    lapse_who_did_not_answer()


ROWS_AT_ONCE = 100  # of lists: each takes some fifty small queries, so these a few seconds


@task(backend="worker")
def let_in_lists() -> None:
    """Some rows; the rest go to the end of the queue, so that mail and whatever else waits gets in between."""
    run_intakes(at_most=ROWS_AT_ONCE)
    if is_intake_due():
        let_in_lists.enqueue()


@scheduled("look for lists of people to let in", every=timedelta(seconds=10))
def look_for_lists() -> None:
    asked_for = DBTaskResult.objects.filter(backend_name="worker", task_path=let_in_lists.module_path)
    under_way = asked_for.filter(status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING))
    if is_intake_due() and not under_way.exists():
        let_in_lists.enqueue()


@scheduled("forget lists of people that were let in", every=timedelta(days=1))
def forget_lists() -> None:
    forget_old_intakes()


@scheduled("forget invitations that nobody accepted", every=timedelta(days=1))
def forget_invitations() -> None:
    forget_old_invitations()


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
    """Some; the rest goes to the end of the queue, unless none of these could be sent."""
    if send_due_mail() and is_mail_due():
        send_mail.enqueue()


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
