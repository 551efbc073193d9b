"""Carries hints from this process to the others: "this is new". One may be lost: whoever hears them looks for itself
from time to time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

logger = logging.getLogger(__name__)


NOBODY = "live.nobody"  # a group that nobody joins


class Bus:
    """One channel of the channel layer for the whole process, in as many groups as it wants to hear of. Never waited
    for: Redis may die and come back, and what it carries comes a little later meanwhile.

    `heard` is called with each hint, which may be of another installation on the same Redis."""

    TIMEOUT = 1.0  # seconds
    MOST_UNDER_WAY = 100

    def __init__(self, heard: Callable[[dict[str, Any]], None]) -> None:
        layer = get_channel_layer()
        # In memory there is no other process to tell.
        self._layer: Any = None if isinstance(layer, InMemoryChannelLayer) else layer
        self._heard = heard
        self._channel = ""
        self._wanted: set[str] = set()
        self._joined: set[str] = set()
        self._arranging: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_away = False  # whoever was to carry the last hint

    @property
    def is_shared(self) -> bool:
        return self._layer is not None

    def join(self, group: str) -> None:
        self._wanted.add(group)
        self._arrange_soon()

    def leave(self, group: str) -> None:
        self._wanted.discard(group)
        self._arrange_soon()

    def publish(self, group: str, hint: dict[str, Any]) -> None:
        if self._layer is not None and len(self._tasks) < self.MOST_UNDER_WAY:
            self._begin(self._publish(group, {"type": "live.hint"} | hint))

    def look(self) -> None:
        """Finds out soon whether a hint would be carried now, for whoever has none to publish."""
        self.publish(NOBODY, {})

    async def _publish(self, group: str, hint: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self.TIMEOUT):
                await self._layer.group_send(group, hint)
            self.is_away = False
        except Exception as error:
            self.is_away = True
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
        for group in self._wanted - self._joined:
            await self._layer.group_add(group, self._channel)
            self._joined.add(group)
            return
        for group in self._joined - self._wanted:
            await self._layer.group_discard(group, self._channel)
            self._joined.discard(group)
            return

    async def _receive(self) -> None:
        while True:
            try:
                self._heard(await self._layer.receive(self._channel))
            except Exception:
                logger.exception("A hint was not understood")
                await asyncio.sleep(self.TIMEOUT)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the event loop itself holds tasks weakly
        task.add_done_callback(self._tasks.discard)
        return task
