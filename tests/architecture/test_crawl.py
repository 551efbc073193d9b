"""Everything that answers, asked by everybody who should learn nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, path
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from cms.feeds import token_for_events
from cms.models import RecordItem
from forums.actions.feeds import token_of
from forums.actions.posts import delete_post, edit_post, hide_post, reply
from forums.actions.reactions import react
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.models import (
    Attachment,
    Case,
    FollowLevel,
    Level,
    MemberThread,
    Post,
    Practice,
    Report,
    Thread,
    ThreadBatch,
    ThreadMove,
)
from forums.search.posts import search_posts
from network.actions.mail_stops import Stop, address_of
from network.actions.notices import give_notice
from network.export import parts
from network.live import notices
from network.models import AdmissionRequest, Intake, Membership
from tests.architecture.canaries import World, build
from tests.cast import make_cast

VIEWERS = ["anonymous", "amir", "olga", "sven", "lena"]
ACCEPTS = ["text/html", "application/json", "application/atom+xml"]


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once for all tests here: each undoes what it did to it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build(make_cast())
        transaction.set_rollback(True)


@pytest.fixture
def world(the_world: World, db: None) -> World:
    return deepcopy(the_world)


@dataclass(frozen=True)
class Address:
    pattern: str
    path: str


def addresses(world: World, resolver: URLResolver | None = None, before: str = "") -> Iterator[Address]:
    """Every pattern of the site once, with the numbers and names of what is really there in its holes."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + _route(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(world, entry, route)
        else:
            yield Address(route, "/" + _filled(route, world))


def _route(pattern: Any) -> str:
    if isinstance(pattern, RoutePattern):
        return str(pattern._route)
    assert isinstance(pattern, RegexPattern)
    return str(pattern._regex).lstrip("^").rstrip("$")


def _filled(route: str, world: World) -> str:
    def number(name: str) -> str:
        if route.startswith("rooms/"):
            # A message that is shown, and one that was hidden.
            hidden = route.endswith(("/hidden/", "/restore/"))
            return {
                "role": str(world.room.roles.get().pk),
                "seq": "2" if hidden else "1",
                "member": str(world.cast.bob.pk),
                "poll": str(world.room.polls.get().pk),
                "sanction": str(world.room.sanctions.get().pk),
                "batch": str(ThreadBatch.objects.get().pk),
                "held": str(world.room.held_messages.get().pk),
            }.get(name, str(world.room.pk))
        if route.startswith("event-rooms/") and name == "role":
            return str(world.room.roles.get().pk)
        if route.startswith("events/") and name == "item":
            return str(RecordItem.objects.earliest("pk").pk)
        if route.startswith("reports/sent/"):
            return str(Report.objects.get(case__member=world.cast.bob).pk)
        if route.startswith("reports/"):
            return str(Case.objects.get(message__seq=1).pk)
        if route.startswith("account/data/"):
            return str(world.cast.bob.exports.get().pk)
        if route.startswith("ground-rules/"):
            return "1"
        if route.startswith("threads/"):
            # An answer that was edited, and a post that was hidden.
            hidden = route.endswith(("/hidden/", "/restore/"))
            act = str(world.thread.moderation_acts.get().pk)
            return {"number": "4" if hidden else "2", "version": "1", "act": act}.get(name, str(world.thread.pk))
        if route.startswith("thread-moves/"):
            return str(ThreadMove.objects.get().answers.get(member=world.cast.bob).pk)
        if route.startswith(("people/", "administration/people/")):
            return str(world.cast.bob.pk)
        if "/invitations/" in route:
            return str(world.invitation.pk)
        if "held/" in route:
            return str(world.cast.bob.held_posts.get().pk)
        if route.startswith("networks/<slug:slug>/tags/"):
            return str(world.thread.tags.get().pk)
        if route.startswith("networks/"):
            return str(world.request.pk)
        if route.startswith("account/passkeys/"):
            return str(world.cast.bob.authenticator_set.get(type="webauthn").pk)
        if route.startswith("account/sessions/"):
            return str(world.cast.bob.usersession_set.get().pk)
        if route.startswith("drafts/"):
            return str(world.cast.bob.drafts.get().pk)
        if route.startswith("notices/"):
            return str(world.cast.fay.notices.get(kind="join_requested").pk)
        if route.startswith("administration/mail/"):
            return str(world.mail.pk)
        if route.startswith("administration/domains/"):
            return str(world.cast.council.domains.get().pk)
        if route.startswith("administration/admissions/"):
            return str(AdmissionRequest.objects.get().pk)
        if route.startswith("administration/intake/"):
            return str(Intake.objects.get().pk)
        if route.startswith("administration/themes/"):
            return str(world.thread.theme.pk)
        return str(world.event.pk)

    def word(name: str) -> str:
        if name == "theme":
            return world.thread.theme.slug
        if route == "feeds/<str:token>/events.ics":
            return token_for_events(world.cast.lena.feed_key)
        if route.startswith("mail/stop/"):
            return address_of(Stop("all"), world.cast.bob).rstrip("/").rpartition("/")[2]
        if name == "token":  # of somebody who belonged once: what a signature opens is asked anew
            return token_of(world.cast.lena.feed_key)
        if route.startswith("feeds/<str:token>/networks/"):
            return "ai-practitioners"
        if route.startswith("feeds/<str:token>/themes/"):
            return world.thread.theme.slug
        if route.startswith(("networks/", "administration/networks/", "administration/people/")):
            return "ai-practitioners"
        if route.startswith("invitations/"):
            return world.invitation.token
        if route.startswith(("organisations/", "administration/organisations/")):
            return "exampleshire"
        if route.startswith("threads/"):
            return world.thread.slug
        if route.startswith("media/"):
            return "session.png"
        if route.startswith("themes/"):
            return world.thread.theme.slug
        if name in ("revision_id_a", "revision_id_b"):
            return "earliest" if name.endswith("a") else "latest"
        return {"app_name": "forums", "app_label": "forums", "model_name": "thread"}.get(name, "session")

    def hole(found: re.Match[str]) -> str:
        converter, _, name = found.group(1).rpartition(":")
        if route.startswith("attachments/") and (attached := Attachment.objects.exclude(post=None).first()):
            return str(attached.pk)
        if route.startswith("rooms/") and name == "uid":
            return str(world.room.questions.get(number=1).uid)
        if name == "told_as":
            return str(Case.objects.exclude(appeal=None).get().told_as)
        if converter == "uuid":
            return "00000000-0000-4000-8000-000000000000"
        return number(name) if converter == "int" else word(name)

    named = re.sub(r"\(\?P<(\w+)>((?:[^()]|\([^()]*\))*)\)", _as_hole, route)
    for group, filling in UNNAMED.items():
        named = named.replace(group, filling)
    filled = re.sub(r"<([^<>]+)>", hole, named)
    return re.sub(r"\\(.)", r"\1", re.sub(r"[()^$?*+]", "", filled))


