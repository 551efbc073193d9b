"""What open sockets are told. Called after commit, from whatever thread has written."""

from __future__ import annotations

from collections.abc import Sequence

from forums.live import process, protocol
from forums.live.log import Line
from forums.models import Room


def lines_written(room: Room, lines: Sequence[Line]) -> None:
    process.tell(room.pk, room.epoch_now(), lambda: [protocol.event(line) for line in lines])


def shut_out(member_id: int, network_id: int) -> None:
    process.shut_out(member_id, network_id)


def session_ended(session_key: str) -> None:
    """Those in other processes find out when they next look."""
    process.end_session(session_key)


async def say_goodbye() -> None:
    """The server stops: every socket is told when to come back, and closed. Returns when they are gone."""
    await process.here().drain()
