from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from network import limits, permissions
from network.actions.audit import record
from network.models import Member, Membership, MembershipEvent, Network


def stand_down_facilitator(
    network: Network, member: Member, *, by: Member, now: datetime | None = None
) -> Membership | None:
    """Makes a facilitator a member like any other. None where they are no facilitator of this network, or not any more.
    Raises Refused, LimitReached."""
    permissions.can_appoint_facilitators(by).enforce()
    limits.DECIDING.spend(by, now=now)
    with transaction.atomic():
        held = Membership.objects.select_for_update().filter(network=network, member=member)
        membership = held.filter(role=Membership.Role.FACILITATOR).first()
        if membership is None:
            return None
        membership.role = Membership.Role.MEMBER
        membership.save(update_fields=["role"])
        MembershipEvent.objects.create(
            membership=membership, kind=MembershipEvent.Kind.STOOD_DOWN, by=by, at=now or timezone.now()
        )
        record("stood down facilitator", membership, by=by, network=network)
    return membership
