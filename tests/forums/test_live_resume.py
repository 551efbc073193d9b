"""The resume protocol, driven by whatever order of events the machine can think of: messages, what becomes of them,
questions, polls and pins, hints that are lost, late, doubled or ahead of the log, a database that is away, rings that
are short, sockets that break, stall or never acknowledge, a process that dies, and a delay that changes. What a browser
shows is always the log from its start to where it is, and in the end all of it; with a delay, one that does not run the
room never shows what is too young, nor the words of what was hidden before it was old enough."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from forums.live import process
from forums.live.hub import Listener, RoomHub, logger
from forums.live.log import Tail
from forums.live.process import LiveProcess
from forums.live.protocol import About, BadFrame, Event
from tests.forums.test_live_hub import EPOCH, Log

GONE = "gone"
numbers = strategies.integers
BROWSERS = 6


class RoomLog(Log):
    """What was written when, and what each line is about."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.delay = 0
        self.lines: list[tuple[str, About | None, float]] = []
        self.looks: dict[About, str] = {}

    def write(self, kind: str, about: About | None = None) -> None:
        self.length += 1
        self.lines.append((kind, about, self.now))
        if kind == "hide" and about is not None:
            self.looks[about] = GONE
        else:
            self.looks.setdefault(about or self.length, f"words {about or self.length}")

    def event(self, seq: int) -> Event:
        """As it looks now, which is how a log is read."""
        kind, about, at = self.lines[seq - 1]
        frame: dict[str, Any] = {"s": seq, "k": kind, "h": self.looks[about or seq]}
        return Event(seq, json.dumps(frame), about, at)

    async def tail(self, room_id: int) -> Tail | None:
        tail = await super().tail(room_id)
        assert tail is not None
        return replace(tail, delay_seconds=self.delay)

    async def shown_to_all(self, room_id: int) -> int:
        return self.shown(self.delay)

    def shown(self, delay: int) -> int:
        young = (seq for seq, (_, _, at) in enumerate(self.lines, start=1) if at + delay > self.now)
        return next(young, self.length + 1) - 1 if delay else self.length

    async def after(self, room_id: int, seq: int, limit: int) -> list[Event]:
        await asyncio.sleep(0)
        if self.is_away:
            raise OSError("the database is away")
        return [self.event(n) for n in range(seq + 1, min(self.length, seq + limit) + 1)]


class SmallHub(RoomHub):
    """Everything that has a length is short, so that few steps go past it."""

    RING_EVENTS = 7
    PAGE_EVENTS = 3
    LOADED_AT_FIRST = 4
    FURTHEST = 60
    REST_PER_LISTENER = 0.0
    OLDER_KEPT = 0.0
    OVERDUE = 1_000.0


class SmallListener(Listener):
    WINDOW_EVENTS = 5
    PATIENCE = 0.05


class SmallProcess(LiveProcess):
    """Looks at the log when the machine says so."""

    def _watch(self) -> None:
        pass


class Browser:
    """Knows the number of the last event it shows, and goes on from there with every new socket."""

    def __init__(self, *, is_lazy: bool, runs: bool, takes_at_once: bool) -> None:
        self.is_lazy = is_lazy  # acknowledges only when the machine says so
        self.takes_at_once = takes_at_once  # its server offers to send without a task, while it takes anything
        self.runs = runs  # the room, so that it sees at once what others see later
        self.words: dict[int, str] = {}
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
        self._show(text)

    def take_now(self, text: str) -> bool:
        if not self.is_stalled:
            asyncio.get_running_loop().call_soon(self._show, text)
        return not self.is_stalled

    def _show(self, text: str) -> None:
        frame: Any = json.loads(text)
        if isinstance(frame, list):
            self.shown += [one["s"] for one in frame]  # whatever comes: the invariant judges it
            self.words |= {one["s"]: one["h"] for one in frame}
            if self.listener is not None and not self.is_lazy:
                self.listener.ack(frame[-1]["s"])


