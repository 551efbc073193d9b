"""Carries hints from this process to the others: "this was said". One may be lost: the log is asked every second."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from forums.live.protocol import Event

logger = logging.getLogger(__name__)

# A room's id, the epoch of its log, its highest number, and the events themselves when they are small.
Heard = Callable[[int, uuid.UUID, int, list[Event]], None]


class Bus:
    """One channel of the channel layer for the whole process, in one group for each room that has listeners here.
    Never waited for: Redis may die and come back, and rooms are a second slower meanwhile."""

    TIMEOUT = 1.0  # seconds
    LARGEST_HINT = 32_000  # bytes
    MOST_UNDER_WAY = 100
    # Of an older hint only the number counts: what it says may have been hidden since, and the log knows. Where clocks
    # differ by more, every hint is old, and the log is read a little more often.
    FRESH = 1.0  # seconds

    def __init__(self, heard: Heard) -> None:
        layer = get_channel_layer()
        # In memory there is no other process to tell.
        self._layer: Any = None if isinstance(layer, InMemoryChannelLayer) else layer
        self._heard = heard
        self._channel = ""
        self._wanted: set[int] = set()
        self._joined: set[int] = set()
        self._arranging: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_shared(self) -> bool:
        return self._layer is not None

    def join(self, room_id: int) -> None:
        self._wanted.add(room_id)
        self._arrange_soon()

    def leave(self, room_id: int) -> None:
        self._wanted.discard(room_id)
        self._arrange_soon()

    def publish(self, room_id: int, epoch: uuid.UUID, events: Sequence[Event]) -> None:
        if self._layer is None or len(self._tasks) >= self.MOST_UNDER_WAY:
            return
        hint: dict[str, Any] = {"type": "live.hint", "room": room_id, "epoch": str(epoch), "top": events[-1].seq}
        hint["at"] = time.time()
        if sum(event.size for event in events) <= self.LARGEST_HINT:
            hint["events"] = [[event.seq, event.text, event.about] for event in events]
        self._begin(self._publish(_group(room_id), hint))

    async def _publish(self, group: str, hint: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self.TIMEOUT):
                await self._layer.group_send(group, hint)
        except Exception as error:
            logger.info("A hint was lost: %r", error)

    def _arrange_soon(self) -> None:
        if self._layer is not None and self._arranging is None:
            self._arranging = self._begin(self._arrange())

    async def _arrange(self) -> None:
        """Joins and leaves groups until they are the wanted ones, however long Redis is away."""
        try:
            while self._joined != self._wanted:
                try:
                    async with asyncio.timeout(self.TIMEOUT):
                        await self._arrange_one()
                except Exception as error:
                    logger.info("The channel layer did not answer: %r", error)
                    await asyncio.sleep(self.TIMEOUT)
        finally:
            self._arranging = None

    async def _arrange_one(self) -> None:
        if not self._channel:
            self._channel = await self._layer.new_channel()
            self._begin(self._receive())
        for room_id in self._wanted - self._joined:
            await self._layer.group_add(_group(room_id), self._channel)
            self._joined.add(room_id)
            return
        for room_id in self._joined - self._wanted:
            await self._layer.group_discard(_group(room_id), self._channel)
            self._joined.discard(room_id)
            return

    async def _receive(self) -> None:
        while True:
            try:
                hint = await self._layer.receive(self._channel)
                is_fresh = abs(time.time() - hint["at"]) < self.FRESH
                events = [Event(*event) for event in hint.get("events", ())] if is_fresh else []
                self._heard(hint["room"], uuid.UUID(hint["epoch"]), hint["top"], events)
            except Exception:
                logger.exception("A hint was not understood")
                await asyncio.sleep(self.TIMEOUT)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the event loop itself holds tasks weakly
        task.add_done_callback(self._tasks.discard)
        return task


def _group(room_id: int) -> str:
    return f"live.room.{room_id}"
