"""Signing in with more than a code from the mail: an authenticator app, a passkey; and moving to another address."""

from __future__ import annotations

import re
from collections.abc import Callable
from unittest.mock import patch

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from network.models import Member, Organisation, OrganisationDomain
from tests.cast import Cast, app_code
from tests.journeys.conftest import Browse, Server, put_session
from tests.journeys.keyboard import press, write

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


def shown(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def sign_in(page: Page, server: Server, email: str) -> None:
    """By the keyboard."""
    page.get_by_label("Work email address").focus()
    page.keyboard.type(email)
    page.keyboard.press("Enter")
    shown(page, "Check your email")
    page.get_by_label("Security code").focus()
    page.keyboard.type(server.code_sent(email))
    page.keyboard.press("Enter")


def test_a_facilitator_sets_up_an_app_and_signs_in_with_it_by_keyboard_without_javascript(
    server: Server, browse: Browse, axe: Axe, cast: Cast
) -> None:
    page = browse(javascript=False)
    page.goto("/account/login/code/?next=/networks/ai/requests/")
    sign_in(page, server, cast.fay.email)
    shown(page, "You need a second factor")
    page.get_by_role("link", name="Set up an authenticator app").focus()
    page.keyboard.press("Enter")
    shown(page, "Set up an authenticator app")
    secret = page.locator("code").inner_text().replace(" ", "")
    with patch("tests.cast.APP_SECRET", secret):
        page.get_by_label("Code from the app").focus()
        page.keyboard.type(app_code())
        page.keyboard.press("Enter")
        shown(page, "Keep your recovery codes")
        codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem").all_inner_texts()
        assert len(codes) == 10
        with page.expect_download() as saved:
            page.get_by_role("link", name="Save them as a text file").click()
        assert all(code in saved.value.path().read_text() for code in codes)
        page.get_by_role("button", name="I have kept them").focus()
        page.keyboard.press("Enter")
        shown(page, "Requests to join the AI Network")

        other = browse(javascript=False, width=375)
        other.goto("/account/login/code/?next=/networks/ai/requests/")
        sign_in(other, server, cast.fay.email)
        shown(other, "Second step")
        other.get_by_label("Security code").focus()
        other.keyboard.type(app_code(periods_from_now=1))  # no code counts twice
        other.keyboard.press("Enter")
        shown(other, "Requests to join the AI Network")

    # The same pages with JavaScript, for axe.
    watched = browse(cast.fay)
    for address in (
        "/account/",
        "/account/sessions/",
        "/account/password/",
        "/account/email/",
        "/account/app/remove/",
        "/account/recovery-codes/",
        "/account/second-factor/",
        "/account/confirm/",
        "/account/passkeys/add/",
    ):
        watched.goto(address)
        axe(watched)
    watched.goto("/account/password/")
    watched.get_by_role("button", name="Save").click()
    expect(watched).to_have_title("Error: Set a password - Guildhall")
    axe(watched)
    visitor = browse()
    visitor.goto("/account/login/password/")
    axe(visitor)
    visitor.get_by_label("Work email address").fill(cast.bob.email)
    visitor.get_by_label("Password", exact=True).fill("not the one")
    visitor.get_by_role("button", name="Sign in", exact=True).click()
    expect(visitor).to_have_title("Error: Sign in with a password - Guildhall")
    axe(visitor)


def test_a_member_adds_a_passkey_and_signs_in_with_it(server: Server, browse: Browse, axe: Axe, cast: Cast) -> None:
    page = browse()
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    site = f"http://localhost:{server.port}"
    page.goto(f"{site}/account/login/code/")
    axe(page)
    sign_in(page, server, cast.bob.email)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto(f"{site}/account/passkeys/add/")
    axe(page)
    page.get_by_label("Name of this passkey").fill("Work laptop")
    page.get_by_role("button", name="Add a passkey").click()
    shown(page, "Keep your recovery codes")
    axe(page)
    page.get_by_role("button", name="I have kept them").click()
    shown(page, "Your account")
    expect(page.get_by_text("Work laptop").first).to_be_visible()
    axe(page)

    # As the only step.
    page.get_by_role("button", name="Sign out").first.click()
    page.goto(f"{site}/account/login/code/?next=/notices/")
    page.get_by_role("button", name="Use a passkey").click()
    shown(page, "Notices")

    # As the second step after a code from the mail.
    page.get_by_role("button", name="Sign out").first.click()
    page.goto(f"{site}/account/login/code/?next=/notices/")
    sign_in(page, server, cast.bob.email)
    shown(page, "Second step")
    axe(page)
    page.get_by_role("button", name="Use your passkey").click()
    shown(page, "Notices")

    page.goto(f"{site}/account/")
    page.get_by_role("link", name="Rename the passkey Work laptop").click()
    page.get_by_label("Name of this passkey").fill("Old laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove the passkey Old laptop").click()
    axe(page)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()


def test_a_member_cannot_move_to_an_unlisted_domain_but_to_the_one_of_another_council(
    server: Server, browse: Browse, axe: Axe, cast: Cast
) -> None:
    """By keyboard alone, without JavaScript."""
    council = Organisation.objects.create(name="Newtown Council", short_name="Newtown", slug="newtown", la_code="XNT")
    OrganisationDomain.objects.create(
        organisation=council, domain="newtown.example.org", source="register", confirmed_at=timezone.now()
    )
    page = browse(javascript=False, width=375)
    put_session(page.context, server, cast.bob, second_factor=False)
    page.goto(f"/people/{cast.bob.pk}/")
    press(page, page.get_by_role("link", name="Your account and how you sign in"))
    press(page, page.get_by_role("link", name="Change your email address"))
    shown(page, "Confirm that it is you")
    axe(page)
    press(page, page.get_by_role("button", name="Send me a code"))
    expect(page.get_by_label("Security code")).to_be_visible()
    axe(page)
    write(page, page.get_by_label("Security code"), server.code_sent(cast.bob.email))
    page.keyboard.press("Enter")

    shown(page, "Change your email address")
    axe(page)
    write(page, page.get_by_label("New work email address"), "bob@unlisted.example")
    press(page, page.get_by_role("button", name="Send me a code"))
    expect(page).to_have_title("Error: Change your email address - Guildhall")
    expect(page.get_by_role("alert")).to_contain_text("We do not know unlisted.example")
    axe(page)
    assert Member.objects.get(pk=cast.bob.pk).email == cast.bob.email
    assert not server.mails("bob@unlisted.example")

    write(page, page.get_by_label("New work email address"), "bob@newtown.example.org")
    press(page, page.get_by_role("button", name="Send me a code"))
    shown(page, "Check your new email")
    axe(page)
    write(page, page.get_by_label("Security code"), server.code_sent("bob@newtown.example.org"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("From now on you sign in with bob@newtown.example.org.")).to_be_visible()
    axe(page)

    assert re.search("was changed", server.mails(cast.bob.email)[-1])
    assert Member.objects.get(pk=cast.bob.pk).organisation == council
