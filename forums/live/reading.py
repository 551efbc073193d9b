"""Reads for the live rooms, on threads of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from network.live.reading import Readers

Key = TypeVar("Key")
Answer = TypeVar("Answer")

read = Readers("live-reading", threads=2).read


class Together(Generic[Key, Answer]):
    """Asks once for all who ask at the same time: while one read is under way, the next round gathers. After an outage
    everybody comes at the same time, and a query for a thousand costs little more than one for one."""

    def __init__(self, query: Callable[[Collection[Key]], Mapping[Key, Answer]]) -> None:
        self._query = query
        self._rounds: WeakKeyDictionary[asyncio.AbstractEventLoop, _Rounds[Key, Answer]] = WeakKeyDictionary()

    async def ask(self, key: Key) -> Answer | None:
        """What the query answers for this key; it begins after this call."""
        loop = asyncio.get_running_loop()
        rounds = self._rounds.setdefault(loop, _Rounds())
        if rounds.next is None:
            rounds.next = loop.create_task(self._read(rounds))
        rounds.keys.add(key)
        return (await asyncio.shield(rounds.next)).get(key)

    async def _read(self, rounds: _Rounds[Key, Answer]) -> Mapping[Key, Answer]:
        async with rounds.one:
            keys, rounds.keys, rounds.next = rounds.keys, set(), None
            return await read(self._query, keys)


class _Rounds(Generic[Key, Answer]):
    """Those of one event loop."""

    def __init__(self) -> None:
        self.one = asyncio.Lock()
        self.keys: set[Key] = set()
        self.next: asyncio.Task[Mapping[Key, Answer]] | None = None
