"""Votes, presence, reactions and settings: only the latest counts, and a socket hears of it once a second at most."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from forums.live import protocol
from forums.live.hub import Listener, RoomHub
from tests.forums.stories import run_by_itself
from tests.forums.test_live_hub import EPOCH, Log, event, listener_in, opened

MEMBERS = 7
QUESTIONS = 300
LONGEST_POLL = {"n": 2_000, "o": {str(100_000 + number): 2_000 for number in range(protocol.MOST_CHOSEN)}}


class Reader:
    """A browser that keeps what it hears of the state, and when."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.texts: list[str] = []
        self.at: list[float] = []
        self.numbers: list[int] = []
        self.stalls_for = 0.0

    async def send(self, text: str) -> None:
        if self.stalls_for:
            stalled, self.stalls_for = self.stalls_for, 0.0
            await asyncio.sleep(stalled)
        frame = json.loads(text)
        if isinstance(frame, list):
            self.numbers += [one["s"] for one in frame]
            return
        assert frame["t"] == "st"
        assert len(text.encode()) <= protocol.MAX_FRAME
        self.texts.append(text)
        self.at.append(asyncio.get_running_loop().time())
        self.learn(frame["d"])

    def learn(self, values: dict[str, Any]) -> None:
        for key, value in values.items():
            if isinstance(value, dict):
                self.state.setdefault(key, {}).update(value)
            else:
                self.state[key] = value

    @property
    def rests(self) -> list[float]:
        return [after - before for before, after in zip(self.at, self.at[1:], strict=False)]


def in_a_room(story: Callable[[RoomHub, list[Reader]], Coroutine[Any, Any, None]]) -> None:
    """Tells the story with some who listen."""

    async def told() -> None:
        hub = await opened(Log())
        readers = [Reader() for _ in range(MEMBERS)]
        listening = []
        for reader in readers:
            listener = listener_in(hub, reader.send)
            await listener.start(EPOCH, 0)
            reader.learn(listener.welcome_state().values)
            listening.append(asyncio.create_task(listener.listen()))
        await asyncio.sleep(2)
        await story(hub, readers)
        for task in listening:
            assert not task.done()
            task.cancel()

    run_by_itself(told)


def test_whatever_changes_a_socket_hears_of_it_once_a_second() -> None:
    async def story(hub: RoomHub, readers: list[Reader]) -> None:
        for vote in range(1, 1_001):  # 100 a second
            hub.vote({"q": {str(vote % 200): vote}}, vote)
            if vote % 7 == 0:
                hub.set_state(presence=vote)
                hub.react({vote % 50: {"thanks": vote}}, vote)
            await asyncio.sleep(0.01)
        for reader in readers:
            assert 8 <= len(reader.texts) <= 11
            assert min(reader.rests) >= 1.0
        await asyncio.sleep(3)
        for reader in readers:
            assert reader.state == hub.state_page_after(0).values

    in_a_room(story)


def test_what_changes_together_is_told_together_and_soon() -> None:
    async def story(hub: RoomHub, readers: list[Reader]) -> None:
        before = asyncio.get_running_loop().time()
        hub.set_state(presence=3)
        await asyncio.sleep(0.01)
        hub.react({7: {"thanks": 1}}, 1)
        hub.vote({"q": {"1": 1}, "p": {}}, 1)
        await asyncio.sleep(3)
        for reader in readers:
            assert len(reader.texts) == 1
            assert reader.at[0] - before < 0.1

    in_a_room(story)


def test_everybody_at_the_same_place_is_sent_the_same_text() -> None:
    async def story(hub: RoomHub, readers: list[Reader]) -> None:
        hub.vote({"q": {"1": 1}}, 1)
        await asyncio.sleep(2)
        assert len({id(reader.texts[0]) for reader in readers}) == 1

    in_a_room(story)


def test_very_much_at_once_comes_over_seconds_and_is_complete() -> None:
    async def story(hub: RoomHub, readers: list[Reader]) -> None:
        hub.vote(
            {
                "q": {str(number): number for number in range(1, QUESTIONS + 1)},
                "p": {str(1_000 + number): LONGEST_POLL for number in range(QUESTIONS)},
            },
            1,
        )
        hub.react({seq: dict.fromkeys(("thanks", "agree", "helpful"), 999) for seq in range(10**6, 10**6 + 150)}, 1)
        await asyncio.sleep(30)
        for reader in readers:
            assert len(reader.texts) > 1  # too much for one frame
            assert min(reader.rests) >= 1.0
            assert reader.state["q"] == {str(number): number for number in range(1, QUESTIONS + 1)}
            assert len(reader.state["p"]) == QUESTIONS
            assert len(reader.state["react"]) == 150

    in_a_room(story)


def test_among_very_many_that_change_all_the_time_none_is_passed_over() -> None:
    async def story(hub: RoomHub, readers: list[Reader]) -> None:
        for turn in range(1, 61):
            hub.vote({"p": {str(number): LONGEST_POLL | {"n": turn} for number in range(QUESTIONS)}}, turn)
            await asyncio.sleep(1)
        for reader in readers:
            assert len(reader.state["p"]) == QUESTIONS
            assert min(poll["n"] for poll in reader.state["p"].values()) > 40  # none is twenty seconds old
            assert min(reader.rests) >= 1.0

    in_a_room(story)


