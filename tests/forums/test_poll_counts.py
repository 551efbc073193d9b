"""A thousand votes in a few seconds, with retries, double clicks and changes of mind, by sockets and by forms at once:
the rows, the counts and the voters are what they would be if all had waited for each other."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forums.actions.commands import Command, carry_out
from forums.actions.poll_votes import Choosing, choose
from forums.actions.polls import PollWords, change_poll, close_poll, make_poll, open_poll
from forums.actions.rooms import schedule_room
from forums.live import log
from forums.live.writer import Writer
from forums.models import Poll, PollOption, PollVote, Room, RoomEvent
from network.actions.closing import close_account
from network.models import Member, Membership
from network.permissions import Refused
from tests.cast import Cast, make_cast
from tests.forums.stories import run
from tests.journeys.conftest import session_of

pytestmark = pytest.mark.django_db(transaction=True)

VOTERS = 1_000
BY_FORM = 60  # of them


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    times = {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(hours=1)}
    return schedule_room(cast.practitioners, title="Clinic", by=None, **times)


def opened(room: Room, by: Member, *, is_multiple: bool = False) -> Poll:
    words = PollWords("Which?", [f"Answer {n}" for n in range(5)], is_multiple, Poll.Results.ALWAYS, 1)
    return open_poll(make_poll(room, words, by=by), by=by)


def voters_of(room: Room, size: int) -> list[Member]:
    members = Member.objects.bulk_create(
        Member(email=f"voter{n}@example.org", name=f"Voter {n}", is_active=True) for n in range(size)
    )
    now = timezone.now()
    Membership.objects.bulk_create(
        Membership(member=member, network=room.network, state="active", joined_at=now, read_before=now)
        for member in members
    )
    return members


def assert_exact(poll: Poll, chosen: dict[int, tuple[int, ...]]) -> None:
    """That what the database says three times over is what each voter chose last."""
    rows = Counter(PollVote.objects.filter(poll=poll).values_list("member", "option"))
    assert rows == Counter((member, option) for member, options in chosen.items() for option in options)
    wanted = Counter(option for options in chosen.values() for option in options)
    found = dict(PollOption.objects.filter(poll=poll).values_list("pk", "votes"))
    assert found == {option: wanted.get(option, 0) for option in found}
    assert Poll.objects.get(pk=poll.pk).voters == len(chosen)
    told = log.votes_since(poll.room_id, 0)["p"][str(poll.pk)]
    assert told == {"n": len(chosen), "o": {str(option): wanted.get(option, 0) for option in found}}


@pytest.mark.parametrize("is_multiple", [False, True], ids=["one answer", "several"])
def test_a_thousand_votes_at_once_are_counted_exactly(cast: Cast, room: Room, is_multiple: bool) -> None:
    poll = opened(room, cast.fay, is_multiple=is_multiple)
    options = list(PollOption.objects.filter(poll=poll).order_by("order").values_list("pk", flat=True))
    members = voters_of(room, VOTERS)
    dice = random.Random(7)

    def roll() -> tuple[int, ...]:
        return tuple(dice.sample(options, dice.randint(1, 3) if is_multiple else 1))

    # Some choose twice, and everybody's browser sends the last of it more than once.
    wishes = {member.pk: [roll() for _ in range(dice.choice((1, 1, 1, 2)))] for member in members}
    chosen = {member: wanted[-1] for member, wanted in wishes.items()}
    by_form, by_socket = members[:BY_FORM], members[BY_FORM:]
    sessions = {member.pk: session_of(member) for member in by_form}
    writer: Writer[Command, int] = Writer(carry_out)
    retries = {member.pk: dice.randint(1, 3) for member in members}

    async def votes_by_socket(member: Member) -> list[int | Exception]:
        answers = []
        for wanted in wishes[member.pk]:  # what one browser says is written in the order in which it was said
            sent = Choosing(member.pk, poll.pk, wanted)
            again = [writer.submit(room.pk, sent) for _ in range(retries[member.pk])]
            answers += await asyncio.gather(*again)
        return answers

    def votes_by_form(member: Member) -> set[int]:
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = sessions[member.pk]
        address = reverse("poll_vote", args=[room.pk, poll.pk])
        try:
            return {client.post(address, {"options": wanted}).status_code for wanted in wishes[member.pk]}
        finally:
            connection.close()

    async def all_by_socket() -> list[list[int | Exception]]:
        return await asyncio.gather(*map(votes_by_socket, by_socket))

    with ThreadPoolExecutor(4) as pool:
        forms = [pool.submit(votes_by_form, member) for member in by_form]
        answers = run(all_by_socket, within=60)
        statuses = [form.result() for form in forms]

    assert {answer for some in answers for answer in some} == {0}
    assert all(status == {302} for status in statuses)
    assert_exact(poll, chosen)


def test_votes_that_race_with_the_closing_count_or_are_refused_and_nothing_in_between(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    [first, *_] = PollOption.objects.filter(poll=poll).order_by("order")
    members = voters_of(room, 40)
    go = threading.Barrier(5)

    def votes(some: list[Member]) -> dict[int, bool]:
        counted = {}
        try:
            go.wait(10)
            for member in some:
                try:
                    choose(poll, [first.pk], by=member)
                    counted[member.pk] = True
                except Refused as refused:
                    assert "has closed" in str(refused)
                    counted[member.pk] = False
            return counted
        finally:
            connection.close()

    def closes() -> None:
        try:
            go.wait(10)
            time.sleep(0.1)
            close_poll(poll, by=cast.fay)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        voting = [pool.submit(votes, members[place::4]) for place in range(4)]
        pool.submit(closes).result()
        counted = {member: was for one in voting for member, was in one.result().items()}

    assert_exact(poll, {member: (first.pk,) for member, was in counted.items() if was})


def test_a_vote_that_is_being_written_when_its_account_closes_is_counted_or_refused(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    [first, *_] = PollOption.objects.filter(poll=poll).order_by("order")
    choose(poll, [first.pk], by=cast.fay)
    go = threading.Barrier(2)

    def votes() -> None:
        try:
            go.wait(10)
            for _ in range(10):
                choose(poll, [first.pk], by=cast.bob)
        except Refused:
            pass
        finally:
            connection.close()

    def closes() -> None:
        try:
            go.wait(10)
            close_account(by=Member.objects.get(pk=cast.bob.pk), erase=False)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(votes), pool.submit(closes)]:
            one.result()

    # Whether it came in time or not, both counts say the same of it, and nobody what it was.
    poll.refresh_from_db()
    first.refresh_from_db()
    assert list(PollVote.objects.filter(poll=poll).values_list("member", flat=True)) == [cast.fay.pk]
    assert poll.former_voters == first.former_votes <= 1
    assert poll.voters == first.votes == 1 + poll.former_voters


def test_two_hosts_at_once_open_and_close_a_poll_once(cast: Cast, room: Room) -> None:
    Membership.objects.filter(member=cast.bob).update(role=Membership.Role.FACILITATOR)
    poll = make_poll(room, PollWords("Which?", ["This", "That"]), by=cast.fay)

    def both(verb: Callable[..., Poll]) -> list[str]:
        go = threading.Barrier(2)

        def do(by: Member) -> str:
            try:
                go.wait(10)
                return verb(Poll.objects.whole().get(), by=Member.objects.get(pk=by.pk)).state
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(do, [cast.fay, cast.bob]))

    assert both(open_poll) == ["open", "open"]
    assert both(close_poll) == ["closed", "closed"]
    events = RoomEvent.objects.filter(room=room).order_by("seq")
    assert list(events.values_list("seq", "kind", "poll")) == [(1, "poll", poll.pk), (2, "poll", poll.pk)]


def test_a_poll_that_is_opened_while_it_is_changed_says_one_or_the_other(cast: Cast, room: Room) -> None:
    poll = make_poll(room, PollWords("Which?", ["This", "That"]), by=cast.fay)
    go = threading.Barrier(2)

    def do(verb: Callable[[], Poll]) -> bool:
        try:
            go.wait(10)
            verb()
            return True
        except Refused as refused:
            assert "has been opened" in str(refused)
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        changed, was_opened = pool.map(
            do,
            [
                lambda: change_poll(poll, PollWords("What?", ["One", "Two", "Three"]), by=cast.fay),
                lambda: open_poll(poll, by=cast.fay),
            ],
        )

    assert was_opened
    found = Poll.objects.whole().get()
    texts = [option.text for option in found.options.all()]
    assert (found.title, texts) == (("What?", ["One", "Two", "Three"]) if changed else ("Which?", ["This", "That"]))
    assert found.state == Poll.State.OPEN
