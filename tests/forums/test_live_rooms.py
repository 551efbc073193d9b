"""The page of a live room, which works without a script and shows outsiders nothing."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums import limits
from forums.actions.messages import Saying, say, say_together
from forums.actions.rooms import schedule_room
from forums.limits import SPEAKING
from forums.models import Message, Room
from forums.models.message import MessagePage
from network.models import Viewer
from tests.cast import Cast, sign_in

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    return schedule_room(
        cast.practitioners,
        title="Show & tell",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )


@pytest.fixture
def bob(client: Client, cast: Cast) -> Client:
    sign_in(client, cast.bob)
    return client


def send(client: Client, room: Room, body: str, **more: str):  # type: ignore[no-untyped-def]
    return client.post(reverse("room_send", args=[room.pk]), {"body": body} | more)


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


# How much a room takes


def test_a_room_takes_so_many_messages_a_second_and_says_when_there_is_room_again(
    cast: Cast, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MESSAGES_A_SECOND", 3)
    now = timezone.now()
    speakers = [cast.bob, cast.fay, cast.bob, cast.fay, cast.bob]
    first = [Saying(by.pk, f"Message {n}", uuid.uuid4()) for n, by in enumerate(speakers)]

    said = say_together(room.pk, first[:2], now=now)
    said += say_together(room.pk, first[2:], now=now + timedelta(seconds=0.5))

    assert [isinstance(outcome, Message) for outcome in said] == [True, True, True, False, False]
    assert isinstance(said[3], limits.RoomBusy)
    assert said[3].retry_after == 1
    [later] = say_together(room.pk, first[3:4], now=now + timedelta(seconds=1.1))
    assert isinstance(later, Message)  # the same words, sent again
    assert isinstance(say_together(room.pk, first[:1], now=now)[0], Message)  # what was said stays said


def test_what_the_room_had_no_room_for_costs_nobody_a_message(
    cast: Cast, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MESSAGES_A_SECOND", 0)
    now = timezone.now()
    saying = Saying(cast.bob.pk, "Over and over", uuid.uuid4())
    for _ in range(SPEAKING.times * 2):
        [outcome] = say_together(room.pk, [saying], now=now)
        assert isinstance(outcome, limits.RoomBusy)
    assert SPEAKING.left(cast.bob, now=now) == SPEAKING.times

    monkeypatch.setattr(limits, "MESSAGES_A_SECOND", 100)
    assert isinstance(say_together(room.pk, [saying], now=now)[0], Message)
    assert SPEAKING.left(cast.bob, now=now) == SPEAKING.times - 1


# The door


@pytest.mark.parametrize("who", [None, *OUTSIDERS])
def test_outsiders_are_told_that_there_is_no_such_page(client: Client, cast: Cast, room: Room, who: str | None) -> None:
    if who:
        sign_in(client, getattr(cast, who))

    assert client.get(room.get_absolute_url()).status_code == 404
    assert client.get(f"{room.get_absolute_url()}?before=3").status_code == 404
    assert send(client, room, "Let me in").status_code == 404
    assert Message.objects.count() == 0


@pytest.mark.parametrize("who", [None, *OUTSIDERS])
def test_the_tag_shows_outsiders_nothing(cast: Cast, room: Room, who: str | None) -> None:
    say(room, by=cast.bob, body="zyzzyva")

    assert shown(room, getattr(cast, who) if who else AnonymousUser()).strip() == ""


def test_the_tag_shows_members_the_room(cast: Cast, room: Room) -> None:
    say(room, by=cast.bob, body="zyzzyva")

    html = shown(room, cast.fay)

    assert "zyzzyva" in html
    assert reverse("room_send", args=[room.pk]) in html


def shown(room: Room, viewer: Viewer) -> str:
    request = RequestFactory().get("/events/show-and-tell/")
    request.user = viewer
    return Template("{% load rooms %}{% live_room room %}").render(Context({"request": request, "room": room}))


# Saying something by the form


def test_a_message_goes_back_to_the_page_it_was_written_on(bob: Client, room: Room) -> None:
    here = send(bob, room, "Hello")
    event = send(bob, room, "Hello again", return_to="/events/show-and-tell/")

    assert here.headers["Location"] == f"{room.get_absolute_url()}#message-1"
    assert event.headers["Location"] == "/events/show-and-tell/#message-2"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil"])
def test_nobody_is_sent_away_from_the_site(bob: Client, room: Room, elsewhere: str) -> None:
    answer = send(bob, room, f"Hello from {elsewhere}", return_to=elsewhere)

    assert answer.headers["Location"] == f"{room.get_absolute_url()}#message-1"


def test_the_same_form_twice_is_one_message_and_with_other_words_two(bob: Client, room: Room) -> None:
    form_id = str(uuid.uuid4())
    for _ in range(2):
        send(bob, room, "Twice by mistake", form_id=form_id)
    send(bob, room, "After the back button", form_id=form_id)

    assert list(Message.objects.values_list("body", flat=True)) == ["Twice by mistake", "After the back button"]


@pytest.mark.parametrize(("body", "words"), [("", "Enter a message"), ("  ", "Enter a message"), ("x" * 1001, "long")])
def test_what_is_no_message_is_shown_again_with_the_reason(bob: Client, room: Room, body: str, words: str) -> None:
    html = send(bob, room, body).content.decode()

    assert "<title>Error: Show &amp; tell" in html
    assert words in html
    assert body in html
    assert Message.objects.count() == 0


def test_at_the_limit_nothing_typed_is_lost(bob: Client, cast: Cast, room: Room) -> None:
    for n in range(SPEAKING.times * 2):
        answer = send(bob, room, f"Point {n}")
        if answer.status_code != 302:
            break

    assert answer.status_code == 429
    assert f"Point {n}</textarea>" in answer.content.decode()
    assert "15 times in 30 seconds. You can try again in " in answer.content.decode()


def test_a_room_that_has_closed_meanwhile_gives_the_words_back(bob: Client, room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(closes_at=timezone.now())

    answer = send(bob, room, "One more thing")

    assert answer.status_code == 403
    assert "One more thing</textarea>" in answer.content.decode()
    assert "has closed" in answer.content.decode()


def test_the_form_is_only_sent(bob: Client, room: Room) -> None:
    assert bob.get(reverse("room_send", args=[room.pk])).status_code == 405


# Reading


def test_words_are_shown_as_words_and_the_composer_says_so(bob: Client, cast: Cast, room: Room) -> None:
    say(room, by=cast.fay, body="**bold** <b>bold</b> & https://example.org/?a=1&b=2")

    html = text(bob, room.get_absolute_url())

    assert "Shown just as you type it." in html
    assert "**bold** " in html
    assert "&lt;b&gt;bold&lt;/b&gt; &amp;" in html
    assert 'href="https://example.org/?a=1&amp;b=2"' in html


def test_before_it_opens_there_is_a_time_and_no_form(bob: Client, cast: Cast) -> None:
    starts = timezone.now() + timedelta(days=2, minutes=30)
    room = schedule_room(
        cast.practitioners, title="Soon", opens_at=starts, closes_at=starts + timedelta(hours=1), by=None
    )

    html = text(bob, room.get_absolute_url())

    assert "opens in <span data-live-countdown>2\xa0days" in html
    assert "app-chat__form" not in html


def test_afterwards_there_is_a_transcript_and_no_form(bob: Client, cast: Cast, room: Room) -> None:
    say(room, by=cast.fay, body="Said while it was open")
    Room.objects.filter(pk=room.pk).update(closes_at=timezone.now())

    html = text(bob, room.get_absolute_url())

    assert "Said while it was open" in html
    assert "app-chat__form" not in html
    assert "data-live-room" not in html


def test_earlier_messages_have_pages_of_their_own(
    bob: Client, cast: Cast, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MessagePage, "LENGTH", 2)
    for n in range(1, 6):
        say(room, by=cast.fay, body=f"Message {n}")

    latest, earlier = text(bob, room.get_absolute_url()), text(bob, f"{room.get_absolute_url()}?before=4")

    assert "?before=4" in latest
    assert [f"Message {n}" in latest for n in range(1, 6)] == [False, False, False, True, True]
    assert [f"Message {n}" in earlier for n in range(1, 6)] == [False, True, True, False, False]
    assert "data-live-room" not in earlier


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "1.5", "٣", "0"])
def test_an_address_made_by_hand_does_no_harm(bob: Client, room: Room, before: str) -> None:
    assert bob.get(f"{room.get_absolute_url()}?before={before}").status_code == 200


def test_the_page_costs_the_same_queries_whatever_was_said(bob: Client, cast: Cast, room: Room) -> None:
    bob.get(room.get_absolute_url())  # once it is written down that he came
    counts = []
    for size in (2, 10):
        for n in range(size):
            say(room, by=cast.fay if n % 2 else cast.bob, body=f"{size} {n}")
        with CaptureQueriesContext(connection) as captured:
            bob.get(room.get_absolute_url())
        counts.append(len(captured))

    assert counts[0] == counts[1]
