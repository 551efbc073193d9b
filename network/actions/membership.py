from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from network import limits, notifications, permissions, signals
from network.actions.audit import record
from network.models import Member, Membership, Network


def join_network(network: Network, *, by: Member, now: datetime | None = None) -> Membership:
    """Lets an officer into a network that is joined at once. Raises Refused, LimitReached."""
    permissions.can_join(by, network).enforce()
    permissions.has_agreed(by).enforce()
    limits.JOINING.spend(by, now=now)
    with transaction.atomic():
        _lock_own(network, by)
        permissions.can_join(by, network).enforce()
        membership = _begin(network, by, now=now)
        record("joined", membership, by=by, network=network)
    return membership


def ask_to_join(network: Network, *, by: Member, reason: str, now: datetime | None = None) -> Membership:
    """Puts an officer in the queue of a network that is joined by request. Asking twice is one request.
    Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_ask_to_join(by, network).enforce()
    permissions.has_agreed(by).enforce()
    limits.JOINING.spend(by, now=now)
    with transaction.atomic():
        _lock_own(network, by)
        permissions.can_ask_to_join(by, network).enforce()
        membership, _ = Membership.objects.update_or_create(
            member=by,
            network=network,
            defaults={
                "state": Membership.State.REQUESTED,
                "role": Membership.Role.MEMBER,
                "reason": reason,
                "requested_at": now,
                "decided_at": None,
                "decided_by": None,
                "decision": "",
            },
        )
        record("asked to join", membership, by=by, network=network)
        notifications.join_requested(membership, now=now)
    return membership


def approve_request(request: Membership, *, by: Member, words: str = "", now: datetime | None = None) -> Membership:
    """Lets the applicant in. Two facilitators at once: the second is told it has been decided. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_approve(by, request).enforce()
    limits.DECIDING.spend(by, now=now)
    with transaction.atomic():
        request = _locked(request)
        permissions.can_approve(by, request).enforce()
        membership = _begin(request.network, request.member, now=now, decided_by=by, decision=words)
        record("approved", membership, by=by, network=request.network)
        notifications.request_decided(membership, now=now)
    return membership


def decline_request(request: Membership, *, by: Member, words: str, now: datetime | None = None) -> Membership:
    """Says no, with words that the applicant reads. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_decide(by, request).enforce()
    limits.DECIDING.spend(by, now=now)
    with transaction.atomic():
        request = _locked(request)
        permissions.can_decide(by, request).enforce()
        request.state = Membership.State.DECLINED
        request.decided_at, request.decided_by, request.decision = now, by, words
        request.save()
        record("declined", request, by=by, network=request.network)
        notifications.request_decided(request, now=now)
    return request


def leave_network(network: Network, *, by: Member) -> Membership:
    """Ends a membership; the posts stay. Raises Refused, LimitReached."""
    permissions.can_leave(by, network).enforce()
    limits.JOINING.spend(by)
    with transaction.atomic():
        membership = Membership.objects.select_for_update().get(network=network, member=by)
        permissions.can_leave(by, network).enforce()
        end_membership(membership, Membership.State.LEFT)
        record("left", membership, by=by, network=network)
    return membership


def appoint_facilitator(
    network: Network, member: Member, *, by: Member | None, now: datetime | None = None
) -> Membership:
    """Makes an admitted officer a facilitator, and first a member if they are not. `by` None is the site's own set-up.
    Raises Refused, LimitReached."""
    permissions.can_become_facilitator(member, network).enforce()
    if by is not None:
        permissions.can_appoint_facilitators(by).enforce()
        limits.DECIDING.spend(by, now=now)
    with transaction.atomic():
        membership = Membership.objects.select_for_update().filter(network=network, member=member).first()
        if membership is None or not membership.is_active:
            membership = _begin(network, member, now=now, decided_by=by)
        membership.role = Membership.Role.FACILITATOR
        membership.save(update_fields=["role"])
        record("appointed facilitator", membership, by=by, network=network)
    return membership


def _lock_own(network: Network, member: Member) -> None:
    """Nobody decides about this membership, and the member presses no button twice, between asking the permission again
    and writing. There may be no membership yet, so the member's row stands for it; not so hard that what they write
    elsewhere would wait."""
    list(Member.objects.select_for_update(no_key=True).filter(pk=member.pk))
    list(Membership.objects.select_for_update().filter(network=network, member=member))


def _locked(membership: Membership) -> Membership:
    return (
        Membership.objects.select_for_update(of=("self",))
        .select_related("network", "member__admission__domain")
        .get(pk=membership.pk)
    )


def _begin(
    network: Network, member: Member, *, now: datetime | None, decided_by: Member | None = None, decision: str = ""
) -> Membership:
    now = now or timezone.now()
    membership, _ = Membership.objects.update_or_create(
        member=member,
        network=network,
        defaults={
            "state": Membership.State.ACTIVE,
            "role": Membership.Role.MEMBER,
            "joined_at": now,
            "read_before": now,
            "decided_at": now if decided_by else None,
            "decided_by": decided_by,
            "decision": decision,
        },
    )
    signals.membership_began.send(Membership, membership=membership)
    return membership


def end_membership(membership: Membership, state: str) -> None:
    """Part of a verb: whoever ends it says what state it is in from now on. The posts stay."""
    membership.state = state
    membership.role = Membership.Role.MEMBER
    membership.save(update_fields=["state", "role"])
    Network.objects.filter(pk=membership.network_id).update(access_version=F("access_version") + 1)
    signals.membership_ended.send(Membership, membership=membership)
