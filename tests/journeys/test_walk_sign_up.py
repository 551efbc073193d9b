"""Signing up for an event with one place: the last place, the waiting list, giving up, and how many came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from cms.actions.roles import PUBLISHERS, give_roles
from cms.models import EventPage, attendees_of, waiting_for
from forums.models import RoomAttendance
from network.actions.membership import join_network
from tests.cast import Cast
from tests.cms.hub import Hub, make_hub
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser
Axe = Callable[[Page], None]


@pytest.fixture
def hub(server: Server, cast: Cast) -> Hub:
    join_network(cast.ai, by=cast.olga)
    return make_hub()


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_last_place_goes_to_one_and_then_to_the_other(hub: Hub, cast: Cast, browse: Browse, axe: Axe) -> None:
    event = hub.publish_event(
        "Case notes", network=cast.ai, needs_sign_up=True, places=1, joining_link="https://meet.example.org/case-notes"
    )
    bob, olga = browse(cast.bob), browse(cast.olga, javascript=False, width=320)
    for page in (bob, olga):
        page.goto(event.url)
        expect(page.get_by_text("1 of 1 place is left.")).to_be_visible()
        expect(page.get_by_role("button", name="Join the meeting")).to_have_count(0)
    axe(bob)
    axe(olga)
    fits(olga)

    # By keyboard alone, and pressed twice.
    bob.get_by_role("button", name="Sign up").focus()
    bob.keyboard.press("Enter")
    expect(bob.get_by_text("You have a place. We will remind you the day before.")).to_be_visible()
    expect(bob.get_by_role("button", name="Join the meeting")).to_be_visible()
    axe(bob)

    # Her page still shows the place that is taken by now.
    olga.get_by_role("button", name="Sign up").click()
    expect(olga.get_by_text("All places are taken. You are number 1 on the waiting list.")).to_be_visible()
    expect(olga.get_by_role("button", name="Join the meeting")).to_have_count(0)
    expect(olga.get_by_text("signed up or not")).to_be_visible()
    axe(olga)
    fits(olga)

    bob.get_by_role("button", name="Give up my place").click()
    expect(bob.get_by_text("You are no longer signed up.")).to_be_visible()
    expect(bob.get_by_text("The only place is taken.")).to_be_visible()

    olga.goto("/notices/")
    olga.get_by_role("button", name="You have a place at “Case notes”").click()
    expect(olga.get_by_role("button", name="Join the meeting")).to_be_visible()
    axe(olga)

    facilitator = browse(cast.fay, width=375)
    facilitator.goto(event.url)
    figures = facilitator.get_by_role("region", name="How many have signed up")
    expect(figures).to_contain_text("1 of 1")
    axe(facilitator)
    fits(facilitator)

    EventPage.objects.get(pk=event.pk).unpublish()
    olga.goto("/notices/")
    olga.get_by_role("button", name="does not take place").click()
    expect(olga.get_by_role("heading", level=1)).to_have_text("Case notes does not take place")
    axe(olga)


def test_how_many_came_is_a_number(hub: Hub, cast: Cast, browse: Browse, axe: Axe) -> None:
    event = hub.publish_event("On now", network=cast.ai, starts_at=timezone.now() - timedelta(minutes=5))
    room = event.event_room.room
    browse(cast.bob, javascript=False).goto(room.get_absolute_url())
    browse(cast.olga).goto(event.url)
    facilitator = browse(cast.fay, width=375)
    facilitator.goto(room.get_absolute_url())
    facilitator.get_by_role("link", name="How many came").click()
    expect(facilitator.get_by_text("3 people have been in the live room")).to_be_visible()
    assert {row.member for row in RoomAttendance.objects.all()} == {cast.bob, cast.olga, cast.fay}
    axe(facilitator)
    fits(facilitator)

    RoomAttendance.objects.update(council_kind="county")
    facilitator.reload()
    expect(facilitator.get_by_role("row", name="County council 3 100%")).to_be_visible()
    axe(facilitator)


def test_an_editor_gives_an_event_places_and_is_told_what_is_wrong(hub: Hub, cast: Cast, browse: Browse) -> None:
    event = hub.publish_event("Places", network=cast.ai)
    give_roles(cast.fay, [PUBLISHERS], by=None)
    editing = browse(cast.fay)
    editing.goto(f"/admin/pages/{event.pk}/edit/")
    editing.get_by_role("spinbutton", name="Places").fill("2")
    editing.get_by_role("button", name="More actions").click()
    editing.get_by_role("button", name="Publish", exact=True).click()
    expect(editing.get_by_text("Choose that people sign up, or leave this empty.").first).to_be_visible()
    expect(editing.get_by_role("spinbutton", name="Places")).to_have_value("2")

    editing.get_by_role("checkbox", name="People sign up for it").check()
    editing.get_by_role("button", name="More actions").click()
    editing.get_by_role("button", name="Publish", exact=True).click()
    expect(editing.get_by_text("published").first).to_be_visible()
    event = EventPage.objects.get(pk=event.pk)
    assert (event.needs_sign_up, event.places) == (True, 2)
    assert not attendees_of(event).exists()
    assert not waiting_for(event).exists()