# Groups without a name in Wagtail's own patterns.
UNNAMED = {r"((?:[\w\-]+/)*)": "events/session/", r"(\d+)": "<int:pk>", "(.*)": "session"}


def _as_hole(found: re.Match[str]) -> str:
    name, inside = found.groups()
    return f"<int:{name}>" if inside.startswith(("\\d", "[0-9]", "[\\d")) else f"<str:{name}>"


def is_answered_by_its_pattern(address: Address) -> bool:
    """Whether asking for the path reaches this pattern. Our doors stand before some of Wagtail's own patterns and must
    be reached in their place."""
    try:
        reached = str(get_resolver().resolve(address.path).route).replace("^", "").replace("$", "")
    except Resolver404:
        return False
    return reached == address.pattern or address.pattern.startswith(BEHIND_OUR_DOORS)


BEHIND_OUR_DOORS = (
    "admin/login/",
    "admin/password_reset/",
    "admin/bulk/",
    "admin/account/",
    "admin/tag-autocomplete/",
    "admin/failwhale/",
    "_util/",
)


def streamed(answer: Any) -> bytes:
    @async_to_sync
    async def read() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return read() if answer.is_async else b"".join(answer.streaming_content)


class Crawler:
    """Asks as one viewer. Whatever a request changes is undone before the next."""

    def __init__(self, viewer: str, world: World) -> None:
        self.viewer = viewer
        self.world = world
        self.client = Client()
        if viewer != "anonymous":
            self.client.force_login(getattr(world.cast, viewer))
        self.problems: list[str] = []

    def ask(self, method: str, address: str, **headers: str) -> HttpResponse | None:
        with transaction.atomic():
            answer: Any = self.client.generic(method, address, headers=headers)
            transaction.set_rollback(True)
        self.judge(method, address, answer)
        return answer  # type: ignore[no-any-return]

    def judge(self, method: str, address: str, answer: Any) -> None:
        body = streamed(answer) if answer.streaming else answer.content
        text = body.decode(errors="replace")
        head = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
        # What the visitor typed themselves may stand in the answer: it is no news.
        said = f"{text} {head}".lower()
        for typed in {address, unquote(address), quote(address, safe=""), quote(address)}:
            said = said.replace(typed.lower(), "")
        where = f"{method} {address} ({answer.status_code})"
        self.problems += [
            f"{where} says {word}, from {place}" for word, place in self.world.canaries.items() if word in said
        ]
        if answer.status_code >= 500 and address != "/health/":  # no worker runs here, and it says so
            self.problems.append(f"{where} broke")
        is_page = answer.headers.get("Content-Type", "").startswith("text/html") and "<html" in text
        if is_page and not re.search(r"<title>\s*[^\s<-]", text):
            self.problems.append(f"{where} has no title")
        if self.viewer == "anonymous" and method == "GET" and answer.cookies and not address.startswith("/account/"):
            self.problems.append(f"{where} gives an anonymous visitor a cookie")


