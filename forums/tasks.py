"""Scheduled jobs of the forums."""

from __future__ import annotations

from datetime import timedelta

from forums.actions.answers import ask_whether_it_worked
from network.actions.jobs import scheduled


@scheduled("ask whether answers worked", every=timedelta(hours=1))
def ask_about_answers() -> None:
    ask_whether_it_worked()
