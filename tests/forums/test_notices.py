"""What members hear of in their networks, and where they read of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forums.actions.following import choose_level, choose_network_level
from forums.actions.posts import edit_post, hide_post, hide_version, reply
from forums.actions.reading import read_thread
from forums.actions.threads import lock_thread, start_thread, unlock_thread
from forums.models import Post, Thread
from network.actions.membership import end_membership, leave_network
from network.actions.notices import give_notice, read_all_notices
from network.models import Member, Membership, Notice
from network.notifications import NoticeKind, NoticePage, Unread, register, unread, unread_notices
from tests.cast import Cast, sign_in
from tests.queued import run_queued


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Minutes", source="Who records meetings?")


def titles(member: Member) -> list[str]:
    return [notice.title for notice in unread_notices(member)]


def page_of(member: Member, address: str = "/notices/") -> str:
    client = Client()
    sign_in(client, member)
    return client.get(address).content.decode()


def counted(page: str) -> str:
    """What the header's menu says."""
    found = re.search(r'summary">Notices <span class="app-count">([^<]*)<', page)
    return found[1] if found else "0"


def many(cast: Cast, count: int, *, kind: str = "thread_started") -> list[Thread]:
    """Threads that bob is told of, the newest first."""
    now = timezone.now()
    row = {"network": cast.ai, "theme": cast.theme, "slug": "x", "started_at": now, "last_post_at": now}
    numbers = {"highest_number": 1, "highest_visible_number": 1, "highest_loud_number": 1, "visible_count": 1}
    threads = Thread.objects.bulk_create(Thread(title=f"Thread {number}", **row, **numbers) for number in range(count))
    for number, one in enumerate(threads):
        give_notice(kind, one.pk, [cast.bob], now=now - timedelta(minutes=number))
    return threads


class TestModeration:
    def test_the_author_hears_even_of_what_they_muted(self, cast: Cast, thread: Thread) -> None:
        choose_level(thread, "mute", by=cast.bob)
        post = edit_post(reply(thread, by=cast.bob, source="First"), by=cast.bob, source="Second")
        hide_version(post.versions.get(), by=cast.fay)
        hide_post(post, by=cast.fay, reason="It names a resident")
        lock_thread(thread, by=cast.fay)

        assert titles(cast.bob) == [
            "Your thread “Minutes” was locked, so nobody can reply to it",
            "A facilitator hid post 2 that you wrote: It names a resident",
        ]
        assert titles(cast.fay) == []

    def test_hidden_earlier_words_are_told_as_long_as_the_post_stands(self, cast: Cast, thread: Thread) -> None:
        post = edit_post(reply(thread, by=cast.bob, source="First"), by=cast.bob, source="Second")
        hide_version(post.versions.get(), by=cast.fay)

        assert titles(cast.bob) == ["A facilitator hid earlier words of your post 2 in “Minutes”"]

    def test_a_thread_that_is_unlocked_again_is_no_news(self, cast: Cast, thread: Thread) -> None:
        unlock_thread(lock_thread(thread, by=cast.fay), by=cast.fay)

        assert titles(cast.bob) == []

    @pytest.mark.parametrize("state", ["left", "suspended"])
    def test_who_is_outside_by_now_reads_nothing(self, cast: Cast, thread: Thread, state: str) -> None:
        hide_post(reply(thread, by=cast.bob, source="First"), by=cast.fay, reason="Wrong")
        reply(thread, by=cast.fay, source="@Bob Belongs")
        lock_thread(thread, by=cast.fay)
        assert len(titles(cast.bob)) == 3
        end_membership(Membership.objects.get(network=cast.ai, member=cast.bob), state)

        assert titles(cast.bob) == []
        assert not unread(cast.bob)
        assert "Minutes" not in page_of(cast.bob)


