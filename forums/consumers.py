"""The socket of a live room, and what a browser uses that can keep none: between the ASGI server and the live engine.

A plain ASGI application rather than one of Channels' consumers: those take a channel of the channel layer for each
socket and look after database connections for each frame, and either costs more than all that is done here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http.request import split_domain_port, validate_host

from forums.actions.commands import Command, Deleting, Editing, Reacting, carry_out
from forums.actions.messages import Held, Saying, check_words
from forums.actions.poll_votes import Choosing
from forums.actions.question_votes import Voting
from forums.actions.questions import Inquiring, check_question
from forums.limits import RoomBusy, SlowMode
from forums.live import access, figures, log, process, protocol
from forums.live.access import Admission
from forums.live.hub import Listener, RoomHub
from forums.live.protocol import Ack, Ask, Asking, BadFrame, Choose, Delete, Edit, Hello, Ping, React, Send, Vote
from forums.live.reading import Together, read
from forums.live.writer import Busy, Writer
from network.health import ask_also
from network.limits import LimitReached
from network.live.close import Close
from network.live.frames import SEND_NOW
from network.permissions import Refused
from network.sessions import signed_in

logger = logging.getLogger(__name__)

AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
SendToServer = Callable[[AsgiMessage], Awaitable[None]]

HELLO_WITHIN = 3.0  # seconds
BYE_WITHIN = 1.0  # likewise
# What one socket may say in all, with what a browser that was asleep says at once. Ours needs a tenth of it.
FRAMES_A_SECOND = 20
FRAMES_AT_ONCE = 40
# And what one member may ask for, in all their windows here: more than all limits together let through. One thread
# writes for everybody, and it is busy with what is refused too.
ASKED_A_SECOND = 5
ASKED_AT_ONCE = 40
TOO_FAST_MS = 10_000  # how long such a browser stays away
# How often one member may come in, in all their windows here. A window comes back at most every few seconds.
DOORS_A_SECOND = 1
DOORS_AT_ONCE = 60
# And without a socket, where each answer is followed by the next request.
POLLS_A_SECOND = 4
POLLS_AT_ONCE = 60

POLL_LASTS = 25.0  # seconds that a browser without a socket waits for news
POLL_GATHERS = 0.05  # seconds after the first of it
POLL_GATHERS_LONG = 1.0  # where a member has asked so often that few requests are left

writer: Writer[Command, int] = Writer(carry_out)
WRITER_IS_STUCK = 5.0  # seconds after a batch began


@ask_also
def writer_problem() -> str | None:
    """For whoever watches the site."""
    seconds = writer.busy_for
    return f"Live rooms: nothing was written for {int(seconds)} seconds." if seconds >= WRITER_IS_STUCK else None


admissions = Together(access.admitted)


async def room_socket(scope: MutableMapping[str, Any], receive: Receive, send: SendToServer) -> None:
    """Lets members of the room's network in; for everybody else there is nothing here (403 before any socket opens)."""
    message = await receive()
    if message["type"] != "websocket.connect":
        return
    admission = await admit(scope)
    if admission is None:
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    socket = RoomSocket(admission, receive, send, scope.get("extensions", {}).get(SEND_NOW))
    if not doors.spend(admission.member_id, asyncio.get_running_loop().time()):
        await socket.turn_away(Close.TOO_FAST)
    elif process.here().is_full:
        # Another server may have room.
        await socket.turn_away(Close.DRAINING)
    else:
        await socket.run()


async def nowhere(scope: MutableMapping[str, Any], receive: Receive, send: SendToServer) -> None:
    """Every other address for sockets."""
    await receive()
    await send({"type": "websocket.close"})


async def admit(scope: MutableMapping[str, Any]) -> Admission | None:
    key = scope["cookies"].get(settings.SESSION_COOKIE_NAME)
    return await admissions.ask((scope["url_route"]["kwargs"]["pk"], key)) if key else None


async def _is_signed_in(scope: MutableMapping[str, Any]) -> bool:
    key = scope["cookies"].get(settings.SESSION_COOKIE_NAME)
    return bool(key and await read(signed_in, {key}))


