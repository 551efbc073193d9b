"""A room in this process: what was said last, encoded once, and the listeners who are handed it."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils import timezone

from forums.live import figures, log, protocol
from forums.live.access import Asked
from forums.live.log import Tail
from forums.live.protocol import Event
from forums.live.reading import read
from forums.models.message_reaction import Tally
from network.live.close import Close

logger = logging.getLogger(__name__)


class Source(Protocol):
    """Where a hub reads what it was not told."""

    async def tail(self, room_id: int) -> Tail | None: ...

    async def after(self, room_id: int, seq: int, limit: int) -> list[Event]: ...

    async def shown_to_all(self, room_id: int) -> int: ...


class Database:
    """The log itself. Events are rendered on the reading thread."""

    async def tail(self, room_id: int) -> Tail | None:
        return (await read(log.tails, [room_id])).get(room_id)

    async def after(self, room_id: int, seq: int, limit: int) -> list[Event]:
        return await read(lambda: [protocol.event(line) for line in log.after(room_id, seq, limit)])

    async def shown_to_all(self, room_id: int) -> int:
        return await read(log.shown_to_all, room_id)


@dataclass(frozen=True, slots=True)
class Young:
    """An event that waits until everybody may see it."""

    seq: int
    at: float
    question: str | None  # what it shows for the first time, if that is a question


@dataclass(frozen=True, slots=True)
class StatePage:
    """Part of the state as one frame takes it, and the version that a listener has with it."""

    values: dict[str, Any]
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Events in a row as one frame, shared by every listener who stands at the same place."""

    text: str
    last: int
    size: int


