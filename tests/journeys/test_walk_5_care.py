"""Walk 5: what becomes of messages, and looking after a room, over real sockets, plain requests and in browsers."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from forums.actions.amendments import edit_message, hide_message, restore_message
from forums.actions.messages import say
from forums.actions.rooms import close_room, lock_room, reschedule_room, schedule_room, set_slow_mode
from forums.actions.sanctions import give_time_out, remove_from_room
from forums.consumers import POLLS_AT_ONCE
from forums.limits import SPEAKING
from forums.models import Message, Room
from network.actions.membership import leave_network
from network.models import Member
from tests.cast import Cast
from tests.faults.conftest import members_of
from tests.journeys.conftest import Browse, Server, session_of
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
def other_server(server: Server, tmp_path: Path) -> Iterator[Server]:
    """A second process on the same database, on uvicorn."""
    other = Server(tmp_path, "uvicorn")
    other.start()
    yield other
    other.stop()


def ask(visitor: Visitor, frame: dict[str, Any]) -> dict[str, Any]:
    name = str(uuid.uuid4())
    visitor.tell(frame | {"c": name})
    return visitor.wait_for("ok", "err", c=name)


# By socket


def test_a_hidden_word_leaves_in_no_frame_two_seconds_later_on_any_server(
    server: Server, other_server: Server, cast: Cast, room: Room
) -> None:
    with Visitor(server, room, cast.bob) as bob, Visitor(other_server, room, cast.fay) as fay:
        for visitor in (bob, fay):
            visitor.hello()
        bob.say("zyzzyva")
        message = Message.objects.select_related("room__network").get()
        edit_message(message, by=cast.bob, body="zyzzyva, better")
        for visitor in (bob, fay):
            visitor.wait_for_event(2)

        hide_message(message, by=cast.fay, reason="It names a resident")

        for visitor in (bob, fay):
            event = visitor.wait_for_event(3, within=2)
            assert (event["k"], event["x"]) == ("hide", 1)
            assert "Hidden by a facilitator" in event["h"]
            assert "resident" not in event["h"]
    for where in (server, other_server):
        with Visitor(where, room, cast.fay) as late:
            late.hello(room, since=0)
            late.wait_for_event(3)
            assert late.numbers == [1, 2, 3]
            assert "zyzzyva" not in json.dumps(late.events)
            assert (
                "zyzzyva"
                not in httpx.get(
                    f"{where.url}/rooms/{room.pk}/", cookies={settings.SESSION_COOKIE_NAME: session_of(cast.fay)}
                ).text
            )


def test_hiding_while_others_talk_and_catch_up_lets_no_word_out(server: Server, cast: Cast, room: Room) -> None:
    """Listeners come from every place of the log while messages are said and hidden; two seconds after the last hide
    none of them is sent a hidden word."""
    now = timezone.now() - timedelta(minutes=30)
    said = [say(room, by=cast.fay, body=f"zyzzyva {n}", now=now + timedelta(seconds=10 * n)) for n in range(60)]
    with Visitor(server, room, cast.bob) as bob:
        bob.hello(room, since=0)
        bob.wait_for_event(60)

        def hide_all() -> None:
            for message in said:
                hide_message(message, by=cast.fay, reason="No")

        hiding = threading.Thread(target=hide_all)
        hiding.start()
        for since in (0, 10, 30, 59):
            with Visitor(server, room, cast.bob) as late:
                late.hello(room, since=since)
                late.wait_for_event(60)
        hiding.join()
        bob.wait_for_event(120, within=2)
        time.sleep(2)
        for since in (0, 30, 59, 61):
            with Visitor(server, room, cast.bob) as late:
                late.hello(room, since=since)
                late.wait_for_event(120)
                assert late.numbers == list(range(since + 1, 121))
                assert "zyzzyva" not in json.dumps(late.events)


def test_changing_deleting_replying_and_reacting_by_socket(server: Server, cast: Cast, room: Room) -> None:
    with Visitor(server, room, cast.bob) as bob, Visitor(server, room, cast.fay) as fay:
        assert bob.hello()["you"]["role"] == "member"
        assert fay.hello()["you"]["role"] == "facilitator"
        bob.say("Frist")

        assert ask(bob, {"t": "edit", "s": 1, "b": "First"})["s"] == 2
        assert "First" in fay.wait_for_event(2)["h"]
        assert ask(fay, {"t": "send", "b": "Yes", "re": 1})["s"] == 3
        assert "In reply to Bob Belongs" in bob.wait_for_event(3)["h"]
        assert ask(fay, {"t": "react", "s": 1, "e": "thanks", "on": True})["t"] == "ok"
        while "react" not in (changed := bob.wait_for("st", within=3)["d"]):
            pass
        assert changed["react"] == {"1": {"thanks": 1}}
        assert ask(bob, {"t": "del", "s": 1})["s"] == 4
        assert "Deleted by its author" in fay.wait_for_event(4)["h"]

        assert ask(fay, {"t": "edit", "s": 3, "b": " "})["code"] == "invalid"
        assert ask(bob, {"t": "edit", "s": 3, "b": "Mine"})["code"] == "forbidden"
        assert ask(bob, {"t": "send", "b": "To whom?", "re": 99})["code"] == "invalid"
    with Visitor(server, room, cast.fay) as late:
        assert late.hello(room, since=0)["st"]["react"] == {"1": {"thanks": 1}}


def test_how_many_are_there_is_told_and_a_reconnect_is_no_leaving(server: Server, cast: Cast, room: Room) -> None:
    with Visitor(server, room, cast.bob) as bob:
        bob.hello()
        with Visitor(server, room, cast.fay) as fay:
            fay.hello()
            while bob.wait_for("st", within=8)["d"].get("presence") != 2:
                pass
        with pytest.raises(TimeoutError):
            bob.wait_for("st", within=6)


def test_slow_mode_a_time_out_and_a_lock_refuse_with_their_reason(server: Server, cast: Cast, room: Room) -> None:
    with Visitor(server, room, cast.bob) as bob, Visitor(server, room, cast.fay) as fay:
        bob.hello()
        fay.hello()
        set_slow_mode(room, seconds=30, by=cast.fay)
        while bob.wait_for("st", within=3)["d"].get("slow") != 30:
            pass
        bob.say("One")
        refused = bob.say("Two")
        assert refused["code"] == "slow_mode"
        assert 25_000 <= refused["retry_ms"] <= 30_000

        set_slow_mode(room, seconds=0, by=cast.fay)
        give_time_out(room, cast.bob, lasts=timedelta(minutes=1), by=cast.fay, reason="Let others speak")
        assert "Let others speak" in bob.say("But")["words"]

        lock_room(room, lock=Room.Lock.WRITING, by=cast.fay)
        while bob.wait_for("st", within=3)["d"].get("lock") != "writing":
            pass
        assert fay.say("One moment, please")["t"] == "ok"
        bob.wait_for_event(2)


def removed(cast: Cast, room: Room) -> None:
    remove_from_room(room, cast.bob, by=cast.fay, reason="No")


def locked(cast: Cast, room: Room) -> None:
    lock_room(room, lock=Room.Lock.READING, by=cast.fay)


@pytest.mark.parametrize("end", [removed, locked])
def test_who_may_no_longer_read_is_closed_and_hears_nothing_more(
    server: Server, cast: Cast, room: Room, end: Callable[[Cast, Room], None]
) -> None:
    with Visitor(server, room, cast.bob) as bob, Visitor(server, room, cast.fay) as fay:
        bob.hello()
        fay.hello()
        end(cast, room)
        assert bob.wait_for_close(within=3) == 4403
        assert fay.say("Now that we are among ourselves")["t"] == "ok"
        assert bob.events == []


# Without a socket


class Poller:
    """A browser that uses plain requests."""

    def __init__(self, server: Server, room: Room, member: Member | None, session: str | None = None) -> None:
        session = session or (session_of(member) if member else None)
        self.room = room
        self.address = f"{server.url}/live/rooms/{room.pk}/poll/"
        self.origin = server.url
        self.cookies = {settings.SESSION_COOKIE_NAME: session} if session else {}

    def get(self, since: int, **more: str) -> httpx.Response:
        query: dict[str, Any] = {"epoch": str(self.room.epoch), "since": since} | more
        return httpx.get(self.address, params=query, cookies=self.cookies, timeout=40)

    def news(self, since: int, **more: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Frames, and events."""
        answer = self.get(since, **more)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        frames = answer.json()
        events = [event for frame in frames if isinstance(frame, list) for event in frame]
        return [frame for frame in frames if isinstance(frame, dict)], events

    def next_news(self, since: int, within: float = 10) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The first that is an event, or the end; what else is told, such as who is there, is passed over."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            frames, events = self.news(since)
            if events or any(frame["t"] == "bye" for frame in frames):
                return frames, events
        raise TimeoutError

    def post(self, frame: dict[str, Any] | str, **headers: str) -> httpx.Response:
        given = {"Origin": self.origin, "Content-Type": "application/json"} | headers
        body = frame if isinstance(frame, str) else json.dumps(frame)
        return httpx.post(self.address, content=body, cookies=self.cookies, headers=given)

    def say(self, body: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.post({"t": "send", "c": str(uuid.uuid4()), "b": body}).json()
        return answer


@pytest.fixture(params=["daphne", "uvicorn"])
def site(request: pytest.FixtureRequest, server: Server, room: Room) -> Server:
    return server if request.param == "daphne" else request.getfixturevalue("other_server")  # type: ignore[no-any-return]


def test_what_comes_next_is_answered_at_once_or_when_it_comes(site: Server, cast: Cast, room: Room) -> None:
    bob, fay = Poller(site, room, cast.bob), Poller(site, room, cast.fay)
    assert (bob.say("One")["s"], fay.say("Two")["s"]) == (1, 2)

    [welcome, *_], events = bob.news(0)
    assert (welcome["t"], welcome["resume"], welcome["top"]) == ("welcome", "ok", 2)
    assert [event["s"] for event in events] == [1, 2]
    later = threading.Timer(1.5, lambda: fay.say("Three"))
    later.start()
    began = time.monotonic()
    _, events = bob.next_news(2)
    assert [event["s"] for event in events] == [3]
    assert 1 < time.monotonic() - began < 5
    began = time.monotonic()
    assert bob.news(3, now="1")[1] == []
    assert time.monotonic() - began < 2


def test_sockets_and_polls_hear_each_other(site: Server, cast: Cast, room: Room) -> None:
    bob = Poller(site, room, cast.bob)
    with Visitor(site, room, cast.fay) as fay:
        fay.hello()
        assert bob.say("By a plain request")["t"] == "ok"
        fay.wait_for_event(1, within=1)
        fay.say("By a socket")
        assert [event["s"] for event in bob.news(1)[1]] == [2]


def test_a_poll_from_elsewhere_in_the_log_starts_afresh(site: Server, cast: Cast, room: Room) -> None:
    [welcome, *_], events = Poller(site, room, cast.bob).news(50)

    assert welcome["resume"] == "reset"
    assert events == []


@pytest.mark.parametrize("who", [None, "olga", "amir", "lena", "sven", "ada"])
def test_outsiders_poll_nothing(server: Server, cast: Cast, room: Room, who: str | None) -> None:
    say(room, by=cast.bob, body="zyzzyva")
    outsider = Poller(server, room, getattr(cast, who) if who else None)

    answer = outsider.get(0)
    refused = 404 if who else 401
    assert (answer.status_code, answer.text) == (refused, "")
    assert outsider.post({"t": "send", "c": str(uuid.uuid4()), "b": "Let me in"}).status_code == refused
    assert Message.objects.count() == 1


def test_who_waits_is_shut_out_like_a_socket(site: Server, cast: Cast, room: Room) -> None:
    bob = Poller(site, room, cast.bob)
    for _ in range(10):  # who is there is told first, and then they wait
        began = time.monotonic()
        leaving = threading.Timer(2, lambda: leave_network(cast.practitioners, by=cast.bob))
        leaving.start()
        frames, events = bob.news(0)
        if any(frame["t"] == "bye" for frame in frames):
            break
        leaving.cancel()

    assert time.monotonic() - began < 7
    assert [frame["code"] for frame in frames if frame["t"] == "bye"] == [4403]
    assert events == []
    assert bob.get(0).status_code == 404


def test_the_end_of_a_session_ends_the_poll(server: Server, cast: Cast, room: Room) -> None:
    session = session_of(cast.bob)
    bob = Poller(server, room, None, session=session)
    threading.Timer(1, lambda: Session.objects.filter(session_key=session).delete()).start()

    for _ in range(10):  # who is there may be told first
        answer = bob.get(0)
        codes = [frame["code"] for frame in answer.json() if frame["t"] == "bye"] if answer.text else []
        if codes or answer.status_code != 200:
            break

    assert (answer.status_code, codes) in [(200, [4401]), (401, [])]


def test_another_rooms_number_polls_nothing(site: Server, cast: Cast, room: Room) -> None:
    now = timezone.now()
    times = {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(hours=1)}
    elsewhere = schedule_room(cast.ai, title="Elsewhere", by=None, **times)
    leave_network(cast.ai, by=cast.bob)
    bob = Poller(site, elsewhere, cast.bob)
    frame = {"t": "send", "c": str(uuid.uuid4()), "b": "Let me in"}

    assert (bob.get(0, now="1").status_code, bob.post(frame).status_code) == (404, 404)
    assert Poller(site, room, cast.bob).post(frame).json()["t"] == "ok"  # and the other door stays open


@pytest.mark.parametrize("who", ["evil", "scheme", "port"])
def test_what_comes_from_almost_here_is_refused(site: Server, cast: Cast, room: Room, who: str) -> None:
    origins = {
        "evil": f"http://127.0.0.1.evil.example:{site.port}",
        "scheme": site.url.replace("http:", "https:"),
        "port": f"http://127.0.0.1:{site.port + 1}",
    }
    bob = Poller(site, room, cast.bob)
    frame = {"t": "send", "c": str(uuid.uuid4()), "b": "x"}

    assert bob.post(frame, Origin=origins[who]).status_code == 403
    answer = httpx.get(bob.address, cookies=bob.cookies, headers={"Origin": origins[who]})
    assert answer.status_code == 403
    assert Message.objects.count() == 0


def test_a_hundred_messages_in_a_second_are_refused_and_others_notice_nothing(
    site: Server, cast: Cast, room: Room
) -> None:
    # Everybody here comes from one address.
    hasty = Poller(site, room, members_of(cast.practitioners, cast.council, 4)[-1])
    headers = {"Origin": hasty.origin, "Content-Type": "application/json"}

    def say_once(number: int) -> dict[str, Any]:
        body = json.dumps({"t": "send", "c": str(uuid.uuid4()), "b": f"Word {number}"})
        answer: dict[str, Any] = client.post(hasty.address, content=body, headers=headers).json()
        return answer

    with httpx.Client(cookies=hasty.cookies, timeout=40) as client, ThreadPoolExecutor(10) as together:
        answers = list(together.map(say_once, range(100)))

    said = [answer for answer in answers if answer["t"] == "ok"]
    assert len(said) <= SPEAKING.times
    assert {answer["code"] for answer in answers if answer["t"] == "err"} <= {"rate", "busy"}
    began = time.monotonic()
    assert Poller(site, room, cast.bob).say("I am still here")["t"] == "ok"
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 400),
    ],
)
def test_nothing_is_taken_from_another_site(
    site: Server, cast: Cast, room: Room, headers: dict[str, str], status: int
) -> None:
    bob = Poller(site, room, cast.bob)

    assert bob.post({"t": "send", "c": str(uuid.uuid4()), "b": "x"}, **headers).status_code == status
    assert Message.objects.count() == 0


