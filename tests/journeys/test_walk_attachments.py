"""An officer attaches a picture and a document, on a phone and at a desk; colleagues take them, nobody outside does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from forums.actions.threads import start_thread
from forums.models import Attachment, Thread
from tests.cast import Cast, make_cast
from tests.forums.uploads import EXE, PDF, picture
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser


@pytest.fixture
def cast(server: Server) -> Cast:
    return make_cast()


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Plans", source="Send yours.")


def file(name: str, content: bytes = PDF) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize(("javascript", "width"), [(True, 1280), (False, 320)])
def test_files_are_attached_described_and_taken(
    cast: Cast,
    thread: Thread,
    browse: Browse,
    server: Server,
    axe: Callable[[Page], None],
    javascript: bool,
    width: int,
) -> None:
    bob = browse(cast.bob, javascript=javascript, width=width)
    bob.goto(thread.get_absolute_url())
    bob.get_by_label("Your reply").fill("Ours, with a chart.")
    chart = picture("PNG", (900, 500))
    bob.get_by_label("Attach files").set_input_files([file("plan of our council.pdf"), file("chart.png", chart)])
    bob.get_by_role("button", name="Add files").click()
    expect(bob.locator("bdi", has_text="plan of our council.pdf")).to_be_visible()
    expect(bob.get_by_label("Your reply")).to_have_value("Ours, with a chart.")
    axe(bob)
    assert fits(bob)

    bob.get_by_label("Attach files").set_input_files([file("setup.pdf", EXE)])
    bob.get_by_role("button", name="Post your reply").click()
    alert = bob.get_by_role("alert")
    expect(alert).to_contain_text("“setup.pdf” is not a PDF, whatever its name says")
    axe(bob)
    alert.get_by_role("link", name="Say what “chart.png” shows").click()
    field = bob.get_by_label("What does “chart.png” show?")
    expect(field).to_be_focused()
    field.fill("Hours saved each month")
    field.press("Enter")  # sends the form, and presses neither of the buttons for files

    post = bob.get_by_role("article", name="Post 2 by Bob Belongs")
    expect(post.get_by_role("img", name="Hours saved each month")).to_be_visible()
    assert post.locator("img[src*=small]").evaluate("image => image.complete && image.naturalWidth > 0")
    axe(bob)
    assert fits(bob)

    with bob.expect_download() as taken:
        post.get_by_role("link", name="plan of our council.pdf").click()
    assert taken.value.suggested_filename == "plan of our council.pdf"
    assert taken.value.path().read_bytes() == PDF
    shown = post.get_by_role("link", name="Hours saved each month").get_attribute("href")
    assert bob.request.get(f"{server.url}{shown}").headers["content-type"] == "image/png"

    address = Attachment.objects.get(name="chart.png").get_absolute_url()
    for outsider in (browse(), browse(cast.olga)):
        answer = outsider.goto(address)
        assert answer and answer.status == 404


def test_a_file_is_taken_out_again(cast: Cast, browse: Browse, axe: Callable[[Page], None]) -> None:
    page = browse(cast.bob, javascript=False)
    page.goto("/networks/ai/threads/new/")
    page.get_by_label("Title").fill("Plans")
    page.get_by_label("Attach files").set_input_files([file("one.pdf"), file("two.pdf", PDF + b"\n")])
    page.get_by_role("button", name="Add files").click()
    axe(page)
    page.get_by_role("button", name="Remove one.pdf").click()

    expect(page.locator("bdi", has_text="two.pdf")).to_be_visible()
    expect(page.locator("bdi", has_text="one.pdf")).to_have_count(0)
    expect(page.get_by_label("Title")).to_have_value("Plans")
    expect(page.get_by_role("alert")).to_have_count(0)
