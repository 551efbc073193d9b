"""Scheduled jobs of the forums."""

from __future__ import annotations

from datetime import timedelta

from forums.actions.drafts import forget_old_drafts
from network.actions.jobs import scheduled


@scheduled("forget drafts that nobody wrote on", every=timedelta(days=1))
def forget_drafts() -> None:
    forget_old_drafts()