def test_a_request_that_does_not_say_where_it_comes_from_changes_nothing(
    server: Server, cast: Cast, room: Room
) -> None:
    bob = Poller(server, room, cast.bob)
    body = json.dumps({"t": "send", "c": str(uuid.uuid4()), "b": "x"})

    answer = httpx.post(bob.address, content=body, cookies=bob.cookies, headers={"Content-Type": "application/json"})
    crossed = httpx.get(bob.address, cookies=bob.cookies, headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, crossed.status_code) == (403, 403)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "x",
        "[]",
        '{"t": "hello", "v": 1}',
        '{"t": "ack", "s": 1}',
        "x" * 20_000,
        "[" * 10_000,
        "{}",
        '{"t": "shout"}',
    ],
)
def test_what_is_no_frame_is_refused(site: Server, cast: Cast, room: Room, body: str) -> None:
    assert Poller(site, room, cast.bob).post(body).status_code == 400


def test_a_session_that_has_expired_polls_nothing(site: Server, cast: Cast, room: Room) -> None:
    session = session_of(cast.bob)
    Session.objects.filter(session_key=session).update(expire_date=timezone.now() - timedelta(seconds=1))
    bob = Poller(site, room, None, session)
    frame = {"t": "send", "c": str(uuid.uuid4()), "b": "Still me"}

    assert (bob.get(0, now="1").status_code, bob.post(frame).status_code) == (401, 401)
    assert Message.objects.count() == 0