class Budget:
    """So many at once, so many a second after that."""

    __slots__ = ("_at", "_left", "_most", "_rate")

    @property
    def is_low(self) -> bool:
        """Whether less than half was left at the last time."""
        return self._left < self._most / 2

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


class Budgets:
    """One for each member. Whoever asked for nothing for a while is forgotten."""

    MOST = 1_000  # members, before it is looked who can be forgotten

    def __init__(self, most: int, rate: float) -> None:
        self._most, self._rate = most, rate
        self._of_member: dict[int, tuple[Budget, float]] = {}

    def spend(self, member_id: int, now: float) -> bool:
        if len(self._of_member) >= self.MOST:
            refilled = now - self._most / self._rate
            self._of_member = {member: one for member, one in self._of_member.items() if one[1] > refilled}
        budget, _ = self._of_member.get(member_id) or (Budget(self._most, self._rate), now)
        self._of_member[member_id] = budget, now
        return budget.spend(now)

    def is_low(self, member_id: int) -> bool:
        budget = self._of_member.get(member_id)
        return budget is not None and budget[0].is_low


asked = Budgets(ASKED_AT_ONCE, ASKED_A_SECOND)
doors = Budgets(DOORS_AT_ONCE, DOORS_A_SECOND)
polls = Budgets(POLLS_AT_ONCE, POLLS_A_SECOND)


def listener_of(
    admission: Admission,
    hub: RoomHub,
    send: Callable[[str], Awaitable[None]],
    send_now: Callable[[str], bool] | None = None,
) -> Listener:
    return Listener(
        hub,
        send,
        member_id=admission.member_id,
        session_key=admission.session_key,
        password=admission.password,
        access_version=admission.access_version,
        runs=admission.runs,
        send_now=send_now,
    )


def welcome_of(admission: Admission, listener: Listener, *, is_resumed: bool) -> str:
    hub = listener.hub
    return protocol.welcome(
        epoch=hub.tail.epoch,
        top=listener.top,
        is_resumed=is_resumed,
        member_id=admission.member_id,
        role=admission.role,
        retry_ms=hub.retry_ms,
        state=listener.welcome_state().values,
    )


async def answer_to(frame: Asking, admission: Admission, listener: Listener | None = None) -> str:
    """What becomes of what a browser asks for, as the frame that tells it. `listener`: by which it was asked, where
    there is one."""
    if not asked.spend(admission.member_id, asyncio.get_running_loop().time()):
        words = "You are doing too much at once. Try again in a few seconds."
        return _refused(frame.client_id, "rate", words, retry_ms=TOO_FAST_MS)
    try:
        outcome = await writer.submit(admission.room_id, _command(frame, admission.member_id))
    except (Busy, ValidationError) as error:
        outcome = error
    match outcome:
        case int():
            return protocol.ok(frame.client_id, await _number_shown(outcome, admission, listener))
        case Held():
            return protocol.held(frame.client_id, str(outcome))
        case Refused():
            is_open = listener is None or listener.hub.state["open"]
            return _refused(frame.client_id, "forbidden" if is_open else "closed", str(outcome))
        case RoomBusy():
            pass
        case LimitReached():
            code = "slow_mode" if isinstance(outcome, SlowMode) else "rate"
            return _refused(frame.client_id, code, str(outcome), retry_ms=outcome.retry_after * 1000)
        case ValidationError():
            return _refused(frame.client_id, "invalid", " ".join(outcome.messages))
    retry_ms = random.randint(500, 1500)  # noqa: S311
    return _refused(frame.client_id, "busy", str(outcome) or "The room is busy.", retry_ms=retry_ms)


def _refused(client_id: UUID, code: str, words: str, *, retry_ms: int | None = None) -> str:
    figures.here.refused[code] += 1
    return protocol.err(client_id, code, words, retry_ms=retry_ms)


async def _number_shown(seq: int, admission: Admission, listener: Listener | None) -> int | None:
    """The number, unless everybody else is yet to see what has it: by it one could count what others have said."""
    if not seq or (admission.runs if listener is None else listener.runs):
        return seq
    if listener is not None and not listener.hub.tail.delay_seconds:
        return seq
    shown = await read(log.shown_to_all, admission.room_id) if listener is None else listener.hub.shown_to_all
    return seq if seq <= shown else None


