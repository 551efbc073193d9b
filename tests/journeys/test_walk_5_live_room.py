"""Walk 5: during an event its members talk live, in browsers of every kind."""

from __future__ import annotations

import re
import signal
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from cms.models import EventPage
from forums.actions.messages import say
from forums.actions.rooms import reschedule_room, schedule_room
from forums.live.process import LiveProcess
from forums.models import Message, Room, RoomEvent
from network.actions.membership import leave_network
from tests.cast import Cast
from tests.cms.hub import make_hub
from tests.journeys import keyboard
from tests.journeys.conftest import Browse, Server
from tests.journeys.sending import Senders
from tests.journeys.sockets import Visitor

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


@pytest.fixture
def room(server: Server, cast: Cast) -> Room:
    now = timezone.now()
    return schedule_room(
        cast.practitioners,
        title="Show and tell",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )


@pytest.fixture
def event(server: Server, cast: Cast) -> EventPage:
    return make_hub().publish_event(
        "Show and tell: three councils, three pilots", network=cast.practitioners, starts_at=timezone.now()
    )


def address(room: Room) -> str:
    return f"/rooms/{room.pk}/"


def messages(page: Page) -> Locator:
    return page.locator(".app-chat__log > li[data-seq] .app-message__body")


def write(page: Page, words: str) -> None:
    page.get_by_label("Your message").fill(words)
    page.get_by_role("button", name="Send").click()


def connected(page: Page) -> None:
    expect(page.locator("[data-live-status]")).to_contain_text("Connected")


# Two browsers


def test_two_members_talk_on_the_page_of_an_event_that_is_on(
    server: Server, cast: Cast, event: EventPage, browse: Browse, axe: Axe
) -> None:
    bob, fay = browse(cast.bob), browse(cast.fay, width=375)
    for page in (bob, fay):
        page.goto(event.get_url() or "")
        connected(page)

    for words, here, there in (("Hello Fay", bob, fay), ("Hello Bob", fay, bob), ("Shall we begin?", bob, fay)):
        write(here, words)
        expect(messages(there).last).to_have_text(words, timeout=1_000)

    said = ["Hello Fay", "Hello Bob", "Shall we begin?"]
    for page in (bob, fay):
        expect(messages(page)).to_have_text(said)
        axe(page)
    bob.reload()
    expect(messages(bob)).to_have_text(said)
    expect(messages(bob)).to_have_count(3)


def test_the_plain_page_shows_and_sends_the_same_without_a_script(
    server: Server, cast: Cast, event: EventPage, browse: Browse, axe: Axe
) -> None:
    bob, fay = browse(cast.bob, javascript=False), browse(cast.fay)
    fay.goto(event.get_url() or "")
    connected(fay)
    write(fay, "Can you read this?")

    bob.goto(event.get_url() or "")
    expect(messages(bob)).to_have_text(["Can you read this?"])
    write(bob, "Yes, with nothing but a form")

    assert bob.url.endswith(f"{event.get_url()}#message-2")
    expect(messages(bob)).to_have_text(["Can you read this?", "Yes, with nothing but a form"])
    expect(messages(fay).last).to_have_text("Yes, with nothing but a form", timeout=1_000)
    axe(bob)


