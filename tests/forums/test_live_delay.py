"""Everybody but those who run a room sees what is said some seconds later, so what is hidden meanwhile reaches nobody
else as words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from forums.live.hub import Listener, RoomHub
from forums.live.log import Tail
from forums.live.protocol import Event
from network.live.close import Close
from tests.forums.stories import run_by_itself
from tests.forums.test_live_hub import EPOCH, Log

DELAY = 5


@pytest.fixture(autouse=True, params=[False, True], ids=["by tasks", "at once"])
def sends_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which a server sends."""
    monkeypatch.setattr(Browser, "is_sent_to_at_once", request.param)


@pytest.fixture(autouse=True)
def one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RoomHub, "clock", staticmethod(now))


def now() -> float:
    return asyncio.get_running_loop().time()


class DelayedLog(Log):
    """A log of a room with a delay, which knows when each event was written."""

    def __init__(self) -> None:
        super().__init__()
        self.delay = DELAY
        self.takes = 0.0  # seconds that reading takes
        self.events: list[Event] = []

    async def tail(self, room_id: int) -> Tail | None:
        tail = await super().tail(room_id)
        assert tail
        return replace(tail, last_seq=len(self.events), delay_seconds=self.delay)

    async def shown_to_all(self, room_id: int) -> int:
        for written in self.events:
            if written.at > now() - self.delay:
                return written.seq - 1
        return len(self.events)

    async def after(self, room_id: int, seq: int, limit: int) -> list[Event]:
        """As they look now, which is how the log renders them."""
        looks = {one.about or one.seq: one.html for one in self.events}
        found = [one.showing(looks[one.about or one.seq]) for one in self.events[seq : seq + limit]]
        await asyncio.sleep(self.takes)
        return found


class Room:
    """A hub with somebody who runs the room and somebody who does not."""

    def __init__(self, log: DelayedLog, hub: RoomHub) -> None:
        self.log = log
        self.hub = hub
        self.tasks: list[asyncio.Task[None]] = []

    async def comes(self, *, runs: bool, since: int | None = None) -> Browser:
        browser = Browser()
        browser.listener = Listener(
            self.hub,
            browser.send,
            member_id=1,
            session_key="s",
            password="",
            access_version=0,
            runs=runs,
            send_now=browser.send_now if browser.is_sent_to_at_once else None,
        )
        self.hub.enter(browser.listener)
        browser.goes_on = await browser.listener.start(EPOCH, since)
        browser.top = browser.listener.top
        self.tasks.append(asyncio.create_task(browser.listener.listen()))
        return browser

    def write(self, kind: str, words: str, about: int | str | None = None, *, is_heard: bool = True) -> int:
        """`is_heard`: the hub is told of it, and need not look at the log."""
        seq = len(self.log.events) + 1
        frame: dict[str, Any] = {"s": seq, "k": kind, "h": words, "c": "theirs"}
        if isinstance(about, int):
            frame["x"] = about
        elif about:
            frame[about[0]] = int(about[1:])
        written = Event(seq, json.dumps(frame), about, now())
        self.log.events.append(written)
        if is_heard:
            self.hub.push([written])
        return seq

    async def look(self) -> None:
        tail = await self.log.tail(1)
        assert tail
        self.hub.hear(tail)

    async def set_delay(self, seconds: int) -> None:
        self.log.delay = seconds
        await self.look()


class Browser:
    is_sent_to_at_once = False
    listener: Listener
    goes_on: bool
    top: int

    def __init__(self) -> None:
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.ahead: list[tuple[float, dict[str, Any]]] = []

    async def send(self, text: str) -> None:
        self.take(text)

    def send_now(self, text: str) -> bool:
        asyncio.get_running_loop().call_soon(self.take, text)
        return True

    def take(self, text: str) -> None:
        frame = json.loads(text)
        if isinstance(frame, list):
            self.events += [(now(), one) for one in frame]
            self.listener.ack(frame[-1]["s"])
        elif frame["t"] == "ahead":
            self.ahead += [(now(), one) for one in frame["e"]]

    @property
    def numbers(self) -> list[int]:
        return [one["s"] for _, one in self.events]

    @property
    def words(self) -> list[str]:
        return [one["h"] for _, one in self.events + self.ahead]

    def came(self, seq: int) -> float:
        return next(at for at, one in self.events if one["s"] == seq)


