"""Who is asked not to write in a network reads on and writes nothing there: no thread, reply, edit, reaction, file,
message or question. What is theirs they can still take back, and they vote."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums import permissions
from forums.actions.amendments import delete_message, edit_message
from forums.actions.attachments import attach_file
from forums.actions.hosting import mark_answered, write_answer
from forums.actions.message_reactions import react_to_message
from forums.actions.messages import Saying, say, say_together
from forums.actions.polls import PollWords, change_poll, close_poll, make_poll, open_poll
from forums.actions.posts import delete_post, edit_post, reply
from forums.actions.questions import ask_question
from forums.actions.reactions import react
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.actions.sanctions import give_time_out
from forums.actions.session_threads import ask_for_threads
from forums.actions.threads import start_thread
from forums.models import Message, Post, Question, Room, RoomRole, Thread
from network.actions.sanctions import lift_silence, silence_member
from network.models import Member, Membership, Notice
from network.permissions import Refused, moment_in_words
from tests.cast import Cast, add_councils, sign_in


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.practitioners, by=cast.fay, theme=cast.theme, title="Counting", source="How?")


@pytest.fixture
def own(cast: Cast, thread: Thread) -> Post:
    return reply(thread, by=cast.bob, source="By hand.")


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    times = {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(hours=1)}
    return schedule_room(cast.practitioners, title="Clinic", by=None, **times)


@pytest.fixture
def said(cast: Cast, room: Room) -> tuple[Message, Message]:
    """Something of Bob's, and something of Fay's."""
    return say(room, by=cast.bob, body="Mine"), say(room, by=cast.fay, body="Hers")


def silence(cast: Cast, member: Member | None = None, hours: int = 1) -> None:
    membership = Membership.objects.select_related("network", "member").get(
        member=member or cast.bob, network=cast.practitioners
    )
    until = (timezone.now() + timedelta(hours=hours)).replace(second=0, microsecond=0)
    silence_member(membership, until=until, by=cast.fay, words="You wrote in anger.")


def lift(cast: Cast) -> None:
    lift_silence(
        Membership.objects.select_related("network").get(member=cast.bob, network=cast.practitioners), by=cast.fay
    )


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def test_nothing_is_written_in_threads_until_it_is_over(cast: Cast, thread: Thread, own: Post) -> None:
    first = thread.posts.get(number=1)
    ways: list[Callable[[], object]] = [
        lambda: start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title="Mine", source="Mine"),
        lambda: reply(thread, by=cast.bob, source="Again."),
        lambda: edit_post(own, by=cast.bob, source="By hand, twice."),
        lambda: react(first, "thanks", by=cast.bob),
        lambda: attach_file(
            cast.practitioners, by=cast.bob, form_id=uuid.uuid4(), file=io.BytesIO(b"Words"), name="words.txt"
        ),
    ]
    silence(cast)
    for way in ways:
        with pytest.raises(Refused, match=r"asked you not to write in this network until .*: You wrote in anger\."):
            way()
    assert Thread.objects.visible_to(cast.bob).filter(pk=thread.pk).exists()
    # In other networks nothing changes.
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Elsewhere", source="Elsewhere")

    lift(cast)

    for way in ways:
        way()


def test_what_is_theirs_they_can_take_back(cast: Cast, own: Post, said: tuple[Message, Message]) -> None:
    silence(cast)
    delete_post(own, by=cast.bob)
    delete_message(said[0], by=cast.bob)

    own.refresh_from_db()
    assert own.deleted_at
    assert not Message.objects.get(pk=said[0].pk).body


def test_nothing_is_said_in_live_rooms_but_votes_count(cast: Cast, room: Room, said: tuple[Message, Message]) -> None:
    silence(cast)
    mine, hers = said
    ways: list[Callable[[], object]] = [
        lambda: say(room, by=cast.bob, body="Again"),
        lambda: edit_message(mine, by=cast.bob, body="Mine, better"),
        lambda: react_to_message(hers, "thanks", by=cast.bob),
        lambda: ask_question(room, by=cast.bob, body="May I?"),
    ]
    for way in ways:
        with pytest.raises(Refused, match=r"asked you not to write in this network until .*: You wrote in anger\."):
            way()
    assert permissions.can_vote(cast.bob, room)
    assert permissions.can_enter(cast.bob, room)
    assert not Question.objects.exists()

    lift(cast)

    for way in ways:
        way()


def test_a_host_writes_no_polls_answers_or_threads_and_keeps_order_all_the_same(cast: Cast, room: Room) -> None:
    give_room_role(room, cast.bob, role=RoomRole.Role.HOST, by=cast.fay)
    question = ask_question(room, by=cast.fay, body="Which first?")
    words = PollWords("Which first?", ["Planning", "Care"])
    draft, running = make_poll(room, words, by=cast.bob), open_poll(make_poll(room, words, by=cast.bob), by=cast.bob)
    past = Room.objects.select_related("network").get(pk=room.pk)
    past.closes_at = timezone.now() - timedelta(minutes=1)
    ways: list[Callable[[], object]] = [
        lambda: make_poll(room, words, by=cast.bob),
        lambda: change_poll(draft, words, by=cast.bob),
        lambda: open_poll(draft, by=cast.bob),
        lambda: write_answer(question, "Care.", by=cast.bob),
        lambda: ask_for_threads(past, by=cast.bob, theme=cast.theme, questions=[question], messages=[]),
    ]
    silence(cast)
    for way in ways:
        with pytest.raises(Refused, match=r"asked you not to write in this network until .*: You wrote in anger\."):
            way()
    bob = client_of(cast.bob)
    polls = f"{room.get_absolute_url()}polls/"
    page = bob.get(polls).content.decode()
    assert "A facilitator has asked you not to write in this network" in page
    assert "Make a poll" not in page
    assert bob.get(f"{room.get_absolute_url()}host/questions/{question.uid}/write/").status_code == 403
    assert bob.get(f"{polls}new/").status_code == bob.get(f"{polls}{draft.pk}/change/").status_code == 403
    assert close_poll(running, by=cast.bob).closed_at
    mark_answered(question, by=cast.bob)

    lift(cast)

    for way in ways[:3]:
        way()
    for outsider in cast.outsiders:
        assert not permissions.can_write_as_host(outsider, room)


def test_of_many_who_speak_at_once_each_is_judged_and_nobody_costs_a_query_more(cast: Cast, room: Room) -> None:
    many = add_councils(cast.practitioners, "county", 6)
    for member in many[:3]:
        silence(cast, member)
    give_time_out(room, many[3], lasts=timedelta(minutes=5), by=cast.fay, reason="Slowly, please")
    give_time_out(room, many[2], lasts=timedelta(minutes=5), by=cast.fay, reason="Slowly, please")
    counts = []
    for speaking in ([cast.fay], [cast.fay, *many]):
        sayings = [Saying(member.pk, "Hello", uuid.uuid4()) for member in speaking]
        with CaptureQueriesContext(connection) as captured:
            outcomes = say_together(room.pk, sayings)
        counts.append(len(captured))

    assert counts[0] == counts[1]
    assert [isinstance(one, Message) for one in outcomes] == [True, False, False, False, False, True, True]
    # Of two time-outs the one that lasts longer is told.
    assert "in this network until" in str(outcomes[3])
    assert "to be silent until" in str(outcomes[4])


def test_a_silence_in_one_network_is_none_in_the_rooms_of_another(cast: Cast) -> None:
    now = timezone.now()
    elsewhere = schedule_room(
        cast.ai, title="Open", opens_at=now - timedelta(hours=1), closes_at=now + timedelta(hours=1), by=None
    )
    silence(cast)

    assert say(elsewhere, by=cast.bob, body="Hello").seq == 1
    for outsider in cast.outsiders:
        assert not permissions.can_speak(outsider, elsewhere)


def test_the_pages_say_why_in_place_of_what_one_writes_with(cast: Cast, own: Post, room: Room) -> None:
    silence(cast)
    bob = client_of(cast.bob)
    until = Membership.objects.get(member=cast.bob, network=cast.practitioners).silent_until
    assert until
    why = (
        f"A facilitator has asked you not to write in this network until {moment_in_words(until)}: You wrote in anger."
    )
    thread = bob.get(f"{own.thread.get_absolute_url()}?page=1").content.decode()
    threads = bob.get("/networks/ai-practitioners/threads/").content.decode()

    assert why in thread
    assert "Post your reply" not in thread
    assert "By hand." in thread
    assert f"/posts/{own.number}/delete/" in thread
    assert f"/posts/{own.number}/edit/" not in thread
    assert why in threads
    assert "Start a thread" not in threads
    assert why in bob.get(room.get_absolute_url()).content.decode()
    new = bob.get("/networks/ai-practitioners/threads/new/")
    assert new.status_code == 403
    assert why in new.content.decode()


def test_what_was_typed_meanwhile_stays_in_the_form(cast: Cast, thread: Thread) -> None:
    bob = client_of(cast.bob)
    silence(cast)
    typed = {"title": "My title", "kind": "question", "theme": cast.theme.pk, "source": "My words", "quoting": "ask"}
    for address in ("/networks/ai-practitioners/threads/new/", f"/threads/{thread.pk}/reply/"):
        page = bob.post(address, {**typed, "form_id": str(uuid.uuid4())}).content.decode()
        assert "A facilitator has asked you not to write in this network" in page
        assert "My words" in page
    assert Thread.objects.count() == 1


def test_a_page_of_a_thread_costs_the_same_queries_with_a_silence(cast: Cast, own: Post) -> None:
    bob = client_of(cast.bob)
    counts = []
    for hush in (False, True):
        if hush:
            silence(cast)
            Notice.objects.all().delete()  # which the head of the page would count
        bob.get(f"{own.thread.get_absolute_url()}?page=1")
        with CaptureQueriesContext(connection) as captured:
            bob.get(f"{own.thread.get_absolute_url()}?page=1")
        counts.append(len(captured))

    assert counts[0] == counts[1]
