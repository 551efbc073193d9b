"""An administrator lets in a list of people, and sees it being done without doing anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from network.actions.intake import run_intakes
from network.models import Membership
from tests.cast import Cast
from tests.journeys.conftest import Browse

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


def test_an_administrator_lets_in_a_list_of_people(browse: Browse, axe: Axe, cast: Cast) -> None:
    ada = browse(cast.ada, width=375)
    ada.goto("/administration/intake/")
    ada.get_by_role("button", name="Check the list").click()
    expect(ada).to_have_title("Error: Let in a list of people - Guildhall")
    axe(ada)
    listed = "".join(f"Person {n};p{n}@exampleshire.example.org\n" for n in range(9)) + "Eve;eve@evil.example\n"
    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": f"Name;Email\n{listed}".encode()}
    ada.get_by_label("CSV file").set_input_files([file])  # type: ignore[list-item]
    ada.get_by_label("Network", exact=True).select_option("AI Network")
    ada.get_by_role("button", name="Check the list").click()
    expect(ada.get_by_text("Nothing has been done yet.")).to_be_visible()
    expect(ada.get_by_text("No organisation has the email domain evil.example.")).to_be_visible()
    axe(ada)
    ada.get_by_role("button", name="Do it for 9 people").click()
    expect(ada.get_by_role("link", name="Check progress")).to_be_visible()
    axe(ada)

    run_intakes()  # as the worker would within ten seconds

    expect(ada.get_by_text("Done.", exact=True)).to_be_visible()
    expect(ada.get_by_role("status").filter(has_text="list")).to_have_text("The list is done.")
    axe(ada)
    assert Membership.objects.active().filter(network=cast.ai, member__name__startswith="Person").count() == 9
    assert ada.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