class TestReading:
    def test_reading_the_thread_settles_all_of_it_in_one_update(self, cast: Cast, thread: Thread) -> None:
        mine = reply(thread, by=cast.bob, source="Mine")
        reply(thread, by=cast.fay, source="So do I", reply_to=mine)
        reply(thread, by=cast.fay, source="@Bob Belongs")
        hide_post(mine, by=cast.fay, reason="Wrong")
        lock_thread(thread, by=cast.fay)
        assert len(titles(cast.bob)) == 4

        read_thread(Thread.objects.get(), by=cast.bob, up_to=4)

        assert titles(cast.bob) == []

    def test_a_page_further_up_leaves_what_stands_below(self, cast: Cast, thread: Thread) -> None:
        for number in range(21):
            reply(thread, by=cast.fay, source=f"@Bob Belongs {number}" if number in (0, 20) else "Yes")
        run_queued()

        read_thread(Thread.objects.get(), by=cast.bob, up_to=20)

        assert [notice.address for notice in unread_notices(cast.bob)] == [
            f"/threads/{thread.pk}/posts/22/",
            thread.get_absolute_url(),
        ]

    def test_opening_a_thread_that_was_read_before_settles_what_came_since(self, cast: Cast, thread: Thread) -> None:
        read_thread(thread, by=cast.bob, up_to=1)
        lock_thread(thread, by=cast.fay)
        assert counted(page_of(cast.bob)) == "1"

        assert counted(page_of(cast.bob, thread.get_absolute_url())) == "0"
        assert counted(page_of(cast.bob)) == "0"

    def test_what_came_since_is_settled_by_the_page_on_which_it_stands(self, cast: Cast, thread: Thread) -> None:
        mine, wrong = (reply(thread, by=cast.bob, source=words) for words in ("Mine", "Wrong"))
        for number in range(Post.PER_PAGE):
            reply(thread, by=cast.fay, source=f"Yes {number}")
        run_queued()
        thread = Thread.objects.get()
        read_thread(thread, by=cast.bob, up_to=thread.highest_number)
        Notice.objects.filter(member=cast.bob).update(read_at=timezone.now())
        edited = edit_post(mine, by=cast.bob, source="Mine, and better said")
        hide_version(edited.versions.get(), by=cast.fay)
        hide_post(wrong, by=cast.fay, reason="It is")
        address = thread.get_absolute_url()

        # Nothing of it is on the second page, and the reader has not seen the first one since.
        assert counted(page_of(cast.bob, f"{address}?page=2")) == "2"
        assert counted(page_of(cast.bob, f"{address}?page=1")) == "0"

    def test_the_end_of_a_thread_settles_that_there_are_replies(self, cast: Cast, thread: Thread) -> None:
        for number in range(Post.PER_PAGE):
            reply(thread, by=cast.fay, source=f"Yes {number}")
        thread = Thread.objects.get()
        read_thread(thread, by=cast.bob, up_to=thread.highest_number)
        give_notice("thread_replied", thread.pk, [cast.bob])
        address = thread.get_absolute_url()

        assert counted(page_of(cast.bob, f"{address}?page=1")) == "1"
        assert counted(page_of(cast.bob, f"{address}?page=2")) == "0"

    def test_a_row_is_opened_again_by_the_next_reply(self, cast: Cast, thread: Thread) -> None:
        for _ in range(2):
            reply(thread, by=cast.fay, source="So do we")
            run_queued()
            assert titles(cast.bob) == ["New replies in “Minutes”"]
            read_thread(Thread.objects.get(), by=cast.bob, up_to=9)
        assert Notice.objects.filter(member=cast.bob).count() == 1


class TestWatching:
    def test_a_new_thread_is_told_to_who_watches_the_network_and_says_who(self, cast: Cast) -> None:
        choose_network_level(cast.ai, "watch", by=cast.fay)
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Buying", source="How?")
        run_queued()

        (told,) = unread_notices(cast.fay)
        assert (told.title, told.where) == ("Bob Belongs started “Buying”", "AI Network")


