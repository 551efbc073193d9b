"""The digest: when it comes, what stands in it and in which order, and what never does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.answers import mark_answer
from forums.actions.digests import plan_digests
from forums.actions.following import choose_level, choose_network_level, choose_theme_level
from forums.actions.posts import edit_post, hide_post, reply
from forums.actions.reading import mark_unread_from, read_everything, read_thread
from forums.actions.threads import begin_site_discussion, start_thread
from forums.digest import DAY, DIGEST, WEEK, preview
from forums.models import Post, Thread
from network.actions.mail import send_due_mail
from network.actions.mail_stops import Stop, address_of
from network.actions.membership import end_membership, join_network, leave_network
from network.actions.profile import MailTimes, choose_mail
from network.actions.themes import follow_theme
from network.delivery.message import Message
from network.models import MailLedger, Member, Membership, Organisation, Theme
from network.models.digest_time import DigestTime
from tests.cast import Cast, sign_in
from tests.queued import run_queued

MONDAY = datetime(2026, 3, 2, 8, 1, tzinfo=UTC)  # a minute past eight in London
DAY_LONG = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Clock:
    """The moment that it is for the site."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def clock(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """It is the Thursday before; everybody has joined long ago and has answered how they want to be written to."""
    clock = Clock(MONDAY - 4 * DAY_LONG)
    monkeypatch.setattr(timezone, "now", clock)
    long_ago = clock.now - timedelta(days=60)
    Membership.objects.update(joined_at=long_ago, read_before=long_ago)
    Member.objects.update(welcome_steps_done=3, digest_chosen_at=clock.now)
    for member in (cast.fay, cast.bob):
        member.refresh_from_db()
    yield clock


def started(cast: Cast, title: str = "Buying", *, by: Member | None = None, **more: Any) -> Thread:
    thread = start_thread(
        more.pop("network", cast.ai), by=by or cast.fay, theme=more.pop("theme", cast.theme), title=title,
        source=more.pop("source", f"The words of {title}"), **more,
    )  # fmt: skip
    run_queued()
    return thread


def choose(cast: Cast, mail: str, *, member: Member | None = None, network: Any = None, **times: Any) -> None:
    member = member or cast.bob
    rows = Membership.objects.filter(member=member, network=network or cast.ai)
    kept = {"day": member.digest_day, "hour": member.digest_hour, "at_once": member.mails_at_once}
    choose_mail(dict.fromkeys(rows, mail), MailTimes(**(kept | times)), by=member)
    member.refresh_from_db()


def come(clock: Clock, moment: datetime) -> list[str]:
    """Time passes, the worker plans and sends: to whom digests go."""
    clock.now = moment
    plan_digests()
    outbox.outbox.clear()
    send_due_mail()
    return sorted(message.to[0].split("@")[0] for message in outbox.outbox if "digest" in str(message.body))


def to(member: Member) -> Message:
    (message,) = [one for one in outbox.outbox if one.to == [member.email]]
    assert isinstance(message, Message)
    return message


def titles(message: Message) -> list[str]:
    return re.findall(r"^\* (.*?)(?: \(.*\))?$", str(message.body), re.MULTILINE)


class TestWhen:
    def test_a_week_comes_on_the_chosen_day_and_hour_and_once(self, cast: Cast, clock: Clock) -> None:
        started(cast)

        assert come(clock, MONDAY - 2 * MINUTE) == []
        assert come(clock, MONDAY) == ["bob"]
        assert come(clock, MONDAY + 5 * MINUTE) == []
        assert come(clock, MONDAY + DAY_LONG) == []

    def test_it_is_eight_in_london_in_summer_too(self, cast: Cast, clock: Clock) -> None:
        clock.now = datetime(2026, 7, 2, 12, tzinfo=UTC)
        Member.objects.update(digest_chosen_at=clock.now)
        started(cast)

        assert come(clock, datetime(2026, 7, 6, 6, 59, tzinfo=UTC)) == []
        assert come(clock, datetime(2026, 7, 6, 7, 1, tzinfo=UTC)) == ["bob"]

    def test_another_day_and_hour_count_from_when_they_were_chosen(self, cast: Cast, clock: Clock) -> None:
        started(cast)
        choose(cast, "weekly", day=3, hour=7)  # it is past seven on that Thursday

        assert come(clock, clock.now + MINUTE) == []
        assert come(clock, MONDAY) == []
        assert come(clock, MONDAY + 2 * DAY_LONG + 23 * HOUR) == ["bob"]

    def test_nothing_new_is_no_mail(self, cast: Cast, clock: Clock) -> None:
        assert come(clock, MONDAY) == []
        assert outbox.outbox == []
        assert set(MailLedger.objects.values_list("state", flat=True)) == {"dropped"}

    def test_of_days_that_were_missed_one_mail_comes(self, cast: Cast, clock: Clock) -> None:
        choose(cast, "daily")
        started(cast, "Before")
        assert come(clock, MONDAY - 3 * DAY_LONG) == ["bob"]
        for number in range(3):
            started(cast, f"Thread {number}")
            clock.now += DAY_LONG

        assert come(clock, MONDAY + 2 * DAY_LONG) == ["bob"]
        assert len(outbox.outbox) == 1
        assert sorted(titles(to(cast.bob))) == ["Thread 0", "Thread 1", "Thread 2"]

    def test_who_joined_after_the_hour_waits_for_the_next(self, cast: Cast, clock: Clock) -> None:
        started(cast)
        clock.now = MONDAY + HOUR
        join_network(cast.ai, by=cast.olga)
        clock.now += MINUTE
        started(cast, "Selling")

        assert come(clock, MONDAY + 2 * HOUR) == ["bob"]
        assert come(clock, MONDAY + 7 * DAY_LONG) == ["olga"]
        assert titles(to(cast.olga)) == ["Selling"]

    def test_who_was_never_asked_gets_none_and_who_passed_the_question_over_does(
        self, cast: Cast, clock: Clock
    ) -> None:
        started(cast)
        Member.objects.update(welcome_steps_done=0, digest_chosen_at=None)
        assert come(clock, MONDAY) == []
        Member.objects.update(welcome_steps_done=1)

        assert come(clock, MONDAY + MINUTE) == ["bob"]

    @pytest.mark.parametrize("what", ["left", "suspended", "inactive", "bounced", "nothing", "each"])
    def test_who_wants_or_may_have_none_gets_none(self, cast: Cast, clock: Clock, what: str) -> None:
        started(cast)
        started(cast, "Selling", network=cast.practitioners)
        plan_digests(now=MONDAY)
        assert MailLedger.objects.filter(stream=DIGEST, member=cast.bob, state="due").exists()
        for network in (cast.ai, cast.practitioners):
            if what in ("left", "suspended"):
                end_membership(Membership.objects.get(network=network, member=cast.bob), what)
            elif what in ("nothing", "each"):
                choose(cast, what, network=network)
        if what == "inactive":
            Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
        elif what == "bounced":
            Member.objects.filter(pk=cast.bob.pk).update(mail_bounced_at=clock.now)

        assert "bob" not in come(clock, MONDAY)
        clock.now = MONDAY + 7 * DAY_LONG - HOUR
        started(cast, "More")
        assert "bob" not in come(clock, MONDAY + 7 * DAY_LONG)

    def test_a_day_and_a_week_meet_in_one_mail(self, cast: Cast, clock: Clock) -> None:
        choose(cast, "daily")
        started(cast, "Of the day")
        started(cast, "Of the week", network=cast.practitioners)

        assert come(clock, MONDAY - 3 * DAY_LONG) == ["bob"]
        assert titles(to(cast.bob)) == ["Of the day"]
        clock.now = MONDAY - HOUR
        started(cast, "Of this day")
        assert come(clock, MONDAY) == ["bob"]
        assert titles(to(cast.bob)) == ["Of this day", "Of the week"]
        assert list(MailLedger.objects.filter(member=cast.bob, stream=DIGEST).values_list("object_id", flat=True)) == [
            DAY,
            WEEK,
        ]

    @pytest.mark.parametrize(("before", "after"), [("daily", "weekly"), ("weekly", "daily")])
    def test_choosing_another_rhythm_tells_nothing_twice(
        self, cast: Cast, clock: Clock, before: str, after: str
    ) -> None:
        choose(cast, "daily", network=cast.practitioners)
        choose(cast, before)
        told: list[str] = []
        for day in range(16):
            started(cast, f"Thread {day}", network=cast.ai)
            if day == 7:
                choose(cast, after)
            if "bob" in come(clock, clock.now + DAY_LONG):
                told += titles(to(cast.bob))

        assert len(told) == len(set(told))
        assert len(told) > 10

    def test_the_clocks_that_go_forward_skip_nobody(self) -> None:
        one = DigestTime(day=6, hour=1)  # there is no such hour on that Sunday
        sunday = datetime(2026, 3, 29, 12, tzinfo=UTC)

        assert one.last(sunday, weekly=True).date().isoformat() == "2026-03-29"
        assert one.last(sunday, weekly=False) < one.next(sunday, weekly=False)


class TestWhat:
    def test_each_item_says_what_who_from_where_how_much_and_why(self, cast: Cast, clock: Clock) -> None:
        thread = started(cast, "How do you buy?", kind="question", source="We **wonder** about it.")
        reply(thread, by=cast.fay, source="Nobody?")

        assert come(clock, MONDAY) == ["bob"]
        message = to(cast.bob)
        body = str(message.body)
        assert message.subject == "New in the AI Network: 1 conversation"
        for words in (
            "AI NETWORK",
            "Adult social care",
            "* How do you buy? (Question)",
            "Fay Facilitates, Exampleshire County Council: We wonder about it.",
            "1 new reply from one person. New in the AI Network.",
            f"/threads/{thread.pk}/posts/1/",
            "You asked for one mail each Monday at 08:00 about the AI Network and the AI Practitioners Network.",
            address_of(Stop("digest"), cast.bob),
        ):
            assert words in body, words
        html = str(message.alternatives[0][0])
        for words in ("How do you buy?", "We wonder about it.", "Question", "New in the AI Network."):
            assert words in html
        assert "<img" not in html
        assert "src=" not in html
        assert "List-Unsubscribe" in message.extra_headers

    def test_why_it_is_here(self, cast: Cast, clock: Clock) -> None:
        choose(cast, "weekly", at_once=False)
        follow_theme(cast.theme, by=cast.bob)
        other = Theme.objects.create(name="Planning", slug="planning")
        cast.ai.network_themes.create(theme=other)
        started(cast, "Followed")
        mentioned = started(cast, "Mentioned", theme=other, source="@Bob Belongs")
        replied = started(cast, "Replied", theme=other)
        read_thread(replied, by=cast.bob, up_to=1)
        mine = reply(replied, by=cast.bob, source="Yes")
        reply(Thread.objects.get(pk=replied.pk), by=cast.fay, source="And?")
        answered = started(cast, "Answered", theme=other)
        read_thread(answered, by=cast.bob, up_to=1)
        mine = reply(answered, by=cast.bob, source="Yes")
        reply(Thread.objects.get(pk=answered.pk), by=cast.fay, source="So?", reply_to=mine)
        watched = started(cast, "Watched", theme=other)
        choose_level(watched, "watch", by=cast.bob)
        run_queued()
        assert mentioned

        assert come(clock, MONDAY) == ["bob"]
        said = dict(re.findall(r"^\* (\w+)\n.*\n  (?:\d new .*?\. )?(.*)\.$", str(to(cast.bob).body), re.MULTILINE))
        assert said == {
            "Followed": "You follow Adult social care",
            "Mentioned": "Somebody mentioned you",
            "Replied": "You replied",
            "Answered": "Somebody answered what you wrote",
            "Watched": "You watch this thread",
        }

    def test_many_councils(self, cast: Cast, clock: Clock) -> None:
        thread = started(cast)
        for number in range(3):
            council = Organisation.objects.create(name=f"C {number}", short_name=f"C{number}", slug=f"c{number}")
            Post.objects.filter(pk=reply(thread, by=cast.fay, source=f"{council}").pk).update(organisation=council)

        assert come(clock, MONDAY) == ["bob"]
        assert "Many councils are talking about it." in str(to(cast.bob).body)

    def test_what_most_people_wrote_in_comes_first(self, cast: Cast, clock: Clock) -> None:
        choose(cast, "nothing", member=cast.fay)
        for outsider in (cast.olga, cast.amir):
            join_network(cast.ai, by=outsider)
        started(cast, "Quiet")
        lively = started(cast, "Lively")
        long = started(cast, "Long")
        solved = started(cast, "Solved", kind="question")
        for number in range(3):
            reply(long, by=cast.fay, source=f"More {number}")
        for by in (cast.olga, cast.amir):
            reply(lively, by=by, source="Yes")
        mark_answer(reply(solved, by=cast.fay, source="So"), by=cast.fay)
        reply(started(cast, "One reply"), by=cast.fay, source="Yes")

        come(clock, MONDAY)
        assert titles(to(cast.bob)) == ["Lively", "Long", "Solved", "One reply", "Quiet"]
        assert "* Solved (Question, answered)" in str(to(cast.bob).body)

    def test_ten_of_a_network_and_how_many_more(self, cast: Cast, clock: Clock) -> None:
        for number in range(13):
            started(cast, f"Thread {number}", by=[cast.fay, cast.fay][number % 2], source=f"Words {number}")
            clock.now += 10 * MINUTE
            if number == 6:
                clock.now += DAY_LONG  # nobody starts so many in one day

        come(clock, MONDAY)
        assert len(titles(to(cast.bob))) == 10
        assert "And 3 more:" in str(to(cast.bob).body)
        assert "/unread/" in str(to(cast.bob).body)
        assert to(cast.bob).subject == "New in the AI Network: 13 conversations"

    @pytest.mark.parametrize(
        "what", ["read", "all read", "mute", "mute theme", "mute network", "mailed", "own", "site"]
    )
    def test_what_is_not_in_it(self, cast: Cast, clock: Clock, what: str) -> None:
        thread = started(cast, by=cast.bob if what == "own" else cast.fay)
        if what == "read":
            read_thread(thread, by=cast.bob, up_to=1)
        elif what == "all read":
            read_everything(cast.ai, by=cast.bob)
        elif what == "mute":
            choose_level(thread, "mute", by=cast.bob)
        elif what == "mute theme":
            choose_theme_level(cast.theme, "mute", by=cast.bob)
        elif what == "mute network":
            choose_network_level(cast.ai, "mute", by=cast.bob)
        elif what == "mailed":
            read_thread(thread, by=cast.bob, up_to=1)
            reply(thread, by=cast.fay, source="@Bob Belongs")
            run_queued()
            clock.now += HOUR
            assert send_due_mail() == 1
        elif what == "site":
            Thread.objects.all().delete()
            begin_site_discussion(cast.ai, theme=cast.theme, title="Guidance", source="Discuss")
        assert "bob" not in come(clock, MONDAY)

    def test_what_was_marked_unread_again_is(self, cast: Cast, clock: Clock) -> None:
        thread = started(cast)
        read_everything(cast.ai, by=cast.bob)
        clock.now += HOUR
        mark_unread_from(thread.posts.get(), by=cast.bob)

        assert come(clock, MONDAY) == ["bob"]

    def test_what_waits_to_be_mailed_at_once_is_not_in_it_either(self, cast: Cast, clock: Clock) -> None:
        clock.now = MONDAY - 8 * MINUTE
        started(cast, "Mentioned", source="@Bob Belongs")
        started(cast, "Quiet")

        assert come(clock, MONDAY) == ["bob"]
        assert titles(to(cast.bob)) == ["Quiet"]
        clock.now += 10 * MINUTE
        outbox.outbox.clear()
        assert send_due_mail() == 1
        assert to(cast.bob).subject == "Mentioned"

    def test_a_worker_that_comes_late_mails_nothing_that_the_digest_told(self, cast: Cast, clock: Clock) -> None:
        clock.now = MONDAY - HOUR
        start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Mentioned", source="@Bob Belongs")
        assert come(clock, MONDAY) == ["bob"]
        clock.now += 5 * MINUTE
        run_queued()
        clock.now += 20 * MINUTE

        assert send_due_mail() == 0
        assert MailLedger.objects.get(stream="post").state == "dropped"

    def test_nor_does_one_that_comes_late_and_at_the_same_moment(self, cast: Cast, clock: Clock) -> None:
        clock.now = MONDAY - HOUR
        start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Mentioned", source="@Bob Belongs")
        clock.now = MONDAY
        run_queued()
        assert come(clock, MONDAY) == ["bob"]
        assert titles(to(cast.bob)) == ["Mentioned"]
        assert len(outbox.outbox) == 1
        clock.now += 20 * MINUTE

        assert send_due_mail() == 0

    def test_a_network_may_keep_its_words_out_of_mail(self, cast: Cast, clock: Clock) -> None:
        cast.ai.content_free_mail = True
        cast.ai.save()
        for title in ("Secret one", "Secret two"):
            started(cast, title, source="Secret words")
        started(cast, "Open", network=cast.practitioners)

        come(clock, MONDAY)
        whole = to(cast.bob).message().as_string()
        assert "something new in 2 conversations" in whole
        assert "/networks/ai/threads/" in whole
        assert "Open" in whole
        assert "Secret" not in whole


class TestReach:
    @pytest.mark.parametrize("what", ["hidden", "left", "suspended", "read", "muted", "nothing"])
    def test_what_changes_after_it_was_prepared_is_left_out(
        self, cast: Cast, clock: Clock, what: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All that can be known before is read; then it changes; then the mail goes."""
        gone = started(cast, "Gone", source="Words that went")
        started(cast, "Stays", network=cast.practitioners)
        clock.now = MONDAY
        plan_digests()
        from forums import digest

        prepare = digest.prepare
        kind = _digest_kind()

        def prepared(rows: Any) -> Any:
            compose = prepare(rows)
            change()
            return compose

        def change() -> None:
            own = Membership.objects.get(network=cast.ai, member=cast.bob)
            if what == "hidden":
                hide_post(gone.posts.get(), by=cast.fay, reason="Wrong")
            elif what in ("left", "suspended"):
                end_membership(own, what)
            elif what == "read":
                read_thread(gone, by=cast.bob, up_to=1)
            elif what == "muted":
                choose_level(gone, "mute", by=cast.bob)
            else:
                choose(cast, "nothing")

        monkeypatch.setitem(_mail_kinds(), DIGEST, type(kind)(DIGEST, kind.compose, prepare=prepared))
        outbox.outbox.clear()
        send_due_mail()

        whole = to(cast.bob).message().as_string()
        assert titles(to(cast.bob)) == ["Stays"]
        assert "Gone" not in whole
        assert "Words that went" not in whole
        assert "AI NETWORK" not in whole
        assert to(cast.bob).subject == "New in the AI Practitioners Network: 1 conversation"

    def test_words_that_were_changed_meanwhile_go_as_they_are_now(self, cast: Cast, clock: Clock) -> None:
        thread = started(cast, source="Before")
        clock.now = MONDAY
        row = MailLedger(recipient=f"member {cast.bob.pk}", stream=DIGEST, member=cast.bob, object_id=WEEK)
        from forums.digest import prepare

        compose = prepare([row])
        edit_post(thread.posts.get(), by=cast.fay, source="After")

        mail = compose(row, cast.bob)
        assert mail is not None
        assert "After" in str(mail.context)
        assert "Before" not in str(mail.context)

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
    def test_outsiders_get_none_and_preview_none(self, cast: Cast, clock: Clock, who: str) -> None:
        started(cast)
        outsider = getattr(cast, who)
        client = Client()
        sign_in(client, outsider)

        assert who not in come(clock, MONDAY)
        assert preview(outsider) is None
        assert "Buying" not in client.get("/digest/preview/").content.decode()
        assert client.get("/digest/preview/html/").status_code in (302, 404)


