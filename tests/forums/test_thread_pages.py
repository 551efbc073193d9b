import uuid
from datetime import timedelta
from threading import Thread as OsThread
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forums import limits
from forums.actions.posts import reply
from forums.actions.threads import lock_thread, start_thread
from forums.models import Draft, MemberThread, Post, Thread
from network.limits import RateLimit
from network.models import Member
from tests.cast import Cast, show_second_factor, sign_in

OUTSIDERS = ["nobody", "olga", "amir", "lena", "sven", "ada"]


def browser_of(member: Member | None) -> Client:
    client = Client()
    if member is not None:
        sign_in(client, member)
    return client


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title="Who records meetings?", source="We **do**.", tags=["minutes"]
    )


def addresses(cast: Cast, thread: Thread) -> list[str]:
    return [
        reverse("threads", args=[cast.ai.slug]),
        reverse("thread_new", args=[cast.ai.slug]),
        reverse("network_feed", args=[cast.ai.slug]),
        thread.get_absolute_url(),
        reverse("post", args=[thread.pk, 1]),
    ]


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_get_404_for_everything_inside_a_network(cast: Cast, thread: Thread, who: str) -> None:
    client = browser_of(getattr(cast, who, None))

    for address in addresses(cast, thread):
        assert client.get(address).status_code == 404, address
    assert client.post(reverse("reply", args=[thread.pk]), {"source": "Let me in"}).status_code == 404
    assert client.post(reverse("thread_new", args=[cast.ai.slug]), {"title": "Let me in"}).status_code == 404
    assert client.post(reverse("mark_all_read", args=[cast.ai.slug])).status_code == 404


def test_a_member_sees_them_all(cast: Cast, thread: Thread) -> None:
    client = browser_of(cast.fay)

    for address in addresses(cast, thread):
        assert client.get(address, follow=True).status_code == 200, address


def test_a_thread_shows_title_council_tag_and_words(cast: Cast, thread: Thread) -> None:
    page = browser_of(cast.fay).get(thread.get_absolute_url())

    for words in ("Who records meetings?", "Exampleshire County Council", "minutes", "We <strong>do</strong>."):
        assert words in page.content.decode()


def test_the_permalink_leads_to_the_page_of_the_post(cast: Cast, thread: Thread) -> None:
    for number in range(2, 24):
        reply(thread, by=cast.fay, source=f"Reply {number}")

    answer = browser_of(cast.bob).get(reverse("post", args=[thread.pk, 21]))

    assert answer["Location"] == f"{thread.get_absolute_url()}?page=2#post-21"
    assert "Reply 21" in browser_of(cast.bob).get(answer["Location"]).content.decode()


@pytest.mark.parametrize("page", ["0", "2", "-1", "x", "1e3", "99999999999999999999", "²"])
def test_a_page_that_is_not_there_is_404(cast: Cast, thread: Thread, page: str) -> None:
    assert browser_of(cast.bob).get(thread.get_absolute_url(), {"page": page}).status_code == 404


def test_numbers_beyond_any_database_are_404(cast: Cast, thread: Thread) -> None:
    for address in ("/threads/99999999999999999999-x/", f"/threads/{thread.pk}/posts/99999999999999999999/"):
        assert browser_of(cast.bob).get(address).status_code == 404


@pytest.mark.parametrize("after", ["x", "_", "1_", "_1", "99999999999999999999_1", "9223372036854775807_1", "-5_3"])
def test_an_odd_key_of_a_list_is_no_error(cast: Cast, thread: Thread, after: str) -> None:
    assert browser_of(cast.bob).get(reverse("threads", args=[cast.ai.slug]), {"after": after}).status_code == 200