class RoomHub:
    """Holds the events `base + 1` to `top`. Being told of news is only a hint: it may be lost, doubled or out of order,
    for whatever is missing is read from the log. Those who run the room are handed what comes up to `shown`; everybody
    else up to `shown_to_all`, which follows it by the room's delay and never goes back."""

    RING_EVENTS = 2_000
    RING_BYTES = 2_000_000
    PAGE_EVENTS = 100
    # As large as a frame can be whose length stands in two bytes: what a frame costs hardly depends on its size. One
    # message with its HTML is at most an eighth of this.
    PAGE_BYTES = 60_000
    LOADED_AT_FIRST = 200
    # Seconds that what lies before the ring is kept when it was read once: after an outage everybody wants it at the
    # same time. Words that are hidden meanwhile go out no longer than that.
    OLDER_KEPT = 1.0
    # A listener further behind than this starts afresh from the page.
    FURTHEST = 2_000
    # As many as one frame tells the counts of.
    MOST_REACTED = log.REACTED
    MOST_VOTED = log.VOTED
    # Seconds between two frames of the state: a socket gets one a second at most, however late the last one was. What
    # changes together, as at one look at the log, is told together.
    STATE_EVERY = 1.1
    STATE_GATHERS = 0.05
    # Of a frame, with room for what else stands in a welcome.
    STATE_BYTES = protocol.MAX_FRAME - 2_000
    # Seconds after which what a browser says it has been shown would have come, whatever the clocks say.
    OVERDUE = 2.0
    MOST_OVERDUE = 1_000
    # Seconds of rest between two flushes, per listener: cost follows the clock, not the rate of messages. In a room of
    # thousands a frame costs more than what it says, so there the rest grows faster than the room: with this many it is
    # twice as long for each.
    REST_PER_LISTENER = 0.000_1
    TWICE_THE_REST = 8_000
    LONGEST_REST = 1.0

    def __init__(self, tail: Tail, source: Source, shown_to_all: int | None = None) -> None:
        """`shown_to_all`: where there is a delay, how far everybody may see by now."""
        self.room_id = tail.room_id
        self.tail = tail
        self.base = max(0, tail.last_seq - self.LOADED_AT_FIRST)
        if shown_to_all is not None:
            self.base = min(self.base, shown_to_all)
        self.top = self.shown = self.shown_to_all = self.base
        self.listeners: set[Listener] = set()
        self.state: dict[str, Any] = _settings(tail)
        # Of what has been told. What changes meanwhile waits for its turn, and in it only the latest counts.
        self.state_version = 1
        # Of the room, as far as its reactions and its votes are known here.
        self.reaction_version = self.vote_version = 0
        # How often each thing was counted: by what is counted ("react", "q", "p"), and then by the number of the
        # message, question or poll.
        self._counts: dict[str, dict[str, Any]] = {}
        # At which version each of the state and of the counts (with its number) was last told, oldest first.
        self._told: dict[tuple[str, str], int] = dict.fromkeys(((key, "") for key in self.state), 1)
        self._untold: dict[tuple[str, str], None] = {}
        self._state_pages: dict[int, StatePage] = {}
        self._state_told_at = 0.0
        self._state_timer: asyncio.TimerHandle | None = None
        # What not everybody may see yet; and of what happened meanwhile to things that they do see, the numbers.
        self._young: deque[Young] = deque()
        self._ahead: deque[int] = deque()
        self._ahead_pages: dict[int, Page] = {}
        # Numbers that some browser said it had, and that never came.
        self.overdue: set[int] = set()
        self._source = source
        self._ring: deque[Event] = deque()
        self._ring_bytes = 0
        self._pages: dict[tuple[int, int], Page] = {}
        self._older: dict[int, asyncio.Task[list[Event]]] = {}
        self._known = tail.last_seq  # the highest number heard of
        self._filling: asyncio.Task[None] | None = None
        self._flushed_at = 0.0
        self._flushed = self.base  # of which those who run the room know
        self._came_at: float | None = None  # the first of what is not shown yet
        self._flush_timer: asyncio.TimerHandle | None = None
        self._due_timer: asyncio.TimerHandle | None = None

    @property
    def retry_ms(self) -> int:
        """How long a browser waits, at first, between attempts to come back: the fuller the room, the longer, so that
        all of them together do not knock a server over that has just come up."""
        return min(10_000, max(200, 2 * len(self.listeners)))

    @property
    def rest(self) -> float:
        """Seconds between two flushes."""
        listeners = len(self.listeners)
        return min(self.LONGEST_REST, listeners * self.REST_PER_LISTENER * (1 + listeners / self.TWICE_THE_REST))

    # News comes in

    def push(self, events: Sequence[Event]) -> None:
        """Takes what follows, ignores what it has, and fetches what is missing in between."""
        for event in events:
            if event.seq == self.top + 1:
                self._append(event)
            elif event.seq > self.top:
                figures.here.holes += 1
                self.hear_of(event.seq)
        self._flush_soon()

    def hear(self, tail: Tail) -> None:
        """What the log itself says, once a second. Of another epoch nothing is taken: what is in the ring is not what
        that log says, and its process is about to let go of it."""
        if tail.epoch != self.tail.epoch:
            return
        if tail.held_version != self.tail.held_version:
            self.tell_state_soon()
        self.tail = tail
        if self.top > 0 and tail.last_seq > max(self._known, self.top):
            figures.here.rescues += 1
        self.hear_of(tail.last_seq)
        self.set_state(**_settings(tail))
        self._flush_soon()  # the delay may be another

    def replace(self, event: Event) -> None:
        """Puts another text in the place of an event that was handed out before, such as a tombstone: whoever catches
        up from now on gets this one."""
        if not self.base < event.seq <= self.top:
            return
        place = event.seq - self.base - 1
        self._ring_bytes += event.size - self._ring[place].size
        self._ring[place] = event
        self._pages.clear()
        self._ahead_pages.clear()

    def _change(self, amendment: Event) -> None:
        """Wherever the ring shows the message that an event is about, it shows it as it looks now: words that were
        hidden or taken back are in no line any more, nor in an earlier edit."""
        self._older.clear()
        html = amendment.html
        for event in list(self._ring):
            if amendment.about in (event.seq, event.about) and event is not amendment:
                self.replace(event.showing(html))

    # The room's state, of which only the latest counts: no number, no replay

    def set_state(self, **values: Any) -> None:
        for key, value in values.items():
            if self.state.get(key) != value:
                self.state[key] = value
                self._state_pages.pop(0, None)
                self._tell_of(key, "")

    def react(self, tally: Tally, version: int) -> None:
        """How often messages were reacted to by now; `version` is the room's."""
        self.reaction_version = version
        self._count("react", {str(seq): counts for seq, counts in tally.items()}, self.MOST_REACTED)

    def vote(self, votes: dict[str, dict[str, Any]], version: int) -> None:
        """What `log.votes_since` says; `version` is the room's."""
        self.vote_version = version
        for what, counts in votes.items():
            self._count(what, counts, self.MOST_VOTED)

    def _count(self, what: str, counts: dict[str, Any], most: int) -> None:
        known = self._counts.setdefault(what, {})
        for key, value in counts.items():
            if known.get(key, {}) != value:
                known.pop(key, None)  # the latest stand last
                known[key] = value
                self._tell_of(what, key)
        for key in list(known)[:-most]:
            del known[key]
            self._told.pop((what, key), None)
            self._untold.pop((what, key), None)

    def _tell_of(self, what: str, key: str) -> None:
        # What waits already keeps its place, so that among very many nothing is passed over for ever.
        self._untold[what, key] = None
        self.tell_state_soon()

    def tell_state_soon(self) -> None:
        """With the next frame of the state, for which there is one clock. While nobody listens it is as good as
        told."""
        if not self.listeners:
            while self._untold:
                self._next_state()
        elif self._state_timer is None:
            loop = asyncio.get_running_loop()
            wait = max(self.STATE_GATHERS, self._state_told_at + self.STATE_EVERY - loop.time())
            self._state_timer = loop.call_later(wait, self._tell_state)

    def _tell_state(self) -> None:
        """Of what waits as much as one frame takes becomes the next version. Whoever has not all of it is woken, and
        the rest comes with the next frame."""
        self._state_timer = None
        self._state_told_at = asyncio.get_running_loop().time()
        if self._untold:
            self._next_state()
        behind = [listener for listener in self.listeners if listener.is_behind]
        for listener in behind:
            listener.wake()
        if self._untold or behind:
            self.tell_state_soon()

    def _next_state(self) -> None:
        self._state_pages.clear()
        self.state_version += 1
        size = 0
        for what, key in list(self._untold):
            size += self._state_size(what, key)
            if size > self.STATE_BYTES:
                break
            del self._untold[what, key]
            self._told.pop((what, key), None)
            self._told[what, key] = self.state_version

    def _state_of(self, what: str, key: str) -> Any:
        return self._counts[what][key] if key else self.state[what]

    def _state_size(self, what: str, key: str) -> int:
        """Bytes, at most."""
        return len(protocol.encode({key or what: self._state_of(what, key)}).encode())

    def state_page_after(self, version: int) -> StatePage:
        """What has been told since a version, as much of it as one frame takes; after 0 all settings, as they are now,
        stand in the first one."""
        page = self._state_pages.get(version)
        if page is None:
            page = self._state_pages[version] = self._state_page(version)
        return page

    def _state_page(self, version: int) -> StatePage:
        values: dict[str, Any] = dict(self.state) if version == 0 else {}
        size = len(protocol.encode(values).encode())
        had = version
        by_version: dict[int, list[tuple[str, str]]] = {}
        for told, since in self._told.items():
            if since > version and not (version == 0 and not told[1]):
                by_version.setdefault(since, []).append(told)
        for since in sorted(by_version):
            size += sum(self._state_size(what, key) for what, key in by_version[since])
            # One version by itself always fits, and where it has grown since by a little there is room.
            if size > self.STATE_BYTES and had != version:
                return StatePage(values, had, protocol.state(had, values))
            for what, key in by_version[since]:
                if key:
                    values.setdefault(what, {})[key] = self._state_of(what, key)
                else:
                    values[what] = self._state_of(what, key)
            had = since
        return StatePage(values, self.state_version, protocol.state(self.state_version, values))

    async def catch_up(self) -> None:
        """Returns when the hub holds all that the log held at the call."""
        tail = await self._source.tail(self.room_id)
        if tail is not None:
            self.hear(tail)
        if self._filling is not None:
            await asyncio.shield(self._filling)

    def hear_of(self, seq: int) -> None:
        self._known = max(self._known, seq)
        if self._known > self.top and self._filling is None:
            self._filling = asyncio.get_running_loop().create_task(self._fill())

    async def _fill(self) -> None:
        try:
            while self._known > self.top:
                events = await self._source.after(self.room_id, self.top, self.RING_EVENTS // 4)
                if not events:  # it was a rumour; should it come true, the next look at the log says so
                    self._known = self.top
                for event in events:
                    if event.seq == self.top + 1:
                        self._append(event)
                self._flush_soon()
        except Exception:
            logger.exception("Room %s could not be read; the next look at the log tries again", self.room_id)
        finally:
            self._filling = None

    def _append(self, event: Event) -> None:
        self._ring.append(event)
        self._ring_bytes += event.size
        self.top = event.seq
        question = event.about if event.kind == "q_new" and isinstance(event.about, str) else None
        if self._is_ahead(event, question):
            self._ahead.append(event.seq)
            self._ahead_pages.clear()
        self._young.append(Young(event.seq, event.at, question))
        if event.about is not None:
            self._change(event)
        while len(self._ring) > self.RING_EVENTS or self._ring_bytes > self.RING_BYTES:
            self._ring_bytes -= self._ring.popleft().size
            self.base += 1

    def _is_ahead(self, event: Event, question: str | None) -> bool:
        """Whether everybody is to hear at once of what has become of something that they see already: that it was
        hidden cannot wait behind what others said just now. What is new waits, but for polls, in which only those who
        run the room have words."""
        if event.about is None or question is not None or not self.tail.delay_seconds:
            return False
        if isinstance(event.about, int):
            return event.about <= self.shown_to_all
        return all(young.question != event.about for young in self._young)

    # News goes out

    @staticmethod
    def clock() -> float:
        """Seconds, by the clock that stands in the log."""
        return time.time()

    def _flush_soon(self) -> None:
        if self._flush_timer is not None or (self.shown == self.top and not self._next_is_due()):
            return
        loop = asyncio.get_running_loop()
        self._came_at = loop.time()
        wait = self._flushed_at + self.rest - loop.time()
        if wait <= 0:
            self._flush()
        else:
            self._flush_timer = loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        self._flush_timer = None
        self._flushed_at = asyncio.get_running_loop().time()
        self._pages.clear()
        self.shown = self.top
        self._show_to_all()
        self._flushed = self.shown
        self._wake_everybody()
        if self._came_at is not None:
            # After all whom this has woken, each of whom is handed it at once.
            asyncio.get_running_loop().call_soon(self._note_delay, self._came_at)
            self._came_at = None

    def _note_delay(self, came_at: float) -> None:
        figures.here.told.add(asyncio.get_running_loop().time() - came_at)

    def _is_held_back(self) -> bool:
        """What not everybody has seen yet may be hidden by what is still to be read: that comes first, however late.
        Of what comes without a delay nobody is told later for that."""
        was_delayed = self._young[0].seq <= self._flushed or self.tail.delay_seconds > 0
        return was_delayed and self._known > self.top

    def _next_is_due(self) -> bool:
        if not self._young or self._is_held_back():
            return False
        delay = self.tail.delay_seconds
        return not delay or self._young[0].at + delay <= self.clock()

    def _show_to_all(self) -> None:
        while self._young and self._young[0].seq <= self.shown and self._next_is_due():
            self.shown_to_all = self._young.popleft().seq
        if self._ahead and self._ahead[0] <= self.shown_to_all:
            while self._ahead and self._ahead[0] <= self.shown_to_all:
                self._ahead.popleft()
            self._ahead_pages.clear()
        if self._due_timer is not None:
            self._due_timer.cancel()
            self._due_timer = None
        self._wait_for_the_next()

    def _wait_for_the_next(self) -> None:
        """A flush that is under way does the same when it is done."""
        if self._young and self.listeners and self._due_timer is None and self._flush_timer is None:
            wait = self._young[0].at + self.tail.delay_seconds - self.clock()
            # Clocks are set, so it is looked at them again before long.
            wait = self.LONGEST_REST if self._is_held_back() else min(self.LONGEST_REST, max(0.01, wait))
            self._due_timer = asyncio.get_running_loop().call_later(wait, self._come_due)

    def _come_due(self) -> None:
        self._due_timer = None
        self._flush_soon()
        self._wait_for_the_next()

    @property
    def last_ahead(self) -> int:
        """The number of the last event that went ahead of its turn to those who see later; 0 where none does."""
        return self._ahead[-1] if self._ahead else 0

    def page_ahead(self, seq: int) -> Page:
        """What goes ahead after the event of a number, as one frame, without any number: how things look that
        everybody sees, as they look now."""
        page = self._ahead_pages.get(seq)
        if page is None:
            texts: list[str] = []
            last, size = seq, 0
            for number in self._ahead:
                if number <= seq:
                    continue
                if number > self.base:
                    text = self._ring[number - self.base - 1].ahead
                    size += len(text.encode()) + 1
                    if texts and size > self.PAGE_BYTES:
                        break
                    texts.append(text)
                last = number
            page = self._ahead_pages[seq] = Page(protocol.ahead(texts), last, size)
        return page

    def _wake_everybody(self) -> None:
        """Whoever can be handed what came is handed it here and now; the others are woken, and see to it themselves."""
        for listener in tuple(self.listeners):
            if not listener.hand_over():
                listener.wake()

    async def page_after(self, cursor: int, shown: int | None = None) -> Page | None:
        """The events that come next for a listener who has those up to `cursor`, which is below `shown`: how far they
        may see, as those who run the room where it is not said. None: they are gone, and the room with them, or a
        restored database never had them."""
        shown = self.shown if shown is None else shown
        if cursor >= self.base:
            return self.page_at_hand(cursor, shown)
        older = [event for event in await self._older_after(cursor) if event.seq <= shown]
        return self._page(older) if older else None

    def page_at_hand(self, cursor: int, shown: int) -> Page:
        """The same, where `cursor` is not below `base`."""
        page = self._pages.get((cursor, shown))
        if page is None:
            last = min(shown, cursor + self.PAGE_EVENTS)
            page = self._page(self._ring[seq - self.base - 1] for seq in range(cursor + 1, last + 1))
            self._pages[cursor, shown] = page
        return page

    async def _older_after(self, cursor: int) -> list[Event]:
        """What comes next and lies before the ring: the rest of a block that all who need it share."""
        before = cursor - cursor % self.PAGE_EVENTS
        reading = self._older.get(before)
        if reading is None:
            figures.here.ring_misses += 1
            loop = asyncio.get_running_loop()
            reading = loop.create_task(self._source.after(self.room_id, before, self.PAGE_EVENTS))
            self._older[before] = reading
            loop.call_later(self.OLDER_KEPT, self._older.pop, before, None)
        return [event for event in await asyncio.shield(reading) if event.seq > cursor]

    def _page(self, events: Iterable[Event]) -> Page:
        """As many of the events as one frame takes."""
        taken: list[Event] = []
        size = 0
        for event in events:
            if taken and size + event.size > self.PAGE_BYTES:
                break
            taken.append(event)
            size += event.size + 1
        return Page("[" + ",".join(event.text for event in taken) + "]", taken[-1].seq, size)

    # Listeners

    def enter(self, listener: Listener) -> None:
        self.listeners.add(listener)
        self._wait_for_the_next()

    def leave(self, listener: Listener) -> None:
        self.listeners.discard(listener)
        if not self.listeners:
            for timer in (self._flush_timer, self._due_timer, self._state_timer):
                if timer is not None:
                    timer.cancel()
            self._flush_timer = self._due_timer = self._state_timer = None
            self.tell_state_soon()

    def end(self, code: Close) -> None:
        for listener in list(self.listeners):
            listener.end(code)

    def give_up_the_stuck(self) -> None:
        """Ends those to whom one frame has been on its way for too long. Asked from time to time for all of them: a
        timer for each frame would cost a third of what sending it costs."""
        now = time.monotonic()
        for listener in list(self.listeners):
            listener.give_up_if_stuck(now)


def _settings(tail: Tail) -> dict[str, Any]:
    return {
        "open": tail.is_open(timezone.now()),
        "lock": tail.lock,
        "slow": tail.slow_seconds,
        "delay": tail.delay_seconds,
        "asks": tail.takes_questions,
    }


class Listener:
    """One socket as the engine knows it: a cursor over the room's log, and a way to send."""

    # What may be on its way without the browser having said that it arrived.
    WINDOW_EVENTS = 500
    WINDOW_BYTES = 256_000
    PATIENCE = 15.0  # seconds
    STATE_RESTS = 1.0  # seconds, at least, between two frames of the state

    def __init__(
        self,
        hub: RoomHub,
        send: Callable[[str], Awaitable[None]],
        *,
        member_id: int,
        session_key: str,
        password: str,
        access_version: int,
        runs: bool = False,
        send_now: Callable[[str], bool] | None = None,
    ) -> None:
        """`send_now`: sends at once and says whether it did; where it did not, `send` waits until that can be."""
        self.hub = hub
        self.member_id = member_id
        self.session_key = session_key
        self.password = password  # its hash: another one ends the session
        self.access_version = access_version  # of the network, when this member was last seen to belong to it
        self.runs = runs  # the room, so that they see at once what others see later
        self.cursor = self.acked = self.top
        self.ended_with: Close | None = None
        self._send = send
        self._send_now = send_now
        self._news: asyncio.Future[None] | None = None  # while it waits for some
        self._listening: asyncio.Task[Any] | None = None
        self._sending_since: float | None = None
        self._is_given_up = False
        self._on_its_way: deque[Page] = deque()
        self._bytes_on_their_way = 0
        self.state_version = 0
        self._state_at = float("-inf")
        self._held_version: int | None = None  # of what waits for those who run the room, as they were told of it
        self._ahead = 0
        self._due: float | None = None  # when what the browser says it has been shown would have come

    @property
    def top(self) -> int:
        """The highest number that this listener may know of."""
        return self.hub.top if self.runs or not self.hub.tail.delay_seconds else self.hub.shown_to_all

    @property
    def shown(self) -> int:
        """How far it is handed what comes."""
        return self.hub.shown if self.runs else self.hub.shown_to_all

    @property
    def as_let_in(self) -> Asked:
        return Asked(self.hub.room_id, self.member_id, self.session_key, self.password)

    def wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def hand_over(self) -> bool:
        """Sends what came, all of it, while this listener only waits for news and nothing else is to be told or looked
        after. False: that is not so, or not all of it could be sent. Waking a task for each costs more than sending."""
        if self._send_now is None or self._news is None or self._news.done() or self.ended_with is not None:
            return False
        hub = self.hub
        if self._may_hear_state() or self._due is not None or (not self.runs and self._ahead < hub.last_ahead):
            return False
        shown = self.shown
        while hub.base <= self.cursor < shown and not self._window_is_full():
            page = hub.page_at_hand(self.cursor, shown)
            try:
                is_sent = self._send_now(page.text)
            except Exception:  # of one socket, and the others stand behind it
                logger.exception("A socket of room %s could not be sent to at once", hub.room_id)
                self._send_now = None
                return False
            if not is_sent:
                return False
            self._sent(page)
        return self.cursor >= shown

    def _sent(self, page: Page) -> None:
        self.cursor = page.last
        self._on_its_way.append(page)
        self._bytes_on_their_way += page.size

    async def _wait_for_news(self) -> None:
        """Between what was found to be nothing new and this call nothing else may run."""
        self._news = asyncio.get_running_loop().create_future()
        try:
            await self._news
        finally:
            self._news = None

    def end(self, code: Close) -> None:
        """Nothing more is sent to this listener."""
        if self.ended_with is None:
            self.ended_with = code
        self.wake()

    async def start(self, epoch: uuid.UUID | None, since: int | None) -> bool:
        """Puts the cursor where the browser is; without `since`, at the end. False: what the browser shows cannot be
        gone on from, so it has to read the page again."""
        hub = self.hub
        if since is not None and since > self.top:
            await hub.catch_up()  # it may have heard more, sooner, from another process
        fits = since is None or (epoch == hub.tail.epoch and self._goes_on_from(since))
        if not fits:
            figures.here.resets += 1
        self.cursor = self.acked = since if fits and since is not None else self.top
        self._ahead = self.cursor
        self.state_version = hub.state_version
        return fits

    def _goes_on_from(self, since: int) -> bool:
        if since <= self.top:
            return self.top - self.hub.FURTHEST <= since
        # It may have been shown more: before there was a delay, by another server's clock, or when it ran the room.
        # Whether there is such a number must not show, so whatever it says is believed until that would have come.
        if self.runs or not self.hub.tail.delay_seconds or since in self.hub.overdue:
            return False
        if since > self.top + self.hub.FURTHEST:
            return False
        loop = asyncio.get_running_loop()
        wait = self.hub.tail.delay_seconds + self.hub.OVERDUE
        self._due = loop.time() + wait
        loop.call_later(wait + 0.01, self.wake)
        return True

    def welcome_state(self) -> StatePage:
        """The state as it is said in the welcome; what does not fit follows."""
        page = self._state_after(0)
        if self.state_version < self.hub.state_version:
            self.hub.tell_state_soon()
        return page

    def rest_of_state(self) -> list[str]:
        """All of it that is left, for whoever does not stay to hear it."""
        texts: list[str] = []
        while self.state_version < self.hub.state_version:
            texts.append(self._state_after(self.state_version).text)
        return texts

    @property
    def is_behind(self) -> bool:
        """Whether something has changed of the state that it may know of."""
        return self.state_version < self.hub.state_version or (
            self.runs and self._held_version != self.hub.tail.held_version
        )

    def _state_after(self, version: int) -> StatePage:
        """The next part of the state, which counts as told. To those who run the room it says by another number
        whenever something that waits for them does or does no more."""
        page = self.hub.state_page_after(version)
        if self.runs:
            self._held_version = self.hub.tail.held_version
            values = page.values | {"held": self._held_version}
            page = StatePage(values, page.version, protocol.state(page.version, values))
        self.state_version = page.version
        self._state_at = asyncio.get_running_loop().time()
        return page

    def ack(self, seq: int) -> None:
        """The browser has everything up to here. Raises BadFrame for what was never sent."""
        if seq > self.cursor:
            raise protocol.BadFrame
        self.acked = max(self.acked, seq)
        while self._on_its_way and self._on_its_way[0].last <= self.acked:
            self._bytes_on_their_way -= self._on_its_way.popleft().size
        self.wake()

    async def listen(self) -> None:
        """Sends what comes, as it comes, until `end`. There is no catching up first: what comes after N is all there
        is."""
        hub = self.hub
        self._listening = asyncio.current_task()
        while self.ended_with is None:
            if self._may_hear_state():
                await self._deliver(self._state_after(self.state_version).text)
            elif not self.runs and self._ahead < hub.last_ahead:
                ahead = hub.page_ahead(self._ahead)
                self._ahead = ahead.last
                await self._deliver(ahead.text)
            elif self.cursor >= self.shown:
                if self._due is not None and self._is_overdue(self._due):
                    break
                await self._wait_for_news()
            elif self._window_is_full():
                await self._wait_for_ack()
            else:
                try:
                    page = await hub.page_after(self.cursor, self.shown)
                except Exception as error:  # the database is away; everybody who is as far behind finds that out
                    logger.warning("A reader of room %s could not be told what came before: %r", hub.room_id, error)
                    self.end(Close.BROKEN)
                    continue
                if page is None:
                    self.end(Close.TOO_SLOW)  # whoever comes back finds out
                    continue
                # Moved before sending: an ack may come while the sending still waits.
                self._sent(page)
                if self.ended_with is None:
                    await self._deliver(page.text)

    def _may_hear_state(self) -> bool:
        if not self.is_behind:
            return False
        return asyncio.get_running_loop().time() - self._state_at >= self.STATE_RESTS

    def _is_overdue(self, due: float) -> bool:
        """What the browser said it had never came: its numbers are of a log that has lost its end. It comes back, and
        is told to read the page again."""
        if asyncio.get_running_loop().time() < due:
            return False
        if self.cursor > self.shown:
            if len(self.hub.overdue) >= self.hub.MOST_OVERDUE:
                self.hub.overdue.clear()
            self.hub.overdue.add(self.cursor)
            self.end(Close.TOO_SLOW)
            return True
        self._due = None
        return False

    def _window_is_full(self) -> bool:
        return self.cursor - self.acked >= self.WINDOW_EVENTS or self._bytes_on_their_way >= self.WINDOW_BYTES

    async def _wait_for_ack(self) -> None:
        try:
            async with asyncio.timeout(self.PATIENCE):
                while self._window_is_full() and self.ended_with is None:
                    await self._wait_for_news()
        except TimeoutError:
            self.end(Close.TOO_SLOW)

    async def _deliver(self, text: str) -> None:
        self._sending_since = time.monotonic()
        try:
            await self._send(text)
        except asyncio.CancelledError:
            if not self._is_given_up or self._listening is None or self._listening.uncancel():
                raise
        finally:
            self._sending_since = None

    def give_up_if_stuck(self, now: float) -> None:
        """`now` by the clock of time.monotonic."""
        if self._listening is None or self._sending_since is None or now - self._sending_since < self.PATIENCE:
            return
        self.end(Close.TOO_SLOW)
        if not self._is_given_up:
            self._is_given_up = True
            self._listening.cancel()
