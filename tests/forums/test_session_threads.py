"""After a session: threads made of what was asked and pinned in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from forums import notifications
from forums.actions.answers import mark_answer
from forums.actions.appeals import appeal, decide_appeal
from forums.actions.decisions import decide_case
from forums.actions.erasing import settle_closed_account
from forums.actions.hosting import merge_question, put_back, refuse_question
from forums.actions.merging import merge_threads
from forums.actions.messages import say
from forums.actions.posts import hide_post, reply
from forums.actions.questions import ask_question
from forums.actions.reports import report_question
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.actions.sanctions import remove_from_room
from forums.actions.session_threads import ask_for_threads, make_thread_of_question, make_threads, note_recording
from forums.actions.threads import start_thread
from forums.models import (
    Answer,
    Appeal,
    Case,
    MemberThread,
    Mention,
    Message,
    Post,
    Question,
    QuestionStep,
    Room,
    Thread,
    ThreadBatch,
    recording_at,
)
from forums.permissions import can_choose_answer
from network.actions.mail import send_due_mail
from network.actions.membership import leave_network
from network.limits import LimitReached
from network.models import AuditEvent, Member, Membership, Network, Notice
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.forums.test_cases import migrate, newest_afterwards
from tests.forums.vocabulary import near_words

__all__ = ["newest_afterwards"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    room = schedule_room(
        cast.practitioners, title="Buying AI", opens_at=now, closes_at=now + timedelta(hours=1), by=None
    )
    Room.objects.filter(pk=room.pk).update(allows_unnamed=True)
    room.refresh_from_db()
    return room


def end(room: Room, **changes: Any) -> Room:
    now = timezone.now()
    Room.objects.filter(pk=room.pk).update(
        opens_at=now - timedelta(hours=2), closes_at=now - timedelta(hours=1), **changes
    )
    return Room.objects.select_related("network").get(pk=room.pk)


def make(room: Room, cast: Cast, *chosen: Question | Message) -> list[Thread]:
    before = set(Thread.objects.values_list("pk", flat=True))
    questions = [one for one in chosen if isinstance(one, Question)]
    messages = [one for one in chosen if isinstance(one, Message)]
    ask_for_threads(room, by=cast.fay, theme=cast.theme, questions=questions, messages=messages)
    make_threads()
    return list(Thread.objects.exclude(pk__in=before).order_by("pk"))


def first_of(thread: Thread) -> Post:
    return thread.posts.get(number=1)


def test_a_question_becomes_a_thread_that_its_asker_follows(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.bob, body="What did it cost? *all* of it, @Fay Facilitates")
    room = end(room)
    [thread] = make(room, cast, question)

    question.refresh_from_db()
    assert question.thread == thread
    assert thread.author == cast.fay
    assert thread.kind == Thread.Kind.QUESTION
    assert thread.network == cast.practitioners
    html = first_of(thread).html
    assert "What did it cost? *all* of it, @Fay Facilitates" in html
    assert room.get_absolute_url() in html
    # The asker is named so that their name goes when they close their account; who is named in plain words is not.
    assert [mention.member for mention in Mention.objects.filter(post=first_of(thread))] == [cast.bob]
    following = MemberThread.objects.get(thread=thread, member=cast.bob)
    assert (following.level, following.level_reason) == ("follow", "you asked this in a session")
    assert Notice.objects.filter(member=cast.bob, object_id=thread.pk).values_list("kind", flat=True)[0] == (
        notifications.QUESTION_THREAD
    )
    assert not Notice.objects.filter(member=cast.fay, kind=notifications.QUESTION_THREAD)


def test_the_notice_of_a_thread_that_was_merged_leads_on_and_says_no_title(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.bob, body="What did it cost?")
    room = end(room)
    [thread] = make(room, cast, question)
    other = start_thread(cast.practitioners, by=cast.fay, theme=cast.theme, title="Prices", source="Prices?")
    merge_threads(thread, other, by=cast.fay)

    [notice] = unread_notices(cast.bob)
    assert notice.title == "Your question is now a thread"
    client = Client()
    client.force_login(cast.bob)
    assert "What did it cost?" in client.get(notice.address, follow=True).content.decode()


def test_who_asked_without_their_name_follows_too_and_stands_nowhere(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.bob, body="Is it worth it?", is_unnamed=True)
    room = end(room)
    [thread] = make(room, cast, question)

    post = first_of(thread)
    for words in (post.html, post.source, thread.title):
        assert "Bob" not in words
        assert cast.bob.get_absolute_url() not in words
    assert "An officer" in post.html
    assert not Mention.objects.filter(post=post).exists()
    assert MemberThread.objects.filter(thread=thread, member=cast.bob, level="follow").exists()
    assert Notice.objects.filter(member=cast.bob, kind=notifications.QUESTION_THREAD).exists()
    assert not AuditEvent.objects.filter(actor_id=cast.bob.pk).exists()

    # They may mark the answer, and it is not said that it was them.
    answer = reply(thread, by=cast.fay, source="Yes, it is.")
    assert can_choose_answer(cast.bob, Thread.objects.get(pk=thread.pk))
    marked = mark_answer(Post.objects.select_related("thread__network").get(pk=answer.pk), by=cast.bob)
    assert Answer.objects.get(pk=marked.pk).by is None
    assert not AuditEvent.objects.filter(actor_id=cast.bob.pk).exists()


def test_no_outsider_marks_the_answer(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.bob, body="Is it worth it?")
    [thread] = make(end(room), cast, question)
    for outsider in cast.outsiders:
        assert not can_choose_answer(outsider, thread)


def test_the_live_answer_is_quoted_with_its_time_and_leads_into_the_recording(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.bob, body="How long did it take?")
    began = datetime(2026, 11, 2, 10, 0, tzinfo=timezone.get_current_timezone())
    Question.objects.filter(pk=question.pk).update(
        state=Question.State.ANSWERED,
        answer="About four months,\nsee https://example.org/a_b",
        answering_at=began + timedelta(minutes=12, seconds=5),
        state_at=began + timedelta(minutes=14),
    )
    QuestionStep.objects.create(
        question=question, state=Question.State.ANSWERED, at=began + timedelta(minutes=14), by=cast.fay
    )
    room = note_recording(end(room), by=cast.fay, link="https://www.youtube.com/watch?v=abc", began_at=began)
    room = Room.objects.select_related("network").get(pk=room.pk)
    question.refresh_from_db()
    [thread] = make(room, cast, question)
    html = first_of(thread).html
    assert "About four months,<br" in html
    assert 'href="https://example.org/a_b"' in html
    assert "answered live at 10:14am" in html
    assert 'href="https://www.youtube.com/watch?v=abc&amp;t=725"' in html
    assert "at 12:05" in html


@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        ("https://video.example.org/1", "https://video.example.org/1#t=65"),
        ("https://video.example.org/1?x=1#chapter", "https://video.example.org/1?x=1#t=65"),
        ("https://youtu.be/abc?t=3", "https://youtu.be/abc?t=65"),
        ("https://www.youtube.com/watch?v=a&t=2s", "https://www.youtube.com/watch?v=a&t=65"),
        ("https://notyoutube.com/watch?v=a", "https://notyoutube.com/watch?v=a#t=65"),
    ],
)
def test_addresses_into_a_recording(link: str, leads_to: str) -> None:
    assert recording_at(link, 65) == leads_to


def test_a_parked_question_is_addressed_to_its_person(cast: Cast, room: Room) -> None:
    room.refresh_from_db()
    question = ask_question(room, by=cast.fay, body="Who owns the data?")
    Question.objects.filter(pk=question.pk).update(state=Question.State.PARKED, parked_for=cast.bob)
    question.refresh_from_db()
    [thread] = make(end(room), cast, question)
    assert Mention.objects.filter(post=first_of(thread), member=cast.bob).exists()
    assert Notice.objects.filter(member=cast.bob, kind=notifications.PARKED_THREAD).exists()
    assert MemberThread.objects.filter(thread=thread, member=cast.bob, level="follow").exists()


def test_under_the_chatham_house_rule_a_thread_has_no_names(cast: Cast, room: Room) -> None:
    asked = ask_question(room, by=cast.bob, body="What went wrong?")
    parked = ask_question(room, by=cast.bob, body="Who owns the data?")
    said = say(room, by=cast.bob, body="We stopped it.")
    Question.objects.filter(pk=parked.pk).update(state=Question.State.PARKED, parked_for=cast.bob)
    Message.objects.filter(pk=said.pk).update(pinned_at=timezone.now())
    room = end(room, is_chatham_house=True)
    threads = make(room, cast, asked, Question.objects.get(pk=parked.pk), Message.objects.get(pk=said.pk))
    assert len(threads) == 3
    for thread in threads:
        post = first_of(thread)
        assert "Bob" not in post.html + post.source
        assert not Mention.objects.filter(post=post).exists()
        assert MemberThread.objects.filter(thread=thread, member=cast.bob, level="follow").exists()
    assert Notice.objects.filter(member=cast.bob, kind=notifications.PARKED_THREAD).count() == 1


def test_whose_question_was_merged_is_told_too(cast: Cast, room: Room) -> None:
    first = ask_question(room, by=cast.fay, body="What did it cost?")
    second = ask_question(room, by=cast.bob, body="How expensive was it?", is_unnamed=True)
    Question.objects.filter(pk=second.pk).update(state=Question.State.MERGED, merged_into=first)
    [thread] = make(end(room), cast, first)
    assert "How expensive was it?" in first_of(thread).html
    assert Notice.objects.filter(member=cast.bob, kind=notifications.QUESTION_THREAD).exists()


def test_a_speaker_from_outside_is_told_that_it_goes_on_and_no_word_of_the_thread(
    cast: Cast, room: Room, client: Client
) -> None:
    for outsider in (cast.olga, cast.lena):
        give_room_role(room, outsider, role="speaker", by=cast.fay)
    asked = ask_question(room, by=cast.olga, body="What is said at home?")
    same = ask_question(room, by=cast.lena, body="zyzzyva?")
    parked = ask_question(room, by=cast.bob, body="Who owns the data?")
    Question.objects.filter(pk=same.pk).update(state=Question.State.MERGED, merged_into=asked)
    Question.objects.filter(pk=parked.pk).update(state=Question.State.PARKED, parked_for=cast.olga)
    room = end(room)
    threads = make(room, cast, asked, Question.objects.get(pk=parked.pk))

    for member, notices in ((cast.olga, 2), (cast.lena, 1), (cast.bob, 0), (cast.amir, 0)):
        told = [one for one in unread_notices(member) if "taken into the network's forum" in one.title]
        assert len(told) == notices
        for one in told:
            assert not any(thread.title in one.title or thread.get_absolute_url() == one.address for thread in threads)
            sign_in(client, member)
            html = client.get(one.address).content.decode()
            assert member != cast.olga or "Goes on in a thread" in html
            assert threads[0].get_absolute_url() not in html
    send_due_mail()
    sent = {(message.to[0].partition("@")[0], message.subject): message.body for message in mail.outbox}
    taken = {key: body for key, body in sent.items() if "goes on in the" in key[1]}
    assert sorted(taken) == [
        ("lena", "Your question goes on in the AI Practitioners Network"),
        ("olga", "A question that was parked for you goes on in the AI Practitioners Network"),
        ("olga", "Your question goes on in the AI Practitioners Network"),
    ]
    for body in taken.values():
        assert not any(word in body for word in ("zyzzyva", "at home", "owns the data", "/threads/", room.title))


def test_who_was_shut_out_meanwhile_is_told_nothing(cast: Cast, room: Room) -> None:
    give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    asked = ask_question(room, by=cast.olga, body="What is said at home?")
    remove_from_room(room, cast.olga, by=cast.fay, reason="Off topic")
    make(end(room), cast, asked)

    send_due_mail()

    assert not [message for message in mail.outbox if "goes on in the" in message.subject]
    assert not Notice.objects.filter(kind=notifications.QUESTION_TAKEN_ON).exists()


def test_a_question_without_an_answer_goes_on_in_its_thread(cast: Cast, room: Room, client: Client) -> None:
    waiting = ask_question(room, by=cast.bob, body="What did it cost?")
    answered = ask_question(room, by=cast.bob, body="Who paid?")
    Question.objects.filter(pk=answered.pk).update(state=Question.State.ANSWERED)
    make(end(room), cast, *Question.objects.filter(room=room))
    sign_in(client, cast.bob)

    for address in (room.get_absolute_url(), waiting.get_absolute_url()):
        html = client.get(address).content.decode()
        assert '<strong class="app-question__now">Goes on in a thread</strong>' in html
        assert "Waiting</strong>" not in html
        assert "Go to its thread" in html
    assert "Answered live</strong>" in client.get(answered.get_absolute_url()).content.decode()


def test_each_thread_is_made_once_however_often_it_is_asked_for(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.bob, body="What did it cost?")
    said = say(room, by=cast.bob, body="Here are the slides.")
    Message.objects.filter(pk=said.pk).update(pinned_at=timezone.now())
    said.refresh_from_db()
    room = end(room)
    for _ in range(2):  # the button pressed twice
        ask_for_threads(room, by=cast.fay, theme=cast.theme, questions=[question], messages=[said])
    make_threads()
    make_threads()
    assert Thread.objects.count() == 2
    assert not ThreadBatch.objects.unfinished().exists()
    assert Notice.objects.filter(member=cast.bob, kind=notifications.QUESTION_THREAD).count() == 1


def test_a_worker_that_was_stopped_half_way_goes_on(cast: Cast, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = [ask_question(room, by=cast.bob, body=f"Question {number}?") for number in range(3)]
    room = end(room)
    batch = ask_for_threads(room, by=cast.fay, theme=cast.theme, questions=questions)

    def killed(pk: int, **kept: Any) -> None:
        if pk == questions[1].pk:
            raise KeyboardInterrupt
        make_thread_of_question(pk, **kept)

    with monkeypatch.context() as patched:
        patched.setattr("forums.actions.session_threads.make_thread_of_question", killed)
        with pytest.raises(KeyboardInterrupt):
            make_threads()
    assert (batch.made, batch.chosen) == (1, 3)
    make_threads()
    assert Thread.objects.count() == batch.made == 3
    assert sorted(thread.title for thread in Thread.objects.all()) == ["Question 0?", "Question 1?", "Question 2?"]


def test_who_runs_the_room_makes_them_and_nobody_else(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.fay, body="What did it cost?")
    with pytest.raises(Refused):  # it is not over
        ask_for_threads(room, by=cast.fay, theme=cast.theme, questions=[question])
    room = end(room)
    for member in (cast.bob, *cast.outsiders):
        with pytest.raises(Refused):
            ask_for_threads(room, by=member, theme=cast.theme, questions=[question])
        with pytest.raises(Refused):
            note_recording(room, by=member, link="https://example.org/", began_at=None)
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    ask_for_threads(room, by=cast.bob, theme=cast.theme, questions=[question])
    make_threads()
    assert Thread.objects.get().author == cast.bob


def test_who_may_no_longer_make_them_makes_no_more(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.fay, body="What did it cost?")
    room = end(room)
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    batch = ask_for_threads(room, by=cast.bob, theme=cast.theme, questions=[question])
    leave_network(cast.practitioners, by=cast.bob)
    make_threads()
    assert not Thread.objects.exists()
    batch.refresh_from_db()
    assert batch.ended_at
    assert batch.why_not


def test_nothing_is_made_of_what_was_not_published(cast: Cast, room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(holds_questions=True)
    room.refresh_from_db()
    held = ask_question(room, by=cast.bob, body="May I ask?")
    said = say(room, by=cast.bob, body="Nobody pinned this.")
    room = end(room)
    for chosen in ({"questions": [held]}, {"messages": [said]}, {}):
        with pytest.raises(ValidationError):
            ask_for_threads(room, by=cast.fay, theme=cast.theme, **chosen)  # type: ignore[arg-type]


def test_fifty_threads_go_at_once(cast: Cast, room: Room) -> None:
    now = timezone.now()
    questions = Question.objects.bulk_create(
        Question(room=room, author=cast.bob, number=number, body=f"Question {number}?", asked_at=now)
        for number in range(1, 51)
    )
    room = end(room)
    ask_for_threads(room, by=cast.fay, theme=cast.theme, questions=questions)
    make_threads()
    assert Thread.objects.count() == 50
    with pytest.raises(LimitReached):
        for _ in range(6):
            ask_for_threads(room, by=cast.fay, theme=cast.theme, questions=questions)


def test_erased_words_leave_the_threads_that_others_made_of_them(cast: Cast, room: Room) -> None:
    question = ask_question(room, by=cast.bob, body="Canary words?")
    said = say(room, by=cast.bob, body="Canary message.")
    Message.objects.filter(pk=said.pk).update(pinned_at=timezone.now())
    threads = make(end(room), cast, question, Message.objects.get(pk=said.pk))
    assert len(threads) == 2
    settle_closed_account(cast.bob, erase=True)
    for thread in Thread.objects.all():
        post = first_of(thread)
        assert "anary" not in thread.title + thread.slug + post.source + post.html
        assert "Bob" not in post.source + post.html
    assert near_words(["canbry"], [cast.practitioners.pk]) == {}


# Pages


def test_the_page_after_a_session_is_for_those_who_ran_it(cast: Cast, room: Room, client: Client) -> None:
    ask_question(room, by=cast.bob, body="What did it cost?")
    room = end(room)
    for path in ("after/", "after/threads/1/"):
        assert client.get(f"{room.get_absolute_url()}{path}").status_code == 404
        for member, answer in ((cast.bob, 403), *((outsider, 404) for outsider in cast.outsiders)):
            sign_in(client, member)
            assert client.get(f"{room.get_absolute_url()}{path}").status_code == answer
        client.logout()


def test_chosen_on_the_page_they_are_made(cast: Cast, room: Room, client: Client) -> None:
    question = ask_question(room, by=cast.bob, body="What did it cost?", is_unnamed=True)
    said = say(room, by=cast.bob, body="Here are the slides.")
    Message.objects.filter(pk=said.pk).update(pinned_at=timezone.now())
    room = end(room)
    sign_in(client, cast.fay)
    address = f"{room.get_absolute_url()}after/"
    page = client.get(f"{address}?question={question.uid}").content.decode()
    assert page.count(" checked") == 1
    assert "What did it cost?" in page
    assert "An officer" in page

    nothing = client.post(address, {"theme": cast.theme.pk})
    assert "Select the questions and messages to make threads of" in nothing.content.decode()

    sent = {"theme": cast.theme.pk, "chosen": [str(question.uid), f"message-{said.seq}"]}
    progress = client.post(address, sent)
    batch = ThreadBatch.objects.get()
    assert progress["Location"] == batch.get_absolute_url()
    make_threads()
    made = client.get(batch.get_absolute_url()).content.decode()
    assert "2 of 2 made" in made
    after = client.get(address).content.decode()
    assert 'type="checkbox"' not in after
    for thread in Thread.objects.all():
        assert thread.get_absolute_url() in made
        assert thread.get_absolute_url() in after
    # Sent again from a page that was open: nothing is made twice, and the list says so.
    assert "can no longer be made a thread" in client.post(address, sent).content.decode()


def test_the_page_takes_as_many_queries_for_many_questions_as_for_few(
    cast: Cast, room: Room, client: Client, django_assert_max_num_queries: Any
) -> None:
    def ask(numbers: range) -> None:
        Question.objects.bulk_create(
            Question(room=room, author=cast.bob, number=number, body=f"Question {number}?") for number in numbers
        )

    ask(range(1, 3))
    ended = end(room)
    sign_in(client, cast.fay)
    for address in (f"{ended.get_absolute_url()}after/", "/networks/ai-practitioners/questions/"):
        with django_assert_max_num_queries(25):
            client.get(address)
    ask(range(3, 43))
    for address in (f"{ended.get_absolute_url()}after/", "/networks/ai-practitioners/questions/"):
        with django_assert_max_num_queries(25):
            client.get(address)


def test_the_recording_is_noted_on_the_page(cast: Cast, room: Room, client: Client) -> None:
    room = end(room)
    sign_in(client, cast.fay)
    address = f"{room.get_absolute_url()}after/recording/"
    wrong = client.post(address, {"link": "javascript:alert(1)", "began_at": "2026-11-02T10:00"})
    assert "Enter the link as a web address" in wrong.content.decode()
    client.post(address, {"link": "https://video.example.org/1", "began_at": "2026-11-02T10:00"})
    room.refresh_from_db()
    assert room.recording_link == "https://video.example.org/1"
    assert room.recording_began_at


def test_unanswered_questions_stay_on_the_list_of_facilitators(cast: Cast, room: Room, client: Client) -> None:
    waits = ask_question(room, by=cast.bob, body="What did it cost?")
    parked = ask_question(room, by=cast.bob, body="Who owns the data?")
    Question.objects.filter(pk=parked.pk).update(state=Question.State.PARKED, parked_for=cast.fay)
    done = ask_question(room, by=cast.bob, body="Was it answered?")
    Question.objects.filter(pk=done.pk).update(state=Question.State.ANSWERED)
    address = "/networks/ai-practitioners/questions/"
    sign_in(client, cast.fay)
    assert "What did it cost?" not in client.get(address).content.decode()  # the session goes on
    room = end(room)
    page = client.get(address).content.decode()
    assert "What did it cost?" in page
    assert "Who owns the data?" in page
    assert "Was it answered?" not in page
    assert "2 unanswered" in client.get("/networks/ai-practitioners/rooms/").content.decode()
    assert "2 unanswered" in client.get("/networks/ai-practitioners/").content.decode()
    make(room, cast, waits)
    assert "What did it cost?" not in client.get(address).content.decode()
    for member, answer in ((cast.bob, 403), *((outsider, 404) for outsider in cast.outsiders)):
        sign_in(client, member)
        assert client.get(address).status_code == answer
        for other in ("rooms/", ""):
            seen = client.get(f"/networks/ai-practitioners/{other}")
            assert "unanswered" not in seen.content.decode()


# What is out of sight in the session


def again(question: Question) -> Question:
    return Question.objects.with_asker().select_related("room__network").get(pk=question.pk)


def hide(question: Question, cast: Cast, by: Member | None = None) -> Case:
    case = report_question(again(question), by=cast.bob, kind="unkind").case
    return decide_case(case, outcome=Case.Outcome.HIDDEN, by=by or cast.fay, reason="It names a supplier")


def everything_of(thread: Thread, member: Member) -> str:
    """What a member finds of a thread: on its page, in lists, the feed and the search."""
    client = Client()
    sign_in(client, member)
    network = thread.network.get_absolute_url()
    read = ""
    of_thread = [thread.get_absolute_url(), f"/threads/{thread.pk}/posts/1/"]
    for address in (*of_thread, network, f"{network}threads/", "/search/?q=quokka", "/notices/"):
        answer = client.get(address, follow=True)
        read += f"{answer.content.decode()} {answer.redirect_chain}"
    return read


@pytest.fixture
def asker(cast: Cast) -> Member:
    return belongs_too(cast, "Ann Asks")


def belongs_too(cast: Cast, name: str, role: str = Membership.Role.MEMBER) -> Member:
    then = timezone.now() - timedelta(days=30)
    address = f"{name.split()[0].lower()}@exampleshire.example.org"
    member: Member = Member.objects.create_user(address, name=name, organisation=cast.council, date_joined=then)
    Membership.objects.create(member=member, network=cast.practitioners, state="active", role=role, joined_at=then)
    return member


def test_a_hidden_question_is_read_nowhere_in_its_thread_until_it_is_shown_again(
    cast: Cast, room: Room, asker: Member, client: Client
) -> None:
    question = ask_question(room, by=asker, body="zyzzyva and quokka?")
    [thread] = make(end(room), cast, question)
    reply(thread, by=cast.bob, source="I wonder, too.")
    old_address = thread.get_absolute_url()
    assert "zyzzyva and quokka" in everything_of(thread, cast.bob)

    case = hide(question, cast)

    thread.refresh_from_db()
    assert "zyzzyva" not in thread.title + thread.slug
    assert "zyzzyva" not in everything_of(thread, cast.bob)
    sign_in(client, cast.bob)
    assert "zyzzyva" not in client.get(old_address, follow=True).content.decode()
    shown = client.get(question.get_absolute_url()).content.decode()
    assert "zyzzyva" not in shown
    assert f'It goes on in <a class="govuk-link" href="/threads/{thread.pk}/posts/1/">a thread</a>' in shown
    assert first_of(thread).hidden_by == cast.fay
    sign_in(client, cast.fay)
    said = client.get(case.get_absolute_url()).content.decode()
    assert "which cannot be read either" in said
    assert first_of(thread).get_absolute_url() in said

    put_back(again(question), by=cast.fay)

    thread.refresh_from_db()
    assert (thread.title, thread.slug) == ("zyzzyva and quokka?", "zyzzyva-and-quokka")
    assert first_of(thread).is_shown
    assert "zyzzyva and quokka" in everything_of(thread, cast.bob)


def test_without_a_reply_nothing_is_left_of_the_thread_of_a_hidden_question(
    cast: Cast, room: Room, asker: Member, client: Client
) -> None:
    question = ask_question(room, by=asker, body="zyzzyva and quokka?")
    [thread] = make(end(room), cast, question)
    hide(question, cast)
    assert not Thread.objects.visible_to(cast.bob).filter(pk=thread.pk).exists()
    assert "zyzzyva" not in everything_of(thread, cast.bob)


def test_a_facilitator_who_takes_a_question_away_hides_it_in_its_thread(cast: Cast, room: Room, asker: Member) -> None:
    question = ask_question(room, by=asker, body="zyzzyva?")
    [thread] = make(end(room), cast, question)
    refuse_question(again(question), "It names a supplier", by=cast.fay)
    thread.refresh_from_db()
    assert (first_of(thread).is_shown, thread.title) == (False, "A question from a session")


def test_a_host_who_may_hide_no_post_takes_no_question_away_that_goes_on_in_a_thread(
    cast: Cast, room: Room, asker: Member, client: Client
) -> None:
    hana = belongs_too(cast, "Hana Hosts")
    give_room_role(room, hana, role="host", by=cast.fay)
    question = ask_question(room, by=asker, body="zyzzyva?")
    same = ask_question(room, by=cast.bob, body="Who sells it?")
    merge_question(again(same), again(question), by=hana)
    [thread] = make(end(room), cast, question)
    for one in (question, same):
        with pytest.raises(Refused, match="a facilitator has to take it away"):
            refuse_question(again(one), "No", by=hana)
    assert first_of(thread).is_shown
    for member, offers in ((hana, False), (cast.fay, True)):
        sign_in(client, member)
        board = client.get(f"{room.get_absolute_url()}host/board/").content.decode()
        assert (f"{question.uid}/refuse/" in board) == offers


def test_a_post_that_somebody_hid_for_itself_stays_hidden(cast: Cast, room: Room, asker: Member) -> None:
    question = ask_question(room, by=asker, body="zyzzyva?")
    [thread] = make(end(room), cast, question)
    hide_post(first_of(thread), by=cast.fay, reason="Off topic")
    hide(question, cast)
    put_back(again(question), by=cast.fay)
    assert first_of(thread).hidden_reason == "Off topic"
    thread.refresh_from_db()
    assert thread.title == "zyzzyva?"


def test_what_the_site_hid_for_now_is_so_in_the_thread_until_somebody_decides(
    cast: Cast, room: Room, asker: Member
) -> None:
    question = ask_question(room, by=asker, body="zyzzyva?")
    [thread] = make(end(room), cast, question)
    Network.objects.filter(pk=cast.practitioners.pk).update(reports_to_hide=2)
    rita = belongs_too(cast, "Rita Reports")
    for member in (cast.bob, rita):
        case = report_question(again(question), by=member, kind="unkind").case
    assert not again(question).is_shown
    assert (first_of(thread).is_shown, first_of(thread).hidden_by) == (False, None)

    decide_case(case, outcome=Case.Outcome.HIDDEN, by=cast.fay, reason="It names a supplier")
    assert first_of(thread).hidden_by == cast.fay
    put_back(again(question), by=cast.fay)
    assert first_of(thread).is_shown

    for member in (cast.bob, rita):
        case = report_question(again(question), by=member, kind="spam").case
    assert not first_of(thread).is_shown
    decide_case(case, outcome=Case.Outcome.LEFT, by=cast.fay)
    thread.refresh_from_db()
    assert (first_of(thread).is_shown, thread.title) == (True, "zyzzyva?")


def test_an_appeal_that_shows_the_question_shows_it_in_its_thread(cast: Cast, room: Room, asker: Member) -> None:
    flo = belongs_too(cast, "Flo Facilitates", Membership.Role.FACILITATOR)
    question = ask_question(room, by=asker, body="zyzzyva?")
    [thread] = make(end(room), cast, question)
    made = appeal(hide(question, cast), by=asker, words="It names nobody")
    assert not first_of(thread).is_shown
    decide_appeal(made, outcome=Appeal.Outcome.SHOWN, by=flo, answer="So it is")
    assert first_of(thread).is_shown


def test_a_hidden_question_that_was_merged_takes_the_post_that_quotes_it_along(
    cast: Cast, room: Room, asker: Member
) -> None:
    question = ask_question(room, by=cast.fay, body="What did it cost?")
    same = ask_question(room, by=asker, body="zyzzyva?")
    merge_question(again(same), again(question), by=cast.fay)
    [thread] = make(end(room), cast, question)
    assert "zyzzyva" in first_of(thread).source

    hide(same, cast)
    thread.refresh_from_db()
    assert (first_of(thread).is_shown, thread.title) == (False, "What did it cost?")
    assert again(question).is_shown

    flo = belongs_too(cast, "Flo Facilitates", Membership.Role.FACILITATOR)
    hide(question, cast, by=flo)
    put_back(again(question), by=flo)
    assert not first_of(thread).is_shown, "it still quotes the other"
    put_back(again(same), by=cast.fay)
    assert first_of(thread).is_shown


def test_a_thread_in_another_network_is_for_those_who_facilitate_that(cast: Cast, room: Room, asker: Member) -> None:
    question = ask_question(room, by=asker, body="zyzzyva?")
    [thread] = make(end(room), cast, question)
    Thread.objects.filter(pk=thread.pk).update(network=cast.ai)
    case = hide(question, cast)
    assert first_of(thread).is_shown
    client = Client()
    sign_in(client, cast.fay)
    said = client.get(case.get_absolute_url()).content.decode()
    assert "which is in another network now and stays as it is" in said


def test_a_hidden_question_is_read_nowhere_when_its_thread_was_merged(cast: Cast, room: Room, asker: Member) -> None:
    question = ask_question(room, by=asker, body="zyzzyva and quokka?")
    [thread] = make(end(room), cast, question)
    other = start_thread(cast.practitioners, by=cast.fay, theme=cast.theme, title="Prices", source="Prices?")
    merge_threads(thread, other, by=cast.fay)
    hide(question, cast)
    assert "zyzzyva" not in everything_of(other, cast.bob) + everything_of(thread, cast.bob)
    put_back(again(question), by=cast.fay)
    assert "zyzzyva" in everything_of(other, cast.bob)


@pytest.mark.parametrize("is_hidden", [True, False])
def test_erased_words_leave_the_thread_whatever_became_of_the_question_merged_into_theirs(
    cast: Cast, room: Room, asker: Member, is_hidden: bool
) -> None:
    same = ask_question(room, by=cast.bob, body="quokka?")  # the lower key, and the wrong one
    question = ask_question(room, by=asker, body="zyzzyva?")
    merge_question(again(same), again(question), by=cast.fay)
    [thread] = make(end(room), cast, question)
    if is_hidden:
        refuse_question(again(same), "It names a supplier", by=cast.fay)
    else:
        put_back(again(same), by=cast.fay)

    settle_closed_account(asker, erase=True)

    thread.refresh_from_db()
    post = first_of(thread)
    assert "zyzzyva" not in thread.title + thread.slug + post.source + post.html
    assert "> Erased by whoever asked" in post.source
    assert ("quokka" in post.source) != is_hidden


def test_erased_words_of_a_question_that_left_its_merge_leave_the_thread_that_quotes_it(
    cast: Cast, room: Room, asker: Member
) -> None:
    question = ask_question(room, by=cast.fay, body="What did it cost?")
    same = ask_question(room, by=asker, body="zyzzyva?")
    merge_question(again(same), again(question), by=cast.fay)
    other = ask_question(room, by=cast.bob, body="Anything else?")
    [thread] = make(end(room), cast, question)
    put_back(again(same), by=cast.fay)
    merge_question(again(question), again(other), by=cast.fay)
    settle_closed_account(asker, erase=True)
    thread.refresh_from_db()
    assert "zyzzyva" not in first_of(thread).source
    assert (thread.title, "What did it cost" in first_of(thread).source) == ("What did it cost?", True)


def test_when_somebody_else_is_erased_hidden_words_do_not_come_back(cast: Cast, room: Room, asker: Member) -> None:
    question = ask_question(room, by=asker, body="zyzzyva?")
    same = ask_question(room, by=cast.bob, body="quokka?")
    merge_question(again(same), again(question), by=cast.fay)
    [thread] = make(end(room), cast, question)
    refuse_question(again(question), "It names a supplier", by=cast.fay)
    settle_closed_account(cast.bob, erase=True)
    thread.refresh_from_db()
    post = first_of(thread)
    assert "zyzzyva" not in thread.title + post.source
    assert "quokka" not in post.source
    put_back(again(question), by=cast.fay)
    assert Thread.objects.get(pk=thread.pk).title == "zyzzyva?"


def test_what_goes_on_in_a_thread_of_its_own_is_quoted_in_no_other(cast: Cast, room: Room, asker: Member) -> None:
    question = ask_question(room, by=cast.fay, body="What did it cost?")
    same = ask_question(room, by=asker, body="zyzzyva?")
    room = end(room)
    [own] = make(room, cast, same)
    merge_question(again(same), again(question), by=cast.fay)
    [thread] = make(room, cast, again(question))
    assert "zyzzyva" not in first_of(thread).source
    assert again(same).thread == own


@pytest.mark.django_db(transaction=True)
def test_threads_that_were_made_before_are_known_to_be_made_of_the_question_in_their_title(
    cast: Cast, room: Room, newest_afterwards: None
) -> None:
    same = ask_question(room, by=cast.bob, body="How expensive?")
    question = ask_question(room, by=cast.fay, body="What did it cost?")
    merge_question(again(same), again(question), by=cast.fay)
    room = end(room)
    [thread] = make(room, cast, question)
    put_back(again(same), by=cast.fay)
    migrate(("forums", "0016_reported_questions"))
    migrate()
    assert list(thread.session_questions.filter(begins_thread=True)) == [question]
