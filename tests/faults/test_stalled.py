"""A browser that takes nothing more, as one on a line that has died without a word, costs the room no memory worth
speaking of, is let go, and gets everything when it comes back."""

from __future__ import annotations

import asyncio
import json
import socket as net
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from forums.models import Room
from tests.cast import Cast
from tests.faults.conftest import Process, Processes, on_postgresql, on_sqlite, sessions_of_members
from tests.faults.crowd import Crowd
from tests.faults.test_power_cuts import log_of

pytestmark = pytest.mark.slow

BROWSERS, STALLED = 76, 4
MOST = 4 * 1024 * 1024  # bytes that all the stalled together may cost: a window each, and what surrounds it


@pytest.mark.parametrize(
    "kind", [pytest.param("daphne", marks=on_sqlite), pytest.param("uvicorn", marks=on_postgresql)]
)
def test_the_stalled_are_closed_cost_little_and_resume(processes: Processes, room: Room, cast: Cast, kind: str) -> None:
    process = processes.add(kind)
    sessions = sessions_of_members(room, cast, BROWSERS + STALLED)
    crowd = Crowd(room.pk, room.epoch, process.url, [process.socket_address], sessions, rate=15)
    stalled, crowd.browsers = crowd.browsers[:STALLED], crowd.browsers[STALLED:]

    async def story() -> tuple[int, int, float]:
        lines = [await stall(process, room, browser.session) for browser in stalled]
        await crowd.come()
        crowd.talk()
        await asyncio.sleep(3)
        before = memory(process)
        began = time.monotonic()
        # Long enough to fill what the kernel keeps for a line, and to lose patience then.
        for browser in crowd.browsers:
            for number in range(6):
                browser.say(f"{number} " + "a long message" * 60)
        await asyncio.wait_for(asyncio.gather(*(gone(process, line) for line in lines)), 60)
        closed_after = time.monotonic() - began
        after = memory(process)
        crowd.browsers += stalled
        crowd._tasks += [asyncio.create_task(browser.live()) for browser in stalled]
        await crowd.end()
        for line in lines:
            line.close()
        return before, after, closed_after

    before, after, closed_after = asyncio.run(story())

    crowd.compare(log_of(room))
    assert crowd.complaints == [], processes.said_wrong[-3000:]
    assert closed_after < 45
    assert after - before < MOST + 12 * 1024 * 1024, f"{(after - before) / 1024**2:.1f} MB"  # the ring takes its part
    # So many speak at once that the room asks some to say it again a second later, which they did.
    assert crowd.happened.keys() <= {"busy"}, "the others noticed something"


async def stall(process: Process, room: Room, session: str) -> asyncio.Transport:
    """Says hello from the start, and never reads again. Returns the line. Of its side next to nothing fits on the line,
    so that the server's side fills soon."""
    line = net.socket()
    line.setsockopt(net.SOL_SOCKET, net.SO_RCVBUF, 4096)
    line.setsockopt(net.IPPROTO_TCP, net.TCP_MAXSEG, 536)  # the kernel keeps so many packets, of whatever size
    line.connect(("127.0.0.1", process.port))
    socket = await connect(
        f"{process.socket_address}/live/rooms/{room.pk}/",
        origin=process.url,  # type: ignore[arg-type]
        additional_headers={"Cookie": f"sessionid={session}"},
        sock=line,
        compression=None,
        ping_interval=None,
    )
    await socket.send(json.dumps({"t": "hello", "v": 1, "epoch": str(room.epoch), "since": 0}))
    await socket.recv()
    socket.transport.pause_reading()
    return socket.transport


async def gone(process: Process, line: asyncio.Transport) -> None:
    """Until the server holds no socket to that browser any more."""
    port = line.get_extra_info("sockname")[1]
    pair = f":{process.port:04X}", f":{port:04X}"
    while any(
        fields[1].endswith(pair[0]) and fields[2].endswith(pair[1]) and fields[3] == "01"
        for fields in (row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:])
    ):
        await asyncio.sleep(0.2)


def memory(process: Process) -> int:
    """What the process has in memory, in bytes."""
    assert process.process
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))