def test_a_body_of_two_megabytes_and_one_that_is_no_text_are_refused(site: Server, cast: Cast, room: Room) -> None:
    bob = Poller(site, room, cast.bob)
    headers = {"Origin": bob.origin, "Content-Type": "application/json"}

    for body in (b"x" * 2_000_000, b'{"t": "send", "b": "\xff\xfe"}'):
        answer = httpx.post(bob.address, content=body, cookies=bob.cookies, headers=headers)
        assert answer.status_code in (400, 413)
    assert bob.say("Still here")["t"] == "ok"


def test_who_asks_without_end_is_told_to_wait_and_nobody_else_is(site: Server, cast: Cast, room: Room) -> None:
    hasty = Poller(site, room, members_of(cast.practitioners, cast.council, 3)[-1])
    with httpx.Client(cookies=hasty.cookies, timeout=40) as client, ThreadPoolExecutor(20) as together:
        answers = list(together.map(lambda _: client.get(hasty.address, params={"now": "1"}), range(POLLS_AT_ONCE * 4)))

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert sum(answer.status_code == 200 for answer in answers) == len(answers) - len(refused) >= POLLS_AT_ONCE
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert Poller(site, room, cast.bob).get(0, now="1").status_code == 200


def test_other_methods_and_addresses_are_nothing(server: Server, cast: Cast, room: Room) -> None:
    bob = Poller(server, room, cast.bob)

    assert httpx.put(bob.address, cookies=bob.cookies, headers={"Origin": bob.origin}).status_code == 405
    for address in ("/live/", "/live/rooms/1/", "/live/rooms/x/poll/", f"/live/rooms/{2**40}/poll/"):
        answer = httpx.get(server.url + address, cookies=bob.cookies)
        assert answer.status_code == 404, address


