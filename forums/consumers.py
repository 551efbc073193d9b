"""The socket of a live room: between the ASGI server and the live engine.

A plain ASGI application rather than one of Channels' consumers: those take a channel of the channel layer for each
socket and look after database connections for each frame, and either costs more than all that is done here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from forums.actions.messages import Saying, check_words, say_together
from forums.live import process, protocol
from forums.live.hub import Listener, RoomHub
from forums.live.protocol import Ack, BadFrame, Hello, Ping, Send
from forums.live.reading import read
from forums.live.writer import Busy, Writer
from forums.models import Message, Room
from network.limits import LimitReached
from network.live.close import Close
from network.models import Viewer
from network.permissions import Refused

logger = logging.getLogger(__name__)

AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
SendToServer = Callable[[AsgiMessage], Awaitable[None]]

HELLO_WITHIN = 3.0  # seconds
# What one socket may say in all, with what a browser that was asleep says at once. Ours needs a tenth of it.
FRAMES_A_SECOND = 20
FRAMES_AT_ONCE = 40
TOO_FAST_MS = 10_000  # how long such a browser stays away

writer: Writer[Saying, Message] = Writer(say_together)


@dataclass(frozen=True, slots=True)
class Admission:
    """Who was let in where, as it was when the socket opened."""

    room_id: int
    member_id: int
    password: str
    session_key: str
    access_version: int


async def room_socket(scope: MutableMapping[str, Any], receive: Receive, send: SendToServer) -> None:
    """Lets members of the room's network in; for everybody else there is nothing here (403 before any socket opens)."""
    message = await receive()
    if message["type"] != "websocket.connect":
        return
    admission = await read(admit, scope["user"], scope["session"].session_key, scope["url_route"]["kwargs"]["pk"])
    if admission is None:
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    await RoomSocket(admission, receive, send).run()


async def nowhere(scope: MutableMapping[str, Any], receive: Receive, send: SendToServer) -> None:
    """Every other address for sockets."""
    await receive()
    await send({"type": "websocket.close"})


def admit(viewer: Viewer, session_key: str | None, room_id: int) -> Admission | None:
    room = Room.objects.visible_to(viewer).select_related("network").filter(pk=room_id).first()
    if room is None or not viewer.is_authenticated or session_key is None:
        return None
    return Admission(room.pk, viewer.pk, viewer.password, session_key, room.network.access_version)


