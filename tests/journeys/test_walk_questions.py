"""In a session its members ask, and say what they want to know too: in browsers of every kind."""

from __future__ import annotations

import json
import re
import signal
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question, publish, tell_of_question
from forums.actions.rooms import schedule_room
from forums.live import log
from forums.models import Question, Room, RoomEvent, RoomRole
from network.models import Member, Membership, Organisation
from tests.cast import Cast, add_councils
from tests.journeys import keyboard
from tests.journeys.conftest import Browse, Server
from tests.journeys.sockets import Visitor
from tests.journeys.test_walk_5_care import NO_SOCKETS, Poller

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


@pytest.fixture
def room(server: Server, cast: Cast) -> Room:
    now = timezone.now()
    room = schedule_room(
        cast.practitioners,
        title="Show and tell",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )
    return change(room, allows_unnamed=True)


def change(room: Room, **settings: object) -> Room:
    Room.objects.filter(pk=room.pk).update(**settings)
    room.refresh_from_db()
    return room


def come(page: Page, room: Room) -> Page:
    page.goto(f"/rooms/{room.pk}/")
    expect(page.locator("[data-live-status]")).to_contain_text("Connected")
    return page


def texts(page: Page) -> Locator:
    return page.locator("[data-live-open-questions] .app-question__text")


def entry(page: Page, number: int) -> Locator:
    return page.locator(f'[data-question="{number}"]')


def ask(page: Page, words: str, *, without_name: bool = False) -> None:
    if not page.get_by_label("Your question").is_visible():
        page.get_by_text("Ask a question", exact=True).click()
    page.get_by_label("Your question").fill(words)
    if without_name:
        page.get_by_label("Ask without my name").check()
    page.get_by_role("button", name="Ask", exact=True).click()


def settle(question: Question, state: str, **more: object) -> None:
    """What the host does, as far as the log and the page see it."""
    with transaction.atomic():
        room = log.hold(question.room_id)
        if question.number is None and state != Question.State.REFUSED:
            publish(room, question)
            kind = RoomEvent.Kind.QUESTION
        else:
            kind = RoomEvent.Kind.QUESTION_STATE
        question.state, question.state_at = state, timezone.now()
        for name, value in more.items():
            setattr(question, name, value)
        question.save()
        if question.number is not None:
            tell_of_question(room, question, kind, by=None, now=timezone.now())


