"""Polls in a live session: a host makes and opens them, members vote with a script and without one, on a phone and by
keyboard, the server is killed in the middle, and everybody sees the results when they may."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from forums.actions.poll_votes import choose
from forums.actions.polls import PollWords, close_poll, make_poll, open_poll
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import close_room, schedule_room
from forums.models import Poll, PollOption, PollVote, Room
from forums.models.poll import shares_of
from network.models import Member, Membership
from tests.cast import Cast
from tests.journeys.conftest import Browse, Server
from tests.journeys.keyboard import press, tab_to
from tests.journeys.sockets import Visitor

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


@pytest.fixture
def room(server: Server, cast: Cast) -> Room:
    now = timezone.now()
    times = {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(hours=1)}
    return schedule_room(cast.practitioners, title="Clinic", by=None, **times)


def opened(room: Room, by: Member, **more: object) -> Poll:
    words = {"title": "Which first?", "options": ["Planning", "Care", "Waste"], "smallest": 1} | more
    return open_poll(make_poll(room, PollWords(**words), by=by), by=by)  # type: ignore[arg-type]


def belongs(cast: Cast, *members: Member) -> None:
    now = timezone.now()
    for member in members:
        Membership.objects.filter(member=member, network=cast.practitioners).delete()
        Membership.objects.create(
            member=member, network=cast.practitioners, state="active", joined_at=now, read_before=now
        )


def options(poll: Poll) -> list[int]:
    return list(PollOption.objects.filter(poll=poll).order_by("order").values_list("pk", flat=True))


def poll_on(page: Page, title: str) -> Locator:
    return page.locator(".app-poll").filter(has=page.get_by_text(title, exact=True).first)


def figures(poll: Locator) -> list[str]:
    """The rows of the table, as somebody reads them."""
    rows = poll.locator("tbody tr")
    return [" ".join(text.split()) for text in rows.all_inner_texts()]


def enter(page: Page, room: Room) -> None:
    page.goto(room.get_absolute_url())
    expect(page.locator("[data-live-status]")).to_contain_text("Connected")


def test_a_poll_from_making_to_results(server: Server, browse: Browse, cast: Cast, room: Room, axe: Axe) -> None:
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    belongs(cast, cast.olga, cast.amir)
    wall = browse(cast.olga)
    wall.goto(f"{room.get_absolute_url()}projector/")
    host, member, phone = browse(cast.bob), browse(cast.fay), browse(cast.amir, javascript=False, width=375)
    enter(member, room)
    enter(host, room)
    host.get_by_role("link", name="Make and open polls").click()
    host.get_by_role("button", name="Make a poll").click()
    axe(host)
    host.get_by_label("What does the poll ask?").fill("Which first?")
    host.get_by_label("Which answers can people choose?").fill("Planning")
    host.get_by_role("button", name="Keep it for later").click()
    expect(host.locator(".govuk-error-message")).to_contain_text("Enter at least 2 answers")
    axe(host)
    host.get_by_label("Which answers can people choose?").fill("Planning\nCare\nWaste")
    host.get_by_label("How many people have to vote").fill("2")
    host.get_by_role("button", name="Keep it for later").click()
    axe(host)
    expect(member.locator("[data-poll]")).to_have_count(0)

    host.get_by_role("button", name="Open the poll").click()

    poll = poll_on(member, "Which first?")
    expect(poll).to_be_visible()
    expect(member.locator("[data-live-announcer]")).to_have_text("A poll has opened: Which first?")
    expect(member.get_by_role("link", name="A poll is open")).to_be_visible()
    assert member.evaluate("document.activeElement === document.body")
    axe(member)
    poll.get_by_label("Care").check()
    poll.get_by_role("button", name="Vote").click()
    expect(poll.get_by_role("status")).to_have_text(
        "Your vote is counted. You can change it for as long as the poll is open."
    )
    expect(poll.get_by_role("button", name="Change your vote")).to_be_visible()
    expect(poll.locator("[data-poll-voters]")).to_have_text("1 person has voted")
    expect(poll.locator("[data-poll-why]")).to_have_text("The results show once 2 people have voted.")
    assert poll.locator("[data-poll-figures]").count() == 0

    phone.goto(room.get_absolute_url())
    axe(phone)
    phone.get_by_role("link", name="A poll is open").click()
    phone.get_by_role("button", name="Vote").click()
    expect(phone.locator(".govuk-error-message")).to_have_text("Error: Choose an answer")
    axe(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375
    phone.get_by_label("Planning").check()
    phone.get_by_role("button", name="Vote").click()
    expect(phone).to_have_url(f"{server.url}{room.get_absolute_url()}#poll-{Poll.objects.get().pk}")
    expect(phone.get_by_label("Planning")).to_be_checked()
    shown = ["Planning Your answer 1 50%", "Care 1 50%", "Waste 0 0%"]
    assert figures(poll_on(phone, "Which first?")) == shown
    axe(phone)
    # Those who have voted see the results by and by, and at once when they come back.
    enter(member, room)
    expect(poll.locator("tbody tr")).to_have_count(3)
    assert figures(poll) == ["Planning 1 50%", "Care Your answer 1 50%", "Waste 0 0%"]
    late = browse(cast.olga)
    enter(late, room)
    expect(poll_on(late, "Which first?").locator("[data-poll-why]")).to_have_text(
        "You see the results once you have voted."
    )
    assert "50%" not in late.content()

    expect(wall.get_by_role("heading", name="Which first?")).to_be_visible()
    expect(wall.get_by_text("2 people have voted")).to_be_visible()
    assert "50%" not in wall.content()
    axe(wall)

    host.get_by_role("button", name="Close the poll").click()

    expect(wall.locator("tbody tr")).to_have_count(3)
    assert figures(wall.locator(".app-poll"))[0] == "Planning 1 50%"
    axe(wall)
    for page in (member, late):
        ended = poll_on(page, "Which first?")
        expect(ended.locator("tbody tr")).to_have_count(3)
        expect(ended.get_by_text("Closed", exact=True)).to_be_visible()
        expect(ended.locator("[data-poll-form]")).to_have_count(0)
        expect(page.locator("[data-live-announcer]")).to_have_text("A poll has closed: Which first?")
        axe(page)
    assert figures(poll) == ["Planning 1 50%", "Care Your answer 1 50%", "Waste 0 0%"]
    assert figures(poll_on(late, "Which first?")) == ["Planning 1 50%", "Care 1 50%", "Waste 0 0%"]
    host.reload()
    assert figures(poll_on(host, "Which first?")) == ["Planning 1 50%", "Care 1 50%", "Waste 0 0%"]
    axe(host)
    late.emulate_media(forced_colors="active")
    fills = [late.locator(f".app-poll__{part}").first for part in ("ground", "amount")]
    assert len({fill.evaluate("(bar) => getComputedStyle(bar).fill") for fill in fills}) == 2


@pytest.mark.slow
def test_results_come_by_and_by_to_whoever_has_voted(browse: Browse, cast: Cast, room: Room) -> None:
    belongs(cast, cast.olga)
    poll = opened(room, cast.fay, smallest=2)
    page = browse(cast.bob)
    enter(page, room)
    shown = poll_on(page, "Which first?")
    shown.get_by_label("Care").check()
    shown.get_by_role("button", name="Vote").click()
    expect(shown.locator("[data-poll-why]")).to_have_text("The results show once 2 people have voted.")
    choose(poll, options(poll)[:1], by=cast.olga)
    # Within the ten seconds and the jitter.
    expect(shown.locator("tbody tr")).to_have_count(3, timeout=20_000)
    assert figures(shown) == ["Planning 1 50%", "Care Your answer 1 50%", "Waste 0 0%"]


def test_counts_that_everybody_sees_change_in_place_as_the_server_would_draw_them(
    browse: Browse, cast: Cast, room: Room
) -> None:
    belongs(cast, cast.olga, cast.amir)
    poll = opened(room, cast.fay, results="always", is_multiple=True)
    planning, care, waste = options(poll)
    page = browse(cast.bob)
    enter(page, room)
    choose(poll, [planning, care], by=cast.olga)
    choose(poll, [planning], by=cast.amir)
    choose(poll, [planning, waste], by=cast.fay)
    shown = poll_on(page, "Which first?")

    expect(shown.locator("[data-poll-voters]")).to_have_text("3 people have voted")
    in_place = figures(shown)
    bars = [bar.get_attribute("width") for bar in shown.locator("[data-poll-bar]").all()]
    page.reload()

    assert in_place == ["Planning 3 100%", "Care 1 33%", "Waste 1 33%"] == figures(shown)
    assert bars == ["100", "33", "33"] == [bar.get_attribute("width") for bar in shown.locator("[data-poll-bar]").all()]
    expect(shown.get_by_text("People could choose several answers")).to_be_visible()


def test_the_browser_and_the_server_reckon_alike(browse: Browse, cast: Cast, room: Room) -> None:
    page = browse(cast.bob)
    enter(page, room)
    module = page.evaluate(
        "() => performance.getEntriesByType('resource').map(({ name }) => name).find((name) => /live.polls/.test(name))"
    )
    dice = random.Random(11)
    cases = []
    for _ in range(300):
        votes = [dice.choice((0, 1, 2, dice.randint(0, 2_000))) for _ in range(dice.randint(2, 10))]
        is_multiple = dice.random() < 0.5
        voters = dice.randint(max(votes), sum(votes) + 1) if is_multiple else sum(votes)
        cases.append([votes, voters, is_multiple])

    shares = page.evaluate(
        "async ([module, cases]) => { const { sharesOf } = await import(module); "
        "return cases.map((one) => sharesOf(...one)); }",
        [module, cases],
    )

    assert shares == [shares_of(votes, voters, is_multiple=many) for votes, voters, many in cases]  # type: ignore[arg-type]


def test_voting_by_keyboard_alone_keeps_the_focus_where_it_is(browse: Browse, cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay, results="always")
    page = browse(cast.bob)
    enter(page, room)
    shown = poll_on(page, "Which first?")
    tab_to(page, shown.get_by_label("Planning"))
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    press(page, shown.get_by_role("button", name="Vote"))
    expect(shown.get_by_role("status")).to_contain_text("Your vote is counted")
    expect(shown.get_by_role("button", name="Change your vote")).to_be_focused()
    choose(poll, options(poll)[:1], by=cast.fay)
    expect(shown.locator("[data-poll-voters]")).to_have_text("2 people have voted")
    expect(shown.get_by_role("button", name="Change your vote")).to_be_focused()
    assert figures(shown) == ["Planning 1 50%", "Care Your answer 1 50%", "Waste 0 0%"]

    opened(room, cast.fay, title="And then?")
    expect(poll_on(page, "And then?")).to_be_visible()
    expect(shown.get_by_role("button", name="Change your vote")).to_be_focused()

    close_poll(poll, by=cast.fay)
    # The button has gone: the poll itself takes whoever stood on it.
    expect(shown).to_be_focused()
    expect(page.locator("[data-poll]").first.get_by_text("Closed", exact=True)).to_be_visible()


def test_a_choice_that_came_too_late_is_said_and_not_lost(browse: Browse, cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    choose(poll, options(poll)[:1], by=cast.fay)
    page = browse(cast.bob)
    enter(page, room)
    shown = poll_on(page, "Which first?")
    shown.get_by_label("Waste").check()

    close_poll(poll, by=cast.fay)

    expect(shown.get_by_role("status")).to_have_text("The poll closed before you voted. You had chosen: Waste.")
    expect(shown.locator("tbody tr")).to_have_count(3)


def test_the_end_of_the_session_ends_its_polls_for_whoever_is_there(browse: Browse, cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay, results="closed")
    choose(poll, options(poll)[:1], by=cast.bob)
    page = browse(cast.bob)
    enter(page, room)
    shown = poll_on(page, "Which first?")
    expect(shown.locator("[data-poll-form]")).to_be_visible()

    close_room(room, by=cast.fay)

    expect(shown.get_by_role("status")).to_have_text("This session is over, so the voting is too.")
    expect(shown.locator("tbody tr")).to_have_count(3, timeout=15_000)
    assert figures(shown)[0] == "Planning Your answer 1 100%"


@pytest.mark.slow
def test_votes_that_were_acknowledged_outlive_a_killed_server(
    server: Server, browse: Browse, cast: Cast, room: Room
) -> None:
    belongs(cast, cast.olga)
    poll = opened(room, cast.fay, results="always")
    first, second, _ = options(poll)
    page = browse(cast.olga)
    enter(page, room)
    with Visitor(server, room, cast.bob) as bob, Visitor(server, room, cast.fay) as fay:
        for visitor, option in ((bob, first), (fay, second)):
            visitor.hello()
            name = str(uuid.uuid4())
            visitor.tell({"t": "poll", "c": name, "p": poll.pk, "o": [option]})
            assert visitor.wait_for("ok", "err", c=name)["t"] == "ok"
        server.kill()

    assert set(PollVote.objects.values_list("member", "option")) == {(cast.bob.pk, first), (cast.fay.pk, second)}
    shown = poll_on(page, "Which first?")
    expect(page.locator("[data-live-status]")).to_contain_text("Connection lost")
    shown.get_by_label("Waste").check()
    shown.get_by_role("button", name="Vote").click()
    expect(shown.get_by_role("status")).to_have_text("The connection is lost. Try again in a moment.")
    server.start()
    expect(page.locator("[data-live-status]")).to_contain_text("Connected", timeout=30_000)
    expect(shown.get_by_label("Waste")).to_be_checked()
    shown.get_by_role("button", name="Vote").click()
    expect(shown.locator("[data-poll-voters]")).to_have_text("3 people have voted")
    assert figures(shown) == ["Planning 1 34%", "Care 1 33%", "Waste Your answer 1 33%"]


def test_what_a_socket_is_told_before_it_may_know_holds_no_count(server: Server, cast: Cast, room: Room) -> None:
    """The frames as they come, from the welcome to the closing."""
    poll = opened(room, cast.fay, results="voted", smallest=2)
    first = options(poll)[0]
    with Visitor(server, room, cast.bob) as bob:
        welcome = bob.hello(room, since=0)
        bob.wait_for_event(1)
        for member in (cast.fay, cast.bob):
            choose(poll, [first], by=member)
        state = bob.wait_for("st", within=5)
        while "p" not in state["d"] or state["d"]["p"][str(poll.pk)]["n"] < 2:
            state = bob.wait_for("st", within=5)
        assert state["d"]["p"] == {str(poll.pk): {"n": 2}}
        assert "data-poll-votes" not in json.dumps([welcome, bob.events])
        refused = str(uuid.uuid4())
        close_poll(poll, by=cast.fay)
        bob.tell({"t": "poll", "c": refused, "p": poll.pk, "o": [first]})
        answer = bob.wait_for("ok", "err", c=refused)
        assert "This poll has closed" in answer["words"]
        deadline = time.monotonic() + 5
        while "o" not in state["d"].get("p", {}).get(str(poll.pk), {}):
            state = bob.wait_for("st", within=deadline - time.monotonic())
        assert state["d"]["p"][str(poll.pk)]["o"][str(first)] == 2
