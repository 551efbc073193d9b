"""One thread that writes what the sockets of this process want written: while one transaction commits, the next batch
gathers. A commit for many costs what a commit for one costs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError, connection

from forums.live import figures

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


class Busy(Exception):
    """Too much is waiting, or the database is away. Nothing was written; try again later."""


class Writer(Generic[Item, Result]):
    """Hands items to `write(room_id, items)` in batches of one room, in the order they came. `write` returns one
    result per item, after its commit. The thread begins with the first item and ends with the process."""

    LARGEST_BATCH = 200
    LONGEST_QUEUE = 2_000
    PATIENCE = 10.0  # seconds, with a database that does not answer
    IDLE = 1.0  # seconds, after which the connection goes back

    def __init__(self, write: Callable[[int, Sequence[Item]], Sequence[Result | Exception]]) -> None:
        self._write = write
        self._queue: queue.Queue[_Waiting[Item, Result]] = queue.Queue(self.LONGEST_QUEUE)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._began: float | None = None  # the batch under way, by time.monotonic

    async def submit(self, room_id: int, item: Item) -> Result | Exception:
        """What became of the item, once it is certain. A socket that goes away meanwhile does not stop the writing.
        Raises Busy."""
        self._start()
        waiting = _Waiting[Item, Result](room_id, item)
        try:
            self._queue.put_nowait(waiting)
        except queue.Full as full:
            figures.here.refused_busy += 1
            raise Busy from full
        return await asyncio.shield(waiting.future)

    @property
    def waiting(self) -> int:
        return self._queue.qsize()

    @property
    def busy_for(self) -> float:
        """Seconds since the batch began that is under way now; 0 where there is none."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="live-writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            batch = self._gather()
            rooms: dict[int, list[_Waiting[Item, Result]]] = {}
            for waiting in batch:
                rooms.setdefault(waiting.room_id, []).append(waiting)
            for room_id, waiters in rooms.items():
                began = self._began = time.monotonic()
                try:
                    self._write_batch(room_id, waiters)
                except Exception as error:
                    logger.exception("A batch was not written")
                    _settle(waiters, [error] * len(waiters))
                finally:
                    self._began = None
                figures.here.batches += 1
                figures.here.written += len(waiters)
                figures.here.written_in.add(time.monotonic() - began)

    def _gather(self) -> list[_Waiting[Item, Result]]:
        try:
            batch = [self._queue.get(timeout=self.IDLE)]
        except queue.Empty:
            connection.close()
            batch = [self._queue.get()]
        while len(batch) < self.LARGEST_BATCH:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write_batch(self, room_id: int, waiters: list[_Waiting[Item, Result]]) -> None:
        deadline = time.monotonic() + self.PATIENCE
        while True:
            try:
                _settle(waiters, self._write(room_id, [waiting.item for waiting in waiters]))
            except (OperationalError, InterfaceError):
                # Trying again is safe even when the commit did happen: the same client id is the same event.
                connection.close()
                if time.monotonic() > deadline:
                    logger.exception("The database did not take a batch")
                    _settle(waiters, [Busy()] * len(waiters))
                    return
                time.sleep(0.2)
            except Exception as error:
                if len(waiters) == 1:
                    logger.exception("An item was not written")
                    _settle(waiters, [error])
                    return
                # One that cannot be written must not take the others with it.
                for waiting in waiters:
                    self._write_batch(room_id, [waiting])
                return
            else:
                return


class _Waiting(Generic[Item, Result]):
    """An item and the socket that waits for it."""

    __slots__ = ("future", "item", "loop", "room_id")

    def __init__(self, room_id: int, item: Item) -> None:
        self.room_id = room_id
        self.item = item
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Result | Exception] = self.loop.create_future()

    def settle(self, result: Result | Exception) -> None:
        # A value even when it is an exception: nobody may be waiting any more.
        if not self.future.done():
            self.future.set_result(result)


def _settle(waiters: Sequence[_Waiting[Item, Result]], results: Sequence[Result | Exception]) -> None:
    for waiting, result in zip(waiters, results, strict=True):
        with contextlib.suppress(RuntimeError):  # its event loop has closed
            waiting.loop.call_soon_threadsafe(waiting.settle, result)
