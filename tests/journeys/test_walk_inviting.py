"""The walk of somebody without an account, at a supplier's domain that nobody knows: invited, signed up, let in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from network.actions.mail import send_due_mail
from network.models import Admission, Network
from tests.cast import Cast
from tests.journeys.conftest import Browse, Server
from tests.journeys.keyboard import press, tab_to, write

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


def shown(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def link_sent(server: Server, to: str) -> str:
    """The path in the newest invitation to somebody. It is sent by the server's own worker where there is one, or here:
    whoever comes first."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        send_due_mail()
        texts = server.mails(to) + [str(message.body) for message in mail.outbox if message.to == [to]]
        links = [link for text in texts for link in re.findall(r"https?://[^/\s]+(/invitations/\S+/)", text)]
        if links:
            return str(links[-1])
        time.sleep(0.2)
    raise AssertionError(f"no invitation was mailed to {to}")


def test_somebody_at_a_suppliers_domain_is_invited_signs_up_and_is_let_in(
    server: Server, browse: Browse, axe: Axe, cast: Cast
) -> None:
    """By keyboard alone, without JavaScript."""
    email = "sam@supplier.example.com"
    fay, sam = browse(cast.fay, javascript=False), browse(javascript=False, width=375)

    fay.goto("/networks/ai-practitioners/requests/")
    press(fay, fay.get_by_role("link", name="Invitations"))
    shown(fay, "Invitations to the AI Practitioners Network")
    axe(fay)
    press(fay, fay.get_by_role("button", name="Invite somebody"))
    shown(fay, "Invite somebody to the AI Practitioners Network")
    axe(fay)
    write(fay, fay.get_by_label("Their work email address"), email)
    tab_to(fay, fay.get_by_label("Council officer"))
    fay.keyboard.press("ArrowDown")
    fay.keyboard.press("ArrowDown")
    expect(fay.get_by_label("Supplier")).to_be_checked()
    write(fay, fay.get_by_label("What would you like to write to them?"), "You build our platform.")
    press(fay, fay.get_by_role("button", name="Send the invitation"))
    expect(fay.get_by_text("supplier.example.com is not a council's domain that we know.")).to_be_visible()
    axe(fay)
    press(fay, fay.get_by_role("button", name="Send the invitation"))
    expect(fay.get_by_role("alert")).to_contain_text("Enter why they should be let in")
    axe(fay)
    write(fay, fay.get_by_label("Why should they be let in?"), "Runs our shared platform.")
    press(fay, fay.get_by_role("button", name="Send the invitation"))
    expect(fay.get_by_text(f"We are sending an invitation to {email}.")).to_be_visible()
    axe(fay)

    sam.goto(link_sent(server, email))
    shown(sam, "You are invited to the AI Practitioners Network")
    expect(sam.get_by_text("You build our platform.")).not_to_be_visible()
    assert sam.context.cookies() == []
    axe(sam)
    press(sam, sam.get_by_role("button", name="Create an account"))
    shown(sam, "Create an account")
    write(sam, sam.get_by_label("Work email address"), email)
    write(sam, sam.get_by_label("Full name"), "Sam Supplier")
    press(sam, sam.get_by_role("button", name="Send me a code"))
    shown(sam, "Check your email")
    write(sam, sam.get_by_label("Security code"), server.code_sent(email))
    sam.keyboard.press("Enter")

    shown(sam, "You are invited to the AI Practitioners Network")
    expect(sam.get_by_text("You build our platform.")).to_be_visible()
    axe(sam)
    press(sam, sam.get_by_role("button", name="Accept the invitation"))
    shown(sam, "How often should we email you?")
    expect(sam.get_by_text("You are now a member of the AI Practitioners Network.")).to_be_visible()
    press(sam, sam.get_by_role("button", name="Save and continue"))
    shown(sam, "AI Practitioners Network")
    admission = Admission.objects.get(member__email=email)
    assert (admission.rule, admission.note) == (Admission.Rule.INVITATION, "Runs our shared platform.")
    assert list(Network.objects.of(admission.member)) == [cast.practitioners]

    fay.goto("/notices/")
    press(fay, fay.get_by_role("main").get_by_role("button", name="Sam Supplier (supplier) has accepted"))
    expect(fay.get_by_text("Accepted by Sam Supplier")).to_be_visible()
    press(fay, fay.get_by_role("link", name="Members"))
    expect(fay.get_by_role("table").get_by_text("Supplier", exact=True)).to_be_visible()
    axe(fay)
