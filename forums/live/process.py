"""The live rooms of this process: one set of hubs for each event loop, told of news from any thread."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence

from django.utils import timezone

from forums.live import access, figures, log, presence
from forums.live.bus import Bus
from forums.live.hub import Database, Listener, RoomHub, Source
from forums.live.protocol import Event
from forums.live.reading import Together, read
from network.live.access import accounts, sessions
from network.live.close import Close

logger = logging.getLogger(__name__)

access_ends = Together(access.ended)


class LiveProcess:
    """The rooms that have listeners on one event loop. Begins with its first listener, for not every server says when
    it starts, and rests when the last one has gone."""

    LOOK_EVERY = 1.0  # seconds: how late news may be when nobody told us
    LOOK_EVERY_ALONE = 0.5  # likewise, while nobody can: the bus is away
    ASK_ACCESS_EVERY = 3  # looks
    DRAIN_WITHIN = 5.0  # seconds
    SOCKETS_OF_ONE_MEMBER = 5  # in one room
    SOCKETS_OF_ONE_MEMBER_IN_ALL = 20
    MOST_LISTENERS = 10_000
    TELL_PRESENCE_EVERY = 5  # looks
    PRESENT_FOR = 30.0  # seconds after the last socket has gone: whoever only reconnects has not left

    def __init__(self, source: Source | None = None) -> None:
        self.hubs: dict[int, RoomHub] = {}
        # Oldest first: of a member with too many it ends, for it may be that of a browser which has long gone.
        self._of_member: defaultdict[int, list[Listener]] = defaultdict(list)
        self._source = source or Database()
        self._opening: dict[int, asyncio.Task[RoomHub | None]] = {}
        self._bus = Bus(self._hear)
        self._id = uuid.uuid4()
        # Of each room whom it has: when their last socket went, or None while one is open.
        self._present: defaultdict[int, dict[int, float | None]] = defaultdict(dict)
        # Of each room who was written down as having come: they are not written again.
        self._counted: defaultdict[int, set[int]] = defaultdict(set)
        self._watching: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        return sum(len(hub.listeners) for hub in self.hubs.values())

    @property
    def is_full(self) -> bool:
        return self.listeners >= self.MOST_LISTENERS

    @property
    def longest_rest(self) -> float:
        """Seconds between two flushes of the fullest room."""
        return max((hub.rest for hub in list(self.hubs.values())), default=0.0)

    @property
    def unacknowledged(self) -> int:
        """Events that were handed to browsers which have not said yet that they have them."""
        return sum(one.cursor - one.acked for hub in list(self.hubs.values()) for one in list(hub.listeners))

    # Listeners come and go

    async def enter(self, room_id: int, make: Callable[[RoomHub], Listener]) -> Listener | None:
        """A listener in the room's hub; None when there is no such room any more. Ends with `leave`."""
        while True:
            hub = await self._open(room_id)
            if hub is None:
                return None
            if self.hubs.get(room_id) is hub:  # or the last listener left while this one waited
                listener = make(hub)
                hub.enter(listener)
                theirs = self._of_member[listener.member_id]
                theirs.append(listener)
                self._present[room_id][listener.member_id] = None
                in_this_room = [one for one in theirs if one.hub is hub]
                for oldest in in_this_room[: -self.SOCKETS_OF_ONE_MEMBER]:
                    oldest.end(Close.TOO_MANY_SOCKETS)
                for oldest in theirs[: -self.SOCKETS_OF_ONE_MEMBER_IN_ALL]:
                    oldest.end(Close.TOO_MANY_SOCKETS)
                figures.here.opened += 1
                figures.here.opened_lately.add(time.monotonic())
                self._watch()
                return listener

    def leave(self, listener: Listener) -> None:
        hub = listener.hub
        hub.leave(listener)
        figures.here.closed[listener.ended_with or Close.GONE] += 1
        theirs = self._of_member[listener.member_id]
        theirs.remove(listener)
        if not any(other.hub is hub for other in theirs):
            self._present[hub.room_id][listener.member_id] = asyncio.get_running_loop().time()
        if not theirs:
            del self._of_member[listener.member_id]
        if not hub.listeners:
            self._close(hub)

    async def _open(self, room_id: int) -> RoomHub | None:
        if room_id not in self._opening:  # a hub that is still being filled is waited for
            if room_id in self.hubs:
                return self.hubs[room_id]
            task = asyncio.get_running_loop().create_task(self._make(room_id))
            self._opening[room_id] = task
            task.add_done_callback(lambda _: self._opening.pop(room_id, None))
        return await asyncio.shield(self._opening[room_id])

    async def _make(self, room_id: int) -> RoomHub | None:
        tail = await self._source.tail(room_id)
        if tail is None:
            return None
        shown_to_all = await self._source.shown_to_all(room_id) if tail.delay_seconds else None
        hub = RoomHub(tail, self._source, shown_to_all)
        self.hubs[room_id] = hub
        self._bus.join(room_id)
        # From here it is told of news, so what it reads now completes it.
        await hub.catch_up()
        if tail.reaction_version:
            hub.react(await read(log.reactions_since, room_id, 0), tail.reaction_version)
        if tail.vote_version:
            hub.vote(await read(log.votes_since, room_id, 0), tail.vote_version)
        return hub

    def _close(self, hub: RoomHub) -> None:
        if self.hubs.get(hub.room_id) is hub:
            del self.hubs[hub.room_id]
            self._present.pop(hub.room_id, None)
            self._counted.pop(hub.room_id, None)
            self._bus.leave(hub.room_id)

    async def ask(self, listener: Listener) -> None:
        """Ends a listener whose access is over by now. Of one who has entered, every later end is heard: by `shut_out`,
        and by the look at the log."""
        ended = await access_ends.ask(listener.as_let_in)
        if ended is not None:
            listener.end(ended)

    # News

    def wants(self, room_id: int) -> bool:
        return room_id in self.hubs or self._bus.is_shared

    def push(self, room_id: int, epoch: uuid.UUID, events: list[Event]) -> None:
        """Takes what this process has written, and hints at it to the others."""
        self._hear(room_id, epoch, events[-1].seq, events)
        self._bus.publish(room_id, epoch, events)

    def shut_out(self, member_id: int, network_id: int) -> None:
        for listener in self._of_member.get(member_id, ()):
            if listener.hub.tail.network_id == network_id:
                listener.end(Close.NOT_PERMITTED)

    def end_session(self, session_key: str) -> None:
        for listeners in self._of_member.values():
            for listener in listeners:
                if listener.session_key == session_key:
                    listener.end(Close.SESSION_ENDED)

    async def drain(self) -> None:
        """Ends all listeners; returns when they have been told, or do not listen."""
        for hub in self.hubs.values():
            hub.end(Close.DRAINING)
        deadline = asyncio.get_running_loop().time() + self.DRAIN_WITHIN
        while self.hubs and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)

    def _hear(self, room_id: int, epoch: uuid.UUID, top: int, events: list[Event]) -> None:
        hub = self.hubs.get(room_id)
        # Another installation on the same Redis may have a room of the same number, but not of the same epoch.
        if hub is not None and hub.tail.epoch == epoch:
            hub.push(events)
            hub.hear_of(top)

    # The look at the log

    def _watch(self) -> None:
        if self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._look_again_and_again())

    async def _look_again_and_again(self) -> None:
        try:
            for look in itertools.count(1):
                wait = self.LOOK_EVERY_ALONE if self._bus.is_away else self.LOOK_EVERY
                due = asyncio.get_running_loop().time() + wait
                await asyncio.sleep(wait)
                figures.here.lag.add(max(0.0, asyncio.get_running_loop().time() - due))
                self._bus.look()
                if not self.hubs:
                    return
                for hub in list(self.hubs.values()):
                    hub.give_up_the_stuck()
                try:
                    await self._look()
                    if look % self.ASK_ACCESS_EVERY == 0:
                        await self._ask_accounts()
                        await self._ask_who_runs()
                    if look % self.TELL_PRESENCE_EVERY == 1:
                        await self._tell_presence()
                except Exception:
                    logger.exception("The log could not be read")
        finally:
            self._watching = None

    async def _look(self) -> None:
        tails = await read(log.tails, list(self.hubs))
        for hub in list(self.hubs.values()):
            tail = tails.get(hub.room_id)
            if tail is None:
                hub.end(Close.ROOM_GONE)
            elif tail.epoch != hub.tail.epoch:
                # A restored backup: its numbers mean other events. Who comes back finds a new hub.
                hub.end(Close.TOO_SLOW)
                self._close(hub)
            else:
                hub.hear(tail)
                await self._ask_membership(hub, tail.access_version)
                if tail.reaction_version != hub.reaction_version:
                    changed = await read(log.reactions_since, hub.room_id, hub.reaction_version)
                    hub.react(changed, tail.reaction_version)
                if tail.vote_version != hub.vote_version:
                    votes = await read(log.votes_since, hub.room_id, hub.vote_version)
                    hub.vote(votes, tail.vote_version)

    async def _ask_membership(self, hub: RoomHub, version: int) -> None:
        """The version was read before the members, so an end that comes in between is seen at the next look."""
        asked = [listener for listener in hub.listeners if listener.access_version != version]
        if not asked:
            return
        belonging = await read(access.who_runs, hub.room_id, {listener.member_id for listener in asked})
        for listener in asked:
            if listener.member_id in belonging:
                listener.access_version = version
                listener.runs = belonging[listener.member_id]
                hub.tell_state_soon()  # those who run it are told more
            else:
                listener.end(Close.NOT_PERMITTED)

    async def _tell_presence(self) -> None:
        gone = asyncio.get_running_loop().time() - self.PRESENT_FOR
        present: dict[int, list[int]] = {}
        for room_id in self.hubs:
            here = self._present[room_id]
            for member in [member for member, went in here.items() if went is not None and went < gone]:
                del here[member]
            present[room_id] = list(here)
        await self._count_in(present)
        for room_id, count in (await read(presence.settle, self._id, present)).items():
            if room_id in self.hubs:
                self.hubs[room_id].set_state(presence=count)

    async def _count_in(self, present: dict[int, list[int]]) -> None:
        now = timezone.now()
        new = {
            room_id: set(members) - self._counted[room_id]
            for room_id, members in present.items()
            if room_id in self.hubs and self.hubs[room_id].tail.is_open(now)
        }
        new = {room_id: members for room_id, members in new.items() if members}
        if new:
            await read(presence.count_in, new)
            for room_id, members in new.items():
                if room_id in self.hubs:
                    self._counted[room_id] |= members

    async def _ask_who_runs(self) -> None:
        """Whether those who see at once in a room with a delay still run it: a facilitator who is none any more belongs
        as before."""
        for hub in list(self.hubs.values()):
            running = [listener for listener in hub.listeners if listener.runs] if hub.tail.delay_seconds else []
            if running:
                found = await read(access.who_runs, hub.room_id, {listener.member_id for listener in running})
                for listener in running:
                    listener.runs = found.get(listener.member_id, False)

    async def _ask_accounts(self) -> None:
        listeners = [listener for hub in self.hubs.values() for listener in hub.listeners]
        live = await read(sessions, {listener.session_key for listener in listeners})
        passwords = await read(accounts, {listener.member_id for listener in listeners})
        for listener in listeners:
            if listener.session_key not in live or passwords.get(listener.member_id) != listener.password:
                listener.end(Close.SESSION_ENDED)


