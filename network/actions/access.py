"""How access ends, whoever ends it and why: no session outlives the use of an account, and no open window a
membership. All of it is part of a verb."""

from __future__ import annotations

from django.db.models import F

from network import signals
from network.actions.sessions import delete_sessions_of
from network.models import Member, Membership, Network


def end_access_of(member: Member) -> None:
    """Part of a verb that has taken an account out of use. The memberships stay as they are."""
    delete_sessions_of(member)
    for membership in Membership.objects.filter(member=member, state=Membership.State.ACTIVE).select_related("network"):
        shut_out(membership)


def shut_out(membership: Membership) -> None:
    """Part of a verb after which somebody belongs to a network no more."""
    Network.objects.filter(pk=membership.network_id).update(access_version=F("access_version") + 1)
    signals.membership_ended.send(Membership, membership=membership)
