from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forums import limits
from forums.actions.feeds import make_feed_key, token_of
from forums.actions.following import (
    bookmark,
    choose_level,
    choose_network_level,
    choose_theme_level,
    remind_of_bookmarks,
)
from forums.actions.pinning import pin_thread
from forums.actions.posts import hide_post, reply
from forums.actions.reading import read_everything_everywhere, read_thread
from forums.actions.threads import move_thread, start_thread
from forums.forms import BookmarkForm
from forums.models import Answer, FollowLevel, MemberThread, Post, Thread
from forums.notifications import THREAD_REPLIED
from network.actions.membership import leave_network
from network.actions.passwords import set_password
from network.actions.sessions import end_other_sessions, end_sessions
from network.export import parts
from network.limits import RateLimit
from network.models import AuditEvent, Member, NetworkTheme, Notice, Theme
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, sign_in

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


def browser_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def titles(answer: object) -> list[str]:
    return [thread.title for thread in answer.context["page"].threads]  # type: ignore[attr-defined]


def many(cast: Cast, count: int) -> list[Thread]:
    """Threads by bob of one post each, all unread by the others; without the posts."""
    now = timezone.now()
    return Thread.objects.bulk_create(
        Thread(
            network=cast.ai,
            theme=cast.theme,
            author=cast.bob,
            last_author=cast.bob,
            title="T",
            slug="t",
            started_at=now,
            last_post_at=now - timedelta(minutes=number),
            visible_count=1,
            highest_number=1,
            highest_visible_number=1,
            highest_loud_number=1,
        )
        for number in range(count)
    )


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title="Who records?", source="We do.", kind="question", tags=["minutes"]
    )


