"""Letting in a list of people."""

from __future__ import annotations

from network.models import Intake, Viewer
from network.permissions.verdict import Verdict, holds


def can_run_intakes(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.add_intake", "Only administrators can let in a list of people.")


def can_begin_intake(viewer: Viewer, intake: Intake) -> Verdict:
    verdict = can_run_intakes(viewer)
    if verdict and intake.state != Intake.State.LOOKED_AT:
        return Verdict("This list is under way already, or done.")
    return verdict
