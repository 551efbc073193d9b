"""The ground rules: agreeing to them, and changing them."""

from __future__ import annotations

from network.models import GroundRules, Viewer
from network.permissions.verdict import ALLOWED, Verdict, can_take_part, holds


def has_agreed(viewer: Viewer) -> Verdict:
    """Whether the viewer has agreed to the ground rules as they are now. Whoever joins a network has to; where none
    have been published, nothing is asked."""
    if GroundRules.objects.unanswered_by(viewer) is None:
        return ALLOWED
    return Verdict("Agree to the ground rules first.")


def can_agree(viewer: Viewer, rules: GroundRules) -> Verdict:
    verdict = can_take_part(viewer)
    if verdict and rules != GroundRules.objects.current():
        return Verdict("The ground rules have changed since. Read the new version.")
    return verdict


def can_publish_rules(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.add_groundrules", "Only administrators can change the ground rules.")
