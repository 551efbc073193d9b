"""Hints from this process to the others: "this was said". One may be lost: the log is asked every second."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from forums.live.protocol import Event
from network.live import bus

# A room's id, the epoch of its log, its highest number, and the events themselves when they are small.
Heard = Callable[[int, uuid.UUID, int, list[Event]], None]


class Bus:
    """A group of the process's channel for each room that has listeners here. While Redis is away, rooms are half
    a second slower."""

    LARGEST_HINT = 32_000  # bytes
    # Of an older hint only the number counts: what it says may have been hidden since, and the log knows. Where clocks
    # differ by more, every hint is old, and the log is read a little more often.
    FRESH = 1.0  # seconds

    def __init__(self, heard: Heard) -> None:
        self._bus = bus.Bus(self._hear)
        self._heard = heard

    @property
    def is_shared(self) -> bool:
        return self._bus.is_shared

    @property
    def is_away(self) -> bool:
        return self._bus.is_away

    def look(self) -> None:
        self._bus.look()

    def join(self, room_id: int) -> None:
        self._bus.join(_group(room_id))

    def leave(self, room_id: int) -> None:
        self._bus.leave(_group(room_id))

    def publish(self, room_id: int, epoch: uuid.UUID, events: Sequence[Event]) -> None:
        hint: dict[str, Any] = {"room": room_id, "epoch": str(epoch), "top": events[-1].seq, "at": time.time()}
        if sum(event.size for event in events) <= self.LARGEST_HINT:
            hint["events"] = [[event.seq, event.text, event.about, event.at] for event in events]
        self._bus.publish(_group(room_id), hint)

    def _hear(self, hint: dict[str, Any]) -> None:
        is_fresh = abs(time.time() - hint["at"]) < self.FRESH
        events = [Event(*event) for event in hint.get("events", ())] if is_fresh else []
        self._heard(hint["room"], uuid.UUID(hint["epoch"]), hint["top"], events)


def _group(room_id: int) -> str:
    return f"live.room.{room_id}"
