"""Inviting somebody to a network, and coming by an invitation."""

from __future__ import annotations

from collections.abc import Iterable

from network.models import Invitation, Member, Membership, Network, OrganisationDomain, Viewer
from network.models.organisation import domain_of
from network.permissions.admission import can_be_admitted
from network.permissions.membership import can_facilitate, membership_of
from network.permissions.verdict import ALLOWED, SIGN_IN_FIRST, Verdict

YOUR_DOMAIN_IS_UNCONFIRMED = Verdict(
    "An administrator has to confirm first that your email domain is your council's. They can see that it waits. "
    "Come back to this page in a few days, or ask whoever invited you."
)


ANOTHER_MAILBOX = Verdict("This invitation was sent to another email address than the one of your account.")
MOST_SENDINGS = 5  # of one invitation: whoever did not answer to so many does not want to, or did not get any


def can_invite(viewer: Viewer, network: Network) -> Verdict:
    return can_facilitate(viewer, network)


def can_be_invited(network: Network, email: str, *, kind: str) -> Verdict:
    """Whether an address may be invited as what `kind` says, whoever invites."""
    row = Membership.objects.filter(network=network, member__email__iexact=email).first()
    if row and row.is_active:
        return Verdict("Somebody with this address already belongs to this network.")
    if row and row.is_suspended:
        return Verdict("The membership of whoever has this address is suspended.")
    if Invitation.objects.filter(network=network, email__iexact=email, accepted_at=None, revoked_at=None).exists():
        return Verdict("You have already invited this address. Send that invitation again instead.")
    kinds = set(OrganisationDomain.objects.for_address(email).values_list("kind", flat=True))
    if kinds and kind not in kinds:
        known = " or ".join(sorted(Member.Kind(known).label.lower() for known in kinds))
        return Verdict(f"By its domain this address is that of a {known}. Invite them as one.")
    return ALLOWED


def can_go_without_note(email: str) -> Verdict:
    """Whether somebody may be invited without a word on why they are let in: where a rule lets in their domain."""
    if OrganisationDomain.objects.for_address(email).exists():
        return ALLOWED
    return Verdict("Say why they are let in: we do not know the domain of this address.")


def can_resend(viewer: Viewer, invitation: Invitation) -> Verdict:
    verdict = can_revoke(viewer, invitation)
    if verdict and invitation.times_sent >= MOST_SENDINGS:
        return Verdict(f"This invitation was sent {MOST_SENDINGS} times. Ask them in another way whether they got it.")
    return verdict


def can_revoke(viewer: Viewer, invitation: Invitation) -> Verdict:
    verdict = can_invite(viewer, invitation.network)
    if verdict and invitation.accepted_at:
        return Verdict("This invitation has been accepted.")
    if verdict and invitation.revoked_at:
        return Verdict("This invitation has been withdrawn.")
    return verdict


def can_accept(viewer: Viewer, invitation: Invitation) -> Verdict:
    if not viewer.is_authenticated or not viewer.is_active:
        return SIGN_IN_FIRST
    if not Invitation.objects.to_mailbox_of(viewer).filter(pk=invitation.pk).exists():
        return ANOTHER_MAILBOX
    if not invitation.is_open():
        return Verdict("This invitation cannot be used any more. Ask whoever invited you for a new one.")
    membership = membership_of(viewer, invitation.network)
    if membership and membership.is_active:
        return Verdict("You already belong to this network.")
    if membership and membership.is_suspended:
        return Verdict("Your membership of this network is suspended.")
    return can_be_let_in(viewer, invitation)


def can_be_let_in(member: Member, invitation: Invitation) -> Verdict:
    """Whether what is known of somebody, or what the facilitator said of them, lets them into the network of an
    invitation. An invitation is no way round a domain that nobody has confirmed."""
    admission = getattr(member, "admission", None)
    if admission is None:
        domains = OrganisationDomain.objects.for_address(member.email)
        if domains.exists():
            verdict = can_be_admitted(member, invitation.organisation)
            waits = not domains.exclude(confirmed_at=None).exists()
        else:
            verdict, waits = _vouched_for(invitation), False
    elif admission.is_confirmed:
        verdict, waits = ALLOWED, False
    elif admission.domain is None:
        verdict, waits = (_vouched_for(invitation) if invitation.network.is_by_request else ALLOWED), False
    else:
        verdict, waits = ALLOWED, True
    if verdict and waits and invitation.network.is_by_request:
        return YOUR_DOMAIN_IS_UNCONFIRMED
    return verdict


def _vouched_for(invitation: Invitation) -> Verdict:
    if invitation.note:
        return ALLOWED
    return Verdict("Your address is at no council's domain that we know. Ask whoever invited you to invite you again.")


def waiting_for_domains(invitations: Iterable[Invitation]) -> set[int]:
    """Those of the invitations, by number, that nobody can accept before an administrator has confirmed the domain of
    their address. One query for all."""
    domains = {
        invitation.pk: domain_of(invitation.email) for invitation in invitations if invitation.network.is_by_request
    }
    known = OrganisationDomain.objects.filter(domain__in=set(domains.values()))
    confirmed: dict[str, bool] = {}
    for row in known:
        confirmed[row.domain] = confirmed.get(row.domain, False) or row.is_confirmed
    return {pk for pk, domain in domains.items() if not confirmed.get(domain, True)}
