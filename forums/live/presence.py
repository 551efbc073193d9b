"""Who is in the rooms. Each process writes down whom it has, and reads what the others have written: with Redis or
without, and whoever ends without a word is forgotten in seconds."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import timedelta

from django.utils import timezone

from forums.models import RoomPresence
from forums.models.presence import members_of

FORGOTTEN_AFTER = timedelta(hours=1)


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
