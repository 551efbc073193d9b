"""What open sockets are told. Called after commit, from whatever thread has written."""

from __future__ import annotations

from collections.abc import Sequence

from network.live import notices


def notices_changed(member_ids: Sequence[int]) -> None:
    """Whose notices are more, or fewer, than before. Those in other processes find out when they next look."""
    notices.tell(member_ids)


def session_ended(session_key: str) -> None:
    notices.end_session(session_key)


async def say_goodbye() -> None:
    """The server stops: every socket is closed, and its browser comes back. Returns when they are gone."""
    await notices.drain()
