"""A hub hands on what comes after N, however it heard of it."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from forums.live.hub import Listener, RoomHub
from forums.live.log import Tail
from forums.live.process import LiveProcess
from forums.live.protocol import BadFrame, Event
from network.live.close import Close
from tests.forums.stories import run

EPOCH = uuid.uuid4()


def event(seq: int, words: str = "") -> Event:
    return Event(seq, json.dumps({"s": seq, "words": words}))


class Log:
    """A log in memory that counts how often it is read, and can be away."""

    def __init__(self, length: int = 0) -> None:
        self.length = length
        self.reads: list[int] = []
        self.is_away = False

    async def tail(self, room_id: int) -> Tail | None:
        now = timezone.now()
        return Tail(room_id, 1, EPOCH, self.length, 0, now - timedelta(hours=1), now + timedelta(hours=1))

    async def shown_to_all(self, room_id: int) -> int:
        return self.length

    async def after(self, room_id: int, seq: int, limit: int) -> list[Event]:
        await asyncio.sleep(0)
        if self.is_away:
            raise OSError("the database is away")
        self.reads.append(seq)
        return [event(n, "from the log") for n in range(seq + 1, min(self.length, seq + limit) + 1)]


class Reader:
    """A browser: what it was sent, and whether it takes anything at all."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.at_once = 0  # of them, those that came without a task
        self.is_stalled = False

    async def send(self, text: str) -> None:
        if self.is_stalled:
            await asyncio.Event().wait()
        self.frames.append(json.loads(text))

    def send_now(self, text: str) -> bool:
        if not self.is_stalled:
            self.frames.append(json.loads(text))
            self.at_once += 1
        return not self.is_stalled

    @property
    def numbers(self) -> list[int]:
        return [event["s"] for frame in self.frames if isinstance(frame, list) for event in frame]


async def opened(log: Log) -> RoomHub:
    tail = await log.tail(1)
    assert tail
    hub = RoomHub(tail, log)
    await hub.catch_up()
    return hub


def listener_in(
    hub: RoomHub, send: Callable[[str], Awaitable[None]], send_now: Callable[[str], bool] | None = None
) -> Listener:
    listener = Listener(hub, send, member_id=1, session_key="s", password="", access_version=0, send_now=send_now)
    hub.enter(listener)
    return listener


async def listening_at_once(hub: RoomHub, reader: Reader) -> tuple[Listener, asyncio.Task[None]]:
    """From the beginning, by a server that offers to send without a task."""
    listener = listener_in(hub, reader.send, reader.send_now)
    await listener.start(EPOCH, 0)
    task = asyncio.create_task(listener.listen())
    await settle()
    return listener, task


async def the_state_is_told() -> None:
    """Once, and no more than once."""
    await asyncio.sleep(RoomHub.STATE_EVERY + 0.01)


