"""One thread writes for all sockets, many messages to a commit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest
from django.db import OperationalError

from forums.live.writer import Busy, Writer
from tests.forums.stories import run


class Book:
    """What was written, batch by batch."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes = takes
        self.batches: list[tuple[int, list[str]]] = []

    def write(self, room_id: int, items: Sequence[str]) -> list[str | Exception]:
        time.sleep(self.takes)
        if "poison" in items:
            raise ValueError("this cannot be written")
        self.batches.append((room_id, list(items)))
        return [item.upper() for item in items]


def test_each_hears_what_became_of_its_own() -> None:
    async def story() -> list[object]:
        writer: Writer[str, str] = Writer(Book().write)
        return await asyncio.gather(*(writer.submit(1, item) for item in ("a", "b", "c")))

    assert run(story) == ["A", "B", "C"]


def test_what_gathers_during_a_commit_is_written_in_the_next_in_order() -> None:
    book = Book(takes=0.05)

    async def story() -> None:
        writer: Writer[str, str] = Writer(book.write)
        first = asyncio.create_task(writer.submit(1, "0"))
        await asyncio.sleep(0.02)
        await asyncio.gather(first, *(writer.submit(n % 2, str(n)) for n in range(1, 21)))

    run(story)
    assert book.batches == [
        (1, ["0"]),
        (1, [str(n) for n in range(1, 21) if n % 2]),
        (0, [str(n) for n in range(1, 21) if not n % 2]),
    ]


def test_one_that_cannot_be_written_does_not_take_the_others_with_it() -> None:
    async def story() -> list[object]:
        writer: Writer[str, str] = Writer(Book(takes=0.02).write)
        return await asyncio.gather(*(writer.submit(1, item) for item in ("first", "a", "poison", "b")))

    first, a, poison, b = run(story)
    assert (first, a, b) == ("FIRST", "A", "B")
    assert isinstance(poison, ValueError)


def test_a_database_that_is_away_for_a_moment_is_waited_for() -> None:
    tries: list[int] = []

    def write(room_id: int, items: Sequence[str]) -> list[str | Exception]:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("the server is starting up")
        return list(items)

    async def story() -> object:
        writer: Writer[str, str] = Writer(write)
        return await writer.submit(1, "patience")

    assert run(story) == "patience"


def test_a_database_that_stays_away_makes_the_room_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Writer, "PATIENCE", 0.0)

    def write(room_id: int, items: Sequence[str]) -> list[str | Exception]:
        raise OperationalError("nobody there")

    async def story() -> object:
        writer: Writer[str, str] = Writer(write)
        return await writer.submit(1, "hello?")

    assert isinstance(run(story), Busy)


def test_a_queue_that_is_full_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Writer, "LONGEST_QUEUE", 1)

    async def story() -> None:
        writer: Writer[str, str] = Writer(Book(takes=0.2).write)
        waiting = [asyncio.create_task(writer.submit(1, "being written"))]
        await asyncio.sleep(0.05)
        waiting.append(asyncio.create_task(writer.submit(1, "in the queue")))
        await asyncio.sleep(0.05)
        with pytest.raises(Busy):
            await writer.submit(1, "one too many")
        await asyncio.gather(*waiting)

    run(story)


def test_a_socket_that_goes_away_does_not_stop_the_writing() -> None:
    book = Book(takes=0.05)

    async def story() -> None:
        writer: Writer[str, str] = Writer(book.write)
        first = asyncio.create_task(writer.submit(1, "first"))
        await asyncio.sleep(0.01)
        gone = asyncio.create_task(writer.submit(1, "said, then the tab was closed"))
        await asyncio.sleep(0.01)
        gone.cancel()
        await first
        await asyncio.sleep(0.1)

    run(story)
    assert book.batches[-1] == (1, ["said, then the tab was closed"])
