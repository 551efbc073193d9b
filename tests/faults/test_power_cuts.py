"""Nothing that was acknowledged is lost, stored twice, shown twice, left out or put in another order, whatever is
killed.

Two hundred browsers say fifty messages a second together. Meanwhile each server process is killed and started again,
and so are Redis and PostgreSQL, and every second one browser in twenty loses its line. The full length is a minute,
with each of two processes killed three times, Redis twice and PostgreSQL once; it is run once. The others run for a
quarter of that with the same faults, each once (of the one process of SQLite twice).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from typing import Protocol

import psycopg
import pytest

from forums.models import Message, Room, RoomEvent
from tests.cast import Cast
from tests.faults.conftest import Processes, on_postgresql, on_sqlite, sessions_of_members, url_of_test_database
from tests.faults.crowd import Crowd, Log, below
from tests.servers import PostgresServer, RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BROWSERS = 200
RATE = 50
DROPPED = 0.05


class Target(Protocol):
    """What can be taken away and given back."""

    def kill(self) -> None: ...

    def start(self) -> None: ...


# When what is killed, as a share of the length, and how long it stays away in seconds.
Fault = tuple[float, Target, float]


def crowd_of(processes: Processes, room: Room, sessions: list[str]) -> Crowd:
    return Crowd(
        room.pk,
        room.epoch,
        processes[0].url,
        [process.socket_address for process in processes],
        sessions,
        RATE,
    )


async def through(crowd: Crowd, faults: list[Fault], length: float) -> None:
    """The crowd talks for so many seconds, and until all that was taken away is back."""
    await crowd.come()
    crowd.talk()
    began = time.monotonic()

    one_at_a_time = defaultdict[int, asyncio.Lock](asyncio.Lock)

    async def fail(at: float, target: Target, away: float) -> None:
        await asyncio.sleep(at * length)
        async with one_at_a_time[id(target)]:
            # On a slow machine the schedule stretches: what is taken away is taken from a room in which people talk.
            await crowd.until(crowd.is_in_use, 120, "most of them could not come back")
            await asyncio.sleep(1)
            note(f"{target} is killed")
            await asyncio.to_thread(target.kill)
            await asyncio.sleep(away)
            await asyncio.to_thread(target.start)
            note(f"{target} is back")
            await asyncio.sleep(1)

    def note(words: str) -> None:  # shown with a test that fails
        sys.stdout.write(f"{time.monotonic() - began:5.1f} s: {words}\n")

    under_way = [asyncio.create_task(fail(*fault)) for fault in faults]
    while time.monotonic() < began + length or not all(task.done() for task in under_way):
        crowd.is_talking = time.monotonic() < began + 2 * length
        await asyncio.sleep(1)
        note(crowd.state())
        crowd.drop(DROPPED)
    for task in under_way:
        task.result()
    await crowd.end()
    note(crowd.state())


def check(crowd: Crowd, log: Log, length: float, processes: Processes) -> None:
    crowd.compare(log)
    sys.stdout.write(
        f"{len(log)} messages, {crowd.state()}, half of them shown within {below(crowd.delays, 0.5):.2f} s, 99 in 100 "
        f"within {below(crowd.delays, 0.99):.2f} s, the last after {below(crowd.delays, 1):.2f} s\n"
    )
    assert crowd.complaints == [], f"{crowd.state()}\n{processes.said_wrong[-4000:]}"
    assert len(log) >= 0.8 * RATE * length, "too little was said for this to mean anything"


def log_of(room: Room) -> Log:
    bodies = dict(Message.objects.filter(room=room).values_list("seq", "body"))
    events = RoomEvent.objects.filter(room=room).order_by("seq").values_list("seq", "client_id")
    return [(seq, client_id, bodies[seq]) for seq, client_id in events]


def log_in(server: PostgresServer, room: Room) -> Log:
    with psycopg.connect(server.url) as connection:
        return connection.execute(
            "select event.seq, event.client_id, message.body from forums_roomevent event"
            " left join forums_message message using (room_id, seq) where room_id = %s order by seq",
            [room.pk],
        ).fetchall()


@on_sqlite
@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_one_process_on_sqlite_loses_nothing(processes: Processes, room: Room, cast: Cast, kind: str) -> None:
    length = 15
    process = processes.add(kind)
    crowd = crowd_of(processes, room, sessions_of_members(room, cast, BROWSERS))

    asyncio.run(through(crowd, [(at, process, 1) for at in (0.1, 0.7)], length))

    check(crowd, log_of(room), length, processes)


@on_postgresql
@pytest.mark.parametrize(
    ("kind", "has_redis", "length", "times"),
    [
        ("uvicorn", True, 60, 3),
        ("daphne", True, 15, 1),
        ("uvicorn", False, 15, 1),
        ("daphne", False, 15, 1),
    ],
    ids=["uvicorn with Redis, a minute", "daphne with Redis", "uvicorn without Redis", "daphne without Redis"],
)
def test_two_processes_on_postgresql_lose_nothing(
    processes: Processes,
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    room: Room,
    cast: Cast,
    kind: str,
    has_redis: bool,
    length: float,
    times: int,
) -> None:
    sessions = sessions_of_members(room, cast, BROWSERS)
    postgres_server.copy(url_of_test_database())
    for _ in range(2):
        processes.add(kind, database_url=postgres_server.url, redis_url=redis_server.url if has_redis else "")
    first, second = processes
    crowd = crowd_of(processes, room, sessions)
    faults: list[Fault] = [(0.45, postgres_server, 0.5)]
    for n in range(times):
        faults += [((n + 0.1) / times, first, 1), ((n + 0.6) / times, second, 1)]
    if has_redis:
        faults += [((n + 0.3) / 2, redis_server, length / 20) for n in range(min(times, 2))]

    asyncio.run(through(crowd, faults, length))

    check(crowd, log_in(postgres_server, room), length, processes)
