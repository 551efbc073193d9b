"""Many browsers in one room, without the browsers: each speaks the protocol and comes back as our script does
(`static/forums/live/`), and keeps to its own schedule of messages, whatever happens to its socket.

What the server sends is judged as it comes. Within one socket the numbers go on from where the browser was, one by one;
under one number everybody is told the same. What is wrong stands in `complaints`, at the end compared with the log.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from typing import Any

from django.conf import settings
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

Frame = dict[str, Any]
# Number, the name its browser gave it, its words: a room's log as the database holds it.
Log = list[tuple[int, uuid.UUID, str]]

STOP = {4400, 4401, 4403, 4404, 4405}
ACK_EVENTS = 100
ACK_CHARACTERS = 64_000
ACK_WITHIN = 10.0
PING_EVERY = 25.0
HANDSHAKE_WITHIN = 8.0

# Many get the same frame, so it is understood once.
understood = lru_cache(maxsize=500)(json.loads)


@dataclass
class Said:
    client_id: str
    body: str
    sent_at: float = 0.0  # when it went out first
    address: str = ""  # of the process that it went to first


@dataclass
class Crowd:
    """`addresses` are those of the server processes, one of which each new socket takes, as behind a proxy. `rate` is
    messages a second of all together."""

    room_id: int
    epoch: uuid.UUID
    origin: str
    addresses: Sequence[str]
    sessions: Sequence[str]
    rate: float
    complaints: list[str] = field(default_factory=list)
    known: dict[int, Frame] = field(default_factory=dict)  # the events by number, as somebody was told them first
    acknowledged: dict[str, int] = field(default_factory=dict)  # by client id
    said: dict[str, Said] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    delays: list[float] = field(default_factory=list)  # seconds from sending to showing, each message at each browser
    crossing: list[float] = field(default_factory=list)  # those of them that went from one process to another
    is_talking: bool = False
    is_over: bool = False

    def __post_init__(self) -> None:
        self._refused_at: dict[str, float] = {}
        self.browsers = [Browser(self, number, session) for number, session in enumerate(self.sessions)]
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, within: float = 60) -> None:
        """Returns when everybody is in."""
        self._tasks = [asyncio.create_task(browser.live()) for browser in self.browsers]
        await self.until(lambda: all(browser.is_live for browser in self.browsers), within, "not everybody got in")

    def talk(self) -> None:
        self.is_talking = True
        self._tasks += [asyncio.create_task(browser.talk()) for browser in self.browsers]

    async def end(self, within: float = 60) -> None:
        """Nobody says anything new. Returns when everything said was acknowledged and shown to everybody, and everybody
        has gone; what is still missing after that time is a complaint."""
        self.is_talking = False
        await self.until(self.is_settled, within, "not everything was acknowledged and shown")
        self.is_over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def is_in_use(self) -> bool:
        """Most of them are in it."""
        return 2 * sum(browser.is_live for browser in self.browsers) > len(self.browsers)

    def is_settled(self) -> bool:
        top = max(self.acknowledged.values(), default=0)
        return all(not browser.outbox and browser.position >= top for browser in self.browsers)

    async def until(self, is_so: Any, within: float, otherwise: str) -> None:
        deadline = time.monotonic() + within
        while not is_so():
            if time.monotonic() > deadline:
                self.complain(f"{otherwise} within {within:.0f} s: {self.state()}")
                return
            await asyncio.sleep(0.05)

    async def knock(self, address: str) -> None:
        """Raises ConnectionRefusedError. Where nobody answered one of them a moment ago, the others need not try: all
        of them run on the processor that the server needs in order to start."""
        if time.monotonic() < self._refused_at.get(address, 0) + 0.2:
            raise ConnectionRefusedError
        host, port = address.removeprefix("ws://").split(":")
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except ConnectionRefusedError:
            self._refused_at[address] = time.monotonic()
            raise
        writer.close()

    def drop(self, share: float) -> None:
        """Takes the line from some of them, without a goodbye to either side."""
        for browser in random.sample(self.browsers, max(1, round(share * len(self.browsers)))):
            browser.lose_line()

    def show(self, event: Frame, address: str) -> None:
        """What every browser was told under one number is the same."""
        known = self.known.setdefault(event["s"], event)
        if known is not event and known != event:
            self.complain(f"number {event['s']} was told in two ways")
        if said := self.said.get(event.get("c", "")):
            self.delays.append(time.monotonic() - said.sent_at)
            if said.address != address:
                self.crossing.append(self.delays[-1])

    def acknowledge(self, client_id: str, seq: int) -> None:
        if self.acknowledged.setdefault(client_id, seq) != seq:
            self.complain(f"one message was acknowledged as {self.acknowledged[client_id]} and as {seq}")

    def compare(self, log: Log) -> None:
        """With the log as it stands in the end: everything acknowledged stands there once, as it was said, in the order
        each said it, and everybody was shown all of it."""
        numbers = [seq for seq, _, _ in log]
        if numbers != list(range(1, len(log) + 1)):
            self.complain("the log's numbers have gaps")
        stored = {str(client_id): (seq, body) for seq, client_id, body in log}
        if len(stored) != len(log):
            self.complain("a message was stored twice")
        for client_id, seq in self.acknowledged.items():
            if stored.get(client_id, (0, ""))[0] != seq:
                self.complain(f"number {seq} was acknowledged and is not what the log says")
        for client_id, (_, body) in stored.items():
            if client_id not in self.said or self.said[client_id].body != body:
                self.complain(f"the log holds what nobody said: {body}")
        for seq, client_id, body in log:
            event = self.known.get(seq)
            if event is None or event["c"] != str(client_id) or body not in unescape(event["h"]):
                self.complain(f"number {seq} was not shown as it was said")
        for browser in self.browsers:
            if browser.position != len(log):
                self.complain(f"browser {browser.number} was shown {browser.position} of {len(log)} messages")
            order = [stored[client_id][0] for client_id in browser.sent if client_id in stored]
            if order != sorted(order):
                self.complain(f"what browser {browser.number} said stands in another order")
            if len(order) != len(browser.sent):
                self.complain(f"{len(browser.sent) - len(order)} messages of browser {browser.number} got lost")

    def complain(self, words: str) -> None:
        self.complaints.append(words)

    def state(self) -> str:
        live = sum(browser.is_live for browser in self.browsers)
        waiting = sum(len(browser.outbox) for browser in self.browsers)
        positions = [browser.position for browser in self.browsers]
        return (
            f"{live} of {len(self.browsers)} connected, {waiting} messages wait, positions {min(positions)} to "
            f"{max(positions)}, {dict(self.happened)}"
        )


def below(delays: Sequence[float], share: float) -> float:
    """What this share of them stays below."""
    ordered = sorted(delays)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Browser:
    """One window in the room. `position` is the number of the last event that it shows: as each is shown only after the
    one before it, everything up to there is shown, once and in order."""

    def __init__(self, crowd: Crowd, number: int, session: str) -> None:
        self.crowd = crowd
        self.number = number
        self.session = session
        self.position = 0
        self.outbox: deque[Said] = deque()
        self.sent: list[str] = []  # client ids, in the order they were written
        self.is_live = False
        self.retry = 0.3  # seconds
        self.after = 0.0
        self.closed_with: int | None = None
        self._socket: ClientConnection | None = None
        self._on_its_way: str | None = None
        self._unacked = [0, 0]
        self._has_work = asyncio.Event()
        # One after another, so that one process of two has no more than its half of any few.
        self._next = number
        self.address = ""  # of the process it is connected to

    async def talk(self) -> None:
        crowd = self.crowd
        every = len(crowd.browsers) / crowd.rate
        await asyncio.sleep(every * self.number / len(crowd.browsers))
        while crowd.is_talking:
            self.say(f"Message {len(self.sent) + 1} of browser {self.number}: a sentence as people write them & so on.")
            await asyncio.sleep(every)

    def say(self, body: str) -> None:
        said = Said(str(uuid.uuid4()), body)
        self.crowd.said[said.client_id] = said
        self.sent.append(said.client_id)
        self.outbox.append(said)
        self._has_work.set()

    def lose_line(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()

    async def live(self) -> None:
        """Until the crowd is over, or the server has said that there is no coming back."""
        while not self.crowd.is_over:
            self._next += 1
            try:
                self.address = self.crowd.addresses[self._next % len(self.crowd.addresses)]
                await self._converse(self.address)
            except InvalidStatus as refused:
                self.crowd.happened[f"refused with {refused.response.status_code}"] += 1
                if refused.response.status_code < 500:
                    self.crowd.complain(f"browser {self.number} was refused: {refused}")
            except ConnectionClosed as closed:
                self.closed_with = closed.rcvd.code if closed.rcvd else 1006
                self.crowd.happened[f"closed with {self.closed_with}"] += 1
                if self.closed_with in STOP:
                    self.crowd.complain(f"browser {self.number} was told to stay away: {self.closed_with}")
                    return
            except (OSError, TimeoutError, WebSocketException) as problem:
                self.crowd.happened[type(problem).__name__] += 1
            finally:
                self.is_live = False
                self._socket = None
            await asyncio.sleep(self.after + (0.5 + random.random() / 2) * self.retry)
            self.after = 0.0

    async def _converse(self, address: str) -> None:
        await self.crowd.knock(address)
        opening = connect(
            f"{address}/live/rooms/{self.crowd.room_id}/",
            origin=self.crowd.origin,  # type: ignore[arg-type]
            additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={self.session}"},
            proxy=None,
            compression=None,
            open_timeout=HANDSHAKE_WITHIN,
            close_timeout=1,
            ping_interval=None,
            max_queue=None,
        )
        async with opening as socket:
            self._socket = socket
            self._unacked = [0, 0]
            await self._tell({"t": "hello", "v": 1, "epoch": str(self.crowd.epoch), "since": self.position})
            tasks = [asyncio.create_task(work()) for work in (self._send_waiting, self._ping, self._ack_at_last)]
            try:
                async with asyncio.timeout(HANDSHAKE_WITHIN) as handshake:
                    while True:
                        await self._hear(await socket.recv())
                        if self.is_live:
                            handshake.reschedule(None)
            finally:
                self._socket = None
                self._on_its_way = None
                for task in tasks:
                    task.cancel()

    async def _tell(self, frame: Frame) -> None:
        if self._socket is not None:
            await self._socket.send(json.dumps(frame))

    async def _hear(self, text: str | bytes) -> None:
        frame = understood(text)
        if isinstance(frame, list):
            self.take(frame)
            await self._ack_soon(len(frame), len(text))
            return
        match frame["t"]:
            case "welcome":
                self.retry = frame["cfg"]["retry_ms"] / 1000
                if frame["resume"] != "ok":
                    self.crowd.complain(f"browser {self.number} could not go on from {self.position}")
                self.is_live = True
                self._has_work.set()
            case "ok":
                self.crowd.acknowledge(frame["c"], frame["s"])
                self._written(frame["c"])
            case "err" if frame["code"] in ("busy", "rate"):
                self.crowd.happened[frame["code"]] += 1
                asyncio.get_running_loop().call_later(frame["retry_ms"] / 1000, self._try_again, self._socket)
            case "err":
                self.crowd.complain(f"a message of browser {self.number} was refused: {frame}")
                self._written(frame["c"])
            case "pong":
                self.retry = frame["retry_ms"] / 1000
            case "bye":
                self.after = frame["after_ms"] / 1000

    def take(self, events: Sequence[Frame]) -> None:
        """Everything that one socket sends follows what the browser had: nothing doubled, nothing left out."""
        for event in events:
            if event["s"] != self.position + 1:
                self.crowd.complain(f"browser {self.number} stood at {self.position} and was sent {event['s']}")
            if event["s"] <= self.position:
                continue
            self.position = event["s"]
            self.crowd.show(event, self.address)
            if self.outbox and event.get("c") == self.outbox[0].client_id:
                self.crowd.acknowledge(event["c"], event["s"])
                self._written(event["c"])

    def _written(self, client_id: str) -> None:
        if self.outbox and self.outbox[0].client_id == client_id:
            self.outbox.popleft()
        if self._on_its_way == client_id:
            self._on_its_way = None
            self._has_work.set()

    def _try_again(self, socket: ClientConnection | None) -> None:
        if socket is self._socket:
            self._on_its_way = None
            self._has_work.set()

    async def _send_waiting(self) -> None:
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            if self.is_live and self.outbox and self._on_its_way is None:
                first = self.outbox[0]
                self._on_its_way = first.client_id
                first.sent_at = first.sent_at or time.monotonic()
                first.address = first.address or self.address
                await self._tell({"t": "send", "c": first.client_id, "b": first.body})

    async def _ack_soon(self, events: int, characters: int) -> None:
        self._unacked[0] += events
        self._unacked[1] += characters
        if self._unacked[0] >= ACK_EVENTS or self._unacked[1] >= ACK_CHARACTERS:
            await self._ack()

    async def _ack(self) -> None:
        self._unacked = [0, 0]
        await self._tell({"t": "ack", "s": self.position})

    async def _ack_at_last(self) -> None:
        while True:
            await asyncio.sleep(ACK_WITHIN)
            if self._unacked[0]:
                await self._ack()

    async def _ping(self) -> None:
        for number in range(1, 1_000_000):
            await asyncio.sleep(PING_EVERY + (random.random() - 0.5) * 6)
            await self._tell({"t": "ping", "n": number, "s": self.position})
