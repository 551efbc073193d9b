from datetime import timedelta
from threading import Thread as OsThread

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils import timezone

from forums.actions.posts import reply
from forums.actions.reading import read_everything, read_thread
from forums.actions.threads import begin_site_discussion, lock_thread, start_thread, unlock_thread
from forums.models import MemberThread, Post, Thread
from network.actions.membership import leave_network
from network.limits import LimitReached
from network.models import AuditEvent, Theme
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast
from tests.queued import run_queued

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title="Who records meetings?", source="We **do**.", tags=["minutes"]
    )


class TestStarting:
    def test_the_first_words_are_post_one_and_keep_the_council(self, cast: Cast, thread: Thread) -> None:
        post = Post.objects.get(thread=thread)

        assert (post.number, post.author, post.organisation) == (1, cast.bob, cast.council)
        assert post.html == "<p>We <strong>do</strong>.</p>\n"
        assert [tag.name for tag in thread.tags.all()] == ["minutes"]

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_outsiders_are_refused_with_the_reason(self, cast: Cast, who: str) -> None:
        with pytest.raises(Refused, match="Only members"):
            start_thread(cast.ai, by=getattr(cast, who), theme=cast.theme, title="Hello", source="Hello")

    def test_a_theme_that_the_network_does_not_use_is_refused(self, cast: Cast) -> None:
        other = Theme.objects.create(name="Roads", slug="roads")

        with pytest.raises(Refused, match="does not use that theme"):
            start_thread(cast.ai, by=cast.bob, theme=other, title="Hello", source="Hello")

    def test_only_facilitators_announce(self, cast: Cast) -> None:
        with pytest.raises(Refused, match="Only facilitators"):
            start_thread(
                cast.ai, by=cast.bob, theme=cast.theme, title="Hear", source="Hear", kind=Thread.Kind.ANNOUNCEMENT
            )

    def test_a_flood_is_stopped_and_leaves_nothing_behind(self, cast: Cast) -> None:
        for number in range(10):
            start_thread(cast.ai, by=cast.bob, theme=cast.theme, title=f"Thread {number}", source="Hello")

        with pytest.raises(LimitReached, match=r"You can start 10 threads a day\. You can start another in "):
            start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="One too many", source="Hello")
        assert Thread.objects.count() == 10


class TestVisibility:
    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_outsiders_see_no_thread_post_tag_or_reading(self, cast: Cast, thread: Thread, who: str) -> None:
        outsider = getattr(cast, who)
        for model in (Thread, Post, Thread.tags.through, MemberThread):
            assert not model.objects.visible_to(outsider).exists()

    def test_an_anonymous_visitor_sees_none_either(self, cast: Cast, thread: Thread) -> None:
        for model in (Thread, Post, Thread.tags.through, MemberThread):
            assert not model.objects.visible_to(AnonymousUser()).exists()

    def test_who_leaves_sees_nothing_more(self, cast: Cast, thread: Thread) -> None:
        leave_network(cast.ai, by=cast.bob)

        assert not Thread.objects.visible_to(cast.bob).exists()

    def test_a_deactivated_account_sees_nothing(self, cast: Cast, thread: Thread) -> None:
        cast.bob.is_active = False
        cast.bob.save()

        assert not Thread.objects.visible_to(cast.bob).exists()


class TestReplying:
    def test_numbers_follow_one_another_and_counts_agree(self, cast: Cast, thread: Thread) -> None:
        posts = [reply(thread, by=by, source="Yes") for by in (cast.fay, cast.bob, cast.fay)]

        thread.refresh_from_db()
        assert [post.number for post in posts] == [2, 3, 4]
        assert (thread.highest_number, thread.visible_count, thread.last_author) == (4, 4, cast.fay)

    def test_who_started_the_thread_hears_of_a_reply_and_the_writer_does_not(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.fay, source="So do we")
        run_queued()

        assert [notice.title for notice in unread_notices(cast.bob)] == ["New replies in “Who records meetings?”"]
        assert unread_notices(cast.fay) == []

    def test_who_left_hears_nothing(self, cast: Cast, thread: Thread) -> None:
        leave_network(cast.ai, by=cast.bob)
        reply(thread, by=cast.fay, source="So do we")
        run_queued()

        assert unread_notices(cast.bob) == []

    def test_a_locked_thread_takes_no_reply_until_it_is_unlocked(self, cast: Cast, thread: Thread) -> None:
        locked = lock_thread(thread, by=cast.fay)

        with pytest.raises(Refused, match="locked"):
            reply(thread, by=cast.bob, source="But")
        unlock_thread(locked, by=cast.fay)
        assert reply(Thread.objects.get(), by=cast.bob, source="But").number == 2
        assert list(AuditEvent.objects.values_list("verb", flat=True)) == ["unlocked", "locked"]

    def test_only_facilitators_lock(self, cast: Cast, thread: Thread) -> None:
        with pytest.raises(Refused):
            lock_thread(thread, by=cast.bob)

    @pytest.mark.django_db(transaction=True)
    def test_replies_at_the_same_time_get_numbers_without_gap_or_double(self, cast: Cast, thread: Thread) -> None:
        problems: list[BaseException] = []

        def write(by: object) -> None:
            try:
                for _ in range(5):
                    reply(thread, by=by, source="At once")  # type: ignore[arg-type]
            except BaseException as problem:
                problems.append(problem)
            finally:
                connection.close()

        writers = [OsThread(target=write, args=[by]) for by in (cast.bob, cast.fay, cast.bob, cast.fay)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

        assert problems == []
        assert list(Post.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 22))


