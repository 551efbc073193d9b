"""Scheduled jobs of the forums."""

from __future__ import annotations

from datetime import timedelta

from forums.actions.following import remind_of_bookmarks
from network.actions.jobs import scheduled


@scheduled("remind of bookmarks", every=timedelta(minutes=5))
def give_reminders() -> None:
    remind_of_bookmarks()
