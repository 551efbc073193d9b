"""Walk 1: anyone reads the hub's home page and a guidance page with themes, contents list and "last reviewed"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from cms.actions.pages import republish_page
from tests.cast import Cast, make_cast
from tests.cms.hub import Hub, make_hub
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


@pytest.fixture
def cast(server: Server) -> Cast:
    return make_cast()


@pytest.fixture
def hub(server: Server, cast: Cast) -> Hub:
    hub = make_hub()
    hub.home.summary = "Guidance and networks of officers."
    hub.home.figures = [
        ("figure", {"value": "85%", "words": "of councils", "source": "A survey", "date": "February 2024"})
    ]
    republish_page(hub.home, by=None)
    hub.publish_guidance(
        "Buying AI responsibly",
        summary="Who asks what.",
        themes=[cast.theme],
        tags=["suppliers"],
        body=[
            ("heading", "Procurement"),
            *[("paragraph", "<p>Ask early, and ask again.</p>")] * 30,
            ("heading", "Information governance"),
            ("paragraph", '<p>Read the <a href="https://example.org/">register</a>.</p>'),
        ],
    )
    hub.publish_event("Open hour", network=cast.ai, starts_at=timezone.now() - timedelta(minutes=10))
    return hub


@pytest.mark.parametrize("width", [1280, 375])
def test_anyone_reads_the_hub(width: int, hub: Hub, browse: Browse, axe: Callable[[Page], None]) -> None:
    page = browse(width=width)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Put technology to work")
    expect(page.get_by_text("Source: A survey, February 2024")).to_be_visible()
    expect(page.get_by_role("link", name="AI Network", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Open hour")).to_be_visible()
    axe(page)

    page.get_by_role("link", name="Buying AI responsibly").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Buying AI responsibly")
    expect(page.get_by_text("Last reviewed")).to_be_visible()
    expect(page.get_by_text("By the hub")).to_be_visible()
    axe(page)

    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Information governance").click()
    expect(page.get_by_role("heading", name="Information governance")).to_be_in_viewport()

    page.get_by_role("list", name="Themes").get_by_role("link", name="Adult social care").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Adult social care")
    expect(page.get_by_role("link", name="Buying AI responsibly")).to_be_visible()
    axe(page)
    assert page.context.cookies() == []


@pytest.mark.parametrize("width", [1280, 320])
def test_every_page_of_the_hub_is_accessible_and_fits(
    width: int, hub: Hub, browse: Browse, axe: Callable[[Page], None]
) -> None:
    page = browse(width=width)
    for address in (
        "/guidance/",
        "/events/",
        "/events/open-hour/",
        "/themes/",
        "/search/",
        "/search/?q=ask",
        "/search/?q=zz",
    ):
        page.goto(address)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), address
        assert page.context.cookies() == [], address


def test_the_hub_reads_the_same_without_javascript(hub: Hub, browse: Browse) -> None:
    page = browse(javascript=False)
    page.goto("/")
    page.get_by_role("link", name="All guidance").click()
    page.get_by_role("link", name="Buying AI responsibly").click()
    expect(page.get_by_role("navigation", name="Contents").get_by_role("link")).to_have_count(2)
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_label("Search pages").fill("buying")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Buying AI responsibly")).to_be_visible()
