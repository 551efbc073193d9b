"""What members may do in a network. One verdict hides the button, explains itself, and stops the verb."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied

from network.models import (
    DataExport,
    GroundRules,
    Member,
    Membership,
    Network,
    Notice,
    Organisation,
    OrganisationDomain,
    Theme,
    Viewer,
)
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
    administrators = Member.objects.with_right("change_member")
    if viewer.has_perm("network.change_member") and not administrators.exclude(pk=viewer.pk).exists():
        return Verdict("You are the only administrator. Make somebody else an administrator first.")
    return ALLOWED


def can_take_data(viewer: Viewer, packed: DataExport, session_digest: str) -> Verdict:
    """Downloading what was packed: its owner, in the session that asked for it."""
    verdict = can_take_part(viewer)
    if verdict and (packed.member_id != viewer.pk or packed.session_digest != session_digest):
        return Verdict("Ask for your data in this browser first.")
    if verdict and (packed.is_over() or packed.ready_at is None):
        return Verdict("This file is not there. Ask for your data again.")
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


def can_publish_rules(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.add_groundrules", "Only administrators can change the ground rules.")


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
