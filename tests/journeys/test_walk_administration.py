"""An administrator finds somebody and suspends them; the room that they have open goes silent. By keyboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from forums.actions.messages import say
from forums.actions.rooms import schedule_room
from network.models import MailLedger
from tests.cast import Cast
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


def test_an_administrator_finds_a_member_and_suspends_them(
    server: Server, cast: Cast, browse: Browse, axe: Callable[[Page], None]
) -> None:
    now = timezone.now()
    room = schedule_room(
        cast.practitioners, title="Show", opens_at=now - timedelta(hours=1), closes_at=now + timedelta(hours=1), by=None
    )
    bob = browse(cast.bob)
    bob.goto(f"/rooms/{room.pk}/")
    expect(bob.locator("[data-live-status]")).to_contain_text("Connected")

    ada = browse(cast.ada)
    ada.goto("/networks/")
    ada.get_by_role("link", name="Administration").press("Enter")
    axe(ada)
    ada.get_by_role("main").get_by_role("link", name="People", exact=True).press("Enter")
    ada.get_by_label("Name, email or organisation").focus()
    ada.keyboard.type("bob")
    ada.keyboard.press("Enter")
    ada.get_by_role("main").get_by_role("link", name="Bob Belongs").press("Enter")
    axe(ada)
    ada.get_by_role("button", name="Suspend").press("Enter")
    axe(ada)
    ada.get_by_role("button", name="Suspend").press("Enter")
    expect(ada.locator(".govuk-error-summary")).to_contain_text("Enter why you are suspending this account")
    axe(ada)
    ada.get_by_label("Why are you suspending this account?").focus()
    ada.keyboard.type("Shared a password.")
    ada.keyboard.press("Tab")
    ada.keyboard.press("Enter")
    expect(ada.get_by_role("alert")).to_contain_text("The account of Bob Belongs is suspended.")

    # Within five seconds the open room has ended, and what is said there is not heard any more.
    expect(bob.locator("[data-live-status]")).not_to_contain_text("Connected", timeout=5_000)
    say(room, by=cast.fay, body="Only for members")
    ada.wait_for_timeout(1_500)
    expect(bob.get_by_text("Only for members")).to_have_count(0)

    ada.goto("/administration/audit/?verb=suspended+account")
    with ada.expect_download() as download:
        ada.get_by_role("button", name="Export as CSV").press("Enter")
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "Ada Administers" in lines[1]
    assert "Bob Belongs" in lines[1]

    MailLedger.objects.create(recipient="nora@example.org", stream="invitation", period="1", state="failed")
    for address in (
        "/administration/people/",
        "/administration/organisations/",
        "/administration/organisations/add/",
        "/administration/organisations/exampleshire/",
        "/administration/organisations/exampleshire/change/",
        "/administration/networks/",
        "/administration/networks/create/",
        "/administration/networks/ai/",
        "/administration/audit/",
        "/administration/mail/",
        *(f"/administration/people/{cast.fay.pk}/{step}/" for step in ("change", "facilitate", "roles")),
        f"/administration/people/{cast.bob.pk}/reinstate/",
    ):
        answer = ada.goto(address)
        assert answer and answer.ok, address
        axe(ada)
