"""Who came to a session."""

from __future__ import annotations

from forums.live.presence import count_in
from forums.models import Room, RoomAttendance
from network.models import Member


def attend_room(room: Room, *, by: Member) -> None:
    """Part of showing a live room to somebody who may enter it: while its session is on they have come. Those who have
    scripts are counted by their socket, those who have none by this. One query where it is written down already."""
    if room.is_open() and not RoomAttendance.objects.filter(room=room, member=by).exists():
        count_in({room.pk: [by.pk]})