# In browsers


def messages(page: Page) -> Locator:
    return page.locator(".app-chat__log > li[data-seq] .app-message__body")


def line(page: Page, seq: int) -> Locator:
    return page.locator(f'.app-chat__log > li[data-seq="{seq}"]')


def opened(page: Page, room: Room) -> Page:
    page.goto(room.get_absolute_url())
    expect(page.locator("[data-live-status]")).to_contain_text("Connected")
    return page


def write(page: Page, words: str) -> None:
    page.get_by_label("Your message").fill(words)
    page.get_by_role("button", name="Send").click()


def test_a_hidden_message_goes_from_every_screen_and_its_author_is_led_to_the_reason(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    bob, fay = opened(browse(cast.bob), room), opened(browse(cast.fay, width=375), room)
    write(bob, "zyzzyva")
    line(fay, 1).get_by_role("button", name="Options").click()
    axe(fay)
    line(fay, 1).get_by_role("link", name="Hide").click()
    axe(fay)
    fay.get_by_label("Why are you hiding it?").fill("It names a resident")
    fay.get_by_role("button", name="Hide").click()

    expect(messages(bob)).to_have_text(["Hidden by a facilitator"], timeout=2_000)
    expect(messages(fay)).to_have_text(["Hidden by a facilitator"])
    assert "zyzzyva" not in bob.content()
    assert "zyzzyva" not in fay.content()
    expect(line(bob, 1).get_by_role("button", name="Options")).to_be_hidden()
    line(bob, 1).get_by_role("link", name="See why").click()
    expect(bob.locator("main")).to_contain_text("It names a resident")
    axe(bob)

    line(fay, 1).get_by_role("link", name="See what was hidden").click()
    axe(fay)
    fay.get_by_role("button", name="Restore").click()
    expect(messages(fay)).to_have_text(["zyzzyva"])


def test_replying_changing_reacting_and_deleting_in_the_room(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    bob, fay = opened(browse(cast.bob, width=375), room), opened(browse(cast.fay), room)
    write(bob, "Frist thought")
    line(fay, 1).get_by_role("link", name="Reply").click()
    expect(fay.get_by_text("You reply to Bob Belongs.")).to_be_visible()
    expect(fay.get_by_label("Your message")).to_be_focused()
    write(fay, "Which one?")
    expect(line(bob, 2)).to_contain_text("In reply to Bob Belongs")
    expect(fay.get_by_text("You reply to Bob Belongs.")).to_be_hidden()

    bob.get_by_label("Your message").fill("Half a thought")
    line(bob, 1).get_by_role("button", name="Options").click()
    line(bob, 1).get_by_role("button", name="Edit").click()
    expect(bob.get_by_label("Your message")).to_have_value("Frist thought")
    bob.get_by_label("Your message").fill("First thought")
    axe(bob)
    bob.get_by_role("button", name="Save").click()
    for page in (bob, fay):
        expect(line(page, 1).locator(".app-message__body")).to_have_text("First thought")
        expect(line(page, 1)).to_contain_text("edited")
        expect(messages(page)).to_have_count(2)
    expect(bob.get_by_label("Your message")).to_have_value("Half a thought")

    line(fay, 1).get_by_role("button", name="Options").click()
    thanks = line(fay, 1).get_by_role("button", name="Thank you")
    thanks.click()
    expect(thanks).to_have_attribute("aria-pressed", "true")
    for page in (bob, fay):
        expect(line(page, 1).locator("[data-live-reactions]")).to_have_text("Thank you 1")
    axe(fay)

    bob.on("dialog", lambda dialog: dialog.accept())
    line(bob, 1).get_by_role("button", name="Delete").click()
    for page in (bob, fay):
        expect(messages(page).first).to_have_text("Deleted by its author")
    assert Message.objects.get(seq=1).body == ""


def test_a_change_that_finds_no_connection_stays_in_the_form(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob = opened(browse(cast.bob), room)
    write(bob, "First")
    line(bob, 1).get_by_role("button", name="Options").click()
    line(bob, 1).get_by_role("button", name="Edit").click()
    expect(bob.get_by_label("Your message")).to_have_value("First")
    bob.get_by_label("Your message").fill("Second")
    Message.objects.update(written_at=timezone.now() - timedelta(minutes=6))

    bob.get_by_role("button", name="Save").click()

    expect(bob.locator("[data-live-too-long]")).to_contain_text("Not changed. You can change or delete a message for 5")
    expect(bob.get_by_label("Your message")).to_have_value("Second")


def test_who_pauses_is_shown_nothing_new_until_they_go_on_but_nothing_hidden_either(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    bob = opened(browse(cast.bob), room)
    shown = say(room, by=cast.fay, body="zyzzyva")
    expect(messages(bob)).to_have_count(1)
    bob.get_by_role("button", name="Pause").click()

    waiting = say(room, by=cast.fay, body="quokka")
    say(room, by=cast.fay, body="wombat")
    go_on = bob.get_by_role("button", name="Go on (2 new)")
    expect(go_on).to_be_visible()
    axe(bob)
    for message in (shown, waiting):
        hide_message(Message.objects.select_related("room__network").get(pk=message.pk), by=cast.fay, reason="No")
    expect(messages(bob)).to_have_text(["Hidden by a facilitator"])
    bob.wait_for_timeout(500)
    go_on.click()

    expect(messages(bob)).to_have_text(["Hidden by a facilitator", "Hidden by a facilitator", "wombat"])
    assert "quokka" not in bob.content()
    bob.get_by_text("Speed and announcements").click()
    axe(bob)
    bob.get_by_label("Show new messages").select_option("5")
    say(room, by=cast.fay, body="Slowly")
    bob.wait_for_timeout(1_500)
    expect(messages(bob)).to_have_count(3)
    expect(messages(bob)).to_have_count(4, timeout=6_000)


def test_nothing_moves_under_a_pointer(server: Server, cast: Cast, room: Room, browse: Browse) -> None:
    now = timezone.now() - timedelta(minutes=50)
    for n in range(40):
        say(room, by=cast.fay, body=f"Message {n}", now=now + timedelta(seconds=20 * n))
    bob = opened(browse(cast.bob), room)
    log = bob.locator(".app-chat__log")
    box = log.bounding_box()
    assert box
    bob.mouse.move(box["x"] + 50, box["y"] + 50)
    bob.mouse.move(box["x"] + 60, box["y"] + 60)
    before = log.evaluate("log => log.scrollTop")

    say(room, by=cast.fay, body="Something new")

    expect(bob.locator("[data-live-jump]")).to_have_text("1 new message")
    assert log.evaluate("log => log.scrollTop") == before
    at_end = """() => {
        const log = document.querySelector(".app-chat__log");
        return log.scrollTop + log.clientHeight + 5 > log.scrollHeight;
    }"""
    bob.wait_for_function(at_end, timeout=5_000)  # once it rests
    expect(bob.locator("[data-live-jump]")).to_be_hidden()


NO_SOCKETS = """
window.WebSocket = class {
  readyState = 0;
  constructor() { window.tried = (window.tried ?? 0) + 1; setTimeout(() => this.onclose?.({ code: 1006 }), 50); }
  send() {}
  close() {}
};
"""


def test_where_no_socket_gets_through_the_room_goes_on_by_plain_requests(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    bob = browse(cast.bob)
    bob.add_init_script(NO_SOCKETS)
    fay = opened(browse(cast.fay), room)

    opened(bob, room)
    write(bob, "By plain requests")
    expect(messages(fay)).to_have_text(["By plain requests"])
    write(fay, "By a socket")
    expect(messages(bob)).to_have_text(["By plain requests", "By a socket"], timeout=3_000)
    axe(bob)
    server.stop()
    write(bob, "Into the outage")
    expect(bob.locator(".app-message--sending")).to_have_count(1)
    server.start()
    expect(messages(bob)).to_have_text(["By plain requests", "By a socket", "Into the outage"], timeout=15_000)
    remove_from_room(room, cast.bob, by=cast.fay, reason="No")
    expect(bob.locator("[data-live-status]")).to_contain_text("no longer take part", timeout=8_000)


def test_the_page_counts_down_and_shows_the_room_when_it_opens(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    now = timezone.now()
    soon = now + Room.EARLY + timedelta(seconds=6)
    reschedule_room(room, title=room.title, opens_at=soon, closes_at=now + timedelta(hours=1), by=None)
    bob = browse(cast.bob)
    bob.goto(room.get_absolute_url())
    expect(bob.locator("[data-live-countdown]")).to_have_text("3 seconds", timeout=6_000)
    axe(bob)

    expect(bob.locator("[data-live-status]")).to_contain_text("Connected", timeout=15_000)
    write(bob, "Good morning")
    expect(messages(bob)).to_have_text(["Good morning"])


def test_a_locked_room_says_so_and_keeps_what_is_being_typed(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    bob, fay = opened(browse(cast.bob), room), opened(browse(cast.fay), room)
    bob.get_by_label("Your message").fill("One more th")

    lock_room(room, lock=Room.Lock.WRITING, by=cast.fay)

    expect(bob.get_by_text("A facilitator has locked this room")).to_be_visible()
    expect(bob.get_by_label("Your message")).to_have_value("One more th")
    expect(fay.get_by_text("A facilitator has locked this room")).to_be_hidden()
    write(fay, "One moment, please")
    expect(messages(bob)).to_have_text(["One moment, please"])
    axe(bob)
    late = opened(browse(cast.bob), room)
    expect(late.get_by_label("Your message")).to_be_hidden()
    lock_room(Room.objects.select_related("network").get(pk=room.pk), lock=Room.Lock.NONE, by=cast.fay)
    expect(late.get_by_label("Your message")).to_be_visible()
    expect(bob.get_by_text("A facilitator has locked this room")).to_be_hidden()


def test_a_facilitator_opens_a_room_and_looks_after_it_without_a_script(
    server: Server, cast: Cast, browse: Browse, axe: Axe
) -> None:
    fay = browse(cast.fay, width=320, javascript=False)
    fay.goto(f"/networks/{cast.practitioners.slug}/rooms/")
    fay.get_by_role("link", name="Open a live room").click()
    now = timezone.localtime()
    fay.get_by_label("What is the session called?").fill("Clinic")
    fay.get_by_label("When does it start?").fill((now + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M"))
    fay.get_by_label("When does it end?").fill((now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"))
    fay.get_by_role("button", name="Open the room").click()
    room = Room.objects.get()
    bob = browse(cast.bob, javascript=False)
    bob.goto(room.get_absolute_url())
    write(bob, "zyzzyva")
    bob.get_by_role("link", name="Options for message 1").click()
    bob.get_by_role("link", name="Change what you said").click()
    bob.get_by_label("What the message says").fill("quokka")
    bob.get_by_role("button", name="Change").click()
    expect(messages(bob)).to_have_text(["quokka"])

    fay.reload()
    fay.get_by_role("link", name="Look after this room").click()
    fay.get_by_label("How long do people wait between two messages?").select_option("30")
    fay.get_by_role("button", name="Set slow mode").click()
    assert fay.evaluate("document.documentElement.scrollWidth") <= 320
    axe(fay)
    expect(fay.get_by_label("How long do people wait between two messages?")).to_have_value("30")
    fay.goto(room.get_absolute_url())
    fay.get_by_role("link", name="Options for message 1").click()
    fay.get_by_role("link", name="Ask Bob Belongs to be silent").click()
    fay.get_by_label("Silent in this room for 5 minutes").check()
    fay.get_by_label("Why?").fill("Let others speak")
    fay.get_by_role("button", name="Do this").click()
    expect(fay.locator("main")).to_contain_text("Let others speak")
    write_again = bob.get_by_label("Your message")
    write_again.fill("But")
    bob.get_by_role("button", name="Send").click()
    expect(bob.locator(".govuk-error-summary")).to_contain_text("Let others speak")
    expect(bob.get_by_label("Your message")).to_have_value("But")
    axe(bob)


def test_a_restored_message_and_a_room_that_closed_are_shown_to_those_who_listen(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob = opened(browse(cast.bob), room)
    message = say(room, by=cast.fay, body="zyzzyva")
    expect(messages(bob)).to_have_text(["zyzzyva"])
    hide_message(message, by=cast.fay, reason="By mistake")
    expect(messages(bob)).to_have_text(["Hidden by a facilitator"])
    restore_message(message, by=cast.fay)
    expect(messages(bob)).to_have_text(["zyzzyva"])
    expect(line(bob, 1).get_by_role("link", name="Reply")).to_be_visible()
    close_room(room, by=None)
    expect(bob.locator("[data-live-closed]")).to_be_visible(timeout=3_000)
