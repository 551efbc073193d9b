"""Walk 3: an officer joins the open network at once, asks to join the other, and a facilitator decides."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from network.models import Membership, Network
from tests.cast import Cast
from tests.journeys.conftest import Browse

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


def no_axe(page: Page) -> None:
    """Without scripts on the page, axe cannot run there either."""


def shown(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_an_officer_joins_one_network_and_asks_to_join_the_other(
    browse: Browse, axe: Axe, cast: Cast, javascript: bool
) -> None:
    axe = axe if javascript else no_axe
    olga, fay = browse(cast.olga, javascript=javascript), browse(cast.fay, javascript=javascript, width=375)

    olga.goto("/networks/")
    axe(olga)
    olga.get_by_role("main").get_by_role("link", name="AI Network", exact=True).click()
    axe(olga)
    olga.get_by_role("button", name="Join AI Network").click()
    expect(olga.get_by_text("You have joined the AI Network.")).to_be_visible()
    expect(olga.get_by_role("complementary").get_by_text("Fay Facilitates")).to_be_visible()
    axe(olga)

    olga.goto("/networks/ai-practitioners/")
    axe(olga)
    olga.get_by_role("main").get_by_text("Ask to join").click()
    olga.get_by_role("button", name="Send my request").click()
    expect(olga).to_have_title("Error: Ask to join the AI Practitioners Network - Guildhall")
    axe(olga)
    olga.get_by_label("Why would you like to join?").fill("We build a chatbot for planning.")
    olga.get_by_role("button", name="Send my request").click()
    expect(olga.get_by_text("You asked to join on")).to_be_visible()
    axe(olga)

    fay.goto("/notices/")
    axe(fay)
    fay.get_by_role("main").get_by_role("button", name="Olga Outside asks to join").click()
    shown(fay, "Requests to join the AI Practitioners Network")
    expect(fay.get_by_text("We build a chatbot for planning.")).to_be_visible()
    axe(fay)
    fay.get_by_role("button", name="Approve Olga Outside").click()
    expect(fay.get_by_text("Olga Outside is now a member")).to_be_visible()

    olga.goto("/notices/")
    olga.get_by_role("main").get_by_role("button", name="You are now a member of the AI Practitioners").click()
    shown(olga, "AI Practitioners Network")
    expect(olga.get_by_role("complementary").get_by_text("Fay Facilitates")).to_be_visible()
    assert cast.practitioners in Network.objects.of(cast.olga)


def test_an_applicant_is_declined_with_words_asks_again_and_is_let_in(browse: Browse, axe: Axe, cast: Cast) -> None:
    amir, fay = browse(cast.amir), browse(cast.fay)

    fay.goto("/networks/ai-practitioners/")
    fay.get_by_role("link", name="Requests to join").click()
    answers = [fay.get_by_role("button", name=f"{name} Amir Applied") for name in ("Approve", "Decline and say why")]
    for width in (1280, 375):
        fay.set_viewport_size({"width": width, "height": 900})
        approve, decline = (answer.bounding_box() for answer in answers)
        assert approve and decline
        assert (approve["y"], approve["height"]) == (decline["y"], decline["height"])
    answers[1].click()
    axe(fay)
    fay.get_by_role("button", name="Decline Amir Applied").click()
    expect(fay.get_by_role("alert")).to_contain_text("Enter what we shall tell them")
    axe(fay)
    fay.get_by_label("What shall we tell them?").fill("Tell us what you build.")
    fay.get_by_role("button", name="Decline Amir Applied").click()
    expect(fay.get_by_text("Nobody is waiting")).to_be_visible()
    axe(fay)

    amir.goto("/networks/ai-practitioners/")
    expect(amir.get_by_text("Tell us what you build.")).to_be_visible()
    axe(amir)
    amir.get_by_role("main").get_by_text("Ask again").click()
    amir.get_by_label("Why would you like to join?").fill("A model that reads plans.")
    amir.get_by_role("button", name="Send my request").click()

    fay.reload()
    fay.get_by_role("button", name="Approve Amir Applied").click()
    expect(fay.get_by_text("Amir Applied is now a member")).to_be_visible()
    amir.reload()
    expect(amir.get_by_role("complementary").get_by_text("Fay Facilitates")).to_be_visible()


def test_two_facilitators_decide_at_once_and_the_second_is_told(browse: Browse, cast: Cast) -> None:
    Membership.objects.filter(member=cast.bob).update(role="facilitator")
    fay, bob = browse(cast.fay), browse(cast.bob)
    for page in (fay, bob):
        page.goto("/networks/ai-practitioners/requests/")
    fay.get_by_role("button", name="Approve Amir Applied").click()
    expect(fay.get_by_text("Amir Applied is now a member")).to_be_visible()
    bob.get_by_role("button", name="Approve Amir Applied").click()

    expect(bob.get_by_text("This request has already been decided.")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_member_leaves_and_is_outside(browse: Browse, axe: Axe, cast: Cast, javascript: bool) -> None:
    axe = axe if javascript else no_axe
    bob = browse(cast.bob, javascript=javascript)
    bob.goto("/networks/ai/")
    bob.get_by_role("link", name="Leave this network").click()
    shown(bob, "Do you want to leave the AI Network?")
    axe(bob)
    bob.get_by_role("button", name="Leave AI Network").click()

    expect(bob.get_by_text("You have left the AI Network.")).to_be_visible()
    bob.goto("/networks/ai/")
    expect(bob.get_by_text("Fay Facilitates")).not_to_be_visible()
    expect(bob.get_by_role("button", name="Join AI Network")).to_be_visible()


def test_the_pages_of_people_and_councils(browse: Browse, axe: Axe, cast: Cast) -> None:
    bob, nobody = browse(cast.bob), browse(width=375)
    bob.goto(f"/people/{cast.fay.pk}/")
    shown(bob, "Fay Facilitates")
    axe(bob)
    bob.get_by_role("link", name="Exampleshire County Council").click()
    shown(bob, "Exampleshire County Council")
    expect(bob.get_by_role("main").get_by_text("Fay Facilitates")).to_be_visible()
    axe(bob)

    nobody.goto("/organisations/exampleshire/")
    expect(nobody.get_by_text("Fay Facilitates")).not_to_be_visible()
    axe(nobody)
    nobody.goto(f"/people/{cast.fay.pk}/")
    shown(nobody, "Page not found")
    nobody.goto("/networks/ai/")
    shown(nobody, "AI Network")
    axe(nobody)
    assert nobody.context.cookies() == []
