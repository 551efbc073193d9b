"""How access ends, whoever ends it and why: no session outlives the use of an account, and no open window a
membership. All of it is part of a verb."""

from __future__ import annotations

from django.db.models import F

from network import notifications, signals
from network.actions.sessions import delete_sessions_of
from network.models import Member, Membership, Network
from network.permissions import Refused


def hold_account(member: Member) -> None:
    """Part of a verb that keeps what somebody says: asks the database again whether their account is in use, and holds
    it so until the verb is done. Closing waits for what is being written, so that erasing finds it; what comes after
    is refused. Before any other lock, in the order in which closing takes them; not so hard that others could not
    write to them meanwhile. Raises Refused."""
    if not list(Member.objects.select_for_update(no_key=True).filter(pk=member.pk, is_active=True)):
        raise Refused("This account is not in use.")


def end_access_of(member: Member) -> None:
    """Part of a verb that has taken an account out of use. The memberships stay as they are."""
    delete_sessions_of(member)
    active = Membership.objects.filter(member=member, state=Membership.State.ACTIVE).select_related("network")
    for membership in active.order_by("network"):
        shut_out(membership, facilitated=membership.is_facilitator)
    signals.access_ended.send(Member, member=member)


def shut_out(membership: Membership, *, facilitated: bool) -> None:
    """Part of a verb after which somebody belongs to a network no more. `facilitated`: whether they looked after it
    until now. However the last one went, the administrators hear of it here."""
    # Holds the network's row: of the last two who go at the same moment, the second finds that nobody is left.
    Network.objects.filter(pk=membership.network_id).update(access_version=F("access_version") + 1)
    signals.membership_ended.send(Membership, membership=membership)
    if facilitated and Network.objects.without_facilitator().filter(pk=membership.network_id).exists():
        notifications.facilitator_missing(membership.network)
