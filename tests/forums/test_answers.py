"""Which post answers a question, and whether it worked."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread as OsThread

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.utils import timezone

from forums.actions.answers import ask_whether_it_worked, mark_answer, tell_whether_it_worked, unmark_answer
from forums.actions.following import choose_level
from forums.actions.merging import merge_threads
from forums.actions.posts import delete_post, hide_post, reply, restore_post
from forums.actions.reading import read_thread
from forums.actions.threads import start_thread
from forums.actions.undoing import undo_act
from forums.models import Answer, ModerationAct, Post, Thread
from network.actions.closing import close_account
from network.actions.membership import leave_network
from network.models import Member
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.forums.test_mentions import officer

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


@pytest.fixture
def carl(cast: Cast) -> Member:
    """Another member, who asked nothing."""
    return officer(cast, "Carl Colleague")


@pytest.fixture
def question(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="How?", source="How do you?", kind="question")


@pytest.fixture
def post(cast: Cast, question: Thread, carl: Member) -> Post:
    return reply(question, by=carl, source="Like this")


def titles(member: Member) -> list[str]:
    return [notice.title for notice in unread_notices(member)]


def client_of(member: Member | None, *, second_factor: bool = True) -> Client:
    client = Client()
    if member and second_factor:
        sign_in(client, member)
    elif member:
        client.force_login(member)
    return client


class TestMarking:
    @pytest.mark.parametrize("who", ["bob", "fay"])
    def test_whoever_asked_and_facilitators_mark_it_and_its_author_is_told(
        self, cast: Cast, post: Post, carl: Member, who: str
    ) -> None:
        by = getattr(cast, who)
        mark_answer(post, by=by)

        assert Answer.objects.get().post == post
        assert titles(carl) == [f"{by.name} marked your post as the answer to “How?”"]
        assert not Thread.objects.unanswered().exists()

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_nobody_from_outside_marks_or_tells(self, cast: Cast, post: Post, who: str) -> None:
        answer = Answer(thread=post.thread, post=post, by=cast.bob, at=timezone.now())
        for act in (
            lambda by: mark_answer(post, by=by),
            lambda by: unmark_answer(post, by=by),
            lambda by: tell_whether_it_worked(answer, "no", by=by),
        ):
            with pytest.raises(Refused):
                act(getattr(cast, who))

    @pytest.mark.parametrize("who", [*OUTSIDERS, "nobody"])
    def test_nobody_from_outside_sees_a_mark(self, cast: Cast, post: Post, who: str) -> None:
        mark_answer(post, by=cast.bob)
        assert Answer.objects.visible_to(cast.fay).exists()
        assert not Answer.objects.visible_to(getattr(cast, who, AnonymousUser())).exists()

    def test_another_member_marks_nothing(self, post: Post, carl: Member) -> None:
        with pytest.raises(Refused, match="Only whoever asked, or a facilitator"):
            mark_answer(post, by=carl)

    def test_only_posts_after_the_first_that_can_be_read_of_a_question(self, cast: Cast, post: Post) -> None:
        talk = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Talk", source="Words")
        with pytest.raises(Refused, match="Only questions have an answer"):
            mark_answer(reply(talk, by=cast.fay, source="Yes"), by=cast.bob)
        with pytest.raises(Refused, match="The question itself"):
            mark_answer(post.thread.posts.get(number=1), by=cast.bob)
        with pytest.raises(Refused, match="can no longer be read"):
            mark_answer(hide_post(post, by=cast.fay, reason="Wrong"), by=cast.bob)

    def test_marking_moves_nothing_and_is_unread_by_nobody(self, cast: Cast, post: Post) -> None:
        for member in (cast.bob, cast.fay):
            read_thread(Thread.objects.get(), by=member, up_to=2)
        before = Thread.objects.values().get()
        mark_answer(post, by=cast.bob)
        unmark_answer(post, by=cast.bob)
        mark_answer(post, by=cast.bob)

        assert Thread.objects.values().get() == before
        assert not Thread.objects.unread_by(cast.fay).exists()

    def test_another_answer_takes_its_place_and_the_same_again_changes_nothing(
        self, cast: Cast, post: Post, carl: Member
    ) -> None:
        first = mark_answer(post, by=cast.bob)
        assert mark_answer(post, by=cast.fay).by == first.by
        better = reply(post.thread, by=cast.fay, source="Or so")

        mark_answer(better, by=cast.bob)

        assert Answer.objects.get().post == better
        assert titles(carl) == [], "its mark is gone, and so is the news of it"
        assert "marked your post" in titles(cast.fay)[0]

    def test_own_answers_and_muted_threads_tell_nobody(self, cast: Cast, post: Post, carl: Member) -> None:
        choose_level(post.thread, "mute", by=carl)
        mark_answer(post, by=cast.bob)
        mark_answer(reply(post.thread, by=cast.bob, source="I found out"), by=cast.bob)

        assert [title for title in titles(carl) + titles(cast.bob) if "marked" in title] == []

    @pytest.mark.parametrize("how", ["hidden", "deleted", "erased"])
    def test_what_nobody_can_read_answers_nothing(self, cast: Cast, post: Post, carl: Member, how: str) -> None:
        mark_answer(post, by=cast.bob)
        if how == "hidden":
            restore_post(hide_post(post, by=cast.fay, reason="Wrong"), by=cast.fay)
        elif how == "deleted":
            delete_post(post, by=carl)
        else:
            close_account(by=carl, erase=True)

        assert not Answer.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_two_marks_at_the_same_time_leave_one(self, cast: Cast, post: Post) -> None:
        posts = [post, reply(post.thread, by=cast.fay, source="Or so")]
        problems: list[BaseException] = []

        def mark(one: Post, by: Member) -> None:
            try:
                for _ in range(3):
                    mark_answer(one, by=by)
            except BaseException as problem:
                problems.append(problem)
            finally:
                connection.close()

        writers = [OsThread(target=mark, args=pair) for pair in zip(posts, (cast.bob, cast.fay), strict=True)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

        assert problems == []
        assert Answer.objects.get().post in posts


class TestWhetherItWorked:
    def test_the_asker_is_asked_once_after_a_month(self, cast: Cast, post: Post) -> None:
        now = timezone.now()
        mark_answer(post, by=cast.fay, now=now)
        read_thread(Thread.objects.get(), by=cast.bob, up_to=2)

        assert ask_whether_it_worked(now=now + timedelta(days=29)) == 0
        assert ask_whether_it_worked(now=now + timedelta(days=31)) == 1
        assert ask_whether_it_worked(now=now + timedelta(days=61)) == 0
        (asked,) = unread_notices(cast.bob)
        assert asked.title == "Did the answer to “How?” work?"
        assert asked.address == f"/threads/{post.thread_id}/worked/"
        read_thread(Thread.objects.get(), by=cast.bob, up_to=2)
        assert len(unread_notices(cast.bob)) == 1, "reading is no answer"

        tell_whether_it_worked(Answer.objects.get(), "partly", by=cast.bob)
        assert titles(cast.bob) == []

    def test_nobody_is_asked_of_a_question_that_was_merged_before_it_is_back(self, cast: Cast, post: Post) -> None:
        now = timezone.now()
        mark_answer(post, by=cast.fay, now=now)
        other = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Why?", source="Why?")
        merge_threads(post.thread, other, by=cast.fay, now=now)
        assert ask_whether_it_worked(now=now + timedelta(days=31)) == 0

        undo_act(ModerationAct.objects.get(), by=cast.fay, now=now)
        assert ask_whether_it_worked(now=now + timedelta(days=31)) == 1

    def test_who_told_left_or_muted_is_not_asked(self, cast: Cast, post: Post) -> None:
        now = timezone.now()
        mark_answer(post, by=cast.bob, now=now)
        choose_level(post.thread, "mute", by=cast.bob)
        assert ask_whether_it_worked(now=now + timedelta(days=31)) == 0

        Answer.objects.update(asked_at=None, worked="worked")
        choose_level(post.thread, "normal", by=cast.bob)
        assert ask_whether_it_worked(now=now + timedelta(days=31)) == 0

        Answer.objects.update(asked_at=None, worked="")
        leave_network(cast.ai, by=cast.bob)
        assert ask_whether_it_worked(now=now + timedelta(days=31)) == 0

    def test_only_the_asker_tells(self, cast: Cast, post: Post, carl: Member) -> None:
        answer = mark_answer(post, by=cast.bob)

        for other in (carl, cast.fay):
            with pytest.raises(Refused, match="Only whoever asked"):
                tell_whether_it_worked(answer, "worked", by=other)
        with pytest.raises(ValueError):
            tell_whether_it_worked(answer, "splendid", by=cast.bob)

    def test_a_mark_that_went_elsewhere_meanwhile_is_not_told_of(self, cast: Cast, post: Post) -> None:
        answer = mark_answer(post, by=cast.bob)
        mark_answer(reply(post.thread, by=cast.fay, source="Or so"), by=cast.bob)

        with pytest.raises(Refused, match="no longer marked"):
            tell_whether_it_worked(answer, "worked", by=cast.bob)


class TestThePages:
    def test_the_asker_marks_it_by_a_button_and_says_how_it_went(self, cast: Cast, post: Post) -> None:
        bob = client_of(cast.bob)
        page = bob.get(post.thread.get_absolute_url(), follow=True).content.decode()
        assert page.count("Mark as the answer") == 1

        page = bob.post(f"/threads/{post.thread_id}/posts/2/answer/", follow=True).content.decode()
        assert "Post 2 is marked as the answer." in page
        assert "See the answer, post 2" in page
        assert "The answer</strong>" in page
        worked = f"/threads/{post.thread_id}/worked/"
        assert worked in page
        assert "Select whether it worked" in bob.post(worked, {"worked": ""}).content.decode()
        page = bob.post(worked, {"worked": "not_tried"}, follow=True).content.decode()
        assert "Bob Belongs says: <strong>Not tried</strong>" in page

        page = bob.post(f"/threads/{post.thread_id}/posts/2/answer/remove/", follow=True).content.decode()
        assert "See the answer" not in page

    def test_facilitators_show_a_second_factor_first_and_the_asker_need_not(self, cast: Cast, post: Post) -> None:
        address = f"/threads/{post.thread_id}/posts/2/answer/"

        answer = client_of(cast.fay, second_factor=False).post(address)
        assert answer["Location"].startswith("/account/second-factor/")
        assert not Answer.objects.exists()
        assert client_of(cast.fay).post(address)["Location"] == f"/threads/{post.thread_id}/posts/2/"
        assert client_of(cast.bob, second_factor=False).post(address).status_code == 302
        assert Answer.objects.exists()

    @pytest.mark.parametrize("who", ["nobody", *OUTSIDERS])
    def test_outsiders_learn_that_there_is_nothing(self, cast: Cast, post: Post, who: str) -> None:
        mark_answer(post, by=cast.bob)
        client = client_of(getattr(cast, who, None), second_factor=False)

        for part in ("posts/2/answer/", "posts/2/answer/remove/", "worked/"):
            assert client.post(f"/threads/{post.thread_id}/{part}").status_code == 404
        assert client.get(f"/threads/{post.thread_id}/worked/").status_code == 404

    def test_another_member_reads_why_not(self, cast: Cast, post: Post, carl: Member) -> None:
        client = client_of(carl)
        address = f"/threads/{post.thread_id}"
        assert client.post(f"{address}/posts/2/answer/").status_code == 403
        assert client.get(f"{address}/worked/").status_code == 404, "nothing is marked"
        mark_answer(post, by=cast.bob)

        assert client.get(f"{address}/worked/").status_code == 403
        assert "Mark as the answer" not in client.get(post.thread.get_absolute_url()).content.decode()

    def test_the_thread_costs_fourteen_queries_at_most_answered_and_full_of_news(
        self, cast: Cast, post: Post, carl: Member
    ) -> None:
        for number in range(3, 21):
            reply(post.thread, by=(cast.bob, carl)[number % 2], source=f"@Fay Facilitates, number {number}")
        mark_answer(post, by=cast.fay)
        other = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Other", source="@Bob Belongs")
        mine = reply(other, by=cast.bob, source="Mine")
        reply(other, by=cast.fay, source="So do I", reply_to=mine)
        hide_post(mine, by=cast.fay, reason="Wrong")
        choose_level(post.thread, "mute", by=cast.bob)
        for member in (carl, cast.bob, cast.fay):
            client = client_of(member)
            address = f"{post.thread.get_absolute_url()}?page=1"
            for _ in ("with news", "without"):
                counter = Counter()
                with connection.execute_wrapper(counter):
                    assert client.get(address).status_code == 200
                assert len(counter.asked) <= 14, "\n".join(counter.asked)


class Counter:
    """What the database was asked, but for savepoints."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, execute: object, sql: str, *rest: object) -> object:
        if "SAVEPOINT" not in sql:
            self.asked.append(sql[:200])
        return execute(sql, *rest)  # type: ignore[operator]
