"""Undoing what a facilitator did, pinning, and a random life of threads in which nothing read becomes unread."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forums import limits
from forums.actions.answers import mark_answer
from forums.actions.drafts import save_draft
from forums.actions.following import bookmark, choose_level
from forums.actions.hiding import hide_posts
from forums.actions.merging import gather_posts, merge_threads, split_thread
from forums.actions.pinning import pin_thread, unpin_thread
from forums.actions.posts import hide_post, reply, restore_post
from forums.actions.reading import read_everything, read_thread
from forums.actions.threads import lock_thread, move_thread, start_thread, unlock_thread
from forums.actions.undoing import STILL_UNDER_WAY, forget_changes, undo_act
from forums.models import ActChange, Answer, Draft, Level, MemberThread, ModerationAct, Post, Thread, ThreadNote
from forums.models.moderation import done_to
from forums.search.posts import search_posts
from forums.tasks import forget_what_was_before
from network.limits import RateLimit
from network.models import AuditEvent, Member, Membership, NetworkTheme, Notice, Theme
from network.permissions import Refused
from tests.cast import Cast, sign_in

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


def fresh(thread: Thread) -> Thread:
    return Thread.objects.select_related("network", "theme").get(pk=thread.pk)


def last_act() -> ModerationAct:
    return ModerationAct.objects.select_related("network", "thread").latest("pk")


def post_of(thread: Thread, number: int) -> Post:
    return Post.objects.select_related("thread__network").get(thread=thread, number=number)


def browser_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def everything() -> dict[str, list[Any]]:
    """Every column of what acts change, but `highest_number`, which never goes down."""
    threads = [{**row, "highest_number": None} for row in Thread.objects.order_by("pk").values()]
    rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in (Post, Answer, MemberThread)}
    return {"threads": threads, **rows}


@pytest.fixture
def roads(cast: Cast) -> Thread:
    theme = Theme.objects.create(name="Roads", slug="roads")
    NetworkTheme.objects.create(network=cast.ai, theme=theme)
    thread = start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title="Roads", source="Roads?", kind=Thread.Kind.QUESTION
    )
    for by, words in ((cast.fay, "Gravel"), (cast.bob, "Tarmac"), (cast.fay, "Cobbles")):
        reply(thread, by=by, source=words, reply_to=post_of(thread, 1))
    return fresh(thread)


@pytest.fixture
def parks(cast: Cast) -> Thread:
    return fresh(start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Parks", source="Parks?"))


def acts(cast: Cast, roads: Thread, parks: Thread) -> dict[str, Callable[[], object]]:
    return {
        "hide": lambda: hide_posts(roads, [2, 4], by=cast.fay, reason="Names a person"),
        "hide the answer": lambda: hide_post(post_of(roads, 3), by=cast.fay, reason="Wrong"),
        "lock": lambda: lock_thread(roads, by=cast.fay),
        "pin": lambda: pin_thread(roads, until=timezone.localdate() + timedelta(days=3), by=cast.fay),
        "move": lambda: move_thread(roads, Theme.objects.get(slug="roads"), by=cast.fay),
        "merge": lambda: merge_threads(roads, parks, by=cast.fay),
        "split": lambda: split_thread(roads, [2, 4], by=cast.fay, title="New", theme=cast.theme),
        "gather": lambda: gather_posts(roads, [4], parks, by=cast.fay),
    }


@pytest.mark.parametrize("name", ["hide", "hide the answer", "lock", "pin", "move", "merge", "split", "gather"])
def test_undoing_restores_every_column_and_the_search(cast: Cast, roads: Thread, parks: Thread, name: str) -> None:
    mark_answer(post_of(roads, 3), by=cast.bob)
    read_thread(roads, by=cast.bob, up_to=2)
    found = [hit.address for hit in search_posts(cast.bob, "roads").hits]
    before = everything()
    acts(cast, roads, parks)[name]()
    assert everything() != before
    done = everything()
    undo_act(last_act(), by=cast.fay)

    now = everything()
    made = {row["pk"] if "pk" in row else row["id"] for row in now["threads"]} - {
        row["id"] for row in before["threads"]
    }
    now["threads"] = [row for row in now["threads"] if row["id"] not in made]
    assert now == before
    assert done != before
    for thread in Thread.objects.filter(pk__in=made):
        assert (thread.visible_count, thread.merged_into_id) == (0, roads.pk)
    assert [hit.address for hit in search_posts(cast.bob, "roads").hits] == found
    assert AuditEvent.objects.filter(verb="undid", actor_id=cast.fay.pk).count() == 1
    assert not ThreadNote.objects.visible_to(cast.bob).exists()


class TestUndoing:
    def test_once_and_within_thirty_days(self, cast: Cast, roads: Thread) -> None:
        lock_thread(roads, by=cast.fay, now=timezone.now() - timedelta(days=31))
        with pytest.raises(Refused, match="more than 30 days ago"):
            undo_act(last_act(), by=cast.fay)
        unlock_thread(roads, by=cast.fay)
        act = last_act()
        undo_act(act, by=cast.fay)
        with pytest.raises(Refused, match="undone before"):
            undo_act(act, by=cast.fay)

    def test_where_acts_overlap_the_newest_comes_first(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        gather_posts(roads, [4], parks, by=cast.fay)
        older = last_act()
        third = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Third", source="Third?")
        merge_threads(fresh(parks), third, by=cast.fay)
        newer, before = last_act(), everything()
        with pytest.raises(Refused, match="changed this again since"):
            undo_act(older, by=cast.fay)
        assert everything() == before
        undo_act(newer, by=cast.fay)
        undo_act(older, by=cast.fay)
        assert post_of(roads, 4).source == "Cobbles"

    def test_a_post_that_was_hidden_and_then_moved_comes_back_where_it_is(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        mark_answer(post_of(roads, 3), by=cast.bob)
        hide_post(post_of(roads, 3), by=cast.fay, reason="Wrong")
        hidden = last_act()
        gather_posts(roads, [3], parks, by=cast.fay)
        undo_act(hidden, by=cast.fay)

        assert post_of(parks, 2).is_shown
        assert fresh(parks).visible_count == 2
        assert not Answer.objects.exists()

    def test_an_answer_where_it_is_now_stands_in_the_way(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        merge_threads(parks, roads, by=cast.fay)
        mark_answer(post_of(roads, 5), by=cast.bob)
        with pytest.raises(Refused, match="Take the mark off first"):
            undo_act(last_act(), by=cast.fay)

    def test_a_new_thread_in_which_somebody_has_written_stays(self, cast: Cast, roads: Thread) -> None:
        made = split_thread(roads, [2], by=cast.fay, title="New", theme=cast.theme)
        reply(fresh(made), by=cast.bob, source="Indeed")
        with pytest.raises(Refused, match="written in the new thread"):
            undo_act(last_act(), by=cast.fay)

    def test_a_theme_that_is_gone_stays_gone(self, cast: Cast, roads: Thread) -> None:
        move_thread(roads, Theme.objects.get(slug="roads"), by=cast.fay)
        NetworkTheme.objects.filter(theme=cast.theme, network=cast.ai).delete()
        with pytest.raises(Refused, match="does not use that theme"):
            undo_act(last_act(), by=cast.fay)

    def test_what_was_read_where_it_stood_meanwhile_is_read(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        MemberThread.objects.all().delete()
        merge_threads(roads, parks, by=cast.fay)
        read_thread(fresh(parks), by=cast.bob, up_to=5)
        undo_act(last_act(), by=cast.fay)
        assert not Thread.objects.unread_by(cast.bob).exists()
        assert Thread.objects.unread_by(cast.fay).filter(pk=roads.pk).exists()  # who has read it nowhere

    @pytest.mark.parametrize("who", ["bob", *OUTSIDERS])
    def test_only_facilitators_may_and_nobody_else_sees_what_was_done(
        self, cast: Cast, roads: Thread, who: str
    ) -> None:
        lock_thread(roads, by=cast.fay)
        member = getattr(cast, who)
        with pytest.raises(Refused):
            undo_act(last_act(), by=member)
        assert not ModerationAct.objects.visible_to(member).exists()
        answer = browser_of(member).post(reverse("act_undo", args=[roads.pk, last_act().pk]))
        assert answer.status_code == (403 if who == "bob" else 404)

    def test_the_page_says_what_was_done_by_whom_and_undoes_it(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        merge_threads(roads, parks, by=cast.fay)
        act = last_act()
        client = browser_of(cast.fay)
        said = ((roads, "Merged the thread into another"), (parks, "Merged another thread into this one"))
        for thread, words in said:
            page = client.get(reverse("thread_history", args=[thread.pk])).content.decode()
            assert words in page
            assert "Fay Facilitates" in page
        page = client.post(reverse("act_undo", args=[parks.pk, act.pk]), follow=True).content.decode()
        assert "Undone by Fay Facilitates" in page
        assert client.post(reverse("act_undo", args=[parks.pk, 0])).status_code == 404

    def test_a_post_hidden_again_by_undoing_tells_its_author(self, cast: Cast, roads: Thread) -> None:
        hide_post(post_of(roads, 3), by=cast.fay, reason="Wrong")
        restore_post(post_of(roads, 3), by=cast.fay)
        Notice.objects.all().delete()
        undo_act(last_act(), by=cast.fay)
        assert post_of(roads, 3).hidden_reason == "Wrong"
        assert Notice.objects.get().kind == "post_hidden"

    def test_a_post_hidden_again_by_undoing_answers_nothing(self, cast: Cast, roads: Thread) -> None:
        hide_post(post_of(roads, 2), by=cast.fay, reason="Wrong")
        restore_post(post_of(roads, 2), by=cast.fay)
        act = last_act()
        mark_answer(post_of(roads, 2), by=cast.bob)
        undo_act(act, by=cast.fay)

        assert Thread.objects.visible_to(cast.bob).unanswered().get() == roads

    @pytest.mark.parametrize("is_kept", [False, True])
    def test_who_read_there_meanwhile_keeps_of_the_other_thread_only_what_they_chose(
        self, cast: Cast, roads: Thread, is_kept: bool
    ) -> None:
        other = fresh(start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Other", source="Other?"))
        choose_level(roads, Level.WATCH, by=cast.bob)
        bookmark(roads, by=cast.bob, remind_at=timezone.now() + timedelta(days=2))
        merge_threads(roads, other, by=cast.fay)
        read_thread(fresh(other), by=cast.bob, up_to=5)
        if is_kept:
            choose_level(fresh(other), Level.MUTE, by=cast.bob)
        undo_act(last_act(), by=cast.fay)

        own = MemberThread.objects.get(thread=other, member=cast.bob)
        assert own.last_read_number == 5
        assert (own.level, own.level_chosen) == ((Level.MUTE, True) if is_kept else (Level.NORMAL, False))
        assert (own.bookmarked_at, own.remind_at) == (None, None)
        assert MemberThread.objects.get(thread=roads, member=cast.bob).level == Level.WATCH

    def test_two_threads_never_lead_to_each_other(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        gather_posts(roads, [2], parks, by=cast.fay)
        gathered = last_act()
        merge_threads(fresh(roads), fresh(parks), by=cast.fay)
        undo_act(gathered, by=cast.fay)
        merge_threads(fresh(parks), fresh(roads), by=cast.fay)
        hide_posts(fresh(roads), list(roads.posts.values_list("number", flat=True)), by=cast.fay, reason="All of it")

        assert fresh(parks).goes_on_in == roads
        client = browser_of(cast.bob)
        for thread in (roads, parks):
            assert client.get(fresh(thread).get_absolute_url(), follow=True).status_code == 200
        # And where they do nevertheless, nobody goes round for ever.
        Thread.objects.filter(pk=roads.pk).update(merged_into=parks)
        assert fresh(roads).goes_on_in in (roads, parks)

    def test_a_reply_begun_in_a_thread_that_was_split_off_goes_back_with_its_posts(
        self, cast: Cast, roads: Thread
    ) -> None:
        made = split_thread(roads, [2, 4], by=cast.fay, title="New", theme=cast.theme)
        save_draft(roads, by=cast.fay, fields={"source": "Begun here"})
        for member in (cast.bob, cast.fay):
            save_draft(fresh(made), by=member, fields={"source": "Begun there", "reply_to": "2"})
        undo_act(last_act(), by=cast.fay)

        draft = Draft.objects.get(member=cast.bob)
        assert (draft.thread, draft.fields) == (roads, {"source": "Begun there", "reply_to": "4"})
        assert Draft.objects.get(member=cast.fay, thread=roads).fields["source"] == "Begun here"
        assert Draft.objects.get(member=cast.fay, thread=made).fields["source"] == "Begun there"

    def test_a_page_that_undoing_leaves_without_posts_says_so(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        Thread.objects.filter(pk=parks.pk).update(highest_number=Post.PER_PAGE)
        merge_threads(roads, fresh(parks), by=cast.fay)
        undo_act(last_act(), by=cast.fay)

        client, words = browser_of(cast.bob), "No posts are left on this page."
        assert words in client.get(parks.get_absolute_url(), {"page": "2"}).content.decode()
        assert words not in client.get(parks.get_absolute_url(), {"page": "1"}).content.decode()

    def test_nobody_undoes_what_another_decided_about_their_words(self, cast: Cast, roads: Thread) -> None:
        Membership.objects.filter(member=cast.bob, network=cast.ai).update(role=Membership.Role.FACILITATOR)
        hide_post(post_of(roads, 2), by=cast.bob, reason="Wrong")  # words of Fay's
        with pytest.raises(Refused, match="You wrote this yourself"):
            undo_act(last_act(), by=cast.fay)
        undo_act(last_act(), by=cast.bob)
        assert post_of(roads, 2).is_shown

    def test_undoing_the_hiding_of_a_post_tells_its_author(self, cast: Cast, roads: Thread) -> None:
        hide_post(post_of(roads, 3), by=cast.fay, reason="Wrong")
        undo_act(last_act(), by=cast.fay)
        assert Notice.objects.filter(kind="post_shown", member=cast.bob).count() == 1
        assert AuditEvent.objects.filter(verb="restored post").count() == 1


class TestForgetting:
    def test_what_is_past_undoing_is_deleted_and_what_threads_and_authors_know_of_it_stays(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        then = timezone.now() - timedelta(days=31)
        read_thread(roads, by=cast.bob, up_to=2)
        save_draft(roads, by=cast.bob, fields={"source": "Begun"})
        hide_post(post_of(roads, 2), by=cast.fay, reason="Says zyzzyva", now=then)
        lock_thread(roads, by=cast.fay, now=then)
        merge_threads(fresh(roads), parks, by=cast.fay, now=then)
        moved = Post.objects.select_related("thread__network").get(source="Tarmac")
        bob, fay = browser_of(cast.bob), browser_of(cast.fay)
        tables = set(ActChange.objects.values_list("table", flat=True))
        assert tables == {"forums.post", "forums.thread", "forums.memberthread", "forums.draft"}
        assert "zyzzyva" in str(list(ActChange.objects.values()))

        def known() -> tuple[Any, ...]:
            there = bob.get(reverse("post", args=[roads.pk, 3]))["Location"]
            page = bob.get(parks.get_absolute_url(), {"page": "1"}).content.decode()
            history = fay.get(reverse("thread_history", args=[parks.pk])).content.decode()
            done = list(done_to(moved, cast.bob).values_list("verb", flat=True))
            noted = "Posts were moved here from another thread" in page
            acts = ("Merged another thread into this one" in history, "Undo" in history)
            return there, noted, acts, done, AuditEvent.objects.count(), everything()

        before = known()
        assert (before[1], before[2], before[3]) == (True, (True, False), ["merged threads"])
        forget_what_was_before()
        assert known() == before

        kept = ActChange.objects.values_list("table", "before", "after")
        assert kept.count() == 4
        assert {table for table, _, _ in kept} == {"forums.post"}
        assert {name for _, *columns in kept for name in chain(*columns)} == {"thread_id", "number", "quiet"}
        assert forget_changes() == 0
        for outsider in cast.outsiders:
            assert not done_to(moved, outsider).exists()

    def test_undoing_says_then_that_it_is_too_late_and_changes_nothing(self, cast: Cast, roads: Thread) -> None:
        hide_post(post_of(roads, 3), by=cast.fay, reason="Wrong", now=timezone.now() - timedelta(days=31))
        forget_changes()
        before = everything()
        with pytest.raises(Refused, match="more than 30 days ago, so it stays"):
            undo_act(last_act(), by=cast.fay)
        said = browser_of(cast.fay).post(reverse("act_undo", args=[roads.pk, last_act().pk]), follow=True)
        assert "This was done more than 30 days ago, so it stays." in said.content.decode()
        assert everything() == before

    def test_what_can_be_undone_is_there_to_the_last_moment_and_what_was_undone_goes(
        self, cast: Cast, roads: Thread
    ) -> None:
        lock_thread(roads, by=cast.fay)
        act = last_act()
        over = act.at + ModerationAct.UNDOABLE_FOR
        assert forget_changes(now=over + STILL_UNDER_WAY - timedelta(seconds=1)) == 0
        undo_act(act, by=cast.fay, now=over - timedelta(seconds=1))
        assert not fresh(roads).is_locked
        assert forget_changes(now=over) == 0
        assert forget_changes(now=over + STILL_UNDER_WAY) == 1
        assert not ActChange.objects.exists()

    def test_thousands_of_rows_go_in_pieces(self, cast: Cast, roads: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("forums.actions.undoing.AT_A_TIME", 2)
        then = timezone.now() - timedelta(days=31)
        hide_posts(roads, [2, 3, 4], by=cast.fay, reason="Wrong", now=then)
        assert forget_changes() == 3


class TestPinning:
    def pin(self, cast: Cast, thread: Thread, days: int = 3) -> Thread:
        return pin_thread(thread, until=timezone.localdate() + timedelta(days=days), by=cast.fay)

    def titles(self, member: Member, **query: str) -> list[str]:
        page = browser_of(member).get(reverse("threads", args=["ai"]), query).context["page"]
        return [f"pinned {thread.title}" for thread in page.pinned] + [thread.title for thread in page.threads]

    def test_it_stands_once_above_the_others_of_the_whole_list_until_that_day(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        self.pin(cast, roads)
        assert self.titles(cast.bob) == ["pinned Roads", "Parks"]
        assert self.titles(cast.bob, show="unanswered") == ["Roads"]
        assert self.titles(cast.bob, theme=cast.theme.slug) == ["Parks", "Roads"]
        Thread.objects.filter(pk=roads.pk).update(pinned_until=timezone.now() - timedelta(seconds=1))
        assert self.titles(cast.bob) == ["Parks", "Roads"]

    def test_it_is_unread_for_nobody_and_can_be_taken_down(self, cast: Cast, roads: Thread) -> None:
        for member in (cast.bob, cast.fay):
            read_thread(roads, by=member, up_to=4)
        self.pin(cast, roads)
        assert [Thread.objects.unread_by(member).count() for member in (cast.bob, cast.fay)] == [0, 0]
        unpin_thread(fresh(roads), by=cast.fay)
        assert self.titles(cast.bob) == ["Roads"]

    def test_a_fourth_is_refused_and_so_is_undoing_that_would_make_four(self, cast: Cast, roads: Thread) -> None:
        self.pin(cast, roads)
        unpin_thread(fresh(roads), by=cast.fay)
        act = last_act()
        for number in range(3):
            self.pin(cast, start_thread(cast.ai, by=cast.bob, theme=cast.theme, title=f"T{number}", source="T"))
        page = browser_of(cast.fay).post(reverse("thread_pin", args=[roads.pk]), {"until": "week"})
        assert "This network has 3 pinned threads" in page.content.decode()
        with pytest.raises(Refused, match="3 pinned threads"):
            undo_act(act, by=cast.fay)

    @pytest.mark.parametrize("days", [-1, 400])
    def test_a_day_that_is_none_is_refused(self, cast: Cast, roads: Thread, days: int) -> None:
        with pytest.raises(Refused):
            self.pin(cast, roads, days)

    def test_the_list_asks_no_more_of_it_with_three_than_with_one(
        self, cast: Cast, roads: Thread, parks: Thread, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        client, counted = browser_of(cast.fay), []
        for thread in (roads, parks):
            self.pin(cast, thread)
            client.get(reverse("threads", args=["ai"]))
            with django_assert_max_num_queries(12) as asked:
                client.get(reverse("threads", args=["ai"]))
            counted.append(len(asked))
        assert counted[0] == counted[1]


class Life:
    """Members who write and read, and a facilitator who does whatever comes to her mind."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.dice = random.Random(seed)
        self.cast = cast
        self.now = timezone.now() - timedelta(days=1)
        self.themes = [cast.theme, Theme.objects.create(name="Roads", slug="roads")]
        for network in (cast.ai, cast.practitioners):
            NetworkTheme.objects.create(network=network, theme=self.themes[1])
        self.seen: dict[Member, set[int]] = {cast.bob: set(), cast.fay: set()}
        # What the facilitator did and has not undone, each with everything as it was before, as long as nobody else did
        # anything since.
        self.done: list[tuple[ModerationAct, dict[str, list[Any]] | None]] = []
        for network in (cast.ai, cast.ai, cast.practitioners):
            self.start(network)

    def start(self, network: Any) -> None:
        by = self.dice.choice([self.cast.bob, self.cast.fay])
        thread = start_thread(network, by=by, theme=self.themes[0], title="T", source="T", now=self.now)
        self.seen[by].add(thread.posts.get().pk)

    def some_thread(self) -> Thread:
        return self.dice.choice(list(Thread.objects.select_related("network", "theme")))

    def live(self) -> str:
        self.now += timedelta(seconds=self.dice.choice([1, 60, 600]))
        if self.dice.random() < 0.45:
            self.done = [(act, None) for act, _ in self.done]
            return self.member_lives()
        return self.facilitator_acts()

    def member_lives(self) -> str:
        by, thread = self.dice.choice([self.cast.bob, self.cast.fay]), self.some_thread()
        match self.dice.choice(["start", "reply", "reply", "read", "read", "read all"]):
            case "start":
                self.start(self.dice.choice([self.cast.ai, self.cast.practitioners]))
                return "started"
            case "reply":
                try:
                    post = reply(thread, by=by, source="Words", now=self.now)
                except PermissionDenied:
                    return "nothing"
                self.seen[by].add(post.pk)
                return f"replied in {thread.pk}"
            case "read":
                up_to = self.dice.randint(0, thread.highest_number)
                read_thread(thread, by=by, up_to=up_to)
                self.seen[by] |= set(Post.objects.filter(thread=thread, number__lte=up_to).values_list("pk", flat=True))
                return f"read {thread.pk} to {up_to}"
        read_everything(thread.network, by=by, now=self.now)
        self.seen[by] |= set(Post.objects.filter(thread__network=thread.network).values_list("pk", flat=True))
        return "read everything"

    def facilitator_acts(self) -> str:
        if self.done and self.dice.random() < 0.4:
            return self.undo()
        by, thread, other = self.cast.fay, self.some_thread(), self.some_thread()
        numbers = list(Post.objects.filter(thread=thread).order_by("?").values_list("number", flat=True)[:2])
        post = Post.objects.filter(thread=thread).order_by("?").select_related("thread__network").first()
        what = self.dice.choice(
            ["hide", "hide one", "restore", "lock", "unlock", "pin", "unpin", "move", "merge", "split", "gather"]
        )
        do: dict[str, Callable[[], object]] = {
            "hide": lambda: hide_posts(thread, numbers, by=by, reason="So", now=self.now),
            "hide one": lambda: post and hide_post(post, by=by, reason="So", now=self.now),
            "restore": lambda: post and restore_post(post, by=by, now=self.now),
            "lock": lambda: lock_thread(thread, by=by, now=self.now),
            "unlock": lambda: unlock_thread(thread, by=by, now=self.now),
            "pin": lambda: pin_thread(thread, until=timezone.localdate() + timedelta(days=2), by=by),
            "unpin": lambda: unpin_thread(thread, by=by),
            "move": lambda: move_thread(thread, self.dice.choice(self.themes), by=by, now=self.now),
            "merge": lambda: merge_threads(thread, other, by=by, now=self.now),
            "split": lambda: split_thread(thread, numbers, by=by, title="S", theme=self.themes[0], now=self.now),
            "gather": lambda: gather_posts(thread, numbers, other, by=by, now=self.now),
        }
        before, last = everything(), ModerationAct.objects.order_by("-pk").values_list("pk", flat=True).first()
        unread = self.unread()
        try:
            do[what]()
        except PermissionDenied:
            assert everything() == before
            return f"could not {what}"
        act = last_act() if ModerationAct.objects.exists() else None
        if act and act.pk != last:
            self.done.append((act, before))
        self.check(unread)
        return f"{what} {thread.pk} {numbers} {other.pk}"

    def undo(self) -> str:
        newest = self.dice.random() < 0.7
        act, before = self.done[-1] if newest else self.dice.choice(self.done)
        newest = act == self.done[-1][0]
        state, unread = everything(), self.unread()
        try:
            undo_act(act, by=self.cast.fay)
        except PermissionDenied:
            assert everything() == state
            assert not newest or before is None or act.kind == ModerationAct.Kind.PIN, "the newest can be undone"
            return f"could not undo {act}"
        if newest and before is not None:
            now = everything()
            there = {row["id"] for row in before["threads"]}
            now["threads"] = [row for row in now["threads"] if row["id"] in there]
            assert now == before
        self.done = [(one, None if one.pk > act.pk or not newest else old) for one, old in self.done if one != act]
        self.check(unread)
        return f"undid {act}"

    def unread(self) -> dict[Member, set[int]]:
        return {member: set(Thread.objects.unread_by(member).values_list("pk", flat=True)) for member in self.seen}

    def check(self, before: dict[Member, set[int]]) -> None:
        """After a facilitator did something: no thread is unread but by a post that was not read."""
        for member, threads in self.unread().items():
            for pk in threads:
                reading = MemberThread.objects.filter(member=member, thread=pk).first()
                floor = Membership.objects.get(member=member, network__threads=pk).read_before
                new = Post.objects.shown().filter(thread=pk, quiet=False, written_at__gt=floor).exclude(author=member)
                new = new.filter(number__gt=reading.last_read_number if reading else 0)
                assert set(new.values_list("pk", flat=True)) - self.seen[member], (member, pk)
        for name in OUTSIDERS:
            outsider = getattr(self.cast, name)
            for model in (Thread, Post, MemberThread, Answer, ThreadNote, ModerationAct):
                assert not model.objects.visible_to(outsider).exists()
        by_network = dict(Post.objects.values_list("pk", "thread__network"))
        assert all(self.networks.setdefault(pk, network) == network for pk, network in by_network.items())
        for thread in Thread.objects.all():
            shown = Post.objects.filter(thread=thread).shown()
            assert thread.visible_count == shown.count()
            assert thread.highest_visible_number == max(shown.values_list("number", flat=True), default=0)

    networks: dict[int, int]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_read_becomes_unread_and_no_words_reach_others_whatever_a_facilitator_does(
    cast: Cast, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, limit in vars(limits).items():
        if isinstance(limit, RateLimit):
            monkeypatch.setattr(limits, name, RateLimit(limit.what, 100_000, per=limit.per))
    life = Life(cast, seed)
    life.networks = {}
    done = []
    for _ in range(60):
        try:
            done.append(life.live())
        except AssertionError as wrong:
            raise AssertionError(f"After {done[-5:]} with seed {seed}") from wrong
    assert len({words.split()[0] for words in done}) > 8
