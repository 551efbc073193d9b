"""A member writes at length, with a toolbar, a preview and drafts, and loses nothing when they are signed out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from forums.actions.threads import start_thread
from forums.models import Draft, Practice, Thread
from network.actions.sessions import end_sessions
from tests.cast import Cast, make_cast
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser
NEW = "/networks/ai/threads/new/"


@pytest.fixture
def cast(server: Server) -> Cast:
    return make_cast()


def write(page: Page, title: str = "Who writes case notes?") -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_label("Theme").select_option("Adult social care")
    page.get_by_label("What do you want to say?").fill("We write **all** of them.")


@pytest.mark.parametrize(("javascript", "width"), [(True, 1280), (False, 320)])
def test_what_we_did_is_told_previewed_and_sent(
    cast: Cast, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Writing of case notes", source="Words")
    page = browse(cast.bob, javascript=javascript, width=width)
    page.goto(NEW)
    write(page)
    page.get_by_label("We did this").check()
    if not javascript:
        page.get_by_role("button", name="Show the form for this kind").click()
    page.get_by_label("Which tool did you use?").fill("Transcriber")
    page.get_by_label("Stopped").check()
    page.get_by_label("What came of it?").fill("It named the wrong people.")
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("region", name="Preview").locator("strong")).to_have_text("all")
    similar = page.get_by_role("region", name="Is it one of these?").get_by_role("link")
    expect(similar).to_have_text("Writing of case notes (opens in new tab)")
    expect(page.get_by_label("Which tool did you use?")).to_have_value("Transcriber")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name="Start the thread").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who writes case notes?")
    assert Practice.objects.get().outcome == "It named the wrong people."


@pytest.mark.parametrize("lost", ["every cookie", "the token"])
def test_whoever_was_signed_out_meanwhile_finds_the_form_filled(
    cast: Cast, browse: Browse, server: Server, lost: str
) -> None:
    page = browse(cast.bob, javascript=lost == "the token")
    page.goto(NEW)
    write(page)
    if lost == "every cookie":
        page.context.clear_cookies()
    else:
        page.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    page.get_by_role("button", name="Start the thread").click()
    if lost == "every cookie":
        expect(page.get_by_text("what you wrote was not sent. It is kept.")).to_be_visible()
        page.get_by_label("Work email").fill(cast.bob.email)
        page.get_by_role("button", name="Send me a code").click()
        expect(page.get_by_label("Security code")).to_be_visible()
        page.get_by_label("Security code").fill(server.code_sent(cast.bob.email))
        page.get_by_role("button", name="Continue").click()
    else:
        expect(page.get_by_text("This is not sent yet")).to_be_visible()

    expect(page).to_have_title("Start a thread in the AI Network - Guildhall")
    expect(page.get_by_label("Title")).to_have_value("Who writes case notes?")
    expect(page.get_by_label("Theme")).to_have_value(str(cast.theme.pk))
    expect(page.get_by_label("What do you want to say?")).to_have_value("We write **all** of them.")
    page.get_by_role("button", name="Start the thread").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who writes case notes?")
    assert not Draft.objects.exists()


@pytest.mark.parametrize(("javascript", "width"), [(True, 1280), (False, 320)])
def test_whoever_was_signed_out_everywhere_gets_their_words_back_to_copy(
    cast: Cast, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    page = browse(cast.bob, javascript=javascript, width=width)
    page.goto(NEW)
    write(page)
    end_sessions(cast.bob, by=cast.ada)
    page.get_by_role("button", name="Start the thread").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("This was not sent, and could not be kept")
    expect(page.get_by_label("Title")).to_have_value("Who writes case notes?")
    expect(page.get_by_label("What do you want to say?")).to_have_value("We write **all** of them.")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_what_is_typed_is_found_again_on_a_phone_and_a_newer_draft_is_said(
    cast: Cast, browse: Browse, axe: Callable[[Page], None]
) -> None:
    desk = browse(cast.bob)
    desk.goto(NEW)
    desk.get_by_label("Title").press_sequentially("From the desk")
    expect(desk.get_by_text("Draft saved at")).to_be_visible()

    phone = browse(cast.bob, width=375)
    phone.goto(NEW)
    expect(phone.get_by_text("We kept what you typed on")).to_be_visible()
    expect(phone.get_by_label("Title")).to_have_value("From the desk")
    phone.get_by_label("What do you want to say?").press_sequentially("From the phone")
    expect(phone.get_by_text("Draft saved at")).to_be_visible()
    axe(phone)

    desk.get_by_label("Title").press_sequentially(" again")
    expect(desk.get_by_text("You have a newer draft of this")).to_be_visible()
    assert Draft.objects.get().fields["source"] == "From the phone"
    axe(desk)
    desk.get_by_role("button", name="Keep what is here instead").click()
    expect(desk.get_by_text("Draft saved at")).to_be_visible()
    assert Draft.objects.get().fields["title"] == "From the desk again"

    phone.goto("/drafts/")
    axe(phone)
    phone.get_by_role("button", name="Delete draft From the desk again").click()
    expect(phone.get_by_text("No drafts")).to_be_visible()


def test_similar_threads_are_shown_while_the_title_is_typed(
    cast: Cast, browse: Browse, axe: Callable[[Page], None]
) -> None:
    there = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Recording meetings", source="Words")
    page = browse(cast.bob, width=375)
    page.goto(NEW)
    page.get_by_label("Title").press_sequentially("Who records meetings?")
    link = page.get_by_role("link", name="Recording meetings (opens in new tab)")

    expect(link).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="1 similar page or thread")).to_have_count(1)
    expect(page.get_by_label("Title")).to_be_focused()
    axe(page)
    with page.context.expect_page() as opened:
        link.click()
    assert opened.value.url.endswith(there.get_absolute_url())
    expect(page.get_by_label("Title")).to_have_value("Who records meetings?")


def test_the_toolbar_writes_markdown_by_keyboard_and_a_text_that_is_too_long_is_said_before_sending(
    cast: Cast, browse: Browse, axe: Callable[[Page], None]
) -> None:
    page = browse(cast.bob, width=320)
    page.goto(NEW)
    source = page.get_by_label("What do you want to say?")
    source.fill("loud")
    source.select_text()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("Enter")
    expect(source).to_have_value("**loud**")
    expect(source).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Shift+Tab")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(source).to_have_value("**loud**\n\n- first of a list")
    page.keyboard.press("Control+z")
    expect(source).to_have_value("**loud**")

    source.fill("x" * 20_010)
    expect(page.get_by_text("You have 10 characters too many").first).to_be_attached()
    axe(page)


def test_a_reply_quotes_what_it_answers(cast: Cast, browse: Browse, axe: Callable[[Page], None]) -> None:
    thread = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Recording meetings", source="We do.\n\nYou?")
    desk = browse(cast.fay)
    desk.goto(f"{thread.get_absolute_url()}?reply_to=1#composer")
    desk.get_by_label("Your reply").press("x")
    expect(desk.get_by_label("Your reply")).to_have_value("> We do.\n>\n> You?\n\nx")

    page = browse(cast.bob, javascript=False, width=375)
    page.goto(f"{thread.get_absolute_url()}?reply_to=1#composer")
    expect(page.get_by_text("You are answering post 1 by Fay Facilitates.")).to_be_visible()
    reply = page.get_by_label("Your reply")
    expect(reply).to_have_value("> We do.\n>\n> You?\n\n")
    axe(page)
    reply.fill("> You?\n\nSo do *we*.")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("region", name="Preview").locator("em")).to_have_text("we")
    page.get_by_role("button", name="Post your reply").click()
    expect(page.get_by_role("article", name="Post 2 by Bob Belongs")).to_contain_text("So do we.")
    assert Thread.objects.get().posts.get(number=2).reply_to.number == 1
