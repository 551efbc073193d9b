"""Scheduled jobs of this storey."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command

from network.actions.admission import forget_unproved
from network.actions.jobs import scheduled
from network.actions.sessions import forget_sessions_and_browsers


@scheduled("clear sessions that have ended", every=timedelta(days=1))
def clear_ended_sessions() -> None:
    call_command("clearsessions")
    forget_sessions_and_browsers()


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
