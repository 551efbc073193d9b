"""Who may go on listening. What was true when a socket opened is asked again for as long as it is open."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

from django.contrib.sessions.models import Session
from django.db.models import Case, Exists, OuterRef, Q, Subquery, When
from django.utils import timezone

from forums.live.protocol import Close
from forums.models import Room, RoomRole, RoomSanction
from network.models import Member, Membership
from network.models.member import MemberQuerySet

Key = TypeVar("Key")

# Databases limit how many values one query may name.
AT_A_TIME = 500


def ended(room_id: int, *, member_id: int, session_key: str, password: str) -> Close | None:
    """Why one listener's access is over by now; None while it is not."""
    if not sessions([session_key]) or accounts([member_id]).get(member_id) != password:
        return Close.SESSION_ENDED
    return None if members(room_id, [member_id]) else Close.NOT_PERMITTED


def belonging(room_id: int) -> MemberQuerySet:
    """Those who may be in a room now: the members of its network, and its speakers, but nobody who was removed from it;
    in one that is locked to readers only those who run it. Each with their `room_role`, or None, and with `runs_room`.
    `Room.visible_to` and `Room.run_by` say the same of one viewer."""
    of_network = Membership.objects.active().filter(network__rooms=room_id)
    facilitators = Membership.objects.facilitators().filter(network__rooms=room_id)
    roles = RoomRole.objects.filter(room=room_id)
    removed = RoomSanction.objects.removing().filter(room=room_id)
    here = Q(pk__in=of_network.values("member")) | Q(pk__in=roles.speakers().values("member"))
    hosts = Q(pk__in=roles.filter(role=RoomRole.Role.HOST).values("member")) & Q(pk__in=of_network.values("member"))
    runs = Case(When(Q(pk__in=facilitators.values("member")) | hosts, then=True), default=False)
    role = roles.filter(member=OuterRef("pk")).values("role")[:1]
    is_shut = Exists(Room.objects.filter(pk=room_id, lock=Room.Lock.READING))
    found: MemberQuerySet = (
        Member.objects.filter(here, is_active=True)
        .exclude(pk__in=removed.values("member"))
        .annotate(room_role=Subquery(role), runs_room=runs)
        .filter(~is_shut | Q(runs_room=True))
    )
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