class TestStartingAThread:
    def post(self, cast: Cast, **changes: str) -> str:
        typed = {
            "title": "Who records meetings?",
            "kind": "question",
            "theme": str(cast.theme.pk),
            "source": "We do, and you?",
            "tags": "Minutes,  recording , minutes",
        }
        answer = browser_of(cast.bob).post(reverse("thread_new", args=[cast.ai.slug]), typed | changes, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    def test_it_appears_with_its_tags_cleaned(self, cast: Cast) -> None:
        assert "<title>Who records meetings?" in self.post(cast)
        assert sorted(Thread.objects.get().tags.names()) == ["minutes", "recording"]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"title": " "}, "Enter a title"),
            ({"title": "x" * 151}, "The title can have at most 150 characters"),
            ({"source": ""}, "Enter what you want to say"),
            ({"source": "x" * 20_001}, "at most 20,000 characters"),
            ({"theme": ""}, "Choose a theme"),
            ({"theme": "999"}, "Choose a theme from the list"),
            ({"tags": "a,b,c,d,e,f"}, "Enter at most 5 tags"),
            ({"tags": "x" * 41}, "Each tag can have at most 40 characters"),
            ({"kind": "announcement"}, "Choose a kind from the list"),
        ],
    )
    def test_a_mistake_is_named_and_nothing_typed_is_lost(
        self, cast: Cast, changes: dict[str, str], words: str
    ) -> None:
        page = self.post(cast, **changes)

        assert "<title>Error: Start a thread" in page
        assert words in page
        assert "We do, and you?" in page or "source" in changes
        assert not Thread.objects.exists()

    def test_only_a_facilitator_is_offered_an_announcement(self, cast: Cast) -> None:
        address = reverse("thread_new", args=[cast.ai.slug])

        assert "Announcement" in browser_of(cast.fay).get(address).content.decode()
        assert "Announcement" not in browser_of(cast.bob).get(address).content.decode()

    def test_an_announcement_asks_for_a_second_factor_and_nothing_typed_is_lost(self, cast: Cast) -> None:
        fay = Client()
        fay.force_login(cast.fay)
        typed = {
            "title": "A date & a place",
            "kind": "announcement",
            "theme": str(cast.theme.pk),
            "source": "Come to\nExampleshire",
            "tags": "dates, places",
        }
        address = reverse("thread_new", args=[cast.ai.slug])
        answer = fay.post(address, typed)
        assert answer["Location"].startswith("/account/second-factor/?next=")
        assert "What you wrote is kept, and not sent yet." in fay.get(answer["Location"]).content.decode()
        assert not Thread.objects.exists()

        show_second_factor(fay, cast.fay)
        back = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
        assert back == address
        form = fay.get(back).context["form"]
        assert {name: str(form[name].value()) for name in typed} == typed

        sent = fay.post(back, typed | {"form_id": str(form["form_id"].value())}, follow=True)
        assert "Exampleshire" in sent.content.decode()
        assert Thread.objects.get().kind == Thread.Kind.ANNOUNCEMENT
        assert "Come to" not in fay.get(back).content.decode(), "what was sent waits no more"

    def test_whatever_else_a_facilitator_writes_asks_for_nothing(self, cast: Cast) -> None:
        fay = Client()
        fay.force_login(cast.fay)
        fay.post(
            reverse("thread_new", args=[cast.ai.slug]),
            {"title": "One", "kind": "question", "theme": str(cast.theme.pk), "source": "Words"},
        )

        assert Thread.objects.get().author == cast.fay

    def test_a_member_who_asks_to_announce_is_led_nowhere(self, cast: Cast) -> None:
        bob = browser_of(cast.bob)
        answer = bob.post(
            reverse("thread_new", args=[cast.ai.slug]),
            {"title": "One", "kind": "announcement", "theme": str(cast.theme.pk), "source": "Words"},
        )

        assert answer.status_code == 200
        assert not Draft.objects.exists()

    def test_markup_of_others_never_becomes_script(self, cast: Cast) -> None:
        page = self.post(cast, title="<script>alert(1)</script>", source="<script>alert(2)</script> [x](javascript:3)")

        assert "<script>alert" not in page
        assert 'href="javascript' not in page


class TestReplying:
    def test_a_reply_leads_to_itself(self, cast: Cast, thread: Thread) -> None:
        answer = browser_of(cast.fay).post(reverse("reply", args=[thread.pk]), {"source": "So do we"})

        assert answer["Location"] == reverse("post", args=[thread.pk, 2])

    def test_an_empty_reply_is_named_as_a_mistake(self, cast: Cast, thread: Thread) -> None:
        page = browser_of(cast.fay).post(reverse("reply", args=[thread.pk]), {"source": ""}).content.decode()

        assert "<title>Error: " in page
        assert "Enter your reply" in page

    def test_a_reply_to_a_thread_locked_meanwhile_is_refused_with_the_reason_and_its_words(
        self, cast: Cast, thread: Thread
    ) -> None:
        lock_thread(thread, by=cast.fay)
        answer = browser_of(cast.bob).post(reverse("reply", args=[thread.pk]), {"source": "My long answer"})

        assert "This thread is locked" in answer.content.decode()
        assert "My long answer" in answer.content.decode()
        assert Post.objects.count() == 1


