"""A browser without the browser: opens the socket of a room as our client does."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from forums.models import Room
from network.models import Member
from tests.journeys.conftest import Server, session_of

Frame = dict[str, Any]


class Visitor:
    """Somebody in a room. `events` holds what they were told, in the order they were told it."""

    def __init__(
        self,
        server: Server,
        room: Room | int | str,
        member: Member | None,
        *,
        origin: str | None = "",
        session: str | None = None,
    ) -> None:
        session = session or (session_of(member) if member else None)
        number = room.pk if isinstance(room, Room) else room
        self.events: list[Frame] = []
        self.answers: list[Frame] = []
        opening = connect(
            f"ws://127.0.0.1:{server.port}/live/rooms/{number}/",
            origin=server.url if origin == "" else origin,  # type: ignore[arg-type]
            additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {},
            proxy=None,
            open_timeout=10,
            close_timeout=1,
            ping_interval=None,
            # One that stops reading while it sends loses what the server says last: the server lets go of it.
            max_queue=None,
        )
        self.stack = ExitStack()
        self.socket: ClientConnection = self.stack.enter_context(opening)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stack.close()

    def tell(self, frame: Frame | str | bytes) -> None:
        self.socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    def hello(self, room: Room | None = None, since: int | None = None, **more: Any) -> Frame:
        """Says hello and waits for the welcome; with a room, goes on from `since` in it."""
        self.tell({"t": "hello", "v": 1, "epoch": str(room.epoch) if room else None, "since": since} | more)
        return self.wait_for("welcome")

    def say(self, body: str, client_id: uuid.UUID | None = None) -> Frame:
        """Sends a message and waits for what becomes of it."""
        name = str(client_id or uuid.uuid4())
        self.tell({"t": "send", "c": name, "b": body})
        return self.wait_for("ok", "err", c=name)

    def wait_for(self, *kinds: str, within: float = 10, **fields: Any) -> Frame:
        deadline = time.monotonic() + within
        while True:
            for answer in self.answers:
                if answer["t"] in kinds and fields.items() <= answer.items():
                    self.answers.remove(answer)
                    return answer
            self.hear(deadline - time.monotonic())

    def wait_for_event(self, seq: int, within: float = 10) -> Frame:
        deadline = time.monotonic() + within
        while not any(event["s"] == seq for event in self.events):
            self.hear(deadline - time.monotonic())
        return next(event for event in self.events if event["s"] == seq)

    def wait_for_close(self, within: float) -> int:
        """The code with which the server closes."""
        deadline = time.monotonic() + within
        while True:
            try:
                self.hear(deadline - time.monotonic())
            except ConnectionClosed as closed:
                assert closed.rcvd, "the server went without a word"
                return closed.rcvd.code

    def hear(self, within: float) -> None:
        """Takes one frame. Raises TimeoutError, ConnectionClosed."""
        frame = json.loads(self.socket.recv(timeout=max(0.0, within)))
        if isinstance(frame, list):
            self.events += frame
        else:
            self.answers.append(frame)

    @property
    def numbers(self) -> list[int]:
        return [event["s"] for event in self.events]
