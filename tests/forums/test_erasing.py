"""What is being written at the moment in which its author has everything erased. In `tests/network/test_closing.py`
stands what becomes of what was written before."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from forums.actions import messages, posts, questions, reports, threads
from forums.actions.rooms import schedule_room
from forums.live import log
from forums.models import Attachment, Case, Message, Post, Question, Thread
from forums.search.posts import search_posts
from network.actions.closing import close_account
from network.models import Member, Profile
from network.permissions import Refused
from tests.cast import Cast, make_cast

CANARY = "syzygy"

# Where each stops: a place before its transaction, and one in it, with its words written or about to be.
STOPS: dict[str, tuple[tuple[Any, str], tuple[Any, str]]] = {
    "reply": ((posts, "submission_of"), (posts, "follow_automatically")),
    "thread": ((threads, "submission_of"), (threads, "follow_automatically")),
    "message": ((messages, "_spend"), (log, "append")),
    "question": ((questions, "check_question"), (log, "append")),
}


class Stopped:
    """One writes, and stops at a place until told to go on; another closes their account."""

    def __init__(self, what: str, place: tuple[Any, str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.cast = make_cast()
        now = timezone.now()
        times = {"opens_at": now - timedelta(minutes=1), "closes_at": now + timedelta(hours=1)}
        room = schedule_room(self.cast.ai, title="Room", by=None, **times)
        other = threads.start_thread(
            self.cast.ai, by=self.cast.fay, theme=self.cast.theme, title="Another", source="Words"
        )
        self.write: Callable[[], object] = {
            "reply": lambda: posts.reply(other, by=self.cast.bob, source=CANARY),
            "thread": lambda: threads.start_thread(
                self.cast.ai, by=self.cast.bob, theme=self.cast.theme, title=CANARY, source=CANARY, tags=[CANARY]
            ),
            "message": lambda: messages.say(room, by=self.cast.bob, body=CANARY),
            "question": lambda: questions.ask_question(room, by=self.cast.bob, body=CANARY),
            "report": lambda: reports.report_profile(self.cast.bob, by=self.cast.fay, kind="other"),
        }[what]
        self.is_there, self.goes_on = Event(), Event()
        module, name = place
        original = getattr(module, name)

        def stop(*args: Any, **kwargs: Any) -> Any:
            self.is_there.set()
            assert self.goes_on.wait(10)
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, stop)


def in_a_thread(verb: Callable[[], object]) -> str:
    try:
        verb()
        return "done"
    except Refused:
        return "refused"
    finally:
        connection.close()


def words_left(cast: Cast) -> list[str]:
    said = [
        *Post.objects.values_list("source", flat=True),
        *Post.objects.values_list("html", flat=True),
        *Thread.objects.values_list("title", flat=True),
        *Message.objects.values_list("body", flat=True),
        *Question.objects.values_list("body", flat=True),
    ]
    said += [hit.title for hit in search_posts(cast.fay, CANARY).hits]
    return [words for words in said if CANARY in words]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", STOPS)
def test_closing_waits_for_what_is_being_written_and_erases_it(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = Stopped(what, STOPS[what][1], monkeypatch)
    bob = Member.objects.get(pk=stopped.cast.bob.pk)
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(in_a_thread, stopped.write)
        assert stopped.is_there.wait(10)
        closing = pool.submit(in_a_thread, lambda: close_account(by=bob, erase=True))
        with pytest.raises(TimeoutError):
            closing.result(timeout=0.4)
        stopped.goes_on.set()

        assert (writing.result(10), closing.result(10)) == ("done", "done")

    assert words_left(stopped.cast) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", STOPS)
def test_what_comes_after_the_erasing_is_refused(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = Stopped(what, STOPS[what][0], monkeypatch)
    bob = Member.objects.get(pk=stopped.cast.bob.pk)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(in_a_thread, stopped.write)
        assert stopped.is_there.wait(10)
        close_account(by=bob, erase=True)
        stopped.goes_on.set()

        assert writing.result(10) == "refused"

    assert words_left(stopped.cast) == []


def with_a_picture(cast: Cast) -> Member:
    profile = Profile(member=cast.bob, about=CANARY, picture_alt=CANARY)
    profile.picture.save("portrait.webp", ContentFile(b"A picture"))
    return Member.objects.get(pk=cast.bob.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("erase", [True, False])
def test_of_a_profile_that_is_reported_while_its_owner_closes_their_account_nothing_is_kept(
    erase: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Stopped("report", (reports, "keep_portrait"), monkeypatch)
    bob = with_a_picture(stopped.cast)
    with ThreadPoolExecutor(2) as pool:
        reporting = pool.submit(in_a_thread, stopped.write)
        assert stopped.is_there.wait(10)
        closing = pool.submit(in_a_thread, lambda: close_account(by=bob, erase=erase))
        with pytest.raises(TimeoutError):
            closing.result(timeout=0.4)
        stopped.goes_on.set()

        assert (reporting.result(10), closing.result(10)) == ("done", "done")

    assert not Case.objects.exists()
    assert not Attachment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_profile_that_has_just_gone_cannot_be_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = Stopped("report", (reports, "_check"), monkeypatch)
    bob = with_a_picture(stopped.cast)
    with ThreadPoolExecutor(1) as pool:
        reporting = pool.submit(in_a_thread, stopped.write)
        assert stopped.is_there.wait(10)
        close_account(by=bob)
        stopped.goes_on.set()

        assert reporting.result(10) == "refused"

    assert not Case.objects.exists()
