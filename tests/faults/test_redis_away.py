"""Redis only makes things quicker. Without it for a minute, or with one that answers nobody, every socket stays open,
no page fails, what is said crosses from one process to the other, and afterwards all is as it was."""

from __future__ import annotations

import asyncio
import time
import uuid

import httpx
import pytest

from forums.models import Room
from tests.cast import Cast
from tests.faults.conftest import Processes, on_postgresql, sessions_of_members
from tests.faults.crowd import Crowd, below
from tests.faults.test_power_cuts import log_of
from tests.servers import RedisServer

pytestmark = [pytest.mark.slow, on_postgresql]


class Readers:
    """Ask both processes for pages all the time, and send something by the plain form."""

    def __init__(self, processes: Processes, room: Room, session: str) -> None:
        self.processes = processes
        self.room = room
        self.cookies = {"sessionid": session, "csrftoken": "t" * 32}
        self.answers: list[tuple[str, int]] = []

    async def read(self) -> None:
        async with httpx.AsyncClient(cookies=self.cookies, timeout=20) as client:
            while True:
                for process in self.processes:
                    for path in (f"/rooms/{self.room.pk}/", "/networks/"):
                        answer = await client.get(f"http://127.0.0.1:{process.port}{path}")
                        self.answers.append((path, answer.status_code))
                await asyncio.sleep(2)

    async def send(self) -> int:
        form = {"body": "By the plain form", "form_id": str(uuid.uuid4()), "csrfmiddlewaretoken": "t" * 32}
        async with httpx.AsyncClient(cookies=self.cookies, timeout=20) as client:
            answer = await client.post(
                f"{self.processes[0].url}/rooms/{self.room.pk}/send/",
                data=form,
                headers={"Origin": self.processes[0].url},
            )
            return answer.status_code


@pytest.mark.parametrize(("how", "seconds", "longest"), [("killed", 60, 3), ("frozen", 20, 6)])
def test_without_redis_no_socket_closes_no_page_fails_and_messages_still_cross(
    processes: Processes, redis_server: RedisServer, room: Room, cast: Cast, how: str, seconds: int, longest: int
) -> None:
    """Killed for the full minute; frozen for a third of it, when whoever finds out waits for two seconds first. About a
    second is how often the log is asked."""
    *sessions, of_reader = sessions_of_members(room, cast, 31)
    for _ in range(2):
        processes.add("uvicorn", redis_url=redis_server.url)
    crowd = Crowd(
        room.pk, room.epoch, processes[0].url, [process.socket_address for process in processes], sessions, rate=10
    )
    readers = Readers(processes, room, of_reader)
    form: list[int] = []
    delays: dict[str, float] = {}

    async def story() -> None:
        await crowd.come()
        crowd.talk()
        reading = asyncio.create_task(readers.read())
        await asyncio.sleep(3)
        if how == "killed":
            redis_server.kill()
        else:
            redis_server.freeze()
        crowd.crossing.clear()
        began = time.monotonic()
        form.append(await readers.send())
        await asyncio.sleep(seconds - (time.monotonic() - began))
        delays["without"] = below(crowd.crossing, 0.99)
        delays["half of them without"] = below(crowd.crossing, 0.5)
        if how == "killed":
            await asyncio.to_thread(redis_server.start)
        else:
            redis_server.thaw()
        await asyncio.sleep(4)
        # Hints go from process to process again: without any, half of them would take as long as before. On a machine
        # that has something else to do for a while, they are looked at again.
        for _ in range(5):
            crowd.crossing.clear()
            await asyncio.sleep(6)
            delays["half of them afterwards"] = below(crowd.crossing, 0.5)
            if delays["half of them afterwards"] < 0.7 * delays["half of them without"]:
                break
        assert not reading.done(), reading.exception()
        reading.cancel()
        await crowd.end()

    asyncio.run(story())

    assert crowd.happened == {}, "a socket closed, or a message was put off"
    assert [answer for answer in readers.answers if answer[1] != 200] == []
    assert form == [302]
    assert delays["without"] < longest
    assert delays["half of them afterwards"] < 0.7 * delays["half of them without"]
    log = log_of(room)
    plain = [line for line in log if line[2] == "By the plain form"]
    assert len(plain) == 1
    crowd.said |= {str(line[1]): type(next(iter(crowd.said.values())))(str(line[1]), line[2]) for line in plain}
    crowd.compare(log)
    assert crowd.complaints == []