def test_a_question_comes_to_everybody_and_is_voted_for(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    bob, fay = come(browse(cast.bob), room), come(browse(cast.fay, width=375), room)
    ask(bob, "What did it cost?")
    expect(bob.locator("[data-live-asked]")).to_have_text("Your question is in the list.")
    expect(bob.get_by_label("Your question")).to_have_value("")
    expect(texts(fay)).to_have_text(["What did it cost?"], timeout=2_000)
    expect(entry(fay, 1)).to_contain_text("Bob Belongs")
    expect(entry(bob, 1)).to_contain_text("You asked this")
    expect(entry(bob, 1).get_by_role("button")).to_have_count(0)
    expect(fay.locator("[data-live-open-count]")).to_have_text("(1 open)")
    expect(fay.locator("[data-live-announcer]")).to_contain_text("New question from Bob Belongs", timeout=10_000)

    wish = entry(fay, 1).get_by_role("button", name="I want to know this too")
    wish.press("Enter")
    expect(wish).to_have_attribute("aria-pressed", "true")
    expect(wish).to_be_focused()
    for page in (bob, fay):
        expect(entry(page, 1).locator("[data-live-votes]")).to_have_text("1 person wants to know this", timeout=4_000)
        axe(page)
    wish.press("Enter")
    expect(wish).to_have_attribute("aria-pressed", "false")
    expect(entry(bob, 1).locator("[data-live-votes]")).to_have_text("", timeout=4_000)


def test_the_plain_page_asks_and_votes_without_a_script(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    bob = browse(cast.bob, javascript=False, width=375)
    bob.goto(f"/rooms/{room.pk}/")
    ask(bob, "x" * 301, without_name=True)
    expect(bob).to_have_title(re.compile("^Error: Show and tell"))
    expect(bob.locator(".govuk-error-summary")).to_contain_text("Your question is too long")
    expect(bob.get_by_label("Your question")).to_have_value("x" * 301)
    expect(bob.get_by_label("Ask without my name")).to_be_checked()
    axe(bob)
    bob.get_by_label("Your question").fill("What did it cost?")
    bob.get_by_role("button", name="Ask", exact=True).click()
    expect(entry(bob, 1)).to_contain_text("An officer")
    expect(entry(bob, 1)).to_contain_text("You asked this")

    fay = browse(cast.fay, javascript=False, width=375)
    fay.goto(f"/rooms/{room.pk}/")
    expect(entry(fay, 1)).not_to_contain_text("Bob")
    for pressed, words in (("true", "1 person wants to know this"), ("false", "")):
        fay.get_by_role("button", name=re.compile(r"I want to know this too.*question 1")).click()
        expect(entry(fay, 1).get_by_role("button")).to_have_attribute("aria-pressed", pressed)
        expect(entry(fay, 1).locator(".app-question__votes")).to_have_text(words)
        assert fay.url.endswith("#question-1")
    fay.get_by_role("link", name="Question 1", exact=True).click()
    expect(fay.get_by_role("heading", level=1)).to_have_text("Question 1")
    fay.get_by_role("button", name="I want to know this too").click()
    expect(fay.locator(".app-question__votes")).to_have_text("1 person wants to know this")
    axe(fay)
    settle(Question.objects.get(), Question.State.ANSWERED)
    fay.goto(f"/rooms/{room.pk}/")
    fay.get_by_text("Dealt with (1)").click()
    expect(entry(fay, 1)).to_contain_text("Answered live")
    axe(fay)


def test_by_keyboard_one_asks_and_votes_and_keeps_ones_place(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    ask_question(room, by=cast.fay, body="What did it cost?")
    bob = come(browse(cast.bob), room)
    keyboard.press(bob, bob.get_by_text("Ask a question", exact=True))
    keyboard.write(bob, bob.get_by_label("Your question"), "")
    bob.keyboard.type("And with training?")
    keyboard.press(bob, bob.get_by_role("button", name="Ask", exact=True))
    expect(texts(bob)).to_have_text(["What did it cost?", "And with training?"])
    wish = entry(bob, 1).get_by_role("button", name="I want to know this too")
    keyboard.press(bob, wish, "Space")
    expect(wish).to_have_attribute("aria-pressed", "true")
    for _ in range(3):
        settle(Question.objects.get(number=2), Question.State.ANSWERING)
        settle(Question.objects.get(number=2), Question.State.WAITING)
    expect(wish).to_be_focused()
    settle(Question.objects.get(number=1), Question.State.ANSWERED)
    # What they stood on goes, and they stay where it was.
    expect(entry(bob, 1)).to_be_focused()
    expect(entry(bob, 1)).to_contain_text("Answered live")


def numbers(page: Page) -> list[str]:
    return page.locator("[data-live-open-questions] > li").evaluate_all("all => all.map(one => one.dataset.question)")


def wait_for_order(page: Page, order: str, within: float = 8) -> None:
    deadline = time.monotonic() + within
    while " ".join(numbers(page)) != order:
        assert time.monotonic() < deadline, numbers(page)
        page.wait_for_timeout(100)


def places(page: Page) -> list[float]:
    """How far down they stand, in pixels."""
    return page.locator("[data-live-open-questions] > li").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().top)"
    )


def test_nothing_is_sorted_under_a_pointer_or_a_focus(server: Server, cast: Cast, room: Room, browse: Browse) -> None:
    one, two, three = (ask_question(room, by=cast.fay, body=f"Number {n}?") for n in range(1, 4))
    bob = come(browse(cast.bob), room)
    sort = bob.get_by_role("button", name="Sort by votes")
    expect(sort).to_be_hidden()
    vote_for(three, by=cast.bob)
    wait_for_order(bob, "3 1 2")  # nobody is there

    bob.locator("[data-live-open-questions]").hover()
    before = places(bob)
    settle(one, Question.State.ANSWERED)
    settle(two, Question.State.ANSWERING)
    expect(sort).to_be_visible()
    expect(entry(bob, 1)).to_contain_text("Answered live")
    bob.wait_for_timeout(4_000)
    assert numbers(bob) == ["3", "1", "2"]
    assert places(bob) == before
    sort.click()
    assert numbers(bob) == ["2", "3"]
    expect(sort).to_be_hidden()
    expect(bob.locator("[data-live-question-lists]")).to_be_focused()
    expect(bob.locator("[data-live-dealt-count]")).to_have_text("1")

    bob.mouse.move(5, 5)
    entry(bob, 3).get_by_role("button").focus()
    settle(two, Question.State.WAITING)
    expect(sort).to_be_visible()
    assert numbers(bob) == ["2", "3"]
    bob.get_by_label("Your message").focus()
    wait_for_order(bob, "3 2")


def test_new_questions_out_of_sight_are_offered_and_the_page_stays_short(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    change(room, allows_unnamed=True)
    Question.objects.bulk_create(
        Question(
            room=room, number=n, author=cast.fay, body=f"Question {n} about something in the session?", votes=60 - n
        )
        for n in range(1, 31)
    )
    change(room, last_question=30)
    for width in (1280, 375):
        bob = come(browse(cast.bob, width=width), room)
        before = places(bob)[:30]
        asked = ask_question(room, by=cast.fay, body=f"A new one at {width}?")
        news = bob.get_by_role("button", name="1 new question")
        expect(news).to_be_visible()
        assert places(bob)[:30] == before
        tall = bob.evaluate("document.documentElement.scrollHeight")
        assert tall < (1_700 if width == 1280 else 2_500)
        assert bob.evaluate("document.documentElement.scrollWidth") <= width
        axe(bob)
        news.click()
        expect(entry(bob, asked.number or 0)).to_be_in_viewport()
        expect(entry(bob, asked.number or 0)).to_be_focused()
        expect(news).to_be_hidden()
        assert numbers(bob)[0] == "1"


def test_a_held_question_is_its_askers_alone_until_it_is_published(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    change(room, holds_questions=True)
    bob, fay = come(browse(cast.bob), room), come(browse(cast.fay), room)
    ask(bob, "May I ask this?", without_name=True)
    expect(bob.locator("[data-live-asked]")).to_have_text("Your question waits for the host to publish it.")
    own = bob.locator("[data-live-own-questions]")
    expect(own).to_contain_text("May I ask this?")
    expect(own).to_contain_text("Waiting to be published")
    axe(bob)
    ask(bob, "Or this?", without_name=True)
    expect(own).to_contain_text("Or this?")
    settle(Question.objects.get(body="Or this?"), Question.State.REFUSED, reason="Asked before")
    settle(Question.objects.get(body="May I ask this?"), Question.State.WAITING)
    expect(texts(fay)).to_have_text(["May I ask this?"])
    expect(entry(fay, 1)).not_to_contain_text("Bob")
    expect(own).not_to_contain_text("May I ask this?")
    expect(own).to_contain_text("Asked before")
    expect(entry(bob, 1)).to_contain_text("You asked this")


def test_what_is_asked_into_an_outage_is_kept_and_asked_once(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob = come(browse(cast.bob), room)
    server.kill()
    ask(bob, "Is anybody there?", without_name=True)
    expect(bob.locator("[data-live-ask-error]")).to_contain_text("Not asked.", timeout=12_000)
    expect(bob.get_by_label("Your question")).to_have_value("Is anybody there?")
    server.start()
    expect(bob.locator("[data-live-status]")).to_contain_text("Connected", timeout=20_000)
    bob.reload()
    expect(bob.locator("[data-live-status]")).to_contain_text("Connected")
    expect(bob.get_by_label("Your question")).to_have_value("Is anybody there?")
    expect(bob.get_by_label("Ask without my name")).to_be_checked()
    bob.get_by_role("button", name="Ask", exact=True).dblclick()
    expect(texts(bob)).to_have_text(["Is anybody there?"])
    bob.wait_for_timeout(500)
    assert Question.objects.get().unnamed_as


def test_who_asks_again_before_the_first_has_arrived_asks_both(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob = come(browse(cast.bob), room)
    assert server.process
    server.process.send_signal(signal.SIGSTOP)
    ask(bob, "What did it cost?")
    ask(bob, "Who keeps the data?")
    server.process.send_signal(signal.SIGCONT)
    expect(texts(bob)).to_have_text(["What did it cost?", "Who keeps the data?"])
    expect(bob.get_by_label("Your question")).to_have_value("")


def test_beside_a_question_stands_once_what_to_leave_out(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob = browse(cast.bob, javascript=False)
    bob.goto(f"/rooms/{room.pk}/")
    expect(bob.locator("[data-live-ask-form] .app-advice")).to_have_count(1)


def test_where_no_socket_gets_through_one_asks_and_votes_by_plain_requests(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    ask_question(room, by=cast.fay, body="What did it cost?")
    bob = browse(cast.bob)
    bob.add_init_script(NO_SOCKETS)
    come(bob, room)
    entry(bob, 1).get_by_role("button").click()
    expect(entry(bob, 1).locator("[data-live-votes]")).to_have_text("1 person wants to know this", timeout=5_000)
    ask(bob, "And with training?")
    expect(entry(bob, 2)).to_contain_text("You asked this")


def test_whoever_takes_no_questions_takes_the_form_and_not_what_was_typed(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob, fay = come(browse(cast.bob), room), come(browse(cast.fay), room)
    bob.get_by_text("Ask a question", exact=True).click()
    bob.get_by_label("Your question").fill("A thought")
    change(room, takes_questions=False)
    expect(fay.get_by_text("The host takes no questions at the moment.")).to_be_visible()
    expect(fay.get_by_text("Ask a question", exact=True)).to_be_hidden()
    expect(bob.get_by_text("The host takes no questions at the moment.")).to_be_visible()
    bob.get_by_role("button", name="Ask", exact=True).click()
    expect(bob.locator("[data-live-ask-error]")).to_contain_text("The host takes no questions at the moment.")
    expect(bob.get_by_label("Your question")).to_have_value("A thought")
    change(room, takes_questions=True)
    expect(fay.get_by_text("Ask a question", exact=True)).to_be_visible()


# Who asks without a name


def test_no_frame_says_who_asked_without_a_name(server: Server, cast: Cast, room: Room) -> None:
    """By a socket and without one, to everybody in the room, while it happens and when they come later."""
    council = Organisation.objects.create(
        name="Quibbleshire County Council", short_name="Quibbleshire", slug="quibbleshire", la_code="XQB", kind="county"
    )
    asker = Member.objects.create_user(
        "quentin@quibbleshire.example.org", id=918_273_645, name="Quentin Quibble", organisation=council
    )
    now = timezone.now()
    Membership.objects.create(
        member=asker, network=cast.practitioners, state="active", joined_at=now, read_before=now, requested_at=now
    )
    add_councils(cast.practitioners, "county")
    add_councils(cast.practitioners, "unitary")  # and others, or "an officer" would be somebody
    RoomRole.objects.create(room=room, member=cast.bob, role="host")
    RoomRole.objects.create(room=room, member=cast.olga, role="speaker")
    readers = (cast.bob, cast.olga, cast.fay)
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    with Visitor(server, room, asker) as quentin, Visitor(server, room, cast.olga) as live:
        quentin.hello(room, 0)
        welcome = live.hello(room, 0)
        quentin.tell({"t": "ask", "c": first, "b": "Is it worth it?", "anon": True})
        assert quentin.wait_for("ok", "err", c=first)["t"] == "ok"
        poller = Poller(server, room, asker)
        assert poller.post({"t": "ask", "c": second, "b": "And now?", "anon": True}).json()["t"] == "ok"
        live.tell({"t": "vote", "c": str(uuid.uuid4()), "q": 1, "on": True})
        settle(Question.objects.get(number=1), Question.State.ANSWERING)
        settle(Question.objects.get(number=2), Question.State.REFUSED, reason="Asked before")
        live.wait_for_event(4)
        live.wait_for("st", within=5)
        told = [json.dumps([welcome, live.events, live.answers])]
    room.refresh_from_db()
    for reader in readers:
        with Visitor(server, room, reader) as late:
            told.append(json.dumps(late.hello(room, 0)))
            late.wait_for_event(4)
            told.append(json.dumps([late.events, late.answers]))
        told.append(Poller(server, room, reader).get(0, now="1").text)
        told.append(Poller(server, room, reader).get(3, now="1").text)
    assert all("An officer at a county council" in words for words in told[2::4])
    for words in told:
        assert "Is it worth it?" in words or '"s": 1' not in words
        for sign in ("quentin", "quibble", "918273645", first, second):
            assert sign not in words.lower()
    assert "And now?" not in told[-2]