@pytest.mark.parametrize("viewer", VIEWERS)
def test_no_address_tells_outsiders_a_private_word(world: World, viewer: str) -> None:
    crawler = Crawler(viewer, world)
    unvisited = []
    for address in addresses(world):
        if not is_answered_by_its_pattern(address):
            unvisited.append(address)
            continue
        crawler.ask("GET", address.path)
        crawler.ask("POST", address.path)
        if not address.path.startswith("/admin/"):
            for accept in ACCEPTS:
                crawler.ask("GET", address.path, accept=accept)

    assert crawler.problems == []
    assert unvisited == []


@pytest.mark.parametrize("viewer", VIEWERS)
def test_a_search_for_a_private_word_is_like_one_for_a_word_that_stands_nowhere(world: World, viewer: str) -> None:
    crawler = Crawler(viewer, world)

    def found(word: str) -> str:
        cache.clear()  # nobody searches as often as this
        answer = crawler.ask("GET", f"/search/?q={word}")
        assert answer
        page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
        return page.lower().replace(word, "")

    nothing = found("stands" + "nowhere")
    assert [word for word in world.canaries if found(word) != nothing] == []


@pytest.mark.parametrize("viewer", VIEWERS)
def test_no_socket_lets_an_outsider_in(world: World, viewer: str) -> None:
    from network.asgi import application

    client = Client()
    if viewer != "anonymous":
        client.force_login(getattr(world.cast, viewer))
    cookie = "; ".join(f"{morsel.key}={morsel.value}" for morsel in client.cookies.values())

    @async_to_sync
    async def connects() -> bool:
        socket = WebsocketCommunicator(
            application,
            f"/live/rooms/{world.room.pk}/",
            headers=[(b"origin", settings.SITE_URL.encode()), (b"cookie", cookie.encode())],
        )
        connected, _ = await socket.connect(timeout=5)
        return bool(connected)

    assert connects() is False