def test_a_welcome_takes_no_more_than_a_frame_and_the_rest_follows() -> None:
    async def story(hub: RoomHub, readers: list[Reader]) -> None:
        hub.vote(
            {
                "q": {str(number): number for number in range(1, QUESTIONS + 1)},
                "p": {str(number): LONGEST_POLL for number in range(QUESTIONS)},
            },
            1,
        )
        await asyncio.sleep(30)
        late = Reader()
        listener = listener_in(hub, late.send)
        await listener.start(EPOCH, 0)
        page = listener.welcome_state()
        welcome = protocol.welcome(
            epoch=EPOCH, top=0, is_resumed=True, member_id=1, role="member", retry_ms=1, state=page.values
        )
        assert len(welcome.encode()) <= protocol.MAX_FRAME
        assert page.values["open"] is True  # what the page needs at once is in it
        late.learn(page.values)
        listening = asyncio.create_task(listener.listen())
        await asyncio.sleep(30)
        listening.cancel()
        assert min(late.rests) >= 1.0
        assert (len(late.state["q"]), len(late.state["p"])) == (QUESTIONS, QUESTIONS)

        asking = listener_in(hub, Reader().send)
        await asking.start(EPOCH, 0)
        state = Reader()
        state.learn(asking.welcome_state().values)
        for text in asking.rest_of_state():  # by a plain request, which ends with its answer
            state.learn(json.loads(text)["d"])
        assert state.state == late.state

    in_a_room(story)


def test_a_socket_that_was_slow_to_take_one_rests_before_the_next() -> None:
    async def story(hub: RoomHub, readers: list[Reader]) -> None:
        slow = readers[0]
        for turn in range(1, 101):
            if turn % 10 == 0:
                slow.stalls_for = 1.05
            hub.vote({"q": {"1": turn}}, turn)
            await asyncio.sleep(0.2)
        await asyncio.sleep(5)
        assert slow.state["q"] == {"1": 100}
        # Sent and taken are two things: what is taken late is followed by the next when that is due.
        assert len(slow.texts) <= len(readers[1].texts)

    in_a_room(story)


def test_messages_do_not_wait_for_the_state_nor_the_state_for_them() -> None:
    async def story(hub: RoomHub, readers: list[Reader]) -> None:
        loop = asyncio.get_running_loop()
        slowest = 0.0
        for number in range(1, 301):
            before = loop.time()
            hub.vote({"q": {str(number): 1}}, number)
            hub.push([event(number)])
            while any(reader.numbers[-1:] != [number] for reader in readers):
                await asyncio.sleep(0.001)
            slowest = max(slowest, loop.time() - before)
        assert slowest < 0.1
        await asyncio.sleep(3)
        assert all(len(reader.state["q"]) == 300 for reader in readers)

    in_a_room(story)


def test_what_changed_while_nobody_listened_is_in_the_first_welcome() -> None:
    async def told() -> None:
        hub = await opened(Log())
        hub.vote({"q": {str(number): number for number in range(1, QUESTIONS + 1)}}, 1)
        listener = listener_in(hub, Reader().send)
        await listener.start(EPOCH, 0)
        assert len(listener.welcome_state().values["q"]) == QUESTIONS

        hub.set_state(presence=9)
        hub.leave(listener)  # before it is told
        again = listener_in(hub, Reader().send)
        assert again.hub.state["presence"] == 9
        await again.start(EPOCH, 0)
        assert again.welcome_state().values["presence"] == 9

    run_by_itself(told)


def test_what_waits_is_told_within_a_second_and_only_to_those_who_run_the_room() -> None:
    async def story(hub: RoomHub, readers: list[Reader]) -> None:
        host = Reader()
        listener = listener_in(hub, host.send)
        listener.runs = True
        await listener.start(EPOCH, 0)
        assert listener.welcome_state().values["held"] == 0
        listening = asyncio.create_task(listener.listen())
        await asyncio.sleep(2)
        for version in (3, 4):
            hub.hear(replace(hub.tail, held_version=version))
            await asyncio.sleep(0.2)
        assert host.state["held"] == 3
        await asyncio.sleep(1.2)
        assert host.state["held"] == 4
        assert min(host.rests) >= 1.0
        assert len(host.texts) == 2
        hub.hear(replace(hub.tail, held_version=4))
        await asyncio.sleep(2)
        assert len(host.texts) == 2
        assert not any("held" in reader.state or reader.texts for reader in readers)
        listening.cancel()

    in_a_room(story)


def test_the_clock_stops_when_the_last_listener_has_gone() -> None:
    async def told() -> None:
        hub = await opened(Log())
        listener: Listener = listener_in(hub, Reader().send)
        hub.set_state(presence=1)
        hub.leave(listener)
        assert hub._state_timer is None

    run_by_itself(told)
