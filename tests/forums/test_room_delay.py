"""In a room with a delay nobody but those who run it reads what is too young, by whatever page they come."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums import consumers, permissions
from forums.actions.amendments import delete_message, edit_message, hide_message
from forums.actions.hosting import merge_question
from forums.actions.message_reactions import react_to_message
from forums.actions.messages import say
from forums.actions.pins import pin_message
from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.live import access, log, process
from forums.models import Message, Question, Room, RoomEvent
from forums.models.question import QuestionBoard
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.forums.stories import run

DELAY = 10


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    room = schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )
    room.delay_seconds = DELAY
    room.save(update_fields=["delay_seconds"])
    return room


@pytest.fixture
def lena(cast: Cast) -> Client:
    """Another member, who has said nothing."""
    cast.lena.memberships.filter(network=cast.practitioners).update(state="active")
    client = Client()
    sign_in(client, cast.lena)
    return client


def time_passes(room: Room) -> None:
    """All that was said and asked is old enough by now."""
    earlier = timezone.now() - timedelta(seconds=DELAY + 1)
    Message.objects.filter(room=room).update(written_at=earlier)
    RoomEvent.objects.filter(room=room).update(at=earlier)


def page(client: Client, room: Room) -> str:
    return client.get(room.get_absolute_url()).content.decode()


def since(html: str) -> int:
    found = re.search(r'data-live-since="(\d+)"', html)
    assert found
    return int(found[1])


def test_what_is_young_is_read_by_those_who_run_the_room_and_its_author(
    client: Client, cast: Cast, room: Room, lena: Client
) -> None:
    say(room, by=cast.bob, body="old words")
    time_passes(room)
    young = say(room, by=cast.bob, body="zyzzyva")

    assert set(Message.objects.visible_to(cast.fay)) == set(Message.objects.visible_to(cast.bob)) != set()
    assert young not in Message.objects.visible_to(cast.lena)
    sign_in(client, cast.fay)
    host = page(client, room)
    assert "zyzzyva" in host and since(host) == 2
    other = page(lena, room)
    assert "old words" in other and "zyzzyva" not in other and since(other) == 1
    assert lena.get(young.get_absolute_url()).status_code == 404
    assert lena.head(young.get_absolute_url()).status_code == 404

    time_passes(room)
    other = page(lena, room)
    assert "zyzzyva" in other and since(other) == 2
    assert lena.get(young.get_absolute_url()).status_code == 200


def test_its_author_has_it_as_sent_and_once(client: Client, cast: Cast, room: Room) -> None:
    sign_in(client, cast.bob)
    answer = client.post(reverse("room_send", args=[room.pk]), {"body": "zyzzyva"})

    assert answer.headers["Location"].endswith(f"#live-room-{room.pk}-waiting")  # no number
    html = page(client, room)
    assert html.count("zyzzyva") == 1
    assert "Sent. Others see it in a few seconds." in html
    assert since(html) == 0
    assert str(RoomEvent.objects.get().client_id) in html  # by which the script knows it when it comes
    time_passes(room)
    html = page(client, room)
    assert html.count("zyzzyva") == 1
    assert "Others see it" not in html and since(html) == 1


def test_an_old_message_behind_a_young_one_waits_for_it(cast: Cast, room: Room, lena: Client) -> None:
    """Where the clocks of two servers differ: what comes after is never shown before."""
    say(room, by=cast.bob, body="first words")
    say(room, by=cast.bob, body="second words")
    earlier = timezone.now() - timedelta(seconds=DELAY + 1)
    Message.objects.filter(seq=2).update(written_at=earlier)
    RoomEvent.objects.filter(seq=2).update(at=earlier)

    html = page(lena, room)
    assert since(html) == 0
    assert "words" not in html.partition("data-live-log")[2].partition("</ol>")[0]


def test_hidden_meanwhile_it_is_a_tombstone_for_everybody(cast: Cast, room: Room, lena: Client) -> None:
    said = say(room, by=cast.bob, body="zyzzyva")
    hide_message(said, by=cast.fay, reason="Off topic")
    time_passes(room)

    html = page(lena, room)
    assert "zyzzyva" not in html and "Hidden by a facilitator" in html


def test_nobody_does_anything_to_what_not_everybody_sees(cast: Cast, room: Room) -> None:
    """How often a message was reacted to, or a question voted for, tells everybody that it is there."""
    said = say(room, by=cast.bob, body="zyzzyva")
    asked = ask_question(room, by=cast.bob, body="A question")
    for attempt in (
        lambda: react_to_message(said, "thanks", by=cast.fay),
        lambda: pin_message(said, by=cast.fay),
    ):
        with pytest.raises(Refused, match="Not everybody in the room sees this message yet"):
            attempt()
    with pytest.raises(ValidationError):
        vote_for(asked, by=cast.fay)

    time_passes(room)
    said.refresh_from_db()
    react_to_message(said, "thanks", by=cast.fay)
    pin_message(said, by=cast.fay)
    vote_for(asked, by=cast.fay)


def test_what_was_said_keeps_its_words_and_can_be_taken_back(cast: Cast, room: Room) -> None:
    said, own = say(room, by=cast.bob, body="zyzzyva"), say(room, by=cast.fay, body="mine")

    with pytest.raises(Refused, match="delete it and send another"):
        edit_message(said, by=cast.bob, body="worse")
    edit_message(own, by=cast.fay, body="mine, better")
    delete_message(said, by=cast.bob)
    assert permissions.can_change_message(cast.fay, own)


def test_a_young_question_is_seen_by_its_asker_and_those_who_run_the_room(cast: Cast, room: Room, lena: Client) -> None:
    asked = ask_question(room, by=cast.bob, body="zyzzyva")
    for viewer, sees in ((cast.fay, True), (cast.bob, True), (cast.lena, False), (cast.olga, False)):
        assert Question.objects.visible_to(viewer).filter(pk=asked.pk).exists() == sees
    assert not Question.objects.shown_to_all().exists()
    assert "zyzzyva" not in page(lena, room)

    time_passes(room)
    assert Question.objects.visible_to(cast.lena).filter(pk=asked.pk).exists()
    assert not Question.objects.visible_to(cast.olga).exists()


def test_a_question_has_its_number_once_everybody_sees_it(client: Client, cast: Cast, room: Room) -> None:
    for number in range(1, 4):
        ask_question(room, by=cast.fay, body=f"Question of hers {number}")
    sign_in(client, cast.bob)
    address = reverse("question_ask", args=[room.pk])
    answer = client.post(address, {"body": "zyzzyva", "form_id": str(uuid.uuid4())})
    asked = Question.objects.get(body="zyzzyva")
    own = client.get(asked.get_absolute_url()).content.decode()
    html = page(client, room)

    assert answer["Location"] == room.get_absolute_url()
    for shown in (own, html):
        assert "zyzzyva" in shown
        assert "Others see it in a few seconds" in shown
        assert "uestion 4" not in shown
        assert "question-4" not in shown
    # Nor is it found out by trying.
    vote = reverse("question_vote", args=[room.pk])
    assert [client.post(vote, {"give": str(number)}).status_code for number in (4, 5)] == [404, 404]
    assert [question.number for question in QuestionBoard.of(room, cast.fay).open] == [1, 2, 3, 4]

    time_passes(room)
    assert "Question 4" in client.get(asked.get_absolute_url()).content.decode()
    assert 'id="question-4"' in page(client, room)


def test_nothing_is_merged_into_what_others_do_not_see_yet(cast: Cast, room: Room) -> None:
    old = ask_question(room, by=cast.bob, body="What did it cost?")
    time_passes(room)
    young = ask_question(room, by=cast.bob, body="How much was it?")

    with pytest.raises(ValidationError, match="Others do not see that question yet"):
        merge_question(old, young, by=cast.fay)
    time_passes(room)
    merge_question(old, young, by=cast.fay)


def test_how_far_everybody_sees_is_exact_however_much_is_young(cast: Cast, room: Room) -> None:
    old = timezone.now() - timedelta(seconds=DELAY + 1)
    now = timezone.now()
    total = 1_500
    RoomEvent.objects.bulk_create(
        RoomEvent(room=room, seq=seq, kind="msg", actor=cast.bob, at=old if seq <= 100 else now)
        for seq in range(1, total + 1)
    )
    room.last_seq = total
    room.save(update_fields=["last_seq"])

    assert room.shown_to_all() == log.shown_to_all(room.pk) == 100
    assert room.shown_to_all(now + timedelta(seconds=DELAY)) == total
    RoomEvent.objects.filter(seq__lte=100).update(at=now)
    assert room.shown_to_all() == 0
    room.delay_seconds = 0
    assert room.shown_to_all() == total


def test_the_page_takes_as_many_queries_whatever_is_young(cast: Cast, room: Room, lena: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(lena, room)
        return len(captured)

    say(room, by=cast.bob, body="one")
    queries()  # what only a first request asks
    few = queries()
    for number in range(10):
        say(room, by=cast.bob if number % 2 else cast.fay, body="another")
    assert queries() == few


# Sockets and plain requests


@pytest.mark.django_db(transaction=True)
def test_a_plain_request_tells_nothing_of_what_is_young(cast: Cast, room: Room) -> None:
    cast.lena.memberships.filter(network=cast.practitioners).update(state="active")
    say(room, by=cast.bob, body="old words")
    time_passes(room)
    say(room, by=cast.bob, body="zyzzyva")

    def admitted(who: str) -> access.Admission:
        client = Client()
        client.force_login(getattr(cast, who))
        key = client.session.session_key
        assert key
        return access.admitted([(room.pk, key)])[room.pk, key]

    admissions = {who: admitted(who) for who in ("lena", "bob", "fay")}

    async def nothing() -> dict[str, str]:
        import asyncio

        await asyncio.Event().wait()
        raise AssertionError

    async def asks(who: str, at: int) -> list[object]:
        hello = consumers.Hello(room.epoch, at)
        frames = await consumers._news(admissions[who], hello, 0.0, nothing)
        return [json.loads(frame) for frame in frames]

    async def story() -> None:
        for who, top, numbers in (("lena", 1, [1]), ("fay", 2, [1, 2]), ("bob", 1, [1])):
            frames = await asks(who, 0)
            [welcome] = [frame for frame in frames if isinstance(frame, dict) and frame["t"] == "welcome"]
            assert (welcome["resume"], welcome["top"]) == ("ok", top)
            assert [event["s"] for frame in frames if isinstance(frame, list) for event in frame] == numbers
        # Whether there is a second one does not show by where they are let go on from.
        for at in (2, 3):
            [welcome] = [f for f in await asks("lena", at) if isinstance(f, dict) and f["t"] == "welcome"]
            assert (welcome["resume"], welcome["top"]) == ("ok", 1)
        # What is said by it is answered at once, without a number.
        for who, has_number in (("bob", False), ("fay", True)):
            client_id = uuid.uuid4()
            answer = json.loads(await consumers.answer_to(consumers.Send(client_id, "more words"), admissions[who]))
            assert answer["t"] == "ok"
            assert ("s" in answer) == has_number
        assert process.here().hubs == {}

    run(story)
    client_id = uuid.uuid4()
    say(room, by=cast.bob, body="sent twice", client_id=client_id)
    time_passes(room)

    async def again() -> None:
        answer = json.loads(await consumers.answer_to(consumers.Send(client_id, "sent twice"), admissions["bob"]))
        assert answer["s"] == 5  # everybody sees it by now

    run(again)


def test_who_runs_the_room_is_known_at_the_door(cast: Cast, room: Room) -> None:
    assert access.who_runs(room.pk, [cast.fay.pk, cast.bob.pk, cast.olga.pk]) == {
        cast.fay.pk: True,
        cast.bob.pk: False,
    }
    before = Room.objects.values_list("network__access_version", flat=True).get(pk=room.pk)
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    assert access.who_runs(room.pk, [cast.bob.pk]) == {cast.bob.pk: True}
    # Their open sockets are asked again.
    assert Room.objects.values_list("network__access_version", flat=True).get(pk=room.pk) > before


def test_nobody_replies_to_what_they_are_yet_to_see(cast: Cast, room: Room, lena: Client) -> None:
    """By the answer one could find out that somebody has said something, and who."""
    young = say(room, by=cast.bob, body="zyzzyva")
    told = []
    for number in (young.seq, young.seq + 1):
        with pytest.raises(ValidationError) as refused:
            say(room, by=cast.lena, body="Is there anybody?", reply_to=number)
        told.append(refused.value.messages)
    assert told[0] == told[1]
    assert say(room, by=cast.bob, body="To myself", reply_to=young.seq).reply_to == young
    assert say(room, by=cast.fay, body="I run it", reply_to=young.seq).reply_to == young

    time_passes(room)
    assert say(room, by=cast.lena, body="Now I see it", reply_to=young.seq).reply_to == young
