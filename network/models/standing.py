from __future__ import annotations

from functools import cached_property

from network.models.member import Member
from network.models.network import Membership, Network


class Standing:
    """What a member is in each network, read once. A request that only reads has one on its member, so that the
    header, the view and what stands on the page ask once between them (`network.middleware`). Whoever writes asks anew:
    there is none then. It never widens reach: what may be seen still starts at `visible_to`."""

    def __init__(self, member: Member) -> None:
        self._member = member

    @cached_property
    def memberships(self) -> list[Membership]:
        """All of the member's rows, whatever their state, each with its network, in the order of the networks."""
        if not self._member.is_active:
            return []
        own = Membership.objects.visible_to(self._member).filter(member=self._member.pk)
        return list(own.select_related("network").order_by("network__order", "network__name"))

    @property
    def networks(self) -> list[Network]:
        """Those that the member belongs to now: what `Network.objects.of` gives."""
        return [membership.network for membership in self.active()]

    def active(self) -> list[Membership]:
        return [membership for membership in self.memberships if membership.is_active]

    def in_network(self, network: Network) -> Membership | None:
        return next((row for row in self.memberships if row.network_id == network.pk), None)


def standing_of(member: Member) -> Standing:
    """The one that the request holds, or one that is read now."""
    return member.standing or Standing(member)
