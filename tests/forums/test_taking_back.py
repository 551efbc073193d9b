"""Whoever asked a question takes it back, as long as nobody has dealt with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forums.actions.hosting import begin_answering, merge_question, publish_question, put_back, refuse_question
from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question, withdraw_question
from forums.actions.rooms import schedule_room
from forums.live import log, protocol
from forums.models import Question, QuestionStep, QuestionVote, Room, RoomEvent
from network.permissions import Refused
from tests.cast import Cast, sign_in

State = Question.State


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    made = schedule_room(cast.practitioners, title="Clinic", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    Room.objects.filter(pk=made.pk).update(allows_unnamed=True)
    made.refresh_from_db()
    return made


def read(question: Question) -> Question:
    return Question.objects.with_asker().get(pk=question.pk)


def test_its_words_and_votes_are_gone_and_its_place_says_so(cast: Cast, room: Room, client: Client) -> None:
    question = ask_question(room, by=cast.bob, body="zyzzyva", is_unnamed=True)
    vote_for(question, by=cast.fay)
    version = Room.objects.get(pk=room.pk).vote_version

    withdraw_question(question, by=cast.bob)
    withdraw_question(read(question), by=cast.bob)

    found = read(question)
    assert (found.state, found.body, found.votes, found.number) == (State.WITHDRAWN, "", 0, 1)
    assert not QuestionVote.objects.exists()
    assert log.votes_since(room.pk, version)["q"] == {"1": 0}
    lines = log.after(room.pk, 0, 10)
    assert [line.event.kind for line in lines] == ["q_new", "q_state"]
    # Nothing in them says who it was.
    assert {line.event.actor_id for line in lines} == {None}
    assert set(QuestionStep.objects.values_list("by", flat=True)) == {None}
    sent = "".join(protocol.event(line).text for line in lines)
    assert "zyzzyva" not in sent
    assert "Taken back by whoever asked" in sent
    for member in (cast.fay, cast.bob):
        sign_in(client, member)
        for address in (room.get_absolute_url(), question.get_absolute_url()):
            html = client.get(address).content.decode()
            assert "zyzzyva" not in html
            assert "Taken back" in html


def test_one_that_nobody_has_read_leaves_nothing(cast: Cast, room: Room, client: Client) -> None:
    Room.objects.filter(pk=room.pk).update(holds_questions=True)
    room.refresh_from_db()
    question = ask_question(room, by=cast.bob, body="zyzzyva")
    version = Room.objects.get(pk=room.pk).held_version

    withdraw_question(question, by=cast.bob)

    assert Room.objects.get(pk=room.pk).held_version > version
    assert not RoomEvent.objects.exists()
    for host, page in ((cast.fay, f"{room.get_absolute_url()}host/"), (cast.bob, room.get_absolute_url())):
        sign_in(client, host)
        html = client.get(page).content.decode()
        assert "zyzzyva" not in html
        assert "Taken back" not in html
    with pytest.raises(Refused):
        publish_question(read(question), by=cast.fay)


def test_nobody_else_takes_it_back(cast: Cast, room: Room, client: Client) -> None:
    question = ask_question(room, by=cast.bob, body="Mine")
    address = reverse("question_withdraw", args=[room.pk, question.uid])
    assert client.post(address).status_code == 404
    for member in (cast.fay, *cast.outsiders):
        with pytest.raises(Refused):
            withdraw_question(read(question), by=member)
        sign_in(client, member)
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code == (403 if member == cast.fay else 404)
            assert "Take this question back" not in client.get(question.get_absolute_url()).content.decode()
    assert read(question).state == State.WAITING


def test_what_somebody_has_dealt_with_stays(cast: Cast, room: Room) -> None:
    answering, refused, target, merged = (ask_question(room, by=cast.bob, body=f"Question {n}") for n in range(4))
    begin_answering(answering, by=cast.fay)
    refuse_question(refused, "Off topic", by=cast.fay)
    merge_question(merged, target, by=cast.fay)

    for question in (answering, refused, target, merged):
        with pytest.raises(Refused, match="can no longer be taken back"):
            withdraw_question(read(question), by=cast.bob)


def test_nobody_brings_it_back(cast: Cast, room: Room) -> None:
    question, other = ask_question(room, by=cast.bob, body="Mine"), ask_question(room, by=cast.bob, body="Another")
    withdraw_question(question, by=cast.bob)

    for decide in (put_back, begin_answering, publish_question):
        with pytest.raises(Refused):
            decide(read(question), by=cast.fay)
    with pytest.raises(Refused):
        refuse_question(read(question), "Why not", by=cast.fay)
    with pytest.raises(Exception, match="Select another question"):
        merge_question(other, read(question), by=cast.fay)


def test_a_page_without_scripts_asks_once_more_and_does_it(cast: Cast, room: Room, client: Client) -> None:
    question = ask_question(room, by=cast.bob, body="Mine")
    sign_in(client, cast.bob)
    address = reverse("question_withdraw", args=[room.pk, question.uid])

    assert address in client.get(question.get_absolute_url()).content.decode()
    assert "Take your question back?" in client.get(address).content.decode()
    assert read(question).state == State.WAITING
    for _ in range(2):
        assert client.post(address).status_code == 302
    assert read(question).state == State.WITHDRAWN
    assert address not in client.get(question.get_absolute_url()).content.decode()