class TestReading:
    def unread(self, cast: Cast, who: str) -> list[str]:
        return [thread.title for thread in Thread.objects.unread_by(getattr(cast, who))]

    def test_a_new_thread_is_unread_by_others_and_not_by_its_author(self, cast: Cast, thread: Thread) -> None:
        assert self.unread(cast, "fay") == ["Who records meetings?"]
        assert self.unread(cast, "bob") == []

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_nothing_is_unread_by_outsiders(self, cast: Cast, thread: Thread, who: str) -> None:
        assert self.unread(cast, who) == []

    def test_reading_the_thread_ends_it_and_a_reply_begins_it_again(self, cast: Cast, thread: Thread) -> None:
        read_thread(thread, by=cast.fay, up_to=1)
        assert self.unread(cast, "fay") == []

        reply(thread, by=cast.bob, source="One more thing")
        assert self.unread(cast, "fay") == ["Who records meetings?"]

    def test_reading_never_moves_backwards_or_past_the_end(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.bob, source="Two")
        thread.refresh_from_db()
        read_thread(thread, by=cast.fay, up_to=99)
        read_thread(thread, by=cast.fay, up_to=1)

        assert MemberThread.objects.get(member=cast.fay).last_read_number == 2

    def test_reading_to_the_end_reads_the_notice_too(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.fay, source="So do we")
        thread.refresh_from_db()
        read_thread(thread, by=cast.bob, up_to=2)

        assert unread_notices(cast.bob) == []

    def test_answering_without_having_seen_the_others_leaves_them_unread(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.fay, source="Bob has not seen this")
        reply(thread, by=cast.bob, source="Bob writes meanwhile")

        assert self.unread(cast, "bob") == ["Who records meetings?"]

    def test_marking_everything_as_read_is_one_row_and_covers_every_thread(self, cast: Cast, thread: Thread) -> None:
        read_everything(cast.ai, by=cast.fay)

        assert self.unread(cast, "fay") == []
        assert not MemberThread.objects.filter(member=cast.fay).exists()

    def test_what_was_written_before_somebody_joined_is_not_unread(self, cast: Cast) -> None:
        long_ago = timezone.now() - timedelta(days=60)
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Old", source="Old", now=long_ago)

        assert self.unread(cast, "fay") == []

    def test_own_answer_to_an_old_thread_does_not_make_it_unread(self, cast: Cast) -> None:
        long_ago = timezone.now() - timedelta(days=60)
        old = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Old", source="Old", now=long_ago)
        reply(old, by=cast.fay, source="Still of interest")

        assert self.unread(cast, "fay") == []

    def test_the_mark_of_a_row_agrees_with_the_list(self, cast: Cast, thread: Thread) -> None:
        marked = {row.pk: row.is_unread for row in Thread.objects.visible_to(cast.fay).marked_for(cast.fay)}

        assert marked == {thread.pk: True}


class TestDiscussionsOfTheHub:
    def test_one_is_quiet_until_a_member_answers(self, cast: Cast) -> None:
        thread = begin_site_discussion(cast.ai, theme=cast.theme, title="Guidance", source="Discuss.")
        assert thread.author_name == "The hub"
        assert not Thread.objects.unread_by(cast.bob).exists()

        reply(thread, by=cast.fay, source="I have a question")

        assert Thread.objects.unread_by(cast.bob).get() == thread

    def test_locking_by_the_site_itself_is_written_down_without_an_actor(self, cast: Cast) -> None:
        thread = begin_site_discussion(cast.ai, theme=cast.theme, title="Guidance", source="Discuss.")
        lock_thread(thread, by=None)

        event = AuditEvent.objects.first()
        assert event
        assert (event.verb, event.actor_id) == ("locked", None)
