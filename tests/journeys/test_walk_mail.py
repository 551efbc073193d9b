"""Mail from end to end: what the development page shows, stopping it signed out, and what administrators see."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from network.actions.jobs import show_alive
from network.actions.mail import owe_mail, send_due_mail
from network.actions.mail_stops import Stop, address_of
from network.models import MailLedger, Membership, Worker
from tests.cast import Cast
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


def stop_page(cast: Cast, kind: str = "network") -> str:
    address = address_of(Stop(kind, cast.ai.pk), cast.bob)
    return "/mail/stop/" + address.rpartition("/mail/stop/")[2]


@pytest.mark.parametrize(("javascript", "width"), [(True, 1280), (False, 375)])
def test_somebody_signed_out_stops_mail_with_the_keyboard(
    cast: Cast, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    page = browse(javascript=javascript, width=width)
    page.goto(stop_page(cast))
    expect(page.get_by_role("heading", level=1)).to_have_text("Stop mail from this network?")
    axe(page)
    assert Membership.objects.get(member=cast.bob, network=cast.ai).mail == "weekly"

    page.get_by_role("button", name="Stop it").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Stopped: mail from this network")
    expect(page.get_by_text("A digest each week from 1 network")).to_be_visible()
    axe(page)
    assert Membership.objects.get(member=cast.bob, network=cast.ai).mail == "nothing"
    assert page.context.cookies() == []

    page.get_by_role("link", name="choose what we mail you").click()
    expect(page).to_have_url(re.compile("/account/login/code/"))


def test_a_mail_is_shown_as_it_would_look_and_fetches_nothing(
    cast: Cast, browse: Browse, server: Server, axe: Callable[[Page], None], settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = server.var / "mail"
    Membership.objects.filter(member=cast.amir).update(reminded_at=timezone.now())
    owe_mail("requests_wait", cast.fay, period="1", object_id=cast.practitioners.pk)
    page = browse()
    for _ in range(60):
        send_due_mail()  # or the server's own worker, where it has one: whoever comes first
        page.goto("/development/mail/")
        if page.get_by_role("link", name="1 request to join").count():
            break
        page.wait_for_timeout(500)
    page.get_by_role("link", name="1 request to join").first.click()

    shown = page.frame_locator("iframe")
    expect(shown.get_by_role("heading", level=1)).to_contain_text("1 request to join")
    expect(shown.get_by_role("link", name="Stop mail from this network")).to_be_visible()
    assert shown.locator("h1").evaluate("element => getComputedStyle(element).color") == "rgb(20, 33, 31)"
    expect(page.get_by_text("List-Unsubscribe=One-Click")).to_be_visible()
    axe(page)
    page.set_viewport_size({"width": 320, "height": 800})
    frame = page.frames[1]
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [1280, 375])
def test_administrators_stop_all_mail_and_see_the_worker(
    cast: Cast, browse: Browse, axe: Callable[[Page], None], settings: Settings, width: int
) -> None:
    claimed = timezone.now() - timedelta(hours=1)
    MailLedger.objects.create(
        recipient="nora@example.org", stream="invitation", period="1", state="failed", error="Gone"
    )
    MailLedger.objects.create(
        recipient="olga@example.org", stream="invitation", period="1", state="sending", attempts=1, claimed_at=claimed
    )
    page = browse(cast.ada, width=width)
    page.goto("/administration/mail/")
    axe(page)
    page.get_by_role("link", name="Perhaps sent").click()
    expect(page.get_by_role("button", name="Send again")).to_be_visible()
    page.get_by_role("link", name="Stop all mail").click()
    page.get_by_role("button", name="Stop all mail").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter why you are stopping all mail")
    axe(page)
    page.get_by_label("Why are you stopping all mail?").fill("The digest names the wrong people.")
    page.get_by_role("button", name="Stop all mail").click()
    expect(page.get_by_text("The digest names the wrong people.")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Let mail go again").click()
    expect(page.get_by_text("Mail goes again.")).to_be_visible()

    if settings.REDIS_URL:  # where the server has no worker of its own
        show_alive(Worker(name="elsewhere"))
    page.goto("/administration/worker/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Running")
    axe(page)
