"""Runs an asynchronous story to its end, whatever else the test's own thread is doing: Playwright, once started, keeps
an event loop in it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(story: Callable[[], Coroutine[Any, Any, Result]], within: float = 20) -> Result:
    async def told() -> Result:
        async with asyncio.timeout(within):
            return await story()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(told())).result()


class _Hasty(selectors.SelectSelector):
    """Waits for nothing: the time goes on instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += max(timeout or 0.0, 0.0)
        return super().select(0)


class _HastyLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._hasty = _Hasty()
        super().__init__(self._hasty)

    def time(self) -> float:
        return self._hasty.now


def run_by_itself(story: Callable[[], Coroutine[Any, Any, Result]], within: float = 1_000) -> Result:
    """The same by a clock that goes on whenever there is nothing to do: exact, and an hour is over at once. For stories
    in which nothing but asyncio waits, for no thread and no socket."""

    async def told() -> Result:
        async with asyncio.timeout(within):
            return await story()

    def run() -> Result:
        with asyncio.Runner(loop_factory=_HastyLoop) as runner:
            return runner.run(told())

    # In a thread of its own from beginning to end: a browser may keep a loop going in the test's.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()
