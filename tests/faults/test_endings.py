"""What has ended has ended everywhere: access within five seconds, hidden words within two, whether Redis carries the
news or is down or was never there. Everything is done in a process that serves nobody, so nothing is heard at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta

import httpx
import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from forums.actions.amendments import hide_message
from forums.actions.messages import say
from forums.actions.rooms import lock_room, schedule_room
from forums.actions.sanctions import remove_from_room
from forums.models import Message, Room, RoomEvent
from network.actions.membership import leave_network, suspend_member
from network.models import Member, Membership
from tests.cast import Cast
from tests.faults.conftest import Processes, members_of
from tests.journeys.conftest import session_of
from tests.journeys.sockets import Visitor
from tests.servers import RedisServer

pytestmark = pytest.mark.slow

SECRET = "the unpublished figure is 4711"


@pytest.fixture(params=["daphne without Redis", "uvicorn with Redis", "uvicorn with Redis down"])
def site(request: pytest.FixtureRequest, processes: Processes, redis_server: RedisServer) -> Iterator[Processes]:
    kind, _, redis = request.param.partition(" ")
    processes.add(kind, redis_url="" if redis == "without Redis" else redis_server.url)
    if redis == "with Redis down":
        redis_server.kill()
    return processes


def test_whoever_may_no_longer_listen_is_silent_within_five_seconds(site: Processes, cast: Cast, room: Room) -> None:
    others = room_of(cast)
    leaves, suspended, signed_out, deactivated, removed, locked_out, stays = members_of(room.network, cast.council, 7)
    session = session_of(signed_out)

    def suspend() -> None:
        membership = Membership.objects.get(member=suspended, network=room.network)
        suspend_member(membership, by=cast.fay, words="A rest.")

    ends: dict[Member, tuple[Room, Callable[[], object]]] = {
        leaves: (room, lambda: leave_network(room.network, by=leaves)),
        suspended: (room, suspend),
        signed_out: (room, lambda: Session.objects.filter(session_key=session).delete()),
        deactivated: (room, lambda: Member.objects.filter(pk=deactivated.pk).update(is_active=False)),
        removed: (room, lambda: remove_from_room(room, removed, by=cast.fay, reason="Off topic.")),
        locked_out: (others, lambda: lock_room(others, lock=Room.Lock.READING, by=cast.fay)),
    }
    with ExitStack() as open_sockets:
        sockets: dict[Member, Visitor] = {}
        for member, (where, _) in (ends | {stays: (room, None)}).items():
            how = {"session": session} if member is signed_out else {}
            sockets[member] = open_sockets.enter_context(Visitor(site[0], where, member, **how))
            sockets[member].hello(where, since=0)
        began = time.monotonic()
        for _, end in ends.values():
            end()
        ended = time.monotonic()
        codes = {}
        for member in ends:
            codes[member] = sockets[member].wait_for_close(within=max(0.1, ended + 5 - time.monotonic()))
        for where in (room, others):
            say(where, by=cast.fay, body="Now that we are among ourselves")

        assert codes[signed_out] == 4401
        assert {codes[member] for member in (leaves, suspended, removed, locked_out)} == {4403}
        assert codes[deactivated] in (4401, 4403)
        assert [sockets[member].events for member in ends] == [[]] * len(ends)
        sockets[stays].wait_for_event(1, within=3)
        assert ended - began < 3, "the machine is too slow for this to say anything about the first of them"


def test_hidden_words_leave_in_nothing_two_seconds_later(site: Processes, cast: Cast, room: Room) -> None:
    """They stand far before the ring of the hub, in it, and just now; and whoever comes back has them sent again."""
    fill(room, cast.bob, [SECRET if seq in (3, 850) else f"Message {seq}" for seq in range(1, 901)])
    address = f"{site[0].url}/rooms/{room.pk}/"
    with Visitor(site[0], room, cast.bob) as stays:
        stays.hello(room, since=899)
        last = say(room, by=cast.bob, body=SECRET)
        assert SECRET in stays.wait_for_event(last.seq)["h"]
        assert sum(SECRET in text for text in told_from_the_start(site, room, cast.bob)) >= 3

        for message in Message.objects.filter(room=room, body=SECRET):
            hide_message(message, by=cast.fay, reason="Not public.")
        time.sleep(2)

        sent = [json.dumps(event) for event in stays.events if event["s"] <= last.seq]
        assert any(SECRET in text for text in sent), "it was told before"
        told = told_from_the_start(site, room, cast.bob)
        assert len(told) > 5, "all of it was sent again, page by page"
        assert [text for text in told if SECRET in text] == []
        with suppress(TimeoutError):
            while True:
                stays.hear(1)
        assert [event for event in stays.events if event["s"] > last.seq and SECRET in json.dumps(event)] == []
        assert sum(event["s"] > last.seq for event in stays.events) == 3

    cookies = {"sessionid": session_of(members_of(room.network, cast.council, 1)[0])}
    pages = [
        address,
        f"{address}?page=1",
        f"{site[0].url}/search/?q=unpublished+figure",
        f"{site[0].url}/live/rooms/{room.pk}/poll/?epoch={room.epoch}&since=0&now=1",
        f"{site[0].url}/live/rooms/{room.pk}/poll/?epoch={room.epoch}&since={last.seq - 1}&now=1",
    ]
    for page in pages:
        answer = httpx.get(page, cookies=cookies, follow_redirects=True, timeout=30)
        assert answer.status_code == 200, page
        assert "4711" not in answer.text, page


def told_from_the_start(site: Processes, room: Room, member: Member) -> list[str]:
    """All frames that one who comes back from nothing is sent, as text."""
    told = []
    with Visitor(site[0], room, member) as visitor:
        visitor.tell({"t": "hello", "v": 1, "epoch": str(room.epoch), "since": 0})
        position, top = 0, 1
        while position < top:
            text = str(visitor.socket.recv(timeout=20))
            told.append(text)
            frame = json.loads(text)
            if isinstance(frame, list):
                position = frame[-1]["s"]
                visitor.tell({"t": "ack", "s": position})
            elif frame["t"] == "welcome":
                top = frame["top"]
    return told


def fill(room: Room, author: Member, bodies: list[str]) -> None:
    """Said a minute ago: a room takes only so many in one second."""
    now = timezone.now() - timedelta(minutes=1)
    numbered = list(enumerate(bodies, 1))
    RoomEvent.objects.bulk_create(RoomEvent(room=room, seq=n, kind="msg", actor=author, at=now) for n, _ in numbered)
    Message.objects.bulk_create(
        Message(room=room, seq=n, author=author, body=body, written_at=now) for n, body in numbered
    )
    Room.objects.filter(pk=room.pk).update(last_seq=len(bodies))


def room_of(cast: Cast) -> Room:
    now = timezone.now()
    return schedule_room(
        cast.practitioners,
        title="Another clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )
