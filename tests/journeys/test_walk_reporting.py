"""Something is reported by a member and by somebody without an account, a facilitator decides, its author appeals and
another facilitator answers: without scripts on a small screen, and with them on a large one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from forums.actions.posts import reply
from forums.actions.questions import ask_question
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.models import Post, Room
from network.models import Membership
from tests.cast import Cast, make_cast
from tests.forums.uploads import picture
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


@pytest.fixture
def cast(server: Server) -> Cast:
    cast = make_cast()
    Membership.objects.filter(network=cast.ai, member__in=[cast.olga, cast.lena]).delete()
    now = Membership.objects.get(network=cast.ai, member=cast.bob).joined_at
    for member, role in ((cast.olga, "member"), (cast.lena, "facilitator")):
        Membership.objects.create(network=cast.ai, member=member, state="active", role=role, joined_at=now)
    return cast


@pytest.fixture
def post(cast: Cast) -> Post:
    thread = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Minutes", source="Who drafts them?")
    post = reply(thread, by=cast.bob, source="Scribbler did ours for 12,000 pounds a year.")
    reply(thread, by=cast.fay, source="Thank you.")
    return post


def fits(page: Page) -> bool:
    narrow: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return narrow


@pytest.mark.parametrize(("javascript", "width"), [(False, 320), (True, 1280)])
def test_from_a_report_to_the_answer_of_an_appeal(
    cast: Cast, post: Post, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    def looks_right(page: Page) -> None:
        axe(page)
        assert fits(page)

    stranger = browse(javascript=javascript, width=width)
    stranger.goto("/networks/ai/")
    stranger.get_by_role("link", name="Report something").click()
    stranger.get_by_role("button", name="Report", exact=True).click()
    looks_right(stranger)
    stranger.get_by_role("alert").get_by_role("link", name="Enter the address of the page").click()
    stranger.get_by_label("Where is it?").fill(post.get_absolute_url())
    stranger.get_by_label("It may be against the law").check()
    stranger.get_by_label("Your email address (optional)").fill("stranger@example.org")
    stranger.get_by_role("button", name="Report", exact=True).click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Thank you for your report")
    looks_right(stranger)
    assert stranger.context.cookies() == []

    olga = browse(cast.olga, javascript=javascript, width=width)
    olga.goto(post.thread.get_absolute_url())
    olga.get_by_text("More about post 2").click()
    olga.get_by_role("link", name="Report post 2").click()
    olga.get_by_label("It names a supplier's prices").check()
    olga.get_by_label("What should we know?").fill("That was said in confidence")
    looks_right(olga)
    olga.get_by_role("button", name="Report", exact=True).click()
    expect(olga.get_by_role("alert")).to_contain_text("Thank you.")

    fay = browse(cast.fay, javascript=javascript, width=width)
    fay.goto("/networks/ai/requests/")
    fay.get_by_role("navigation", name="For facilitators").get_by_role("link", name="Reports 1 waiting").click()
    looks_right(fay)
    fay.get_by_role("link", name="Post 2 in “Minutes”").click()
    looks_right(fay)
    fay.get_by_role("button", name="I am looking at this").click()
    fay.get_by_label("Note for those who look after reports").fill("Olga is right")
    fay.get_by_role("button", name="Keep the note").click()
    expect(fay.get_by_role("region", name="Notes")).to_contain_text("Olga is right")
    fay.get_by_label("Hide it, and tell its author why").check()
    fay.get_by_role("button", name="Decide").click()
    fay.get_by_role("alert").get_by_role("link", name="Enter why you are hiding it").click()
    fay.get_by_label("Why are you hiding it?").fill("It names the price of a supplier")
    looks_right(fay)
    fay.get_by_role("button", name="Decide").click()
    expect(fay.get_by_text("Nothing waits")).to_be_visible()

    bob = browse(cast.bob, javascript=javascript, width=width)
    bob.goto(post.thread.get_absolute_url())
    bob.get_by_role("link", name="See why in post 2").click()
    bob.get_by_role("link", name="Appeal against this").click()
    expect(bob.get_by_role("main")).to_contain_text("It is read by another facilitator of the AI Network")
    bob.get_by_label("Why should it be shown?").fill("The price is in the contracts register")
    looks_right(bob)
    bob.get_by_role("button", name="Appeal").click()

    lena = browse(cast.lena, javascript=javascript, width=width)
    lena.goto("/networks/ai/reports/")
    lena.get_by_role("link", name="Post 2 in “Minutes”").click()
    lena.get_by_label("Show it again").check()
    lena.get_by_label("Your answer").fill("It is public")
    looks_right(lena)
    lena.get_by_role("button", name="Answer the appeal").click()

    bob.reload()
    expect(bob.get_by_role("main")).to_contain_text("It is public")
    looks_right(bob)
    olga.goto("/notices/")
    expect(olga.get_by_role("main")).to_contain_text("You reported a post.")
    olga.goto(post.thread.get_absolute_url())
    expect(olga.get_by_role("article", name="Post 2 by Bob Belongs")).to_contain_text("12,000 pounds")


@pytest.mark.parametrize(("javascript", "width"), [(False, 320), (True, 1280)])
def test_the_picture_of_a_profile_that_was_reported_is_seen_by_who_decides_after_it_was_taken_away(
    cast: Cast, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    bob = browse(cast.bob, javascript=javascript, width=width)
    bob.goto("/profile/picture/")
    painted = {"name": "me.png", "mimeType": "image/png", "buffer": picture(size=(400, 400))}
    bob.get_by_label("Choose a picture").set_input_files(painted)  # type: ignore[arg-type]
    bob.get_by_label("Describe the picture").fill("Bob with a rude sign")
    bob.get_by_role("button", name="Save").click()

    olga = browse(cast.olga, javascript=javascript, width=width)
    olga.goto(f"/people/{cast.bob.pk}/")
    olga.get_by_role("link", name="Report this profile").click()
    olga.get_by_label("It is unkind or abusive").check()
    olga.get_by_role("button", name="Report", exact=True).click()

    bob.goto("/profile/picture/")
    bob.get_by_role("button", name="Remove this picture").click()

    fay = browse(cast.fay, javascript=javascript, width=width)
    fay.goto("/networks/ai/reports/")
    fay.get_by_role("link", name="The profile of Bob Belongs").click()
    kept = fay.get_by_role("img", name="Bob with a rude sign")
    expect(kept).to_be_visible()
    expect(kept).to_have_js_property("naturalWidth", 320)
    expect(fay.get_by_role("main")).to_contain_text("It has been taken away or replaced since.")
    axe(fay)
    assert fits(fay)


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    hours = {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(hours=1)}
    room = schedule_room(cast.ai, title="Clinic", by=None, **hours)
    Room.objects.filter(pk=room.pk).update(allows_unnamed=True)
    room.refresh_from_db()
    return room


@pytest.mark.parametrize(("javascript", "width"), [(False, 320), (True, 1280)])
def test_a_question_without_a_name_from_a_report_to_the_answer_of_an_appeal(
    cast: Cast, room: Room, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    def looks_right(page: Page) -> None:
        axe(page)
        assert fits(page)

    def as_it_is_now(page: Page) -> None:
        if not javascript:
            page.reload()

    ask_question(room, by=cast.fay, body="When is the next one?")
    olga = browse(cast.olga, javascript=javascript, width=width)
    olga.goto(room.get_absolute_url())
    if javascript:
        expect(olga.locator("[data-live-status]")).to_contain_text("Connected")
    asked = ask_question(room, by=cast.bob, body="Why does Scribbler cost us 12,000 pounds?", is_unnamed=True)
    as_it_is_now(olga)
    entry = olga.locator('[data-question="2"]')
    expect(entry.locator(".app-question__text")).to_contain_text("12,000 pounds", timeout=3_000)
    looks_right(olga)
    report = browse(cast.olga, javascript=javascript, width=width)
    report.goto(room.get_absolute_url())
    at_once = entry.get_by_role("link", name="Report question 2")
    assert at_once.get_attribute("href") == f"{asked.get_absolute_url()}report/"
    report.get_by_role("link", name="Report question 2").click()
    report.get_by_label("It names a supplier's prices").check()
    looks_right(report)
    report.get_by_role("button", name="Report", exact=True).click()
    expect(report.get_by_role("alert")).to_contain_text("Thank you.")

    fay = browse(cast.fay, javascript=javascript, width=width)
    fay.goto("/networks/ai/reports/")
    fay.get_by_role("link", name="Question 2 in “Clinic”").click()
    expect(fay.get_by_role("main")).to_contain_text("When is the next one?")
    expect(fay.get_by_role("main")).not_to_contain_text("Bob")
    looks_right(fay)
    fay.get_by_label("Hide it, and tell its author why").check()
    fay.get_by_label("Why are you hiding it?").fill("It names the price of a supplier")
    fay.get_by_role("button", name="Decide").click()
    expect(fay.get_by_text("Nothing waits")).to_be_visible()

    as_it_is_now(olga)
    expect(entry.locator(".app-question__text")).to_have_text("Not published", timeout=2_000)
    expect(entry.get_by_role("link", name="Report question 2")).to_be_hidden()
    looks_right(olga)

    bob = browse(cast.bob, javascript=javascript, width=width)
    bob.goto("/notices/")
    bob.get_by_role("main").get_by_role("button", name="Your question in “Clinic” is not published").click()
    looks_right(bob)
    bob.get_by_role("link", name="Appeal against this").click()
    bob.get_by_label("Why should it be shown?").fill("The price is in the contracts register")
    looks_right(bob)
    bob.get_by_role("button", name="Appeal").click()

    lena = browse(cast.lena, javascript=javascript, width=width)
    lena.goto("/networks/ai/reports/")
    lena.get_by_role("link", name="Question 2 in “Clinic”").click()
    expect(lena.get_by_role("region", name="The appeal")).to_contain_text("Whoever asked it wrote")
    expect(lena.get_by_role("main")).not_to_contain_text("Bob")
    lena.get_by_label("Show it again").check()
    lena.get_by_label("Your answer").fill("It is public")
    looks_right(lena)
    lena.get_by_role("button", name="Answer the appeal").click()

    as_it_is_now(olga)
    expect(entry.locator(".app-question__text")).to_contain_text("12,000 pounds", timeout=2_000)
    expect(entry.get_by_role("link", name="Report question 2")).to_be_visible()
    lena.goto(f"/rooms/{room.pk}/host/questions/{asked.uid}/asker/")
    lena.get_by_role("button", name="Show who asked").click()
    expect(lena.get_by_role("main")).to_contain_text("Bob Belongs")