class TestLists:
    def test_each_list_of_a_network_and_over_all(self, cast: Cast, thread: Thread) -> None:
        other = start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title="Elsewhere", source="Here")
        choose_level(other, "follow", by=cast.fay)
        read_thread(other, by=cast.fay, up_to=1)
        bookmark(thread, by=cast.fay)
        client = browser_of(cast.fay)
        shown = {
            name: (
                titles(client.get(reverse("threads", args=[cast.ai.slug]), {"show": name})),
                titles(client.get(reverse("all_threads"), {"show": name})),
            )
            for name in ("", "new", "unread", "following", "unanswered", "bookmarks", "oddly")
        }

        assert shown == {
            "": (["Who records?"], ["Elsewhere", "Who records?"]),
            "new": (["Who records?"], ["Who records?"]),
            "unread": (["Who records?"], ["Who records?"]),
            "following": ([], ["Elsewhere"]),
            "unanswered": (["Who records?"], ["Who records?"]),
            "bookmarks": (["Who records?"], ["Who records?"]),
            "oddly": (["Who records?"], ["Elsewhere", "Who records?"]),
        }

    def test_theme_and_tag_stay_when_another_list_is_opened(self, cast: Cast, thread: Thread) -> None:
        asked = {"theme": cast.theme.slug, "tag": "minutes", "after": "1_1"}
        page = browser_of(cast.fay).get(reverse("threads", args=[cast.ai.slug]), asked)

        assert "?theme=adult-social-care&amp;tag=minutes&amp;show=following" in page.content.decode()

    def test_an_answered_question_says_so_and_waits_for_no_answer(self, cast: Cast, thread: Thread) -> None:
        answer = reply(thread, by=cast.fay, source="We do")
        Answer.objects.create(thread=thread, post=answer, by=cast.bob, at=timezone.now())
        client = browser_of(cast.fay)

        assert ">Answered<" in client.get(reverse("all_threads")).content.decode()
        assert titles(client.get(reverse("all_threads"), {"show": "unanswered"})) == []

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_an_outsider_finds_nothing_over_all_networks(self, cast: Cast, thread: Thread, who: str) -> None:
        client = browser_of(getattr(cast, who))
        for name in ("", "new", "unread", "following", "unanswered", "bookmarks"):
            assert titles(client.get(reverse("all_threads"), {"show": name})) == []

    @pytest.mark.parametrize(
        ("size", "words"), [(99, "99<"), (100, "more than 99 threads"), (120, "more than 99 threads")]
    )
    def test_the_badge_stops_counting_at_a_hundred(self, cast: Cast, size: int, words: str) -> None:
        many(cast, size)

        badge = browser_of(cast.fay).get(reverse("feeds")).content.decode().partition('class="app-count">')[2]

        assert words in badge.partition("</a>")[0]

    def test_everything_everywhere_is_read_by_one_update(self, cast: Cast, thread: Thread) -> None:
        start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title="Elsewhere", source="Here")
        with CaptureQueriesContext(connection) as asked:
            read_everything_everywhere(by=cast.fay)

        assert [query["sql"].split()[0] for query in asked] == ["UPDATE"]
        assert "You have read everything." in browser_of(cast.fay).get(reverse("unread")).content.decode()

    @pytest.mark.parametrize("size", [20, 500])
    def test_a_list_costs_the_same_at_every_length(
        self, cast: Cast, size: int, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        now = timezone.now()
        threads = many(cast, size)
        choose_theme_level(cast.theme, "follow", by=cast.fay)
        MemberThread.objects.bulk_create(
            MemberThread(member=cast.fay, thread=thread, bookmarked_at=now, level_chosen=True)
            for thread in threads[::2]
        )
        pin_thread(threads[0], until=now.date() + timedelta(days=3), by=cast.fay)
        threads[1].tags.add("pilots")
        Notice.objects.create(member=cast.fay, kind=THREAD_REPLIED, object_id=threads[0].pk, at=now)
        client = browser_of(cast.fay)
        network = reverse("threads", args=[cast.ai.slug])
        client.get(network)
        for address in (network, reverse("all_threads")):
            for name in ("", "new", "unread", "following", "unanswered", "bookmarks"):
                with django_assert_max_num_queries(12):
                    client.get(address, {"show": name})
        with django_assert_max_num_queries(12):
            client.get(reverse("following"))


class TestOpeningAThread:
    def test_it_goes_to_the_first_post_that_is_unread(self, cast: Cast, thread: Thread) -> None:
        for number in range(2, 25):
            reply(thread, by=cast.bob, source=f"Reply {number}")
        read_thread(Thread.objects.get(), by=cast.fay, up_to=20)
        client = browser_of(cast.fay)

        answer = client.get(thread.get_absolute_url())

        assert answer["Location"] == f"{thread.get_absolute_url()}?page=2#post-21"
        assert client.get(thread.get_absolute_url(), {"page": 1}).status_code == 200
        assert "Reply 24" in client.get(answer["Location"]).content.decode()
        assert client.get(thread.get_absolute_url()).status_code == 200  # all is read, so it begins at its beginning

    def test_marked_unread_from_a_post_it_goes_there_and_is_listed(self, cast: Cast, thread: Thread) -> None:
        for number in range(2, 5):
            reply(thread, by=cast.bob, source=f"Reply {number}")
        client = browser_of(cast.fay)
        client.get(thread.get_absolute_url())

        answer = client.post(reverse("post_unread", args=[thread.pk, 3]), follow=True)

        assert titles(answer) == ["Who records?"]
        assert client.get(thread.get_absolute_url())["Location"].endswith("?page=1#post-3")

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_what_may_not_be_known_is_404(self, cast: Cast, thread: Thread, who: str) -> None:
        client = browser_of(getattr(cast, who))
        for address in (
            reverse("post_unread", args=[thread.pk, 1]),
            reverse("thread_level", args=[thread.pk]),
            reverse("thread_bookmark", args=[thread.pk]),
            reverse("thread_bookmark_remove", args=[thread.pk]),
            reverse("network_level", args=[cast.ai.slug]),
        ):
            assert client.post(address, {"level": "watch", "remind": "never"}).status_code == 404, address
        assert not MemberThread.objects.filter(member=getattr(cast, who)).exists()


def chosen(names: list[str], *, before: list[str], now: list[str]) -> dict[str, str]:
    """What the form of all levels sends."""
    shown = {f"initial-{name}": level for name, level in zip(names, before, strict=True)}
    return shown | dict(zip(names, now, strict=True))


class TestLevels:
    def test_the_thread_says_how_much_they_hear_and_why(self, cast: Cast, thread: Thread) -> None:
        assert (
            "Watching, because you started it" in browser_of(cast.bob).get(thread.get_absolute_url()).content.decode()
        )
        choose_theme_level(cast.theme, "follow", by=cast.fay)
        page = browser_of(cast.fay).get(thread.get_absolute_url()).content.decode()
        assert "Following, because you follow Adult social care" in page

    def test_a_choice_holds_whatever_they_do_until_it_is_taken_back(self, cast: Cast, thread: Thread) -> None:
        client = browser_of(cast.fay)
        client.post(reverse("thread_level", args=[thread.pk]), {"level": "mute"})
        reply(thread, by=cast.fay, source="Yes")
        assert MemberThread.objects.get(member=cast.fay).level == "mute"

        client.post(reverse("thread_level", args=[thread.pk]), {"level": "usual"})

        row = MemberThread.objects.get(member=cast.fay)
        assert (row.level, row.level_reason, row.level_chosen) == ("follow", "you replied", False)

    def test_networks_and_themes_are_chosen_and_taken_back(self, cast: Cast) -> None:
        client = browser_of(cast.fay)
        places = [reverse("network_level", args=["ai"]), reverse("theme_level", args=[cast.theme.slug])]
        for address in places:
            assert client.post(address, {"level": "watch", "return_to": "/following/"})["Location"] == "/following/"
        assert sorted(FollowLevel.objects.values_list("level", flat=True)) == ["watch", "watch"]
        assert client.get(reverse("following")).content.decode().count('value="watch" selected') == 2
        for address in places:
            client.post(address, {"level": "usual", "return_to": "https://elsewhere.example.org/"})
        assert not FollowLevel.objects.exists()

    def test_many_are_chosen_in_one_form(self, cast: Cast, thread: Thread) -> None:
        client = browser_of(cast.fay)
        choose_level(thread, "mute", by=cast.fay)
        choose_theme_level(cast.theme, "follow", by=cast.fay)
        names = [f"network-{cast.ai.pk}", f"theme-{cast.theme.pk}", f"thread-{thread.pk}"]
        page = client.get(reverse("following")).content.decode()
        for name, level in zip(names, ["usual", "follow", "mute"], strict=True):
            assert f'name="initial-{name}" value="{level}"' in page

        sent = client.post(
            reverse("following"), chosen(names, before=["usual", "follow", "mute"], now=["watch", "usual", "mute"])
        )

        assert sent["Location"] == reverse("following")
        assert [(row.network, row.level) for row in FollowLevel.objects.all()] == [(cast.ai, "watch")]
        assert MemberThread.objects.get(member=cast.fay).level == "mute"
        assert "Your 2 choices are saved." in client.get(reverse("following")).content.decode()

    def test_what_was_chosen_elsewhere_meanwhile_stays(self, cast: Cast, thread: Thread) -> None:
        client = browser_of(cast.fay)
        names = [f"network-{cast.ai.pk}", f"thread-{thread.pk}"]
        choose_network_level(cast.ai, "watch", by=cast.fay)
        client.post(reverse("following"), chosen(names, before=["usual", "mute"], now=["usual", "follow"]))
        assert FollowLevel.objects.get().level == "watch"
        assert MemberThread.objects.get(member=cast.fay).level == "follow"

    def test_of_choices_that_are_not_all_right_none_is_saved_and_all_are_shown_again(
        self, cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = browser_of(cast.fay)
        names = [f"network-{cast.ai.pk}", f"thread-{thread.pk}"]
        odd = chosen(names, before=["usual", "usual"], now=["watch", "loudly"])
        page = client.post(reverse("following"), odd).content.decode()
        assert "Choose a level for Who records? from the list" in page
        assert page.count('value="watch" selected') == 1

        monkeypatch.setattr(limits, "FOLLOWING", RateLimit("change what you follow", 1, per=timedelta(hours=1)))
        often = chosen(names, before=["usual", "usual"], now=["watch", "mute"])
        page = client.post(reverse("following"), often).content.decode()
        assert "You can change what you follow 1 times in an hour" in page
        assert (page.count('value="watch" selected'), page.count('value="mute" selected')) == (1, 1)
        assert not FollowLevel.objects.exists()

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven"])
    def test_nobody_chooses_for_what_they_may_not_know(self, cast: Cast, thread: Thread, who: str) -> None:
        names = [f"network-{cast.ai.pk}", f"thread-{thread.pk}", "thread-99999999999999999999", "thread-x"]
        sent = chosen(names, before=["usual"] * 4, now=["loudly"] * 4)
        answer = browser_of(getattr(cast, who)).post(reverse("following"), sent, follow=True)
        assert thread.title not in answer.content.decode()
        assert not MemberThread.objects.filter(member=getattr(cast, who)).exists()
        assert not FollowLevel.objects.exists()

    def test_a_page_drawn_for_a_refused_form_leads_back_to_the_thread(self, cast: Cast, thread: Thread) -> None:
        client = browser_of(cast.fay)
        page = client.post(reverse("reply", args=[thread.pk]), {"source": ""})

        assert f'name="return_to" value="{thread.get_absolute_url()}"' in page.content.decode()

    def test_their_data_name_no_theme_that_they_may_not_know_any_more(self, cast: Cast) -> None:
        secret = Theme.objects.create(name="Restructure", slug="secret", private_to=cast.ai)
        for theme in (secret, cast.theme):
            choose_theme_level(theme, "watch", by=cast.bob)
        named = next(part for part in parts() if part.name == "levels")
        assert len(list(named.rows(cast.bob))) == 2
        leave_network(cast.ai, by=cast.bob)

        assert [row["Of"] for row in named.rows(cast.bob)] == [str(cast.theme)]

    def test_what_is_no_level_changes_nothing_and_says_so(self, cast: Cast, thread: Thread) -> None:
        answer = browser_of(cast.fay).post(reverse("thread_level", args=[thread.pk]), {"level": "loud"})

        assert [str(message) for message in get_messages(answer.wsgi_request)] == ["Choose a level from the list"]
        assert not MemberThread.objects.filter(member=cast.fay).exists()

    def test_a_theme_of_a_network_they_are_not_in_is_not_there(self, cast: Cast) -> None:
        secret = Theme.objects.create(name="Secret", slug="secret", private_to=cast.practitioners)

        assert (
            browser_of(cast.olga).post(reverse("theme_level", args=[secret.slug]), {"level": "watch"}).status_code
            == 404
        )


class TestBookmarks:
    def test_a_reminder_comes_once_and_goes_when_the_thread_is_read(self, cast: Cast, thread: Thread) -> None:
        client = browser_of(cast.fay)
        client.post(reverse("thread_bookmark", args=[thread.pk]), {"remind": "tomorrow"})
        assert remind_of_bookmarks() == 0
        later = timezone.now() + timedelta(days=2)
        assert [remind_of_bookmarks(now=later), remind_of_bookmarks(now=later)] == [1, 0]
        assert "You asked to be reminded of “Who records?”" in [one.title for one in unread_notices(cast.fay)]

        client.get(thread.get_absolute_url())

        assert unread_notices(cast.fay) == []
        assert MemberThread.objects.get(member=cast.fay).bookmarked_at

    def test_nobody_is_reminded_of_what_they_may_no_longer_read(self, cast: Cast, thread: Thread) -> None:
        bookmark(thread, by=cast.bob, remind_at=timezone.now())
        leave_network(cast.ai, by=cast.bob)

        assert remind_of_bookmarks() == 0
        assert MemberThread.objects.get(member=cast.bob).remind_at is None

    @pytest.mark.parametrize(
        ("day", "next_week"), [(23, 30), (27, 30), (28, 30), (29, 7)], ids=["Monday", "Friday", "Saturday", "Sunday"]
    )
    def test_next_week_is_a_monday_and_never_tomorrow(self, day: int, next_week: int) -> None:
        dates = BookmarkForm(now=datetime(2026, 11, day, 12, tzinfo=UTC)).dates

        assert (dates["week"].weekday(), dates["week"].day) == (0, next_week)
        assert dates["tomorrow"] < dates["week"]

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ({}, "Choose whether to be reminded"),
            ({"remind": "someday"}, "Choose one of these"),
            ({"remind": "date"}, "Enter the date on which to remind you"),
            ({"remind": "date", "on": "31 February"}, "Enter a real date"),
            ({"remind": "date", "on": "2020-01-01"}, "The date must be after today"),
            ({"remind": "date", "on": "9999-12-31"}, "The date must be after today and within two years"),
        ],
    )
    def test_a_mistake_is_named(self, cast: Cast, thread: Thread, typed: dict[str, str], words: str) -> None:
        page = browser_of(cast.fay).post(reverse("thread_bookmark", args=[thread.pk]), typed).content.decode()

        assert words in page
        assert "<title>Error: " in page

    def test_it_is_removed_with_its_reminder(self, cast: Cast, thread: Thread) -> None:
        bookmark(thread, by=cast.fay, remind_at=timezone.now())
        browser_of(cast.fay).post(reverse("thread_bookmark_remove", args=[thread.pk]))

        row = MemberThread.objects.get(member=cast.fay)
        assert (row.bookmarked_at, row.remind_at) == (None, None)


