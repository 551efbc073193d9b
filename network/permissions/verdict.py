"""What is answered whether somebody may, and what most questions ask first."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied

from network.models import Viewer


class Refused(PermissionDenied):
    """Somebody may not do this; the message is the reason in the member's words. Shown as a 403 page."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Truthy when allowed; otherwise carries the reason, a full sentence for the member."""

    reason: str = ""

    def __bool__(self) -> bool:
        return not self.reason

    def enforce(self) -> None:
        """Raises Refused with the reason unless allowed."""
        if self.reason:
            raise Refused(self.reason)


ALLOWED = Verdict()
SIGN_IN_FIRST = Verdict("Sign in first.")


def can_take_part(viewer: Viewer) -> Verdict:
    """What anybody may do who has an account in use, such as reading their own notices."""
    return ALLOWED if viewer.is_authenticated and viewer.is_active else SIGN_IN_FIRST


def holds(viewer: Viewer, right: str, reason: str) -> Verdict:
    """Whether the viewer has one of Django's permissions, given to administrators; without it, the reason."""
    allowed = viewer.is_authenticated and viewer.is_active and viewer.has_perm(right)
    return ALLOWED if allowed else Verdict(reason)