class TestMenuAndPage:
    def test_they_agree_also_where_some_can_no_longer_be_seen(self, cast: Cast) -> None:
        threads = many(cast, 30)
        Thread.objects.filter(pk__in=[one.pk for one in threads[:10]]).update(visible_count=0)

        page = page_of(cast.bob)

        assert counted(page) == "20"
        assert page.count("/open/") == 20

    @pytest.mark.parametrize(("seen", "said"), [(99, "99"), (100, "100"), (101, "100+")])
    def test_above_a_hundred_the_menu_is_honest(self, cast: Cast, seen: int, said: str) -> None:
        threads = many(cast, seen + 110)
        # The newest are out of sight: what is counted are the older ones.
        Thread.objects.filter(pk__in=[one.pk for one in threads[:110]]).update(visible_count=0)

        page = page_of(cast.bob)

        assert counted(page) == said
        assert f'New <span class="app-count">{said}<' in page
        assert "Thread 110”" in page

    def test_pages_follow_each_other_from_what_is_new_to_what_was(self, cast: Cast) -> None:
        many(cast, 60)
        read_all_notices(by=cast.bob)
        many(cast, 40)
        found, key, pages = [], "", 0
        while pages == 0 or key:
            page = NoticePage.of(cast.bob, after=key)
            found += [(bool(one.notice.read_at), one.notice.pk) for one in page.unread + page.earlier]
            key, pages = page.next_key, pages + 1

        assert pages == 4
        assert len({pk for _, pk in found}) == len(found) == 100
        assert [was_read for was_read, _ in found] == [False] * 40 + [True] * 60

    @pytest.mark.parametrize("after", ["x", "u", "u1-", "e99999999999999999-1", "u1-1", "-1"])
    def test_an_odd_key_is_no_error(self, cast: Cast, after: str) -> None:
        many(cast, 1)
        client = Client()
        sign_in(client, cast.bob)
        assert client.get("/notices/", {"after": after}).status_code == 200

    def test_each_says_when_and_where(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.fay, source="@Bob Belongs")

        page = page_of(cast.bob)

        assert "Fay Facilitates mentioned you in “Minutes”</button>" in page
        assert re.search(r"</time>, AI Network", page)

    def test_the_menu_is_filled_with_the_newest_six(self, cast: Cast) -> None:
        many(cast, 8)
        page = page_of(cast.bob, "/notices/menu/")

        assert "<html" not in page
        assert re.findall(r"“Thread (\d)”", page) == ["0", "1", "2", "3", "4", "5"]
        assert Client().get("/notices/menu/")["Location"].startswith("/account/login/code/")

    def test_the_count_of_what_most_are_told_of_is_one_query_and_asks_what_they_may_see(
        self, cast: Cast, thread: Thread, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        mine = reply(thread, by=cast.bob, source="Mine")
        answer = reply(thread, by=cast.fay, source="Yes @Bob Belongs", reply_to=mine)
        for count in (1, 60):
            many(cast, count)
            told = Notice.objects.filter(member=cast.bob, read_at=None).count()
            assert told > count
            with django_assert_num_queries(1):
                assert unread(cast.bob) == Unread(told)

        hide_post(answer, by=cast.fay, reason="Wrong")
        with django_assert_num_queries(1):
            assert unread(cast.bob).number < told
        leave_network(cast.ai, by=cast.bob)
        with django_assert_num_queries(1):
            assert unread(cast.bob) == Unread()

    def test_the_count_is_two_queries_whatever_it_is_about_and_the_page_does_not_grow(
        self,
        cast: Cast,
        thread: Thread,
        django_assert_num_queries: DjangoAssertNumQueries,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        with django_assert_num_queries(1):
            assert unread(cast.fay) == Unread()
        mine = reply(thread, by=cast.bob, source="Mine")
        reply(thread, by=cast.fay, source="Yes @Bob Belongs")
        hide_post(mine, by=cast.fay, reason="Wrong")
        lock_thread(thread, by=cast.fay)
        give_notice("post_answered", mine.pk, [cast.bob])
        for count in (1, 80):
            many(cast, count)
            with django_assert_num_queries(2):
                assert unread(cast.bob).number >= 3 + count
            with django_assert_max_num_queries(7):
                NoticePage.of(cast.bob)


def test_what_the_clock_or_a_right_decides_is_no_usual_kind() -> None:
    kind = NoticeKind("of a test", Thread.objects.visible_to, str, str, usual=True, written_anew=True)

    with pytest.raises(ValueError, match="cannot be usual"):
        register(kind)
