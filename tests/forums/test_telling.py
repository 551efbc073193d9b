"""What the worker does about a post: whom it tells, whom it is to be mailed, and what goes a few minutes later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail as outbox
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from forums.actions.following import choose_level, choose_network_level, choose_theme_level
from forums.actions.posts import delete_post, hide_post, reply
from forums.actions.reading import mark_unread_from, read_everything, read_thread
from forums.actions.telling import tell_of_post
from forums.actions.threads import start_thread
from forums.models import Post, Thread
from network.actions.mail import send_due_mail
from network.actions.mail_stops import Stop, address_of
from network.actions.membership import leave_network
from network.actions.notices import read_all_notices
from network.actions.profile import MailTimes, choose_mail
from network.actions.themes import follow_theme
from network.models import MailLedger, Member, Membership, Notice
from network.notifications import unread_notices
from tests.cast import Cast
from tests.queued import run_queued

LATER = timedelta(minutes=11)


@pytest.fixture(autouse=True)
def asked(cast: Cast) -> None:
    """Everybody has answered how they want to be written to."""
    Member.objects.update(welcome_steps_done=3)
    for member in (cast.fay, cast.bob):
        member.refresh_from_db()


@pytest.fixture
def thread(cast: Cast) -> Thread:
    """By bob, who watches it."""
    started = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Minutes", source="Who records meetings?")
    run_queued()
    return started


def titles(member: Member) -> list[str]:
    return [notice.title for notice in unread_notices(member)]


def sent() -> list[tuple[str, str]]:
    """What goes when ten minutes have passed: to whom, and the subject."""
    run_queued()
    outbox.outbox.clear()
    send_due_mail(now=timezone.now() + LATER)
    return [(message.to[0].split("@")[0], message.subject) for message in outbox.outbox]


def text() -> str:
    return str(outbox.outbox[0].body)


def mails(cast: Cast, member: Member, mail: str) -> None:
    choose_mail({Membership.objects.get(network=cast.ai, member=member): mail}, by=member)


def at_once(member: Member, *, wanted: bool) -> None:
    choose_mail({}, MailTimes(0, 8, at_once=wanted), by=member)
    member.refresh_from_db()


class TestNotices:
    def test_a_new_thread_is_told_to_who_follows_its_theme(self, cast: Cast) -> None:
        follow_theme(cast.theme, by=cast.fay)
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Buying", source="How?")
        assert titles(cast.fay) == []
        run_queued()

        assert titles(cast.fay) == ["Bob Belongs started “Buying” about Adult social care, which you follow"]
        assert titles(cast.bob) == []

    @pytest.mark.parametrize("level", ["normal", "mute"])
    def test_a_level_they_chose_for_the_theme_counts_more(self, cast: Cast, level: str) -> None:
        follow_theme(cast.theme, by=cast.fay)
        choose_theme_level(cast.theme, level, by=cast.fay)
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Buying", source="How?")
        run_queued()

        assert titles(cast.fay) == []

    def test_who_hears_of_it_otherwise_hears_once(self, cast: Cast) -> None:
        follow_theme(cast.theme, by=cast.fay)
        choose_network_level(cast.ai, "watch", by=cast.fay)
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Buying", source="How?")
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Selling", source="@Fay Facilitates")
        run_queued()

        assert titles(cast.fay) == ["Bob Belongs mentioned you in “Selling”", "Bob Belongs started “Buying”"]

    def test_a_muted_network_is_silent_about_the_theme_too(self, cast: Cast) -> None:
        follow_theme(cast.theme, by=cast.fay)
        choose_network_level(cast.ai, "mute", by=cast.fay)
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Buying", source="How?")
        run_queued()

        assert titles(cast.fay) == []

    def test_an_outsider_who_follows_the_theme_hears_nothing(self, cast: Cast) -> None:
        for outsider in (cast.olga, cast.lena, cast.sven):
            choose_theme_level(cast.theme, "watch", by=cast.fay)
            outsider.follow_levels.create(theme=cast.theme, level="watch")
            outsider.member_themes.create(theme=cast.theme)
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Buying", source="How?")
        run_queued()

        assert {notice.member for notice in Notice.objects.all()} == {cast.fay}
        assert {row.member for row in MailLedger.objects.all()} == {cast.fay}

    def test_reading_the_thread_settles_it(self, cast: Cast) -> None:
        follow_theme(cast.theme, by=cast.fay)
        started = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Buying", source="How?")
        run_queued()
        read_thread(started, by=cast.fay, up_to=1)

        assert titles(cast.fay) == []


class TestOnce:
    def test_running_again_opens_no_notice_that_was_read(self, cast: Cast, thread: Thread) -> None:
        post = reply(thread, by=cast.fay, source="So do we")
        run_queued()
        read_all_notices(by=cast.bob)
        tell_of_post(post.pk)

        assert titles(cast.bob) == []
        assert MailLedger.objects.count() == 1

    def test_who_read_it_before_the_worker_came_is_told_nothing(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.fay, source="So do we")
        read_thread(Thread.objects.get(), by=cast.bob, up_to=2)
        run_queued()

        assert titles(cast.bob) == []
        assert not MailLedger.objects.exists()

    def test_what_was_hidden_before_the_worker_came_is_told_to_nobody(self, cast: Cast, thread: Thread) -> None:
        hide_post(reply(thread, by=cast.bob, source="A name"), by=cast.fay, reason="It names a resident")
        run_queued()

        assert not Notice.objects.filter(kind="thread_replied").exists()
        assert not MailLedger.objects.exists()

    def test_a_post_and_its_task_are_written_together_or_not_at_all(self, cast: Cast, thread: Thread) -> None:
        with pytest.raises(RuntimeError), transaction.atomic():
            reply(thread, by=cast.fay, source="So do we")
            raise RuntimeError

        assert not DBTaskResult.objects.exists()

    def test_the_request_costs_the_same_however_many_watch(
        self, cast: Cast, thread: Thread, watchers: Callable[[int], None]
    ) -> None:
        reply(thread, by=cast.fay, source="The first of hers")
        counts = []
        for number in (0, 60):
            watchers(number)
            with CaptureQueriesContext(connection) as captured:
                reply(thread, by=cast.fay, source=f"So do we {number}")
            counts.append(len(captured))

        assert counts[0] == counts[1]
        with CaptureQueriesContext(connection) as captured:
            run_queued()
        assert Notice.objects.filter(kind="thread_replied").count() == 61
        assert len(captured) < 40

    @pytest.mark.django_db(transaction=True)
    def test_two_workers_at_once_tell_everybody_once(
        self, cast: Cast, thread: Thread, watchers: Callable[[int], None]
    ) -> None:
        watchers(10)
        post = reply(thread, by=cast.fay, source="So do we")
        problems: list[BaseException] = []

        def work() -> None:
            try:
                tell_of_post(post.pk)
            except BaseException as problem:
                problems.append(problem)
            finally:
                connection.close()

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert problems == []
        assert Notice.objects.filter(kind="thread_replied").count() == 11
        assert MailLedger.objects.count() == 11


@pytest.fixture
def watchers(cast: Cast) -> Callable[[int], None]:
    """More members who watch the network."""

    def make(how_many: int) -> None:
        for number in range(how_many):
            member = Member.objects.create_user(f"w{number}@exampleshire.example.org", name=f"W {number}")
            Member.objects.filter(pk=member.pk).update(welcome_steps_done=1)
            now = timezone.now()
            Membership.objects.create(member=member, network=cast.ai, state="active", joined_at=now, read_before=now)
            member.follow_levels.create(network=cast.ai, level="watch")

    return make


class TestMail:
    def test_whoever_watches_is_mailed_after_ten_minutes_and_not_before(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.fay, source="So do **we**")
        run_queued()
        assert send_due_mail(now=timezone.now() + timedelta(minutes=9)) == 0

        assert sent() == [("bob", "Minutes")]
        assert "Fay Facilitates, Exampleshire, wrote:\n\nSo do **we**" in text()
        assert f"/threads/{thread.pk}/posts/2/" in text()
        assert "You get this because you watch this thread: you started it." in text()
        html = str(outbox.outbox[0].alternatives[0][0])
        assert "So do <strong>we</strong>" in html
        assert outbox.outbox[0].extra_headers["References"] == outbox.outbox[0].extra_headers["In-Reply-To"]
        assert sent() == []

    def test_the_posts_of_a_thread_go_together(self, cast: Cast, thread: Thread) -> None:
        for words in ("First", "Second", "Third"):
            reply(thread, by=cast.fay, source=words)

        assert sent() == [("bob", "Minutes")]
        assert text().index("First") < text().index("Second") < text().index("Third")
        assert sorted(MailLedger.objects.values_list("state", flat=True)) == ["gathered", "gathered", "sent"]
        assert sent() == []

    def test_two_threads_are_two_mails(self, cast: Cast, thread: Thread) -> None:
        other = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Buying", source="How?")
        for one in (thread, other):
            reply(one, by=cast.fay, source="Yes")

        assert sent() == [("bob", "Minutes"), ("bob", "Buying")]

    def test_what_was_read_meanwhile_is_not_mailed(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.fay, source="First")
        reply(thread, by=cast.fay, source="Second")
        run_queued()
        read_thread(Thread.objects.get(), by=cast.bob, up_to=2)

        assert sent() == [("bob", "Minutes")]
        assert "First" not in text()
        assert "Second" in text()

    def test_nor_after_everything_was_marked_as_read_unless_this_was_taken_back(
        self, cast: Cast, thread: Thread
    ) -> None:
        post = reply(thread, by=cast.fay, source="First")
        run_queued()
        read_everything(cast.ai, by=cast.bob)
        assert sent() == []
        MailLedger.objects.update(state="due")
        mark_unread_from(post, by=cast.bob)

        assert sent() == [("bob", "Minutes")]

    @pytest.mark.parametrize("what", ["hidden", "taken back", "left", "muted", "switched off", "nothing", "no longer"])
    def test_what_is_no_longer_for_them_is_not_mailed(self, cast: Cast, thread: Thread, what: str) -> None:
        post = reply(thread, by=cast.fay, source="Words")
        run_queued()
        if what == "hidden":
            hide_post(post, by=cast.fay, reason="Wrong")
        elif what == "taken back":
            delete_post(post, by=cast.fay)
        elif what == "left":
            leave_network(cast.ai, by=cast.bob)
        elif what == "muted":
            choose_level(thread, "mute", by=cast.bob)
        elif what == "switched off":
            at_once(cast.bob, wanted=False)
        elif what == "nothing":
            mails(cast, cast.bob, "nothing")
        else:
            choose_level(thread, "follow", by=cast.bob)

        assert sent() == []
        assert MailLedger.objects.get().state == "dropped"

    def test_a_mention_and_an_answer_are_mailed_with_their_reason(self, cast: Cast) -> None:
        thread = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Buying", source="@Bob Belongs how?")

        assert sent() == [("bob", "Buying")]
        assert "You get this because somebody mentioned you." in text()
        post = reply(thread, by=cast.bob, source="So")
        read_thread(Thread.objects.get(), by=cast.fay, up_to=2)
        reply(Thread.objects.get(), by=cast.fay, source="Thank you", reply_to=post)
        assert sent() == [("bob", "Buying")]
        assert "You get this because somebody answered what you wrote." in text()

    def test_who_wants_none_at_once_waits_for_the_digest(self, cast: Cast, thread: Thread) -> None:
        at_once(cast.bob, wanted=False)
        reply(thread, by=cast.fay, source="@Bob Belongs")

        assert sent() == []
        assert not MailLedger.objects.exists()

    def test_every_new_thread_goes_to_whoever_asked_for_that(self, cast: Cast) -> None:
        mails(cast, cast.bob, "each")
        thread = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Buying", source="How?")

        assert sent() == [("bob", "Buying")]
        assert "You get this because you asked for every new thread of the AI Network." in text()
        assert address_of(Stop("network", cast.ai.pk), cast.bob) in text()
        reply(thread, by=cast.fay, source="Nobody?")
        assert sent() == []
        start_thread(cast.practitioners, by=cast.fay, theme=cast.theme, title="Selling", source="How?")
        assert sent() == []

    def test_what_they_muted_is_no_thread_they_asked_for(self, cast: Cast) -> None:
        mails(cast, cast.bob, "each")
        choose_theme_level(cast.theme, "mute", by=cast.bob)
        start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Buying", source="How?")

        assert sent() == []

    def test_nobody_is_mailed_before_they_were_asked_how(self, cast: Cast, thread: Thread) -> None:
        Member.objects.update(welcome_steps_done=0, digest_chosen_at=None)
        reply(thread, by=cast.fay, source="@Bob Belongs")
        assert sent() == []
        choose_mail({}, by=cast.bob)
        reply(thread, by=cast.fay, source="@Bob Belongs again")

        assert sent() == [("bob", "Minutes")]

    def test_nothing_goes_where_mail_came_back(self, cast: Cast, thread: Thread) -> None:
        Member.objects.update(mail_bounced_at=timezone.now())
        reply(thread, by=cast.fay, source="@Bob Belongs")

        assert sent() == []

    def test_old_posts_wait_for_the_digest(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.fay, source="@Bob Belongs")
        Post.objects.update(written_at=timezone.now() - timedelta(days=2))

        assert sent() == []

    def test_a_network_may_keep_its_words_out_of_mail(self, cast: Cast, thread: Thread) -> None:
        cast.ai.content_free_mail = True
        cast.ai.save()
        reply(thread, by=cast.fay, source="Secret words")

        assert sent() == [("bob", "New in the AI Network")]
        whole = outbox.outbox[0].message().as_string()
        for word in ("Secret", "Minutes", "Fay", "Adult social care"):
            assert word not in whole

    def test_a_mail_that_did_not_go_tells_the_same_when_it_is_tried_again(
        self, cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reply(thread, by=cast.fay, source="First")
        reply(thread, by=cast.fay, source="Second")
        run_queued()
        with monkeypatch.context() as patch:
            patch.setattr("network.delivery.message.Message.send", _stumble)
            send_due_mail(now=timezone.now() + LATER)
        assert sorted(MailLedger.objects.values_list("state", flat=True)) == ["due", "gathered"]
        read_thread(Thread.objects.get(), by=cast.bob, up_to=2)
        outbox.outbox.clear()
        send_due_mail(now=timezone.now() + 3 * LATER)

        assert "First" not in text()
        assert "Second" in text()

    def test_the_foot_mutes_the_thread(self, cast: Cast, thread: Thread, client: Client) -> None:
        reply(thread, by=cast.fay, source="First")
        assert sent() == [("bob", "Minutes")]
        address = address_of(Stop("thread", thread.pk), cast.bob)
        assert f"<{address}>" == outbox.outbox[0].extra_headers["List-Unsubscribe"]
        for _ in range(2):
            assert client.post(urlsplit(address).path).status_code == 200
        reply(thread, by=cast.fay, source="Second @Bob Belongs")

        assert sent() == []
        assert titles(cast.bob) == ["New replies in “Minutes”"]


def _stumble(*_: object, **__: object) -> None:
    raise ConnectionRefusedError
