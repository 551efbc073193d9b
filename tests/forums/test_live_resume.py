"""The resume protocol, driven by whatever order of events the machine can think of: messages, hints that are lost,
late, doubled or ahead of the log, a database that is away, rings that are short, sockets that break, stall or never
acknowledge, and a process that dies. What a browser shows is always the log from its start to where it is, and in the
end all of it."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from forums.live import process
from forums.live.hub import Listener, RoomHub
from forums.live.log import Tail
from forums.live.process import LiveProcess
from forums.live.protocol import BadFrame
from tests.forums.test_live_hub import EPOCH, Log, event

numbers = strategies.integers
BROWSERS = 4


class SmallHub(RoomHub):
    """Everything that has a length is short, so that few steps go past it."""

    RING_EVENTS = 7
    PAGE_EVENTS = 3
    LOADED_AT_FIRST = 4
    FURTHEST = 60
    REST_PER_LISTENER = 0.0
    OLDER_KEPT = 0.0


class SmallListener(Listener):
    WINDOW_EVENTS = 5
    PATIENCE = 0.05


class SmallProcess(LiveProcess):
    """Looks at the log when the machine says so."""

    def _watch(self) -> None:
        pass


class Browser:
    """Knows the number of the last event it shows, and goes on from there with every new socket."""

    def __init__(self, *, is_lazy: bool) -> None:
        self.is_lazy = is_lazy  # acknowledges only when the machine says so
        self.shown: list[int] = []
        self.listener: Listener | None = None
        self.listening: asyncio.Task[None] | None = None
        self.is_stalled = False
        self.may_go_on = asyncio.Event()

    @property
    def position(self) -> int:
        return len(self.shown)

    async def take(self, text: str) -> None:
        if self.is_stalled:
            await self.may_go_on.wait()
        frame: Any = json.loads(text)
        if isinstance(frame, list):
            self.shown += [one["s"] for one in frame]  # whatever comes: the invariant judges it
            if self.listener is not None and not self.is_lazy:
                self.listener.ack(frame[-1]["s"])


class ResumeProtocol(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(process, "RoomHub", SmallHub)

    @initialize(length=numbers(0, 30))
    def begin(self, length: int) -> None:
        self.log = Log(length)
        self.top_hinted = length
        self.process = SmallProcess(self.log)
        self.browsers = [Browser(is_lazy=number == 0) for number in range(BROWSERS)]

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def settle(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)

    @property
    def hub(self) -> RoomHub | None:
        return self.process.hubs.get(1)

    # What happens in the room

    @rule(count=numbers(1, 12))
    def say(self, count: int) -> None:
        self.log.length += count

    @rule(first=numbers(0, 20), count=numbers(1, 6))
    def hint_of_what_was_said(self, first: int, count: int) -> None:
        """Of any part of the end of the log: late, doubled, with holes before it."""

        async def story() -> None:
            start = max(1, self.log.length - first)
            events = [event(seq) for seq in range(start, min(self.log.length, start + count - 1) + 1)]
            if events:
                self.process._hear(1, EPOCH, events[-1].seq, events)
            await self.settle()

        self.run(story())

    @rule(ahead=numbers(1, 5))
    def a_rumour_of_what_is_not_in_the_log(self, ahead: int) -> None:
        async def story() -> None:
            self.process._hear(1, EPOCH, self.log.length + ahead, [])
            await self.settle()

        self.run(story())

    @rule()
    def look_at_the_log(self) -> None:
        async def story() -> None:
            tail: Tail | None = await self.log.tail(1)
            if self.hub is not None and tail is not None:
                self.hub.hear(tail)
            await self.settle()

        self.run(story())

    @rule(is_away=strategies.booleans())
    def the_database_goes_or_comes(self, is_away: bool) -> None:
        self.log.is_away = is_away

    @rule()
    def the_process_dies(self) -> None:
        """Another one takes its place, which knows nothing."""

        async def story() -> None:
            for browser in self.browsers:
                await self.close(browser)
            self.process = SmallProcess(self.log)

        self.run(story())

    # What happens to a socket

    async def close(self, browser: Browser) -> None:
        if browser.listening is not None and browser.listener is not None:
            browser.listening.cancel()
            await asyncio.gather(browser.listening, return_exceptions=True)
            self.process.leave(browser.listener)
        browser.listener = browser.listening = None

    async def open(self, browser: Browser) -> None:
        await self.close(browser)
        listener = await self.process.enter(
            1,
            lambda hub: SmallListener(hub, browser.take, member_id=1, session_key="s", password="", access_version=0),
        )
        assert listener is not None
        browser.is_stalled = False
        browser.may_go_on.set()
        if not await listener.start(EPOCH, browser.position):
            # It reads the page again, and has what stands there.
            browser.shown = list(range(1, self.log.length + 1))
            assert await listener.start(EPOCH, browser.position), "the page itself cannot be gone on from"
        browser.listener = listener
        browser.listening = self.loop.create_task(listener.listen())
        await self.settle()

    @rule(which=numbers(0, BROWSERS - 1))
    def come_back(self, which: int) -> None:
        self.log.is_away = False
        self.run(self.open(self.browsers[which]))

    @rule(which=numbers(0, BROWSERS - 1))
    def lose_the_line(self, which: int) -> None:
        self.run(self.close(self.browsers[which]))

    @rule(which=numbers(0, BROWSERS - 1))
    def acknowledge(self, which: int) -> None:
        async def story() -> None:
            browser = self.browsers[which]
            if browser.listener is not None:
                browser.listener.ack(browser.position)
            await self.settle()

        self.run(story())

    @rule(which=numbers(0, BROWSERS - 1), ahead=numbers(1, 100))
    def acknowledge_what_was_never_sent(self, which: int, ahead: int) -> None:
        listener = self.browsers[which].listener
        if listener is not None:
            try:
                listener.ack(listener.cursor + ahead)
            except BadFrame:
                return
            raise AssertionError("an ack of what was never sent was taken")

    @rule(which=numbers(0, BROWSERS - 1))
    def stall(self, which: int) -> None:
        self.browsers[which].is_stalled = True
        self.browsers[which].may_go_on.clear()

    @rule(which=numbers(0, BROWSERS - 1))
    def take_again(self, which: int) -> None:
        async def story() -> None:
            self.browsers[which].is_stalled = False
            self.browsers[which].may_go_on.set()
            await self.settle()

        self.run(story())

    @rule()
    def give_up_the_stuck(self) -> None:
        async def story() -> None:
            for hub in self.process.hubs.values():
                for listener in list(hub.listeners):
                    listener.give_up_if_stuck(time.monotonic() + SmallListener.PATIENCE)
            await self.settle()

        self.run(story())

    # What is always so

    @invariant()
    def each_shows_the_log_from_its_start_once_and_in_order(self) -> None:
        for browser in getattr(self, "browsers", ()):
            assert browser.shown == list(range(1, len(browser.shown) + 1))
            assert len(browser.shown) <= self.log.length

    @invariant()
    def nobody_is_sent_more_than_a_window_unasked(self) -> None:
        for browser in getattr(self, "browsers", ()):
            listener = browser.listener
            if listener is not None:
                assert listener.cursor - listener.acked < SmallListener.WINDOW_EVENTS + SmallHub.PAGE_EVENTS

    @invariant()
    def the_ring_holds_no_more_than_it_should(self) -> None:
        if getattr(self, "process", None) and self.hub is not None:
            assert self.hub.top - self.hub.base == len(self.hub._ring) <= SmallHub.RING_EVENTS

    def teardown(self) -> None:
        """In the end everything is well again, and everybody is shown all of it."""
        try:
            if hasattr(self, "browsers"):
                self.run(self.end_well())
        finally:
            self.patch.undo()
            self.run(self.settle())
            self.loop.close()

    async def end_well(self) -> None:
        self.log.is_away = False
        for browser in self.browsers:
            if browser.listener is None or browser.listener.ended_with is not None or browser.is_stalled:
                await self.open(browser)
        deadline = self.loop.time() + 5
        while any(browser.position < self.log.length for browser in self.browsers):
            assert self.loop.time() < deadline, [browser.position for browser in self.browsers]
            tail = await self.log.tail(1)
            assert self.hub is not None and tail is not None
            self.hub.hear(tail)
            await self.settle()
            for browser in self.browsers:
                assert browser.listener is not None
                if browser.listener.ended_with is not None:
                    await self.open(browser)
                browser.listener.ack(browser.position)
        self.each_shows_the_log_from_its_start_once_and_in_order()
        for browser in self.browsers:
            await self.close(browser)
        assert self.process.hubs == {}


class TestResumeProtocol(ResumeProtocol.TestCase):  # type: ignore[name-defined, misc]  # hypothesis makes it
    settings = settings(max_examples=150, stateful_step_count=40, deadline=None, database=None)

    def runTest(self) -> None:
        """On a thread of its own: Playwright, once started, keeps an event loop in the test's."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(super().runTest).result()
