"""The questions of a live room on its pages, which work without a script and show nobody who asked without a name."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, reverse
from django.utils import timezone

from forums import permissions
from forums.actions.question_votes import Voting, vote_for, vote_together
from forums.actions.questions import ask_question, publish, tell_of_question
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import lock_room, schedule_room
from forums.actions.sanctions import give_time_out, lift_sanction, remove_from_room
from forums.limits import ASKING
from forums.live import log
from forums.models import Question, QuestionStep, QuestionVote, Room, RoomEvent
from forums.models.question import QuestionBoard
from forums.realtime import protocol
from forums.urls import urlpatterns
from network.actions.closing import close_account
from network.export import parts
from network.models import AuditEvent, Member, Membership, Notice, Organisation, Viewer
from network.permissions import Refused
from tests.cast import Cast, add_councils, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    room = schedule_room(
        cast.practitioners,
        title="Show & tell",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )
    return change(room, allows_unnamed=True)


@pytest.fixture
def bob(client: Client, cast: Cast) -> Client:
    sign_in(client, cast.bob)
    return client


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def change(room: Room, **settings: object) -> Room:
    Room.objects.filter(pk=room.pk).update(**settings)
    room.refresh_from_db()
    return room


def ask(client: Client, room: Room, body: str, **more: str) -> Any:
    return client.post(reverse("question_ask", args=[room.pk]), {"body": body} | more)


def vote(client: Client, room: Room, number: object, how: str = "give") -> Any:
    return client.post(reverse("question_vote", args=[room.pk]), {how: str(number)}, follow=True)


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def settle(question: Question, state: str, **more: object) -> None:
    """What whoever runs the room does, as far as its log goes."""
    with transaction.atomic():
        room = log.hold(question.room_id)
        kind = RoomEvent.Kind.QUESTION_STATE
        if question.number is None and state != Question.State.REFUSED:
            publish(room, question)
            kind = RoomEvent.Kind.QUESTION
        question.state, question.state_at = state, timezone.now()
        for name, value in more.items():
            setattr(question, name, value)
        question.save()
        QuestionStep.objects.create(question=question, state=state)
        if question.number is not None:
            tell_of_question(room, question, kind, by=None, now=timezone.now())


# The door

STANDINGS: dict[str, Callable[[Cast, Room], Viewer]] = {
    "anonymous": lambda cast, room: AnonymousUser(),
    "outsider": lambda cast, room: cast.olga,
    "applicant": lambda cast, room: cast.amir,
    "left": lambda cast, room: cast.lena,
    "suspended": lambda cast, room: cast.sven,
    "administrator": lambda cast, room: cast.ada,
    "removed": lambda cast, room: remove_from_room(room, cast.bob, by=cast.fay, reason="Enough").member,
    "locked out": lambda cast, room: _locked_out(cast, room),
}


def _locked_out(cast: Cast, room: Room) -> Member:
    lock_room(room, lock=Room.Lock.READING, by=cast.fay)
    return cast.bob


def one_of_each(cast: Cast, room: Room) -> list[Question]:
    """By Bob: one that everybody sees, one that is held, one that was refused, one refused after it was published."""
    shown = ask_question(room, by=cast.bob, body="Question shown")
    withdrawn = ask_question(room, by=cast.bob, body="Question withdrawn")
    settle(withdrawn, Question.State.REFUSED, reason="Names a supplier")
    change(room, holds_questions=True)
    held = ask_question(room, by=cast.bob, body="Question held")
    refused = ask_question(room, by=cast.bob, body="Question refused")
    settle(refused, Question.State.REFUSED, reason="Asked before")
    vote_for(shown, by=cast.fay)
    return [shown, withdrawn, held, refused]


@pytest.mark.parametrize("standing", STANDINGS)
def test_who_may_not_enter_sees_no_question_step_or_vote(cast: Cast, room: Room, standing: str) -> None:
    questions = one_of_each(cast, room)
    viewer = STANDINGS[standing](cast, room)

    assert not Question.objects.visible_to(viewer)
    assert not QuestionStep.objects.visible_to(viewer)
    assert not QuestionVote.objects.visible_to(viewer)
    assert not any(permissions.can_see_asker(viewer, question) for question in questions)
    board = QuestionBoard.of(room, viewer)
    assert (board.open, board.dealt_with, board.own, board.voted, board.asked) == ([], [], [], set(), [])
    client = Client()
    if viewer.is_authenticated:
        sign_in(client, viewer)
    addresses = [reverse("room_questions", args=[room.pk]), *(one.get_absolute_url() for one in questions)]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code in (403, 404)
        assert "Question shown" not in answer.content.decode()
    for answer in (ask(client, room, "May I?"), vote(client, room, 1)):
        assert answer.status_code in (403, 404)
    assert Question.objects.count() == len(questions)
    assert QuestionVote.objects.count() == 1


def test_a_speaker_from_outside_sees_what_everybody_sees(cast: Cast, room: Room) -> None:
    shown, withdrawn, held, refused = one_of_each(cast, room)
    give_room_role(room, cast.olga, role="speaker", by=cast.fay)

    assert set(Question.objects.visible_to(cast.olga)) == {shown, withdrawn}
    html = text(client_of(cast.olga), room.get_absolute_url())
    assert "Question shown" in html
    for words in ("Question withdrawn", "Question held", "Question refused", "Names a supplier", "Asked before"):
        assert words not in html
        assert words not in text(client_of(cast.olga), withdrawn.get_absolute_url())
    assert [client_of(cast.olga).get(one.get_absolute_url()).status_code for one in (held, refused)] == [404, 404]


def test_what_is_held_or_refused_stands_for_its_asker_with_the_reason_and_for_who_runs_the_room(
    cast: Cast, room: Room
) -> None:
    _, withdrawn, held, refused = one_of_each(cast, room)
    own = text(client_of(cast.bob), room.get_absolute_url())
    for words in ("Question held", "Question refused", "Question withdrawn", "Names a supplier", "Asked before"):
        assert words in own
    for one, words in ((held, "Question held"), (refused, "Asked before"), (withdrawn, "Names a supplier")):
        for member in (cast.bob, cast.fay):
            assert words in text(client_of(member), one.get_absolute_url())
    assert "Question held" not in text(client_of(cast.fay), room.get_absolute_url())
    assert Question.objects.visible_to(cast.fay).count() == 4


# Who asks without a name


@pytest.fixture
def asker(cast: Cast) -> Member:
    """A member with a council and a name that stand nowhere else. There are two more councils of its kind, and three
    of others."""
    add_councils(cast.practitioners, "county")
    add_councils(cast.practitioners, "unitary")
    council = Organisation.objects.create(
        name="Quibbleshire County Council", short_name="Quibbleshire", slug="quibbleshire", la_code="XQB", kind="county"
    )
    # Its number is far from every other, so that it cannot stand somewhere by chance.
    member = Member.objects.create_user(
        "quentin@quibbleshire.example.org", id=918_273_645, name="Quentin Quibble", organisation=council
    )
    now = timezone.now()
    Membership.objects.create(
        member=member, network=cast.practitioners, state="active", joined_at=now, read_before=now, requested_at=now
    )
    return member


TELLING = ("quentin", "quibble", "918273645")


def tells(words: object) -> list[str]:
    return [sign for sign in TELLING if sign.lower() in str(words).lower()]


@pytest.fixture
def unnamed(cast: Cast, room: Room, asker: Member) -> list[Question]:
    """One of each state that a question may come to."""
    questions = [ask_question(room, by=asker, body=f"Is this number {n}?", is_unnamed=True) for n in range(5)]
    settle(questions[1], Question.State.ANSWERING, answering_at=timezone.now())
    settle(questions[2], Question.State.WRITTEN, answer="It is.")
    settle(questions[3], Question.State.MERGED, merged_into=questions[0])
    settle(questions[4], Question.State.REFUSED, reason="Asked before")
    change(room, holds_questions=True)
    questions.append(ask_question(room, by=asker, body="Is this held?", is_unnamed=True))
    change(room, holds_questions=False)
    vote_for(questions[0], by=cast.bob)
    return questions


@pytest.fixture(params=["bob", "host", "speaker", "fay"])
def reader(request: pytest.FixtureRequest, cast: Cast, room: Room) -> Member:
    """Everybody in the room; a facilitator too learns it only by looking, which is another page."""
    if request.param == "speaker":
        give_room_role(room, cast.olga, role="speaker", by=cast.fay)
        return cast.olga
    if request.param == "host":
        give_room_role(room, cast.bob, role="host", by=cast.fay)
        return cast.bob
    return getattr(cast, request.param)  # type: ignore[no-any-return]


def pages_of(room: Room, questions: list[Question]) -> set[str]:
    """Every address of the room that is made of its number, and of a question."""
    names = {
        str(pattern.name): set(pattern.pattern.converters)
        for pattern in urlpatterns
        if isinstance(pattern, URLPattern) and str(pattern.pattern).startswith("rooms/<int:pk>/")
    }
    assert "room_questions" in names
    plain = {reverse(name, args=[room.pk]) for name, holes in names.items() if holes == {"pk"}}
    about = [name for name, holes in names.items() if holes == {"pk", "uid"}]
    return plain | {reverse(name, args=[room.pk, one.uid]) for name in about for one in questions}


def test_no_page_says_who_asked_without_a_name(cast: Cast, room: Room, unnamed: list[Question], reader: Member) -> None:
    client = client_of(reader)
    for address in pages_of(room, unnamed):
        answer = client.get(address)
        assert answer.status_code < 500
        assert tells(answer.content.decode() + str(answer.headers)) == [], address
    html = text(client, room.get_absolute_url())
    assert html.count("An officer at a county council") >= len(unnamed) - 1
    assert "You asked this" not in lists(html)


def test_no_line_frame_or_state_says_who_asked_without_a_name(cast: Cast, room: Room, unnamed: list[Question]) -> None:
    lines = log.after(room.pk, 0, 100)
    assert len(lines) == 9
    assert [tells(protocol.event(line).text) for line in lines] == [[]] * 9
    assert [(line.event.actor_id, line.event.client_id) for line in lines] == [(None, None)] * 9
    assert tells(json.dumps(log.votes_since(room.pk, 0))) == []
    # Nor by its row in a table that is no question itself.
    for row in [*RoomEvent.objects.values(), *AuditEvent.objects.values(), *QuestionStep.objects.values()]:
        assert tells(row) == []
    for notice in Notice.objects.values():
        assert tells(notice) == []


def test_addresses_numbers_and_names_of_sending_tell_nothing_of_who_asked(
    cast: Cast, room: Room, unnamed: list[Question], asker: Member
) -> None:
    for question in unnamed:
        html = protocol.event(log.Line(RoomEvent(seq=1, kind="q_new", at=timezone.now()), question=question)).text
        assert str(question.client_id) not in html
        assert f'"{question.pk}"' not in html
        assert question.uid.version == 4


def test_the_order_of_questions_is_the_same_for_whoever_asked_and_everybody_else(
    cast: Cast, room: Room, unnamed: list[Question], asker: Member
) -> None:
    for n in range(3):
        ask_question(room, by=cast.bob, body=f"By name {n}")
    vote_for(Question.objects.get(room=room, body="By name 1"), by=cast.fay)
    numbers = [
        [question.number for question in QuestionBoard.of(room, viewer).open] for viewer in (asker, cast.bob, cast.fay)
    ]
    assert numbers[0] == numbers[1] == numbers[2] == [2, 1, 7, 6, 8]


def test_who_asked_learns_of_their_vote_for_themselves_nothing_that_others_do(
    cast: Cast, room: Room, unnamed: list[Question], asker: Member
) -> None:
    with pytest.raises(Refused, match="You asked this question yourself"):
        vote_for(unnamed[0], by=asker)
    assert "You asked this" in text(client_of(asker), room.get_absolute_url())
    assert QuestionVote.objects.filter(member=asker).count() == 0


def test_only_facilitators_may_learn_who_asked(cast: Cast, room: Room, unnamed: list[Question]) -> None:
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    for question in unnamed:
        assert permissions.can_see_asker(cast.fay, question)
        assert not any(permissions.can_see_asker(member, question) for member in (cast.bob, *cast.outsiders))


@pytest.mark.parametrize("member", ["bob", "fay"])
def test_nobody_else_has_it_in_their_own_data(cast: Cast, unnamed: list[Question], member: str) -> None:
    assert tells([list(part.rows(getattr(cast, member))) for part in parts()]) == []


def test_whoever_asked_has_it_in_their_own_data(cast: Cast, unnamed: list[Question], asker: Member) -> None:
    [asked] = [list(part.rows(asker)) for part in parts() if part.name == "questions"]
    assert [row["Text"] for row in asked] == [question.body for question in unnamed]
    assert {row["Shown as"] for row in asked} == {"An officer at a county council"}
    assert asked[4]["Why it was not published"] == "Asked before"
    [wanted] = [list(part.rows(cast.bob)) for part in parts() if part.name == "question_votes"]
    assert len(wanted) == 1


def test_the_only_council_of_its_kind_is_not_named_by_it(cast: Cast, room: Room, asker: Member) -> None:
    Organisation.objects.filter(pk=asker.organisation_id).update(kind="city_of_london")
    asker.refresh_from_db()
    assert ask_question(room, by=asker, body="Who?", is_unnamed=True).asker == "An officer"


def test_one_of_two_councils_of_its_kind_in_the_network_is_not_named_by_it(
    cast: Cast, room: Room, asker: Member
) -> None:
    """Whoever reads who belongs to the network would know who asked."""
    assert ask_question(room, by=asker, body="Who?", is_unnamed=True).asker == "An officer at a county council"
    gone = Member.objects.get(name="Nia Neighbour county 1")
    for state in ("left", "suspended"):
        Membership.objects.filter(member=gone).update(state=state)
        assert ask_question(room, by=asker, body=f"{state}?", is_unnamed=True).asker == "An officer"
        assert "You will be shown as “An officer”." in text(client_of(asker), room.get_absolute_url())
    Membership.objects.filter(member=gone).update(state="active")
    assert ask_question(room, by=asker, body="Again?", is_unnamed=True).asker == "An officer at a county council"


def test_no_kind_is_named_where_the_others_are_so_few_that_an_officer_would_be_somebody(
    cast: Cast, room: Room, asker: Member
) -> None:
    gone = Membership.objects.filter(member__organisation__kind="unitary")
    gone.update(state="left")  # only Exampleshire is left, of which no kind is known
    assert ask_question(room, by=asker, body="Who?", is_unnamed=True).asker == "An officer"
    Organisation.objects.filter(pk=cast.council.pk).update(kind="county")  # or nobody else at all
    assert ask_question(room, by=asker, body="And now?", is_unnamed=True).asker == "An officer at a county council"


def test_nobody_from_outside_the_councils_passes_for_an_officer(cast: Cast, room: Room, asker: Member) -> None:
    Member.objects.filter(pk=asker.pk).update(kind=Member.Kind.SUPPLIER)
    asker.refresh_from_db()
    question = ask_question(room, by=asker, body="Who?", is_unnamed=True)
    assert question.asker == "Somebody from outside the councils"
    assert "You will be shown as “Somebody from outside the councils”." in text(
        client_of(asker), room.get_absolute_url()
    )


# When an account is closed


def test_closing_with_erasing_leaves_no_word_and_no_council(
    cast: Cast, room: Room, unnamed: list[Question], asker: Member
) -> None:
    ask_question(room, by=asker, body="By name")
    epoch = Room.objects.get(pk=room.pk).epoch
    close_account(by=asker, erase=True)
    for question in Question.objects.filter(author=asker):
        assert (question.body, question.organisation) == ("", None)
        assert question.reason in ("", "Erased by whoever asked")
    assert Room.objects.get(pk=room.pk).epoch != epoch
    html = text(client_of(cast.bob), room.get_absolute_url())
    assert tells(html) == []
    assert "Erased by whoever asked" in html
    assert "Is this number" not in html


def test_closing_without_erasing_keeps_the_words_and_tells_nothing(
    cast: Cast, room: Room, unnamed: list[Question], asker: Member
) -> None:
    epoch = Room.objects.get(pk=room.pk).epoch
    close_account(by=asker, erase=False)
    assert Room.objects.get(pk=room.pk).epoch == epoch
    html = text(client_of(cast.bob), room.get_absolute_url())
    assert "Is this number 0?" in html
    assert "An officer at a county council" in html
    assert tells(html) == []


def test_the_name_leaves_a_question_asked_by_name(cast: Cast, room: Room, asker: Member) -> None:
    ask_question(room, by=asker, body="By name")
    epoch = Room.objects.get(pk=room.pk).epoch
    close_account(by=asker, erase=False)
    html = text(client_of(cast.bob), room.get_absolute_url())
    assert "By name" in html
    assert "Quentin" not in html
    assert Room.objects.get(pk=room.pk).epoch != epoch


# Asking by the form


def test_a_question_goes_back_to_where_it_was_asked(bob: Client, room: Room) -> None:
    here = ask(bob, room, "What did it cost?")
    event = ask(bob, room, "And with training?", return_to="/events/show-and-tell/")
    elsewhere = ask(bob, room, "And after?", return_to="https://evil.example/")

    assert here.headers["Location"] == f"{room.get_absolute_url()}#question-1"
    assert event.headers["Location"] == "/events/show-and-tell/#question-2"
    assert elsewhere.headers["Location"] == f"{room.get_absolute_url()}#question-3"
    assert "What did it cost?" in text(bob, room.get_absolute_url())


def test_the_same_form_twice_is_one_question_and_with_other_words_two(bob: Client, room: Room) -> None:
    form_id = str(uuid.uuid4())
    for _ in range(2):
        ask(bob, room, "Twice by mistake", form_id=form_id)
    ask(bob, room, "After the back button", form_id=form_id)
    assert list(Question.objects.order_by("number").values_list("body", flat=True)) == [
        "Twice by mistake",
        "After the back button",
    ]


WRONG = [
    ("", "Enter your question"),
    (" \n\t ", "Enter your question"),
    ("\u202e\u200b", "Enter your question"),
    ("\x00", "Enter your question"),
    ("x" * 301, "too long: it can have at most 300 characters"),
]


@pytest.mark.parametrize(("body", "words"), WRONG)
def test_what_is_no_question_is_shown_again_with_the_reason(bob: Client, room: Room, body: str, words: str) -> None:
    html = ask(bob, room, body, is_unnamed="on").content.decode()

    assert "<title>Error: Show &amp; tell" in html
    assert html.count(words) == 2  # in the summary, and beside the field
    assert "x" * len(body.strip(" \n\t\x00\u202e\u200b")) in html
    assert re.search(r'name="is_unnamed"[^>]*checked', html)
    assert "<details" in html
    assert re.search(r"data-live-ask open", html)
    assert not Question.objects.exists()


@pytest.mark.parametrize(("body", "words"), WRONG)
def test_the_verb_refuses_the_same(cast: Cast, room: Room, body: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ask_question(room, by=cast.bob, body=body)


def test_signs_that_nobody_sees_or_that_turn_the_writing_around_are_left_out(bob: Client, room: Room) -> None:
    ask(bob, room, "Is \u202eit\u200b\x00 <b>safe</b>?\r\nReally\u2067?")
    assert Question.objects.get().body == "Is it <b>safe</b>? Really?"
    assert "Is it &lt;b&gt;safe&lt;/b&gt;? Really?" in text(bob, room.get_absolute_url())


def _close(room: Room, cast: Cast) -> None:
    change(room, closes_at=timezone.now())


def _silence(room: Room, cast: Cast) -> None:
    give_time_out(room, cast.bob, lasts=timedelta(minutes=5), by=cast.fay, reason="A pause")


MEANWHILE: dict[str, tuple[Callable[[Room, Cast], object], str]] = {
    "closed": (_close, "over"),
    "no questions": (lambda room, cast: change(room, takes_questions=False), "takes no questions at the moment"),
    "locked": (lambda room, cast: lock_room(room, lock=Room.Lock.WRITING, by=cast.fay), "locked"),
    "silent": (_silence, "A pause"),
    "by name": (lambda room, cast: change(room, allows_unnamed=False), "questions are asked by name"),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_is_refused_meanwhile_gives_the_words_back(bob: Client, cast: Cast, room: Room, what: str) -> None:
    happens, words = MEANWHILE[what]
    happens(room, cast)
    answer = ask(bob, room, "A long thought", is_unnamed="on")
    html = answer.content.decode()
    assert answer.status_code == 403
    assert words in html
    assert "A long thought</textarea>" in html
    assert not Question.objects.exists()


def test_at_the_limit_nothing_typed_is_lost(bob: Client, room: Room) -> None:
    for n in range(ASKING.times * 2):
        answer = ask(bob, room, f"Point {n}?")
        if answer.status_code != 302:
            break
    assert answer.status_code == 429
    assert f"Point {n}?</textarea>" in answer.content.decode()


def test_a_held_question_is_said_to_wait(bob: Client, room: Room) -> None:
    change(room, holds_questions=True)
    answer = bob.post(reverse("question_ask", args=[room.pk]), {"body": "May I?"}, follow=True)
    assert "Your question waits for the host to publish it." in answer.content.decode()
    assert "Waiting to be published" in answer.content.decode()


def test_the_form_says_how_one_would_be_shown_only_where_that_is_allowed(cast: Cast, room: Room, asker: Member) -> None:
    client = client_of(asker)
    words = "You will be shown as “An officer at a county council”. Facilitators of the network can see who asked"
    assert words in text(client, room.get_absolute_url())
    change(room, allows_unnamed=False)
    assert "Ask without my name" not in text(client, room.get_absolute_url())


# Voting by the form


def test_a_vote_is_given_and_taken_back(bob: Client, cast: Cast, room: Room) -> None:
    ask_question(room, by=cast.fay, body="What did it cost?")
    html = vote(bob, room, 1).content.decode()
    assert "1 person wants to know this" in html
    assert 'name="take" value="1" aria-pressed="true"' in html
    assert "1 person wants to know this" not in vote(bob, room, 1, "take").content.decode()


def test_who_comes_back_from_a_vote_stands_at_the_question(bob: Client, cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.fay, body="What did it cost?")
    data = {"give": "1", "return_to": question.get_absolute_url()}
    answer = bob.post(reverse("question_vote", args=[room.pk]), data)
    assert answer.headers["Location"] == f"{question.get_absolute_url()}#question-1"


@pytest.mark.parametrize("number", ["", "x", "0", "2", "-1", "9" * 15, "9" * 40, "1.5", "٣", "\x00"])
def test_a_vote_for_what_is_not_in_the_room_finds_nothing(bob: Client, cast: Cast, room: Room, number: str) -> None:
    ask_question(room, by=cast.fay, body="What did it cost?")
    assert vote(bob, room, number).status_code == 404


def test_a_question_of_another_room_has_no_page_in_this_one(bob: Client, cast: Cast, room: Room) -> None:
    now = timezone.now()
    other = schedule_room(cast.ai, title="Other", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    question = ask_question(other, by=cast.fay, body="Elsewhere?")
    assert bob.get(reverse("question", args=[room.pk, question.uid])).status_code == 404
    assert vote(bob, room, 1).status_code == 404
    [outcome] = vote_together(room.pk, [Voting(cast.bob.pk, 1, True)])
    assert isinstance(outcome, ValidationError)
    assert outcome.messages == ["This question is not in the room"]


def test_a_held_question_cannot_be_voted_for(bob: Client, cast: Cast, room: Room) -> None:
    change(room, holds_questions=True)
    held = ask_question(room, by=cast.fay, body="Held?")
    with pytest.raises(ValidationError):
        vote_for(held, by=cast.bob)


def test_a_vote_that_comes_too_late_or_is_for_ones_own_is_refused_in_words(bob: Client, cast: Cast, room: Room) -> None:
    own = ask_question(room, by=cast.bob, body="My own?")
    answered = ask_question(room, by=cast.fay, body="Answered?")
    settle(answered, Question.State.ANSWERED)
    assert "You asked this question yourself." in vote(bob, room, own.number).content.decode()
    assert "Somebody has dealt with this question" in vote(bob, room, answered.number).content.decode()
    change(room, closes_at=timezone.now())
    assert "This session is over, so the voting is too." in vote(bob, room, answered.number).content.decode()
    assert not QuestionVote.objects.exists()


def test_there_is_no_vote_button_where_there_is_no_vote(bob: Client, cast: Cast, room: Room) -> None:
    ask_question(room, by=cast.bob, body="My own?")
    settle(ask_question(room, by=cast.fay, body="Answered?"), Question.State.ANSWERED)
    assert "aria-pressed" not in lists(text(bob, room.get_absolute_url()))
    change(room, closes_at=timezone.now())
    settle(Question.objects.get(number=2), Question.State.WAITING)
    html = text(bob, room.get_absolute_url())
    assert "Answered?" in html
    assert "aria-pressed" not in lists(html)


def lists(html: str) -> str:
    """The part of the page in which the questions stand."""
    return html.partition("data-live-question-lists")[2].partition("</section>")[0].partition("<template")[0]


@pytest.mark.django_db(transaction=True)
def test_voting_twice_at_once_counts_once(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.fay, body="What did it cost?")
    outcomes = at_once(8, lambda _: vote_for(Question.objects.get(pk=question.pk), by=cast.bob))
    assert outcomes == [None] * 8
    question.refresh_from_db()
    assert question.votes == QuestionVote.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_question_sent_at_once_is_asked_once(cast: Cast, room: Room) -> None:
    name = uuid.uuid4()
    outcomes = at_once(6, lambda _: ask_question(room, by=cast.bob, body="Once?", client_id=name).pk)
    assert len(set(outcomes)) == 1
    assert Question.objects.count() == RoomEvent.objects.filter(room=room).count() == 1


@pytest.mark.django_db(transaction=True)
def test_questions_asked_at_once_have_numbers_without_gaps(cast: Cast, room: Room) -> None:
    outcomes = at_once(6, lambda n: ask_question(room, by=cast.bob if n % 2 else cast.fay, body=f"Number {n}?").number)
    assert sorted(outcomes) == [1, 2, 3, 4, 5, 6]


def at_once(times: int, does: Callable[[int], Any]) -> list[Any]:
    ready = Barrier(times)

    def one(n: int) -> Any:
        try:
            ready.wait(10)
            return does(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


# The page


def test_what_is_being_answered_stands_first_then_what_most_want_then_what_came_first(
    bob: Client, cast: Cast, room: Room
) -> None:
    for n in range(1, 6):
        ask_question(room, by=cast.fay, body=f"Number {n}?")
    questions = {question.number: question for question in Question.objects.all()}
    vote_for(questions[4], by=cast.bob)
    settle(questions[3], Question.State.ANSWERING)
    settle(questions[1], Question.State.ANSWERED)
    settle(questions[5], Question.State.PARKED, parked_for=cast.fay)
    html = text(bob, room.get_absolute_url())
    assert [int(number) for number in re.findall(r'data-question="(\d+)"', lists(html))] == [3, 4, 2, 5, 1]
    opened, _, dealt = lists(html).partition("<summary")
    assert "Number 5?" in dealt
    assert "Number 2?" in opened
    assert "Parked for Fay Facilitates" in " ".join(dealt.split())


def test_the_steps_of_a_question_stand_on_its_page_and_not_what_came_before_it_was_published(
    bob: Client, cast: Cast, room: Room
) -> None:
    change(room, holds_questions=True)
    question = ask_question(room, by=cast.fay, body="Held at first?")
    settle(question, Question.State.WAITING)
    settle(question, Question.State.WRITTEN, answer="See https://example.org/")
    html = text(bob, question.get_absolute_url())
    assert "Answered in writing" in html
    assert 'href="https://example.org/"' in html
    assert "Waiting to be published" not in html
    assert "Waiting to be published" in text(client_of(cast.fay), question.get_absolute_url())


def test_a_session_that_is_over_keeps_its_questions_and_one_without_any_says_nothing_of_them(
    bob: Client, cast: Cast, room: Room
) -> None:
    change(room, closes_at=timezone.now())
    assert "app-questions" not in text(bob, room.get_absolute_url())
    change(room, closes_at=timezone.now() + timedelta(hours=1))
    ask_question(room, by=cast.fay, body="What did it cost?")
    change(room, closes_at=timezone.now())
    html = text(bob, room.get_absolute_url())
    assert "What did it cost?" in html
    assert "Ask a question" not in html


def fill(room: Room, cast: Cast, count: int, *, at: datetime | None = None) -> None:
    """As many questions, a third dealt with, some of the reader's own and some held."""
    now = at or timezone.now()
    start = Room.objects.get(pk=room.pk).last_question
    states = (Question.State.WAITING, Question.State.WAITING, Question.State.ANSWERED)
    made = Question.objects.bulk_create(
        Question(
            room=room,
            number=start + n + 1,
            author=cast.bob if n % 5 == 0 else cast.fay,
            organisation=cast.council,
            unnamed_as="An officer" if n % 4 == 0 else "",
            body=f"Question {start + n + 1}?",
            asked_at=now,
            state=states[n % 3],
            state_at=now,
            votes=n % 7,
        )
        for n in range(count)
    )
    Question.objects.bulk_create(
        Question(room=room, author=cast.bob, body=f"Held {n}", state=Question.State.HELD) for n in range(count // 10)
    )
    QuestionVote.objects.bulk_create(
        QuestionVote(question=question, member=cast.bob) for question in made if question.author_id != cast.bob.pk
    )
    change(room, last_question=start + count)


def test_the_pages_cost_the_same_queries_with_20_questions_and_with_200(bob: Client, cast: Cast, room: Room) -> None:
    counts = []
    for more in (20, 180):
        fill(room, cast, more)
        for address in (room.get_absolute_url(), reverse("room_questions", args=[room.pk])):
            bob.get(address)
            with CaptureQueriesContext(connection) as captured:
                html = text(bob, address)
            counts.append(len(captured))
        assert html.count("data-question=") == Question.objects.published().count()
    assert counts[:2] == counts[2:]
    assert "See all 200 questions" in text(bob, room.get_absolute_url())


def test_lifting_a_removal_gives_the_questions_back(cast: Cast, room: Room) -> None:
    one_of_each(cast, room)
    sanction = remove_from_room(room, cast.bob, by=cast.fay, reason="Enough")
    assert not Question.objects.visible_to(cast.bob)
    lift_sanction(sanction, by=cast.fay)
    assert Question.objects.visible_to(cast.bob).count() == 4
