"""Who is in the rooms. Each process writes down whom it has, and reads what the others have written: with Redis or
without, and whoever ends without a word is forgotten in seconds."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import timedelta

from django.utils import timezone

from forums.models import Room, RoomAttendance, RoomPresence
from forums.models.presence import members_of
from network.models import Member

FORGOTTEN_AFTER = timedelta(hours=1)


def count_in(present: Mapping[int, Collection[int]]) -> None:
    """Writes down who came to sessions that are on: each member once for each room, with the kind of their council
    now. Whoever is in a room before or after its session is not counted."""
    now = timezone.now()
    rooms = Room.objects.filter(pk__in=list(present), opens_at__lte=now + Room.EARLY, closes_at__gt=now)
    on = set(rooms.values_list("pk", flat=True))
    wanted = {member for room in on for member in present[room]}
    kinds = dict(Member.objects.filter(pk__in=wanted).values_list("pk", "organisation__kind"))
    RoomAttendance.objects.bulk_create(
        [
            RoomAttendance(room_id=room, member_id=member, council_kind=kinds[member] or "", at=now)
            for room in sorted(on)
            for member in sorted(present[room])
            if member in kinds
        ],
        ignore_conflicts=True,
    )


def settle(process: uuid.UUID, present: Mapping[int, Collection[int]]) -> dict[int, int]:
    """Writes down which members this process has in which rooms, and says how many there are in each of them,
    everywhere."""
    now = timezone.now()
    RoomPresence.objects.bulk_create(
        [
            RoomPresence(room_id=room, process=process, members=sorted(members), at=now)
            for room, members in present.items()
        ],
        update_conflicts=True,
        unique_fields=["room", "process"],
        update_fields=["members", "at"],
    )
    RoomPresence.objects.filter(at__lt=now - FORGOTTEN_AFTER).delete()
    found: defaultdict[int, list[list[object]]] = defaultdict(list)
    for room, members in RoomPresence.objects.fresh(now).filter(room__in=list(present)).values_list("room", "members"):
        found[room].append(members)
    return {room: len(members_of(lists)) for room, lists in found.items()}
