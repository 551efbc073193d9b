"""Reads for open sockets. They have threads of their own: a slow page elsewhere must not keep a socket waiting, nor the
sockets of one kind those of another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Readers:
    """So many threads that read the database."""

    def __init__(self, name: str, *, threads: int) -> None:
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    async def read(
        self, query: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Runs a function that reads the database, on one of the threads. They keep their connections: to open one
        takes ten times as long as most of what is asked. One that has gone is opened anew, and the function runs once
        more."""

        def run() -> Result:
            try:
                return query(*args, **kwargs)
            except (OperationalError, InterfaceError):
                connection.close()
                return query(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)
