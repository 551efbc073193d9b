"""Who may go on listening. What was true when a socket opened is asked again for as long as it is open."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import OuterRef, Q, Subquery

from forums.models import RoomRole
from network.live.access import accounts, sessions, slices
from network.live.close import Close
from network.models import Member, Membership
from network.models.member import MemberQuerySet


def ended(room_id: int, *, member_id: int, session_key: str, password: str) -> Close | None:
    """Why one listener's access is over by now; None while it is not."""
    if not sessions([session_key]) or accounts([member_id]).get(member_id) != password:
        return Close.SESSION_ENDED
    return None if members(room_id, [member_id]) else Close.NOT_PERMITTED


def belonging(room_id: int) -> MemberQuerySet:
    """Those who may be in a room now: the members of its network, and its speakers; each with their `room_role`, or
    None. `Room.visible_to` says the same of one viewer."""
    of_network = Membership.objects.active().filter(network__rooms=room_id)
    roles = RoomRole.objects.filter(room=room_id)
    here = Q(pk__in=of_network.values("member")) | Q(pk__in=roles.speakers().values("member"))
    role = roles.filter(member=OuterRef("pk")).values("role")[:1]
    found: MemberQuerySet = Member.objects.filter(here, is_active=True).annotate(room_role=Subquery(role))
    return found


def members(room_id: int, member_ids: Collection[int]) -> set[int]:
    """Those of the members who belong in the room."""
    return {
        member
        for some in slices(member_ids)
        for member in belonging(room_id).filter(pk__in=some).values_list("pk", flat=True)
    }
