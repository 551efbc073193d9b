"""Reads for the live engine. They have threads of their own: a slow page elsewhere must not keep a room waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

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
