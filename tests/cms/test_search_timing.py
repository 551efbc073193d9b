"""How long a search takes says nothing about what stands where the searcher may not read: for a word that was written
there, the database is asked the very same as for one that nobody ever wrote, and gives the same rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from cms.search import search_everything, similar, suggest
from forums.actions.messages import say
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.search.posts import search_posts
from network.models import Member, Membership
from tests.cast import Cast, sign_in
from tests.cms.hub import Hub, close

# Of one length, so that nothing else differs: the first is written where only the practitioners read, the second with a
# letter wrong, the third nowhere.
PRIVATE, NEAR, NOWHERE = "zweckverband", "zweckverbond", "qwxckvyrbqnd"

Asked = list[tuple[str, str, int]]


@pytest.fixture
def hub_with_secrets(hub: Hub, cast: Cast) -> Hub:
    """The word stands in titles, posts, a name, a room and pages that are closed; beside it, everywhere, others."""
    for number in range(3):
        title = f"{PRIVATE.capitalize()} {number} and more"
        start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title=title, source=f"Our {PRIVATE} again.")
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title=f"Open {number}", source="Something common.")
    now = timezone.now()
    day = {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(days=1)}
    room = schedule_room(cast.practitioners, title="Room", by=cast.fay, **day)
    say(room, by=cast.bob, body=f"Our {PRIVATE} in the room")
    hub.publish_guidance("Something common")
    close(hub.events, "groups")
    hub.publish_event(f"{PRIVATE.capitalize()} meets")
    hub.publish_guidance(f"{PRIVATE.capitalize()} in a draft").unpublish()
    return hub


@contextmanager
def everything_asked() -> Iterator[Asked]:
    """Each statement with its values, and how many rows it gave."""
    asked: Asked = []

    def noted(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        asked.append((sql, repr(params), context["cursor"].rowcount))
        return result

    with connection.execute_wrapper(noted):
        yield asked


def asked_for(word: str, ask: Callable[[str], Any]) -> Asked:
    """What the database is asked, with a mark in place of the word and of its parts, from either end."""
    with everything_asked() as asked:
        ask(word)
    moments = r"'20\d\d-[^']*'|datetime\.datetime\([^)]*\)|x\d+|s\d{6,}"
    parts = rf"\b(?:{word[:4]}|{word[::-1][:4]})[a-z]*"

    def plain(text: str) -> str:
        return re.sub(parts, "the word", re.sub(moments, "?", text.lower()))

    return [(plain(sql), plain(values), rows) for sql, values, rows in asked]


@pytest.fixture
def of_the_other_network(cast: Cast) -> Member:
    """Belongs to one network, and not to the one in which the word stands."""
    Membership.objects.create(member=cast.olga, network=cast.ai, state="active", joined_at=cast.olga.date_joined)
    return cast.olga


@pytest.mark.parametrize("who", ["anonymous", "olga", "amir", "lena", "sven", "ada", "of_the_other_network"])
def test_the_database_is_asked_the_same(
    who: str, cast: Cast, hub_with_secrets: Hub, request: pytest.FixtureRequest
) -> None:
    if who == "anonymous":
        viewer: Any = AnonymousUser()
    else:
        viewer = request.getfixturevalue(who) if who == "of_the_other_network" else getattr(cast, who)
    searches: list[Callable[[str], Any]] = [
        lambda word: search_everything(viewer, word),
        lambda word: search_everything(viewer, f'"our {word}"', newest_first=True),
        lambda word: suggest(viewer, word[:6]),
        lambda word: similar(viewer, f"What is a {word}?"),
    ]
    for ask in searches:
        ask("what is asked once for a process")
        nowhere = asked_for(NOWHERE, ask)
        for word in (PRIVATE, NEAR):
            assert asked_for(word, ask) == nowhere


def test_who_may_read_it_is_answered_otherwise(cast: Cast, hub_with_secrets: Hub) -> None:
    """So that what the test above compares can differ."""
    assert asked_for(PRIVATE, lambda word: search_everything(cast.bob, word)) != asked_for(
        NOWHERE, lambda word: search_everything(cast.bob, word)
    )


def test_the_page_asks_the_same(
    cast: Cast, hub_with_secrets: Hub, client: Client, of_the_other_network: Member
) -> None:
    sign_in(client, of_the_other_network)

    def open_page(word: str) -> None:
        cache.clear()
        client.get("/search/", {"q": word})

    open_page("warms up what is asked once for a process")
    statements = [
        [(sql, rows) for sql, _, rows in asked_for(word, open_page)] for word in (NOWHERE, PRIVATE, NEAR, PRIVATE)
    ]
    assert statements[1] == statements[0]
    assert statements[2] == statements[0]
    # Nor does it tell that somebody looked for it before, though no row is new then.
    assert [sql for sql, _ in statements[3]] == [sql for sql, _ in statements[0]]


def rows_read(viewer: Member, word: str) -> int:
    """How many rows of the index PostgreSQL has read for searches, this one among them."""
    search_posts(viewer, word)
    with connection.cursor() as cursor:
        cursor.execute("SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'forums_post_index'")
        return int(cursor.fetchone()[0])


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite does not say")
def test_no_row_of_another_network_is_read(cast: Cast, hub_with_secrets: Hub, of_the_other_network: Member) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # so few rows would not be looked up
    before = rows_read(of_the_other_network, NOWHERE)
    assert rows_read(of_the_other_network, PRIVATE) == before
    assert rows_read(of_the_other_network, "common") > before, "those that may be read are"
