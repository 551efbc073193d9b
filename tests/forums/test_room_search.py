"""What was said and asked in live rooms is found by those who may read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forums.actions.amendments import delete_message, hide_message
from forums.actions.erasing import settle_closed_account
from forums.actions.messages import say
from forums.actions.questions import ask_question
from forums.actions.rooms import schedule_room
from forums.actions.sanctions import remove_from_room
from forums.models import HeldMessage, Message, Question, Room
from forums.search import rooms
from forums.search.rooms import FoundInRoom, search_rooms
from forums.templatetags.rooms import marked
from network.models.prepared import Prepared
from tests.cast import Cast, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(cast: Cast) -> Room:
    """A session that ended an hour ago, in which Bob said that a rollout was stopped."""
    now = timezone.now()
    room = schedule_room(cast.practitioners, title="Lessons", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    say(room, by=cast.bob, body="We stopped the <Rollout> in March.")
    say(room, by=cast.fay, body="Thank you.")
    ask_question(room, by=cast.bob, body="Who else had a rollout?")
    return over(room)


def over(room: Room) -> Room:
    past = timezone.now() - timedelta(hours=1)
    Message.objects.filter(room=room).update(written_at=past - timedelta(minutes=30))
    Room.objects.filter(pk=room.pk).update(opens_at=past - timedelta(hours=1), closes_at=past)
    return Room.objects.select_related("network").get(pk=room.pk)


def test_members_find_it_and_are_led_to_the_place(cast: Cast, room: Room, client: Client) -> None:
    [hit] = search_rooms(cast.bob, "rollout")
    assert hit.title == "Lessons"
    assert hit.address == f"{room.get_absolute_url()}?q=rollout#found"
    sign_in(client, cast.bob)
    page = client.get("/search/?q=stopped+rollout").content.decode()
    assert "Lessons" in page
    found = client.get(f"{room.get_absolute_url()}?q=rollout").content.decode()
    assert "We stopped the &lt;<mark>Rollout</mark>&gt; in March." in found
    assert "Who else had a <mark>rollout</mark>?" in found
    assert "Thank you." not in found.partition('id="found"')[2].partition("</section>")[0]


def test_nobody_outside_finds_anything(cast: Cast, room: Room, client: Client) -> None:
    for outsider in cast.outsiders:
        assert search_rooms(outsider, "rollout") == []
        sign_in(client, outsider)
        assert client.get(f"{room.get_absolute_url()}?q=rollout").status_code == 404
        assert "Lessons" not in client.get("/search/?q=rollout").content.decode()
    client.logout()
    assert "Lessons" not in client.get("/search/?q=rollout").content.decode()


def test_only_the_newest_are_looked_at(cast: Cast, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_at(number: int) -> None:
        monkeypatch.setattr("forums.search.rooms.SAID_LOOKED_AT", number)
        monkeypatch.setattr("forums.search.rooms._said", Prepared(rooms._said._build))  # its SQL is written anew

    look_at(1)
    assert search_rooms(cast.bob, "stopped") == []  # "Thank you." is newer
    assert len(search_rooms(cast.bob, "thank")) == len(search_rooms(cast.bob, "rollout")) == 1
    look_at(2)
    assert len(search_rooms(cast.bob, "stopped")) == 1


def test_for_whoever_may_enter_no_room_no_word_is_looked_at(
    cast: Cast, room: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for outsider in cast.outsiders:
        with django_assert_num_queries(1):
            assert search_rooms(outsider, "rollout") == []


def test_what_can_no_longer_be_read_is_not_found(cast: Cast, room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(opens_at=timezone.now(), closes_at=timezone.now() + timedelta(hours=1))
    open_room = Room.objects.select_related("network").get(pk=room.pk)
    hidden = say(open_room, by=cast.bob, body="canary hidden")
    deleted = say(open_room, by=cast.bob, body="canary deleted")
    hide_message(hidden, by=cast.fay, reason="Off topic")
    delete_message(deleted, by=cast.bob)
    Room.objects.filter(pk=room.pk).update(holds_questions=True)
    ask_question(Room.objects.select_related("network").get(pk=room.pk), by=cast.bob, body="canary held?")
    refused = Question.objects.create(
        room=room, author=cast.bob, body="canary refused", state=Question.State.REFUSED, number=90
    )
    HeldMessage.objects.create(room=room, author=cast.bob, body="canary word")
    assert refused.pk
    room = over(room)
    for member in (cast.fay, cast.bob):
        assert search_rooms(member, "canary") == []
        found = FoundInRoom.of(room, member, "canary")
        assert (found.messages, found.questions) == ([], [])


def test_erased_words_are_not_found(cast: Cast, room: Room) -> None:
    settle_closed_account(cast.bob, erase=True)
    assert not FoundInRoom.of(room, cast.fay, "stopped").messages


def test_who_was_removed_from_a_room_finds_nothing_of_it(cast: Cast, room: Room) -> None:
    remove_from_room(room, cast.bob, by=cast.fay, reason="No")
    assert search_rooms(cast.bob, "rollout") == []
    assert search_rooms(cast.fay, "rollout") != []


def test_what_may_still_be_held_back_from_others_is_not_found(cast: Cast, room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(opens_at=timezone.now(), closes_at=timezone.now() + timedelta(hours=1))
    now_open = Room.objects.select_related("network").get(pk=room.pk)
    say(now_open, by=cast.bob, body="Just said.")
    assert search_rooms(cast.fay, "just said") == []
    assert not FoundInRoom.of(now_open, cast.fay, "just said").messages


def test_as_many_queries_for_many_messages_as_for_few(
    cast: Cast, room: Room, client: Client, django_assert_max_num_queries: Any
) -> None:
    sign_in(client, cast.bob)
    address = f"{room.get_absolute_url()}?q=rollout"
    client.get(address)
    with django_assert_max_num_queries(40) as few:
        client.get(address)
    Message.objects.bulk_create(
        Message(room=room, seq=seq, author=cast.fay, body=f"rollout {seq}", written_at=timezone.now())
        for seq in range(100, 180)
    )
    with django_assert_max_num_queries(40) as many:
        client.get(address)
    assert len(many) <= len(few)


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("Cost & effort", ["cost"], "<mark>Cost</mark> &amp; effort"),
        ("<b>", ["b"], "&lt;<mark>b</mark>&gt;"),
        ("amp & more", ["amp"], "<mark>amp</mark> &amp; more"),
    ],
)
def test_words_are_marked_and_nothing_is_let_through(text: str, words: list[str], shown: str) -> None:
    assert marked(text, words) == shown