@pytest.mark.parametrize("viewer", VIEWERS)
def test_the_socket_of_notices_says_a_number_and_nothing_else(
    world: World, viewer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though they were told of what they may not see, by mistake."""
    from network.asgi import application

    async def read_here(query: Callable[..., Any], *args: Any) -> Any:
        return await sync_to_async(query)(*args)  # where the world is that no other connection sees

    monkeypatch.setattr(notices, "read", read_here)
    client = Client()
    if viewer != "anonymous":
        member = getattr(world.cast, viewer)
        client.force_login(member)
        for kind, pk in (("thread_started", world.thread.pk), ("mentioned", 1), ("event_changed", world.event.pk)):
            give_notice(kind, pk, [member])
    cookie = "; ".join(f"{morsel.key}={morsel.value}" for morsel in client.cookies.values())

    @async_to_sync
    async def hears() -> str | None:
        socket = WebsocketCommunicator(
            application,
            "/live/notices/",
            headers=[(b"origin", settings.SITE_URL.encode()), (b"cookie", cookie.encode())],
        )
        connected, _ = await socket.connect(timeout=5)
        if not connected:
            return None
        frame = str(await socket.receive_from(timeout=5))
        await socket.disconnect()
        return frame

    assert hears() == (None if viewer == "anonymous" else '{"n":0,"more":false}')


def test_a_speaker_of_one_room_learns_nothing_of_another(world: World) -> None:
    """Named after the canaries were released, so that the speaker's own room holds none."""
    now = timezone.now()
    own = schedule_room(world.cast.ai, title="Own", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    give_room_role(own, world.cast.olga, role="speaker", by=None)
    crawler = Crawler("olga", world)
    answer = crawler.ask("GET", own.get_absolute_url())
    assert answer is not None
    assert answer.status_code == 200
    for address in addresses(world):
        if not address.path.startswith("/admin/"):
            crawler.ask("GET", address.path)
            crawler.ask("POST", address.path)

    assert crawler.problems == []


def test_the_crawl_has_eyes(world: World) -> None:
    """The same addresses show a member what they hide from others."""
    crawler = Crawler("bob", world)
    for address in addresses(world):
        if not address.path.startswith("/admin/"):
            crawler.ask("GET", address.path)

    seen = {problem.rsplit("from ", 1)[1] for problem in crawler.problems if "from " in problem}
    assert {
        "forums.Appeal.answer",
        "forums.Appeal.words",
        "forums.Attachment.name",
        "forums.Case.reason",
        "forums.Thread.title",
        "forums.Post.html",
        "forums.PostVersion.html",
        "forums.Message.body",
        "forums.Message.hidden_reason",
        "forums.Question.answer",
        "forums.Question.body",
        "forums.Question.reason",
        "forums.Poll.title",
        "forums.PollOption.text",
        "forums.HeldMessage.body",
        "forums.HeldPost.source",
        "forums.Room.title",
        "forums.RoomSanction.reason",
        "network.Member.name",
        "network.MemberTool.name",
        "network.Profile.about",
        "network.Profile.help_with",
        "network.Tag.name",
        "network.Theme.name",
        "cms.EventPage.joining_link",
    } <= seen


@pytest.fixture
def taken_back(world: World) -> Thread:
    """A thread in which no word is left, that a member had read, watched, bookmarked and reacted to before. Each of its
    words is a canary, and there are no others."""
    bob, fay, olga = world.cast.bob, world.cast.fay, world.cast.olga
    network = world.cast.practitioners
    long_ago = timezone.now() - timedelta(days=30)
    Membership.objects.create(member=olga, network=network, state="active", joined_at=long_ago, read_before=long_ago)
    Membership.objects.filter(member=bob).update(silent_until=None, silent_reason="")  # he has something to say
    FollowLevel.objects.create(member=olga, network=network, level=Level.WATCH)
    thread = start_thread(
        network,
        by=bob,
        theme=world.cast.theme,
        title="Takentitle",
        source="Takenfirst",
        tags=["takentag"],
        kind=Thread.Kind.PRACTICE,
        practice=Practice(tool="Takentool", stage="live", outcome="Takenoutcome", differently="Takendifferently"),
    )
    second = reply(thread, by=fay, source="Takenversion", reply_to=Post.objects.get(thread=thread))
    third = reply(thread, by=fay, source="Takenthird")
    fourth = reply(thread, by=fay, source="Takenhidden")
    second = edit_post(second, by=fay, source="Takensecond")
    react(second, "thanks", by=olga)
    now = timezone.now()
    MemberThread.objects.create(member=olga, thread=thread, level=Level.WATCH, bookmarked_at=now, remind_at=now)
    for post in (second, third):
        delete_post(post, by=fay)
    hide_post(fourth, by=fay, reason="Takenreason")
    delete_post(Post.objects.get(thread=thread, number=1), by=bob)
    words = [
        "title",
        "first",
        "tag",
        "tool",
        "outcome",
        "differently",
        "version",
        "second",
        "third",
        "hidden",
        "reason",
    ]
    world.canaries = {f"taken{word}": word for word in words}
    world.thread = Thread.objects.get(pk=thread.pk)
    return world.thread


def test_what_was_taken_back_is_said_nowhere(world: World, taken_back: Thread) -> None:
    crawler = Crawler("olga", world)
    for address in addresses(world):
        if not address.path.startswith(("/admin", "/account/", "/_util/")):
            crawler.ask("GET", address.path)
    assert [word for word in world.canaries if search_posts(world.cast.olga, word).hits] == []
    for number in range(1, 5):
        answer = crawler.ask("GET", f"/threads/{taken_back.pk}/posts/{number}/")
        assert answer is not None
        assert answer["Location"] == f"/threads/{taken_back.pk}-taken-back/?page=1#post-{number}"
    for slug in (taken_back.slug, "taken-back"):
        crawler.ask("GET", f"/threads/{taken_back.pk}-{slug}/")
    page: Any = crawler.client.get(f"/threads/{taken_back.pk}-taken-back/")
    assert "<title>A thread that was taken back" in page.content.decode()
    own = str([list(part.rows(world.cast.olga)) for part in parts()])
    assert [word for word in world.canaries if word in own.lower()] == []
    assert f"/threads/{taken_back.pk}/posts/2/" in own

    assert crawler.problems == []


def leak(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Thread.objects.filter(author__isnull=False).latest("pk").title)


urlpatterns: list[URLPattern | URLResolver] = [path("leak/", leak)]


@override_settings(ROOT_URLCONF="tests.architecture.test_crawl")
def test_a_view_that_leaks_is_caught(world: World) -> None:
    crawler = Crawler("olga", world)
    for address in addresses(world, get_resolver()):
        crawler.ask("GET", address.path)

    assert any("forums.Thread.title" in problem for problem in crawler.problems)
