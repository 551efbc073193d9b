"""Walk 2: an officer signs up with an address of a council's domain and a code, and signs in again later."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from network.models import Admission, Member
from tests.cast import Cast
from tests.journeys.conftest import Browse, Server, read_and_listen
from tests.journeys.keyboard import press, write

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


@pytest.fixture
def register(server: Server, cast: Cast) -> None:
    """The real register: real councils and their sites' domains, none of them confirmed."""
    call_command("load_councils", verbosity=0)


def shown(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def give_code(page: Page, server: Server, email: str) -> None:
    page.get_by_label("Security code").fill(server.code_sent(email))
    page.get_by_role("button", name="Continue").click()


def test_an_officer_of_kent_signs_up_and_joins_the_open_network_by_keyboard_without_javascript(
    server: Server, browse: Browse, axe: Axe, register: None
) -> None:
    email = "officer@kent.gov.uk"
    page = browse(javascript=False)

    page.goto("/networks/")
    press(page, page.get_by_role("link", name="create an account"))
    shown(page, "Create an account")
    axe(page)
    press(page, page.get_by_role("button", name="Send me a code"))
    expect(page).to_have_title("Error: Create an account - Guildhall")
    axe(page)
    write(page, page.get_by_label("Work email address"), email)
    write(page, page.get_by_label("Full name"), "Kit Kent")
    page.keyboard.press("Enter")

    shown(page, "Check your email")
    axe(page)
    write(page, page.get_by_label("Security code"), server.code_sent(email).lower())
    page.keyboard.press("Enter")

    shown(page, "Welcome, Kit Kent")
    expect(page.get_by_text("You are here for Kent County Council.")).to_be_visible()
    expect(page.get_by_text("An administrator still has to confirm")).to_be_visible()
    axe(page)
    press(page, page.get_by_role("button", name="Join AI Network"))

    expect(page.get_by_text("You have joined the AI Network.")).to_be_visible()
    axe(page)
    page.goto("/networks/ai/")
    shown(page, "AI Network")
    expect(page.get_by_role("complementary").get_by_text("Fay Facilitates")).to_be_visible()
    admission = Admission.objects.get(member__email=email)
    assert admission.rule == Admission.Rule.UNCONFIRMED_DOMAIN
    assert not admission.is_confirmed


def test_mistakes_are_named_beside_the_field_and_nothing_typed_is_lost(
    browse: Browse, axe: Axe, register: None
) -> None:
    page = browse()
    page.goto("/account/signup/")
    page.get_by_role("button", name="Send me a code").click()

    expect(page).to_have_title("Error: Create an account - Guildhall")
    expect(page.get_by_role("alert")).to_contain_text("Enter your work email address")
    expect(page.get_by_role("alert")).to_contain_text("Enter your full name")
    axe(page)

    page.get_by_label("Work email address").fill("eve@evil.example")
    page.get_by_label("Full name").fill("Eve Stranger")
    page.get_by_role("button", name="Send me a code").click()

    page.get_by_role("link", name="Enter an address at a council's email domain.").click()
    expect(page.get_by_label("Work email address")).to_be_focused()
    expect(page.get_by_label("Work email address")).to_have_value("eve@evil.example")
    expect(page.get_by_label("Full name")).to_have_value("Eve Stranger")
    expect(page.get_by_role("link", name="ask us")).to_have_attribute("href", "/contact/")
    axe(page)
    assert not Member.objects.filter(email="eve@evil.example").exists()


def test_where_councils_share_a_domain_the_officer_says_which(
    server: Server, browse: Browse, axe: Axe, register: None
) -> None:
    email = "wilma@adur-worthing.gov.uk"
    page = browse(javascript=False)
    page.goto("/account/signup/")
    page.get_by_label("Work email address").fill(email)
    page.get_by_label("Full name").fill("Wilma Worthing")
    page.get_by_role("button", name="Send me a code").click()

    expect(page.get_by_role("group", name="Which council do you work for?")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("alert")).to_contain_text("Select the council you work for")
    axe(page)
    page.get_by_label("Worthing Borough Council").check()
    page.get_by_role("button", name="Send me a code").click()
    give_code(page, server, email)

    expect(page.get_by_text("You are here for Worthing Borough Council.")).to_be_visible()


def test_a_member_signs_in_where_they_were_going_and_out_again(
    server: Server, browse: Browse, axe: Axe, cast: Cast
) -> None:
    page = browse(width=375)
    page.goto("/notices/")
    shown(page, "Sign in")
    axe(page)
    page.get_by_label("Work email address").fill(cast.bob.email)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Security code").fill("BBB-BBB")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_title("Error: Check your email - Guildhall")
    axe(page)

    # A demonstration shows the mail on a page of its own, so that one can sign in without a mail server.
    page.get_by_role("link", name="Read the message on this machine").click()
    shown(page, "Mail of this demonstration")
    expect(page.get_by_role("article").first.get_by_role("code")).to_have_text(server.code_sent(cast.bob.email))
    axe(page)
    page.get_by_role("link", name="Go back and enter the code").click()
    give_code(page, server, cast.bob.email)
    shown(page, "Notices")

    read_and_listen(page, "/account/logout/")  # else it may ask for its socket just when it is signed out
    axe(page)
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.goto("/notices/")
    shown(page, "Sign in")


def test_a_new_code_can_be_asked_for(server: Server, browse: Browse, axe: Axe, cast: Cast) -> None:
    page = browse()
    page.goto("/account/login/code/")
    page.get_by_label("Work email address").fill(cast.fay.email)
    page.get_by_role("button", name="Send me a code").click()
    first = server.code_sent(cast.fay.email)
    page.get_by_text("The message has not come").click()
    page.get_by_role("button", name="Send a new code").click()

    expect(page.get_by_text("We have sent a new message.")).to_be_visible()
    axe(page)
    assert server.code_sent(cast.fay.email) != first
    give_code(page, server, cast.fay.email)
    page.goto("/notices/")
    shown(page, "Notices")


def test_the_unconfirmed_domain_stands_on_the_administrators_list(
    server: Server, browse: Browse, axe: Axe, register: None, cast: Cast
) -> None:
    kit = browse()
    kit.goto("/account/signup/")
    kit.get_by_label("Work email address").fill("kit@kent.gov.uk")
    kit.get_by_label("Full name").fill("Kit Kent")
    kit.get_by_role("button", name="Send me a code").click()
    give_code(kit, server, "kit@kent.gov.uk")
    shown(kit, "Welcome, Kit Kent")

    ada = browse(cast.ada)
    ada.goto("/administration/domains/")
    shown(ada, "Email domains to confirm")
    expect(ada.get_by_text("1 person: Kit Kent")).to_be_visible()
    axe(ada)
    ada.get_by_role("link", name="Confirm kent.gov.uk for Kent County Council").click()
    shown(ada, "Confirm kent.gov.uk for Kent County Council?")
    axe(ada)
    ada.get_by_role("button", name="Confirm kent.gov.uk").click()
    expect(ada.get_by_text("kent.gov.uk is confirmed for Kent County Council.")).to_be_visible()
    ada.get_by_label("Find a domain or an organisation").fill("Shetland")
    ada.get_by_role("button", name="Find").click()
    expect(ada.get_by_text("1 unconfirmed domain with “Shetland”.")).to_be_visible()
    axe(ada)

    kit.reload()
    expect(kit.get_by_text("An administrator still has to confirm")).not_to_be_visible()
