"""A facilitator asks somebody not to write for a while: what both see, in browsers, and how it is in a live room."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.models import Message
from network.actions.sanctions import lift_silence, silence_member
from network.models import Membership
from tests.cast import Cast
from tests.journeys.conftest import Browse, Server
from tests.journeys.sockets import Visitor

pytestmark = pytest.mark.browser


def bobs(cast: Cast) -> Membership:
    return Membership.objects.select_related("network", "member").get(member=cast.bob, network=cast.practitioners)


def test_who_is_in_a_live_room_is_silent_at_once_and_is_told_why(server: Server, cast: Cast) -> None:
    now = timezone.now()
    room = schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )
    with Visitor(server, room, cast.bob) as bob:
        bob.hello()
        assert bob.say("One")["t"] == "ok"

        silence_member(bobs(cast), until=now + timedelta(hours=1), by=cast.fay, words="You wrote in anger.")

        refused = bob.say("Two")
        assert (refused["t"], refused["code"]) == ("err", "forbidden")
        assert "asked you not to write in this network until" in refused["words"]
        assert "You wrote in anger." in refused["words"]
        lift_silence(bobs(cast), by=cast.fay)
        assert bob.say("Three")["t"] == "ok"
    assert list(Message.objects.order_by("seq").values_list("body", flat=True)) == ["One", "Three"]


def test_a_facilitator_asks_and_the_member_reads_on(
    server: Server, browse: Browse, cast: Cast, axe: Callable[[Page], None]
) -> None:
    thread = start_thread(cast.practitioners, by=cast.fay, theme=cast.theme, title="Counting", source="How?")
    fay = browse(cast.fay, javascript=False)
    fay.goto("/networks/ai-practitioners/members/")
    fay.get_by_role("link", name="Warn or suspend Bob Belongs").click()
    axe(fay)
    fay.get_by_role("button", name="Do this").click()
    expect(fay.locator(".govuk-error-summary")).to_contain_text("Select what you would like to do")
    axe(fay)
    fay.get_by_label("Ask them not to write for 1 day").check()
    fay.get_by_label("What should we tell them?").fill("You wrote in anger.")
    fay.get_by_role("button", name="Do this").click()
    expect(fay.get_by_text("Bob Belongs is asked not to write until")).to_be_visible()
    axe(fay)

    bob = browse(cast.bob, width=320)
    bob.goto("/networks/ai-practitioners/")
    expect(bob.get_by_text("A facilitator has asked you not to write in this network until")).to_be_visible()
    axe(bob)
    bob.goto(thread.get_absolute_url())
    expect(bob.get_by_text("You wrote in anger.")).to_be_visible()
    expect(bob.get_by_role("button", name="Post your reply")).to_have_count(0)
    bob.goto("/networks/ai-practitioners/your-membership/")
    expect(bob.get_by_text("You wrote in anger.").first).to_be_visible()
    assert bob.evaluate("document.documentElement.scrollWidth") <= 320
    axe(bob)

    fay.get_by_role("button", name="Let them write again").click()
    expect(fay.get_by_text("Bob Belongs can write again.")).to_be_visible()
    bob.goto(thread.get_absolute_url())
    expect(bob.get_by_role("button", name="Post your reply")).to_be_visible()
