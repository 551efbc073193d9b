"""A new officer's first visit by keyboard and without scripts; and the directory on a phone."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from network.models import Member, Membership, MemberTool, Network, Profile
from tests.cast import Cast
from tests.journeys.conftest import Browse

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


def press_until(page: Page, name: str) -> None:
    """Tab until something of this name has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and focused.evaluate(NAME_OF) == name:
            return
    raise AssertionError(f"the keyboard does not reach {name!r} on {page.url}")


# What is read out of a control: its label, or its own words.
NAME_OF = """(it) => {
  const words = (it.labels && it.labels.length ? it.labels[0] : it).textContent;
  return words.replace(/\\s+/g, " ").trim();
}"""


def test_a_new_officers_first_visit_by_keyboard_without_scripts(browse: Browse, axe: Axe, cast: Cast) -> None:
    olga = browse(cast.olga, javascript=False)

    olga.goto("/welcome/")
    press_until(olga, "Join AI Network")
    olga.keyboard.press("Enter")
    expect(olga.get_by_text("You have joined the AI Network.")).to_be_visible()
    expect(olga.get_by_role("heading", level=1)).to_contain_text("How often should we email you?")
    axe(olga)
    press_until(olga, "A digest each week")
    olga.keyboard.press("ArrowDown")  # a digest each day
    press_until(olga, "Save and continue")
    olga.keyboard.press("Enter")

    expect(olga.get_by_role("heading", level=1)).to_have_text("Welcome, Olga Outside")
    axe(olga)
    press_until(olga, "Continue with the steps")
    olga.keyboard.press("Enter")

    expect(olga.get_by_role("heading", level=1)).to_contain_text("What interests you?")
    axe(olga)
    press_until(olga, "Adult social care")
    olga.keyboard.press("Space")
    press_until(olga, "Save and continue")
    olga.keyboard.press("Enter")

    expect(olga.get_by_role("heading", level=1)).to_contain_text("Say hello")
    axe(olga)
    press_until(olga, "Job title")
    olga.keyboard.type("Policy officer")
    press_until(olga, "I can help with")
    olga.keyboard.type("Consultations")
    press_until(olga, "Save and continue")
    olga.keyboard.press("Enter")
    expect(olga.get_by_role("heading", name="Say hello in a thread")).to_be_visible()
    press_until(olga, "Start a thread in the AI Network")

    membership = Membership.objects.get(member=cast.olga, network=cast.ai)
    member = Member.objects.get(pk=cast.olga.pk)
    assert (membership.mail, member.welcome_steps_done, member.job_title) == ("daily", 3, "Policy officer")

    # What she said stands on her page, and she can change it, and add a picture.
    olga.goto(f"/people/{member.pk}/")
    press_until(olga, "Change your profile")
    olga.keyboard.press("Enter")
    expect(olga.get_by_label("Job title", exact=True)).to_have_value("Policy officer")
    expect(olga.get_by_label("I can help with", exact=True)).to_have_value("Consultations")
    press_until(olga, "Tools you use")
    olga.keyboard.type("QGIS")
    press_until(olga, "Save your profile")
    olga.keyboard.press("Enter")
    expect(olga.get_by_text("Your profile is saved.")).to_be_visible()
    for address in ("/profile/", "/profile/picture/", "/profile/mail/", "/digest/preview/", f"/people/{member.pk}/"):
        olga.goto(address)
        axe(olga)
    olga.goto("/profile/picture/")
    olga.get_by_label("Choose a picture").set_input_files(picture())
    press_until(olga, "Save")
    olga.keyboard.press("Enter")
    shown = olga.get_by_role("img", name="Picture of Olga Outside")
    expect(shown).to_be_visible()
    assert shown.evaluate("(it) => it.decode().then(() => it.naturalWidth)") == 320
    axe(olga)


def picture() -> FilePayload:
    file = BytesIO()
    Image.new("RGB", (640, 480), "teal").save(file, "JPEG")
    return {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


def test_the_directory_on_a_phone(browse: Browse, axe: Axe, cast: Cast) -> None:
    with_many_people(cast)
    bob = browse(cast.bob, javascript=False, width=375)
    watched = browse(cast.bob, width=320)

    bob.goto("/people/")
    expect(bob.get_by_role("heading", name="32 people in your networks")).to_be_visible()
    expect(bob.get_by_label("Region")).to_be_hidden()
    bob.get_by_role("link", name="Next page of people").click()
    expect(bob.get_by_role("link", name="Person 29", exact=True)).to_be_visible()
    bob.get_by_role("link", name="Previous page of people").click()
    bob.get_by_text("Filters", exact=True).click()
    bob.get_by_label("Uses").select_option("QGIS (30)")
    bob.get_by_label("Search by name or words").fill("person 07")
    bob.get_by_role("button", name="Find people").click()
    expect(bob.get_by_role("heading", name="1 person")).to_be_visible()
    expect(bob.get_by_text("Uses: QGIS")).to_be_visible()
    bob.get_by_role("link", name="Person 07", exact=True).click()
    expect(bob.get_by_role("heading", level=1)).to_have_text("Person 07")

    for address in ("/people/", "/people/?q=nobody+at+all", "/people/?theme=none", "/people/?after=0"):
        watched.goto(address)
        axe(watched)
        assert watched.evaluate("document.documentElement.scrollWidth") <= 320, address
    watched.goto("/organisations/exampleshire/")
    axe(watched)

    # Where there is room, the filters need no unfolding.
    watched.set_viewport_size({"width": 1280, "height": 900})
    watched.goto("/people/")
    expect(watched.get_by_label("Region")).to_be_visible()
    axe(watched)


def with_many_people(cast: Cast) -> None:
    members = Member.objects.bulk_create(
        Member(email=f"person{n}@example.org", name=f"Person {n:02}", organisation=cast.council) for n in range(30)
    )
    network = Network.objects.get(pk=cast.ai.pk)
    Membership.objects.bulk_create(
        Membership(member=member, network=network, state="active", joined_at=member.date_joined) for member in members
    )
    Profile.objects.bulk_create(Profile(member=member, help_with="This and that") for member in members)
    MemberTool.objects.bulk_create(MemberTool(member=member, name="QGIS") for member in members)
