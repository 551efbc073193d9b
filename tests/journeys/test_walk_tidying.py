"""A facilitator tidies a network: by keyboard alone, without JavaScript, on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.dateformat import format as format_date
from playwright.sync_api import Page, expect

from forums.actions.posts import reply
from forums.actions.threads import start_thread
from forums.models import Post, Thread
from tests.cast import Cast
from tests.journeys.conftest import Browse
from tests.journeys.test_walk_merging import go_to, press

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


def go_to_field(page: Page, label: str) -> None:
    """Presses Tab until the control with this label has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.get_by_label(label, exact=True).and_(page.locator(":focus")).count():
            return
    raise AssertionError(f"{label!r} cannot be reached by keyboard on {page.url}")


def facilitate(page: Page, what: str) -> None:
    go_to(page, "Facilitate")
    page.keyboard.press("Enter")
    press(page, what)


def test_a_facilitator_splits_merges_and_undoes(browse: Browse, axe: Axe, cast: Cast) -> None:
    roads = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Roads", source="What are they made of?")
    reply(roads, by=cast.bob, source="Gravel, mostly")
    reply(roads, by=cast.fay, source="And who mows the parks?")
    parks = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Parks", source="Who looks after them?")
    fay = browse(cast.fay, javascript=False, width=360)

    fay.goto(roads.get_absolute_url())
    facilitate(fay, "Hide or move several posts")
    expect(fay.get_by_role("heading", level=1)).to_have_text("Hide or move posts in “Roads”")
    axe(fay)
    press(fay, "Do this")
    expect(fay.get_by_role("link", name="Select the posts first")).to_be_visible()
    go_to_field(fay, "Post 3 by Fay Facilitates")
    fay.keyboard.press("Space")
    go_to_field(fay, "Hide them")
    fay.keyboard.press("ArrowDown")
    go_to_field(fay, "Title of the new thread")
    fay.keyboard.type("Who mows the parks")
    press(fay, "Do this")
    expect(fay.get_by_role("heading", level=1)).to_have_text("Who mows the parks")
    expect(fay.get_by_text("Posts were moved here from another thread")).to_be_visible()
    axe(fay)

    facilitate(fay, "Merge into another thread")
    expect(fay.get_by_role("button", name="Continue")).to_be_visible()
    go_to_field(fay, "The other thread")
    fay.keyboard.type("parks")
    axe(fay)
    press(fay, "Continue")
    expect(fay.get_by_text("Its posts go to the end of")).to_be_visible()
    axe(fay)
    press(fay, "Merge the threads")
    expect(fay.get_by_role("heading", level=1)).to_have_text("Parks")
    expect(fay.get_by_text("And who mows the parks?")).to_be_visible()
    # Both of the addresses that the post had lead to where it is.
    split = Thread.objects.exclude(pk__in=[roads.pk, parks.pk]).get()
    for address in (f"/threads/{roads.pk}/posts/3/", f"/threads/{split.pk}/posts/1/"):
        fay.goto(address)
        assert fay.url.endswith(f"/threads/{parks.pk}-parks/?page=1#post-2")

    facilitate(fay, "What was done here")
    expect(fay.get_by_role("heading", level=1)).to_have_text("What was done to “Parks”")
    axe(fay)
    press(fay, "Undo Merged another thread into this one")
    expect(fay.get_by_text("Undone by Fay Facilitates")).to_be_visible()
    assert Post.objects.get(source__contains="mows").thread == split
    fay.goto(f"/threads/{parks.pk}/posts/2/")
    assert fay.url.endswith(f"/threads/{split.pk}-who-mows-the-parks/?page=1#post-1")
    assert fay.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    facilitate(fay, "Pin to the top of the list")
    expect(fay.get_by_role("heading", level=1)).to_have_text("Pin “Who mows the parks”")
    axe(fay)
    go_to_field(fay, f"For a week, until {_in_a_week()}")
    fay.keyboard.press("Space")
    press(fay, "Pin the thread")
    expect(fay.get_by_text("The thread is pinned until")).to_be_visible()
    fay.goto("/networks/ai/threads/")
    expect(fay.get_by_role("region", name="Pinned").get_by_role("link")).to_have_text(["Who mows the parks"])
    axe(fay)


def _in_a_week() -> str:
    return format_date(timezone.localdate() + timedelta(days=7), "l j F")