class ResumeProtocol(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(process, "RoomHub", SmallHub)
        # The room says hundreds of times that the log is away. Python 3.11 at times fails to print one of so many
        # tracebacks ("AST constructor recursion depth mismatch"), which pytest would take for a failure of the room.
        self.patch.setattr(logger, "disabled", True)

    @initialize(length=numbers(0, 30), delay=strategies.sampled_from([0, 5, 10]))
    def begin(self, length: int, delay: int) -> None:
        self.log = RoomLog()
        for _ in range(length):
            self.log.write("msg")
        self.log.now += 20
        self.log.delay = delay
        self.public = length  # how far everybody may have seen by now
        self.hidden_young: set[int] = set()  # before everybody may have seen it
        self.patch.setattr(SmallHub, "clock", staticmethod(lambda: self.log.now))
        self.process = SmallProcess(self.log)
        self.browsers = [
            Browser(is_lazy=number in (0, 4), runs=number == 1, takes_at_once=number > 2) for number in range(BROWSERS)
        ]

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
        for _ in range(count):
            self.log.write("msg")
        self.note()

    @rule(which=numbers(1, 8), kind=strategies.sampled_from(["hide", "edit", "pin", "unpin"]))
    def something_becomes_of_a_message(self, which: int, kind: str) -> None:
        seq = self.log.length + 1 - which
        if seq >= 1 and self.log.lines[seq - 1][0] == "msg":
            if kind == "hide" and seq > self.public:
                self.hidden_young.add(seq)
            self.log.write(kind, seq)
        self.note()

    @rule()
    def something_is_said_and_hidden_when_it_was_heard(self) -> None:
        self.say(1)
        self.look_at_the_log()
        self.something_becomes_of_a_message(1, "hide")

    @rule(which=numbers(1, 3), is_poll=strategies.booleans())
    def a_question_or_a_poll(self, which: int, is_poll: bool) -> None:
        about = f"{'p' if is_poll else 'q'}{which}"
        is_new = about not in self.log.looks
        self.log.write("poll" if is_poll else "q_new" if is_new else "q_state", about)
        self.note()

    @rule(seconds=strategies.sampled_from([0, 2, 5, 10]))
    def the_delay_changes(self, seconds: int) -> None:
        """The hub hears of it when it looks."""
        self.note()
        self.log.delay = seconds
        self.note()

    @rule(seconds=strategies.sampled_from([0.5, 1.9, 3.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        """Every second of it a process looks at the log."""

        async def story() -> None:
            self.log.is_away = False
            for _ in range(2):
                if self.hub is not None:
                    await self.hub.catch_up()
                    self.hub.hear(self.hub.tail)
                await self.settle()
                self.note()
                self.log.now += seconds / 2
            if self.hub is not None:
                self.hub.hear(self.hub.tail)
            await self.settle()
            self.note()

        self.run(story())

    def note(self) -> None:
        delays = [self.log.delay] + ([self.hub.tail.delay_seconds] if self.hub is not None else [])
        self.public = max(self.public, self.log.shown(min(delays)))

    @rule(first=numbers(0, 20), count=numbers(1, 6))
    def hint_of_what_was_said(self, first: int, count: int) -> None:
        """Of any part of the end of the log: late, doubled, with holes before it."""

        async def story() -> None:
            start = max(1, self.log.length - first)
            events = [self.log.event(seq) for seq in range(start, min(self.log.length, start + count - 1) + 1)]
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
            lambda hub: SmallListener(
                hub,
                browser.take,
                member_id=1,
                session_key="s",
                password="",
                access_version=0,
                runs=browser.runs,
                send_now=browser.take_now if browser.takes_at_once else None,
            ),
        )
        assert listener is not None
        browser.is_stalled = False
        browser.may_go_on.set()
        if not await listener.start(EPOCH, browser.position):
            # It reads the page again, and has what stands there.
            last = self.log.length if browser.runs else self.log.shown(self.log.delay)
            browser.shown = list(range(1, last + 1))
            browser.words = {seq: self.log.event(seq).html for seq in browser.shown}
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
    def nobody_else_sees_what_is_too_young(self) -> None:
        for browser in getattr(self, "browsers", ()):
            if not browser.runs:
                assert len(browser.shown) <= self.public

    @invariant()
    def what_was_hidden_young_comes_without_its_words(self) -> None:
        for browser in getattr(self, "browsers", ()):
            if not browser.runs:
                assert {browser.words.get(seq, GONE) for seq in self.hidden_young} <= {GONE}

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
        if self.hub is not None:
            await self.hub.catch_up()
            await self.settle()
        for browser in self.browsers:
            if browser.listener is None or browser.listener.ended_with is not None or browser.is_stalled:
                await self.open(browser)
        deadline = self.loop.time() + 5
        while any(browser.position < self.log.length for browser in self.browsers):
            assert self.loop.time() < deadline, [browser.position for browser in self.browsers]
            self.log.now += 1
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
        self.what_was_hidden_young_comes_without_its_words()
        for browser in self.browsers:
            await self.close(browser)
        assert self.process.hubs == {}


class TestResumeProtocol(ResumeProtocol.TestCase):  # type: ignore[name-defined, misc]  # hypothesis makes it
    settings = settings(max_examples=150, stateful_step_count=40, deadline=None, database=None)

    def runTest(self) -> None:
        """On a thread of its own: Playwright, once started, keeps an event loop in the test's."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(super().runTest).result()