class TestReading:
    def test_looking_marks_as_read_and_prefetching_does_not(self, cast: Cast, thread: Thread) -> None:
        client = browser_of(cast.fay)
        client.get(thread.get_absolute_url(), headers={"Sec-Purpose": "prefetch"})
        client.head(thread.get_absolute_url())
        assert Thread.objects.unread_by(cast.fay).count() == 1

        client.get(thread.get_absolute_url())
        assert Thread.objects.unread_by(cast.fay).count() == 0

    def test_the_first_page_reads_the_first_twenty_only(self, cast: Cast, thread: Thread) -> None:
        for _ in range(22):
            reply(thread, by=cast.bob, source="More")
        browser_of(cast.fay).get(thread.get_absolute_url())

        assert MemberThread.objects.get(member=cast.fay).last_read_number == 20
        assert Thread.objects.unread_by(cast.fay).count() == 1

    def test_badge_and_list_agree(self, cast: Cast, thread: Thread) -> None:
        start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title="Second", source="Two")
        page = browser_of(cast.fay).get(reverse("unread")).content.decode()

        assert "Who records meetings?" in page
        assert "Second" in page
        assert '<span class="app-count">2<' in page

    def test_marking_all_as_read_empties_the_list(self, cast: Cast, thread: Thread) -> None:
        page = browser_of(cast.fay).post(reverse("mark_all_read", args=[cast.ai.slug]), follow=True).content.decode()

        assert "You have read everything." in page

    def test_somebody_without_a_network_is_told_how_to_get_one(self, cast: Cast) -> None:
        page = browser_of(cast.olga).get(reverse("unread")).content.decode()

        assert "Join a network" in page
        assert "You have read everything." not in page, "who reads nothing has not"


def test_the_feed_holds_the_newest_posts_and_is_not_kept_by_caches(cast: Cast, thread: Thread) -> None:
    reply(thread, by=cast.fay, source="So do we")
    answer = browser_of(cast.fay).get(reverse("network_feed", args=[cast.ai.slug]))

    assert answer["Content-Type"].startswith("application/atom+xml")
    assert "no-store" in answer["Cache-Control"]
    assert answer.content.decode().count("<entry>") == 2
    assert "Re: Who records meetings?" in answer.content.decode()


def test_lists_are_paged_by_key_and_lose_nothing_when_a_thread_moves_up(cast: Cast) -> None:
    began = timezone.now() - timedelta(days=10)
    threads = [
        start_thread(
            cast.ai,
            by=(cast.bob, cast.fay)[number % 2],
            theme=cast.theme,
            title=f"Thread number {number:02}",
            source="Hello",
            now=began + timedelta(hours=6 * number),
        )
        for number in range(30)
    ]
    client = browser_of(cast.fay)
    first = client.get(reverse("threads", args=[cast.ai.slug]))
    reply(threads[0], by=cast.bob, source="Moves to the top")
    second = client.get(reverse("threads", args=[cast.ai.slug]) + first.context["older"])

    assert [thread.title for thread in first.context["page"].threads] == [
        f"Thread number {number:02}" for number in range(29, 4, -1)
    ]
    assert [thread.title for thread in second.context["page"].threads] == [
        f"Thread number {number:02}" for number in range(4, 0, -1)
    ]


