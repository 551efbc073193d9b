"""After a session: threads of what was asked, a notice to whoever asked, and a record of which one answer is public."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from cms.actions.roles import EDITORS, PUBLISHERS, give_roles, set_up_roles
from cms.models import EventPage, EventRoom
from forums.actions.hosting import mark_answered, park_question, write_answer
from forums.actions.messages import say
from forums.actions.questions import ask_question
from forums.actions.session_threads import make_threads
from forums.models import Message, Question, Room, Thread
from network.models import Member
from tests.cast import Cast
from tests.cms.hub import make_hub
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


@pytest.fixture
def event(server: Server, cast: Cast) -> EventPage:
    """Its session is over: Bob asked three questions in it, one of them without his name."""
    hub = make_hub()
    set_up_roles()
    now = timezone.now()
    event = hub.publish_event("Buying AI", network=cast.practitioners, starts_at=now - timedelta(minutes=10))
    room = EventRoom.objects.get(page=event.pk).room
    Room.objects.filter(pk=room.pk).update(allows_unnamed=True)
    room = Room.objects.select_related("network").get(pk=room.pk)
    cost = ask_question(room, by=cast.bob, body="What did it cost?")
    worth = ask_question(room, by=cast.bob, body="Was it worth it?", is_unnamed=True)
    data = ask_question(room, by=cast.bob, body="Who keeps the data?")
    mark_answered(cost, by=cast.fay)
    write_answer(Question.objects.select_related("room").get(pk=cost.pk), "Half of what we feared.", by=cast.fay)
    park_question(data, cast.fay, by=cast.fay)
    said = say(room, by=cast.fay, body="Slides: https://files.example.org/slides")
    Message.objects.filter(pk=said.pk).update(pinned_at=now)
    past = {"starts_at": now - timedelta(hours=2), "ends_at": now - timedelta(hours=1)}
    EventPage.objects.filter(pk=event.pk).update(**past)
    Room.objects.filter(pk=room.pk).update(opens_at=past["starts_at"], closes_at=past["ends_at"])
    assert worth.unnamed_as
    return EventPage.objects.get(pk=event.pk)


@pytest.fixture
def editor(event: EventPage, cast: Cast) -> Member:
    """Olga publishes for the hub, and belongs to no network."""
    give_roles(cast.olga, {EDITORS, PUBLISHERS}, by=None)
    return Member.objects.get(pk=cast.olga.pk)


def look(page: Page, name: str) -> None:
    """Pictures for whoever works on the pages: GUILDHALL_PICTURES names the folder."""
    if folder := os.environ.get("GUILDHALL_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def no_wider(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


def test_threads_are_made_and_whoever_asked_is_told(
    browse: Browse, axe: Axe, cast: Cast, event: EventPage, server: Server
) -> None:
    room = Room.objects.get()
    fay = browse(cast.fay)
    fay.goto("/networks/ai-practitioners/rooms/")
    fay.get_by_role("link", name="2 unanswered questions").click()
    expect(fay.locator("h1")).to_have_text("Unanswered questions")
    look(fay, "unanswered-1280")
    axe(fay)
    fay.get_by_role("link", name="Make a thread of “Was it worth it?”").click()
    expect(fay.get_by_role("checkbox", checked=True)).to_have_count(1)
    fay.get_by_label("Who keeps the data?").check()
    fay.get_by_label("What did it cost?").check()
    look(fay, "after-1280")
    axe(fay)
    fay.get_by_role("button", name="Make threads of what is selected").click()
    expect(fay.locator("h1")).to_contain_text("Threads from")
    look(fay, "progress-1280")
    axe(fay)
    make_threads()  # or the server's own worker, where it has one: whoever comes first
    # The page looks again by itself.
    expect(fay.locator("[data-app-progress]")).to_contain_text("3 of 3 made", timeout=15_000)
    assert Thread.objects.count() == 3

    bob = browse(cast.bob, javascript=False, width=375)
    bob.goto("/notices/")
    told = bob.locator(".app-notice-list").get_by_role("button", name="Your question is now a thread")
    expect(told).to_have_count(3)
    told.filter(has_text="Was it worth it?").click()
    body = bob.locator("main")
    expect(body).to_contain_text("An officer")
    expect(body).not_to_contain_text("Bob Belongs asked")
    look(bob, "thread-375")
    axe(bob)
    no_wider(bob)
    bob.get_by_role("link", name="Buying AI").first.click()
    expect(bob.get_by_role("link", name="Go to its thread").first).to_be_visible()

    # Looking something up in the transcript.
    bob.get_by_label("Search what was said and asked").fill("slides")
    bob.get_by_role("button", name="Search").first.click()
    expect(bob.locator("mark").first).to_have_text("Slides")
    look(bob, "search-375")
    axe(bob)
    no_wider(bob)
    assert room.pk


def test_a_record_is_drafted_agreed_to_and_approved(
    browse: Browse, axe: Axe, cast: Cast, event: EventPage, editor: Member, server: Server
) -> None:
    fay = browse(cast.fay)
    fay.goto(event.url)
    fay.get_by_role("button", name="Draft the record of the session").click()
    expect(fay.locator("#session-record")).to_be_visible()
    expect(fay.locator("main")).to_contain_text("Half of what we feared.")
    look(fay, "record-1280")
    axe(fay)

    bob = browse(cast.bob, javascript=False, width=375)
    bob.goto("/notices/")
    bob.locator(".app-notice-list").get_by_role("button", name="stand on a public page?").click()
    look(bob, "agree-375")
    axe(bob)
    no_wider(bob)
    bob.get_by_label("Yes, without my name").check()
    bob.get_by_role("button", name="Save").click()
    expect(bob.locator("main")).to_contain_text("Your answer is saved")

    visitor = browse()
    visitor.goto(event.url)
    expect(visitor.locator("main")).not_to_contain_text("What did it cost?")

    olga = browse(editor)
    olga.goto(event.url)
    olga.get_by_role("link", name="Approve what stands on the public page").click()
    expect(olga.locator("main")).not_to_contain_text("Slides")
    look(olga, "approve-1280")
    axe(olga)
    olga.get_by_role("button", name="Approve").click()
    expect(olga.locator("main")).to_contain_text("Everybody can read it")

    visitor.reload()
    expect(visitor.locator("main")).to_contain_text("What did it cost?")
    expect(visitor.locator("main")).to_contain_text("Half of what we feared.")
    for word in ("Bob", "Exampleshire", "Slides", "Who keeps", "Was it worth"):
        expect(visitor.locator("main")).not_to_contain_text(word)
    look(visitor, "public-1280")
    axe(visitor)

    bob.get_by_label("No", exact=True).check()
    bob.get_by_role("button", name="Save").click()
    visitor.reload()
    expect(visitor.locator("main")).not_to_contain_text("What did it cost?")
