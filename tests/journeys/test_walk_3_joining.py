"""Walk 3: an officer joins the open network at once, asks to join the other, and a facilitator decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from forums.actions.rooms import schedule_room
from forums.models import Message
from network.models import Membership, Network
from tests.cast import Cast
from tests.journeys.conftest import Browse, Server
from tests.journeys.keyboard import press, write

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


def shown(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def test_an_officer_joins_one_network_and_asks_to_join_the_other(browse: Browse, axe: Axe, cast: Cast) -> None:
    olga, fay = browse(cast.olga), browse(cast.fay, width=375)

    olga.goto("/networks/")
    axe(olga)
    olga.get_by_role("main").get_by_role("link", name="AI Network", exact=True).click()
    axe(olga)
    olga.get_by_role("button", name="Join AI Network").click()
    expect(olga.get_by_text("You have joined the AI Network.")).to_be_visible()
    shown(olga, "How often should we email you?")
    axe(olga)
    olga.get_by_role("button", name="Save and continue").click()
    expect(olga.get_by_role("complementary").get_by_text("Fay Facilitates")).to_be_visible()
    axe(olga)

    olga.goto("/networks/ai-practitioners/")
    axe(olga)
    olga.get_by_role("main").get_by_text("Ask to join").click()
    olga.get_by_role("button", name="Send my request").click()
    expect(olga).to_have_title("Error: Ask to join the AI Practitioners Network - Guildhall")
    axe(olga)
    olga.get_by_label("What is your role?").fill("Developer")
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
    shown(olga, "How often should we email you?")
    expect(
        olga.get_by_role("group", name="AI Practitioners Network").get_by_label("A digest each week")
    ).to_be_checked()
    olga.get_by_role("link", name="Decide later").click()
    shown(olga, "AI Practitioners Network")
    expect(olga.get_by_role("complementary").get_by_text("Fay Facilitates")).to_be_visible()
    assert cast.practitioners in Network.objects.of(cast.olga)


def test_an_applicant_is_declined_with_words_asks_again_and_is_let_in(browse: Browse, axe: Axe, cast: Cast) -> None:
    """By keyboard alone, without JavaScript."""
    olga, fay = browse(cast.olga, javascript=False), browse(cast.fay, javascript=False)

    olga.goto("/networks/ai-practitioners/")
    press(olga, olga.get_by_role("main").get_by_role("button", name="Ask to join"))
    shown(olga, "Ask to join the AI Practitioners Network")
    axe(olga)
    write(olga, olga.get_by_label("What is your role?"), "Planner")
    write(olga, olga.get_by_label("Why would you like to join?"), "I am curious.")
    press(olga, olga.get_by_role("button", name="Send my request"))
    shown(olga, "Your request to join the AI Practitioners Network")
    axe(olga)

    fay.goto("/networks/ai-practitioners/")
    press(fay, fay.get_by_role("link", name="Requests to join"))
    shown(fay, "Requests to join the AI Practitioners Network")
    axe(fay)
    answers = [fay.get_by_role("button", name=f"{name} Olga Outside") for name in ("Approve", "Decline and say why")]
    for width in (1280, 375):
        fay.set_viewport_size({"width": width, "height": 900})
        approve, decline = (answer.bounding_box() for answer in answers)
        assert approve and decline
        assert (approve["y"], approve["height"]) == (decline["y"], decline["height"])
    press(fay, answers[1])
    shown(fay, "Decline the request of Olga Outside")
    axe(fay)
    press(fay, fay.get_by_role("button", name="Decline Olga Outside"))
    expect(fay.get_by_role("alert")).to_contain_text("Enter what we should tell them")
    axe(fay)
    write(fay, fay.get_by_label("What should we tell them?"), "Tell us what you build.")
    press(fay, fay.get_by_role("button", name="Decline Olga Outside"))
    expect(fay.get_by_text("You have declined the request of Olga Outside.")).to_be_visible()

    olga.goto("/notices/")
    press(olga, olga.get_by_role("main").get_by_role("button", name="was declined"))
    shown(olga, "Your request to join the AI Practitioners Network")
    expect(olga.get_by_text("Tell us what you build.")).to_be_visible()
    axe(olga)
    press(olga, olga.get_by_role("main").get_by_role("button", name="Ask again"))
    write(olga, olga.get_by_label("What is your role?"), "Planner")
    write(olga, olga.get_by_label("Why would you like to join?"), "A model that reads plans.")
    press(olga, olga.get_by_role("button", name="Send my request"))
    shown(olga, "Your request to join the AI Practitioners Network")

    fay.goto("/networks/ai-practitioners/worklist/")
    for page in ("Figures", "What was done", "Worklist"):
        press(fay, fay.get_by_role("navigation", name="For facilitators").get_by_role("link", name=page))
        shown(fay, page)
        axe(fay)
    press(fay, fay.get_by_role("link", name="Decide (Olga Outside)"))
    press(fay, fay.get_by_role("link", name="Ask a question first of Olga Outside"))
    shown(fay, "Ask Olga Outside")
    axe(fay)
    write(fay, fay.get_by_label("What would you like to know?"), "Whose plans?")
    press(fay, fay.get_by_role("button", name="Send the question"))
    expect(fay.get_by_text("We have sent your question")).to_be_visible()

    olga.goto("/networks/ai-practitioners/")
    axe(olga)
    press(olga, olga.get_by_role("link", name="Answer the question"))
    write(olga, olga.get_by_label("Your answer"), "Our own council's.")
    axe(olga)
    press(olga, olga.get_by_role("button", name="Send my answer"))
    expect(olga.get_by_text("The facilitators have your answer.")).to_be_visible()

    fay.goto("/networks/ai-practitioners/requests/")
    expect(fay.get_by_text("Our own council's.")).to_be_visible()
    press(fay, fay.locator("summary").filter(has_text="Before this request"))
    expect(fay.get_by_text("Tell us what you build.")).to_be_visible()
    axe(fay)
    press(fay, fay.get_by_role("button", name="Approve Olga Outside"))
    expect(fay.get_by_text("Olga Outside is now a member")).to_be_visible()
    press(fay, fay.get_by_role("link", name="Past decisions"))
    shown(fay, "Decisions in the AI Practitioners Network")
    axe(fay)

    olga.goto("/networks/ai-practitioners/")
    expect(olga.get_by_role("complementary").get_by_text("Fay Facilitates")).to_be_visible()


def test_two_facilitators_decide_at_once_and_the_second_is_told(browse: Browse, cast: Cast) -> None:
    Membership.objects.filter(member=cast.bob).update(role="facilitator")
    fay, bob = browse(cast.fay), browse(cast.bob)
    for page in (fay, bob):
        page.goto("/networks/ai-practitioners/requests/")
    fay.get_by_role("button", name="Approve Amir Applied").click()
    expect(fay.get_by_text("Amir Applied is now a member")).to_be_visible()
    bob.get_by_role("button", name="Approve Amir Applied").click()

    expect(bob.get_by_text("This request has already been decided.")).to_be_visible()


def test_a_member_leaves_and_is_shut_out_in_an_open_tab(server: Server, browse: Browse, axe: Axe, cast: Cast) -> None:
    """By keyboard alone, without JavaScript; one more tab, of another browser, is open with it."""
    now = timezone.now()
    room = schedule_room(
        cast.practitioners, title="Show and tell", opens_at=now, closes_at=now + timedelta(hours=1), by=None
    )
    live, plain, other = browse(cast.bob), browse(cast.bob, javascript=False), browse(cast.bob, javascript=False)
    live.goto(f"/rooms/{room.pk}/")
    expect(live.locator("[data-live-status]")).to_contain_text("Connected")
    plain.goto(f"/rooms/{room.pk}/")
    axe(plain)
    write(plain, plain.get_by_label("Your message"), "Am I still here?")

    other.goto("/networks/ai-practitioners/")
    axe(other)
    press(other, other.get_by_role("link", name="Leave this network"))
    shown(other, "Do you want to leave the AI Practitioners Network?")
    axe(other)
    press(other, other.get_by_role("button", name="Leave AI Practitioners Network"))
    expect(other.get_by_text("You have left the AI Practitioners Network.")).to_be_visible()
    axe(other)

    expect(live.locator("[data-live-status]")).to_contain_text("no longer take part", timeout=5_000)
    axe(live)
    press(plain, plain.get_by_role("button", name="Send"))
    shown(plain, "Page not found")
    axe(plain)
    assert not Message.objects.exists()
    for tab in (live, plain):
        tab.goto(f"/rooms/{room.pk}/")
        shown(tab, "Page not found")
        tab.goto("/networks/ai-practitioners/")
        expect(tab.get_by_text("Fay Facilitates")).not_to_be_visible()
        expect(tab.get_by_role("main").get_by_role("button", name="Ask to join")).to_be_visible()
        axe(tab)


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
