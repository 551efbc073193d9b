"""Posts that a facilitator moves to another thread, and what becomes of all that hangs on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums.actions.answers import mark_answer
from forums.actions.drafts import save_draft
from forums.actions.following import bookmark, choose_level
from forums.actions.held_posts import release_post
from forums.actions.hiding import hide_posts
from forums.actions.merging import gather_posts, merge_threads, split_thread
from forums.actions.posts import delete_post, hide_post, reply, rewrite
from forums.actions.reading import mark_unread_from, read_thread
from forums.actions.telling import tell_of_post
from forums.actions.threads import begin_site_discussion, lock_thread, start_thread
from forums.actions.undoing import undo_act
from forums.digest import talk_in
from forums.models import (
    Answer,
    Draft,
    FormerPlace,
    HeldPost,
    Level,
    MemberThread,
    ModerationAct,
    Post,
    Thread,
    ThreadNote,
)
from forums.search.posts import search_posts
from network.actions.mail import send_due_mail
from network.models import AuditEvent, MailLedger, Member, Membership, Network, NetworkTheme, Notice, Theme
from network.permissions import Refused
from tests.cast import Cast, sign_in

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]
BEGAN = timezone.now() - timedelta(days=3)


def talk(cast: Cast, title: str, *words: str, **kind: Any) -> Thread:
    """A thread by Bob, with answers by Fay and Bob in turn."""
    thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title=title, source=f"{title}?", now=BEGAN, **kind)
    for step, said in enumerate(words, start=1):
        by = cast.fay if step % 2 else cast.bob
        reply(thread, by=by, source=said, now=BEGAN + timedelta(hours=step))
    thread.refresh_from_db()
    return thread


def fresh(thread: Thread) -> Thread:
    return Thread.objects.select_related("network", "theme").get(pk=thread.pk)


def words_of(thread: Thread) -> list[str]:
    return list(Post.objects.filter(thread=thread).order_by("number").values_list("source", flat=True))


def last_act() -> ModerationAct:
    return ModerationAct.objects.select_related("network", "thread").latest("pk")


def browser_of(member: Any) -> Client:
    client = Client()
    sign_in(client, member)
    return client


@pytest.fixture
def roads(cast: Cast) -> Thread:
    return talk(cast, "Roads", "Gravel", "Tarmac")


@pytest.fixture
def parks(cast: Cast) -> Thread:
    return talk(cast, "Parks", "Benches", "Swings")


class TestMerging:
    def test_posts_take_the_next_numbers_and_keep_their_dates_and_authors(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        before = list(Post.objects.filter(thread=roads).order_by("number").values("pk", "author", "written_at"))
        merged = merge_threads(roads, parks, by=cast.fay)

        assert words_of(merged) == ["Parks?", "Benches", "Swings", "Roads?", "Gravel", "Tarmac"]
        moved = Post.objects.filter(thread=parks, quiet=True).order_by("number")
        assert list(moved.values("pk", "author", "written_at")) == before
        assert list(moved.values_list("number", flat=True)) == [4, 5, 6]
        source, into = fresh(roads), fresh(parks)
        assert (source.visible_count, source.merged_into_id, source.highest_number) == (0, parks.pk, 3)
        assert (into.visible_count, into.highest_visible_number, into.highest_loud_number) == (6, 6, 3)
        assert (into.last_post_at, into.last_author_id) == (parks.last_post_at, parks.last_author_id)

    def test_nobody_has_anything_new_and_nobody_is_told_or_mailed(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        choose_level(parks, Level.WATCH, by=cast.bob)
        for thread in (roads, parks):
            for member in (cast.bob, cast.fay):
                read_thread(thread, by=member, up_to=3)
        read = list(MemberThread.objects.filter(thread=parks).order_by("pk").values("pk", "last_read_number"))
        notices, owed = list(Notice.objects.values()), MailLedger.objects.count()
        merge_threads(roads, parks, by=cast.fay)
        for post in Post.objects.filter(quiet=True):
            tell_of_post(post.pk)  # the worker, a little late

        assert [Thread.objects.unread_by(member).count() for member in (cast.bob, cast.fay)] == [0, 0]
        assert list(MemberThread.objects.filter(thread=parks).order_by("pk").values("pk", "last_read_number")) == read
        assert list(Notice.objects.values()) == notices
        assert (MailLedger.objects.count(), mail.outbox) == (owed, [])

    def test_no_digest_tells_of_what_was_moved(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        until = timezone.now() + timedelta(minutes=5)
        merge_threads(roads, parks, by=cast.fay)

        told = {talk.thread: [post.number for post in talk.posts] for talk in talk_in(cast.ai.pk, until)}
        assert told == {parks.pk: [1, 2, 3]}

    def test_mail_that_waited_for_its_time_is_not_sent(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        Member.objects.update(mails_at_once=True, welcome_steps_done=1)
        choose_level(roads, Level.WATCH, by=cast.bob)
        tell_of_post(reply(roads, by=cast.fay, source="Cobbles").pk)
        assert MailLedger.objects.filter(stream="post", member=cast.bob).exists()
        merge_threads(roads, parks, by=cast.fay)
        send_due_mail(now=timezone.now() + timedelta(minutes=15))

        assert mail.outbox == []

    def test_a_reply_that_waits_for_a_facilitator_is_posted_where_the_thread_goes_on(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        held = HeldPost.objects.create(network=cast.ai, thread=roads, author=cast.bob, source="Waited")
        merge_threads(roads, parks, by=cast.fay)
        release_post(HeldPost.objects.with_author().get(pk=held.pk), by=cast.fay)

        assert words_of(parks)[-1] == "Waited"

    def test_a_reply_after_it_is_the_only_thing_unread(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        read_thread(parks, by=cast.bob, up_to=3)
        merge_threads(roads, parks, by=cast.fay)
        reply(fresh(parks), by=cast.fay, source="And ponds")

        client = browser_of(cast.bob)
        assert "#post-7" in client.get(parks.get_absolute_url())["Location"]

    def test_hidden_and_deleted_posts_go_along_and_stay_out_of_sight(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        gravel, tarmac = Post.objects.filter(thread=roads, number__gt=1).order_by("number")
        hide_post(gravel, by=cast.fay, reason="A name")
        delete_post(tarmac, by=cast.bob)
        merge_threads(roads, parks, by=cast.fay)

        assert not Post.objects.filter(thread=roads).exists()
        assert fresh(parks).visible_count == 4
        assert Post.objects.filter(thread=parks).shown().count() == 4

    def test_followers_bookmarks_and_begun_replies_go_over_and_mutes_do_not(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        MemberThread.objects.filter(thread=parks).delete()
        choose_level(roads, Level.MUTE, by=cast.fay)
        choose_level(roads, Level.WATCH, by=cast.bob)
        bookmark(roads, by=cast.bob, remind_at=timezone.now() + timedelta(days=2))
        save_draft(roads, by=cast.bob, fields={"source": "Begun", "reply_to": "2"})
        merge_threads(roads, parks, by=cast.fay)

        own = MemberThread.objects.get(thread=parks, member=cast.bob)
        assert (own.level, own.level_chosen, own.last_read_number) == (Level.WATCH, True, 0)
        assert own.bookmarked_at
        assert own.remind_at
        assert not MemberThread.objects.filter(thread=parks, member=cast.fay).exists()
        draft = Draft.objects.get()
        assert (draft.thread_id, draft.fields) == (parks.pk, {"source": "Begun", "reply_to": "5"})

        undo_act(last_act(), by=cast.fay)
        draft.refresh_from_db()
        assert (draft.thread_id, draft.fields["reply_to"]) == (roads.pk, "2")
        assert not MemberThread.objects.filter(thread=parks).exists()

    def test_what_somebody_has_begun_in_the_other_thread_stays_theirs(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        choose_level(parks, Level.NORMAL, by=cast.bob)
        choose_level(roads, Level.WATCH, by=cast.bob)
        for thread in (roads, parks):
            save_draft(thread, by=cast.bob, fields={"source": f"Begun in {thread.title}"})
        merge_threads(roads, parks, by=cast.fay)

        assert MemberThread.objects.get(thread=parks, member=cast.bob).level == Level.NORMAL
        assert Draft.objects.get(thread=parks).fields["source"] == "Begun in Parks"
        assert Draft.objects.get(thread=roads).fields["source"] == "Begun in Roads"

    def test_the_search_finds_a_post_where_it_stands_and_no_title_that_is_gone(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        Post.objects.filter(thread=roads, number=1).update(source="About lanes", html="<p>About lanes</p>")
        merge_threads(roads, parks, by=cast.fay)

        def found(words: str) -> list[str]:
            return [hit.address for hit in search_posts(cast.bob, words).hits]

        assert any(f"/threads/{parks.pk}" in address for address in found("lanes"))
        assert found("roads") == []

    def test_twice_is_once(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        merge_threads(roads, parks, by=cast.fay)
        merge_threads(roads, parks, by=cast.fay)
        merge_threads(fresh(roads), fresh(parks), by=cast.fay)

        assert ModerationAct.objects.count() == 1
        assert AuditEvent.objects.filter(verb="merged threads").count() == 1

    def test_a_thread_that_was_read_to_its_end_stays_read(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        mark_unread_from(Post.objects.get(thread=parks, number=2), by=cast.bob)
        split_thread(parks, [3], by=cast.fay, title="Swings", theme=cast.theme)
        read_thread(fresh(parks), by=cast.bob, up_to=2)
        merge_threads(roads, fresh(parks), by=cast.fay)

        assert not Thread.objects.unread_by(cast.bob).filter(pk=parks.pk).exists()

    def test_what_was_merged_before_goes_along_and_back(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        third = talk(cast, "Third")
        merge_threads(roads, parks, by=cast.fay)
        merge_threads(fresh(parks), third, by=cast.fay)
        assert fresh(roads).merged_into == third
        assert set(Thread.objects.reachable_by(cast.bob)) == {roads, parks, third}
        assert set(Thread.objects.visible_to(cast.bob)) == {third}
        for who in OUTSIDERS:
            assert not Thread.objects.reachable_by(getattr(cast, who)).exists()

        undo_act(last_act(), by=cast.fay)
        assert fresh(roads).merged_into == parks

    def test_whoever_merges_an_answered_question_is_told_that_the_mark_does_not_go_along(
        self, cast: Cast, parks: Thread
    ) -> None:
        questions = [talk(cast, title, "So", kind=Thread.Kind.QUESTION) for title in ("How", "Why")]
        client, words = browser_of(cast.fay), "The mark on its answer does not go with it"

        def preview(into: Thread) -> str:
            return client.get(reverse("thread_merge", args=[questions[0].pk]), {"into": str(into.pk)}).content.decode()

        assert words not in preview(questions[1])
        mark_answer(Post.objects.get(thread=questions[0], number=2), by=cast.bob)
        assert words in preview(questions[1])
        assert words not in preview(parks)

    def test_a_locked_thread_takes_them(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        lock_thread(parks, by=cast.fay)
        assert len(words_of(merge_threads(roads, fresh(parks), by=cast.fay))) == 6

    @pytest.mark.parametrize("kind", ["announcement", "site", "empty", "itself"])
    def test_what_cannot_become_part_of_another_says_why(
        self, cast: Cast, roads: Thread, parks: Thread, kind: str
    ) -> None:
        source = roads
        if kind == "announcement":
            Thread.objects.filter(pk=roads.pk).update(kind=Thread.Kind.ANNOUNCEMENT)
        elif kind == "site":
            source = begin_site_discussion(cast.ai, theme=cast.theme, title="Guidance", source="Read it")
        elif kind == "empty":
            hide_posts(roads, [1, 2, 3], by=cast.fay, reason="All of it")
        into = roads if kind == "itself" else parks
        before = words_of(source)
        with pytest.raises(Refused):
            merge_threads(fresh(source), fresh(into), by=cast.fay)
        assert words_of(source) == before

    @pytest.mark.parametrize("who", ["bob", *OUTSIDERS])
    def test_only_facilitators_may(self, cast: Cast, roads: Thread, parks: Thread, who: str) -> None:
        member = getattr(cast, who)
        for do in (
            lambda: merge_threads(roads, parks, by=member),
            lambda: split_thread(roads, [2], by=member, title="New", theme=cast.theme),
            lambda: gather_posts(roads, [2], parks, by=member),
            lambda: hide_posts(roads, [2], by=member, reason="No"),
        ):
            with pytest.raises(Refused):
                do()
        assert not ModerationAct.objects.exists()

    def test_into_another_network_is_refused_with_the_reason_and_nothing_changes(
        self, cast: Cast, roads: Thread
    ) -> None:
        far = start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title="Far", source="Away")
        before = list(Post.objects.order_by("pk").values())
        for do in (
            lambda: merge_threads(roads, far, by=cast.fay),
            lambda: gather_posts(roads, [2], far, by=cast.fay),
        ):
            with pytest.raises(Refused, match="another network"):
                do()
        # A crafted form, into a network that the facilitator does not run, and then into one that they do not know.
        for state in (Membership.State.ACTIVE, Membership.State.LEFT):
            Membership.objects.filter(member=cast.fay, network=cast.practitioners).update(
                role=Membership.Role.MEMBER, state=state
            )
            page = browser_of(cast.fay).post(reverse("thread_merge", args=[roads.pk]), {"into": str(far.pk)})
            assert page.status_code == 200
            assert ("another network" in page.content.decode()) == (state == Membership.State.ACTIVE)
            assert "Far" not in page.content.decode()

        assert list(Post.objects.order_by("pk").values()) == before
        assert not ModerationAct.objects.exists()


class TestSplitting:
    def test_posts_become_a_thread_begun_by_whoever_wrote_the_first(self, cast: Cast, roads: Thread) -> None:
        made = split_thread(roads, [3, 2], by=cast.fay, title="What roads are made of", theme=cast.theme)

        made = fresh(made)
        assert words_of(made) == ["Gravel", "Tarmac"]
        assert (made.author, made.title, made.started_at) == (
            cast.fay,
            "What roads are made of",
            BEGAN + timedelta(hours=1),
        )
        assert (made.visible_count, made.highest_loud_number, made.network_id) == (2, 0, cast.ai.pk)
        assert (fresh(roads).visible_count, fresh(roads).highest_number) == (1, 3)
        assert not Thread.objects.unread_by(cast.bob).filter(pk=made.pk).exists()
        assert not Thread.objects.new_to(cast.bob).filter(pk=made.pk).exists()

    def test_the_number_of_a_post_that_went_is_given_to_no_other(self, cast: Cast, roads: Thread) -> None:
        split_thread(roads, [3], by=cast.fay, title="Tarmac", theme=cast.theme)
        assert reply(fresh(roads), by=cast.bob, source="More").number == 4

    def test_notes_stand_in_both_threads_and_are_never_unread(self, cast: Cast, roads: Thread) -> None:
        read_thread(roads, by=cast.bob, up_to=3)
        made = split_thread(roads, [2], by=cast.fay, title="Gravel alone", theme=cast.theme)

        notes = {note.thread_id: note for note in ThreadNote.objects.visible_to(cast.bob)}
        assert (notes[roads.pk].kind, notes[roads.pk].after_number, notes[roads.pk].other) == ("went", 1, made)
        assert (notes[made.pk].kind, notes[made.pk].after_number, notes[made.pk].other) == ("came", 0, roads)
        assert not Thread.objects.unread_by(cast.bob).exists()
        page = browser_of(cast.bob).get(roads.get_absolute_url(), {"page": "1"}).content.decode()
        assert "Posts were moved from here to another thread" in page
        assert made.get_absolute_url() in page
        for who in OUTSIDERS:
            assert not ThreadNote.objects.visible_to(getattr(cast, who)).exists()

    @pytest.mark.parametrize(("numbers", "words"), [([1, 2], "first post"), ([9], "meanwhile"), ([], "meanwhile")])
    def test_what_cannot_be_moved_alone_says_why(
        self, cast: Cast, roads: Thread, parks: Thread, numbers: list[int], words: str
    ) -> None:
        with pytest.raises(Refused, match=words):
            split_thread(roads, numbers, by=cast.fay, title="New", theme=cast.theme)
        with pytest.raises(Refused, match=words):
            gather_posts(roads, numbers, parks, by=cast.fay)

    def test_the_answer_stays_until_its_mark_is_off(self, cast: Cast, parks: Thread) -> None:
        question = talk(cast, "How", "So", kind=Thread.Kind.QUESTION)
        mark_answer(Post.objects.get(thread=question, number=2), by=cast.bob)
        with pytest.raises(Refused, match="Take the mark off"):
            gather_posts(question, [2], parks, by=cast.fay)

    def test_with_a_whole_question_the_mark_rests_until_it_is_undone(self, cast: Cast, parks: Thread) -> None:
        question = talk(cast, "How", "So", kind=Thread.Kind.QUESTION)
        mark_answer(Post.objects.get(thread=question, number=2), by=cast.bob)
        merge_threads(question, parks, by=cast.fay)
        assert not Answer.objects.visible_to(cast.bob).exists()

        undo_act(last_act(), by=cast.fay)
        assert Answer.objects.visible_to(cast.bob).get().post.thread == question

    def test_a_theme_that_the_network_does_not_use_is_refused(self, cast: Cast, roads: Thread) -> None:
        with pytest.raises(Refused):
            split_thread(
                roads, [2], by=cast.fay, title="New", theme=Theme.objects.create(name="Elsewhere", slug="elsewhere")
            )


class TestAddresses:
    def test_old_addresses_lead_to_where_the_posts_are(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        old = roads.get_absolute_url()
        merge_threads(roads, parks, by=cast.fay)
        client = browser_of(cast.bob)

        assert client.get(reverse("post", args=[roads.pk, 2]))["Location"].endswith("?page=1#post-5")
        answer = client.get(old, follow=True)
        assert answer.status_code == 200
        assert "Gravel" in answer.content.decode()
        assert "Roads</h1>" not in answer.content.decode()
        assert client.get(old, {"page": "1"})["Location"] == f"{parks.get_absolute_url()}?page=1#post-4"

    def test_they_lead_through_two_moves_and_back_when_these_are_undone(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        third = talk(cast, "Third")
        merge_threads(roads, parks, by=cast.fay)
        merge_threads(fresh(parks), third, by=cast.fay)
        client = browser_of(cast.bob)
        for place in ((roads.pk, 2), (parks.pk, 5)):
            assert f"/threads/{third.pk}-" in client.get(reverse("post", args=place))["Location"]

        undo_act(ModerationAct.objects.latest("pk"), by=cast.fay)
        undo_act(ModerationAct.objects.earliest("pk"), by=cast.fay)
        for place in ((roads.pk, 2), (parks.pk, 5), (third.pk, 6)):
            assert client.get(reverse("post", args=place))["Location"] == f"{roads.get_absolute_url()}?page=1#post-2"

    def test_outsiders_learn_nothing_from_old_addresses(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        merge_threads(roads, parks, by=cast.fay)
        for who in OUTSIDERS:
            client = browser_of(getattr(cast, who))
            assert client.get(reverse("post", args=[roads.pk, 2])).status_code == 404
            assert client.get(roads.get_absolute_url()).status_code == 404

    def test_a_reply_that_comes_too_late_keeps_its_words_and_says_where_to_go(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        merge_threads(roads, parks, by=cast.fay)
        page = browser_of(cast.bob).post(reverse("reply", args=[roads.pk]), {"source": "Words at length"})

        text = page.content.decode()
        assert "This thread was merged into another. Reply there." in text
        assert "Words at length" in text
        assert parks.get_absolute_url() in text

    def test_an_edit_that_was_begun_before_is_saved_where_the_post_is(
        self, cast: Cast, roads: Thread, parks: Thread
    ) -> None:
        save_draft(Post.objects.get(thread=roads, number=3), by=cast.bob, fields={"source": "Tarmac, mostly"})
        merge_threads(roads, parks, by=cast.fay)
        assert Draft.objects.get().thread == parks
        browser_of(cast.bob).post(reverse("post_edit", args=[roads.pk, 3]), {"source": "Tarmac, all of it"})

        assert words_of(parks)[-1] == "Tarmac, all of it"

    def test_a_feed_reader_takes_it_for_what_it_had(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        client = browser_of(cast.bob)

        def names() -> list[str]:
            feed = client.get(reverse("network_feed", args=["ai"])).content.decode()
            return sorted(part.partition("</id>")[0] for part in feed.split("<id>")[2:])

        before = names()
        merge_threads(roads, parks, by=cast.fay)
        assert names() == before
        undo_act(last_act(), by=cast.fay)
        assert names() == before


def test_a_long_thread_takes_as_many_queries_as_a_short_one(cast: Cast, roads: Thread, parks: Thread) -> None:
    long = talk(cast, "Long", *(f"Words {number}" for number in range(30)))
    third = talk(cast, "Third", "One", "Two")
    asked = []
    for thread in (third, roads, long):  # the first finds nothing of what Django remembers
        with CaptureQueriesContext(connection) as queries:
            merge_threads(thread, fresh(parks), by=cast.fay)
        asked.append(len(queries))
    assert asked[2] <= asked[1]


def test_words_of_a_session_are_erased_where_the_thread_was_merged(cast: Cast, roads: Thread, parks: Thread) -> None:
    merge_threads(roads, parks, by=cast.fay)
    rewrite(fresh(roads), source="Erased", title="Nothing")

    assert "Roads?" not in words_of(parks)
    assert FormerPlace.objects.filter(thread=roads).count() == 3


def test_the_pages_are_for_facilitators_alone(cast: Cast, roads: Thread) -> None:
    pages = ["thread_pin", "thread_merge", "thread_tidy", "thread_history", "thread_network"]
    for who in OUTSIDERS:
        client = browser_of(getattr(cast, who))
        assert {client.get(reverse(page, args=[roads.pk])).status_code for page in pages} == {404}
    assert {browser_of(cast.bob).get(reverse(page, args=[roads.pk])).status_code for page in pages} == {403}
    assert {browser_of(cast.fay).get(reverse(page, args=[roads.pk])).status_code for page in pages} == {200}


class TestSeveralAtOnce:
    def send(self, cast: Cast, thread: Thread, **typed: Any) -> str:
        page = browser_of(cast.fay).post(reverse("thread_tidy", args=[thread.pk]), typed, follow=True)
        assert page.status_code == 200
        return page.content.decode()

    def test_they_are_hidden_for_one_reason_and_their_authors_are_told(self, cast: Cast, roads: Thread) -> None:
        assert "2 posts are hidden" in self.send(cast, roads, chosen=["2", "3"], do="hide", reason="Names a person")
        assert set(Post.objects.exclude(hidden_at=None).values_list("hidden_reason", flat=True)) == {"Names a person"}
        assert Notice.objects.filter(kind="post_hidden").count() == 2
        assert ModerationAct.objects.count() == 1

    def test_they_become_a_thread_or_go_to_one(self, cast: Cast, roads: Thread, parks: Thread) -> None:
        page = self.send(cast, roads, chosen=["2"], do="split", title="Gravel alone", theme=str(cast.theme.pk))
        assert "One post is now a thread of its own." in page
        assert "Gravel alone" in page
        page = self.send(cast, roads, chosen=["3"], do="gather", into=f"http://testserver{parks.get_absolute_url()}")
        assert "One post is in this thread now." in page
        assert words_of(parks)[-1] == "Tarmac"

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ({"do": "hide", "reason": "So"}, "Select the posts first"),
            ({"chosen": ["2"]}, "Choose what to do with the posts"),
            ({"chosen": ["2"], "do": "hide"}, "Enter why you are hiding them"),
            ({"chosen": ["2"], "do": "split"}, "Enter a title"),
            ({"chosen": ["2"], "do": "gather"}, "Enter the address of the other thread"),
            ({"chosen": ["2"], "do": "gather", "into": "Nowhere"}, "There is no other thread with this"),
            ({"chosen": ["2"], "do": "gather", "into": "P"}, "Several threads have these words"),
            ({"chosen": ["1", "2"], "do": "split", "title": "Kept title"}, "Choose a theme"),
        ],
    )
    def test_a_mistake_is_said_beside_the_field_and_nothing_changes(
        self, cast: Cast, roads: Thread, parks: Thread, typed: dict[str, Any], words: str
    ) -> None:
        talk(cast, "Ponds")
        page = self.send(cast, roads, **typed)

        assert words in page
        assert all(f'value="{number}"' in page for number in typed.get("chosen", []))
        assert not ModerationAct.objects.exists()


def test_a_network_by_itself_offers_no_other(cast: Cast, roads: Thread) -> None:
    other = Network.objects.create(name="Elsewhere", slug="elsewhere", purpose="Others")
    NetworkTheme.objects.create(network=other, theme=cast.theme)
    page = browser_of(cast.fay).get(reverse("thread_network", args=[roads.pk])).content.decode()

    assert "AI Practitioners Network" in page
    assert "Elsewhere" not in page
