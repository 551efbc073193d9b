"""The walks of docs/house.md, done under a trace: the page says what runs and in which order, and this test holds it to
that."""

from __future__ import annotations

import re
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from cms.actions.pages import publish_page, set_up_site
from cms.actions.roles import PUBLISHERS, give_roles, set_up_roles
from cms.models import GuidancePage, SectionPage
from forums.actions.following import choose_network_level
from forums.actions.rooms import schedule_room
from forums.models import Question
from network.models import Member, Membership
from tests.cast import Cast, sign_in
from tests.queued import run_queued

HOUSE = Path(__file__).resolve().parents[2] / "docs" / "house.md"
PACKAGES = ("network.", "forums.", "cms.")
WRITE = re.compile(r'^\s*(INSERT|UPDATE|DELETE)(?: OR \w+)?(?: INTO| FROM)?\s+"?(\w+)"?')


def walk(heading: str) -> list[str]:
    """The steps under a heading of the page, in order."""
    section = HOUSE.read_text().split(f"### {heading}\n", 1)[1].split("\n##", 1)[0]
    return re.findall(r"^\d+\. `([^`]+)`", section, re.MULTILINE)


@contextmanager
def traced() -> Iterator[list[str]]:
    """Collects our functions as they are called and our tables as they are written, in this thread."""
    steps: list[str] = []

    def on_call(frame: FrameType, event: str, argument: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith(PACKAGES):
            steps.append(f"{module}.{frame.f_code.co_qualname}")

    def on_write(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if written := WRITE.match(sql):
            steps.append(" ".join(written.groups()))
        return execute(sql, *rest)

    with connection.execute_wrapper(on_write):
        sys.setprofile(on_call)
        threading.setprofile(on_call)
        try:
            yield steps
        finally:
            sys.setprofile(None)
            threading.setprofile(None)


def as_done(steps: list[str], named: list[str]) -> list[str]:
    """The named steps in the order of their first call, counted anew for each adapter of the walk. What an adapter does
    by itself before it calls the verb, such as asking whether to show a button, is its own business and left out."""
    done: list[str] = []
    seen: set[str] = set()
    in_adapter = False
    for step in steps:
        if step not in named:
            continue
        if ".views." in step and step not in done:
            seen.clear()
            in_adapter = True
            done.append(step)
        elif ".actions." in step:
            in_adapter = False
        if not in_adapter and step not in seen and ".views." not in step:
            seen.add(step)
            done.append(step)
    return done


def client_of(member: Any) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def test_an_officer_asks_to_join_a_network_and_is_let_in(cast: Cast) -> None:
    named = walk("An officer asks to join a network and is let in")
    with traced() as steps:
        asked = client_of(cast.olga).post(
            reverse("network_join", args=[cast.practitioners.slug]), {"job": "Developer", "reason": "We build things."}
        )
        request = Membership.objects.get(member=cast.olga)
        approved = client_of(cast.fay).post(
            reverse("network_request_approve", args=[cast.practitioners.slug, request.pk])
        )

    assert (asked.status_code, approved.status_code) == (302, 302)
    assert as_done(steps, named) == named


def test_a_member_starts_a_thread(cast: Cast) -> None:
    named = walk("A member starts a thread")
    Member.objects.update(welcome_steps_done=1)
    choose_network_level(cast.ai, "watch", by=cast.fay)
    with traced() as steps:
        answer = client_of(cast.bob).post(
            reverse("thread_new", args=[cast.ai.slug]),
            {"title": "Hello", "kind": "discussion", "theme": cast.theme.pk, "source": "Hello", "tags": "one, two"},
        )
        run_queued()

    assert answer.status_code == 302
    assert as_done(steps, named) == named


def test_a_member_says_something_in_a_live_room(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    named = walk("A member says something in a live room")
    now = timezone.now()
    room = schedule_room(cast.ai, title="Now", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    client = client_of(cast.bob)
    with traced() as steps, django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("room_send", args=[room.pk]), {"body": "Hello", "form_id": str(uuid.uuid4())})

    assert answer.status_code == 302
    assert as_done(steps, named) == named


def test_a_member_asks_a_question_in_a_session_and_its_host_answers_it(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    named = walk("A member asks a question in a session, and its host answers it")
    now = timezone.now()
    room = schedule_room(cast.ai, title="Now", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    asker, host = client_of(cast.bob), client_of(cast.fay)
    with traced() as steps, django_capture_on_commit_callbacks(execute=True):
        asked = asker.post(reverse("question_ask", args=[room.pk]), {"body": "Why?", "form_id": str(uuid.uuid4())})
        question = Question.objects.with_last_step().get(room=room)
        answered = host.post(
            reverse("question_decide", args=[room.pk, question.uid]), {"do": "answered", "seen": question.last_step}
        )

    assert (asked.status_code, answered.status_code) == (302, 302)
    question.refresh_from_db()
    assert question.state == Question.State.ANSWERED
    assert as_done(steps, named) == named


def test_a_publisher_publishes_a_guidance_page_that_is_to_be_discussed(cast: Cast) -> None:
    named = walk("A publisher publishes a guidance page that is to be discussed")
    set_up_roles()
    section = publish_page(set_up_site(), SectionPage(title="Guidance", slug="guidance"), by=None)
    give_roles(cast.ada, [PUBLISHERS], by=None)
    with traced() as steps:
        publish_page(
            section,
            GuidancePage(title="Buying", slug="buying", body=[], themes=[cast.theme], discuss_in=cast.ai),
            by=cast.ada,
        )

    assert as_done(steps, named) == named


def test_a_walk_in_another_order_is_noticed(cast: Cast) -> None:
    named = walk("A member starts a thread")
    swapped = [named[1], named[0], *named[2:]]

    with pytest.raises(AssertionError):
        assert as_done(named, swapped) == swapped