class TestMoving:
    def test_it_moves_nothing_up_and_makes_nothing_unread(self, cast: Cast, thread: Thread) -> None:
        roads = Theme.objects.create(name="Roads", slug="roads")
        NetworkTheme.objects.create(network=cast.ai, theme=roads)
        read_thread(thread, by=cast.fay, up_to=1)
        before = Thread.objects.get().last_post_at

        browser_of(cast.fay).post(reverse("thread_move", args=[thread.pk]), {"theme": roads.pk})

        moved = Thread.objects.get()
        assert (moved.theme, moved.last_post_at) == (roads, before)
        assert not Thread.objects.unread_by(cast.fay).exists()
        assert AuditEvent.objects.filter(verb="moved thread").get().details == {
            "before": cast.theme.pk,
            "after": roads.pk,
        }

    def test_only_facilitators_and_only_to_themes_of_the_network(self, cast: Cast, thread: Thread) -> None:
        elsewhere = Theme.objects.create(name="Elsewhere", slug="elsewhere")
        with pytest.raises(Refused, match="Only facilitators"):
            move_thread(thread, cast.theme, by=cast.bob)
        with pytest.raises(Refused, match="does not use that theme"):
            move_thread(thread, elsewhere, by=cast.fay)

    def test_the_form_asks_for_a_second_factor(self, cast: Cast, thread: Thread) -> None:
        client = Client()
        client.force_login(cast.fay)
        assert client.get(reverse("thread_move", args=[thread.pk])).status_code == 302
        assert browser_of(cast.bob).get(reverse("thread_move", args=[thread.pk])).status_code == 403
        assert browser_of(cast.olga).get(reverse("thread_move", args=[thread.pk])).status_code == 404


