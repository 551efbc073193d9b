"""One session from its first minute to its public page, by everybody whom it concerns: a host, a speaker from outside,
a facilitator, two members, of whom one has a phone and one no scripts, an editor and a visitor. The power fails in the
middle. Whoever asked without a name has one nowhere, but where a facilitator looks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, WebSocket, expect

from cms.actions.roles import EDITORS, PUBLISHERS, give_roles
from cms.models import EventPage, EventRoom
from forums.actions.session_threads import make_threads
from forums.models import PollVote, Question, Room, RoomRole, Thread
from network.models import Member, Membership, Organisation
from tests.cast import Cast, add_councils
from tests.cms.hub import make_hub
from tests.journeys.conftest import Browse, Server
from tests.journeys.keyboard import tab_to
from tests.journeys.test_walk_questions import ask, entry

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]
YAN = 918_273_645


@dataclass(frozen=True)
class Session:
    event: EventPage
    room: Room
    hana: Member  # hosts
    yan: Member  # asks, and never by name
    edna: Member  # publishes for the hub, and belongs to no network


@pytest.fixture
def session(server: Server, cast: Cast) -> Session:
    hub = make_hub()
    now = timezone.now()
    event = hub.publish_event("Buying AI", network=cast.practitioners, starts_at=now - timedelta(minutes=5))
    Organisation.objects.filter(pk=cast.council.pk).update(kind="county")
    add_councils(cast.practitioners, "county")  # so that naming the kind names nobody

    def officer(name: str, *, belongs: bool = True, **more: int) -> Member:
        first = name.split()[0].lower()
        member = Member.objects.create_user(
            f"{first}@exampleshire.example.org", name=name, organisation=cast.council, **more
        )
        if belongs:
            Membership.objects.create(
                member=member, network=cast.practitioners, state="active", joined_at=now, read_before=now
            )
        return member

    edna = officer("Edna Edits", belongs=False)
    give_roles(edna, {EDITORS, PUBLISHERS}, by=None)
    room = EventRoom.objects.get(page=event.pk).room
    hana, yan = officer("Hana Hosts"), officer("Yan Yields", id=YAN)
    return Session(event, room, hana, yan, Member.objects.get(pk=edna.pk))


def look(page: Page, name: str) -> None:
    """Pictures for whoever works on the screens: GUILDHALL_PICTURES names the folder."""
    if folder := os.environ.get("GUILDHALL_PICTURES"):
        page.screenshot(path=f"{folder}/walk-{name}.png", full_page=True)


def no_wider(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


def names_nobody(words: str) -> None:
    for sign in ("yan yields", "yan@", str(YAN)):
        assert sign not in words.lower()


def connected(page: Page) -> None:
    expect(page.locator("[data-live-status]")).to_contain_text("Connected", timeout=20_000)


def hosted(page: Page, words: str) -> Locator:
    return page.locator(".app-host-question", has_text=words)


def notice(page: Page, words: str) -> Locator:
    return page.locator(".app-notice-list").get_by_role("button", name=words)


def write(page: Page, words: str) -> None:
    page.get_by_label("Your message").fill(words)
    page.get_by_role("button", name="Send").click()


def test_a_session_from_its_first_minute_to_its_public_page(
    server: Server, cast: Cast, session: Session, browse: Browse, axe: Axe
) -> None:
    here = session.room.get_absolute_url()
    fay, hana, olga = browse(cast.fay), browse(session.hana, width=768), browse(cast.olga)
    bob, yan = browse(cast.bob, width=375), browse(session.yan, javascript=False)

    def seen(page: Page, name: str, *, says_who: bool = False) -> None:
        """What stands on a screen is readable, no wider than it, and names nobody who did not want to be named."""
        look(page, name)
        axe(page)
        no_wider(page)
        if not says_who:
            names_nobody(page.content())

    frames: list[str] = []

    def overhear(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: frames.append(str(frame)))

    for page in (bob, hana, olga):
        page.on("websocket", overhear)

    # The facilitator says who hosts and who speaks, a guest among them.
    fay.goto(here)
    for who, role in (("Hana Hosts", "Host"), (cast.olga.email, "Speaker")):
        fay.get_by_label("Name or email address").fill(who)
        fay.get_by_label(role, exact=True).check()
        fay.get_by_role("button", name="Add", exact=True).click()
        expect(fay.get_by_text(f"is now a {role.lower()} in this room")).to_be_visible()
    connected(fay)
    assert RoomRole.objects.filter(room=session.room).count() == 2

    # The host sets the rules, by the tablet.
    hana.goto(session.event.url)
    hana.get_by_role("link", name="Host this session").click()
    hana.get_by_role("link", name="Rules of the session").click()
    hana.get_by_label("They can ask without their name").check()
    hana.get_by_role("button", name="Save the rules").click()
    expect(hana.get_by_text("The rules are saved.")).to_be_visible()
    connected(hana)

    # The speaker comes in and says something; a member answers from the phone.
    olga.goto(here)
    connected(olga)
    write(olga, "Slides: https://files.example.org/slides")
    bob.goto(session.event.url)
    connected(bob)
    said = bob.locator(".app-chat__log > li", has_text="Slides")
    expect(said).to_contain_text("Speaker")
    ask(bob, "What did it cost?")
    expect(entry(bob, 1)).to_contain_text("You asked this")
    ask(bob, "How much was it?")
    ask(bob, "Who keeps the data?")
    expect(entry(bob, 3)).to_contain_text("You asked this")

    # The other member asks without a name and without scripts, and wants to know what the first asked.
    yan.goto(here)
    for words in ("Was it worth it?", "Will you share it?"):
        ask(yan, words, without_name=True)
    expect(entry(yan, 5)).to_contain_text("You asked this")
    seen(yan, "room-plain", says_who=True)
    entry(yan, 1).get_by_role("button", name="I want to know this too").click()
    entry(bob, 4).get_by_role("button", name="I want to know this too").click()
    for page in (bob, olga):
        expect(entry(page, 1).locator("[data-live-votes]")).to_have_text("1 person wants to know this", timeout=5_000)
        expect(entry(page, 4)).to_contain_text("An officer at a county council")
    seen(bob, "room-phone")
    seen(olga, "room-speaker")

    # The host answers one by a key, and takes the speaker's message above the others.
    tab_to(hana, hosted(hana, "What did it cost?"))
    hana.keyboard.press("s")
    expect(hana.locator("[data-host-list=answering]")).to_contain_text("What did it cost?")
    for page in (bob, olga):
        expect(entry(page, 1)).to_contain_text("Being answered")
    hana.keyboard.press("a")
    expect(hana.locator("[data-host-open-count]")).to_have_text("4")
    expect(entry(olga, 1)).to_have_attribute("data-state", "answered")
    seen(hana, "host-tablet")
    hana.goto(f"{here}messages/1/pin/")
    hana.get_by_role("button", name="Pin", exact=True).click()
    expect(bob.locator("[data-live-pinned]")).to_contain_text("Slides")

    # A poll opens, one votes, and the power fails.
    hana.goto(f"{here}host/")
    hana.get_by_role("link", name="Polls", exact=True).click()
    hana.get_by_role("button", name="Make a poll").click()
    hana.get_by_label("What does the poll ask?").fill("Buy or build?")
    hana.get_by_label("Which answers can people choose?").fill("Buy\nBuild")
    hana.get_by_label("How many people have to vote").fill("2")
    hana.get_by_role("button", name="Open it now").click()
    poll = bob.locator(".app-poll", has_text="Buy or build?")
    poll.get_by_label("Buy").check()
    poll.get_by_role("button", name="Vote").click()
    expect(poll.get_by_role("status")).to_contain_text("Your vote is counted")
    seen(hana, "polls-tablet")
    seen(bob, "poll-phone")
    server.kill()
    write(bob, "Still there?")
    expect(bob.locator(".app-message--sending")).to_contain_text("Still there?")
    server.start()
    for page in (bob, olga, fay):
        connected(page)
        expect(page.locator(".app-chat__log > li", has_text="Still there?")).to_have_count(1, timeout=10_000)
    yan.goto(here)
    yan.get_by_role("link", name="A poll is open").click()
    yan.get_by_label("Build").check()
    yan.get_by_role("button", name="Vote", exact=True).click()
    hana.goto(f"{here}polls/")
    hana.get_by_role("button", name="Close the poll").click()
    expect(poll.locator("tbody tr")).to_have_count(2)
    expect(poll).to_contain_text("2 people have voted")
    assert PollVote.objects.count() == 2

    # Two are merged, one is answered in writing, one is parked for the speaker, and one stays open.
    hana.goto(f"{here}host/")
    hosted(hana, "How much was it?").get_by_role("link", name="Merge").click()
    hana.get_by_label("Which question asks the same?").select_option(label="1: What did it cost?")
    hana.get_by_role("button", name="Merge").click()
    hosted(hana, "Was it worth it?").get_by_role("link", name="Answer in writing").click()
    hana.get_by_label("The answer").fill("Every penny.")
    hana.get_by_role("button", name="Publish the answer").click()
    hosted(hana, "Who keeps the data?").get_by_role("link", name="Park").click()
    hana.get_by_label("Name or email address").fill("Olga Outside")
    hana.get_by_role("button", name="Park the question").click()
    expect(hana.get_by_text("The question is parked for Olga Outside")).to_be_visible()
    expect(entry(bob, 3)).to_contain_text("Parked for Olga Outside")
    expect(entry(olga, 4)).to_contain_text("Every penny.")
    seen(hana, "host-late-tablet")
    states = list(Question.objects.order_by("number").values_list("state", flat=True))
    assert states == ["answered", "merged", "parked", "written", "waiting"]

    # The session ends.
    past = {"starts_at": timezone.now() - timedelta(hours=2), "ends_at": timezone.now() - timedelta(minutes=1)}
    EventPage.objects.filter(pk=session.event.pk).update(**past)
    Room.objects.filter(pk=session.room.pk).update(opens_at=past["starts_at"], closes_at=past["ends_at"])
    for page, name in ((bob, "transcript-phone"), (olga, "transcript-speaker")):
        page.goto(here)
        expect(page.get_by_role("heading", name="Transcript of the live room")).to_be_visible()
        seen(page, name)
    hana.goto(here)
    hana.get_by_role("link", name="What was asked and pinned, and threads of it").click()
    seen(hana, "after-host")

    # What stayed open is on the facilitator's list, and all that is worth it becomes a thread.
    fay.goto("/networks/ai-practitioners/rooms/")
    fay.get_by_role("link", name="2 unanswered questions").click()
    seen(fay, "unanswered")
    fay.get_by_role("link", name="Make a thread of “Will you share it?”").click()
    for words in ("What did it cost?", "Was it worth it?", "Who keeps the data?"):
        fay.get_by_label(words).check()
    seen(fay, "after")
    fay.get_by_role("button", name="Make threads of what is selected").click()
    make_threads()  # or the server's own worker, where it was faster
    expect(fay.locator("[data-app-progress]")).to_contain_text("4 of 4 made", timeout=15_000)
    assert Thread.objects.count() == 4
    fay.goto("/networks/ai-practitioners/rooms/")
    expect(fay.get_by_role("link", name="unanswered question")).to_have_count(0)

    # Whoever asked is told, those too who asked without a name.
    for page, words, name in ((bob, "What did it cost?", "thread-phone"), (yan, "Was it worth it?", "thread-plain")):
        page.goto("/notices/")
        notice(page, "Your question is now a thread").filter(has_text=words).click()
        expect(page.locator("h1")).to_contain_text(words)
        seen(page, name, says_who=page is yan)
    expect(bob.locator("main")).to_contain_text("answered live at")
    expect(bob.locator("main")).to_contain_text("How much was it?")
    olga.goto("/notices/")
    seen(olga, "notices-speaker")
    expect(olga.locator("main")).to_contain_text("parked for you")
    bob.goto("/networks/ai-practitioners/threads/")
    seen(bob, "threads-phone")

    # The record: drafted, agreed to, approved, and read by everybody without a name.
    fay.goto(session.event.url)
    fay.get_by_role("button", name="Draft the record of the session").click()
    expect(fay.locator("#session-record")).to_be_visible()
    seen(fay, "record")
    for page, name in ((bob, "agree-phone"), (yan, "agree-plain")):
        page.goto("/notices/")
        notice(page, "stand on a public page?").first.click()
        for yes in page.get_by_label("Yes, without my name").all():
            yes.check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Your answer is saved")).to_be_visible()
        seen(page, name, says_who=page is yan)
    edna, visitor = browse(session.edna), browse(width=375)
    visitor.goto(session.event.url)
    expect(visitor.locator("main")).not_to_contain_text("What did it cost?")
    edna.goto(session.event.url)
    edna.get_by_role("link", name="Approve what stands on the public page").click()
    seen(edna, "approve")
    for words in ("What did it cost?", "Was it worth it?"):
        edna.get_by_role("button", name=f"Approve {words}").click()
    seen(edna, "approved")
    visitor.reload()
    public = visitor.locator("main")
    for words in ("What did it cost?", "Was it worth it?", "Every penny."):
        expect(public).to_contain_text(words)
    for words in ("Bob", "Exampleshire", "county", "Olga", "Slides", "Who keeps", "Will you"):
        expect(public).not_to_contain_text(words)
    seen(visitor, "public-phone")

    # No frame told who asked; a facilitator who has to know sees it.
    assert any("Was it worth it?" in frame for frame in frames)
    names_nobody(json.dumps(frames))
    fay.goto(f"{here}host/")
    hosted(fay, "Was it worth it?").locator("xpath=ancestor::details").locator("summary").click()
    hosted(fay, "Was it worth it?").get_by_role("link", name="Who asked").click()
    names_nobody(fay.content())
    fay.get_by_role("button", name="Show who asked").click()
    expect(fay.get_by_role("link", name="Yan Yields")).to_be_visible()
