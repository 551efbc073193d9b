"""The frame of every page and the components, in a real browser: at three widths, without a script, by keyboard, and in
the reader's own colours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from network.actions.notices import give_notice
from network.models import Membership
from tests.cast import Cast
from tests.journeys.conftest import Browse

pytestmark = pytest.mark.browser
COMPONENTS = "/development/components/"


def is_wider_than_its_window(page: Page) -> bool:
    wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wider


@pytest.mark.parametrize("width", [1280, 375, 320])
def test_every_component_is_sound_and_fits_the_window(browse: Browse, axe: Callable[[Page], None], width: int) -> None:
    page = browse(width=width)
    page.goto(COMPONENTS)

    assert not is_wider_than_its_window(page)
    axe(page)


@pytest.mark.parametrize("width", [375, 320])  # 320 px is also what 400 % zoom leaves of a window
def test_without_a_script_a_link_unfolds_the_navigation_of_a_phone(
    browse: Browse, cast: Cast, axe: Callable[[Page], None], width: int
) -> None:
    page = browse(cast.bob, javascript=False, width=width)
    page.goto("/networks/")
    networks = page.get_by_role("navigation", name="Your networks")
    expect(page.get_by_role("button", name="Menu")).to_be_hidden()
    expect(networks).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()

    page.get_by_role("link", name="Menu", exact=True).focus()
    page.keyboard.press("Enter")
    expect(networks.get_by_role("link", name="AI Practitioners Network")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert not is_wider_than_its_window(page)
    axe(page)
    page.get_by_role("link", name="Close the menu").click()
    expect(networks).to_be_hidden()
    axe(page)

    # What another part of the page is looked at for leaves it folded.
    page.goto("/networks/#main-content")
    expect(networks).to_be_hidden()


def test_without_a_script_the_navigation_of_a_desk_is_plainly_there(browse: Browse, cast: Cast) -> None:
    page = browse(cast.bob, javascript=False)
    for address in ("/networks/", "/networks/#site-menu"):
        page.goto(address)
        expect(page.get_by_role("navigation", name="Your networks")).to_be_visible()
        for name in ("Menu", "Close the menu"):
            expect(page.get_by_role("link", name=name, exact=True)).to_be_hidden()


def test_the_components_stand_in_the_readers_own_colours(browse: Browse) -> None:
    page = browse()
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    page.goto(COMPONENTS)

    button = page.get_by_role("button", name="Post your reply").first
    assert button.evaluate("button => getComputedStyle(button).borderTopColor") != "rgba(0, 0, 0, 0)"


def test_on_a_phone_the_navigation_unfolds_and_folds_again(browse: Browse, cast: Cast) -> None:
    page = browse(cast.bob, width=375)
    page.goto("/networks/")
    menu = page.get_by_role("button", name="Menu")
    networks = page.get_by_role("navigation", name="Your networks")

    expect(networks).to_be_hidden()
    menu.click()
    expect(networks.get_by_role("link", name="AI Practitioners Network")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert not is_wider_than_its_window(page)

    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(networks).to_be_hidden()
    expect(menu).to_be_focused()
    expect(menu).to_have_attribute("aria-expanded", "false")


def test_on_a_desk_the_navigation_is_there_and_nothing_folds_it(browse: Browse, cast: Cast) -> None:
    page = browse(cast.bob)
    page.goto("/networks/")

    expect(page.get_by_role("button", name="Menu")).to_be_hidden()
    expect(page.get_by_role("navigation", name="Your networks")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_notice_is_opened_from_the_menu_and_is_then_no_longer_new(
    browse: Browse, cast: Cast, javascript: bool
) -> None:
    give_notice("join_requested", Membership.objects.get(member=cast.amir).pk, [cast.fay])
    page = browse(cast.fay, javascript=javascript)
    page.goto("/networks/")

    page.get_by_text("Notices", exact=False).first.click()
    if not javascript:  # the menu is empty then, but for the way to the page
        page.get_by_role("link", name="See all notices").click()
    page.get_by_role("button", name="Amir Applied asks to join").click()
    expect(page).to_have_url("/networks/ai-practitioners/requests/")
    expect(page.get_by_role("link", name="Notices", exact=True)).to_be_visible()


def test_the_menu_of_notices_closes_with_escape_and_when_left(browse: Browse, cast: Cast) -> None:
    give_notice("join_requested", Membership.objects.get(member=cast.amir).pk, [cast.fay])
    page = browse(cast.fay)
    page.goto("/networks/")
    menu = page.locator("details.app-notice-menu")
    summary = menu.locator("summary")

    summary.focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()

    summary.click()
    page.get_by_role("heading", level=1).click()
    expect(menu).not_to_have_attribute("open", "")


def test_what_just_happened_has_the_focus_so_that_it_is_heard(
    browse: Browse, cast: Cast, axe: Callable[[Page], None]
) -> None:
    give_notice("join_requested", Membership.objects.get(member=cast.amir).pk, [cast.fay])
    page = browse(cast.fay)
    page.goto("/notices/")
    page.get_by_role("button", name="Mark all as read").click()

    said = page.get_by_role("alert")
    expect(said).to_have_text("All notices are marked as read.")
    expect(said).to_be_focused()
    axe(page)


def test_the_first_stop_of_the_keyboard_leads_past_the_header(page: Page, server: object) -> None:
    page.goto("/networks/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to main content")

    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_what_is_written_and_what_is_too_much_is_counted(page: Page, server: object) -> None:
    page.goto(COMPONENTS)
    page.locator("#sample_source").fill("x" * 990)

    expect(page.get_by_text("You have 10 characters remaining").first).to_be_visible()


@pytest.mark.parametrize("path", ["/no/such/page/", "/networks/nothing/"])
def test_a_page_that_is_not_there_is_sound(page: Page, server: object, axe: Callable[[Page], None], path: str) -> None:
    page.goto(path)

    expect(page).to_have_title("Page not found - Guildhall")
    axe(page)
