import pytest
from django.contrib.auth.models import AnonymousUser

from forums.actions.posts import reply
from forums.actions.threads import start_thread
from forums.search.posts import search_posts
from forums.search.words import words_of
from tests.cast import Cast


@pytest.fixture
def threads(cast: Cast) -> None:
    first = start_thread(
        cast.practitioners, by=cast.bob, theme=cast.theme, title="Redacting case notes", source="Has anybody tried?"
    )
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Lunch", source="We redacted some notes at lunch.")
    reply(first, by=cast.fay, source="Yes: a **zyzzyva** pipeline with AT&T.")


def test_a_member_finds_a_thread_by_a_word_of_a_reply(cast: Cast, threads: None) -> None:
    [hit] = search_posts(cast.bob, "zyzzyva").hits

    assert hit.title == "Redacting case notes"
    assert "zyzzyva pipeline with AT&T" in hit.text


def test_words_are_found_by_their_stem_and_titles_come_first(cast: Cast, threads: None) -> None:
    assert [hit.title for hit in search_posts(cast.bob, "redaction note").hits] == ["Redacting case notes", "Lunch"]


@pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
def test_outsiders_find_nothing(cast: Cast, threads: None, who: str) -> None:
    assert search_posts(getattr(cast, who), "zyzzyva").hits == []


def test_an_anonymous_visitor_finds_nothing(threads: None) -> None:
    assert search_posts(AnonymousUser(), "zyzzyva").hits == []


def test_a_member_of_one_network_finds_nothing_of_the_other(cast: Cast, threads: None) -> None:
    from network.actions.membership import join_network

    join_network(cast.ai, by=cast.olga)

    assert [hit.title for hit in search_posts(cast.olga, "notes").hits] == ["Lunch"]


@pytest.mark.parametrize(
    "query", ["", "   ", '"', "a AND (", "NEAR(x", "title:x", "'; DROP TABLE", "*", "\x00", "é" * 500]
)
def test_operators_and_odd_characters_are_only_words(cast: Cast, threads: None, query: str) -> None:
    assert search_posts(cast.bob, query).hits == []


def test_a_query_is_cut_to_a_dozen_words() -> None:
    assert len(words_of("word " * 100)) == 12
