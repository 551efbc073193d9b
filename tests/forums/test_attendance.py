"""Who came to a session is a number, by kind of council, for those who run it. Nobody is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forums import export
from forums.actions.attendance import attend_room
from forums.actions.messages import say
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import reschedule_room, schedule_room
from forums.live import presence
from forums.live.hub import Listener, RoomHub
from forums.live.log import Tail
from forums.live.process import LiveProcess
from forums.models import Room, RoomAttendance
from forums.models.attendance import OTHER, Came
from network.actions.closing import close_account
from network.models import Member, Organisation
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.forums.stories import run
from tests.forums.test_live_hub import Log, Reader


def room_at(cast: Cast, starts_at: datetime) -> Room:
    return schedule_room(
        cast.ai, title="Show and tell", opens_at=starts_at, closes_at=starts_at + timedelta(hours=1), by=None
    )


@pytest.fixture
def room(cast: Cast) -> Room:
    """It is on."""
    return room_at(cast, timezone.now() - timedelta(minutes=10))


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def came(room: Room, **kinds: int) -> None:
    """So many of each kind of council."""
    for kind, people in kinds.items():
        council = Organisation.objects.create(
            name=kind, short_name=kind, slug=kind, kind="" if kind == "none" else kind
        )
        members = [
            Member.objects.create_user(f"{kind}{number}@example.org", name=f"{kind} {number}", organisation=council)
            for number in range(people)
        ]
        presence.count_in({room.pk: [member.pk for member in members]})


class OverLog(Log):
    """Of a room whose session is over."""

    async def tail(self, room_id: int) -> Tail | None:
        found = await super().tail(room_id)
        return found and replace(found, closes_at=timezone.now() - timedelta(minutes=1))


class TestCounting:
    def test_whoever_reads_the_plain_page_while_it_is_on_has_come_once(self, room: Room, cast: Cast) -> None:
        client = client_of(cast.bob)
        for _ in range(2):
            client.get(room.get_absolute_url())
        assert [row.member for row in RoomAttendance.objects.all()] == [cast.bob]

    @pytest.mark.parametrize(
        ("starts", "is_counted"),
        [(timedelta(minutes=20), False), (timedelta(minutes=10), True), (timedelta(minutes=-61), False)],
        ids=["too early", "early", "over"],
    )
    def test_only_while_it_is_on(self, starts: timedelta, is_counted: bool, cast: Cast) -> None:
        room = room_at(cast, timezone.now() + starts)
        client_of(cast.bob).get(room.get_absolute_url())
        presence.count_in({room.pk: [cast.fay.pk]})
        assert RoomAttendance.objects.exists() == is_counted

    def test_outsiders_do_not_come(self, room: Room, cast: Cast) -> None:
        for outsider in cast.outsiders:
            assert client_of(outsider).get(room.get_absolute_url()).status_code == 404
        assert not RoomAttendance.objects.exists()

    def test_counted_again_it_is_one_query(
        self, room: Room, cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        attend_room(room, by=cast.bob)
        with django_assert_num_queries(1):
            attend_room(room, by=cast.bob)
        presence.count_in({room.pk: [cast.bob.pk, cast.fay.pk], 10**6: [cast.bob.pk]})
        assert RoomAttendance.objects.count() == 2

    @pytest.mark.parametrize("is_on", [True, False])
    def test_a_process_counts_each_of_its_sockets_members_once(
        self, is_on: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written: list[dict[int, set[int]]] = []

        async def read(query: Callable[..., Any], *args: Any) -> Any:
            if query is presence.count_in:
                written.append(args[0])
            return {}

        monkeypatch.setattr("forums.live.process.read", read)
        log = Log(1) if is_on else OverLog(1)

        def listener_of(member: int) -> Callable[[RoomHub], Listener]:
            return lambda hub: Listener(
                hub, Reader().send, member_id=member, session_key="s", password="", access_version=0
            )

        async def story() -> None:
            process = LiveProcess(log)
            for member in (1, 1, 2):
                await process.enter(1, listener_of(member))
                await process._tell_presence()

        run(story)
        assert written == ([{1: {1}}, {1: {2}}] if is_on else [])

    def test_the_kind_is_that_of_the_day(self, room: Room, cast: Cast) -> None:
        Organisation.objects.filter(pk=cast.council.pk).update(kind="county")
        attend_room(room, by=cast.bob)
        Organisation.objects.filter(pk=cast.council.pk).update(kind="unitary")
        Member.objects.filter(pk=cast.fay.pk).update(organisation=None)
        attend_room(room, by=cast.fay)
        assert list(RoomAttendance.objects.order_by("pk").values_list("council_kind", flat=True)) == ["county", ""]


class TestFigures:
    @pytest.mark.parametrize(
        ("kinds", "shown"),
        [
            ({"county": 5, "unitary": 3}, Came(8, [("County council", 5), ("Unitary council", 3)])),
            (
                {"county": 5, "unitary": 3, "none": 4},
                Came(12, [("County council", 5), ("Unitary council", 3), (OTHER, 4)]),
            ),
            # Two small ones are enough for one group.
            (
                {"county": 5, "unitary": 2, "london_borough": 1},
                Came(8, [("County council", 5), (OTHER, 3)]),
            ),
            # A small one alone takes the next with it, or the sum would tell.
            ({"county": 5, "unitary": 3, "london_borough": 1}, Came(9, [("County council", 5), (OTHER, 4)])),
            ({"county": 5, "none": 1}, Came(6, [])),
            ({"county": 2, "unitary": 1}, Came(3, [])),
            ({"county": 2}, Came(2, [])),
            ({}, Came(0, [])),
        ],
    )
    def test_nobody_stands_alone(self, kinds: dict[str, int], shown: Came, room: Room, cast: Cast) -> None:
        came(room, **kinds)
        assert RoomAttendance.objects.came_to(room, cast.fay) == shown

    def test_facilitators_and_hosts_read_them_without_names(self, room: Room, cast: Cast) -> None:
        came(room, county=4, unitary=3)
        attend_room(room, by=cast.bob)
        give_room_role(room, cast.bob, role="host", by=None)
        address = reverse("room_attendance", args=[room.pk])
        for member in (cast.fay, cast.bob):
            client = client_of(member)
            assert address in client.get(room.get_absolute_url()).content.decode()
            page = client.get(address).content.decode()
            assert "<strong>" in page
            assert "County council" in page
            assert "county 0" not in page
        assert "Bob Belongs" not in client_of(cast.fay).get(address).content.decode()

    def test_other_members_do_not_and_outsiders_do_not_learn_that_there_are_any(self, room: Room, cast: Cast) -> None:
        came(room, county=4)
        address = reverse("room_attendance", args=[room.pk])
        answer = client_of(cast.bob).get(address)
        assert answer.status_code == 403
        assert "County council" not in answer.content.decode()
        assert address not in client_of(cast.bob).get(room.get_absolute_url()).content.decode()
        for outsider in cast.outsiders:
            assert client_of(outsider).get(address).status_code == 404
        assert Client().get(address).status_code in (302, 404)
        for viewer in (cast.bob, *cast.outsiders, AnonymousUser()):
            assert RoomAttendance.objects.came_to(room, viewer) == Came(0, [])

    def test_facilitators_show_their_second_factor_first(self, room: Room, cast: Cast) -> None:
        client = Client()
        client.force_login(cast.fay)
        assert client.get(reverse("room_attendance", args=[room.pk])).status_code == 302

    def test_rows_are_seen_by_whom_they_are_about_alone(self, room: Room, cast: Cast) -> None:
        attend_room(room, by=cast.bob)
        assert RoomAttendance.objects.visible_to(cast.bob).count() == 1
        for other in (cast.fay, *cast.outsiders, AnonymousUser()):
            assert not RoomAttendance.objects.visible_to(other).exists()
        assert len(list(export._attendances(cast.bob))) == 1
        assert not list(export._attendances(cast.fay))

    def test_they_go_with_the_account(self, room: Room, cast: Cast) -> None:
        attend_room(room, by=cast.bob)
        close_account(by=cast.bob)
        assert not RoomAttendance.objects.exists()

    def test_the_page_costs_the_same_with_few_and_with_many(
        self, room: Room, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = client_of(cast.fay)
        address = reverse("room_attendance", args=[room.pk])
        client.get(address)
        counts = []
        for kind in ("county", "unitary"):
            came(room, **{kind: 10})
            with django_assert_max_num_queries(20) as asked:
                client.get(address)
            counts.append(len(asked))
        assert counts[0] == counts[1]


def test_a_session_that_is_moved_while_people_are_in_it_says_when_it_goes_on(room: Room, cast: Cast) -> None:
    say(room, by=cast.bob, body="zyzzyva")
    client = client_of(cast.bob)
    assert "its session is over, or was moved" in client.get(room.get_absolute_url()).content.decode()

    opens_at = datetime(2030, 7, 2, 9, 30, tzinfo=UTC)
    reschedule_room(room, title=room.title, opens_at=opens_at, closes_at=opens_at + timedelta(hours=1), by=None)

    page = client.get(room.get_absolute_url()).content.decode()
    assert "The session was moved. Its room opens again on 2 July 2030 at 10:15am." in page
    assert "zyzzyva" in page
    with pytest.raises(Refused, match="not opened yet"):
        say(room, by=cast.bob, body="Is anybody there?")
    assert "zyzzyva" not in client_of(cast.olga).get(room.get_absolute_url()).content.decode()


def test_the_host_sees_the_number_beside_the_questions(room: Room, cast: Cast) -> None:
    came(room, county=4)
    page = client_of(cast.fay).get(reverse("room_host", args=[room.pk])).content.decode()
    assert "4 have come in all" in page
