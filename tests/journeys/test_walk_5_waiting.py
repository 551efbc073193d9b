"""Walk 5: what waits in a live room, for the host or for some seconds, and what stands above it for everybody: over
real sockets and in browsers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from forums.actions.amendments import hide_message
from forums.actions.held_messages import refuse_message
from forums.actions.messages import say
from forums.actions.rooms import schedule_room
from forums.models import HeldMessage, Message, Room
from tests.cast import Cast
from tests.journeys.conftest import Browse, Server
from tests.journeys.sockets import Visitor

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


@pytest.fixture
def room(server: Server, cast: Cast) -> Room:
    now = timezone.now()
    return schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )


@pytest.fixture
def lena(cast: Cast) -> None:
    """Lena is another member."""
    cast.lena.memberships.filter(network=cast.practitioners).update(state="active")


def enter(page: Page, room: Room) -> None:
    page.goto(f"/rooms/{room.pk}/")
    expect(page.locator("[data-live-status]")).to_contain_text("Connected")


def send(page: Page, words: str) -> None:
    page.get_by_role("textbox", name="Your message").fill(words)
    page.get_by_role("button", name="Send").click()


# The delay


@pytest.mark.usefixtures("lena")
def test_sockets_of_others_hear_later_and_of_what_was_hidden_no_word(server: Server, cast: Cast, room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(delay_seconds=2)
    with Visitor(server, room, cast.lena) as lena, Visitor(server, room, cast.fay) as fay:
        for visitor in (lena, fay):
            visitor.hello()
        with Visitor(server, room, cast.bob) as bob:
            bob.hello()
            began = time.monotonic()
            bob.say("words for all")
            bob.say("zyzzyva")
            fay.wait_for_event(2, within=1)
            assert time.monotonic() - began < 1.5
            assert lena.numbers == bob.numbers == []
            hide_message(Message.objects.select_related("room__network").get(seq=2), by=cast.fay, reason="Off topic")
            lena.wait_for_event(3, within=6)
            assert time.monotonic() - began > 2
        assert lena.numbers == [1, 2, 3]
        assert "words for all" in json.dumps(lena.events)
        assert "zyzzyva" not in json.dumps(lena.events)
        assert "zyzzyva" in json.dumps(fay.events)


@pytest.mark.usefixtures("lena")
def test_an_author_sees_what_they_sent_at_once_and_others_later(browse: Browse, cast: Cast, room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(delay_seconds=5)
    bob, fay, lena = browse(cast.bob), browse(cast.fay), browse(cast.lena)
    for page in (bob, fay, lena):
        enter(page, room)
    send(bob, "Words for all")

    expect(bob.locator("[data-client-id]")).to_contain_text("Sent")
    expect(fay.locator("[data-live-log]")).to_contain_text("Words for all", timeout=3_000)
    expect(fay.locator("[data-live-delay]")).to_contain_text("Others see messages 5 seconds after you")
    assert "Words for all" not in (lena.locator("[data-live-log]").text_content() or "")
    bob.reload()
    expect(bob.locator("[data-live-waits]")).to_contain_text("Words for all")
    for page in (lena, bob):
        expect(page.locator("[data-live-log] [data-seq]")).to_contain_text("Words for all", timeout=8_000)
    expect(bob.locator("[data-live-waits], [data-client-id]")).to_have_count(0)


# What waits for the host


@pytest.mark.usefixtures("lena")
def test_a_message_waits_for_the_host_who_shows_it(browse: Browse, axe: Axe, cast: Cast, room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(held_words="zyzzyva")
    bob, lena, fay = browse(cast.bob), browse(cast.lena), browse(cast.fay)
    for page in (bob, lena):
        enter(page, room)
    send(bob, "My zyzzyva")
    expect(bob.locator("[data-client-id]")).to_contain_text("The host sees this first")
    axe(bob)

    fay.goto(f"/rooms/{room.pk}/held/")
    expect(fay.get_by_text("My zyzzyva")).to_be_visible()
    axe(fay)
    assert "zyzzyva" not in lena.content()
    fay.get_by_role("button", name="Show it").click()
    expect(fay.get_by_text("Nothing waits.")).to_be_visible()

    for page in (bob, lena):
        expect(page.locator("[data-live-log] [data-seq]")).to_contain_text("My zyzzyva")
    expect(bob.locator("[data-client-id]")).to_have_count(0)


def test_without_scripts_a_message_waits_and_its_author_learns_what_became_of_it(
    browse: Browse, axe: Axe, cast: Cast, room: Room
) -> None:
    Room.objects.filter(pk=room.pk).update(held_words="zyzzyva")
    bob = browse(cast.bob, javascript=False, width=320)
    bob.goto(f"/rooms/{room.pk}/")
    send(bob, "My zyzzyva")
    waiting = bob.get_by_role("list", name="What you said that others do not see yet")
    expect(waiting).to_contain_text("The host sees this first")
    refuse_message(HeldMessage.objects.select_related("room__network").get(), by=cast.fay, reason="No adverts")
    bob.reload()
    expect(waiting).to_contain_text("The host did not show this: No adverts")
    axe(bob)


# Pins


def test_a_host_pins_and_everybody_sees_it_at_once(browse: Browse, axe: Axe, cast: Cast, room: Room) -> None:
    said = say(room, by=cast.bob, body="The link to the slides")
    bob, fay = browse(cast.bob, width=375), browse(cast.fay)
    for page in (bob, fay):
        enter(page, room)
    pins = bob.locator("[data-live-pins]")
    expect(pins).to_be_hidden()

    fay.get_by_role("button", name="Options for message 1").click()
    fay.get_by_role("link", name="Pin or unpin").click()
    axe(fay)
    fay.get_by_role("button", name="Pin").click()
    expect(fay.locator("[data-pinned]")).to_contain_text("The link to the slides")
    expect(pins).to_contain_text("The link to the slides")
    expect(bob.locator("#message-1, #pinned-1")).to_have_count(2)
    axe(bob)

    hide_message(Message.objects.select_related("room__network").get(pk=said.pk), by=cast.fay, reason="An old one")
    # Told by the log itself: the test's own process has no socket of theirs.
    expect(pins).to_be_hidden()
    expect(bob.locator("#pinned-1")).to_have_count(0)