def _command(frame: Asking, member_id: int) -> Command:
    """Raises ValidationError: what is no message costs the room nothing."""
    match frame:
        case Send():
            check_words(frame.body)
            return Saying(member_id, frame.body, frame.client_id, frame.reply_to)
        case Edit():
            check_words(frame.body)
            return Editing(member_id, frame.seq, frame.body, frame.client_id)
        case Delete():
            return Deleting(member_id, frame.seq, frame.client_id)
        case React():
            return Reacting(member_id, frame.seq, frame.kind, frame.is_given)
        case Ask():
            check_question(frame.body)
            return Inquiring(member_id, frame.body, frame.client_id, frame.is_unnamed)
        case Vote():
            return Voting(member_id, frame.question, frame.is_given)
        case Choose():
            return Choosing(member_id, frame.poll, frame.options)


class RoomSocket:
    """Two tasks: this one sends what the room says, another reads what the browser says."""

    __slots__ = ("_admission", "_is_over", "_receive", "_retry_ms", "_send", "_send_now")

    def __init__(
        self,
        admission: Admission,
        receive: Receive,
        send: SendToServer,
        send_now: Callable[[str], bool] | None = None,
    ) -> None:
        self._admission = admission
        self._receive = receive
        self._send = send
        self._send_now = send_now
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
        return listener_of(self._admission, hub, self._send_text, self._send_now)

    async def _welcome(self, listener: Listener, hello: Hello) -> None:
        is_resumed = await listener.start(hello.epoch, hello.since)
        if listener.ended_with is None:
            await self._send_text(welcome_of(self._admission, listener, is_resumed=is_resumed))

    async def turn_away(self, why: Close) -> None:
        """Not now: it hears why, and when to come back."""
        self._retry_ms = TOO_FAST_MS
        figures.here.closed[why] += 1
        with contextlib.suppress(OSError):
            await self._close(why)

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
                    case Send() | Edit() | Delete() | React() | Ask() | Vote() | Choose():
                        answer = await answer_to(frame, self._admission, listener)
                        await self._send_text(answer)
                    case Ack(seq):
                        listener.ack(seq)
                    case Ping(number):
                        await self._send_text(protocol.pong(number, listener.top, listener.hub.retry_ms))
                    case _:
                        raise BadFrame
        except BadFrame:
            listener.end(Close.BAD_PROTOCOL)
        except OSError:
            listener.end(Close.GONE)
        except Exception:
            logger.exception("A socket failed")
            listener.end(Close.BROKEN)

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
        with contextlib.suppress(TimeoutError):  # one that takes nothing is left without a word
            async with asyncio.timeout(BYE_WITHIN):
                await self._send_text(protocol.bye(code, after_ms))
                self._is_over = True
                await self._send({"type": "websocket.close", "code": int(code)})


# Without a socket


