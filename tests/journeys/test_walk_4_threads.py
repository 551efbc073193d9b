"""An officer starts a thread under a theme with tags; another answers; nobody outside learns of it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from forums.models import Thread
from tests.cast import Cast, make_cast
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


@pytest.fixture
def cast(server: Server) -> Cast:
    return make_cast()


def start(page: Page, title: str) -> None:
    page.goto("/networks/ai/")
    page.get_by_role("button", name="Start a thread").click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Question").check()
    page.get_by_label("Theme").select_option("Adult social care")
    page.get_by_label("What do you want to say?").fill("We write **zyzzyva** notes by hand. And you?")
    page.get_by_label("Tags").fill("case notes, consent")
    page.get_by_role("button", name="Start the thread").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


@pytest.mark.parametrize("javascript", [True, False])
def test_one_starts_a_thread_and_another_answers(cast: Cast, browse: Browse, javascript: bool) -> None:
    bob = browse(cast.bob, javascript=javascript)
    start(bob, "Who writes case notes?")
    address = bob.url

    fay = browse(cast.fay, javascript=javascript, width=375)
    fay.goto("/unread/")
    fay.get_by_role("link", name="Who writes case notes?").click()
    expect(fay.locator("strong", has_text="zyzzyva")).to_be_visible()
    fay.get_by_label("Your reply").fill("A tool drafts ours.")
    fay.get_by_role("button", name="Post your reply").click()
    expect(fay.get_by_role("article", name="Post 2 by Fay Facilitates")).to_contain_text("A tool drafts ours.")

    bob.goto(address)
    expect(bob.get_by_role("article", name="Post 2 by Fay Facilitates")).to_contain_text("Exampleshire County Council")


def test_a_mistake_keeps_what_was_typed_and_leads_to_the_field(
    cast: Cast, browse: Browse, axe: Callable[[Page], None]
) -> None:
    page = browse(cast.bob)
    page.goto("/networks/ai/threads/new/")
    page.get_by_label("What do you want to say?").fill("Long thoughts")
    page.get_by_role("button", name="Start the thread").click()

    expect(page).to_have_title("Error: Start a thread in the AI Network - Guildhall")
    axe(page)
    page.get_by_role("alert").get_by_role("link", name="Enter a title").click()
    expect(page.get_by_label("Title")).to_be_focused()
    expect(page.get_by_label("What do you want to say?")).to_have_value("Long thoughts")


@pytest.mark.parametrize("width", [1280, 320])
def test_the_pages_of_threads_have_no_barriers(
    cast: Cast, browse: Browse, axe: Callable[[Page], None], width: int
) -> None:
    page = browse(cast.bob, width=width)
    start(page, "Who writes case notes?")
    for address in (page.url, "/networks/ai/threads/", "/networks/ai/threads/new/", "/unread/", "/networks/ai/"):
        page.goto(address)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{address} scrolls sideways"


def test_a_thread_is_started_by_keyboard_alone(cast: Cast, browse: Browse) -> None:
    page = browse(cast.bob)
    page.goto("/networks/ai/threads/new/")
    page.get_by_label("Title").focus()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Adult")
    page.keyboard.press("Tab")  # the toolbar, which is one stop
    page.keyboard.press("Tab")
    page.keyboard.type("No mouse was used.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("By keyboard")


def test_outsiders_get_404_and_a_search_that_knows_nothing(cast: Cast, browse: Browse, server: Server) -> None:
    bob = browse(cast.bob)
    start(bob, "Who writes case notes?")
    thread = bob.url
    first_post = f"/threads/{Thread.objects.get().pk}/posts/1/"
    for outsider in (browse(), browse(cast.olga)):
        for address in (thread, first_post, "/networks/ai/feed/", "/networks/ai/threads/"):
            answer = outsider.goto(address)
            assert answer
            assert answer.status == 404, address
            assert "zyzzyva" not in outsider.content()
            assert "Who writes" not in outsider.content()
        outsider.goto("/search/?q=zyzzyva")
        known = outsider.get_by_role("main").inner_text()
        outsider.goto("/search/?q=qwertyzyz")
        assert known.replace("zyzzyva", "") == outsider.get_by_role("main").inner_text().replace("qwertyzyz", "")

    bob.goto("/search/?q=zyzzyva")
    expect(bob.get_by_role("main").get_by_role("link", name="Who writes case notes?", exact=True)).to_be_visible()


def test_an_anonymous_visitor_leaves_without_a_cookie(cast: Cast, server: Server) -> None:
    answer = httpx.get(f"{server.url}/networks/")

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