class Budget:
    """So many at once, so many a second after that."""

    __slots__ = ("_at", "_left", "_most", "_rate")

    def __init__(self, most: int, rate: float) -> None:
        self._most = self._left = float(most)
        self._rate = rate
        self._at = 0.0

    def spend(self, now: float) -> bool:
        """Whether there was one left. `now` in seconds."""
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class RoomSocket:
    """Two tasks: this one sends what the room says, another reads what the browser says."""

    __slots__ = ("_admission", "_is_over", "_receive", "_retry_ms", "_send")

    def __init__(self, admission: Admission, receive: Receive, send: SendToServer) -> None:
        self._admission = admission
        self._receive = receive
        self._send = send
        self._is_over = False
        self._retry_ms = 1_000

    async def run(self) -> None:
        with contextlib.suppress(OSError):  # the browser went while something was on its way
            await self._close(await self._converse())

    async def _converse(self) -> Close:
        try:
            async with asyncio.timeout(HELLO_WITHIN):
                hello = await self._next_frame()
        except BadFrame:
            return Close.BAD_PROTOCOL
        except TimeoutError:
            return Close.TOO_SLOW  # a weak line, perhaps: it may come back
        if hello is None:
            return Close.GONE
        if not isinstance(hello, Hello):
            return Close.BAD_PROTOCOL
        listener = await process.here().enter(self._admission.room_id, self._listener)
        if listener is None:
            return Close.ROOM_GONE
        reader: asyncio.Task[None] | None = None
        try:
            # Much may have ended between the opening of the socket and its hello. Asked once it listens, for then a
            # later end finds it; until the answer it is sent nothing.
            await process.here().ask(listener)
            await self._welcome(listener, hello)
            reader = asyncio.get_running_loop().create_task(self._read(listener))
            await listener.listen()
        finally:
            self._retry_ms = listener.hub.retry_ms
            process.here().leave(listener)
            if reader is not None:
                reader.cancel()
        return listener.ended_with or Close.BROKEN

    def _listener(self, hub: RoomHub) -> Listener:
        return Listener(
            hub,
            self._send_text,
            member_id=self._admission.member_id,
            session_key=self._admission.session_key,
            password=self._admission.password,
            access_version=self._admission.access_version,
        )

    async def _welcome(self, listener: Listener, hello: Hello) -> None:
        is_resumed = await listener.start(hello.epoch, hello.since)
        if listener.ended_with is not None:
            return
        hub = listener.hub
        await self._send_text(
            protocol.welcome(
                epoch=hub.tail.epoch,
                top=hub.top,
                is_resumed=is_resumed,
                member_id=self._admission.member_id,
                retry_ms=hub.retry_ms,
                state=hub.state,
            )
        )

    async def _read(self, listener: Listener) -> None:
        """Frame by frame: what one browser says is written in the order it was said."""
        budget = Budget(FRAMES_AT_ONCE, FRAMES_A_SECOND)
        try:
            while True:
                frame = await self._next_frame()
                if listener.ended_with is not None:
                    return None  # nothing more is taken, even while the last words to this browser are on their way
                if frame is not None and not budget.spend(asyncio.get_running_loop().time()):
                    return listener.end(Close.TOO_FAST)
                match frame:
                    case None:
                        return listener.end(Close.GONE)
                    case Send():
                        await self._say(listener, frame)
                    case Ack(seq):
                        listener.ack(seq)
                    case Ping(number):
                        await self._send_text(protocol.pong(number, listener.hub.top, listener.hub.retry_ms))
                    case _:
                        raise BadFrame
        except BadFrame:
            listener.end(Close.BAD_PROTOCOL)
        except OSError:
            listener.end(Close.GONE)
        except Exception:
            logger.exception("A socket failed")
            listener.end(Close.BROKEN)

    async def _say(self, listener: Listener, frame: Send) -> None:
        saying = Saying(self._admission.member_id, frame.body, frame.client_id)
        try:
            check_words(frame.body)  # what is no message costs the room nothing
            outcome = await writer.submit(self._admission.room_id, saying)
        except (Busy, ValidationError) as error:
            outcome = error
        match outcome:
            case Message():
                answer = protocol.ok(frame.client_id, outcome.seq)
            case Refused():
                code = "forbidden" if listener.hub.state["open"] else "closed"
                answer = protocol.err(frame.client_id, code, str(outcome))
            case LimitReached():
                answer = protocol.err(frame.client_id, "rate", str(outcome), retry_ms=outcome.retry_after * 1000)
            case ValidationError():
                answer = protocol.err(frame.client_id, "invalid", " ".join(outcome.messages))
            case _:
                answer = protocol.err(
                    frame.client_id,
                    "busy",
                    "The room is busy.",
                    retry_ms=random.randint(500, 1500),  # noqa: S311
                )
        await self._send_text(answer)

    async def _next_frame(self) -> protocol.Frame | None:
        """None when the browser has gone. Raises BadFrame."""
        message = await self._receive()
        return protocol.parse(message.get("text")) if message["type"] == "websocket.receive" else None

    async def _send_text(self, text: str) -> None:
        if not self._is_over:
            await self._send({"type": "websocket.send", "text": text})

    async def _close(self, code: Close) -> None:
        if self._is_over or code == Close.GONE:
            return
        # Whoever may come back is told when: each at another moment, and a full room more slowly.
        after_ms = random.randint(0, self._retry_ms) + (TOO_FAST_MS if code == Close.TOO_FAST else 0)  # noqa: S311
        await self._send_text(protocol.bye(code, after_ms))
        self._is_over = True
        await self._send({"type": "websocket.close", "code": int(code)})
