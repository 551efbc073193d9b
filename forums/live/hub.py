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


class Database:
    """The log itself. Events are rendered on the reading thread."""

    async def tail(self, room_id: int) -> Tail | None:
        return (await read(log.tails, [room_id])).get(room_id)

    async def after(self, room_id: int, seq: int, limit: int) -> list[Event]:
        return await read(lambda: [protocol.event(line) for line in log.after(room_id, seq, limit)])


@dataclass(frozen=True, slots=True)
class Page:
    """Events in a row as one frame, shared by every listener who stands at the same place."""

    text: str
    last: int
    size: int


class RoomHub:
    """Holds the events `base + 1` to `top`. Being told of news is only a hint: it may be lost, doubled or out of order,
    for whatever is missing is read from the log."""

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
    # Seconds of rest between two flushes, per listener: cost follows the clock, not the rate of messages.
    REST_PER_LISTENER = 0.000_1
    LONGEST_REST = 1.0

    def __init__(self, tail: Tail, source: Source) -> None:
        self.room_id = tail.room_id
        self.tail = tail
        self.base = self.top = self.shown = max(0, tail.last_seq - self.LOADED_AT_FIRST)
        self.listeners: set[Listener] = set()
        self.state: dict[str, Any] = _settings(tail)
        self.state_version = 1
        # Of the room, as far as its reactions and its votes are known here.
        self.reaction_version = self.vote_version = 0
        # At which version each part of the state, and each count, became what they are. Counts stand by what is
        # counted ("react", "q", "p"), and then by the number of the message, question or poll.
        self._state_since = dict.fromkeys(self.state, 1)
        self._counts: dict[str, dict[str, tuple[int, Any]]] = {}
        self._state_texts: dict[int, str] = {}
        self._source = source
        self._ring: deque[Event] = deque()
        self._ring_bytes = 0
        self._pages: dict[tuple[int, int], Page] = {}
        self._older: dict[int, asyncio.Task[list[Event]]] = {}
        self._known = tail.last_seq  # the highest number heard of
        self._filling: asyncio.Task[None] | None = None
        self._flushed_at = 0.0
        self._came_at: float | None = None  # the first of what is not shown yet
        self._flush_timer: asyncio.TimerHandle | None = None

    @property
    def retry_ms(self) -> int:
        """How long a browser waits, at first, between attempts to come back: the fuller the room, the longer, so that
        all of them together do not knock a server over that has just come up."""
        return min(10_000, max(200, 2 * len(self.listeners)))

    @property
    def rest(self) -> float:
        """Seconds between two flushes."""
        return min(self.LONGEST_REST, len(self.listeners) * self.REST_PER_LISTENER)

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
        """What the log itself says, once a second."""
        self.tail = tail
        if self.top > 0 and tail.last_seq > max(self._known, self.top):
            figures.here.rescues += 1
        self.hear_of(tail.last_seq)
        self.set_state(**_settings(tail))

    def replace(self, event: Event) -> None:
        """Puts another text in the place of an event that was handed out before, such as a tombstone: whoever catches
        up from now on gets this one."""
        if not self.base < event.seq <= self.top:
            return
        place = event.seq - self.base - 1
        self._ring_bytes += event.size - self._ring[place].size
        self._ring[place] = event
        self._pages.clear()

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
        changed = {key: value for key, value in values.items() if self.state.get(key) != value}
        if changed:
            self._next_state()
            self.state |= changed
            self._state_since |= dict.fromkeys(changed, self.state_version)

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
        changed = {key: value for key, value in counts.items() if known.get(key, (0, {}))[1] != value}
        if changed:
            self._next_state()
            for key, value in changed.items():
                known.pop(key, None)  # the latest stand last
                known[key] = self.state_version, value
            for key in list(known)[:-most]:
                del known[key]

    def state_after(self, version: int) -> dict[str, Any]:
        """What has changed since a version; after 0 all of it."""
        changed = {key: value for key, value in self.state.items() if self._state_since[key] > version}
        for what, known in self._counts.items():
            counts = {key: value for key, (since, value) in known.items() if since > version}
            if counts:
                changed[what] = counts
        return changed

    def state_text_after(self, version: int) -> str:
        if version not in self._state_texts:
            self._state_texts[version] = protocol.state(self.state_version, self.state_after(version))
        return self._state_texts[version]

    def _next_state(self) -> None:
        self.state_version += 1
        self._state_texts.clear()
        self._wake_everybody()

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
        if event.about is not None:
            self._change(event)
        while len(self._ring) > self.RING_EVENTS or self._ring_bytes > self.RING_BYTES:
            self._ring_bytes -= self._ring.popleft().size
            self.base += 1

    # News goes out

    def _flush_soon(self) -> None:
        if self._flush_timer is not None or self.shown == self.top:
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
        self._wake_everybody()
        if self._came_at is not None:
            # After all whom this has woken, each of whom is handed it at once.
            asyncio.get_running_loop().call_soon(self._note_delay, self._came_at)
            self._came_at = None

    def _note_delay(self, came_at: float) -> None:
        figures.here.told.add(asyncio.get_running_loop().time() - came_at)

    def _wake_everybody(self) -> None:
        for listener in self.listeners:
            listener.wake()

    async def page_after(self, cursor: int) -> Page | None:
        """The events that come next for a listener who has those up to `cursor`, which is below `shown`. None: they are
        gone, and the room with them, or a restored database never had them."""
        if cursor < self.base:
            older = await self._older_after(cursor)
            return self._page(older) if older else None
        shown = self.shown
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

    def leave(self, listener: Listener) -> None:
        self.listeners.discard(listener)
        if not self.listeners and self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None

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
        "asks": tail.takes_questions,
    }


