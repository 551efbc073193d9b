"""One search over pages and threads. What is private leaves no trace, not even a number."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cms import limits
from cms.actions.roles import EDITORS, give_roles
from cms.models import GuidancePage
from cms.search import search_everything, search_pages, suggest
from forums.actions.answers import mark_answer
from forums.actions.messages import say
from forums.actions.posts import hide_post, reply
from forums.actions.reports import report_from_outside
from forums.actions.rooms import schedule_room
from forums.actions.threads import lock_thread, start_thread
from forums.models import Attachment, Message
from forums.search.index import index_post
from network.actions.membership import join_network
from network.actions.profile import change_profile
from network.models import Member, Notice
from network.search import Filters
from tests.cast import Cast, sign_in
from tests.cms.hub import Hub, close

ANYBODY = AnonymousUser()


def titles(viewer: object, query: str) -> list[str]:
    return [hit.title for hit in search_pages(viewer, query)]  # type: ignore[arg-type]


def test_pages_are_found_by_title_summary_and_text(hub: Hub) -> None:
    hub.publish_guidance("Buying wisely", summary="Ask early.", body=[("paragraph", "<p>Leave a door open.</p>")])

    assert titles(ANYBODY, "buying") == ["Buying wisely"]
    assert titles(ANYBODY, "early") == ["Buying wisely"]
    assert titles(ANYBODY, "door") == ["Buying wisely"]
    assert titles(ANYBODY, "buying door") == ["Buying wisely"]
    assert titles(ANYBODY, "buying window") == []


def test_a_hit_says_what_it_is_and_where_it_leads(hub: Hub) -> None:
    page = hub.publish_guidance("Buying wisely", summary="Ask early.")
    hit = search_pages(ANYBODY, "buying")[0]

    assert (hit.kind, hit.address, hit.excerpt) == ("Guidance", page.url, "Ask early.")


def test_the_title_counts_more_than_the_text(hub: Hub) -> None:
    hub.publish_guidance("Something else", body=[("paragraph", "<p>About transcription among other things.</p>")])
    hub.publish_guidance("Transcription")

    assert titles(ANYBODY, "transcription")[0] == "Transcription"


def test_drafts_and_closed_pages_are_found_by_nobody_who_may_not_read_them(hub: Hub, cast: Cast) -> None:
    hub.publish_guidance("Canary draft").unpublish()
    close(hub.events)
    hub.publish_event("Canary event")

    assert titles(ANYBODY, "canary") == []
    assert titles(cast.olga, "canary") == ["Canary event"]


ODD = [
    "",
    "   ",
    "AND",
    "OR NOT",
    "NEAR(buying early)",
    '"buying',
    "buying*",
    "title:buying",
    "buying AND",
    "(buying",
    "buying & | ! <->",
    "%",
    "%s",
    "buying%20wisely",
    "'; DROP TABLE cms_guidancepage; --",
    "\\",
    "🏛️",
    "ÀÉÎ",
    "- - -",
    "a" * 200,
    " ".join(["word"] * 60),
    "{title} : buying",
    "^buying",
    "x" * 10_000,
    "word " * 2_000,
    '"' * 999,
    "buying\0wisely",
    "\0",
    "!",
    "!!buying",
    "buying:*",
    "buying & !wisely",
    "( ( (",
    "NEAR/2 NOT NOT",
    "\ud83c buying".encode("utf-16", "surrogatepass").decode("utf-16", "ignore"),
    "in/1 | of/0",
    "place : in1",
]


def test_no_words_of_a_reader_break_the_search(hub: Hub, cast: Cast, client: Client) -> None:
    """Neither of one who reads pages alone, nor of a member: nor the suggestions, nor what is similar."""
    hub.publish_guidance("Buying wisely")
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Buying chatbots", source="Words")
    broken = []
    for member in (None, cast.bob):
        if member:
            sign_in(client, member)
        for query in ODD:
            cache.clear()  # nobody searches as often as this
            answers = [client.get("/search/", {"q": query}), client.get("/search/suggestions/", {"q": query})]
            # An address with a NUL in it is nobody's typing, and is told so before it comes here.
            wanted = 400 if "\0" in query else 200
            broken += [(query[:40], answer.status_code) for answer in answers if answer.status_code != wanted]
            if member and (status := client.post("/similar/", {"title": query}).status_code) != 200:
                broken.append((query[:40], status))
    assert broken == []


def test_several_kinds_may_be_looked_among(hub: Hub, cast: Cast, client: Client) -> None:
    hub.publish_guidance("Canary guidance")
    hub.publish_event("Canary event")
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Canary talk", source="Canary.")
    sign_in(client, cast.bob)

    page = client.get("/search/?q=canary&kind=events&kind=threads").content.decode()

    assert "Canary event" in page
    assert "Canary talk" in page
    assert "Canary guidance" not in page
    assert "Filters (1 in use)" in page


def test_operators_are_words(hub: Hub) -> None:
    hub.publish_guidance("Robots")
    hub.publish_guidance("Cats")

    assert titles(ANYBODY, "robots OR cats") == []
    assert titles(ANYBODY, "robots NOT cats") == []


def test_a_query_that_is_too_long_is_said_to_be_and_kept(hub: Hub, client: Client) -> None:
    html = client.get("/search/", {"q": "x" * 201}).content.decode()

    assert "<title>Error: " in html
    assert "200 characters or fewer" in html
    assert "x" * 201 in html


def test_a_search_too_many_is_told_on_its_own_page_with_what_was_typed(
    hub: Hub, cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.publish_guidance("Canary in the hub")
    # By the hour: a minute may end meanwhile.
    once = dataclasses.replace(limits.SEARCHING, times=1, per=timedelta(hours=1))
    monkeypatch.setattr(limits, "SEARCHING", once)
    sign_in(client, cast.bob)
    for _ in range(3):
        client.get("/search/")  # the empty form is no search
    assert client.get("/search/", {"q": "canary"}).status_code == 200

    answer = client.get("/search/", {"q": "canary in", "council": "Exampleshire"})

    page = answer.content.decode()
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 3_600
    assert "You can make 1 searches an hour. You can search again in " in page
    assert "canary in" in page
    assert "Exampleshire" in page
    assert "Canary in the hub" not in page
    # Titles that come while somebody types are counted by themselves.
    assert client.get("/search/suggestions/", {"q": "canary"}).status_code == 200


def test_searches_without_signing_in_are_counted_by_where_they_come_from_and_members_by_themselves(
    hub: Hub, cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.publish_guidance("Canary in the hub")
    fewer = dataclasses.replace(limits.SEARCHES_FROM_OUTSIDE, times=2)
    monkeypatch.setattr(limits, "SEARCHES_FROM_OUTSIDE", fewer)
    council, elsewhere = {"REMOTE_ADDR": "203.0.113.7"}, {"REMOTE_ADDR": "198.51.100.9"}
    for _ in range(3):
        client.get("/search/", **council)  # the empty form is no search
    for _ in range(2):
        assert client.get("/search/", {"q": "canary"}, **council).status_code == 200

    answer = client.get("/search/", {"q": "canary in", "theme": "Roads"}, **council)

    page = answer.content.decode()
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert (
        "More than 2 searches have been made within a minute from the internet connection that you use, by everybody "
        "on it together. You can search again in " in page
    )
    assert "If you sign in, only what you do yourself counts." in page
    assert 'value="canary in"' in page
    assert 'value="Roads"' in page
    assert "Canary in the hub" not in page
    assert not answer.cookies
    assert client.get("/search/suggestions/", {"q": "canary"}, **council).status_code == 200
    # Nobody else waits for them: not who is elsewhere, nor their colleagues who are signed in.
    assert client.get("/search/", {"q": "canary"}, **elsewhere).status_code == 200
    sign_in(client, cast.bob)
    assert client.get("/search/", {"q": "canary"}, **council).status_code == 200


def test_suggestions_without_signing_in_have_a_limit_of_their_own(
    hub: Hub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = dataclasses.replace(limits.SUGGESTIONS_OUTSIDE, times=1)
    monkeypatch.setattr(limits, "SUGGESTIONS_OUTSIDE", fewer)
    assert client.get("/search/suggestions/", {"q": "canary"}).status_code == 200
    answer = client.get("/search/suggestions/", {"q": "canary"})
    assert (answer.status_code, bool(answer["Retry-After"])) == (429, True)
    assert client.get("/search/", {"q": "canary"}).status_code == 200


def test_a_whole_council_behind_one_address_can_search(hub: Hub, client: Client) -> None:
    assert limits.SEARCHES_FROM_OUTSIDE.times >= 10 * limits.SEARCHING.times
    assert limits.SUGGESTIONS_OUTSIDE.times >= 10 * limits.SUGGESTING.times


def test_a_member_finds_threads_beside_pages(hub: Hub, cast: Cast, client: Client) -> None:
    hub.publish_guidance("Canary in the hub")
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Canary in the network", source="Listen.")
    sign_in(client, cast.bob)

    html = client.get("/search/", {"q": "canary"}).content.decode()

    assert "Canary in the hub" in html
    assert "Canary in the network" in html


def test_a_word_said_only_in_a_network_leaves_no_trace_outside(hub: Hub, cast: Cast, client: Client) -> None:
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Zweckverband", source="Said here only.")
    nothing = None
    for outsider in [None, *cast.outsiders]:
        client.logout()
        if outsider:
            sign_in(client, outsider)
        found = client.get("/search/", {"q": "Zweckverband"}).content.decode()
        unknown = client.get("/search/", {"q": "Zwickverbund"}).content.decode()
        found, unknown = (re.sub(r'middlewaretoken" value="\w+"', "", page) for page in (found, unknown))
        assert found.replace("Zweckverband", "Zwickverbund").split("<main")[1] == unknown.split("<main")[1]
        nothing = "Nothing was found" in found
        assert nothing


def test_searching_takes_as_many_queries_for_many_pages_as_for_few(
    hub: Hub, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        hub.publish_guidance(f"Canary {number}")
        hub.publish_event(f"Canary event {number}")
    client.get("/search/", {"q": "canary"})
    with django_assert_max_num_queries(15) as few:
        client.get("/search/", {"q": "canary"})
    for number in range(3, 8):
        hub.publish_guidance(f"Canary {number}")
        hub.publish_event(f"Canary event {number}")
    with django_assert_max_num_queries(15) as many:
        client.get("/search/", {"q": "canary"})
    assert len(many) == len(few)


def test_a_phrase_deep_in_many_pages_takes_as_many_queries_as_in_one(
    hub: Hub, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    body = [("paragraph", "<p>Nobody said that the canary may sing first.</p>")]
    for number in range(2):
        hub.publish_guidance(f"Birds {number}", body=body)
    search_everything(ANYBODY, '"canary may sing"')
    with django_assert_max_num_queries(3) as few:
        assert search_everything(ANYBODY, '"canary may sing"').count == 2
    for number in range(2, 9):
        hub.publish_guidance(f"Birds {number}", body=body)
        hub.publish_event(f"Flight {number}", place="Where the canary may sing")
    with django_assert_max_num_queries(3) as many:
        assert search_everything(ANYBODY, '"canary may sing"').count == 16
    assert len(many) == len(few)


def groups(viewer: object, query: str, **filters: object) -> dict[str, list[str]]:
    results = search_everything(viewer, query, filters=Filters(**filters))  # type: ignore[arg-type]
    return {group.name: [hit.title for hit in group.hits] for group in results.groups}


def test_results_stand_in_groups_whose_order_is_fixed(hub: Hub, cast: Cast) -> None:
    hub.publish_guidance("Canary guidance")
    hub.publish_event("Canary event")
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Canary talk", source="Canary.")
    asked = start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title="Canary question", source="Which?", kind="question"
    )
    mark_answer(reply(asked, by=cast.fay, source="This one."), by=cast.bob)

    assert list(groups(cast.bob, "canary").items()) == [
        ("guidance", ["Canary guidance", "Canary question"]),
        ("threads", ["Canary talk"]),
        ("events", ["Canary event"]),
    ]
    assert groups(cast.olga, "canary") == {"guidance": ["Canary guidance"], "events": ["Canary event"]}


def test_a_filter_leaves_out_what_does_not_know_it(hub: Hub, cast: Cast) -> None:
    hub.publish_guidance("Canary guidance")
    hub.publish_event("Canary event")
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Canary talk", source="Canary.")

    assert groups(cast.bob, "canary", kinds=("events",)) == {"events": ["Canary event"]}
    assert groups(cast.bob, "canary", kinds=("threads",)) == {"threads": ["Canary talk"]}
    assert groups(cast.bob, "canary", authors=(cast.bob.pk,)) == {"threads": ["Canary talk"]}
    assert groups(cast.bob, "canary", network=cast.ai.pk) == {"threads": ["Canary talk"]}


def test_live_rooms_are_found_in_their_network_and_in_no_other(hub: Hub, cast: Cast) -> None:
    now = timezone.now()
    room = schedule_room(cast.ai, title="Lessons", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    say(room, by=cast.bob, body="We let the canary go.")
    Message.objects.filter(room=room).update(written_at=now - timedelta(minutes=30))

    assert groups(cast.bob, "canary", kinds=("rooms",), network=cast.ai.pk) == {"rooms": ["Lessons"]}
    assert groups(cast.bob, "canary", network=cast.practitioners.pk) == {}
    assert groups(cast.bob, "canary", network=cast.ai.pk, theme=cast.theme.pk) == {}
    for outsider in cast.outsiders:
        assert groups(outsider, "canary", network=cast.ai.pk) == {}


def test_the_newest_page_comes_first_even_where_others_match_better(hub: Hub) -> None:
    for number in range(3):
        hub.publish_guidance(f"Canary {number}", summary="Canary, canary.")
    hub.publish_guidance("Birds at work", body=[("paragraph", "<p>About a canary among other things.</p>")])

    [guidance] = search_everything(ANYBODY, "canary", newest_first=True, limit=2).groups
    assert [hit.title for hit in guidance.hits] == ["Birds at work", "Canary 2"]


def test_people_are_found_by_those_who_share_a_network(hub: Hub, cast: Cast) -> None:
    name = cast.fay.get_full_name()

    assert groups(cast.bob, name) == {"people": [name]}
    assert groups(cast.olga, name) == groups(ANYBODY, name) == {}


@pytest.mark.parametrize(("shown", "words"), [(True, "Writer. Letters in plain words"), (False, "Writer")])
def test_people_found_by_what_they_can_help_with_are_shown_with_it(
    hub: Hub, cast: Cast, shown: bool, words: str
) -> None:
    about: dict[str, Any] = {"name": "Fay Letterly", "job_title": "Writer", "help_with": "Letters in plain words"}
    change_profile(by=cast.fay, about="", themes=[], tools=[], shows={"help_with": shown}, **about)

    [group] = search_everything(cast.bob, "letter").groups
    assert [hit.excerpt for hit in group.hits] == [words]
    [group] = search_everything(cast.bob, "fay").groups
    assert [hit.excerpt for hit in group.hits] == ["Writer"], "as it is not why"


def test_a_word_with_a_wrong_letter_finds_pages_too(hub: Hub) -> None:
    hub.publish_guidance("Procurement", summary="Ask early.")
    found = search_everything(ANYBODY, "procuremnet")

    assert [hit.title for group in found.groups for hit in group.hits] == ["Procurement"]
    assert found.instead == {"procuremnet": "procurement"}


def test_a_word_that_a_thread_has_is_not_called_wrong(hub: Hub, cast: Cast) -> None:
    hub.publish_guidance("Canary")
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Canery", source="It is spelt so.")

    assert search_everything(cast.bob, "canery").instead == {}
    assert search_everything(ANYBODY, "canery").instead == {"canery": "canary"}


def test_what_was_typed_comes_before_what_is_written_nearly_so(hub: Hub) -> None:
    hub.publish_guidance("Parks", body=[("paragraph", "<p>About planting, among other things.</p>")])
    for number in range(2):
        hub.publish_guidance(f"Planning {number}", summary="Planning, planning.")

    assert titles(ANYBODY, "planting")[0] == "Parks"
    assert "Parks" in {hit.title for hit in search_pages(ANYBODY, "planting", limit=2)}


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Procurement officers planning parking permits", "procuremnet officrs planing parkng permts"),
        ("Procurement officers planning parking permits centres", "procuremnet officrs planing parkng permts centrs"),
        ("Planta plantb plantc plantd plante plantf plantg", "planth planti plantj plantk plantl plantm"),
    ],
)
def test_many_words_with_a_wrong_letter_find_pages_too(hub: Hub, title: str, typed: str) -> None:
    hub.publish_guidance(title)
    hub.publish_guidance("Parking")

    assert titles(ANYBODY, typed) == [title]


@pytest.mark.parametrize(("title", "typed"), [("Meetings of councils", "meeting"), ("A meeting", "meetings")])
def test_no_letter_is_called_wrong_in_a_plural(hub: Hub, cast: Cast, title: str, typed: str) -> None:
    hub.publish_guidance(title)
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Treasure", source="A meeting about treasure.")
    found = search_everything(ANYBODY, typed)

    assert [hit.title for group in found.groups for hit in group.hits] == [title]
    assert found.instead == {}
    assert search_everything(cast.bob, f"{typed} tresure").instead == {"tresure": "treasure"}


def test_no_page_tells_what_stood_in_a_post_that_was_hidden(hub: Hub, cast: Cast) -> None:
    hub.publish_guidance("Canopy")
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Birds", source="Of the canary.")
    assert groups(cast.bob, "canory") == {"threads": ["Birds"]}

    hidden = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Trees", source="Of the canopy.")
    hide_post(hidden.posts.get(), by=cast.fay, reason="Off topic")

    assert groups(cast.bob, "canory") == {"threads": ["Birds"]}


def test_titles_are_suggested_as_far_as_somebody_may_see_them(hub: Hub, cast: Cast) -> None:
    hub.publish_guidance("Buying wisely")
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Buying chatbots", source="Words")

    assert [hit.title for hit in suggest(cast.fay, "buy")] == ["Buying wisely", "Buying chatbots"]
    assert [hit.title for hit in suggest(cast.fay, "buying cha")] == ["Buying chatbots"]
    assert suggest(cast.fay, "bu") == suggest(cast.fay, "chatbots wisely") == []
    for outsider in [ANYBODY, *cast.outsiders]:
        assert [hit.title for hit in suggest(outsider, "buy")] == ["Buying wisely"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"council": "Nowhere"}, "No council is called “Nowhere”."),
        ({"author": "Nobody Known"}, "Nobody in your networks is called “Nobody Known”."),
        ({"since": "yesterday"}, "Enter the first day as a date"),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "The last day must not come before the first."),
        ({"kind": "secrets"}, "Choose from the list under “What”."),
        ({"network": "practitioners-of-old"}, "Choose from the list under “Network”."),
    ],
)
def test_a_filter_that_cannot_be_says_so_and_is_kept(
    hub: Hub, cast: Cast, client: Client, given: dict[str, str], problem: str
) -> None:
    sign_in(client, cast.bob)
    html = client.get("/search/", {"q": "canary", **given}).content.decode()

    assert problem in html
    assert 'value="canary"' in html


def test_filters_without_words_say_that_words_are_needed(hub: Hub, cast: Cast, client: Client) -> None:
    sign_in(client, cast.bob)
    needed = "Enter what you are looking for."

    html = client.get("/search/", {"q": " ", "tag": "consent"}).text
    assert needed in html
    assert 'value="consent"' in html
    for page in ("/search/", "/search/?q=", "/search/?q=&thread=1"):
        assert needed not in client.get(page).text


def test_a_filter_that_an_outsider_does_not_have_is_not_said_to_be_in_use(hub: Hub, cast: Cast, client: Client) -> None:
    hub.publish_guidance("Canary")
    sign_in(client, cast.olga)
    address = "/search/?q=canary&author=Fay&network=ai"

    assert "in use)" not in client.get(address).text
    assert "Filters (1 in use)" in client.get(f"{address}&kind=pages").text
    assert "one post" not in client.get("/search/?q=zyzzyva").text, "they search pages only"


def test_an_outsider_learns_no_name_by_a_filter(hub: Hub, cast: Cast, client: Client) -> None:
    sign_in(client, cast.olga)
    html = client.get("/search/", {"q": "canary", "author": cast.fay.get_full_name()}).content.decode()

    assert "is called" not in html
    assert cast.fay.get_full_name() not in html.split("<main")[1]


def test_pages_are_found_by_the_days_of_london_on_which_they_came(hub: Hub, client: Client) -> None:
    page = hub.publish_guidance("Canary")
    GuidancePage.objects.filter(pk=page.pk).update(first_published_at=datetime(2026, 6, 30, 23, 30, tzinfo=UTC))

    def is_found(**days: str) -> bool:
        response = client.get("/search/", {"q": "canary"} | days)
        assert response.status_code == 200
        return page.get_url() in response.text.split("<main")[1]

    assert is_found(since="2026-07-01") and is_found(until="2026-07-01")
    assert not is_found(until="2026-06-30")
    assert not is_found(since="2026-07-02")


@pytest.mark.parametrize("days", [{"until": "9999-12-31"}, {"since": "0001-01-01"}, {"since": "9999-12-31"}], ids=str)
def test_the_first_and_the_last_of_all_days_are_days(
    hub: Hub, cast: Cast, client: Client, days: dict[str, str]
) -> None:
    hub.publish_guidance("Canary")
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Canary talk", source="Canary.")
    assert client.get("/search/", {"q": "canary"} | days).status_code == 200
    sign_in(client, cast.bob)
    page = client.get("/search/", {"q": "canary"} | days)
    assert page.status_code == 200
    assert ("Canary talk" in page.text) is (days != {"since": "9999-12-31"})


# What is looked for, and what that finds: a thread and a file in another; words with a letter wrong, that stand in a
# thread and only on a page; one near to words that no single post has; nothing; and kept to something.
@pytest.mark.parametrize(
    "looked_for",
    [
        {"q": "canary"},
        {"q": "checklist"},
        {"q": '"canary"'},
        {"q": '"leave a door open"'},
        {"q": "canery"},
        {"q": "guidence"},
        {"q": "canery guidence"},
        {"q": "qqqwxyz"},
        {"q": "canery", "saved": "yes"},
        {"q": "canary", "network": "ai", "newest": "on"},
        {"q": "canery", "theme": "Adult social care", "tag": "birds", "since": "2026-01-01"},
        {"q": "canery", "council": "Exampleshire", "author": "Bob Belongs", "answered": "no"},
        {"q": "canery", "kind": "threads"},
    ],
    ids=str,
)
@pytest.mark.parametrize("who", ["bob", "fay", "olga"])
def test_a_search_takes_at_most_twelve_queries_whatever_it_finds(
    hub: Hub, cast: Cast, client: Client, who: str, looked_for: dict[str, str]
) -> None:
    member: Member = getattr(cast, who)
    other = cast.fay if who == "bob" else cast.bob
    if who == "olga":  # may do what others may not
        give_roles(member, [EDITORS], by=cast.ada)
        join_network(cast.ai, by=member)
    counts = []
    for number in (1, 3):
        for n in range(number):
            deep = [("paragraph", "<p>Leave a door open.</p>")]
            hub.publish_guidance(f"Guidance {number} {n}", body=deep)
            hub.publish_event(f"Event {number} {n}", place="Leave a door open")
            start_thread(cast.ai, by=other, theme=cast.theme, title="A greeting", source=f"Hello @{member}")
            own = start_thread(cast.ai, by=member, theme=cast.theme, title=f"Canary {number} {n}", source="Canary.")
            file = {"name": "checklist.txt", "content_type": "text/plain", "size": 1, "state": "clean"}
            Attachment.objects.create(member=member, post=own.posts.get(), **file)
            index_post(own.posts.get())
            # Of which one is told less often, so the menu counts it by itself.
            if who == "fay":
                of_bob = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Cheap", source="Buy.")
                report_from_outside(of_bob.posts.get(), address=of_bob.get_absolute_url(), kind="spam", words="")
            else:
                lock_thread(own, by=cast.fay)
        kinds = Notice.objects.filter(member=member, read_at=None).values_list("kind", flat=True)
        assert set(kinds) >= {"mentioned", "case_opened" if who == "fay" else "thread_locked"}
        sign_in(client, member)
        client.get("/search/", looked_for)
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/search/", looked_for).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[1] <= 12