class TestQueries:
    """The same number whatever the size; measured after a first request has warmed what Django caches for ever."""

    def fill(self, cast: Cast, threads: int, replies: int) -> Thread:
        began = timezone.now() - timedelta(days=20)
        for number in range(threads):
            thread = start_thread(
                cast.ai,
                by=(cast.bob, cast.fay)[number % 2],
                theme=cast.theme,
                title=f"Thread {Thread.objects.count()}",
                source="Hello",
                tags=["one", "two"],
                now=began + timedelta(hours=6 * number),
            )
        for number in range(replies):
            reply(thread, by=(cast.bob, cast.fay)[number % 2], source="Yes", now=began + timedelta(hours=number))
        return thread

    def queries(self, cast: Cast, address: str, django_assert_max_num_queries: DjangoAssertNumQueries) -> int:
        client = browser_of(cast.fay)
        client.get(address)
        with django_assert_max_num_queries(12) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    def test_lists_and_threads_cost_the_same_at_two_sizes(
        self, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        small = self.fill(cast, 2, 1)
        counted = [
            self.queries(cast, address, django_assert_max_num_queries)
            for address in (reverse("threads", args=["ai"]), reverse("unread"), f"{small.get_absolute_url()}?page=1")
        ]
        large = self.fill(cast, 22, 19)

        assert counted == [
            self.queries(cast, address, django_assert_max_num_queries)
            for address in (reverse("threads", args=["ai"]), reverse("unread"), f"{large.get_absolute_url()}?page=1")
        ]


class TestSendingTwice:
    def test_the_same_form_sent_twice_is_one_reply_and_leads_to_it(self, cast: Cast, thread: Thread) -> None:
        typed = {"source": "So do we", "form_id": "6f1d2c9e-3b0f-4a52-9e0e-0c1f6a1b2c3d"}
        client = browser_of(cast.fay)
        answers = [client.post(reverse("reply", args=[thread.pk]), typed) for _ in range(2)]

        assert {answer["Location"] for answer in answers} == {reverse("post", args=[thread.pk, 2])}
        assert Post.objects.count() == 2

    def test_other_words_in_the_same_form_are_another_reply(self, cast: Cast, thread: Thread) -> None:
        form_id = "6f1d2c9e-3b0f-4a52-9e0e-0c1f6a1b2c3d"
        for words in ("So do we", "And one more thing"):
            browser_of(cast.fay).post(reverse("reply", args=[thread.pk]), {"source": words, "form_id": form_id})

        assert Post.objects.count() == 3

    def test_the_same_words_of_two_members_are_two(self, cast: Cast, thread: Thread) -> None:
        typed = {"source": "Yes", "form_id": "6f1d2c9e-3b0f-4a52-9e0e-0c1f6a1b2c3d"}
        for member in (cast.fay, cast.bob):
            browser_of(member).post(reverse("reply", args=[thread.pk]), typed)

        assert Post.objects.count() == 3

    @pytest.mark.django_db(transaction=True)
    def test_two_presses_at_the_same_moment_start_one_thread(self, cast: Cast) -> None:
        form_id = uuid.uuid4()
        started: list[Thread] = []

        def press() -> None:
            try:
                started.append(
                    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Once", source="Once", form_id=form_id)
                )
            finally:
                connection.close()

        presses = [OsThread(target=press) for _ in range(4)]
        for one in presses:
            one.start()
        for one in presses:
            one.join()

        assert len(started) == 4
        assert Thread.objects.get().title == "Once"


class TestOddCharacters:
    def test_signs_that_nobody_sees_and_xml_cannot_hold_are_left_out(self, cast: Cast) -> None:
        thread = start_thread(
            cast.ai, by=cast.bob, theme=cast.theme, title="Bell\x07", source="hello \x0b world\ud800", tags=["a\x1f"]
        )

        assert (thread.title, Post.objects.get().source) == ("Bell", "hello  world")
        assert browser_of(cast.fay).get(reverse("network_feed", args=[cast.ai.slug])).status_code == 200

    @pytest.mark.parametrize(
        "address", ["/search/?q=%00", "/networks/ai/threads/?tag=%00", "/unread/?after=%00", "/%00/"]
    )
    def test_an_address_with_a_nul_is_refused(self, cast: Cast, address: str) -> None:
        assert browser_of(cast.fay).get(address).status_code == 400

    def test_threads_are_listed_by_the_words_of_a_tag(self, cast: Cast, thread: Thread) -> None:
        address = reverse("threads", args=[cast.ai.slug])

        assert "Who records" in browser_of(cast.fay).get(address, {"tag": "Minutes"}).content.decode()
        assert "Who records" not in browser_of(cast.fay).get(address, {"tag": "hours"}).content.decode()


def test_reading_goes_on_when_what_is_read_can_no_longer_be_counted(
    cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "READING", RateLimit("mark threads as read", 0, per=timedelta(hours=1)))

    assert browser_of(cast.fay).get(thread.get_absolute_url()).status_code == 200
