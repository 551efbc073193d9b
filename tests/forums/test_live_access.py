"""Who comes in, asked for many at once, is who may by what each page asks of one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.room_roles import give_room_role
from forums.actions.rooms import lock_room, schedule_room
from forums.actions.sanctions import remove_from_room
from forums.live import access
from forums.live.reading import Together
from forums.models import Room
from network.models import Member
from tests.cast import Cast
from tests.forums.stories import run
from tests.journeys.conftest import session_of


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    return schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )


def everybody(cast: Cast) -> list[Member]:
    return [cast.fay, cast.bob, *cast.outsiders]


def check(room: Room, cast: Cast, sessions: dict[Member, str]) -> set[str]:
    """The names of those who are let in: the same as may see the room."""
    room.network.refresh_from_db()
    admitted = access.admitted([(room.pk, session) for session in sessions.values()])
    may = {member.name for member in everybody(cast) if Room.objects.visible_to(member).filter(pk=room.pk).exists()}
    found = {member.name for member, session in sessions.items() if (room.pk, session) in admitted}
    assert found == may
    for (room_id, session), admission in admitted.items():
        [member] = [member for member, theirs in sessions.items() if theirs == session]
        assert (admission.room_id, admission.member_id, admission.session_key) == (room_id, member.pk, session)
        assert (admission.password, admission.access_version) == (member.password, room.network.access_version)
    return found


def test_those_come_in_who_may_see_the_room(room: Room, cast: Cast) -> None:
    sessions = {member: session_of(member) for member in everybody(cast)}
    assert check(room, cast, sessions) == {cast.fay.name, cast.bob.name}

    give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    assert check(room, cast, sessions) == {cast.fay.name, cast.bob.name, cast.olga.name}
    roles = {
        admission.member_id: admission.role
        for admission in access.admitted([(room.pk, session) for session in sessions.values()]).values()
    }
    assert roles == {cast.fay.pk: "facilitator", cast.bob.pk: "member", cast.olga.pk: "speaker"}

    remove_from_room(room, cast.bob, by=cast.fay, reason="Off topic.")
    room.network.refresh_from_db()
    assert check(room, cast, sessions) == {cast.fay.name, cast.olga.name}

    lock_room(room, lock=Room.Lock.READING, by=cast.fay)
    room.network.refresh_from_db()
    assert check(room, cast, sessions) == {cast.fay.name}


def test_a_session_that_has_ended_lets_nobody_in(room: Room, cast: Cast) -> None:
    session = session_of(cast.bob)
    key = (room.pk, session)
    assert key in access.admitted([key])
    assert access.admitted([(room.pk + 1, session), (10**30, session), (room.pk, "x" * 32), (room.pk, "")]) == {}

    Session.objects.filter(session_key=session).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert access.admitted([key]) == {}


def test_another_password_and_a_closed_account_let_nobody_in(room: Room, cast: Cast) -> None:
    key = (room.pk, session_of(cast.bob))
    cast.bob.set_password("three words apart")
    cast.bob.save()
    assert access.admitted([key]) == {}

    key = (room.pk, session_of(cast.bob))
    assert key in access.admitted([key])
    Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
    assert access.admitted([key]) == {}


def test_many_cost_as_many_queries_as_one(room: Room, cast: Cast) -> None:
    keys = [(room.pk, session_of(member)) for member in everybody(cast)]
    with CaptureQueriesContext(connection) as one:
        access.admitted(keys[:1])
    with CaptureQueriesContext(connection) as all_of_them:
        access.admitted(keys)
    assert len(all_of_them) == len(one) == 4


def test_who_asks_while_others_are_being_asked_about_waits_for_the_next_round() -> None:
    rounds: list[set[int]] = []

    def query(keys: Collection[int]) -> dict[int, int]:
        rounds.append(set(keys))
        return {key: key * 10 for key in keys if key != 13}

    async def story() -> list[int | None]:
        together = Together(query)
        first = asyncio.create_task(together.ask(1))
        while not rounds:
            await asyncio.sleep(0.001)
        return [await first, *await asyncio.gather(*(together.ask(key) for key in (2, 3, 3, 13)))]

    assert run(story) == [10, 20, 30, 30, None]
    assert rounds == [{1}, {2, 3, 13}]


def test_one_failed_round_is_the_failure_of_those_in_it_alone() -> None:
    fails = [True]

    def query(keys: Collection[int]) -> dict[int, int]:
        if fails.pop():
            raise LookupError
        return dict.fromkeys(keys, 1)

    async def story() -> None:
        together = Together(query)
        with pytest.raises(LookupError):
            await together.ask(1)
        fails.append(False)
        assert await together.ask(1) == 1

    run(story)
