"""The figures of live rooms, and what the site's health says of them."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Sequence

import pytest
from django.test import Client
from django.utils import timezone

from forums import consumers
from forums.live import figures, protocol
from forums.live.access import Admission
from forums.live.figures import Delays, Figures, LastMinute
from forums.live.writer import Writer
from network.models import Worker
from tests.cast import Cast, sign_in

ADDRESS = "/administration/live-rooms/"


@pytest.mark.parametrize("who", [None, "fay", "bob", "olga", "amir", "lena", "sven"])
def test_only_administrators_see_the_figures(client: Client, cast: Cast, who: str | None) -> None:
    if who:
        sign_in(client, getattr(cast, who))
    assert client.get(ADDRESS).status_code in (302, 404)
    assert b"sockets" not in client.get(ADDRESS).content


def test_administrators_see_a_figure_a_line(client: Client, cast: Cast) -> None:
    sign_in(client, cast.ada)
    answer = client.get(ADDRESS)
    assert answer.status_code == 200
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    figures = dict(line.rsplit(" ", 1) for line in lines)
    assert {"sockets", "rooms", "writer_waiting", "gathers_ms", "ring_misses", "rescues"} <= figures.keys()
    assert {"opened_in_a_second", "unacknowledged", "resets", 'loop_late{step="up to 10 ms"}'} <= figures.keys()
    assert all(figure.isdecimal() for figure in figures.values())


def test_delays_are_counted_in_the_step_that_they_end_in() -> None:
    delays = Delays()
    for seconds in (0.0, 0.01, 0.011, 4.0, 60.0):
        delays.add(seconds)
    steps = dict(delays.steps())
    assert (steps["up to 10 ms"], steps["up to 25 ms"], steps["up to 5000 ms"]) == (2, 1, 1)
    assert steps["more than 5000 ms"] == 1


def test_those_of_the_last_minute_are_counted_by_the_second() -> None:
    lately = LastMinute()
    for at in (0.5, 0.9, 1.1, 59.9, 60.2, 60.4, 60.6):
        lately.add(at)
    assert (lately.total(60.9), lately.most(60.9)) == (5, 3)
    assert (lately.total(118.9), lately.total(119.5), lately.total(200.0)) == (4, 3, 0)


def test_what_browsers_are_refused_is_counted_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "here", Figures())
    admission = Admission(1, 1, "", "", 0, "member")

    async def story() -> None:
        await consumers.answer_to(protocol.Send(uuid.uuid4(), ""), admission)

    asyncio.run(story())
    assert figures.here.refused == {"invalid": 1}


def test_a_writer_that_is_stuck_makes_the_site_unwell(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    Worker.objects.create(name="one", seen_at=timezone.now())
    stuck = threading.Event()

    def write(room_id: int, items: Sequence[str]) -> list[int | Exception]:
        stuck.wait(10)
        return [1] * len(items)

    writer: Writer[str, int] = Writer(write)
    monkeypatch.setattr(consumers, "writer", writer)

    async def story() -> None:
        writing = asyncio.create_task(writer.submit(1, "a message"))
        while writer.busy_for < 0.05:
            await asyncio.sleep(0.01)
        assert consumers.writer_problem() is None  # it takes a moment
        monkeypatch.setattr(consumers, "WRITER_IS_STUCK", 0.05)
        assert "nothing was written" in (consumers.writer_problem() or "")
        stuck.set()
        await writing

    began = time.monotonic()
    asyncio.run(story())
    while writer.busy_for:  # whoever sent it is told a moment before the batch is over
        time.sleep(0.01)
    assert consumers.writer_problem() is None
    assert time.monotonic() - began < 5


def test_the_health_page_says_what_is_wrong_with_live_rooms(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    Worker.objects.create(name="one", seen_at=timezone.now())
    assert client.get("/health/").status_code == 200
    monkeypatch.setattr(Writer, "busy_for", 7.9)
    answer = client.get("/health/")
    assert (answer.status_code, answer.content) == (503, b"Live rooms: nothing was written for 7 seconds.\n")
