"""What a member does about themselves: profile, first visit, notices, data, closing the account."""

from __future__ import annotations

from collections.abc import Iterable

from network.models import DataExport, Member, Membership, Network, Notice, Viewer
from network.permissions.verdict import ALLOWED, SIGN_IN_FIRST, Verdict, can_take_part


def can_change_profile(viewer: Viewer) -> Verdict:
    """Their own; nobody changes another's."""
    return can_take_part(viewer)


def can_choose_mail(viewer: Viewer, memberships: Iterable[Membership]) -> Verdict:
    """How networks may write is chosen by whoever belongs to them, for themselves."""
    verdict = can_take_part(viewer)
    if verdict and any(row.member_id != viewer.pk or not row.is_active for row in memberships):
        return Verdict("You can choose this only for networks that you belong to.")
    return verdict


def can_be_welcomed(viewer: Viewer) -> Verdict:
    """Whether the steps of a first visit are for them, and not behind them."""
    if not viewer.is_authenticated or not viewer.is_active:
        return SIGN_IN_FIRST
    if not hasattr(viewer, "admission"):
        return Verdict("These steps are for those who have been let in.")
    if viewer.is_welcomed:
        return Verdict("You have taken these steps. You can change what you said on your profile.")
    return ALLOWED


def can_take_welcome_step(viewer: Viewer, step: int) -> Verdict:
    """A step may be taken again while others are still to come; none before the one in front of it."""
    verdict = can_be_welcomed(viewer)
    if verdict and viewer.is_authenticated and step > viewer.welcome_steps_done + 1:
        return Verdict("Take the steps in their order.")
    return verdict


def can_read_notice(viewer: Viewer, notice: Notice) -> Verdict:
    return ALLOWED if can_take_part(viewer) and notice.member_id == viewer.pk else Verdict("This is not your notice.")


def can_take_data(viewer: Viewer, packed: DataExport, session_digest: str) -> Verdict:
    """Downloading what was packed: its owner, in the session that asked for it."""
    verdict = can_take_part(viewer)
    if verdict and (packed.member_id != viewer.pk or packed.session_digest != session_digest):
        return Verdict("Ask for your data in this browser first.")
    if verdict and (packed.is_over() or packed.ready_at is None):
        return Verdict("This file is not there. Ask for your data again.")
    return verdict


def can_close_account(viewer: Viewer) -> Verdict:
    """Nobody leaves a network without a facilitator, or the site without an administrator."""
    verdict = can_take_part(viewer)
    if not verdict:
        return verdict
    facilitators = Membership.objects.facilitators()
    alone = Network.objects.filter(pk__in=facilitators.filter(member=viewer.pk).values("network"))
    alone = alone.exclude(pk__in=facilitators.exclude(member=viewer.pk).values("network"))
    if names := ", ".join(network.name for network in alone):
        return Verdict(f"You are the only facilitator of: {names}. Ask an administrator to appoint another first.")
    administrators = Member.objects.administrators()
    if viewer.has_perm("network.change_member") and not administrators.exclude(pk=viewer.pk).exists():
        return Verdict("You are the only administrator. Make somebody else an administrator first.")
    return ALLOWED
