from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from forums.actions.poll_votes import Choosing, choose_together
from forums.actions.question_votes import Voting, vote_together
from forums.actions.questions import ask_question
from forums.actions.rooms import schedule_room
from forums.live import log
from forums.models import Poll, PollOption, PollVote, Question, QuestionVote, Room, RoomEvent
from network.permissions import Refused
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    return schedule_room(cast.practitioners, title="Session", opens_at=now, closes_at=now + timedelta(hours=1), by=None)


def test_a_question_is_asked_once_however_often_it_is_sent(cast: Cast, room: Room) -> None:
    name = uuid.uuid4()
    first = ask_question(room, by=cast.bob, body="How did you buy it?", client_id=name)
    again = ask_question(room, by=cast.bob, body="How did you buy it?", client_id=name)
    assert first == again
    assert first.number == 1
    assert [event.kind for event in RoomEvent.objects.filter(room=room)] == ["q_new"]


def test_who_asks_without_a_name_stands_in_no_line_of_the_log(cast: Cast, room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(allows_unnamed=True)
    room.refresh_from_db()
    question = ask_question(room, by=cast.bob, body="Is it worth it?", is_unnamed=True)
    [line] = log.after(room.pk, 0, 10)
    assert line.event.actor_id is None
    assert line.event.client_id is None
    assert str(cast.bob) not in question.asker


def test_a_held_question_leaves_no_number_and_no_line(cast: Cast, room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(holds_questions=True)
    room.refresh_from_db()
    question = ask_question(room, by=cast.bob, body="May I ask?")
    assert question.number is None
    assert not RoomEvent.objects.filter(room=room).exists()
    assert question in Question.objects.visible_to(cast.bob)
    assert question in Question.objects.visible_to(cast.fay)
    assert question not in Question.objects.visible_to(cast.amir)


def test_nobody_outside_asks_or_votes(cast: Cast, room: Room) -> None:
    with pytest.raises(Refused):
        ask_question(room, by=cast.olga, body="What is said here?")
    ask_question(room, by=cast.bob, body="How did you buy it?")
    [outcome] = vote_together(room.pk, [Voting(cast.olga.pk, 1, True)])
    assert isinstance(outcome, Refused)


def test_votes_count_each_member_once(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.bob, body="How did you buy it?")
    outcomes = vote_together(room.pk, [Voting(cast.fay.pk, 1, True)] * 3 + [Voting(cast.bob.pk, 1, True)])
    assert outcomes[:3] == [None] * 3
    assert isinstance(outcomes[3], Refused)
    question.refresh_from_db()
    assert question.votes == QuestionVote.objects.count() == 1
    assert log.votes_since(room.pk, 0) == {"q": {"1": 1}, "p": {}}
    vote_together(room.pk, [Voting(cast.fay.pk, 1, False)])
    question.refresh_from_db()
    assert question.votes == 0


def test_a_choice_takes_the_place_of_the_one_before(cast: Cast, room: Room) -> None:
    poll = Poll.objects.create(room=room, title="Which?", state=Poll.State.OPEN, smallest=1)
    yes, no = (PollOption.objects.create(poll=poll, order=n, text=text) for n, text in enumerate(("Yes", "No")))
    choose_together(room.pk, [Choosing(cast.bob.pk, poll.pk, (yes.pk,))])
    [first, second] = choose_together(
        room.pk, [Choosing(cast.bob.pk, poll.pk, (no.pk,)), Choosing(cast.fay.pk, poll.pk, (yes.pk, no.pk))]
    )
    assert first is None
    assert isinstance(second, ValidationError)
    for option in (yes, no):
        option.refresh_from_db()
    assert (yes.votes, no.votes) == (0, 1)
    poll.refresh_from_db()
    assert poll.voters == PollVote.objects.count() == 1
    assert log.votes_since(room.pk, 0)["p"] == {str(poll.pk): {"n": 1}}
