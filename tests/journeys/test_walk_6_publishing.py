"""Walk 6: an editor publishes a guidance page in Wagtail's admin and chooses a network for its discussion, or none."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cms.actions.roles import PUBLISHERS, give_roles
from cms.models import GuidancePage, PageThread
from forums.actions.posts import reply
from forums.models import Thread
from tests.cast import Cast
from tests.cms.hub import Hub, make_hub
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


@pytest.fixture
def hub(server: Server, cast: Cast) -> Hub:
    hub = make_hub()
    give_roles(cast.fay, [PUBLISHERS], by=None)
    return hub


@pytest.fixture
def axe(axe: Callable[[Page], None]) -> Callable[[Page], None]:
    """Once what Wagtail fades in is there: half of a colour is a contrast that nobody is meant to see. It is put at its
    end, not waited for: a browser that has no frame to draw would never come to it."""

    def check(editing: Page) -> None:
        editing.wait_for_load_state()
        editing.evaluate(
            "document.getAnimations()"
            ".filter((moving) => moving.effect.getComputedTiming().endTime < Infinity)"
            ".forEach((moving) => moving.finish())"
        )
        axe(editing)

    return check


def choose(editing: Page, action: str) -> None:
    """Something from the menu beside "Save draft"."""
    editing.get_by_role("button", name="More actions").click()
    editing.get_by_role("button", name=action, exact=True).click()


def write_guidance(
    editing: Page, hub: Hub, title: str, *, network: str = "", look: Callable[[Page], None] = lambda page: None
) -> None:
    """`look` is called with each page on the way."""
    editing.goto(f"/admin/pages/{hub.guidance.pk}/")
    look(editing)
    editing.get_by_role("link", name="Add child page").click()
    guidance = editing.get_by_role("link", name="Guidance page", exact=True)
    expect(guidance).to_be_visible()
    look(editing)
    guidance.click()
    editing.get_by_role("textbox", name="Title*").fill(title)
    editing.get_by_role("textbox", name="Summary").fill("In short.")
    editing.get_by_role("checkbox", name="Adult social care").check()
    editing.get_by_role("button", name="Insert a block").click()
    editing.get_by_role("option", name="Heading").click()
    editing.get_by_role("textbox", name="Heading").fill("First steps")
    if network:
        editing.get_by_role("combobox", name="Network for its discussion").select_option(label=network)
    look(editing)


def test_an_editor_publishes_guidance_and_its_discussion_appears(
    hub: Hub, cast: Cast, browse: Browse, axe: Callable[[Page], None]
) -> None:
    editing = browse(cast.fay)
    write_guidance(editing, hub, "Buying AI responsibly", network="AI Network", look=axe)
    choose(editing, "Publish")
    expect(editing.get_by_text("published").first).to_be_visible()
    axe(editing)

    guidance = GuidancePage.objects.get()
    thread = PageThread.objects.get(page=guidance.pk).thread
    assert guidance.live

    # A member finds the one from the other; nothing is unread.
    member = browse(cast.bob)
    member.goto(guidance.url)
    member.get_by_role("region", name="Discuss this guidance").get_by_role("link").click()
    expect(member.get_by_role("heading", level=1)).to_contain_text("Buying AI responsibly")
    expect(member.get_by_text("The hub").first).to_be_visible()
    axe(member)
    member.get_by_text("This thread discusses").get_by_role("link", name="Buying AI responsibly").click()
    assert member.url.endswith(guidance.url)
    member.goto("/unread/")
    expect(member.get_by_role("main").get_by_text("Buying AI responsibly")).to_have_count(0)

    # Once somebody replies it is news to the others.
    reply(thread, by=cast.fay, source="We did this last year.")
    member.reload()
    expect(member.get_by_role("main").get_by_text("Buying AI responsibly")).to_be_visible()

    # An outsider reads the page and learns nothing of the thread.
    outsider = browse(cast.olga)
    outsider.goto(guidance.url)
    expect(outsider.get_by_role("heading", level=1)).to_have_text("Buying AI responsibly")
    expect(outsider.get_by_role("region", name="Discuss this guidance")).to_have_count(0)
    assert outsider.request.get(thread.get_absolute_url()).status == 404

    # Publishing again makes no second discussion.
    editing.goto(f"/admin/pages/{guidance.pk}/edit/")
    editing.get_by_role("textbox", name="Summary").fill("In short, and better.")
    choose(editing, "Publish")
    expect(editing.get_by_text("published").first).to_be_visible()
    assert Thread.objects.count() == 1

    # Publishing the older draft keeps the link.
    first = guidance.revisions.order_by("pk").first()
    editing.goto(f"/admin/pages/{guidance.pk}/revisions/{first.pk}/revert/")
    choose(editing, "Publish this version")
    expect(editing.get_by_text("published").first).to_be_visible()
    guidance.refresh_from_db()
    assert guidance.summary == "In short."
    assert PageThread.objects.get(page=guidance.pk).thread == thread
    member.goto(guidance.url)
    expect(member.get_by_role("region", name="Discuss this guidance")).to_be_visible()

    # Unpublishing locks it.
    editing.goto(f"/admin/pages/{guidance.pk}/unpublish/")
    axe(editing)
    editing.get_by_role("button", name="Yes, unpublish").click()
    expect(editing.get_by_text("unpublished").first).to_be_visible()
    member.goto(thread.get_absolute_url())
    expect(member.get_by_text("locked").first).to_be_visible()
    expect(member.get_by_text("This thread discusses")).to_have_count(0)


def test_an_editor_publishes_what_no_network_discusses_and_every_field_on_the_way_has_a_name(
    hub: Hub, cast: Cast, browse: Browse, axe: Callable[[Page], None]
) -> None:
    editing = browse(cast.fay)
    write_guidance(editing, hub, "Quietly")
    choose(editing, "Publish")
    expect(editing.get_by_text("published").first).to_be_visible()
    guidance = GuidancePage.objects.get()
    assert guidance.live
    assert not Thread.objects.exists()

    # Blocks have their name when they are there from the beginning, and when they come later.
    guidance.body = [("paragraph", "<p>Begin small.</p>"), ("list", ["Ask first"])]
    guidance.save_revision()
    editing.goto(f"/admin/pages/{guidance.pk}/edit/")
    for name in ("Paragraph", "List", "Tags"):
        expect(editing.get_by_role("textbox", name=name, exact=True)).to_be_visible()
    editing.get_by_role("button", name="Insert a block").first.click()
    editing.get_by_role("option", name="Callout").click()
    expect(editing.get_by_role("textbox", name="Text*", exact=True)).to_be_visible()
    editing.get_by_role("button", name="More actions").click()
    axe(editing)

    # While the preview loads there are two: the one shown last time, and the new one behind it.
    editing.goto(f"/admin/pages/{guidance.pk}/edit/")
    editing.get_by_role("button", name="Toggle preview").click()
    preview = editing.locator("iframe[title=Preview]").last.content_frame
    expect(preview.get_by_role("heading", level=1)).to_have_text("Quietly", timeout=15_000)

    event = hub.publish_event("Session")
    editing.goto(f"/admin/pages/{event.pk}/edit/")
    expect(editing.get_by_role("textbox", name="Notes of the session")).to_be_visible()
    axe(editing)
    editing.get_by_role("textbox", name="Starts*").click()
    calendar = editing.get_by_role("dialog", name="Choose a date or a time").filter(visible=True)
    expect(calendar.get_by_role("button", name="Earlier month")).to_be_visible()
    axe(editing)


@pytest.mark.parametrize("width", [1280, 375])
def test_what_opens_over_the_editing_page_has_no_barriers(
    hub: Hub, cast: Cast, browse: Browse, axe: Callable[[Page], None], width: int
) -> None:
    guidance = hub.publish_guidance("Begin small")
    guidance.summary = "In short, and better."
    guidance.save_revision()
    edit = f"/admin/pages/{guidance.pk}/edit/"
    editing = browse(cast.fay, width=width)
    window = editing.get_by_role("dialog").filter(visible=True)
    text = editing.get_by_role("textbox", name="Paragraph", exact=True)

    # A link to a page, to another site, to an address. While the window is open nothing behind it is reached.
    editing.goto(edit)
    text.click()
    editing.keyboard.press("Control+a")
    editing.get_by_role("button", name="Link").first.click()
    expect(window).to_have_accessible_name(re.compile("Choose a page"))
    expect(window.get_by_role("link", name="Guildhall")).to_be_visible()
    axe(editing)
    expect(text).to_have_count(0)
    for kind, name in (("External link", "Add an external link"), ("Email link", "Add an email link")):
        window.get_by_role("link", name=kind).click()
        expect(window).to_have_accessible_name(re.compile(name))
        axe(editing)
    window.get_by_role("textbox", name="Email address").fill("hub@example.org")
    window.get_by_role("button", name="Insert link").click()
    expect(window).to_have_count(0)
    expect(text).to_be_focused()

    # A document; what a slash offers.
    editing.keyboard.press("End")
    editing.keyboard.type(" /")
    expect(editing.get_by_role("option", name="Document")).to_be_visible()
    axe(editing)
    editing.get_by_role("option", name="Document").click()
    expect(window).to_have_accessible_name(re.compile("Choose a document"))
    axe(editing)

    # Where it starts, what a page says about itself, and what changed in it.
    for address in (
        "/admin/",
        "/admin/pages/",
        f"/admin/pages/search/?q={guidance.slug}",
        f"/admin/pages/{guidance.pk}/history/",
        f"/admin/pages/{guidance.pk}/revisions/compare/earliest...latest/",
    ):
        editing.goto(address)
        axe(editing)
    for panel in ("Toggle status", "Toggle checks"):
        editing.goto(edit)
        editing.evaluate("localStorage.clear()")
        editing.reload()
        editing.get_by_role("button", name=panel).click()
        axe(editing)
    editing.goto(edit)
    editing.evaluate("localStorage.clear()")
    editing.reload()
    editing.get_by_role("textbox", name="Title*").fill("")
    editing.get_by_role("button", name="Save draft").click()
    expect(editing.get_by_text("This field is required").first).to_be_visible()
    axe(editing)
