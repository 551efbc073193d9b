"""What members may do in a network. One verdict hides the button, explains itself, and stops the verb."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied

from network.models import Member, Membership, Network, Notice, Organisation, OrganisationDomain, Theme, Viewer
from network.models.organisation import domain_of


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
NOT_A_MEMBER = Verdict("Only members of this network can do this.")
UNCONFIRMED_DOMAIN = Verdict("An administrator has to confirm this officer's email domain first.")


def can_sign_up(email: str) -> Verdict:
    """Whether an account may be asked for with this address, by the domain alone."""
    if OrganisationDomain.objects.for_address(email).exists():
        return ALLOWED
    return Verdict(f"Enter an address at a council's email domain. We do not know {domain_of(email)} as one.")


def can_be_admitted(member: Member, organisation: Organisation | None) -> Verdict:
    """Whether somebody whose mailbox is proved is let in by its domain, as an officer of `organisation`; None where
    the domain leaves no choice."""
    councils = Organisation.objects.with_address(member.email)
    if not member.is_active:
        return Verdict("This account is closed.")
    if not councils:
        return can_sign_up(member.email)
    if organisation is None and len(councils) > 1:
        return Verdict("Several councils share this email domain. Say which you work for.")
    if organisation is not None and organisation not in councils:
        return Verdict(f"{organisation} does not use this email domain.")
    return ALLOWED


def membership_of(viewer: Viewer, network: Network) -> Membership | None:
    """The viewer's row in the network, whatever its state; None where there is none or the account is inactive."""
    if not viewer.is_authenticated or not viewer.is_active:
        return None
    return Membership.objects.filter(member=viewer, network=network).first()


def can_take_part(viewer: Viewer) -> Verdict:
    """What anybody may do who has an account in use, such as reading their own notices."""
    return ALLOWED if viewer.is_authenticated and viewer.is_active else SIGN_IN_FIRST


def can_change_profile(viewer: Viewer) -> Verdict:
    """Their own; nobody changes another's."""
    return can_take_part(viewer)


def can_follow_themes(viewer: Viewer, themes: Collection[Theme]) -> Verdict:
    known = Theme.objects.visible_to(viewer).filter(pk__in=[theme.pk for theme in themes])
    verdict = can_take_part(viewer)
    if verdict and known.count() < len(themes):
        return Verdict("You can follow only themes that you can see.")
    return verdict


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


def can_read(viewer: Viewer, network: Network) -> Verdict:
    membership = membership_of(viewer, network)
    return ALLOWED if membership and membership.is_active else NOT_A_MEMBER


def can_facilitate(viewer: Viewer, network: Network) -> Verdict:
    membership = membership_of(viewer, network)
    if membership and membership.is_active and membership.role == Membership.Role.FACILITATOR:
        return ALLOWED
    return Verdict("Only facilitators of this network can do this.")


def _can_enter(viewer: Viewer, membership: Membership | None) -> Verdict:
    if not viewer.is_authenticated or not viewer.is_active:
        return SIGN_IN_FIRST
    if not hasattr(viewer, "admission"):
        return Verdict("We do not recognise your email address as a council's. Ask us to let you in.")
    if membership and membership.state == Membership.State.ACTIVE:
        return Verdict("You already belong to this network.")
    if membership and membership.state == Membership.State.SUSPENDED:
        return Verdict("Your membership of this network is suspended.")
    return ALLOWED


def can_join(viewer: Viewer, network: Network) -> Verdict:
    """Joining at once, without anybody's decision."""
    return can_join_as(viewer, network, membership_of(viewer, network))


def can_join_as(viewer: Viewer, network: Network, membership: Membership | None) -> Verdict:
    """`can_join` for a list, where the viewer's memberships are at hand."""
    verdict = _can_enter(viewer, membership)
    if verdict and network.is_by_request:
        return Verdict("This network is joined by request.")
    return verdict


def can_ask_to_join(viewer: Viewer, network: Network) -> Verdict:
    return can_ask_as(viewer, network, membership_of(viewer, network))


def can_ask_as(viewer: Viewer, network: Network, membership: Membership | None) -> Verdict:
    """`can_ask_to_join` for a list, where the viewer's memberships are at hand."""
    verdict = _can_enter(viewer, membership)
    if verdict and not network.is_by_request:
        return Verdict("You can join this network at once; no request is needed.")
    if verdict and membership and membership.state == Membership.State.REQUESTED:
        return Verdict("You have already asked to join. The facilitators will decide.")
    return verdict


def can_leave(viewer: Viewer, network: Network) -> Verdict:
    return can_read(viewer, network)


def can_decide(viewer: Viewer, request: Membership) -> Verdict:
    """Deciding on a request to join, either way."""
    verdict = can_facilitate(viewer, request.network)
    if verdict and request.state != Membership.State.REQUESTED:
        return Verdict("This request has already been decided.")
    return verdict


def can_be_approved(request: Membership) -> Verdict:
    """Whether anybody could approve this request now. A domain that nobody has confirmed admits to networks that are
    joined at once, and no further."""
    if not request.member.is_active:
        return Verdict("This officer's account is closed.")
    return ALLOWED if request.member.admission.is_confirmed else UNCONFIRMED_DOMAIN


def can_approve(viewer: Viewer, request: Membership) -> Verdict:
    return can_decide(viewer, request) and can_be_approved(request)


def _holds(viewer: Viewer, right: str, reason: str) -> Verdict:
    """Whether the viewer has one of Django's permissions, given to administrators; without it, the reason."""
    allowed = viewer.is_authenticated and viewer.is_active and viewer.has_perm(right)
    return ALLOWED if allowed else Verdict(reason)


def can_confirm_domains(viewer: Viewer) -> Verdict:
    reason = "Only administrators can confirm an organisation's email domain."
    return _holds(viewer, "network.change_organisationdomain", reason)


def can_export_people(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.view_member", "Only administrators can export the directory.")


def can_become_facilitator(member: Member, network: Network) -> Verdict:
    """Whether an officer may be appointed, by whomever. Being appointed is no way round what lets them in."""
    membership = membership_of(member, network)
    verdict = _can_enter(member, None)
    if verdict and membership and membership.state == Membership.State.SUSPENDED:
        return Verdict("Their membership of this network is suspended.")
    if verdict and network.is_by_request and not member.admission.is_confirmed:
        return UNCONFIRMED_DOMAIN
    return verdict


def can_appoint_facilitators(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.change_network", "Only administrators can appoint facilitators.")


def can_create_networks(viewer: Viewer) -> Verdict:
    """Networks, and the themes that all of them choose from."""
    return _holds(viewer, "network.add_network", "Only administrators can create networks and themes.")


def can_pick_theme(network: Network, theme: Theme) -> Verdict:
    """Whether a theme may be among those of this network, whoever picks it."""
    if theme.private_to_id in (None, network.pk):
        return ALLOWED
    return Verdict("A theme is private to another network.")


# One's own account


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


MOST_PASSKEYS = 20


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
    return can_be_admitted(moved, organisation)
