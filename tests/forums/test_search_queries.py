"""What a search must find, and what it must not: the same on every database."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forums.actions.attachments import remove_file
from forums.actions.posts import delete_post, hide_post, reply
from forums.actions.threads import start_thread
from forums.models import Attachment, Thread
from forums.search.index import forget_posts_of, index_post, is_near
from forums.search.posts import Query, search_posts
from network.search import Filters
from tests.cast import Cast
from tests.forums.vocabulary import near_words

MINUTES = "Minutes by machine"
PLANNING = "Planning objections"
SOCIAL = "Recording home visits"
PRICES = "What do you pay?"

# Each title with the words of its first post and of a reply.
THREADS = {
    MINUTES: (
        "We let Copilot write the minutes of committee meetings. A clerk checks them.",
        "Our councillors wanted the café booking minuted as well. See https://intranet.example.org/minute-takers-guide",
    ),
    PLANNING: (
        "Residents' letters of objection are summarised before officers read them. It was never tried on appeals.",
        "Does the summary keep the grounds? We are planning a test in spring.",
    ),
    SOCIAL: (
        "Social workers record their visits by phone, and the tool transcribes them. Families are asked first.",
        "Transcription was poor for Welsh. Adult social care stopped it; children's services goes on.",
    ),
    PRICES: (
        "Licences for 250 people. GPT-4 costs less than last year.",
        "We paid by the seat. The contract ends in March.",
    ),
}

# What is typed, and the threads that are found.
QUERIES: list[tuple[str, set[str]]] = [
    ("minutes", {MINUTES}),
    ("minute", {MINUTES}),
    ("MINUTES", {MINUTES}),
    ("copilot", {MINUTES}),
    ("copilot minutes", {MINUTES}),
    ("copilot objections", set()),
    ("committee meeting", {MINUTES}),
    ("clerks", {MINUTES}),
    ("checking", {MINUTES}),
    ("cafe", {MINUTES}),
    ("café", {MINUTES}),
    ("intranet", {MINUTES}),
    ("takers guide", {MINUTES}),
    ("minute-takers-guide", {MINUTES}),
    ("councillor", {MINUTES}),
    ("councilor", {MINUTES}),
    ("planning", {PLANNING}),
    ("plans", {PLANNING}),
    ("objection", {PLANNING}),
    ("objecting", {PLANNING}),
    ("resident's letter", {PLANNING}),
    ("residents letters", {PLANNING}),
    ("the letters of objection", {PLANNING}),
    ('"letters of objection"', {PLANNING}),
    ('"objection letters"', set()),
    ('"letter of objection"', set()),
    ('"letters of objection" officers', {PLANNING}),
    ('"letters of objection', {PLANNING}),
    ("\u201cgrounds\u201d", {PLANNING}),
    ('"ground"', set()),
    ("transcribe", {SOCIAL}),
    ("transcribing", {SOCIAL}),
    ("transcirbes", {SOCIAL}),
    ("trnascribes", {SOCIAL}),
    ("welsh", {SOCIAL}),
    ("wellsh", {SOCIAL}),
    ("welh", {SOCIAL}),
    ("wxlxh", set()),
    ("home visit", {SOCIAL}),
    ("social care", {SOCIAL}),
    ("childrens services", {SOCIAL}),
    ("licence", {PRICES}),
    ("licenses", {PRICES}),
    ("GPT-4", {PRICES}),
    ("gpt 5", set()),
    ("250", {PRICES}),
    ("251", set()),
    ("seat contract", {PRICES}),
    ("seat licences", set()),
    ("unicorn", set()),
    ("the of and", set()),
    ("", set()),
]


@pytest.fixture
def written(cast: Cast) -> None:
    for title, (first, second) in THREADS.items():
        thread = start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title=title, source=first)
        reply(thread, by=cast.fay, source=second)


def test_the_table_has_enough_rows() -> None:
    assert len(QUERIES) >= 40


def test_a_search_finds_what_the_table_says_and_nothing_else(cast: Cast, written: None) -> None:
    wrong = {}
    for typed, wanted in QUERIES:
        found = {hit.title for hit in search_posts(cast.bob, typed).hits}
        if found != wanted:
            wrong[typed] = found
    assert wrong == {}


def test_nobody_outside_finds_any_of_it_nor_learns_a_word(cast: Cast, written: None) -> None:
    for typed, _ in QUERIES:
        for who in (cast.olga, cast.amir, cast.lena, cast.sven, cast.ada):
            found = search_posts(who, typed)
            assert (found.hits, found.instead) == ([], {})


def test_what_a_word_with_a_wrong_letter_was_taken_for_is_said(cast: Cast, written: None) -> None:
    assert search_posts(cast.bob, "trnascribes").instead == {"trnascribes": "transcribes"}
    assert search_posts(cast.bob, "transcribes").instead == {}


def test_the_line_that_matches_is_shown_with_its_words_marked(cast: Cast, written: None) -> None:
    [hit] = search_posts(cast.bob, "minute").hits
    marked = {line.by: [piece for piece, is_marked in line.pieces if is_marked] for line in hit.lines}
    assert marked == {str(cast.bob): ["minutes"], str(cast.fay): ["minuted", "minute"]}


def test_those_whose_title_matches_come_first_and_the_newest_on_request(cast: Cast, written: None) -> None:
    thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Lunch", source="Minutes, minutes, minutes.")
    assert [hit.title for hit in search_posts(cast.bob, "minutes").hits] == [MINUTES, thread.title]
    assert [hit.title for hit in search_posts(cast.bob, "minutes", newest_first=True).hits] == [thread.title, MINUTES]


def test_a_search_is_kept_to_what_is_asked_for(cast: Cast, written: None) -> None:
    ours = cast.practitioners
    begun = Thread.objects.get(title=MINUTES)
    today = timezone.localdate()
    yes = [
        Filters(network=ours.pk),
        Filters(theme=cast.theme.pk),
        Filters(authors=(cast.bob.pk,)),
        Filters(council=cast.council.pk),
        Filters(thread=begun.pk),
        Filters(since=today, until=today),
    ]
    no = [
        Filters(network=cast.ai.pk),
        Filters(theme=cast.theme.pk + 1),
        Filters(authors=(cast.amir.pk,)),
        Filters(tag="nothing"),
        Filters(thread=begun.pk + 1),
        Filters(since=today + timedelta(days=1)),
        Filters(until=today - timedelta(days=1)),
        Filters(is_answered=True),
        Filters(is_answered=False),  # a discussion has no answer to wait for
    ]
    assert [len(search_posts(cast.bob, "copilot", filters=filters).hits) for filters in yes] == [1] * len(yes)
    assert [len(search_posts(cast.bob, "copilot", filters=filters).hits) for filters in no] == [0] * len(no)


def test_searching_takes_as_many_queries_for_many_threads_as_for_few(
    cast: Cast, written: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (1, 4):
        for n in range(number):
            start_thread(cast.ai, by=cast.bob, theme=cast.theme, title=f"Minutes {number} {n}", source="Copilot.")
        with django_assert_num_queries(3):
            search_posts(cast.bob, "minutes copilot")


def test_names_of_files_are_found_until_the_file_is_removed(cast: Cast) -> None:
    thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Policy", source="Here it is.")
    post = thread.posts.get()
    attachment = Attachment.objects.create(
        member=cast.bob,
        post=post,
        name="procurement-checklist_v2.docx",
        content_type="text/plain",
        size=1,
        state="clean",
    )
    index_post(post)
    assert [hit.title for hit in search_posts(cast.bob, "checklist").hits] == ["Policy"]
    remove_file(attachment, by=cast.bob)
    assert search_posts(cast.bob, "checklist").hits == []


def test_what_a_member_had_erased_leaves_no_word_behind(cast: Cast, written: None) -> None:
    forget_posts_of(cast.fay)
    assert search_posts(cast.bob, "transcription").hits == search_posts(cast.bob, "wellsh").hits == []
    assert near_words(["wellsh", "copilto"], [cast.practitioners.pk]) == {"copilto": ["copilot"]}


def test_no_word_is_the_name_of_a_network_in_the_index(cast: Cast, written: None) -> None:
    """The index says of each post where it stands, by a word that nobody can type."""
    for number in (cast.practitioners.pk, cast.ai.pk):
        for typed in (f"in/{number}", f"in{number}", f"of/{0}", f"place:in{number}", f'"in/{number}"', f"in {number}"):
            assert search_posts(cast.bob, typed).hits == []


@pytest.mark.parametrize("goes", ["hidden", "deleted"])
def test_what_nobody_can_read_any_more_does_not_tell_that_it_was_written(cast: Cast, written: None, goes: str) -> None:
    """Typed with a wrong letter a word finds what is near it, whether or not somebody once wrote it so."""
    before = search_posts(cast.bob, "copilto")
    assert before.hits and before.instead == {"copilto": "copilot"}
    gone = reply(Thread.objects.get(title=PRICES), by=cast.fay, source="The copilto was no use.")
    assert search_posts(cast.bob, "copilto").instead == {}
    if goes == "hidden":
        hide_post(gone, by=cast.fay, reason="Off topic")
    else:
        delete_post(gone, by=cast.fay)
    assert search_posts(cast.bob, "copilto") == before


def test_the_index_can_be_made_anew(cast: Cast, written: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM forums_post_index")
        cursor.execute("INSERT INTO forums_word VALUES (%s, 'forgotten', 'nettogrof')", [cast.practitioners.pk])
    monkeypatch.setattr("forums.search.index.AT_A_TIME", 3)
    assert search_posts(cast.bob, "minutes").hits == []
    said = StringIO()
    call_command("rebuild_search", only="posts", stdout=said)
    assert [line.partition(" posts")[0] for line in said.getvalue().splitlines()] == [
        "3 of 8",
        "6 of 8",
        "8 of 8",
        "8",
    ]
    assert near_words(["forgoten"], [cast.practitioners.pk]) == {}
    assert {typed: {hit.title for hit in search_posts(cast.bob, typed).hits} for typed, _ in QUERIES} == dict(QUERIES)


@pytest.mark.parametrize(
    ("one", "other", "are_near"),
    [
        ("plans", "plams", True),
        ("plans", "plan", True),
        ("plans", "plaans", True),
        ("plans", "palns", True),
        ("plans", "plasn", True),
        ("plans", "lpans", True),
        ("plans", "plans", False),
        ("plans", "plots", False),
        ("plans", "snalp", False),
        ("plans", "planned", False),
    ],
)
def test_what_one_wrong_letter_is(one: str, other: str, are_near: bool) -> None:
    assert is_near(one, other) is is_near(other, one) is are_near


def test_marks_without_their_second_are_no_marks() -> None:
    assert Query.of('"one two" three "four').phrases == (("one", "two"),)
    assert Query.of('"one two" three "four').words == ("one", "two", "three", "four")[2:]
