"""An officer with ten minutes finds what is new, says what they want to hear of, and keeps a thread for later."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from forums.actions.posts import reply
from forums.actions.threads import start_thread
from forums.models import Thread
from tests.cast import Cast, make_cast
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


@pytest.fixture
def cast(server: Server) -> Cast:
    return make_cast()


@pytest.fixture
def thread(cast: Cast) -> Thread:
    thread = start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title="Who writes case notes?", source="We do", kind="question"
    )
    for number in range(2, 24):
        reply(thread, by=cast.bob, source=f"Reply {number}")
    return thread


@pytest.mark.parametrize("javascript", [True, False])
def test_one_reads_follows_and_bookmarks(cast: Cast, thread: Thread, browse: Browse, javascript: bool) -> None:
    page = browse(cast.fay, javascript=javascript, width=375)
    page.goto("/threads/")
    lists = page.get_by_role("navigation", name="Lists of threads")
    lists.get_by_role("link", name="Unread").click()
    page.get_by_role("link", name="Who writes case notes?").click()
    expect(page.get_by_role("article", name="Post 1 by")).to_be_visible()

    page.get_by_text("Follow or mute this thread").click()
    page.get_by_label("How much you want to hear of this thread").select_option("follow")
    page.get_by_role("button", name="Save this thread").click()
    expect(page).to_have_url(re.compile(r"\?page="))
    expect(page.get_by_text("Following, because you chose it")).to_be_visible()

    page.get_by_role("link", name="Bookmark with a reminder").click()
    date = page.get_by_label("Date", exact=True)
    expect(date).to_be_hidden()
    page.get_by_label("On a date").check()
    expect(date).to_be_visible()
    page.get_by_role("button", name="Bookmark").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the date on which to remind you")
    page.get_by_label("Next week").check()
    page.get_by_role("button", name="Bookmark").click()
    expect(page.get_by_text("Bookmarked, reminder on")).to_be_visible()

    page.goto("/threads/?show=bookmarks")
    expect(page.get_by_role("listitem").filter(has_text="Who writes case notes?")).to_contain_text("reminder on")
    page.goto("/following/")
    page.get_by_label("How much you want to hear of Who writes case notes?").select_option("usual")
    page.get_by_label("How much you want to hear of AI Network").select_option("watch")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your 2 choices are saved.")).to_be_visible()
    expect(page.get_by_label("How much you want to hear of AI Network")).to_have_value("watch")
    expect(page.get_by_label("How much you want to hear of Who writes case notes?")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 320])
def test_the_pages_for_reading_have_no_barriers(
    cast: Cast, thread: Thread, browse: Browse, axe: Callable[[Page], None], width: int
) -> None:
    page = browse(cast.fay, width=width)
    page.goto("/feeds/")
    page.get_by_role("button", name="Make my addresses").click()
    address = page.get_by_label("AI Network", exact=True)
    expect(address).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    address.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy the address of AI Network", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == address.input_value()
    axe(page)
    one = f"/threads/{thread.pk}"
    for address in (
        "/feeds/",
        "/threads/",
        "/threads/?show=bookmarks",
        f"/networks/ai/threads/?theme={cast.theme.slug}&show=new",
        "/following/",
        f"{one}-{thread.slug}/?page=1",
        f"{one}/bookmark/",
        f"{one}/move/",
    ):
        page.goto(address)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{address} scrolls sideways"


def test_an_address_is_copied_without_scripts_and_where_scripts_may_not(
    cast: Cast, browse: Browse, axe: Callable[[Page], None]
) -> None:
    without = browse(cast.fay, javascript=False, width=375)
    without.goto("/feeds/")
    without.get_by_role("button", name="Make my addresses").click()
    expect(without.get_by_label("AI Network", exact=True)).to_be_editable(editable=False)
    expect(without.get_by_role("button", name="Copy")).to_have_count(0)
    axe(without)

    page = browse(cast.fay, width=375)
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto("/feeds/")
    page.get_by_role("button", name="Copy the address of AI Network", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Selected")).to_contain_text("Selected: copy it")
    assert page.evaluate("getSelection().toString()").startswith("http")
