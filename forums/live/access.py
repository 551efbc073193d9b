"""Who may go on listening. What was true when a socket opened is asked again for as long as it is open."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeVar

from django.contrib.sessions.models import Session
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from forums.live.protocol import Close
from forums.models import RoomRole
from network.models import Member, Membership
from network.models.member import MemberQuerySet

Key = TypeVar("Key")

# Databases limit how many values one query may name.
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """One listener of a room, as it was let in."""

    member_id: int
    session_key: str
    password: str


def ended(room_id: int, asked: Collection[Asked]) -> dict[Asked, Close]:
    """Those whose access to the room is over by now, and why."""
    member_ids = {one.member_id for one in asked}
    lasting, passwords = sessions({one.session_key for one in asked}), accounts(member_ids)
    belong = members(room_id, member_ids)
    over: dict[Asked, Close] = {}
    for one in asked:
        if one.session_key not in lasting or passwords.get(one.member_id) != one.password:
            over[one] = Close.SESSION_ENDED
        elif one.member_id not in belong:
            over[one] = Close.NOT_PERMITTED
    return over


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
        for some in _slices(member_ids)
        for member in belonging(room_id).filter(pk__in=some).values_list("pk", flat=True)
    }


def sessions(keys: Collection[str]) -> set[str]:
    """Those of the sessions that have not ended."""
    return {
        key
        for some in _slices(keys)
        for key in Session.objects.filter(session_key__in=some, expire_date__gt=timezone.now()).values_list(
            "session_key", flat=True
        )
    }


def accounts(member_ids: Collection[int]) -> dict[int, str]:
    """The active ones, each with the hash of its password: a session does not outlive a change of it."""
    return {
        member: password
        for some in _slices(member_ids)
        for member, password in Member.objects.filter(pk__in=some, is_active=True).values_list("pk", "password")
    }


def _slices(keys: Collection[Key]) -> Iterator[list[Key]]:
    listed = list(keys)
    for start in range(0, len(listed), AT_A_TIME):
        yield listed[start : start + AT_A_TIME]
