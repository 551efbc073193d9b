"""Somebody writes in a network for the first time: they see what may be better left out, their post waits, a
facilitator reads it, and then it stands in the thread. Without JavaScript on a phone, and with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from forums.actions.threads import start_thread
from forums.models import HeldPost, Post, Thread
from tests.cast import Cast, make_cast
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


@pytest.fixture
def cast(server: Server) -> Cast:
    return make_cast()


@pytest.fixture
def thread(cast: Cast) -> Thread:
    cast.ai.first_post_hold = True
    cast.ai.save(update_fields=["first_post_hold"])
    return start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Minutes", source="Who records meetings?")


@pytest.mark.parametrize(("javascript", "width"), [(True, 1280), (False, 360)])
def test_a_first_post_from_the_form_to_the_thread(
    cast: Cast, thread: Thread, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    def looks_right(page: Page) -> None:
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page = browse(cast.bob, javascript=javascript, width=width)
    page.goto(thread.get_absolute_url())
    expect(page.get_by_text("A facilitator reads the first post of each member")).to_be_visible()
    page.get_by_label("Your reply").fill("Jo does: ring 07700 900123.")
    page.get_by_label("May others quote this elsewhere?").select_option("members")
    page.get_by_role("button", name="Post your reply").click()
    warning = page.get_by_role("region", name="Look at this before you post")
    expect(warning).to_contain_text("This looks like a phone number: 07700 900123")
    if javascript:
        expect(warning).to_be_focused()
    expect(page.get_by_label("Your reply")).to_have_value("Jo does: ring 07700 900123.")
    expect(page.get_by_label("May others quote this elsewhere?")).to_have_value("members")
    looks_right(page)
    assert not HeldPost.objects.exists()

    warning.get_by_role("button", name="Post it anyway").click()
    expect(page.get_by_text("Your post waits for a facilitator, because it is your first here.")).to_be_visible()
    expect(page.get_by_role("region", name="Waiting for a facilitator")).to_contain_text("Jo does: ring 07700 900123.")
    looks_right(page)
    page.goto(thread.get_absolute_url())
    expect(page.get_by_text("Jo does")).to_have_count(0)

    facilitator = browse(cast.fay, javascript=javascript, width=width)
    facilitator.goto("/networks/ai/held/")
    expect(facilitator.get_by_role("link", name="First posts 1 waiting")).to_be_visible()
    looks_right(facilitator)
    facilitator.get_by_role("button", name="Post it what Bob Belongs wrote").click()
    expect(facilitator.get_by_text("The post by Bob Belongs is posted")).to_be_visible()
    expect(facilitator.get_by_text("Nothing waits")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Jo does")).to_be_visible()
    assert Post.objects.filter(thread=thread).count() == 2
