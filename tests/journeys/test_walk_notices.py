"""What is new reaches the pages that somebody has open, and who has no socket sees it on the next page."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Page, expect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from cms.models import EventPage, events_of
from forums.actions.posts import reply
from forums.actions.threads import start_thread
from forums.models import Post, Thread
from network.actions.notices import give_notice, read_all_notices
from network.actions.passwords import set_password
from network.live.notices import NoticeHub
from network.models import Member
from tests.cast import Cast
from tests.cms.hub import make_hub
from tests.journeys.conftest import Browse, Server, read_and_listen, session_of
from tests.queued import run_queued

Axe = Callable[[Page], None]

FOUND_WITHIN = (NoticeHub.TICK * NoticeHub.LOOK_EVERY + 3) * 1_000  # milliseconds, where nobody hints


@pytest.fixture
def thread(server: Server, cast: Cast) -> Thread:
    """Of bob, who hears of answers in it."""
    return start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="What did your DPIA say?", source="Ours said no.")


def answer(thread: Thread, by: Member) -> None:
    """Whoever began it is told in the same transaction; who only watches, by a worker."""
    reply(thread, by=by, source="Ours said yes.", reply_to=Post.objects.get(thread=thread, number=1))


@pytest.mark.browser
class TestBrowsers:
    def test_the_number_goes_up_and_down_without_reading_the_page_again(
        self, browse: Browse, cast: Cast, thread: Thread, axe: Axe
    ) -> None:
        desk, tab = browse(cast.bob), browse(cast.bob)
        for page in (desk, tab):
            read_and_listen(page, "/themes/")
            expect(page.get_by_role("link", name="Notices", exact=True)).to_be_visible()
            page.evaluate("window.isStillHere = true")

        other = browse(cast.fay)
        other.goto(thread.get_absolute_url())
        other.locator("textarea[name=source]").fill("Ours said yes.")
        other.get_by_role("button", name="Post your reply").click()
        other.wait_for_load_state()
        if settings.REDIS_URL:  # where the server has no worker of its own
            run_queued()

        for page in (desk, tab):
            count = page.locator("summary", has_text="Notices").locator(".app-count")
            expect(count).to_have_text("1 new", timeout=FOUND_WITHIN)
        axe(desk)
        desk.locator("summary", has_text="Notices").click()
        # Not a word of it came by the socket; the menu asks for it when it is opened.
        expect(desk.locator(".app-notice-menu__list")).to_contain_text("What did your DPIA say?")

        desk.get_by_role("link", name="See all notices").click()
        desk.get_by_role("button", name="Mark all as read").click()
        expect(tab.get_by_role("link", name="Notices", exact=True)).to_be_visible(timeout=3_000)
        expect(tab.locator("summary", has_text="Notices")).to_be_hidden()
        assert tab.evaluate("window.isStillHere")

    def test_what_a_worker_writes_is_found_and_the_folded_menu_says_it(
        self, browse: Browse, cast: Cast, thread: Thread
    ) -> None:
        phone = browse(cast.bob, width=375)
        read_and_listen(phone, "/themes/")
        answer(thread, cast.fay)

        button = phone.get_by_role("button", name="Menu 1 new notice", exact=True)
        expect(button).to_be_visible(timeout=FOUND_WITHIN)
        expect(phone.get_by_role("status").filter(has_text="1 new notice")).to_have_count(1)
        button.click()
        phone.locator("summary", has_text="Notices").click()
        expect(phone.locator(".app-notice-menu__list")).to_contain_text("What did your DPIA say?")

    def test_nothing_goes_from_under_the_hands_of_who_is_reading(
        self, browse: Browse, cast: Cast, thread: Thread
    ) -> None:
        answer(thread, cast.fay)
        page = browse(cast.bob)
        read_and_listen(page, "/themes/")
        menu = page.locator("summary", has_text="Notices")
        menu.click()
        expect(page.locator(".app-notice-menu__list")).to_be_visible()
        read_all_notices(by=cast.bob)
        page.wait_for_timeout(FOUND_WITHIN)
        expect(page.locator(".app-notice-menu__list")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("heading", level=1).click()
        expect(menu).to_be_hidden()
        expect(page.get_by_role("link", name="Notices", exact=True)).to_be_visible()

    def test_without_a_script_the_next_page_shows_it(self, browse: Browse, cast: Cast, thread: Thread) -> None:
        page = browse(cast.bob, javascript=False)
        page.goto("/themes/")
        expect(page.get_by_role("link", name="Notices", exact=True)).to_be_visible()
        answer(thread, cast.fay)
        page.goto("/themes/")
        expect(page.locator("summary", has_text="Notices").locator(".app-count")).to_have_text("1 new")
        expect(page.get_by_role("link", name="Notices", exact=True)).to_be_hidden()

    def test_who_is_signed_out_elsewhere_hears_no_more(self, browse: Browse, cast: Cast, thread: Thread) -> None:
        page = browse(cast.bob)
        read_and_listen(page, "/themes/")
        Session.objects.all().delete()
        page.wait_for_timeout((NoticeHub.TICK + 2) * 1_000)
        answer(thread, cast.fay)
        page.wait_for_timeout(FOUND_WITHIN)
        expect(page.locator("summary", has_text="Notices")).to_be_hidden()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 375])
def test_an_event_becomes_one_of_theirs(
    browse: Browse, server: Server, cast: Cast, axe: Axe, width: int, tmp_path: Path
) -> None:
    event: EventPage = make_hub().publish_event(
        "Show and tell",
        network=cast.ai,
        starts_at=timezone.now() + timedelta(days=3),
        place="County Hall, room 4",
        joining_link="https://meet.example.org/x",
    )
    page = browse(cast.bob, javascript=width == 1280, width=width)
    page.goto(event.url)
    axe(page)
    page.get_by_role("button", name="Add to my events").click()
    expect(page.get_by_text("This event is in your events.")).to_be_visible()
    expect(page.get_by_role("button", name="Take it out of my events")).to_be_visible()
    assert list(events_of(cast.bob)) == [event]
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width if width == 1280 else True
    page.get_by_role("button", name="Take it out of my events").click()
    expect(page.get_by_role("button", name="Add to my events")).to_be_visible()


# The socket itself, against both servers


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def serving(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp(request.param), request.param)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def other_site(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("other"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def site(serving: Server, transactional_db: None) -> Server:
    return serving


class Ear:
    """A browser that only listens for notices."""

    def __init__(self, server: Server, *, session: str | None, origin: str | None = "") -> None:
        self.stack = ExitStack()
        self.socket: ClientConnection = self.stack.enter_context(
            connect(
                f"ws://127.0.0.1:{server.port}/live/notices/",
                origin=server.url if origin == "" else origin,  # type: ignore[arg-type]
                additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {},
                proxy=None,
                open_timeout=10,
                close_timeout=1,
                ping_interval=None,
            )
        )

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *of_error: object) -> None:
        self.stack.close()

    def hear(self, within: float = 5) -> dict[str, object]:
        frame = json.loads(self.socket.recv(timeout=within))
        assert set(frame) == {"n", "more"}
        return frame  # type: ignore[no-any-return]

    def number(self, wanted: int, within: float) -> None:
        deadline = time.monotonic() + within
        while self.hear(max(0.0, deadline - time.monotonic()))["n"] != wanted:
            pass

    def close_code(self, within: float) -> int:
        deadline = time.monotonic() + within
        while True:
            try:
                self.hear(max(0.0, deadline - time.monotonic()))
            except ConnectionClosed as closed:
                assert closed.rcvd, "the server went without a word"
                return closed.rcvd.code


def test_only_who_is_signed_in_finds_it_and_only_from_here(site: Server, cast: Cast) -> None:
    session = session_of(cast.bob)
    for how in ({"session": None}, {"session": "x" * 32}, {"session": session, "origin": "http://evil.example"}):
        with pytest.raises(InvalidStatus) as answer:
            Ear(site, **how)  # type: ignore[arg-type]
        assert answer.value.response.status_code == 403
    Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
    with pytest.raises(InvalidStatus):
        Ear(site, session=session)


def test_each_hears_of_their_own_notices_and_never_of_anothers(site: Server, cast: Cast) -> None:
    thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="A", source="B")
    sessions = {who: session_of(getattr(cast, who)) for who in ("bob", "olga", "lena", "sven")}
    with ExitStack() as stack:
        ears = {who: stack.enter_context(Ear(site, session=session)) for who, session in sessions.items()}
        for ear in ears.values():
            assert ear.hear() == {"n": 0, "more": False}
        # A notice by mistake, of what they may not see, is no number either.
        give_notice("thread_replied", thread.pk, [cast.bob, cast.olga, cast.lena, cast.sven])
        ears["bob"].number(1, within=FOUND_WITHIN / 1_000)
        for who in ("olga", "lena", "sven"):
            with pytest.raises(TimeoutError):
                ears[who].hear(0.5)


def test_reading_in_one_place_is_heard_in_another(site: Server, cast: Cast) -> None:
    answer(start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="A", source="B"), cast.bob)
    with Ear(site, session=session_of(cast.fay)) as ear:
        ear.number(1, within=5)
        read_all_notices(by=cast.fay)
        ear.number(0, within=FOUND_WITHIN / 1_000)


def test_what_is_read_on_one_server_is_heard_on_the_other(site: Server, other_site: Server, cast: Cast) -> None:
    thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="A", source="B")
    give_notice("thread_replied", thread.pk, [cast.fay])
    session = session_of(cast.fay)
    # The other server has a listener of its own, without which it has nothing to do with notices.
    with Ear(site, session=session) as ear, Ear(other_site, session=session_of(cast.bob)) as elsewhere:
        ear.number(1, within=5)
        elsewhere.hear()
        time.sleep(0.5)
        with httpx.Client(base_url=other_site.url, cookies={settings.SESSION_COOKIE_NAME: session}) as client:
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/notices/").text)
            assert token
            answer = client.post("/notices/read/", data={"csrfmiddlewaretoken": token[1]})
            assert answer.status_code == 302
        ear.number(0, within=1.5 if settings.REDIS_URL else FOUND_WITHIN / 1_000)


@pytest.mark.parametrize("end", ["session", "signed out", "account", "password"])
def test_access_ends_within_five_seconds(site: Server, cast: Cast, end: str) -> None:
    session = session_of(cast.bob)
    with Ear(site, session=session) as ear, Ear(site, session=session_of(cast.fay)) as other:
        ear.hear()
        told = other.hear()
        if end == "session":
            Session.objects.filter(session_key=session).delete()
        elif end == "signed out":
            UserSession.objects.filter(session_key=session).delete()
            Session.objects.filter(session_key=session).delete()
        elif end == "account":
            Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
        else:
            set_password("correct horse battery staple 7", by=cast.bob, this_session=None)
        assert ear.close_code(within=5) == 4401
        with contextlib.suppress(TimeoutError):  # now and then it is told the same again
            assert other.hear(0.1) == told


def test_it_listens_to_nobody(site: Server, cast: Cast) -> None:
    with Ear(site, session=session_of(cast.bob)) as ear:
        ear.hear()
        ear.socket.send('{"t":"hello"}')
        assert ear.close_code(within=5) == 4400


def test_of_too_many_the_oldest_ends(site: Server, cast: Cast) -> None:
    session = session_of(cast.bob)
    with ExitStack() as stack:
        ears = [stack.enter_context(Ear(site, session=session)) for _ in range(NoticeHub.SOCKETS_OF_ONE_MEMBER + 1)]
        assert ears[0].close_code(within=5) == 4405
        assert ears[-1].hear()["n"] == 0
