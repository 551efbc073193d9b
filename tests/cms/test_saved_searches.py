"""Searches that members keep and follow, and what is told of those that found nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cms.actions import searches
from cms.actions.roles import EDITORS, give_roles
from cms.actions.searches import (
    delete_search,
    follow_search,
    forget_old_fruitless_searches,
    look_for_news,
    note_fruitless_search,
    save_search,
    stop_following_search,
)
from cms.forms import SearchForm
from cms.models import FruitlessSearch, GuidancePage, SavedSearch
from cms.search import Results, search_everything
from forums.actions.posts import hide_post, reply
from forums.actions.threads import start_thread
from forums.models import Post, Thread
from network.actions.closing import close_account
from network.actions.membership import leave_network
from network.models import Member, Notice
from network.notifications import unread
from network.permissions import Refused
from network.search import Filters
from tests.cast import Cast, sign_in
from tests.cms.hub import Hub
from tests.forums.test_cases import migrate, newest_afterwards

__all__ = ["newest_afterwards"]

LATER = timedelta(hours=2)


def keep(member: Member, typed: str, *, follow: bool = True, now: datetime | None = None) -> SavedSearch:
    form = SearchForm(member, QueryDict(typed))
    assert form.is_valid(), form.errors
    saved = save_search(form.address(), form.in_words(), by=member, now=now)
    if follow:
        follow_search(saved, by=member, now=now)
    return saved


def told(member: Member) -> int:
    return Notice.objects.unread().filter(member=member, kind="search_found").count()


def write(cast: Cast, title: str, *, by: Member, network: object = None) -> Thread:
    return start_thread(network or cast.ai, by=by, theme=cast.theme, title=title, source="Words.")  # type: ignore[arg-type]


@pytest.fixture
def long_ago() -> datetime:
    return timezone.now() - timedelta(days=1)


def test_two_searches_for_the_same_are_one(cast: Cast) -> None:
    first = keep(cast.bob, "q=canary++song&kind=threads&kind=pages&newest=on&tag=", follow=False)
    second = keep(cast.bob, "kind=pages&kind=threads&q=canary song&nonsense=1", follow=False)

    assert first == second
    assert first.name == "“canary song”, what: Pages or Threads"


def test_nobody_sees_what_somebody_else_looks_for(cast: Cast, client: Client) -> None:
    saved = keep(cast.bob, "q=canary")

    for other in (cast.fay, *cast.outsiders):
        assert not SavedSearch.objects.visible_to(other).exists()
        sign_in(client, other)
        for verb in ("follow", "delete"):
            assert client.post(f"/search/saved/{saved.pk}/{verb}/").status_code == 404
        with pytest.raises(Refused):
            delete_search(saved, by=other)
    assert not SavedSearch.objects.visible_to(AnonymousUser()).exists()
    cast.bob.is_active = False
    assert not SavedSearch.objects.visible_to(cast.bob).exists()


def test_a_member_keeps_twenty(cast: Cast) -> None:
    for number in range(SavedSearch.MOST):
        keep(cast.bob, f"q=canary{number}", follow=False)
    keep(cast.bob, "q=canary1", follow=False)

    with pytest.raises(Refused, match="You have 20 saved searches, which is the most"):
        keep(cast.bob, "q=another", follow=False)
    assert keep(cast.fay, "q=another", follow=False)


def test_who_follows_a_search_is_told_once_of_what_is_new(cast: Cast, hub: Hub, long_ago: datetime) -> None:
    now = timezone.now()
    write(cast, "Canary of before", by=cast.fay)
    Post.objects.update(written_at=long_ago)
    saved = keep(cast.bob, "q=canary", now=now - LATER)
    keep(cast.fay, "q=canary", follow=False, now=now - LATER)
    assert look_for_news(now=now) == 0

    write(cast, "Canary of now", by=cast.fay)
    assert look_for_news(now=now + timedelta(minutes=30)) == 0, "within the hour it is not looked for again"
    assert look_for_news(now=now + LATER) == 1
    assert look_for_news(now=now + 2 * LATER) == 0
    assert (told(cast.bob), told(cast.fay)) == (1, 0)
    assert unread(cast.bob).number == 1

    Notice.objects.update(read_at=now)
    page = hub.publish_guidance("Canary guidance")
    GuidancePage.objects.filter(pk=page.pk).update(first_published_at=now + 3 * LATER)
    assert look_for_news(now=now + 4 * LATER) == 1
    assert told(cast.bob) == 1, "the same row again"
    stop_following_search(saved, by=cast.bob)
    assert told(cast.bob) == 0


@pytest.mark.parametrize("why", ["own", "other words", "no longer there", "left", "another network", "suspended"])
def test_nobody_is_told_of_what_is_not_news_to_them(cast: Cast, why: str) -> None:
    now = timezone.now()
    keep(cast.bob, "q=canary&network=ai", now=now - LATER)
    keep(cast.bob, "q=canary", now=now - LATER)
    by = cast.bob if why == "own" else cast.fay
    thread = write(
        cast,
        "Finch" if why == "other words" else "Canary",
        by=by,
        network=cast.practitioners if why == "another network" else cast.ai,
    )
    if why == "no longer there":
        hide_post(Post.objects.get(thread=thread), by=cast.fay, reason="Off topic")
    if why in ("left", "another network"):
        for network in (cast.ai, cast.practitioners):
            leave_network(network, by=cast.bob)
    if why == "suspended":
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False)

    assert look_for_news(now=now + LATER) == 0
    assert told(cast.bob) == 0


def test_a_search_kept_to_a_network_finds_nothing_once_they_left_it(cast: Cast, hub: Hub) -> None:
    """The filter is gone from their form, and what is left would find pages that anybody may read."""
    now = timezone.now()
    keep(cast.bob, "q=canary&network=ai", now=now - LATER)
    for network in (cast.ai, cast.practitioners):
        leave_network(network, by=cast.bob)
    hub.publish_guidance("Canary guidance")

    assert look_for_news(now=now + LATER) == 0


def test_one_search_that_fails_keeps_no_other_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    keep(cast.bob, "q=broken", now=now - 2 * LATER)
    keep(cast.bob, "q=canary", now=now - LATER)
    write(cast, "Canary", by=cast.fay)

    def fails(viewer: Member, typed: str, **wanted: Any) -> Results:
        assert typed != "broken", "as a database that is away"
        return search_everything(viewer, typed, **wanted)

    monkeypatch.setattr(searches, "search_everything", fails)

    assert look_for_news(now=now + LATER) == 1


def test_a_member_saves_follows_and_deletes_without_a_script(cast: Cast, hub: Hub, client: Client) -> None:
    sign_in(client, cast.bob)
    assert "Save this search" in client.get("/search/", {"q": "canary"}).content.decode()
    page = client.post("/search/saved/save/", {"search": "q=canary&network=ai"}, follow=True).content.decode()
    assert "The search is saved." in page
    assert "“canary”, network: AI Network" in page
    saved = SavedSearch.objects.get()
    page = client.post(f"/search/saved/{saved.pk}/follow/", follow=True).content.decode()
    assert "Stop following" in page
    saved.refresh_from_db()
    assert saved.is_followed
    Notice.objects.create(member=cast.bob, kind="search_found", object_id=saved.pk)
    sign_in(client, cast.fay)
    assert client.get(saved.get_absolute_url()).status_code == 404
    assert told(cast.bob) == 1
    sign_in(client, cast.bob)
    opened = client.get(f"{saved.get_absolute_url()}?newest=on")
    assert opened["Location"] == "/search/?q=canary&network=ai&saved=yes&newest=on"
    page = client.get(opened["Location"]).content.decode()
    assert "Save this search" not in page
    assert "Your saved searches" in page
    assert told(cast.bob) == 0, "who looks knows"
    page = client.post(f"/search/saved/{saved.pk}/delete/", follow=True).content.decode()
    assert "No saved searches" in page
    assert client.post("/search/saved/save/", {"search": "kind=nonsense"}).status_code == 404
    client.logout()
    assert "Save this search" not in client.get("/search/", {"q": "canary"}).content.decode()
    assert client.post("/search/saved/save/", {"search": "q=canary"}).status_code == 302
    assert not SavedSearch.objects.exists()


def test_with_the_account_go_its_searches(cast: Cast) -> None:
    keep(cast.bob, "q=canary")
    close_account(by=cast.bob)

    assert not SavedSearch.objects.exists()


# Searches that found nothing


def ask(words: str, *members: Member, now: datetime | None = None, filters: Filters | None = None) -> None:
    for member in members:
        note_fruitless_search(member, words, filters or Filters(), now=now)


@pytest.fixture
def editor(cast: Cast, hub: Hub) -> Member:
    give_roles(cast.olga, [EDITORS], by=cast.ada)
    return Member.objects.get(pk=cast.olga.pk)


def test_editors_learn_what_three_looked_for_and_nobody_else_does(cast: Cast, editor: Member) -> None:
    ask("Zweckverband", cast.bob, cast.fay, cast.bob)
    assert not FruitlessSearch.objects.visible_to(editor).exists()
    assert set(FruitlessSearch.objects.values_list("words")) == {("",)}, "no word is kept of what two looked for"

    ask("zweckverband ", cast.amir)
    [found] = FruitlessSearch.objects.visible_to(editor).counted()
    assert (found["looked_for"], found["people"]) == ("zweckverband", 3)
    for other in (cast.bob, cast.fay, cast.amir, cast.lena, cast.sven, AnonymousUser()):
        assert not FruitlessSearch.objects.visible_to(other).exists()  # type: ignore[arg-type]


def test_who_asked_is_not_kept(cast: Cast) -> None:
    ask("Zweckverband", cast.bob)
    ask("Landkreis", cast.bob)

    assert len(set(FruitlessSearch.objects.values_list("asker"))) == 2, "nothing says that it was the same person"
    assert not {field.name for field in FruitlessSearch._meta.fields} & {"member", "at"}


@pytest.mark.django_db(transaction=True)  # of which a test has one around everything
def test_it_is_noted_in_one_statement_whoever_looked_for_it_before(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for member in (cast.bob, cast.fay, cast.bob, cast.amir, cast.amir, cast.olga):
        with django_assert_num_queries(1):
            ask("Zweckverband", member)

    kept = FruitlessSearch.objects.order_by("pk").values_list("words", flat=True)
    assert list(kept) == ["", "", "zweckverband", "zweckverband"]


@pytest.mark.parametrize(
    "typed",
    ["jo@exampleshire.example.org", "case 20260117", "020 7946 0958", "01234-567-890", "word " * 20, "  ", "¡!"],
)
def test_what_may_be_about_a_person_is_not_noted(cast: Cast, typed: str) -> None:
    ask(typed, cast.bob, cast.fay, cast.amir)

    assert not FruitlessSearch.objects.exists()


def test_a_search_with_a_filter_is_not_noted(cast: Cast) -> None:
    ask("Zweckverband", cast.bob, filters=Filters(kinds=("events",)))

    assert not FruitlessSearch.objects.exists()


def test_after_ninety_days_the_words_go_and_then_all_of_it(cast: Cast, editor: Member) -> None:
    now = timezone.now()
    ask("Zweckverband", cast.bob, now=now - timedelta(days=91))
    ask("Zweckverband", cast.fay, cast.amir, now=now - timedelta(days=10))
    assert FruitlessSearch.objects.visible_to(editor).exists()

    forget_old_fruitless_searches(now=now)
    assert set(FruitlessSearch.objects.values_list("words")) == {("",)}
    forget_old_fruitless_searches(now=now + timedelta(days=81))
    assert not FruitlessSearch.objects.exists()


def test_the_page_notes_what_found_nothing_and_the_report_shows_it(
    cast: Cast, editor: Member, hub: Hub, client: Client
) -> None:
    hub.publish_guidance("Procurement")
    for member in (cast.bob, cast.fay, cast.amir):
        sign_in(client, member)
        for words in ("Zweckverband", "procurement"):
            client.get("/search/", {"q": words})
    client.logout()
    client.get("/search/", {"q": "Landkreis"})
    sign_in(client, editor)

    page = client.get("/admin/reports/searches/").content.decode()
    assert "Searches that found nothing" in page
    assert "zweckverband" in page
    assert "1 search\n" in page
    assert "procurement" not in page.split("<main")[1]
    listed = b"".join(client.get("/admin/reports/searches/", {"export": "csv"}).streaming_content)  # type: ignore[attr-defined]
    assert b"zweckverband,3," in listed
    sign_in(client, cast.bob)
    assert client.get("/admin/reports/searches/").status_code in (302, 403)


def test_what_found_nothing_is_noted_though_a_word_of_it_stands_in_a_title_in_the_plural(
    cast: Cast, hub: Hub, client: Client
) -> None:
    hub.publish_guidance("Councils")
    sign_in(client, cast.bob)
    client.get("/search/", {"q": "council Zweckverband"})
    assert FruitlessSearch.objects.exists()
    FruitlessSearch.objects.all().delete()

    client.get("/search/", {"q": "coumcils Zweckverband"})
    assert not FruitlessSearch.objects.exists(), "with a letter wrong it says little of what there is"


@pytest.mark.django_db(transaction=True)
def test_what_was_looked_for_before_there_was_one_table_is_still_known(cast: Cast, newest_afterwards: None) -> None:
    old = migrate(("cms", "0006_searches"))
    day = timezone.localdate()
    several = old.get_model("cms", "FruitlessSearch").objects.create(mark="several", words="zweckverband")
    one = old.get_model("cms", "FruitlessSearch").objects.create(mark="one")
    askers = old.get_model("cms", "FruitlessAsker").objects
    for number in range(FruitlessSearch.LEAST):
        askers.create(search=several, mark=f"asker {number}", day=day - timedelta(days=number))
    askers.create(search=one, mark="asker 0 of one", day=day)

    migrate()

    [found] = FruitlessSearch.objects.of_several().counted()
    assert (found["looked_for"], found["people"], found["last_asked"]) == ("zweckverband", 3, day)
    assert FruitlessSearch.objects.get(mark="one").words == ""


def test_a_reply_is_news_too(cast: Cast) -> None:
    now = timezone.now()
    thread = write(cast, "Birds", by=cast.bob)
    keep(cast.bob, "q=canary", now=now - LATER)
    reply(thread, by=cast.fay, source="A canary.")

    assert look_for_news(now=now + LATER) == 1
