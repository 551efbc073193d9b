"""Two people at the same moment, of whom one moves the posts that the other is busy with: each with a connection of
their own. Whatever happens first, every post stands somewhere, once, and every figure is right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from forums.actions.following import choose_level
from forums.actions.merging import gather_posts, merge_threads, split_thread
from forums.actions.pinning import pin_thread
from forums.actions.posts import edit_post, hide_post, reply
from forums.actions.reading import read_thread
from forums.actions.threads import start_thread
from forums.actions.undoing import undo_act
from forums.models import ModerationAct, Post, Thread
from tests.cast import Cast, make_cast
from tests.network.test_at_once import DONE, at_once

pytestmark = pytest.mark.django_db(transaction=True)

MERGED = "This thread was merged into another. Reply there."


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def threads(cast: Cast) -> list[Thread]:
    made = []
    for title in ("Roads", "Parks"):
        thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title=title, source=f"{title}?")
        reply(thread, by=cast.fay, source=f"{title}, indeed")
        made.append(Thread.objects.select_related("network", "theme").get(pk=thread.pk))
    choose_level(made[0], "watch", by=cast.bob)
    return made


def check(posts: int) -> None:
    assert Post.objects.count() == posts
    for thread in Thread.objects.all():
        shown = Post.objects.filter(thread=thread).shown()
        loud = shown.filter(quiet=False)
        numbers: Any = list(Post.objects.filter(thread=thread).values_list("number", flat=True))
        assert thread.visible_count == shown.count()
        assert thread.highest_number >= max(numbers, default=0)
        assert thread.highest_loud_number == max(loud.values_list("number", flat=True), default=0)


def test_a_reply_goes_along_with_a_merge_or_is_told_where_to_go(cast: Cast, threads: list[Thread]) -> None:
    roads, parks = threads
    said = at_once(
        lambda: merge_threads(roads, parks, by=cast.fay),
        lambda: reply(roads, by=cast.bob, source="A moment later"),
    )
    assert said[0] == DONE
    assert said[1] in (DONE, MERGED)
    check(5 if said[1] == DONE else 4)
    assert not Post.objects.filter(thread=roads).exists()


def test_a_post_is_hidden_or_changed_wherever_a_merge_has_taken_it(cast: Cast, threads: list[Thread]) -> None:
    roads, parks = threads
    first, second = Post.objects.filter(thread=roads).select_related("thread__network").order_by("number")
    said = at_once(
        lambda: merge_threads(roads, parks, by=cast.fay),
        lambda: hide_post(second, by=cast.fay, reason="A name"),
        lambda: edit_post(first, by=cast.bob, source="Roads, or lanes?"),
    )
    assert said == [DONE] * 3
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.thread_id, second.thread_id) == (parks.pk, parks.pk)
    assert first.source == "Roads, or lanes?"
    assert second.hidden_at
    check(4)


def test_of_two_merges_that_cross_one_is_done(cast: Cast, threads: list[Thread]) -> None:
    roads, parks = threads
    said = at_once(
        lambda: merge_threads(roads, parks, by=cast.fay),
        lambda: merge_threads(parks, roads, by=cast.fay),
        lambda: read_thread(parks, by=cast.bob, up_to=2),
    )
    assert sorted(said)[1:] == [DONE, DONE] or sorted(said)[:2] == [DONE, DONE]
    assert said.count(DONE) == 2
    assert Thread.objects.exclude(merged_into=None).count() == 1
    check(4)


def test_a_post_goes_to_one_of_two_places(cast: Cast, threads: list[Thread]) -> None:
    roads, parks = threads
    said = at_once(
        lambda: gather_posts(roads, [2], parks, by=cast.fay),
        lambda: split_thread(roads, [2], by=cast.fay, title="New", theme=cast.theme),
    )
    assert said.count(DONE) == 1
    assert ModerationAct.objects.count() == 1
    check(4)


def test_an_act_is_undone_once(cast: Cast, threads: list[Thread]) -> None:
    roads, parks = threads
    merge_threads(roads, parks, by=cast.fay)
    act = ModerationAct.objects.select_related("network", "thread").get()
    said = at_once(lambda: undo_act(act, by=cast.fay), lambda: undo_act(act, by=cast.fay))
    assert sorted(said) == ["This was undone before.", DONE]
    check(4)


def test_of_two_that_would_be_the_third_pinned_thread_one_is(cast: Cast, threads: list[Thread]) -> None:
    until = timezone.localdate() + timedelta(days=1)
    for title in ("One", "Two"):
        more = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title=title, source=title)
        pin_thread(more, until=until, by=cast.fay)
    said = at_once(*[lambda thread=thread: pin_thread(thread, until=until, by=cast.fay) for thread in threads])  # type: ignore[misc]
    assert said.count(DONE) == 1
    assert Thread.objects.pinned().count() == 3
