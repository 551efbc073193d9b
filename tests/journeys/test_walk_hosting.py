"""A host in charge of a session: the screen by keyboard, on a tablet and without scripts; two hosts at once; and the
projector."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from forums.actions.hosting import begin_answering, refuse_question
from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.models import Poll, PollOption, Question, Room
from network.actions.membership import leave_network
from network.models import Member, Membership, Organisation
from tests.cast import Cast, add_councils
from tests.journeys.conftest import Browse, Server
from tests.journeys.keyboard import tab_to
from tests.journeys.sockets import Visitor

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


@pytest.fixture
def room(server: Server, cast: Cast) -> Room:
    now = timezone.now()
    room = schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(minutes=20),
        closes_at=now + timedelta(minutes=42),
        by=None,
    )
    Room.objects.filter(pk=room.pk).update(allows_unnamed=True)
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    return Room.objects.select_related("network").get(pk=room.pk)


@pytest.fixture
def other_server(server: Server, tmp_path: Path) -> Iterator[Server]:
    """A second process on the same database, on uvicorn."""
    other = Server(tmp_path, "uvicorn")
    other.start()
    yield other
    other.stop()


@pytest.fixture
def yan(room: Room, cast: Cast) -> Member:
    """Asks; neither hosts nor facilitates."""
    add_councils(cast.practitioners, "county")
    Organisation.objects.filter(pk=cast.council.pk).update(kind="county")
    cast.council.refresh_from_db()
    member = Member.objects.create_user("yan@exampleshire.example.org", name="Yan Yields", organisation=cast.council)
    Membership.objects.create(
        member=member, network=cast.practitioners, state=Membership.State.ACTIVE, joined_at=timezone.now()
    )
    return member


@pytest.fixture
def questions(room: Room, cast: Cast, yan: Member) -> list[Question]:
    asked = [
        ask_question(room, by=yan, body=body, is_unnamed=number == 2)
        for number, body in enumerate(("How did you buy it?", "Who keeps the data?", "Was it worth it?"))
    ]
    for voter in (cast.bob, cast.fay):
        vote_for(asked[1], by=voter)
    vote_for(asked[2], by=cast.fay)
    return asked


def look(page: Page, name: str) -> None:
    """Pictures for whoever works on the screen: GUILDHALL_PICTURES names the folder."""
    if folder := os.environ.get("GUILDHALL_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def no_wider(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


def waiting(page: Page) -> list[str]:
    return page.locator("[data-host-list=waiting] .app-host-question__text").all_text_contents()


def test_a_host_answers_by_keyboard_alone(
    browse: Browse, axe: Axe, cast: Cast, room: Room, yan: Member, questions: list[Question]
) -> None:
    page = browse(cast.bob)
    page.goto(f"/rooms/{room.pk}/host/")
    expect(page.locator("[data-live-status]")).to_contain_text("Connected")
    assert waiting(page) == ["Who keeps the data?", "Was it worth it?", "How did you buy it?"]
    expect(page.locator("[data-host-left]")).to_contain_text("minutes")
    look(page, "host-1280")
    axe(page)

    # Single keys do nothing anywhere else.
    page.locator("h1").click()
    page.keyboard.press("a")
    first = page.locator("[data-host-list=waiting] > li").first
    tab_to(page, first)
    page.keyboard.press("s")
    expect(page.locator("[data-host-said-here]")).to_have_text("This question is being answered.")
    expect(page.locator("[data-host-list=answering]")).to_contain_text("Who keeps the data?")
    expect(page.locator("[data-host-list=answering] > li")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("s")
    expect(page.locator("[data-host-said-here]")).to_contain_text("Question 2 counts as answered live.")
    page.keyboard.press("a")
    expect(page.locator("[data-host-open-count]")).to_have_text("1")
    expect(page.locator("[data-host-list=waiting] > li")).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator("[data-host-open-count]")).to_have_text("2")
    states = dict(Question.objects.values_list("number", "state"))
    assert states == {1: "waiting", 2: "answered", 3: "waiting"}

    # And can be switched off.
    page.get_by_text("Keys", exact=True).click()
    page.get_by_label("Use single keys").uncheck()
    page.locator("[data-host-list=waiting] > li").first.focus()
    page.keyboard.press("a")
    page.wait_for_timeout(500)
    assert Question.objects.filter(state="answered").count() == 1
    look(page, "host-after-1280")
    axe(page)


def test_what_others_do_comes_by_itself_and_nothing_moves_under_the_pointer(
    browse: Browse, cast: Cast, room: Room, yan: Member, questions: list[Question]
) -> None:
    page = browse(cast.bob)
    page.goto(f"/rooms/{room.pk}/host/")
    expect(page.locator("[data-live-status]")).to_contain_text("Connected")
    ask_question(room, by=yan, body="And the cost?")
    expect(page.locator("[data-host-list=waiting]")).to_contain_text("And the cost?")
    page.locator("[data-host-list=waiting] > li").first.hover()
    for voter in (cast.fay, cast.bob):
        vote_for(questions[0], by=voter)
    third = page.locator("[data-host-list=waiting] > li", has_text="How did you buy it?")
    expect(third.locator("[data-host-votes]")).to_have_text("2")
    expect(page.locator("[data-host-sort]")).to_be_visible(timeout=10_000)
    assert waiting(page)[:3] == ["Who keeps the data?", "Was it worth it?", "How did you buy it?"]
    page.locator("[data-host-sort]").click()
    expect(page.locator("[data-host-sort]")).to_be_hidden()
    assert waiting(page)[:3] == ["How did you buy it?", "Who keeps the data?", "Was it worth it?"]

    # What waits to be published has no line in the log, and comes too.
    Room.objects.filter(pk=room.pk).update(holds_questions=True)
    held = ask_question(Room.objects.select_related("network").get(pk=room.pk), by=yan, body="May I?")
    expect(page.locator("[data-host-list=held]")).to_contain_text("May I?", timeout=10_000)
    look(page, "host-held-1280")
    page.locator(f"#host-{held.uid}").get_by_role("button", name="Publish").click()
    expect(page.locator("[data-host-list=waiting]")).to_contain_text("May I?")

    # Another host was faster.
    refuse = page.locator(f"#host-{questions[2].uid}")
    page.route("**/host/board/", lambda route: route.abort())
    refuse_question(questions[2], "No", by=cast.fay)
    refuse.get_by_role("button", name="Mark as answered").click()
    expect(page.locator("[data-host-said-here]")).to_contain_text(
        "Fay Facilitates has already decided not to publish this question"
    )
    questions[2].refresh_from_db()
    assert questions[2].state == "refused"


@pytest.mark.parametrize("width", [768, 320])
def test_without_scripts_on_a_small_screen(
    browse: Browse, axe: Axe, cast: Cast, room: Room, yan: Member, questions: list[Question], width: int
) -> None:
    page = browse(cast.bob, javascript=False, width=width)
    page.goto(f"/rooms/{room.pk}/host/")
    no_wider(page)
    look(page, f"host-{width}")
    axe(page)

    def of(question: Question, name: str) -> None:
        page.locator(f"#host-{question.uid}").get_by_role("link", name=name).click()
        no_wider(page)
        axe(page)

    page.locator(f"#host-{questions[0].uid}").get_by_role("button", name="Start answering").click()
    expect(page.get_by_text("This question is being answered.")).to_be_visible()
    of(questions[0], "Answer in writing")
    page.get_by_role("button", name="Publish the answer").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the answer")
    page.get_by_label("The answer").fill("Together with the district")
    page.get_by_role("button", name="Publish the answer").click()
    of(questions[1], "Park")
    page.get_by_label("Name or email address").fill("Olga Outside")
    page.get_by_role("button", name="Park the question").click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody who can come into this room has this name")
    assert page.get_by_label("Name or email address").input_value() == "Olga Outside"
    page.get_by_label("Name or email address").fill("fay facilitates")
    look(page, f"park-{width}")
    page.get_by_role("button", name="Park the question").click()
    expect(page.get_by_text("The question is parked for Fay Facilitates, who is told.")).to_be_visible()
    of(questions[2], "Merge")
    page.get_by_label("Which question asks the same?").select_option(label="1: How did you buy it?")
    page.get_by_role("button", name="Merge").click()
    other = ask_question(room, by=yan, body="Rude")
    page.goto(f"/rooms/{room.pk}/host/")
    of(other, "Take away")
    page.get_by_label("Why is it not published?").fill("Be kind")
    page.get_by_role("button", name="Take the question away").click()
    page.get_by_role("link", name="Rules of the session").click()
    no_wider(page)
    look(page, f"rules-{width}")
    axe(page)
    page.get_by_label("People can ask questions").uncheck()
    page.get_by_label("The session is held under the Chatham House rule").check()
    page.get_by_role("button", name="Save the rules").click()
    expect(page.get_by_text("The rules are saved.")).to_be_visible()
    room.refresh_from_db()
    assert (room.takes_questions, room.is_chatham_house) == (False, True)
    states = list(Question.objects.order_by("number").values_list("state", flat=True))
    assert states == ["written", "parked", "merged", "refused"]
    page.goto(f"/rooms/{room.pk}/")
    expect(page.get_by_text("Chatham House rule")).to_be_visible()


def test_names_are_offered_while_a_host_types_one(
    browse: Browse, axe: Axe, cast: Cast, room: Room, questions: list[Question]
) -> None:
    page = browse(cast.bob)
    page.goto(f"/rooms/{room.pk}/host/questions/{questions[0].uid}/park/")
    page.get_by_label("Name or email address").press_sequentially("fa")
    expect(page.locator("#people-offered option")).to_have_count(1)
    assert page.locator("#people-offered option").get_attribute("value") == "Fay Facilitates"
    page.get_by_label("Name or email address").fill("Olga")
    expect(page.locator("#people-offered option")).to_have_count(0)


def test_the_facilitator_sees_who_asked_and_the_host_does_not(
    browse: Browse, axe: Axe, cast: Cast, room: Room, questions: list[Question]
) -> None:
    page = browse(cast.bob)
    page.goto(f"/rooms/{room.pk}/host/")
    assert "Yan" not in page.locator(f"#host-{questions[2].uid}").inner_html()
    expect(page.get_by_role("link", name="Who asked")).to_have_count(0)
    answer = page.goto(f"/rooms/{room.pk}/host/questions/{questions[2].uid}/asker/")
    assert answer
    assert answer.status == 403

    page = browse(cast.fay)
    page.goto(f"/rooms/{room.pk}/host/")
    page.get_by_role("link", name="Who asked").click()
    axe(page)
    assert "Yan" not in page.content()
    page.get_by_role("button", name="Show who asked").click()
    expect(page.get_by_role("link", name="Yan Yields")).to_be_visible()
    look(page, "asker")
    axe(page)


def test_the_projector_shows_what_it_is_about_now(
    browse: Browse, axe: Axe, cast: Cast, room: Room, yan: Member, questions: list[Question]
) -> None:
    page = browse(yan)
    page.goto(f"/rooms/{room.pk}/projector/")
    expect(page.get_by_role("heading", name="Clinic")).to_be_visible()
    page.wait_for_timeout(1_000)
    begin_answering(questions[2], by=cast.bob)
    expect(page.get_by_role("heading", name="Was it worth it?")).to_be_visible()
    expect(page.get_by_text("An officer at a county council")).to_be_visible()
    assert "Yan" not in page.content()
    look(page, "projector-1280")
    axe(page)
    poll = Poll.objects.create(room=room, title="Shall we?", state=Poll.State.OPEN, opened_at=timezone.now())
    for order, text in enumerate(("Yes", "No")):
        PollOption.objects.create(poll=poll, order=order, text=text)
    refuse_question(questions[2], "No", by=cast.bob)
    expect(page.get_by_role("heading", name="Shall we?")).to_be_visible(timeout=3_000)
    assert "Was it worth it?" not in page.content()
    look(page, "projector-poll-1280")
    leave_network(cast.practitioners, by=yan)
    expect(page.get_by_text("You can no longer see this room.")).to_be_visible(timeout=10_000)
    assert "Shall we?" not in page.content()

    plain = browse(cast.fay, javascript=False, width=320)
    plain.goto(f"/rooms/{room.pk}/projector/")
    expect(plain.get_by_role("heading", name="Shall we?")).to_be_visible()
    no_wider(plain)
    axe(plain)


def test_a_question_taken_away_leaves_in_no_frame_two_seconds_later_on_any_server(
    server: Server, other_server: Server, cast: Cast, room: Room, yan: Member
) -> None:
    with Visitor(server, room, cast.bob) as bob, Visitor(other_server, room, yan) as other:
        for visitor in (bob, other):
            visitor.hello()
        asked = ask_question(room, by=yan, body="zyzzyva", is_unnamed=True)
        begin_answering(asked, by=cast.fay)
        for visitor in (bob, other):
            visitor.wait_for_event(2)
            assert "zyzzyva" in json.dumps(visitor.events)

        refuse_question(asked, "It names a resident", by=cast.fay)

        for visitor in (bob, other):
            event = visitor.wait_for_event(3, within=2)
            assert (event["k"], event["q"]) == ("q_state", 1)
            assert "Not published" in event["h"]
            assert not {"u", "c"} & event.keys()
    for where in (server, other_server):
        with Visitor(where, room, cast.bob) as late:
            late.hello(room, since=0)
            late.wait_for_event(3)
            assert late.numbers == [1, 2, 3]
            for word in ("zyzzyva", "resident", "Yan"):
                assert word not in json.dumps(late.events)