class TestTwice:
    def test_a_second_try_tells_of_the_same_time(
        self, cast: Cast, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started(cast, "First")
        with monkeypatch.context() as patch:
            patch.setattr(Message, "send", _stumble)
            come(clock, MONDAY)
        row = MailLedger.objects.get(stream=DIGEST, member=cast.bob)
        assert (row.state, row.attempts) == ("due", 1)
        clock.now += MINUTE
        started(cast, "Second")

        assert come(clock, MONDAY + HOUR) == ["bob"]
        assert titles(to(cast.bob)) == ["First"]
        assert come(clock, MONDAY + 7 * DAY_LONG) == ["bob"]
        assert titles(to(cast.bob)) == ["Second"]

    def test_an_old_one_that_is_sent_again_after_a_newer_says_nothing(self, cast: Cast, clock: Clock) -> None:
        clock.now = MONDAY - HOUR
        started(cast)
        come(clock, MONDAY)
        MailLedger.objects.filter(stream=DIGEST).update(state="failed")
        assert come(clock, MONDAY + 7 * DAY_LONG) == ["bob"]
        MailLedger.objects.filter(stream=DIGEST, state="failed").update(state="due")

        assert come(clock, MONDAY + 7 * DAY_LONG + HOUR) == []


class TestPreview:
    def test_it_is_the_mail_byte_for_byte(self, cast: Cast, clock: Clock) -> None:
        follow_theme(cast.theme, by=cast.bob)
        thread = started(cast, source="Words with <signs> & more")
        reply(thread, by=cast.fay, source="More")
        started(cast, "Selling", network=cast.practitioners)
        clock.now = MONDAY - 3 * MINUTE
        client = Client()
        sign_in(client, cast.bob)
        shown = preview(cast.bob)
        page = client.get("/digest/preview/").content.decode()
        frame = client.get("/digest/preview/html/")

        come(clock, MONDAY)
        message = to(cast.bob)
        assert shown is not None
        assert shown.message is not None
        assert shown.message.subject == message.subject
        assert shown.message.body.encode() == message.body.encode()
        assert shown.html.encode() == str(message.alternatives[0][0]).encode()
        assert frame.content == shown.html.encode()
        assert "sandbox" in frame["Content-Security-Policy"]
        assert "New in the AI Network and the AI Practitioners Network: 2 conversations" in page
        assert "Monday 2 March at 08:00" in page

    def test_it_says_so_when_there_is_nothing(self, cast: Cast, clock: Clock) -> None:
        client = Client()
        sign_in(client, cast.bob)
        assert "no mail would go" in client.get("/digest/preview/").content.decode()
        for network in (cast.ai, cast.practitioners):
            choose(cast, "nothing", network=network)

        assert "No digest comes to you." in client.get("/digest/preview/").content.decode()

    def test_it_takes_a_few_queries_whatever_is_in_it(self, cast: Cast, clock: Clock) -> None:
        counts = []
        for number in (1, 9):
            for more in range(number):
                started(cast, f"Thread {number} {more}")
            clock.now += HOUR
            with CaptureQueriesContext(connection) as captured:
                assert preview(cast.bob)
            counts.append(len(captured))

        assert counts[0] == counts[1] < 20


def test_fifty_cost_what_five_cost_but_for_three_each(cast: Cast, clock: Clock) -> None:
    thread = started(cast)
    reply(thread, by=cast.fay, source="Yes")
    costs = []
    for weekday, number in ((2, 5), (3, 45)):
        for one in range(number):
            officer = Member.objects.create_user(f"m{weekday}-{one}@example.org", name="M", digest_day=weekday)
            Member.objects.filter(pk=officer.pk).update(digest_chosen_at=clock.now)
            joined = clock.now - DAY_LONG
            Membership.objects.create(
                member=officer, network=cast.ai, state="active", joined_at=joined, read_before=joined
            )
    MailLedger.objects.all().delete()
    for days, number in ((2, 5), (3, 45)):
        clock.now = MONDAY + timedelta(days=days)
        Member.objects.filter(pk__in=(cast.fay.pk, cast.bob.pk)).update(digest_chosen_at=clock.now)
        plan_digests()
        outbox.outbox.clear()
        with CaptureQueriesContext(connection) as captured:
            send_due_mail()
        assert len(outbox.outbox) == number
        costs.append(len([one for one in captured if not one["sql"].startswith(("BEGIN", "SAVEPOINT", "RELEASE"))]))

    assert (costs[1] - costs[0]) / 40 <= 3


def test_leaving_ends_it(cast: Cast, clock: Clock) -> None:
    started(cast)
    leave_network(cast.ai, by=cast.bob)

    assert come(clock, MONDAY) == []


def _digest_kind() -> Any:
    return _mail_kinds()[DIGEST]


def _mail_kinds() -> dict[str, Any]:
    from network.actions import mail

    return mail._kinds


def _stumble(*_: object, **__: object) -> None:
    raise ConnectionRefusedError