class TestPrivateFeeds:
    def addresses(self, cast: Cast, member: Member) -> list[str]:
        token = token_of(make_feed_key(by=member))
        return [
            reverse("private_network_feed", args=[token, cast.ai.slug]),
            reverse("private_theme_feed", args=[token, cast.theme.slug]),
        ]

    def test_they_open_without_a_session_and_are_kept_by_nobody(self, cast: Cast, thread: Thread) -> None:
        for address in self.addresses(cast, cast.fay):
            answer = Client().get(address)
            assert "Who records?" in answer.content.decode()
            assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("private, no-store", "no-referrer")
            assert not answer.cookies

    def test_what_is_hidden_is_in_none(self, cast: Cast, thread: Thread) -> None:
        hide_post(Post.objects.get(), by=cast.fay, reason="Because")
        for address in self.addresses(cast, cast.fay):
            assert "Who records?" not in Client().get(address).content.decode()

    def test_a_new_key_ends_the_old_addresses(self, cast: Cast, thread: Thread) -> None:
        old = self.addresses(cast, cast.fay)
        new = self.addresses(cast, cast.fay)

        assert [Client().get(address).status_code for address in old + new] == [404, 404, 200, 200]

    def test_they_end_with_the_membership_and_with_the_account(self, cast: Cast, thread: Thread) -> None:
        network, theme = self.addresses(cast, cast.bob)
        leave_network(cast.ai, by=cast.bob)
        assert Client().get(network).status_code == 404
        assert "Who records?" not in Client().get(theme).content.decode()
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
        assert Client().get(theme).status_code == 404

    @pytest.mark.parametrize("by_whom", ["themselves", "an administrator", "their password"])
    def test_they_end_when_the_reader_is_signed_out_everywhere(self, cast: Cast, thread: Thread, by_whom: str) -> None:
        addresses = self.addresses(cast, cast.bob)
        others = self.addresses(cast, cast.fay)
        if by_whom == "themselves":
            end_other_sessions(by=cast.bob, this_one=None)
        elif by_whom == "an administrator":
            end_sessions(cast.bob, by=cast.ada)
        else:
            set_password("correct horse battery staple", by=cast.bob, this_session=None)

        assert [Client().get(address).status_code for address in addresses + others] == [404, 404, 200, 200]

    def test_a_browser_left_open_neither_shows_nor_makes_them(self, cast: Cast) -> None:
        client = Client()
        client.force_login(cast.fay)
        for answer in (client.get(reverse("feeds")), client.post(reverse("feed_key"))):
            assert answer["Location"].startswith(reverse("account_confirm"))
        assert not hasattr(cast.fay, "feed_key")

    def test_making_them_is_in_the_audit_log(self, cast: Cast) -> None:
        make_feed_key(by=cast.fay)

        assert AuditEvent.objects.get(verb="made feed key").actor_id == cast.fay.pk

    @pytest.mark.parametrize("name", ["private_network_feed", "private_theme_feed"])
    def test_no_log_holds_an_address(self, cast: Cast, caplog: pytest.LogCaptureFixture, name: str) -> None:
        address = reverse(name, args=["1-secret", "nowhere"])
        assert Client().get(address).status_code == 404

        assert "Not Found: /feeds/(cut)/" in caplog.text
        assert "secret" not in caplog.text

    @pytest.mark.parametrize("token", ["1", "1-", "-x", "x-y", "99999999999999999999-x", "²-x", "1-é"])
    def test_an_odd_token_is_404(self, cast: Cast, thread: Thread, token: str) -> None:
        make_feed_key(by=cast.fay)
        assert Client().get(reverse("private_network_feed", args=[token, "ai"])).status_code == 404

    def test_one_members_signature_does_not_open_anothers(self, cast: Cast, thread: Thread) -> None:
        signature = token_of(make_feed_key(by=cast.olga)).partition("-")[2]
        make_feed_key(by=cast.fay)

        address = reverse("private_network_feed", args=[f"{cast.fay.pk}-{signature}", "ai"])
        assert Client().get(address).status_code == 404

    def test_a_network_that_keeps_its_words_out_of_mail_keeps_them_out_of_feeds(
        self, cast: Cast, thread: Thread
    ) -> None:
        cast.ai.content_free_mail = True
        cast.ai.save()
        for address in self.addresses(cast, cast.fay):
            feed = Client().get(address).content.decode()
            assert "New post in the AI Network" in feed
            assert not any(words in feed for words in ("Who records", "who-records", "We do", "Bob"))

    def test_asking_too_often_is_told_to_wait(
        self, cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "FEEDS", RateLimit("read your feeds", 1, per=timedelta(hours=1)))
        address = self.addresses(cast, cast.fay)[0]

        assert [Client().get(address).status_code for _ in range(2)] == [200, 429]

    def test_only_their_own_page_shows_the_addresses(self, cast: Cast) -> None:
        client = browser_of(cast.fay)
        assert "Make my addresses" in client.get(reverse("feeds")).content.decode()

        page = client.post(reverse("feed_key"), follow=True)

        token = token_of(cast.fay.feed_key)
        assert page.content.decode().count(token) == 3
        # Its address holds no token; and a browser that is told to name no referrer could not send the form.
        assert (page["Cache-Control"], page["Referrer-Policy"]) == ("private, no-store", "same-origin")
        assert token not in client.get(reverse("threads", args=["ai"])).content.decode()
