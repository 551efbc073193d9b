"""Facilitators ask people in by their address. An invitation is good for one mailbox, and for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from network import limits, notifications, permissions
from network.actions.admission import admit, admit_invited
from network.actions.audit import record
from network.actions.membership import begin_membership, lock_own, remember
from network.models import Invitation, Member, Membership, MembershipEvent, Network, Organisation

KEPT = timedelta(days=90)  # after they have ended: addresses of people who may never have come


def invite(
    network: Network,
    email: str,
    *,
    by: Member,
    kind: str = Member.Kind.OFFICER,
    organisation: Organisation | None = None,
    words: str = "",
    note: str = "",
    now: datetime | None = None,
) -> Invitation:
    """Sends somebody an invitation. `note`: why they are let in, required where the domain of their address is none
    that we know. Raises Refused, LimitReached."""
    now = now or timezone.now()
    email = email.lower()
    permissions.can_invite(by, network).enforce()
    permissions.can_be_invited(network, email, kind=kind).enforce()
    if not note:
        permissions.can_go_without_note(email).enforce()
    limits.INVITING.spend(by, now=now)
    with transaction.atomic():
        try:
            with transaction.atomic():
                invitation = Invitation.objects.create(
                    network=network,
                    email=email,
                    kind=kind,
                    organisation=organisation,
                    words=words,
                    note=note,
                    by=by,
                    at=now,
                    expires_at=now + Invitation.HOLDS,
                )
        except IntegrityError:  # another facilitator came first
            permissions.can_be_invited(network, email, kind=kind).enforce()
            raise
        record("invited", invitation, by=by, network=network, kind=str(kind), vouched=bool(note))
        notifications.invited(invitation, now=now)
    return invitation


def resend_invitation(invitation: Invitation, *, by: Member, now: datetime | None = None) -> Invitation:
    """Sends it again; it holds anew from now on, and the address in the mail before does not. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_resend(by, invitation).enforce()
    limits.INVITING.spend(by, now=now)
    with transaction.atomic():
        invitation = _locked(invitation)
        permissions.can_resend(by, invitation).enforce()
        invitation.times_sent += 1
        invitation.expires_at = now + Invitation.HOLDS
        invitation.save(update_fields=["times_sent", "expires_at"])
        record("invited again", invitation, by=by, network=invitation.network)
        notifications.invited(invitation, now=now)
    return invitation


def revoke_invitation(invitation: Invitation, *, by: Member, now: datetime | None = None) -> Invitation:
    """It cannot be accepted any more. Nobody is told. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_revoke(by, invitation).enforce()
    limits.MANAGING.spend(by, now=now)
    with transaction.atomic():
        invitation = _locked(invitation)
        permissions.can_revoke(by, invitation).enforce()
        invitation.revoked_at = now
        invitation.save(update_fields=["revoked_at"])
        record("revoked invitation", invitation, by=by, network=invitation.network)
    return invitation


def accept_invitation(invitation: Invitation, *, by: Member, now: datetime | None = None) -> Membership:
    """Lets the invited into the network, and first into the site where nothing else did. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_accept(by, invitation).enforce()
    permissions.has_agreed(by).enforce()
    limits.JOINING.spend(by, now=now)
    with transaction.atomic():
        lock_own(invitation.network, by)
        invitation = _locked(invitation)
        permissions.can_accept(by, invitation).enforce()
        if not hasattr(by, "admission"):
            if Organisation.objects.with_address(by.email).exists():
                admit(by, organisation=invitation.organisation, now=now)
            else:
                admit_invited(invitation, by, now=now)
        membership = begin_membership(invitation.network, by, now=now)
        invitation.accepted_at, invitation.accepted_by = now, by
        invitation.save(update_fields=["accepted_at", "accepted_by"])
        remember(membership, MembershipEvent.Kind.INVITED, by=invitation.by, now=now)
        record("accepted invitation", invitation, by=by, network=invitation.network)
        notifications.invitation_accepted(invitation, now=now)
    return membership


def forget_old_invitations(*, now: datetime | None = None) -> int:
    """Deletes what nobody accepted and has ended long ago, with the address and the words in it; returns how many."""
    long_ago = (now or timezone.now()) - KEPT
    ended = Invitation.objects.filter(accepted_at=None, expires_at__lt=long_ago)
    return int(ended.delete()[1].get("network.Invitation", 0))


def _locked(invitation: Invitation) -> Invitation:
    return (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("network", "organisation", "by")
        .get(pk=invitation.pk)
    )