_processes: dict[asyncio.AbstractEventLoop, LiveProcess] = {}


def here() -> LiveProcess:
    """That of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _processes:
        for other in list(_processes):
            if other.is_closed():
                del _processes[other]
        _processes[loop] = LiveProcess()
    return _processes[loop]


def everywhere() -> list[LiveProcess]:
    """Those of all event loops of this process."""
    return list(_processes.values())


def tell(room_id: int, epoch: uuid.UUID, encode: Callable[[], list[Event]]) -> None:
    """Pushes events to whoever listens, from any thread; they are encoded only if there is somebody."""
    wanting = [(loop, process) for loop, process in list(_processes.items()) if process.wants(room_id)]
    if wanting:
        events = encode()
        _call(wanting, lambda process: process.push(room_id, epoch, events))


def shut_out(member_id: int, network_id: int) -> None:
    """Ends the sockets that a member has in rooms of a network, from any thread."""
    _call(list(_processes.items()), lambda process: process.shut_out(member_id, network_id))


def end_session(session_key: str) -> None:
    """Ends the sockets of a session that has ended, from any thread."""
    _call(list(_processes.items()), lambda process: process.end_session(session_key))


def _call(where: Sequence[tuple[asyncio.AbstractEventLoop, LiveProcess]], what: Callable[[LiveProcess], None]) -> None:
    for loop, process in where:
        if not loop.is_closed():
            loop.call_soon_threadsafe(what, process)
