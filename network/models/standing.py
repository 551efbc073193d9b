from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from network.models.member import Member
from network.models.network import Membership, MembershipQuerySet, Network
from network.models.prepared import Marks, prepared

Answer = TypeVar("Answer")


class Standing:
    """What a member is in each network, read once. A request that only reads has one on its member, so that the
    header, the view and what stands on the page ask once between them (`network.middleware`). Whoever writes asks anew:
    there is none then. It never widens reach: what may be seen still starts at `visible_to`."""

    def __init__(self, member: Member, memberships: list[Membership] | None = None) -> None:
        """`memberships`: as they are now, where somebody has just read them."""
        self.member = member
        if memberships is not None:
            self.memberships = memberships
        self._asked: dict[str, Any] = {}

    def once(self, name: str, ask: Callable[[], Answer]) -> Answer:
        """What a package above asks once for a request, under a name of its own."""
        if name not in self._asked:
            self._asked[name] = ask()
        answer: Answer = self._asked[name]
        return answer

    @cached_property
    def memberships(self) -> list[Membership]:
        """All of the member's rows, whatever their state, each with its network, in the order of the networks."""
        if not self.member.is_active:
            return []
        return _memberships(self.member)

    @cached_property
    def floor(self) -> datetime | None:
        """The earliest of the moments from which on something may be unread in one of their networks."""
        return min((membership.read_before for membership in self.active()), default=None)

    @property
    def networks(self) -> list[Network]:
        """Those that the member belongs to now: what `Network.objects.of` gives."""
        return [membership.network for membership in self.active()]

    def active(self) -> list[Membership]:
        return [membership for membership in self.memberships if membership.is_active]

    def in_network(self, network: Network) -> Membership | None:
        return self._by_network.get(network.pk)

    @cached_property
    def _by_network(self) -> dict[int, Membership]:
        return {row.network_id: row for row in self.memberships}

    # Prepared queries may be asked with it: they see how many networks there are, and of each the number and the floor.

    def shape(self) -> tuple[int, bool]:
        return len(self.active()), self.member.is_active

    def bound(self) -> list[int | datetime]:
        rows = self.active()
        floors = [self.floor] if self.floor else []
        return [self.member.pk, *floors, *(value for row in rows for value in (row.network_id, row.read_before))]

    def marked(self, marks: Marks) -> Standing:
        member = marks.member(self.member)
        member.standing = marked = Standing(member)
        marked.floor = marks.moment() if self.active() else None
        marked.memberships = [
            Membership(network_id=marks.number(), read_before=marks.moment(), state=Membership.State.ACTIVE)
            for _ in self.active()
        ]
        return marked


@prepared
def _memberships(member: Member) -> MembershipQuerySet:
    own = Membership.objects.visible_to(member).filter(member=member.pk)
    return own.select_related("network").order_by("network__order", "network__name")


def standing_of(member: Member) -> Standing:
    """The one that the request holds, or one that is read now."""
    return member.standing or Standing(member)