@pytest.fixture
def quick_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub of which a second lasts a twentieth of one."""
    monkeypatch.setattr(RoomHub, "STATE_EVERY", 0.055)
    monkeypatch.setattr(RoomHub, "STATE_GATHERS", 0.0025)
    monkeypatch.setattr(Listener, "STATE_RESTS", 0.05)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_it_begins_with_the_latest_of_the_log() -> None:
    async def story() -> None:
        hub = await opened(Log(500))
        assert (hub.base, hub.top) == (300, 500)

    run(story)


def test_what_comes_in_order_is_passed_on_without_asking_the_log() -> None:
    async def story() -> None:
        log = Log()
        hub = await opened(log)
        hub.push([event(1), event(2)])
        hub.push([event(3)])
        assert hub.top == 3
        assert log.reads == []

    run(story)


def test_what_is_known_is_ignored_and_what_is_missing_is_read() -> None:
    async def story() -> None:
        log = Log()
        hub = await opened(log)
        reader = Reader()
        listener = listener_in(hub, reader.send)
        await listener.start(EPOCH, 0)
        listening = asyncio.create_task(listener.listen())
        hub.push([event(1)])
        hub.push([event(1), event(1)])
        log.length = 5
        hub.push([event(5)])  # 2 to 4 got lost
        hub.push([event(3)])  # and one of them comes late
        await settle()
        assert reader.numbers == [1, 2, 3, 4, 5]
        listening.cancel()

    run(story)


def test_a_log_that_is_away_is_asked_again_at_the_next_look() -> None:
    async def story() -> None:
        log = Log()
        hub = await opened(log)
        log.length, log.is_away = 3, True
        hub.push([event(3)])
        await settle()
        assert hub.top == 0
        log.is_away = False
        tail = await log.tail(1)
        assert tail
        hub.hear(tail)
        await settle()
        assert hub.top == 3

    run(story)


def test_a_reader_far_behind_is_read_to_from_the_log_and_meets_the_others() -> None:
    async def story() -> None:
        log = Log(1_000)
        hub = await opened(log)
        reader = Reader()
        listener = listener_in(hub, reader.send)
        assert await listener.start(EPOCH, 100)
        listening = asyncio.create_task(listener.listen())
        while listener.cursor < 1_000:
            await asyncio.sleep(0)
            listener.ack(listener.cursor)
        log.length = 1_001
        hub.push([event(1_001)])
        await settle()
        assert reader.numbers == list(range(101, 1_002))
        listening.cancel()

    run(story)


@pytest.mark.parametrize(
    ("epoch", "since"),
    [(uuid.uuid4(), 10), (None, 10), (EPOCH, 5_001), (EPOCH, 2_999)],
    ids=["another epoch", "no epoch", "ahead of the log", "too far behind"],
)
def test_a_reader_who_cannot_go_on_starts_afresh(epoch: uuid.UUID | None, since: int) -> None:
    async def story() -> None:
        hub = await opened(Log(5_000))
        listener = listener_in(hub, Reader().send)
        assert not await listener.start(epoch, since)
        assert listener.cursor == 5_000

    run(story)


def test_a_reader_who_heard_more_from_another_process_goes_on() -> None:
    async def story() -> None:
        log = Log(10)
        hub = await opened(log)
        log.length = 12  # nobody has told this process
        listener = listener_in(hub, Reader().send)
        assert await listener.start(EPOCH, 11)
        assert listener.cursor == 11

    run(story)


def test_readers_at_the_same_place_get_the_same_frame() -> None:
    async def story() -> None:
        hub = await opened(Log(50))
        assert await hub.page_after(20) is await hub.page_after(20)

    run(story)


def test_a_full_hub_forgets_the_oldest_and_the_log_still_has_them() -> None:
    async def story() -> None:
        hub = await opened(Log())
        hub.push([Event(n, "x" * 1_000) for n in range(1, 3_001)])
        assert hub.top == 3_000
        assert hub.top - hub.base <= RoomHub.RING_BYTES // 1_000

    run(story)


def test_a_replaced_event_is_what_late_comers_get() -> None:
    async def story() -> None:
        hub = await opened(Log(10))
        await hub.page_after(0)
        hub.replace(event(4, "removed by a facilitator"))
        page = json.loads((await hub.page_after(0)).text)
        assert page[3] == {"s": 4, "words": "removed by a facilitator"}
        assert [one["s"] for one in page] == list(range(1, 11))
        hub.replace(event(11))  # never handed out: nothing to replace

    run(story)


def test_a_room_of_thousands_rests_longer_for_each_listener_than_a_small_one_but_never_over_a_second() -> None:
    async def story() -> None:
        hub = await opened(Log())
        rests = []
        for listeners in (1, 100, 1_000, 5_000, 10_000):
            hub.listeners = {listener_in(hub, Reader().send) for _ in range(listeners)}
            rests.append(hub.rest)
        for_each = [rest / number for rest, number in zip(rests, (1, 100, 1_000, 5_000), strict=False)]
        assert for_each == sorted(for_each)
        assert rests[0] < 0.001
        assert rests[2] < 0.12
        assert rests[3] < 1
        assert rests[4] == 1.0

    run(story)


def test_many_readers_are_told_at_intervals_and_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RoomHub, "REST_PER_LISTENER", 0.5)

    async def story() -> None:
        hub = await opened(Log())
        reader = Reader()
        listener = listener_in(hub, reader.send)
        await listener.start(EPOCH, 0)
        listening = asyncio.create_task(listener.listen())
        await settle()
        hub.push([event(1)])
        await settle()
        assert reader.numbers == [1]  # the first at once
        for n in range(2, 10):
            hub.push([event(n)])
            await settle()
        assert reader.numbers == [1]
        await asyncio.sleep(0.7)
        assert len([frame for frame in reader.frames if isinstance(frame, list)]) == 2  # the rest together
        assert reader.numbers == list(range(1, 10))
        listening.cancel()

    run(story)


def test_a_reader_who_acknowledges_nothing_is_closed_and_others_hear_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Listener, "PATIENCE", 0.5)

    async def story() -> None:
        hub = await opened(Log())
        silent, lively = Reader(), Reader()
        first, second = listener_in(hub, silent.send), listener_in(hub, lively.send)
        tasks = [asyncio.create_task(one.listen()) for one in (first, second)]
        for n in range(1, 801):
            hub.push([event(n)])
            if n % 100 == 0:
                await asyncio.sleep(0.001)
                second.ack(second.cursor)
        await asyncio.sleep(1)
        assert first.ended_with == Close.TOO_SLOW
        assert len(silent.numbers) < Listener.WINDOW_EVENTS + RoomHub.PAGE_EVENTS
        assert second.ended_with is None
        assert lively.numbers == list(range(1, 801))
        tasks[1].cancel()

    run(story)


def test_a_reader_who_takes_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Listener, "PATIENCE", 0.5)

    async def story() -> None:
        hub = await opened(Log(1))
        reader = Reader()
        reader.is_stalled = True
        listener = listener_in(hub, reader.send)
        await listener.start(EPOCH, 0)
        listening = asyncio.create_task(listener.listen())
        await settle()
        hub.give_up_the_stuck()
        assert listener.ended_with is None  # not yet
        await asyncio.sleep(0.6)
        hub.give_up_the_stuck()
        await listening  # ends by itself, and is not cancelled
        assert listener.ended_with == Close.TOO_SLOW

    run(story)


def test_whoever_waits_for_a_reader_who_takes_nothing_can_be_cancelled() -> None:
    async def story() -> None:
        hub = await opened(Log(1))
        reader = Reader()
        reader.is_stalled = True
        listener = listener_in(hub, reader.send)
        await listener.start(EPOCH, 0)
        listening = asyncio.create_task(listener.listen())
        await settle()
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
        assert listener.ended_with is None

    run(story)


def test_what_comes_is_handed_over_at_once_where_the_server_can_and_by_the_task_where_it_cannot() -> None:
    async def story() -> None:
        hub = await opened(Log())
        reader, slow = Reader(), Reader()
        listening = [(await listening_at_once(hub, one))[1] for one in (reader, slow)]
        hub.push([event(1)])
        assert (reader.numbers, slow.numbers) == ([1], [1])  # before any task had its turn

        slow.is_stalled = True
        hub._flushed_at = 0.0
        hub.push([event(2)])
        await settle()
        hub._flushed_at = 0.0
        hub.push([event(3)])
        await settle()
        assert (reader.numbers, reader.at_once) == ([1, 2, 3], 3)
        assert slow.numbers == [1]

        for task in listening:
            task.cancel()

    run(story)


def test_whoever_has_not_been_welcomed_is_handed_nothing() -> None:
    """Until then it is being asked whether they may still hear it."""

    async def story() -> None:
        hub = await opened(Log())
        reader = Reader()
        listener = listener_in(hub, reader.send, reader.send_now)
        hub.push([event(1)])
        await settle()
        await listener.start(EPOCH, 0)
        hub._flushed_at = 0.0
        hub.push([event(2)])
        await settle()
        assert reader.frames == []
        listening = asyncio.create_task(listener.listen())
        await settle()
        assert reader.numbers == [1, 2]
        listening.cancel()

    run(story)


def test_nothing_overtakes_what_is_on_its_way() -> None:
    async def story() -> None:
        hub = await opened(Log())
        reader = Reader()
        takes_again = asyncio.Event()

        async def send(text: str) -> None:
            await takes_again.wait()
            await reader.send(text)

        listener = listener_in(hub, send, reader.send_now)
        await listener.start(EPOCH, 0)
        hub.push([event(1)])
        listening = asyncio.create_task(listener.listen())
        await settle()
        hub._flushed_at = 0.0
        takes_again.set()  # its task has not had its turn
        hub.push([event(2)])
        await settle()
        assert reader.numbers == [1, 2]
        listening.cancel()

    run(story)


def test_who_is_sent_to_at_once_and_acknowledges_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Listener, "WINDOW_EVENTS", 5)
    monkeypatch.setattr(Listener, "PATIENCE", 0.05)
    monkeypatch.setattr(RoomHub, "PAGE_EVENTS", 2)

    async def story() -> None:
        hub = await opened(Log())
        reader = Reader()
        listener, listening = await listening_at_once(hub, reader)
        hub.push([event(number) for number in range(1, 20)])
        await asyncio.wait_for(listening, 5)
        assert listener.ended_with == Close.TOO_SLOW
        assert len(reader.numbers) < 8

    run(story)


def test_one_window_goes_out_at_once_and_the_rest_waits_for_an_ack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Listener, "WINDOW_EVENTS", 5)
    monkeypatch.setattr(RoomHub, "PAGE_EVENTS", 2)

    async def story() -> None:
        hub = await opened(Log())
        reader = Reader()
        listener, listening = await listening_at_once(hub, reader)
        hub.push([event(number) for number in range(1, 20)])
        await settle()
        assert reader.numbers == [1, 2, 3, 4, 5, 6]
        listener.ack(6)
        await settle()
        assert reader.numbers == list(range(1, 13))
        listening.cancel()

    run(story)


def test_a_socket_that_fails_when_it_is_sent_to_at_once_keeps_nothing_from_the_others() -> None:
    async def story() -> None:
        hub = await opened(Log())
        readers = [Reader() for _ in range(3)]

        def fail(text: str) -> bool:
            raise OSError("it is gone")

        listening = []
        for number, reader in enumerate(readers):
            listener = listener_in(hub, reader.send, fail if number == 1 else reader.send_now)
            await listener.start(EPOCH, 0)
            listening.append(asyncio.create_task(listener.listen()))
        await settle()
        hub.push([event(1)])
        await settle()
        assert [reader.numbers for reader in readers] == [[1]] * 3
        for task in listening:
            task.cancel()

    run(story)


def test_nobody_acknowledges_what_was_never_sent() -> None:
    async def story() -> None:
        hub = await opened(Log(10))
        with pytest.raises(BadFrame):
            listener_in(hub, Reader().send).ack(11)

    run(story)


@pytest.mark.usefixtures("quick_state")
def test_the_closing_of_a_room_is_told_once() -> None:
    async def story() -> None:
        log = Log()
        hub = await opened(log)
        reader = Reader()
        listener = listener_in(hub, reader.send)
        await listener.start(None, None)
        listening = asyncio.create_task(listener.listen())
        closed = replace(hub.tail, closes_at=timezone.now())
        for _ in range(3):
            hub.hear(closed)
            await the_state_is_told()
        assert [frame["d"] for frame in reader.frames] == [{"open": False}]
        listening.cancel()

    run(story)


# The process


def test_many_who_come_at_once_share_one_hub_and_the_last_to_leave_closes_it() -> None:
    async def story() -> None:
        process = LiveProcess(Log(5))
        make = lambda hub: Listener(  # noqa: E731
            hub, Reader().send, member_id=1, session_key="s", password="", access_version=0
        )
        listeners = await asyncio.gather(*(process.enter(1, make) for _ in range(20)))
        assert len({listener.hub for listener in listeners if listener}) == 1
        assert process.hubs[1].top == 5
        for listener in listeners:
            assert listener
            process.leave(listener)
        assert process.hubs == {}

    run(story)


def test_hints_of_another_installation_are_not_believed() -> None:
    async def story() -> None:
        process = LiveProcess(Log(5))
        listener = await process.enter(
            1, lambda hub: Listener(hub, Reader().send, member_id=1, session_key="s", password="", access_version=0)
        )
        assert listener
        process.push(1, uuid.uuid4(), [event(6)])
        assert listener.hub.top == 5
        process.push(1, EPOCH, [event(6)])
        assert listener.hub.top == 6

    run(story)


def test_what_lies_before_the_ring_is_read_once_for_all_who_come_back_together() -> None:
    async def story() -> None:
        log = Log(1_000)
        hub = await opened(log)
        log.reads.clear()
        readers = [Reader() for _ in range(50)]
        listening = []
        for number, reader in enumerate(readers):
            listener = listener_in(hub, reader.send)
            await listener.start(EPOCH, 500 + number % 7)
            listening.append(asyncio.create_task(listener.listen()))
        while any(len(reader.numbers) < 490 for reader in readers):
            await asyncio.sleep(0)
        assert all(reader.numbers == list(range(501 + number % 7, 1_001)) for number, reader in enumerate(readers))
        assert log.reads == [500, 600, 700]
        for task in listening:
            task.cancel()


# What becomes of a message after it was handed out


def said(seq: int, words: str) -> Event:
    return Event(seq, json.dumps({"s": seq, "k": "msg", "h": words}))


def about(seq: int, target: int, words: str) -> Event:
    return Event(seq, json.dumps({"s": seq, "k": "hide", "x": target, "h": words}), target)


def test_the_ring_holds_no_word_of_what_was_hidden() -> None:
    async def story() -> None:
        hub = await opened(Log())
        hub.push([said(1, "secret"), said(2, "open"), about(3, 1, "secret, better")])
        hub.push([about(4, 1, "gone")])
        late = Reader()
        listener = listener_in(hub, late.send)
        await listener.start(EPOCH, 0)
        listening = asyncio.create_task(listener.listen())
        await settle()
        listening.cancel()

        assert late.numbers == [1, 2, 3, 4]
        assert [event["h"] for event in late.frames[0]] == ["gone", "open", "gone", "gone"]

    run(story)


def test_what_was_read_before_the_ring_is_read_anew_after_a_second() -> None:
    async def story() -> None:
        log = Log(1_000)
        hub = await opened(log)
        log.reads.clear()
        for _ in range(2):
            await hub.page_after(500)
        hub.OLDER_KEPT = 0.01
        await hub.page_after(600)
        await asyncio.sleep(0.02)
        await hub.page_after(600)
        assert log.reads == [500, 600, 600]


def test_a_page_that_was_made_before_a_hide_is_not_handed_out_after_it() -> None:
    async def story() -> None:
        hub = await opened(Log())
        hub.push([said(1, "secret")])
        before = await hub.page_after(0)
        hub.push([about(2, 1, "gone")])

        assert "secret" in before.text
        assert "secret" not in (await hub.page_after(0)).text

    run(story)


def test_a_hint_that_comes_after_what_it_is_about_was_hidden_brings_nothing_back() -> None:
    async def story() -> None:
        log = Log(length=2)
        hub = await opened(log)
        hub.push([said(3, "secret"), about(4, 3, "gone")])
        hub.push([said(3, "secret")])

        assert "secret" not in (await hub.page_after(2)).text

    run(story)


@pytest.mark.usefixtures("quick_state")
def test_listeners_hear_only_what_has_changed_of_the_state_and_all_of_it_at_first() -> None:
    async def story() -> None:
        hub = await opened(Log())
        reader = Reader()
        listener = listener_in(hub, reader.send)
        await listener.start(None, None)
        listening = asyncio.create_task(listener.listen())
        hub.set_state(presence=3)
        await the_state_is_told()
        hub.set_state(presence=3)
        hub.react({7: {"thanks": 1}}, 1)
        await the_state_is_told()
        hub.react({7: {"thanks": 1}, 8: {"agree": 2}}, 2)
        await the_state_is_told()
        listening.cancel()

        changes = [frame["d"] for frame in reader.frames]
        assert changes == [{"presence": 3}, {"react": {"7": {"thanks": 1}}}, {"react": {"8": {"agree": 2}}}]
        assert hub.state_page_after(0).values == {
            "open": True,
            "lock": "",
            "slow": 0,
            "delay": 0,
            "asks": True,
            "presence": 3,
            "react": {"7": {"thanks": 1}, "8": {"agree": 2}},
        }

    run(story)


def test_reactions_to_very_many_messages_are_forgotten_oldest_first() -> None:
    async def story() -> None:
        hub = await opened(Log())
        for seq in range(1, RoomHub.MOST_REACTED + 11):
            hub.react({seq: {"thanks": 1}}, seq)

        known = hub.state_page_after(0).values["react"]
        assert len(known) == RoomHub.MOST_REACTED
        assert "10" not in known
        assert "11" in known

    run(story)


def test_who_comes_in_while_the_room_is_being_opened_hears_from_now_on_too() -> None:
    async def story() -> None:
        log = Log(500)
        process = LiveProcess(log)

        def make(hub: RoomHub) -> Listener:
            return Listener(hub, Reader().send, member_id=1, session_key="s", password="", access_version=0)

        listeners = await asyncio.gather(*(process.enter(1, make) for _ in range(3)))
        assert [listener.cursor for listener in listeners if listener] == [500, 500, 500]
        for listener in listeners:
            assert listener
            process.leave(listener)

    run(story)


def test_a_reader_whose_past_cannot_be_read_is_sent_away_to_come_back() -> None:
    async def story() -> None:
        log = Log(700)
        hub = await opened(log)
        reader = Reader()
        listener = listener_in(hub, reader.send)
        await listener.start(EPOCH, 10)
        log.is_away = True
        await listener.listen()
        assert listener.ended_with == Close.BROKEN
        assert reader.numbers == []

    run(story)
