"""How a member signs in, and of whom a second factor is asked."""

from __future__ import annotations

from copy import copy

from allauth.mfa.models import Authenticator

from network.models import Member, Membership, Network, Organisation, OrganisationDomain, Viewer
from network.permissions.admission import can_be_admitted
from network.permissions.verdict import ALLOWED, Verdict, can_take_part

MOST_PASSKEYS = 20


def holds_an_office(viewer: Viewer) -> bool:
    """Whether they have any right beyond a member's own: editors, publishers, administrators."""
    if not viewer.is_authenticated or not viewer.is_active:
        return False
    return viewer.is_superuser or bool(viewer.get_all_permissions())


def is_staff(viewer: Viewer) -> bool:
    """Whom we ask for a second factor before they do what only they may: office holders, and facilitators of whatever
    network."""
    if not viewer.is_authenticated:
        return False
    return holds_an_office(viewer) or Membership.objects.facilitators().filter(member=viewer).exists()


def _can_change_own(viewer: Viewer, member_id: int) -> Verdict:
    verdict = can_take_part(viewer)
    return Verdict("This is somebody else's account.") if verdict and viewer.pk != member_id else verdict


def can_end_session(viewer: Viewer, member_id: int) -> Verdict:
    return _can_change_own(viewer, member_id)


def can_remove_password(viewer: Viewer) -> Verdict:
    has_none = viewer.is_authenticated and not viewer.has_usable_password()
    return can_take_part(viewer) and (Verdict("You have no password.") if has_none else ALLOWED)


def can_change_factor(viewer: Viewer, member_id: int) -> Verdict:
    """Renaming or taking away a passkey or an app."""
    return _can_change_own(viewer, member_id)


def can_enrol_app(viewer: Viewer, member: Member) -> Verdict:
    verdict = _can_change_own(viewer, member.pk)
    if verdict and Authenticator.objects.filter(user=member, type=Authenticator.Type.TOTP).exists():
        return Verdict("You have set up an authenticator app already. Remove it first to set up another.")
    return verdict


def can_add_passkey(viewer: Viewer) -> Verdict:
    verdict = can_take_part(viewer)
    theirs = Authenticator.objects.filter(user_id=viewer.pk, type=Authenticator.Type.WEBAUTHN)
    if verdict and theirs.count() >= MOST_PASSKEYS:
        return Verdict(f"You have {MOST_PASSKEYS} passkeys. Remove one that you no longer use first.")
    return verdict


def can_make_recovery_codes(viewer: Viewer) -> Verdict:
    verdict = can_take_part(viewer)
    others = Authenticator.objects.filter(user_id=viewer.pk).exclude(type=Authenticator.Type.RECOVERY_CODES)
    if verdict and not others.exists():
        return Verdict("Set up an authenticator app or a passkey first: recovery codes stand in for it.")
    return verdict


def can_move_to(member: Member, email: str, organisation: Organisation | None) -> Verdict:
    """Whether a member may have this address instead of theirs, as an officer of `organisation`; None where the domain
    leaves no choice. The rule is the one for letting somebody in."""
    if member.email.lower() == email.lower():
        return Verdict("Enter another address: this one is yours already.")
    moved = copy(member)
    moved.email = email
    verdict = can_be_admitted(moved, organisation)
    if not verdict:
        return verdict
    domains = OrganisationDomain.objects.for_address(email)
    domain = domains.get(organisation=organisation) if organisation else domains.get()
    if domain.kind != member.kind:
        # What somebody is decides where they may be, and is no matter of which address they type.
        return Verdict("Addresses at this domain are for accounts of another kind. Ask us to change yours.")
    closed = Membership.objects.active().filter(member=member, network__joining=Network.Joining.BY_REQUEST)
    if not domain.is_confirmed and closed.exists():
        return Verdict(
            "An administrator has to confirm this email domain first, because you belong to a network that is joined "
            "by request. Ask us to confirm it."
        )
    return ALLOWED
