"""Runs an asynchronous story to its end, whatever else the test's own thread is doing: Playwright, once started, keeps
an event loop in it."""

from __future__ import annotations

import asyncio
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
