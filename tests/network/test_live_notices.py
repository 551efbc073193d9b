"""A hub tells members how much is new for them, however it heard of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable

import pytest
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from network import realtime
from network.actions.notices import give_notice, read_all_notices, settle_notices
from network.consumers import Database, frame_of
from network.live import access
from network.live.close import Close
from network.live.notices import Count, Listener, NoticeHub
from network.models import Membership, Notice
from network.notifications import Unread, unread
from tests.cast import Cast
from tests.forums.stories import run as tell_story


class Numbers:
    """A source in memory that counts how often it is asked, and can be away."""

    def __init__(self) -> None:
        self.new: dict[int, int] = {}
        self.asked: list[set[int]] = []
        self.is_away = False

    def marks(self, member_ids: Collection[int]) -> dict[int, Hashable]:
        if self.is_away:
            raise OSError
        return {member: self.new.get(member, 0) for member in member_ids}

    def counts(self, member_ids: Collection[int]) -> dict[int, Count]:
        self.asked.append(set(member_ids))
        marks = self.marks(member_ids)
        return {member: Count(mark, str(mark)) for member, mark in marks.items()}


class Browser:
    def __init__(self, hub: NoticeHub, member_id: int, session: str = "s") -> None:
        self.heard: list[str] = []
        self.listener = Listener(self._send, member_id=member_id, session_key=session, password="p")
        self.hub = hub
        hub.enter(self.listener)
        self.task = asyncio.get_running_loop().create_task(self.listener.listen())

    async def _send(self, frame: str) -> None:
        self.heard.append(frame)

    async def hears(self, *frames: str, within: float = 2) -> None:
        async with asyncio.timeout(within):
            while self.heard != list(frames):
                await asyncio.sleep(0.005)

    async def ends(self, within: float = 2) -> Close | None:
        await asyncio.wait_for(self.task, within)
        return self.listener.ended_with


def run(story: Callable[[NoticeHub, Numbers], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "sessions", lambda keys: {key for key in keys if key != "over"})
    monkeypatch.setattr(access, "accounts", lambda members: {member: "p" for member in members if member != 13})

    async def tell() -> None:
        source = Numbers()
        hub = NoticeHub(source)
        hub.TICK = 0.05
        hub.BEAT_EVERY = 10_000
        await story(hub, source)

    tell_story(tell)


def test_whoever_comes_is_told_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(hub: NoticeHub, source: Numbers) -> None:
        source.new[1] = 3
        await Browser(hub, 1).hears("3")
        await Browser(hub, 2).hears("0")

    run(story, monkeypatch)


def test_news_is_told_at_once_to_all_their_browsers_and_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(hub: NoticeHub, source: Numbers) -> None:
        desk, phone, other = Browser(hub, 1), Browser(hub, 1), Browser(hub, 2)
        for browser in (desk, phone, other):
            await browser.hears("0")
        source.new[1] = 1
        hub.publish([1, 99])
        await desk.hears("0", "1", within=0.5)
        await phone.hears("0", "1")
        assert other.heard == ["0"]
        assert 99 not in set().union(*source.asked)

    run(story, monkeypatch)


def test_what_nobody_hinted_at_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(hub: NoticeHub, source: Numbers) -> None:
        browser = Browser(hub, 1)
        await browser.hears("0")
        source.new[1] = 2
        await browser.hears("0", "2")
        source.is_away = True
        source.new[1] = 5
        hub.publish([1])
        await asyncio.sleep(0.3)
        source.is_away = False
        await browser.hears("0", "2", "5")

    run(story, monkeypatch)


def test_the_same_number_is_not_said_twice_but_for_the_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(hub: NoticeHub, source: Numbers) -> None:
        browser = Browser(hub, 1)
        await browser.hears("0")
        hub.publish([1])
        await asyncio.sleep(0.2)
        assert browser.heard == ["0"]
        hub.BEAT_EVERY = 1
        await browser.hears("0", "0")

    run(story, monkeypatch)


def test_who_has_too_many_loses_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(hub: NoticeHub, source: Numbers) -> None:
        browsers = [Browser(hub, 1) for _ in range(hub.SOCKETS_OF_ONE_MEMBER + 1)]
        assert await browsers[0].ends() == Close.TOO_MANY_SOCKETS
        assert browsers[1].listener.ended_with is None

    run(story, monkeypatch)


@pytest.mark.parametrize(("member", "session"), [(1, "over"), (13, "s")], ids=["session", "account"])
def test_who_may_listen_no_more_is_ended(member: int, session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(hub: NoticeHub, source: Numbers) -> None:
        stays, ends = Browser(hub, 2), Browser(hub, member, session)
        assert await ends.ends() == Close.SESSION_ENDED
        assert stays.listener.ended_with is None

    run(story, monkeypatch)


def test_a_session_that_is_ended_here_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(hub: NoticeHub, source: Numbers) -> None:
        hub.TICK = 100
        stays, ends = Browser(hub, 1, "other"), Browser(hub, 1, "gone")
        hub.end_session("gone")
        assert await ends.ends(0.5) == Close.SESSION_ENDED
        assert stays.listener.ended_with is None

    run(story, monkeypatch)


def test_a_hub_that_everybody_left_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(hub: NoticeHub, source: Numbers) -> None:
        browser = Browser(hub, 1)
        await browser.hears("0")
        hub.leave(browser.listener)
        await asyncio.sleep(0.2)
        asked = len(source.asked)
        hub.publish([1])
        await asyncio.sleep(0.2)
        assert len(source.asked) == asked
        assert hub._watching is None

    run(story, monkeypatch)


# What the database says


def test_what_is_said_is_what_the_menu_counts(cast: Cast) -> None:
    membership = Membership.objects.get(member=cast.amir, network=cast.practitioners)
    give_notice("join_requested", membership.pk, [cast.fay, cast.bob])  # bob facilitates nothing, and sees none
    give_notice("join_requested", membership.pk + 1000, [cast.fay])

    counts = Database().counts([cast.fay.pk, cast.bob.pk, cast.olga.pk])
    assert counts[cast.fay.pk].frame == '{"n":1,"more":false}' == frame_of(unread(cast.fay))
    assert counts[cast.bob.pk].frame == '{"n":0,"more":false}'
    assert frame_of(Unread(100, is_more=True)) == '{"n":100,"more":true}'
    cast.fay.is_active = False
    cast.fay.save()
    assert cast.fay.pk not in Database().counts([cast.fay.pk])


def test_a_mark_is_another_whenever_something_is_given_or_read(cast: Cast) -> None:
    source, seen = Database(), []

    def look() -> None:
        seen.append(source.marks([cast.bob.pk, cast.fay.pk])[cast.bob.pk])

    look()
    give_notice("thread_started", 1, [cast.bob])
    look()
    give_notice("thread_started", 1, [cast.bob], now=timezone.now())
    look()
    give_notice("thread_started", 2, [cast.bob])
    look()
    Notice.objects.filter(object_id=1).update(read_at=timezone.now())
    look()
    assert len(set(seen)) == len(seen)
    give_notice("thread_started", 3, [cast.fay])
    look()
    assert seen[-1] == seen[-2]


def test_every_change_is_hinted_at_after_it_is_committed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    told: list[list[int]] = []
    monkeypatch.setattr(realtime, "notices_changed", lambda members: told.append(sorted(members)))

    def change(what: Callable[[], object]) -> list[list[int]]:
        told.clear()
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
            with transaction.atomic():
                what()
            assert told == []
        return list(told)

    both = sorted([cast.bob.pk, cast.fay.pk])
    assert change(lambda: give_notice("thread_started", 1, [cast.bob, cast.fay])) == [both]
    assert change(lambda: give_notice("thread_started", 1, [])) == []
    assert change(lambda: settle_notices(cast.bob, Q(object_id=1))) == [[cast.bob.pk]]
    assert change(lambda: settle_notices(cast.bob, Q(object_id=1))) == []
    assert change(lambda: read_all_notices(by=cast.fay)) == [[cast.fay.pk]]