async def room_poll(scope: MutableMapping[str, Any], receive: Receive, send: SendToServer) -> None:
    """The same over plain requests, for a browser or a network that lets no socket through. GET waits until something
    comes after `since` and answers with frames as a socket would send them; POST takes one frame and answers it. No
    middleware of Django's runs here, which would keep a thread for each that waits: Host, Origin and session are
    checked here."""
    if not _is_from_here(scope):
        return await _respond(send, 403)
    admission = await admit(scope)
    if admission is None:
        # Whoever is signed out learns that, whatever the room: it says nothing of one.
        return await _respond(send, 404 if await _is_signed_in(scope) else 401)
    if scope["method"] == "GET":
        if not polls.spend(admission.member_id, asyncio.get_running_loop().time()):
            return await _respond(send, 429, retry_after=TOO_FAST_MS // 1000)
        if process.here().is_full:
            return await _respond(send, 503, retry_after=10)
        try:
            hello, lasts = _hello(scope["query_string"])
        except BadFrame:
            return await _respond(send, 400)
        frames = await _news(admission, hello, lasts, receive)
        return await _respond(send, 200, "[" + ",".join(frames) + "]")
    if scope["method"] == "POST":
        try:
            frame = protocol.parse(await _body(scope, receive))
        except BadFrame:
            return await _respond(send, 400)
        if not isinstance(frame, Asking):
            return await _respond(send, 400)
        return await _respond(send, 200, await answer_to(frame, admission))
    return await _respond(send, 405)


async def no_poll(scope: MutableMapping[str, Any], receive: Receive, send: SendToServer) -> None:
    """Every other address beside those."""
    await _respond(send, 404)


def _is_from_here(scope: MutableMapping[str, Any]) -> bool:
    """Whether the request was made to this site, and by one of its own pages. What changes something always says where
    it comes from; what only reads need not."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    domain, _ = split_domain_port(headers.get(b"host", ""))
    allowed = settings.ALLOWED_HOSTS or ([".localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    origin = headers.get(b"origin")
    if not domain or not validate_host(domain, allowed):
        return False
    if origin is None:
        return scope["method"] == "GET" and headers.get(b"sec-fetch-site", "same-origin") in ("same-origin", "none")
    return origin in settings.SITE_ORIGINS


def _hello(query: bytes) -> tuple[Hello, float]:
    """Where the browser is, and how long it waits: with `now` not at all. Raises BadFrame."""
    asked = dict(parse_qsl(query.decode("ascii", errors="replace"), max_num_fields=10))
    since = asked.get("since", "")
    text = {"t": "hello", "v": protocol.VERSION, "epoch": asked.get("epoch")}
    frame = protocol.parse(json.dumps(text | ({"since": int(since)} if since.isdecimal() and len(since) < 17 else {})))
    if not isinstance(frame, Hello):
        raise BadFrame
    return frame, 0.0 if "now" in asked else POLL_LASTS


async def _body(scope: MutableMapping[str, Any], receive: Receive) -> str | None:
    """None where there is more than a frame, or no JSON."""
    if not dict(scope["headers"]).get(b"content-type", b"").startswith(b"application/json"):
        return None
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or len(body) > protocol.MAX_FRAME:
            return None
        if not message.get("more_body"):
            return body.decode(errors="replace")


async def _news(admission: Admission, hello: Hello, lasts: float, receive: Receive) -> list[str]:
    """What a socket would be sent from its hello on: at once where there is something, or else when it comes."""
    frames: list[str] = []
    came = asyncio.Event()

    async def take(text: str) -> None:
        frames.append(text)
        came.set()

    listener = await process.here().enter(admission.room_id, lambda hub: listener_of(admission, hub, take))
    if listener is None:
        return [protocol.bye(Close.ROOM_GONE, 0)]
    try:
        await process.here().ask(listener)
        is_resumed = await listener.start(hello.epoch, hello.since)
        if listener.ended_with is None:
            frames.append(welcome_of(admission, listener, is_resumed=is_resumed))
            frames += listener.rest_of_state()  # the next request begins anew
            if is_resumed:
                gathers = POLL_GATHERS_LONG if lasts and polls.is_low(admission.member_id) else POLL_GATHERS
                await _listen_for_a_while(listener, came, lasts, gathers, receive)
        if listener.ended_with not in (None, Close.GONE):
            retry_ms = random.randint(0, listener.hub.retry_ms)  # noqa: S311
            frames.append(protocol.bye(listener.ended_with, retry_ms))
    finally:
        process.here().leave(listener)
    return frames


async def _listen_for_a_while(
    listener: Listener, came: asyncio.Event, lasts: float, gathers: float, receive: Receive
) -> None:
    begin = asyncio.get_running_loop().create_task
    listening, gone, news = begin(listener.listen()), begin(_gone(receive)), begin(came.wait())
    try:
        await asyncio.wait({listening, gone, news}, timeout=lasts, return_when=asyncio.FIRST_COMPLETED)
        if (news.done() or not lasts) and not listening.done():
            await asyncio.sleep(gathers)
    finally:
        for task in (listening, gone, news):
            task.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _respond(send: SendToServer, status: int, text: str = "", *, retry_after: int | None = None) -> None:
    body = text.encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if retry_after is not None:
        headers.append((b"retry-after", b"%d" % retry_after))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
