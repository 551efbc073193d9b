"""An administrator merges two councils into a new one: by keyboard alone, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from network.actions.admission import open_account
from network.models import Member, Organisation, OrganisationDomain
from tests.cast import Cast
from tests.journeys.conftest import Browse

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


def go_to(page: Page, name: str) -> None:
    """Presses Tab until the control of this name has the focus, as somebody does who has no mouse."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and " ".join((focused.text_content() or "").split()) == name:
            return
    raise AssertionError(f"{name!r} cannot be reached by keyboard on {page.url}")


def press(page: Page, name: str) -> None:
    go_to(page, name)
    page.keyboard.press("Enter")


def find(page: Page, words: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.locator("main input[type=search]:focus").count():
            break
    page.keyboard.press("Control+A")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator("main input[type=search]")).to_have_value(words)


def test_an_administrator_merges_two_councils(browse: Browse, axe: Axe, cast: Cast) -> None:
    for name, slug in (("Adur District Council", "adur"), ("Worthing Borough Council", "worthing")):
        council = Organisation.objects.create(name=name, short_name=name.split()[0], slug=slug)
        OrganisationDomain.objects.create(organisation=council, domain=f"{slug}.example.org", source="register")
        open_account(f"officer@{slug}.example.org", name=f"Officer of {slug.capitalize()}")
    Organisation.objects.create(name="Coastal Sussex Council", short_name="Coastal Sussex", slug="coastal-sussex")
    ada = browse(cast.ada, javascript=False, width=375)

    ada.goto("/administration/")
    press(ada, "Councils that merge")
    expect(ada.get_by_role("heading", level=1)).to_have_text("Merge organisations")
    axe(ada)
    find(ada, "adur")
    press(ada, "Ends: Adur District Council")
    find(ada, "worthing")
    press(ada, "Ends: Worthing Borough Council")
    find(ada, "coastal")
    press(ada, "Succeeds: Coastal Sussex Council")
    expect(ada.get_by_role("button", name="See what will happen")).to_be_visible()
    axe(ada)
    press(ada, "See what will happen")
    expect(ada.get_by_role("heading", level=1)).to_have_text("What merging will do")
    expect(ada.get_by_text("2 organisations end in Coastal Sussex Council.")).to_be_visible()
    axe(ada)
    assert Member.objects.filter(organisation__slug="coastal-sussex").count() == 0
    press(ada, "Merge")

    expect(ada.get_by_role("heading", level=1)).to_have_text("Coastal Sussex Council")
    expect(ada.get_by_text("2 organisations ended in Coastal Sussex Council")).to_be_visible()
    axe(ada)
    ada.goto("/organisations/adur/")
    expect(ada.get_by_text("has become part of")).to_be_visible()
    axe(ada)
    assert Member.objects.filter(organisation__slug="coastal-sussex").count() == 2
    assert ada.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
