"""A member names another by keyboard, who reads of it, answers, and is told that it was the answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from forums.actions.threads import start_thread
from forums.models import Answer, Mention, Thread
from network.models import Organisation
from tests.cast import Cast, make_cast
from tests.forums.test_mentions import officer
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


@pytest.fixture
def cast(server: Server) -> Cast:
    return make_cast()


@pytest.fixture
def question(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="How?", source="How do you?", kind="question")


@pytest.mark.parametrize("width", [1280, 320])
def test_a_name_is_chosen_by_keyboard_and_told_apart_by_the_council(
    cast: Cast, question: Thread, browse: Browse, axe: Callable[[Page], None], width: int
) -> None:
    other = Organisation.objects.create(name="Otherford Council", short_name="Otherford", slug="otherford", la_code="O")
    namesake = officer(cast, "Bob Belongs", other)
    page = browse(cast.fay, width=width)
    page.goto(question.get_absolute_url())
    text = page.get_by_label("Your reply")
    offered = page.get_by_role("listbox", name="People to mention")

    text.press_sequentially("I think that @bel")
    expect(offered.get_by_role("option")).to_have_text(["Bob Belongs Exampleshire", "Bob Belongs Otherford"])
    expect(page.get_by_role("status").filter(has_text="2 people")).to_have_count(1)
    expect(text).to_have_attribute("aria-activedescendant", "people-to-mention-0")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    expect(offered).to_be_hidden()
    text.press_sequentially("o")
    page.wait_for_timeout(400)
    expect(offered).to_be_hidden()

    text.press_sequentially(" and @bob b")
    expect(offered).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(text).to_have_attribute("aria-activedescendant", "people-to-mention-1")
    page.keyboard.press("Enter")
    expect(text).to_have_value("I think that @belo and @Bob Belongs (Otherford) ")
    expect(text).to_be_focused()
    text.press_sequentially("knows.")
    page.get_by_role("button", name="Post your reply").click()

    expect(page.get_by_role("link", name="@Bob Belongs (Otherford)")).to_have_attribute(
        "href", f"/people/{namesake.pk}/"
    )
    assert Mention.objects.get().member == namesake
    axe(page)


def test_without_javascript_a_full_name_does_and_a_doubtful_one_is_asked_about(
    cast: Cast, question: Thread, browse: Browse
) -> None:
    officer(cast, "Bob Belongs")
    page = browse(cast.fay, javascript=False)
    page.goto(question.get_absolute_url())

    page.get_by_label("Your reply").fill("Ask @Bob Belongs")
    page.get_by_role("button", name="Post your reply").click()
    expect(page.get_by_role("alert")).to_contain_text("More than one person here is called Bob Belongs.")
    expect(page.get_by_label("Your reply")).to_have_value("Ask @Bob Belongs")
    page.get_by_label("Your reply").fill(f"Ask @Bob Belongs (Exampleshire, member {cast.bob.pk})")
    page.get_by_role("button", name="Post your reply").click()

    expect(page.locator("a.app-mention")).to_have_attribute("href", f"/people/{cast.bob.pk}/")


@pytest.mark.parametrize(("javascript", "width"), [(True, 1280), (False, 375)])
def test_the_asker_marks_the_answer_and_its_author_reads_of_it(
    cast: Cast, question: Thread, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    carl = officer(cast, "Carl Colleague")
    carls = browse(carl, javascript=javascript, width=width)
    carls.goto(question.get_absolute_url())
    carls.get_by_label("Your reply").fill("Like this, @Bob Belongs")
    carls.get_by_role("button", name="Post your reply").click()

    bob = browse(cast.bob, javascript=javascript, width=width)
    bob.goto("/notices/")
    axe(bob)
    bob.get_by_role("button", name="Carl Colleague mentioned you in “How?”").click()
    bob.get_by_role("button", name="Mark as the answer").click()
    expect(bob.get_by_role("link", name="See the answer, post 2")).to_be_visible()
    axe(bob)
    bob.get_by_role("link", name="Say whether it worked").click()
    bob.get_by_label("It worked in part").check()
    axe(bob)
    bob.get_by_role("button", name="Save").click()
    expect(bob.get_by_text("Bob Belongs says: It worked in part")).to_be_visible()

    carls.goto("/notices/")
    carls.get_by_role("button", name="Bob Belongs marked your post as the answer to “How?”").click()
    expect(carls.get_by_role("article", name="Post 2 by Carl Colleague")).to_contain_text("The answer")
    carls.goto("/notices/")
    expect(carls.get_by_role("link", name="Bob Belongs marked your post as the answer to “How?”")).to_be_visible()
    assert Answer.objects.get().worked == "partly"