def in_a_room(story: Callable[[Room], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        log = DelayedLog()
        tail = await log.tail(1)
        assert tail
        room = Room(log, RoomHub(tail, log, await log.shown_to_all(1)))
        await story(room)
        for task in room.tasks:
            task.cancel()

    run_by_itself(told)


def test_those_who_run_the_room_see_at_once_and_others_later() -> None:
    async def story(room: Room) -> None:
        host, bob = await room.comes(runs=True), await room.comes(runs=False)
        said = []
        for number in range(20):
            said.append(now())
            room.write("msg", f"message {number}")
            await asyncio.sleep(0.7)
        await asyncio.sleep(DELAY)
        assert host.numbers == bob.numbers == list(range(1, 21))
        for seq, at in enumerate(said, start=1):
            assert host.came(seq) - at < 0.1
            assert DELAY - 0.001 <= bob.came(seq) - at < DELAY + 0.1

    in_a_room(story)


def test_what_is_hidden_meanwhile_reaches_nobody_else_as_words() -> None:
    async def story(room: Room) -> None:
        host, bob = await room.comes(runs=True), await room.comes(runs=False)
        secret = room.write("msg", "secret")
        await asyncio.sleep(3)
        room.write("hide", "gone", secret)
        await asyncio.sleep(2 * DELAY)
        late = await room.comes(runs=False, since=0)
        await asyncio.sleep(1)
        assert "secret" in host.words
        assert bob.numbers == late.numbers == [1, 2]
        assert set(bob.words) == set(late.words) == {"gone"}
        assert bob.ahead == []  # they never saw it

    in_a_room(story)


@pytest.mark.parametrize("how", ["a look", "a hint of what came after it", "an end to the delay"])
def test_what_is_due_waits_until_it_is_read_what_became_of_it(how: str) -> None:
    """It was hidden by way of another process, of which this one heard nothing."""

    async def story(room: Room) -> None:
        bob = await room.comes(runs=False)
        room.log.takes = 2.0
        secret = room.write("msg", "secret")
        await asyncio.sleep(1)
        room.write("hide", "gone", secret, is_heard=False)
        if how == "an end to the delay":
            await room.set_delay(0)
        else:
            await asyncio.sleep(3.5)
        if how == "a look":
            await room.look()
        elif how == "a hint of what came after it":
            room.write("msg", "what came after it")
        await asyncio.sleep(1)  # by now it is due, and what became of it is still being read
        assert bob.events == []
        await asyncio.sleep(2 * DELAY)
        assert bob.numbers[:2] == [1, 2]
        assert "secret" not in bob.words

    in_a_room(story)


def test_without_a_delay_nobody_waits_for_what_is_still_to_be_read() -> None:
    async def story(room: Room) -> None:
        await room.set_delay(0)
        bob = await room.comes(runs=False)
        room.log.takes = 2.0
        for words in ("heard of late", "not yet read"):
            room.write("msg", words, is_heard=False)
        await room.look()
        room.hub.push(room.log.events[:1])
        await asyncio.sleep(0.5)
        assert bob.words == ["heard of late"]
        await asyncio.sleep(3)
        assert bob.words == ["heard of late", "not yet read"]

    in_a_room(story)


def test_what_becomes_of_things_that_everybody_sees_waits_for_nothing() -> None:
    async def story(room: Room) -> None:
        first = room.write("msg", "first")
        room.write("q_new", "a question", "q1")
        await asyncio.sleep(2 * DELAY)
        host, bob = await room.comes(runs=True, since=0), await room.comes(runs=False, since=0)
        await asyncio.sleep(1)
        assert bob.numbers == [1, 2]
        room.write("msg", "young")
        room.write("q_new", "a young question", "q2")
        before = now()
        room.write("hide", "gone", first)
        room.write("q_state", "answered", "q1")
        room.write("q_state", "a young question, being answered", "q2")
        room.write("poll", "a poll", "p7")
        await asyncio.sleep(1)
        assert bob.numbers == [1, 2]
        assert [(one["k"], one["h"]) for _, one in bob.ahead] == [
            ("hide", "gone"),
            ("q_state", "answered"),
            ("poll", "a poll"),
        ]
        assert all(at - before < 0.1 and "s" not in one and "c" not in one for at, one in bob.ahead)
        # Who comes back meanwhile, with the old words before them, hears it too.
        again = await room.comes(runs=False, since=2)
        await asyncio.sleep(0.1)
        assert [one["h"] for _, one in again.ahead] == ["gone", "answered", "a poll"]
        assert host.ahead == []
        await asyncio.sleep(2 * DELAY)
        assert bob.numbers == list(range(1, 9))
        assert again.numbers == list(range(3, 9))

    in_a_room(story)


def test_what_went_ahead_with_words_that_were_hidden_since_goes_without_them() -> None:
    async def story(room: Room) -> None:
        first = room.write("msg", "first")
        await asyncio.sleep(2 * DELAY)
        bob = await room.comes(runs=False, since=1)
        room.write("msg", "young")
        room.write("edit", "secret", first)
        room.write("hide", "gone", first)
        await asyncio.sleep(0.5)
        again = await room.comes(runs=False, since=1)
        await asyncio.sleep(3 * DELAY)
        assert "secret" not in bob.words + again.words
        assert bob.numbers == again.numbers == [2, 3, 4]

    in_a_room(story)


def test_no_number_tells_of_what_is_not_shown_yet() -> None:
    async def story(room: Room) -> None:
        for _ in range(3):
            room.write("msg", "old")
        await asyncio.sleep(2 * DELAY)
        for _ in range(4):
            room.write("msg", "young")
        host, bob = await room.comes(runs=True), await room.comes(runs=False)
        assert (host.top, bob.top) == (7, 3)
        # Whether there is such a number must not show by what somebody is let go on from.
        asked = [await room.comes(runs=False, since=since) for since in (4, 7, 8, 50)]
        assert [(one.goes_on, one.top) for one in asked] == [(True, 3)] * 4
        assert not (await room.comes(runs=True, since=8)).goes_on
        await asyncio.sleep(1)
        assert all(one.events == [] for one in asked)

    in_a_room(story)


def test_who_says_they_had_what_never_comes_starts_afresh() -> None:
    async def story(room: Room) -> None:
        room.write("msg", "old")
        await asyncio.sleep(2 * DELAY)
        lost = await room.comes(runs=False, since=9)
        kept = await room.comes(runs=False, since=2)
        room.write("msg", "young")
        await asyncio.sleep(2 * DELAY)
        assert lost.listener.ended_with == Close.TOO_SLOW
        assert kept.listener.ended_with is None
        assert not (await room.comes(runs=False, since=9)).goes_on

    in_a_room(story)


@pytest.mark.parametrize("others", [(10,), (2, 10), (0, 5), (10, 0), (2, 0, 10, 5, 0)])
def test_changing_the_delay_loses_doubles_and_reorders_nothing(others: tuple[int, ...]) -> None:
    async def story(room: Room) -> None:
        host, bob = await room.comes(runs=True), await room.comes(runs=False)
        for seconds in (DELAY, *others):
            await room.set_delay(seconds)
            for _ in range(8):
                room.write("msg", "words")
                await asyncio.sleep(0.4)
        late = await room.comes(runs=False, since=0)
        await asyncio.sleep(30)
        assert host.numbers == bob.numbers == late.numbers == list(range(1, len(room.log.events) + 1))

    in_a_room(story)


def test_with_a_shorter_delay_what_waited_comes_sooner_and_with_none_at_once() -> None:
    async def story(room: Room) -> None:
        bob = await room.comes(runs=False)
        room.write("msg", "words")
        await asyncio.sleep(1)
        await room.set_delay(0)
        await asyncio.sleep(0.1)
        assert bob.numbers == [1]
        room.write("msg", "words")
        await asyncio.sleep(0.1)
        assert bob.numbers == [1, 2]

    in_a_room(story)


def test_who_comes_to_run_the_room_sees_all_of_it_and_who_no_longer_does_waits() -> None:
    async def story(room: Room) -> None:
        bob = await room.comes(runs=False)
        room.write("msg", "words")
        await asyncio.sleep(0.1)
        assert bob.numbers == []
        bob.listener.runs = True
        room.write("msg", "words")
        await asyncio.sleep(0.1)
        assert bob.numbers == [1, 2]
        bob.listener.runs = False
        written = now()
        room.write("msg", "words")
        await asyncio.sleep(2 * DELAY)
        assert bob.numbers == [1, 2, 3]
        assert bob.came(3) - written >= DELAY - 0.001

    in_a_room(story)


def test_more_than_a_ring_may_be_young() -> None:
    async def story(room: Room) -> None:
        room.hub.RING_EVENTS = 7  # type: ignore[misc]
        host, bob = await room.comes(runs=True), await room.comes(runs=False)
        for _ in range(60):
            room.write("msg", "words")
            await asyncio.sleep(0.05)
        assert bob.numbers == []
        await asyncio.sleep(2 * DELAY)
        assert host.numbers == bob.numbers == list(range(1, 61))

    in_a_room(story)


def test_a_hub_that_begins_in_the_middle_shows_what_is_old_enough() -> None:
    async def story(room: Room) -> None:
        for _ in range(30):
            room.write("msg", "words")
            await asyncio.sleep(0.5)
        tail = await room.log.tail(1)
        assert tail
        shown = await room.log.shown_to_all(1)
        assert 0 < shown < 30
        room.hub = RoomHub(tail, room.log, shown)
        await room.hub.catch_up()
        bob = await room.comes(runs=False, since=0)
        await asyncio.sleep(0.1)
        assert bob.numbers == list(range(1, shown + 1))
        await asyncio.sleep(DELAY)
        assert bob.numbers == list(range(1, 31))

    in_a_room(story)
