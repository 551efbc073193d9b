"""One post by those who may do something to it, its author, a reader, a facilitator: without scripts, by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from forums.actions.posts import reply
from forums.actions.threads import start_thread
from forums.models import Practice, Thread
from tests.cast import Cast, make_cast
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


@pytest.fixture
def cast(server: Server) -> Cast:
    return make_cast()


@pytest.fixture
def thread(cast: Cast) -> Thread:
    thread = start_thread(
        cast.ai,
        by=cast.bob,
        theme=cast.theme,
        title="Notes of visits, drafted by a tool",
        source="We let **forty** social workers record visits.\n\n- ask first\n- read what it wrote",
        kind=Thread.Kind.PRACTICE,
        practice=Practice(
            tool="Scribbler",
            stage="stopped",
            outcome="An hour saved per visit, and two wrong names in ten notes.",
            differently="Write down beforehand what would make us stop.",
        ),
        quoting="public",
    )
    reply(thread, by=cast.fay, source="Which accents did you test?", reply_to=thread.posts.get())
    return thread


def fits(page: Page) -> bool:
    narrow: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return narrow


@pytest.mark.parametrize(("javascript", "width"), [(False, 320), (True, 1280)])
def test_an_author_changes_a_reader_thanks_and_a_facilitator_hides(
    cast: Cast, thread: Thread, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    bob = browse(cast.bob, javascript=javascript, width=width)
    bob.goto(thread.get_absolute_url())
    bob.get_by_role("link", name="Edit post 1").click()
    axe(bob)
    assert fits(bob)
    bob.get_by_label("What the post says").fill("We let **fifty** social workers record visits.")
    bob.get_by_label("May others quote this elsewhere?").select_option("To members")
    bob.get_by_role("button", name="Save", exact=True).click()
    first = bob.get_by_role("article", name="Post 1 by Bob Belongs")
    expect(first).to_contain_text("We let fifty")
    expect(first).to_contain_text("May be quoted to members")
    second = bob.get_by_role("article", name="Post 2 by Fay Facilitates")
    second.get_by_text("React to post 2").click()
    axe(bob)
    assert fits(bob)
    second.get_by_role("button", name="Thank you").click()
    second.get_by_text("React to post 2").click()
    expect(second.get_by_role("button", name="Thank you, 1. You gave this")).to_be_visible()
    second.get_by_role("link", name="Thank you 1").click()
    expect(bob.get_by_role("main")).to_contain_text("Exampleshire County Council")
    axe(bob)

    fay = browse(cast.fay, javascript=javascript, width=width)
    fay.goto(thread.get_absolute_url())
    fay.get_by_role("link", name="earlier versions of post 1").click()
    expect(fay.get_by_role("main")).to_contain_text("forty")
    axe(fay)
    fay.goto(thread.get_absolute_url())
    fay.get_by_text("More about post 1").click()
    fay.get_by_role("link", name="Hide post 1").click()
    fay.get_by_role("button", name="Hide").click()
    axe(fay)
    fay.get_by_role("alert").get_by_role("link", name="Enter why you are hiding it").click()
    fay.get_by_label("Why are you hiding it?").fill("It names a supplier")
    fay.get_by_role("button", name="Hide").click()
    fay.get_by_role("link", name="See what was hidden in post 1").click()
    axe(fay)
    assert fits(fay)

    bob.goto(thread.get_absolute_url())
    bob.get_by_role("link", name="See why in post 1").click()
    expect(bob.get_by_role("main")).to_contain_text("It names a supplier")
    expect(bob.get_by_role("main")).to_contain_text("We let fifty")
    axe(bob)


def test_by_keyboard_a_post_is_reacted_to_and_taken_back(cast: Cast, thread: Thread, browse: Browse) -> None:
    page = browse(cast.fay)
    page.goto(thread.get_absolute_url())
    page.get_by_text("React to post 1").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Helpful 1")).to_be_visible()

    page.get_by_text("More about post 2").focus()
    page.keyboard.press("Enter")
    for _ in range(3):  # past "Mark unread from here" and "History"
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Do you want to delete post 2?")
    page.get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name="Post 2 by Fay Facilitates")).to_contain_text("has deleted this post")


@pytest.mark.parametrize(("javascript", "width"), [(False, 375), (True, 375), (True, 1280)])
def test_what_happened_to_a_post_is_said_where_it_stands(
    cast: Cast, thread: Thread, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    for _ in range(8):
        reply(thread, by=cast.bob, source="And then?\n\n" * 8)
    fay = browse(cast.fay, javascript=javascript, width=width)
    fay.goto(f"/threads/{thread.pk}/posts/8/hide/")
    fay.get_by_label("Why are you hiding it?").fill("It was sent twice")
    fay.get_by_role("button", name="Hide").click()

    said = fay.get_by_role("alert")
    expect(said).to_have_text("Post 8 is hidden. Its author is told why.")
    expect(said).to_be_in_viewport(ratio=1)
    expect(fay.get_by_role("article", name="Post 8 by")).to_be_in_viewport()
    if javascript:
        expect(said).to_be_focused()
    axe(fay)

    fay.goto(f"/threads/{thread.pk}/posts/2/delete/")
    fay.get_by_role("button", name="Delete").click()
    expect(said).to_have_text("You have deleted post 2.")
    expect(said).to_be_in_viewport(ratio=1)
