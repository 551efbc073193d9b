"""Many members who talk at once through sockets and do not give up: what is not acknowledged is sent again."""

from __future__ import annotations

import threading
import time
import uuid

from websockets.exceptions import WebSocketException

from forums.models import Room
from network.models import Admission, Member, Membership
from tests.cast import Cast
from tests.journeys.conftest import Server, session_of
from tests.journeys.sockets import Visitor


class Senders:
    """`count` members who say `each` messages each. `acknowledged` holds the number that each body was given."""

    def __init__(self, server: Server, room: Room, cast: Cast, *, count: int, each: int) -> None:
        self.server = server
        self.room = room
        self.each = each
        self.sessions = [session_of(self._member(cast, room, n)) for n in range(count)]
        self.acknowledged: dict[str, int] = {}
        self.lock = threading.Lock()

    def run(self) -> None:
        threads = [threading.Thread(target=self._send_all, args=[n]) for n in range(len(self.sessions))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def wait_until_acknowledged(self, count: int) -> None:
        while len(self.acknowledged) < count:
            time.sleep(0.005)

    def _send_all(self, number: int) -> None:
        waiting = [(uuid.uuid4(), f"Sender {number}, message {n}") for n in range(self.each)]
        while waiting:
            try:
                with Visitor(self.server, self.room, None, session=self.sessions[number]) as visitor:
                    visitor.hello()
                    while waiting:
                        client_id, body = waiting[0]
                        answer = visitor.say(body, client_id)
                        if answer.get("code") == "busy":  # more speak at once than a room takes in a second
                            time.sleep(answer["retry_ms"] / 1000)
                            continue
                        if answer["t"] != "ok":
                            raise AssertionError(answer)
                        with self.lock:
                            assert self.acknowledged.setdefault(body, answer["s"]) == answer["s"]
                        waiting.pop(0)
                        time.sleep(0.02)
            except (OSError, WebSocketException):
                time.sleep(0.1)

    @staticmethod
    def _member(cast: Cast, room: Room, number: int) -> Member:
        member = Member.objects.create_user(
            f"sender{number}@exampleshire.example.org", name=f"Sender {number}", organisation=cast.council
        )
        Admission.objects.create(member=member, rule=Admission.Rule.PERSON)
        Membership.objects.create(
            member=member, network=room.network, state=Membership.State.ACTIVE, joined_at=room.opens_at
        )
        return member