def test_the_plain_form_says_what_is_wrong_and_keeps_what_was_typed(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob = browse(cast.bob, javascript=False)
    bob.goto(address(room))
    write(bob, "x" * 1_001)

    expect(bob).to_have_title(re.compile("^Error: Show and tell"))
    expect(bob.locator(".govuk-error-summary")).to_contain_text("Your message is too long")
    expect(bob.get_by_label("Your message")).to_have_value("x" * 1_001)
    bob.get_by_label("Your message").fill("Shorter")
    bob.get_by_role("button", name="Send").click()
    expect(messages(bob)).to_have_text(["Shorter"])


# What a person in the room notices


def test_the_cursor_stays_where_it_is_and_enter_sends(server: Server, cast: Cast, room: Room, browse: Browse) -> None:
    bob, fay = browse(cast.bob), browse(cast.fay)
    for page in (bob, fay):
        page.goto(address(room))
        connected(page)
    field = bob.get_by_label("Your message")
    field.click()
    bob.keyboard.type("By keyboard")
    bob.keyboard.press("Shift+Enter")
    bob.keyboard.type("in two lines")
    bob.keyboard.press("Enter")
    expect(messages(fay)).to_have_text(["By keyboard\nin two lines"], use_inner_text=True)
    expect(field).to_have_value("")
    write(fay, "Something new")
    expect(messages(bob)).to_have_count(2)
    expect(field).to_be_focused()


def test_who_reads_further_up_is_not_pulled_away(server: Server, cast: Cast, room: Room, browse: Browse) -> None:
    now = timezone.now() - timedelta(minutes=50)
    for n in range(60):
        say(room, by=cast.fay, body=f"Message {n} of a long morning", now=now + timedelta(seconds=20 * n))
    bob = browse(cast.bob)
    bob.goto(address(room))
    connected(bob)
    log = bob.locator(".app-chat__log")
    assert log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight") < 5
    jump = bob.locator("[data-live-jump]")
    expect(jump).to_be_hidden()

    log.evaluate("log => { log.scrollTop = 100 }")
    for words in ("One", "Two", "Three"):
        say(room, by=cast.fay, body=words)
    expect(jump).to_have_text("3 new messages")
    assert log.evaluate("log => log.scrollTop") == 100
    assert bob.evaluate("document.activeElement === document.body")

    jump.click()
    expect(jump).to_be_hidden()
    expect(messages(bob).last).to_be_in_viewport()


def test_options_open_in_view_and_who_deletes_with_the_keyboard_stays_where_they_are(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    for n in range(30):
        say(room, by=cast.fay, body=f"Message {n}", now=timezone.now() - timedelta(seconds=600 - 20 * n))
    said = say(room, by=cast.bob, body="Not this")
    bob = browse(cast.bob, width=375)
    bob.goto(address(room))
    connected(bob)
    assert bob.locator(".app-footer").evaluate(
        "footer => document.documentElement.scrollHeight - footer.getBoundingClientRect().bottom - scrollY < 5"
    )

    message = bob.locator(f'[data-seq="{said.seq}"]')
    message.get_by_role("button", name="Options").press("Enter")
    expect(message.get_by_role("link", name="Open it on a page of its own")).to_be_in_viewport(ratio=0.9)
    bob.on("dialog", lambda dialog: dialog.accept())
    message.get_by_role("button", name="Delete").press("Enter")
    expect(message).to_contain_text("Deleted by its author")
    expect(message).to_be_focused()


def test_what_is_typed_is_kept_over_a_reload(server: Server, cast: Cast, room: Room, browse: Browse) -> None:
    bob = browse(cast.bob)
    bob.goto(address(room))
    bob.get_by_label("Your message").fill("A long thought, not finis")
    bob.reload()
    expect(bob.get_by_label("Your message")).to_have_value("A long thought, not finis")


def test_one_who_listens_is_told_politely_and_not_too_often(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob = browse(cast.bob)
    bob.goto(address(room))
    connected(bob)
    region = bob.locator("[data-live-announcer]")
    expect(region).to_have_attribute("aria-live", "polite")
    expect(bob.locator(".app-chat__log[aria-live], .app-chat__log[role=log]")).to_have_count(0)
    bob.evaluate(
        """() => {
            window.told = [];
            const region = document.querySelector("[data-live-announcer]");
            const note = () => told.push([performance.now(), region.textContent]);
            new MutationObserver(note).observe(region, {childList: true});
        }"""
    )

    say(room, by=cast.fay, body="Listen")
    expect(region).to_have_text("Fay Facilitates: Listen")
    for n in range(4):
        say(room, by=cast.fay, body=f"Point {n}")
        bob.wait_for_timeout(300)
    expect(region).to_have_text("4 new messages, the latest from Fay Facilitates", timeout=8_000)

    (first, _), (second, _) = bob.evaluate("told")
    assert second - first >= 4_900


def test_a_message_that_is_refused_stays_with_its_reason_and_can_be_sent_again(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob = browse(cast.bob)
    bob.goto(address(room))
    connected(bob)
    for n in range(31):  # more than two windows of the limit take
        bob.get_by_label("Your message").fill(f"{n}")
        bob.keyboard.press("Enter")
    refused = bob.locator(".app-message--failed").first
    expect(refused).to_contain_text("Not sent. You can send messages to a live room 15 times in 30 seconds.")
    sent = Message.objects.count()
    assert 15 <= sent <= 30
    expect(messages(bob)).to_have_count(sent)

    bob.evaluate("document.querySelectorAll('[data-live-drop]').forEach((button, n) => n && button.click())")
    expect(bob.locator(".app-message--failed")).to_have_count(1)
    bob.wait_for_timeout(1_000 * (30 - time.time() % 30))  # the next window of the limit
    refused.get_by_role("button", name="Try again").click()
    expect(bob.locator(".app-message--failed")).to_have_count(0)
    expect(messages(bob)).to_have_count(sent + 1)


def test_what_was_on_its_way_during_a_reload_is_said_once(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob = browse(cast.bob)
    bob.goto(address(room))
    connected(bob)
    assert server.process
    server.process.send_signal(signal.SIGSTOP)
    for words in ("First", "Second"):
        bob.get_by_label("Your message").fill(words)
        bob.keyboard.press("Enter")
    expect(bob.locator(".app-message--sending")).to_have_count(2)
    bob.evaluate("setTimeout(() => location.reload())")
    server.process.send_signal(signal.SIGCONT)

    expect(messages(bob)).to_have_text(["First", "Second"])
    expect(bob.locator(".app-message--sending")).to_have_count(0)
    assert list(Message.objects.values_list("body", flat=True)) == ["First", "Second"]


def test_after_a_backup_was_restored_the_page_reads_itself_again(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    for n in range(5):
        say(room, by=cast.fay, body=f"Before the failure {n}")
    bob = browse(cast.bob)
    bob.goto(address(room))
    connected(bob)
    bob.get_by_label("Your message").fill("Half a thou")

    RoomEvent.objects.filter(room=room, seq__gt=3).delete()
    Message.objects.filter(room=room, seq__gt=3).delete()
    Room.objects.filter(pk=room.pk).update(last_seq=3, epoch=uuid.uuid4())
    say(room, by=cast.fay, body="After it")

    expect(messages(bob)).to_have_text([*(f"Before the failure {n}" for n in range(3)), "After it"])
    expect(bob.get_by_label("Your message")).to_have_value("Half a thou")
    write(bob, "And on we go")
    expect(messages(bob).last).to_have_text("And on we go")


def test_nothing_is_wider_than_a_small_phone(
    server: Server, cast: Cast, event: EventPage, browse: Browse, axe: Axe
) -> None:
    say(Room.objects.get(), by=cast.fay, body="https://example.org/" + "long-address-" * 20)
    bob = browse(cast.bob, width=320)
    for where in (event.get_url() or "", address(Room.objects.get())):
        bob.goto(where)
        connected(bob)
        assert bob.evaluate("document.documentElement.scrollWidth") <= 320
        axe(bob)


# Before, after, and from outside


def test_before_it_opens_the_page_says_when_and_afterwards_it_keeps_the_transcript(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe
) -> None:
    now = timezone.now()
    times = {"opens_at": room.opens_at, "closes_at": room.closes_at}
    bob = browse(cast.bob)

    reschedule_room(
        room, title=room.title, opens_at=now + timedelta(days=2), closes_at=now + timedelta(days=3), by=None
    )
    bob.goto(address(room))
    expect(bob.locator(".app-chat")).to_contain_text("opens in 1 day, 23 hours")
    expect(bob.get_by_label("Your message")).to_have_count(0)
    axe(bob)

    reschedule_room(room, title=room.title, by=None, **times)
    say(room, by=cast.bob, body="Said while it was open")
    reschedule_room(
        room, title=room.title, opens_at=now - timedelta(days=2), closes_at=now - timedelta(days=1), by=None
    )
    bob.reload()
    expect(messages(bob)).to_have_text(["Said while it was open"])
    expect(bob.get_by_label("Your message")).to_have_count(0)
    axe(bob)


def test_a_room_that_closes_says_so_and_keeps_what_is_being_typed(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob, fay = browse(cast.bob), browse(cast.fay)
    for page in (bob, fay):
        page.goto(address(room))
        connected(page)
    bob.get_by_label("Your message").fill("One more th")

    reschedule_room(room, title=room.title, opens_at=room.opens_at, closes_at=timezone.now(), by=None)

    for page in (bob, fay):
        expect(page.locator("[data-live-closed]")).to_be_visible()
    expect(bob.get_by_label("Your message")).to_have_value("One more th")
    expect(fay.get_by_label("Your message")).to_be_hidden()


def test_outsiders_find_no_room_and_no_word_of_it(server: Server, cast: Cast, event: EventPage, browse: Browse) -> None:
    room = Room.objects.get()
    say(room, by=cast.bob, body="zyzzyva")
    for outsider in (None, *cast.outsiders):
        page = browse(outsider)

        for path in (address(room), f"{address(room)}?before=5"):
            answer = page.goto(path)
            assert answer and answer.status == 404, outsider
        sent = page.request.post(f"{address(room)}send/", form={"body": "Let me in"}, headers={"Origin": server.url})
        assert sent.status in (403, 404), outsider
        page.goto(event.get_url() or "")
        assert "zyzzyva" not in page.content(), outsider
        expect(page.locator("[data-live-room]")).to_have_count(0)
        if outsider is None:
            assert page.context.cookies() == []


def test_the_oldest_of_too_many_windows_says_so_and_stays_away(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    bob = browse(cast.bob)
    bob.goto(address(room))
    connected(bob)

    with ExitStack() as windows:
        for _ in range(LiveProcess.SOCKETS_OF_ONE_MEMBER):
            windows.enter_context(Visitor(server, room, cast.bob)).hello()
        expect(bob.locator("[data-live-status]")).to_contain_text("open in many windows")
        bob.wait_for_timeout(1_500)
        expect(bob.locator("[data-live-status]")).to_contain_text("open in many windows")


def test_who_leaves_the_network_is_told_that_it_is_over(server: Server, cast: Cast, room: Room, browse: Browse) -> None:
    bob = browse(cast.bob)
    bob.goto(address(room))
    connected(bob)

    leave_network(cast.practitioners, by=cast.bob)

    expect(bob.locator("[data-live-status]")).to_contain_text("no longer take part", timeout=5_000)


def test_whoever_comes_in_is_counted_and_a_change_is_saved_rather_than_sent(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    say(room, by=cast.bob, body="Helo")
    bob = browse(cast.bob)
    bob.goto(address(room), wait_until="commit")
    expect(bob.locator("[data-live-present]")).to_have_text("1 person")
    connected(bob)
    message = bob.locator(".app-chat__log > li").last
    message.get_by_role("button", name="Options").click()
    message.get_by_role("button", name="Edit").click()
    expect(bob.get_by_label("Your message")).to_have_value("Helo")
    bob.get_by_label("Your message").fill("Hello")
    expect(bob.get_by_role("button", name="Send")).to_have_count(0)
    bob.get_by_role("button", name="Save").click()
    expect(messages(bob)).to_have_text(["Hello"])
    expect(bob.get_by_role("button", name="Send")).to_be_visible()


# The power fails


@pytest.mark.slow
@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_two_browsers_and_a_phone_hold_a_session_through_a_restart(
    server: Server, cast: Cast, room: Room, browse: Browse, axe: Axe, by: str
) -> None:
    def write_by(page: Page, words: str) -> None:
        if by == "pointer":
            return write(page, words)
        keyboard.write(page, page.get_by_label("Your message"), words)
        keyboard.press(page, page.get_by_role("button", name="Send"))
        return None

    pages = {"Bob": browse(cast.bob), "Fay": browse(cast.fay), "Bob on the train": browse(cast.bob, width=375)}
    for page in pages.values():
        page.goto(address(room))
        connected(page)
    for name, page in pages.items():
        write_by(page, f"{name}: before")
    for page in pages.values():
        expect(messages(page)).to_have_count(3)

    server.stop()
    phone = pages["Bob on the train"]
    lost = phone.locator("[data-live-status]")
    expect(lost).to_contain_text("Connection lost", timeout=10_000)
    phone.get_by_label("Your message").focus()
    expect(lost).to_be_in_viewport()  # with the form, where whoever writes looks
    for name, page in pages.items():
        write_by(page, f"{name}: meanwhile")
        expect(page.locator(".app-message--sending")).to_contain_text(f"{name}: meanwhile")
    server.start()

    for name, page in pages.items():
        connected(page)
        expect(page.locator(".app-message--sending")).to_have_count(0, timeout=10_000)
        write_by(page, f"{name}: after")
    for page in pages.values():
        expect(messages(page)).to_have_count(9, timeout=10_000)
    stored = list(Message.objects.filter(room=room).order_by("seq").values_list("body", flat=True))
    assert sorted(stored) == sorted(f"{name}: {when}" for name in pages for when in ("before", "meanwhile", "after"))
    for page in pages.values():
        expect(messages(page)).to_have_text(stored)
        axe(page)


@pytest.mark.slow
def test_a_killed_server_loses_nothing_and_doubles_nothing(
    server: Server, cast: Cast, room: Room, browse: Browse
) -> None:
    """Two hundred messages are sent while the server is killed amid them and started again. Each that was acknowledged
    is shown once and in order, within a second of the server's return."""
    senders = Senders(server, room, cast, count=20, each=10)
    bob = browse(cast.bob)
    bob.goto(address(room))
    connected(bob)
    bob.get_by_label("Your message").fill("Mine, sent into the outage")

    sending = threading.Thread(target=senders.run)
    sending.start()
    senders.wait_until_acknowledged(60)
    server.kill()
    bob.get_by_label("Your message").press("Enter")
    waiting = bob.locator(".app-message--sending")
    expect(waiting).to_contain_text("Mine, sent into the outage")
    expect(waiting).to_contain_text("Not sent yet")
    expect(waiting.locator("[data-live-retry]")).to_be_hidden()
    server.start()
    returned = time.monotonic()
    known = list(Message.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))
    expect(bob.locator(f'[data-seq="{known[-1]}"]')).to_be_attached(timeout=1_000)
    assert time.monotonic() - returned < 1
    expect(bob.locator(".app-message--sending")).to_have_count(0, timeout=2_000)
    sending.join()

    assert len(senders.acknowledged) == 200
    expect(messages(bob)).to_have_count(201)
    shown = bob.locator(".app-chat__log > li").evaluate_all(
        "lines => lines.map(line => [Number(line.dataset.seq), line.querySelector('.app-message__body').innerText])"
    )
    stored = list(Message.objects.filter(room=room).order_by("seq").values_list("seq", "body"))
    assert [tuple(line) for line in shown] == stored
    assert [seq for seq, _ in stored] == list(range(1, 202))
    assert {(body, seq) for seq, body in stored} >= set(senders.acknowledged.items())
