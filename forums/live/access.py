"""Who may go on listening. What was true when a socket opened is asked again for as long as it is open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Subquery, When
from django.utils import timezone

from forums.models import Room, RoomRole, RoomSanction
from network.live.access import AT_A_TIME, accounts, sessions
from network.live.close import Close
from network.models import Member, Membership
from network.models.member import MemberQuerySet
from network.models.prepared import prepared
from network.sessions import batched, signed_in

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Admission:
    """Who was let in where, as it was when the socket opened."""

    room_id: int
    member_id: int
    password: str  # its hash
    session_key: str
    access_version: int
    role: str  # facilitator, host, speaker or member
    runs: bool = False  # the room


@dataclass(frozen=True, slots=True)
class Asked:
    """One listener of a room, as it was let in."""

    room_id: int
    member_id: int
    session_key: str
    password: str


def admitted(asked: Collection[tuple[int, str]]) -> dict[tuple[int, str], Admission]:
    """Who may come in: of pairs of a room and a session those that may."""
    viewers = signed_in({session_key for _, session_key in asked})
    admissions: dict[tuple[int, str], Admission] = {}
    for room_id, keys in _by_room((room_id, session_key) for room_id, session_key in asked if session_key in viewers):
        # The version first: an end that comes in between is then seen at the next look.
        versions = Room.objects.filter(pk=room_id).values_list("network__access_version", flat=True)
        for version in versions:
            theirs = {viewers[key].pk for key in keys}
            here = {
                member.pk: member
                for some in batched(theirs, AT_A_TIME)
                for member in belonging(room_id).filter(pk__in=some)
            }
            for key in keys:
                member = here.get(viewers[key].pk)
                if member is not None:
                    role = "facilitator" if member.facilitates else member.room_role or "member"  # type: ignore[attr-defined]
                    runs: bool = member.runs_room  # type: ignore[attr-defined]
                    admissions[room_id, key] = Admission(
                        room_id, member.pk, viewers[key].password, key, version, role, runs
                    )
    return admissions


def ended(asked: Collection[Asked]) -> dict[Asked, Close]:
    """Those whose access is over by now, and why."""
    lasting = sessions({one.session_key for one in asked})
    passwords = accounts({one.member_id for one in asked})
    over: dict[Asked, Close] = {}
    for room_id, theirs in _by_room((one.room_id, one) for one in asked):
        belong = members(room_id, {one.member_id for one in theirs})
        for one in theirs:
            if one.session_key not in lasting or passwords.get(one.member_id) != one.password:
                over[one] = Close.SESSION_ENDED
            elif one.member_id not in belong:
                over[one] = Close.NOT_PERMITTED
    return over


def _by_room(pairs: Iterable[tuple[int, Key]]) -> Iterable[tuple[int, list[Key]]]:
    rooms: defaultdict[int, list[Key]] = defaultdict(list)
    for room_id, key in pairs:
        rooms[room_id].append(key)
    return rooms.items()


def belonging(room_id: int, *, closed_after: datetime | None = None) -> MemberQuerySet:
    """Those who may be in a room now: the members of its network, and its speakers, but nobody who was removed from it;
    in one that is locked to readers only those who run it. Each with their `room_role`, or None, with `facilitates` and
    with `runs_room`. `Room.visible_to` and `Room.run_by` say the same of one viewer."""
    of_network = Membership.objects.active().filter(network__rooms=room_id)
    facilitators = Membership.objects.facilitators().filter(network__rooms=room_id)
    roles = RoomRole.objects.filter(room=room_id)
    removed = RoomSanction.objects.removing().filter(room=room_id)
    here = Q(pk__in=of_network.values("member")) | Q(pk__in=roles.speakers(closed_after).values("member"))
    hosts = Q(pk__in=roles.filter(role=RoomRole.Role.HOST).values("member")) & Q(pk__in=of_network.values("member"))
    facilitates = Case(When(pk__in=facilitators.values("member"), then=True), default=False)
    runs = Case(When(Q(pk__in=facilitators.values("member")) | hosts, then=True), default=False)
    role = roles.filter(member=OuterRef("pk")).values("role")[:1]
    is_shut = Exists(Room.objects.filter(pk=room_id, lock=Room.Lock.READING))
    found: MemberQuerySet = (
        Member.objects.filter(here, is_active=True)
        .exclude(pk__in=removed.values("member"))
        .annotate(room_role=Subquery(role), runs_room=runs, facilitates=facilitates)
        .filter(~is_shut | Q(runs_room=True))
    )
    return found


def speakers(room_id: int, asking: Collection[int]) -> dict[int, Member]:
    """Those of the members who belong in the room, by their keys, with all that is shown of them beside what they
    say."""
    return {member.pk: member for member in _speakers(room_id, list(asking), timezone.now() - RoomRole.READS_FOR)}


@prepared
def _speakers(room_id: int, asking: list[int], closed_after: datetime) -> MemberQuerySet:
    return belonging(room_id, closed_after=closed_after).filter(pk__in=asking).select_related("organisation")


def roles_of(room_id: int, asking: Collection[int]) -> dict[int, tuple[str, bool]]:
    """Of those of the members who belong in the room, by their keys: the role in it, if they have one, and whether
    they run it."""
    found = _roles_of(room_id, list(asking), timezone.now() - RoomRole.READS_FOR)
    return {pk: (role or "", bool(runs)) for pk, role, runs in found}


@prepared
def _roles_of(
    room_id: int, asking: list[int], closed_after: datetime
) -> QuerySet[Member, tuple[int, str | None, bool]]:
    here = belonging(room_id, closed_after=closed_after).filter(pk__in=asking)
    return here.values_list("pk", "room_role", "runs_room")  # type: ignore[misc]  # annotated by `belonging`


def members(room_id: int, member_ids: Collection[int]) -> set[int]:
    """Those of the members who belong in the room."""
    return set(who_runs(room_id, member_ids))


def who_runs(room_id: int, member_ids: Collection[int]) -> dict[int, bool]:
    """Those of the members who belong in the room, and whether they run it."""
    return {pk: runs for some in batched(member_ids, AT_A_TIME) for pk, (_, runs) in roles_of(room_id, some).items()}