class Listener:
    """One socket as the engine knows it: a cursor over the room's log, and a way to send."""

    # What may be on its way without the browser having said that it arrived.
    WINDOW_EVENTS = 500
    WINDOW_BYTES = 256_000
    PATIENCE = 15.0  # seconds

    def __init__(
        self,
        hub: RoomHub,
        send: Callable[[str], Awaitable[None]],
        *,
        member_id: int,
        session_key: str,
        password: str,
        access_version: int,
    ) -> None:
        self.hub = hub
        self.member_id = member_id
        self.session_key = session_key
        self.password = password  # its hash: another one ends the session
        self.access_version = access_version  # of the network, when this member was last seen to belong to it
        self.cursor = self.acked = hub.top
        self.ended_with: Close | None = None
        self._send = send
        self._news: asyncio.Future[None] | None = None  # while it waits for some
        self._listening: asyncio.Task[Any] | None = None
        self._sending_since: float | None = None
        self._is_given_up = False
        self._on_its_way: deque[Page] = deque()
        self._bytes_on_their_way = 0
        self._state_version = 0

    @property
    def as_let_in(self) -> Asked:
        return Asked(self.hub.room_id, self.member_id, self.session_key, self.password)

    def wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

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
        if since is not None and since > hub.top:
            await hub.catch_up()  # it may have heard more, sooner, from another process
        fits = since is None or (epoch == hub.tail.epoch and hub.top - hub.FURTHEST <= since <= hub.top)
        self.cursor = self.acked = since if fits and since is not None else hub.top
        self._state_version = hub.state_version
        return fits

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
        self._listening = asyncio.current_task()
        while self.ended_with is None:
            if self._state_version != self.hub.state_version:
                text = self.hub.state_text_after(self._state_version)
                self._state_version = self.hub.state_version
                await self._deliver(text)
            elif self.cursor >= self.hub.shown:
                await self._wait_for_news()
            elif self._window_is_full():
                await self._wait_for_ack()
            else:
                try:
                    page = await self.hub.page_after(self.cursor)
                except Exception as error:  # the database is away; everybody who is as far behind finds that out
                    logger.warning(
                        "A reader of room %s could not be told what came before: %r", self.hub.room_id, error
                    )
                    self.end(Close.BROKEN)
                    continue
                if page is None:
                    self.end(Close.TOO_SLOW)  # whoever comes back finds out
                    continue
                # Moved before sending: an ack may come while the sending still waits.
                self.cursor = page.last
                self._on_its_way.append(page)
                self._bytes_on_their_way += page.size
                if self.ended_with is None:
                    await self._deliver(page.text)

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
