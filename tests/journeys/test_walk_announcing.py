"""A facilitator announces something by mail: they see to how many people, a second one confirms, and a page says what
became of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core import mail as outbox
from playwright.sync_api import Page, expect

from forums.actions.announcements import mail_announcements
from forums.models import Announcement, Thread
from network.actions.mail import send_due_mail
from network.models import Member, Membership
from tests.cast import Cast, make_cast
from tests.forums.test_mentions import officer
from tests.journeys.conftest import Browse, Server, scripts_allowed

pytestmark = pytest.mark.browser

MANY = 101  # one more than a second person is not asked about


@pytest.fixture
def cast(server: Server) -> Cast:
    return make_cast()


@pytest.fixture
def dora(cast: Cast) -> Member:
    dora = officer(cast, "Dora Deputy")
    Membership.objects.filter(member=dora, network=cast.ai).update(role="facilitator")
    return dora


@pytest.mark.parametrize(("javascript", "width"), [(True, 1280), (False, 375)])
def test_two_facilitators_and_a_worker(
    cast: Cast,
    dora: Member,
    server: Server,
    browse: Browse,
    axe: Callable[[Page], None],
    javascript: bool,
    width: int,
) -> None:
    for number in range(MANY - 2):
        officer(cast, f"Officer {number}")
    away = officer(cast, "Dina Digest")
    Member.objects.update(welcome_steps_done=3)  # asked how they want mail
    Member.objects.filter(pk=away.pk).update(mails_at_once=False)
    fay = browse(cast.fay, javascript=javascript, width=width)
    fay.goto(f"/networks/{cast.ai.slug}/threads/new/?kind=announcement")
    fay.get_by_label("Title", exact=True).fill("A date for your diary")
    fay.get_by_label("Theme").select_option(label="Adult social care")
    fay.get_by_label("What do you want to say?").fill("We meet on **Monday**.")
    fay.get_by_label("Also send it by mail").check()
    axe(fay)
    fay.get_by_role("button", name="Start the thread").click()

    expect(fay.get_by_role("heading", name="Before it is sent")).to_be_visible()
    expect(fay.get_by_text(f"This will write to {MANY} people now and 1 in their digest.")).to_be_visible()
    expect(fay.get_by_label("What do you want to say?")).to_have_value("We meet on **Monday**.")
    expect(fay.get_by_label("Also send it by mail")).to_be_checked()
    axe(fay)
    with scripts_allowed(fay):
        assert fay.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not Thread.objects.exists()
    fay.get_by_role("button", name="Post it, and ask for the mail to be confirmed").click()
    expect(fay.get_by_text("Its mail waits for a second person to confirm it.")).to_be_visible()
    expect(fay.get_by_role("button", name="Confirm, and send the mail")).to_have_count(0)
    axe(fay)
    before = len(server.mails(cast.bob.email))

    doras = browse(dora, javascript=javascript, width=width)
    doras.goto("/notices/")
    doras.get_by_role("button", name=re.compile("asks you to confirm mail")).click()
    expect(doras.get_by_text("We meet on Monday.")).to_be_visible()
    axe(doras)
    doras.get_by_role("button", name="Decline").click()
    expect(doras.get_by_role("alert").get_by_text("Enter why it should not go by mail")).to_be_visible()
    axe(doras)
    doras.get_by_role("button", name="Confirm, and send the mail").click()
    expect(doras.get_by_text("The mail is confirmed. It goes out within minutes.")).to_be_visible()
    axe(doras)

    sent = fay.get_by_role("row", name=re.compile(r"^Sent ")).get_by_role("cell")
    for _ in range(60):
        # The server's own worker sends it where there is one, or the test does: whoever comes first.
        mail_announcements()
        send_due_mail()
        fay.goto(Announcement.objects.get().get_absolute_url())
        if sent.count() and sent.inner_text() == str(MANY):
            break
        fay.wait_for_timeout(1_000)
    expect(sent).to_have_text(str(MANY))
    expect(fay.get_by_role("row", name="Queued 0")).to_be_visible()
    expect(fay.get_by_text("Besides, 1 person was to find it in their digest.")).to_be_visible()
    axe(fay)
    here = [message.message().as_string() for message in outbox.outbox if message.to == [cast.bob.email]]
    (mail,) = [*server.mails(cast.bob.email)[before:], *here]
    assert "Subject: A date for your diary" in mail
    fay.get_by_role("link", name="Back to the announcement").click()
    expect(fay.get_by_role("link", name="What became of its mail")).to_be_visible()
    axe(fay)


def test_the_tick_shows_with_the_kind_and_goes_with_it(cast: Cast, browse: Browse) -> None:
    fay = browse(cast.fay)
    fay.goto(f"/networks/{cast.ai.slug}/threads/new/")
    tick = fay.get_by_label("Also send it by mail")
    expect(tick).to_be_hidden()
    fay.get_by_label("Announcement").check()
    expect(tick).to_be_visible()
    fay.get_by_label("Question").check()
    expect(tick).to_be_hidden()
