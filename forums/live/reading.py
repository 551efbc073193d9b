"""Reads for the live engine. They have threads of their own: a slow page elsewhere must not keep a room waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db import InterfaceError, OperationalError, connection

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

Key = TypeVar("Key")
Answer = TypeVar("Answer")

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live-reading")


async def read(query: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Runs a function that reads the database, on another thread. The threads keep their connections: to open one takes
    ten times as long as most of what is asked. One that has gone is opened anew, and the function runs once more."""

    def run() -> Result:
        try:
            return query(*args, **kwargs)
        except (OperationalError, InterfaceError):
            connection.close()
            return query(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_threads, run)


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
