"""A server as the benchmark of the live rooms measures it: `python -m tests.benchmarks.live_server KIND PORT`.

KIND is `daphne` or `uvicorn` for the site itself, `raw` for bare asyncio that writes the same frames and does nothing
else, `textbook` for one channel of the channel layer for each socket and `group_send`. Takes commands on stdin, one
line of JSON each: `{"room": 1, "rate": 20, "seconds": 5, "coalesced": true}` says so many messages a second, which are
written to no database, or with rate 0 each as soon as everybody has the one before. Answers with a line of JSON.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

WELCOME = '{"t":"welcome","epoch":"","top":%d,"resume":"ok","you":{"id":1},"cfg":{"retry_ms":400},"st":{}}'
# As large as a message of a line and a half is with its HTML.
HTML = '<li class=\\"app-message\\">' + "A sentence as people write them when they talk at work. " * 9 + "</li>"
HEAD = '{"s":%d,"k":"msg","ts":%d,"c":"00000000-0000-4000-8000-%012x","u":[1,"Somebody Speaks"],"h":"%s"}'

Command = dict[str, Any]


def event_text(seq: int) -> str:
    """One event of the log as it is sent, named after the microsecond that it is now."""
    return HEAD % (seq, time.time(), time.monotonic_ns() // 1000, HTML)


def answer(what: Command) -> None:
    sys.stdout.write(f"ANSWER {json.dumps(what)}\n")
    sys.stdout.flush()


def take_commands(
    loop: Callable[[], asyncio.AbstractEventLoop], carry_out: Callable[[Command], Coroutine[Any, Any, int]]
) -> None:
    """On a thread of its own, one command after another."""

    def run() -> None:
        for line in sys.stdin:
            try:
                answer({"said": asyncio.run_coroutine_threadsafe(carry_out(json.loads(line)), loop()).result()})
            except Exception as error:  # such as: everybody has gone
                answer({"problem": f"{type(error).__name__}: {error}"})
        os._exit(0)  # whoever measures has gone

    threading.Thread(target=run, daemon=True).start()


async def in_time(command: Command, say: Callable[[int], None], everybody_has_it: Callable[[], bool]) -> int:
    """Says messages at the rate of the command; returns how many."""
    loop = asyncio.get_running_loop()
    began, said = loop.time(), 0
    while (passed := loop.time() - began) < command["seconds"]:
        due = int(passed * command["rate"]) - said if command["rate"] else int(everybody_has_it())
        if due:
            say(due)
            said += due
        await asyncio.sleep(0.001 if command["rate"] else 0)
    return said


# The site


def serve_the_site(kind: str, port: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from forums.live import process
    from forums.live.protocol import Event

    async def carry_out(command: Command) -> int:
        hub = process.here().hubs[command["room"]]
        if not command["coalesced"]:
            hub.REST_PER_LISTENER, hub.PAGE_EVENTS = 0.0, 1

        def say(count: int) -> None:
            hub.push([Event(seq, event_text(seq)) for seq in range(hub.top + 1, hub.top + 1 + count)])

        def everybody_has_it() -> bool:
            return all(listener.cursor == hub.top for listener in hub.listeners)

        try:
            return await in_time(command, say, everybody_has_it)
        finally:
            vars(hub).pop("REST_PER_LISTENER", None)
            vars(hub).pop("PAGE_EVENTS", None)

    take_commands(lambda: next(iter(process._processes)), carry_out)
    call_command("serve", server=kind, port=port)


# Bare asyncio


class RawSocket(asyncio.Protocol):
    everybody: list[asyncio.Transport] = []  # noqa: RUF012  (one list for all of them is the point)
    top = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.came: bytes | None = b""

    def data_received(self, data: bytes) -> None:
        if self.came is None:
            return
        self.came += data
        if b"\r\n\r\n" in self.came:
            key = next(
                line.split(b":")[1].strip()
                for line in self.came.split(b"\r\n")
                if line.lower().startswith(b"sec-websocket-key")
            )
            proof = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            self.transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n" + frame_of(WELCOME % self.top)
            )
            self.came = None
            self.everybody.append(self.transport)

    def connection_lost(self, problem: Exception | None) -> None:
        if self.transport in self.everybody:
            self.everybody.remove(self.transport)


def frame_of(text: str) -> bytes:
    data = text.encode()
    length = bytes([len(data)]) if len(data) < 126 else bytes([126]) + len(data).to_bytes(2, "big")
    return b"\x81" + length + data


def serve_raw(port: int) -> None:
    async def carry_out(command: Command) -> int:
        def say(count: int) -> None:
            for _ in range(count):
                RawSocket.top += 1
                frame = frame_of(f"[{event_text(RawSocket.top)}]")
                for transport in RawSocket.everybody:
                    transport.write(frame)

        return await in_time(command, say, lambda: True)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(RawSocket, "127.0.0.1", port, backlog=4096)
        take_commands(lambda: loop, carry_out)
        async with server:
            await server.serve_forever()

    asyncio.run(run())


# One channel for each socket


def serve_textbook(port: int) -> None:
    import django

    django.setup()
    import uvicorn
    from channels.auth import AuthMiddlewareStack
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.layers import get_channel_layer
    from channels.routing import ProtocolTypeRouter, URLRouter
    from channels.security.websocket import OriginValidator
    from django.conf import settings
    from django.urls import path

    sent = [0, 0]  # messages said, and how many times one was sent

    class Consumer(AsyncWebsocketConsumer):
        everybody = 0

        async def connect(self) -> None:
            if not self.scope["user"].is_authenticated:
                await self.close()
                return
            await self.channel_layer.group_add("room", self.channel_name)
            Consumer.everybody += 1
            await self.accept()

        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            if text_data and '"hello"' in text_data:
                await self.send(WELCOME % sent[0])

        async def disconnect(self, code: int) -> None:
            Consumer.everybody -= 1
            await self.channel_layer.group_discard("room", self.channel_name)

        async def said(self, message: Command) -> None:
            await self.send(message["text"])
            sent[1] += 1

    async def carry_out(command: Command) -> int:
        loop = asyncio.get_running_loop()
        began, first = loop.time(), sent[0]
        layer = get_channel_layer()
        while loop.time() < began + command["seconds"]:
            sent[0] += 1
            sent[1] = 0
            await layer.group_send("room", {"type": "said", "text": f"[{event_text(sent[0])}]"})
            late = loop.time() + 5
            while sent[1] < Consumer.everybody and loop.time() < late:  # a layer may drop what it likes
                await asyncio.sleep(0)
        return sent[0] - first

    loops: list[asyncio.AbstractEventLoop] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        loops[:] = [asyncio.get_running_loop()]
        await inner(scope, receive, send)

    routes = URLRouter([path("live/rooms/<int:pk>/", Consumer.as_asgi())])
    inner = ProtocolTypeRouter({"websocket": OriginValidator(AuthMiddlewareStack(routes), settings.SITE_ORIGINS)})
    take_commands(lambda: loops[0], carry_out)
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=port,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        lifespan="off",
        backlog=4096,
        log_level="error",
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "network.settings")
    kind, port = sys.argv[1], int(sys.argv[2])
    if kind == "raw":
        serve_raw(port)
    elif kind == "textbook":
        serve_textbook(port)
    else:
        serve_the_site(kind, port)
