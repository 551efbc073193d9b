"""How much is new for the members whose browsers are open: one hub for each event loop, told of news from any
thread."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from network.live import access
from network.live.bus import Bus
from network.live.close import Close
from network.live.reading import Readers

logger = logging.getLogger(__name__)
read = Readers("notice-reading", threads=1).read

GROUP = "live.notices"


@dataclass(frozen=True, slots=True)
class Count:
    """What one member is to be told: `frame` goes to their browsers as it is. `mark` is another whenever what they were
    told may have changed."""

    mark: Hashable
    frame: str


class Source(Protocol):
    """Where the hub reads. On a thread that may wait for the database; members who are gone or not in use are left
    out."""

    def marks(self, member_ids: Collection[int]) -> Mapping[int, Hashable]: ...

    def counts(self, member_ids: Collection[int]) -> Mapping[int, Count]: ...


class Listener:
    """One browser. It is told the latest there is, and nothing that is older than that."""

    SEND_WITHIN = 10.0  # seconds

    def __init__(
        self, send: Callable[[str], Awaitable[None]], *, member_id: int, session_key: str, password: str
    ) -> None:
        self.member_id = member_id
        self.session_key = session_key
        self.password = password
        self.ended_with: Close | None = None
        self._send = send
        self._frame = ""
        self._told = ""
        self._wake = asyncio.Event()

    def tell(self, frame: str) -> None:
        self._frame = frame
        if frame != self._told:
            self._wake.set()

    def beat(self) -> None:
        """Says the same again, so that a browser knows that its line still holds."""
        self._told = ""
        if self._frame:
            self._wake.set()

    def end(self, code: Close) -> None:
        if self.ended_with is None:
            self.ended_with = code
            self._wake.set()

    async def listen(self) -> None:
        """Sends until it is ended."""
        while self.ended_with is None:
            await self._wake.wait()
            self._wake.clear()
            if self.ended_with is None and self._frame != self._told:
                self._told = self._frame
                try:
                    async with asyncio.timeout(self.SEND_WITHIN):
                        await self._send(self._told)
                except TimeoutError:
                    self.end(Close.TOO_SLOW)


class NoticeHub:
    """The listeners of one event loop, by member. Begins with its first one and rests when the last has gone.

    It hears whose notices have changed: of what this process writes at once, of other processes by a hint. As a hint
    may be lost, and a worker sends none, it looks for itself every few seconds: one query for all members here."""

    TICK = 3.0  # seconds: how often it asks who may go on listening
    LOOK_EVERY = 2  # ticks
    BEAT_EVERY = 10  # ticks
    COUNT_TOGETHER = 50  # members
    SOCKETS_OF_ONE_MEMBER = 10
    DRAIN_WITHIN = 5.0  # seconds

    def __init__(self, source: Source) -> None:
        # Oldest first: of a member with too many it ends, for it may be that of a browser which has long gone.
        self.of_member: defaultdict[int, list[Listener]] = defaultdict(list)
        self._source = source
        self._marks: dict[int, Hashable] = {}
        self._stale: set[int] = set()
        self._counting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._bus = Bus(self._heard)

    # Listeners come and go

    def enter(self, listener: Listener) -> None:
        """Ends with `leave`. Whose access has ended since the socket opened is found out at the next tick."""
        if not self.of_member:
            self._bus.join(GROUP)
        theirs = self.of_member[listener.member_id]
        theirs.append(listener)
        for oldest in theirs[: -self.SOCKETS_OF_ONE_MEMBER]:
            oldest.end(Close.TOO_MANY_SOCKETS)
        self.hear([listener.member_id])
        if self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    def leave(self, listener: Listener) -> None:
        theirs = self.of_member[listener.member_id]
        theirs.remove(listener)
        if not theirs:
            del self.of_member[listener.member_id]
            self._marks.pop(listener.member_id, None)
        if not self.of_member:
            self._bus.leave(GROUP)

    def wants(self, member_ids: Collection[int]) -> bool:
        return self._bus.is_shared or any(member in self.of_member for member in member_ids)

    # News

    def publish(self, member_ids: Sequence[int]) -> None:
        """Takes what this process has written, and hints at it to the others."""
        self.hear(member_ids)
        self._bus.publish(GROUP, {"members": list(member_ids)})

    def hear(self, member_ids: Collection[int]) -> None:
        self._stale.update(member for member in member_ids if member in self.of_member)
        if self._stale and self._counting is None:
            self._counting = asyncio.get_running_loop().create_task(self._count())

    def end_session(self, session_key: str) -> None:
        for listener in self._listeners():
            if listener.session_key == session_key:
                listener.end(Close.SESSION_ENDED)

    async def drain(self) -> None:
        """Ends all listeners; returns when they have been told, or do not listen."""
        for listener in self._listeners():
            listener.end(Close.DRAINING)
        deadline = asyncio.get_running_loop().time() + self.DRAIN_WITHIN
        while self.of_member and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)

    def _heard(self, hint: dict[str, Any]) -> None:
        self.hear(hint["members"])

    def _listeners(self) -> list[Listener]:
        return [listener for listeners in self.of_member.values() for listener in listeners]

    async def _count(self) -> None:
        """Counts for whom something is new, some members at a time; what comes meanwhile is counted with the next."""
        try:
            while self._stale:
                some = set(itertools.islice(self._stale, self.COUNT_TOGETHER))
                self._stale -= some
                try:
                    counts = await read(self._source.counts, some)
                except Exception:
                    # Whoever was not counted has no mark, so the next look has them counted again.
                    logger.exception("Notices could not be counted")
                    for member in some:
                        self._marks.pop(member, None)
                    continue
                for member, count in counts.items():
                    if member in self.of_member:
                        self._marks[member] = count.mark
                        for listener in self.of_member[member]:
                            listener.tell(count.frame)
        finally:
            self._counting = None

    # The look

    async def _watch(self) -> None:
        try:
            for tick in itertools.count(1):
                await asyncio.sleep(self.TICK)
                if not self.of_member:
                    return
                try:
                    await self._ask_accounts()
                    if tick % self.LOOK_EVERY == 0:
                        await self._look()
                except Exception:
                    logger.exception("It could not be asked who has notices")
                if tick % self.BEAT_EVERY == 0:
                    for listener in self._listeners():
                        listener.beat()
        finally:
            self._watching = None

    async def _look(self) -> None:
        marks = await read(self._source.marks, list(self.of_member))
        self.hear([member for member in self.of_member if marks.get(member) != self._marks.get(member)])

    async def _ask_accounts(self) -> None:
        listeners = self._listeners()
        sessions = await read(access.sessions, {listener.session_key for listener in listeners})
        passwords = await read(access.accounts, {listener.member_id for listener in listeners})
        for listener in listeners:
            if listener.session_key not in sessions or passwords.get(listener.member_id) != listener.password:
                listener.end(Close.SESSION_ENDED)


_hubs: dict[asyncio.AbstractEventLoop, NoticeHub] = {}


def here(source: Source) -> NoticeHub:
    """That of the running event loop; made with the source where there is none yet."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        for other in list(_hubs):
            if other.is_closed():
                del _hubs[other]
        _hubs[loop] = NoticeHub(source)
    return _hubs[loop]


def tell(member_ids: Sequence[int]) -> None:
    """Says whose notices have changed, from any thread."""
    _call(lambda hub: hub.publish(member_ids), [at for at in list(_hubs.items()) if at[1].wants(member_ids)])


def end_session(session_key: str) -> None:
    """Ends the sockets of a session that has ended, from any thread."""
    _call(lambda hub: hub.end_session(session_key), list(_hubs.items()))


async def drain() -> None:
    """Those of the running event loop."""
    hub = _hubs.get(asyncio.get_running_loop())
    if hub is not None:
        await hub.drain()


def _call(what: Callable[[NoticeHub], None], where: Sequence[tuple[asyncio.AbstractEventLoop, NoticeHub]]) -> None:
    for loop, hub in where:
        if not loop.is_closed():
            loop.call_soon_threadsafe(what, hub)
