from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoDbBlocker

import forums.demo
import network.demo
from forums.actions.rooms import schedule_room
from forums.models import Case, HeldPost, Message, NetworkWeek, Poll, Post, Question, ReadingWeek, Room, Thread
from forums.models.week import WEEK, week_of
from forums.views.network_figures import SERIES
from forums.worklist import SECTIONS, Section
from network.models import AuditEvent, Member, Network


def test_the_conversations_load_twice_with_the_same_result(db: None) -> None:
    now = timezone.now()
    network.demo.load(now)
    schedule_room(
        Network.objects.get(slug="ai"), title="Now", opens_at=now, closes_at=now + timedelta(hours=1), by=None
    )
    long_ago = now - timedelta(days=30)
    schedule_room(
        Network.objects.get(slug="ai"),
        title="Then",
        opens_at=long_ago,
        closes_at=long_ago + timedelta(hours=1),
        by=None,
    )
    forums.demo.load(now)
    first = (Thread.objects.count(), Post.objects.count(), Message.objects.count())
    polls = list(Poll.objects.order_by("opened_at").values_list("room__title", "state", "voters"))
    forums.demo.load(now)

    assert (Thread.objects.count(), Post.objects.count(), Message.objects.count()) == first
    told = [*forums.demo.CONVERSATIONS, *forums.demo.EARLIER]
    assert first == (len(told), len(told) + sum(len(one.replies) for one in told), len(forums.demo.CHAT))
    assert Room.objects.get(title="Now").last_seq == len(forums.demo.CHAT) + len(forums.demo.ASKED) + 1
    assert polls == [("Then", "closed", 6), ("Now", "open", 3)]
    assert Poll.objects.count() == len(polls)
    assert Poll.objects.get(state="closed").shows_results_to_everybody()
    assert Question.objects.count() == len(forums.demo.ASKED)


# A Monday just after midnight, and the end of a Sunday: weeks and working days are counted from other places.
@pytest.fixture(scope="class", params=[0, 6])
def now(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[datetime]:
    """Loaded once for all tests of a class, on this day of the week."""
    monday = timezone.localtime().replace(hour=0, minute=5, second=0, microsecond=0)
    monday -= timedelta(days=monday.weekday())
    now = monday - timedelta(days=7 - request.param) + timedelta(hours=23 if request.param else 0)
    with django_db_blocker.unblock(), transaction.atomic():
        network.demo.load(now)
        forums.demo.load(now)
        forums.demo.load_weeks(now)
        yield now
        transaction.set_rollback(True)


def waits_for(facilitator: Member, slug: str, now: datetime) -> dict[str, Section]:
    found = [section(facilitator, Network.objects.get(slug=slug), now) for section in SECTIONS]
    return {section.name: section for section in found if section.rows}


@pytest.mark.usefixtures("db")
class TestFacilitatorsFindSomethingToDo:
    def test_nearly_everything_that_can_wait_waits(self, now: datetime) -> None:
        fiona = network.demo.member("fiona")
        ai, practitioners = waits_for(fiona, "ai", now), waits_for(fiona, "ai-practitioners", now)

        assert set(ai) == {"reports", "newcomers", "questions", "failed", "answers", "themes"}
        assert {"reports", "held", "requests", "answers"} <= set(practitioners)
        assert all(section.count <= Section.SHOWN for section in [*ai.values(), *practitioners.values()])

    def test_reports_are_of_every_kind_and_state(self, now: datetime) -> None:
        fiona, hari = network.demo.member("fiona"), network.demo.member("hari")
        cases = Case.objects.visible_to(fiona)
        waiting = Case.objects.waiting_for(fiona).filter(network__slug="ai")

        assert waiting.in_order()[0].is_urgent
        assert waiting.filter(reports__by=None).exists(), "by somebody without an account"
        assert waiting.get(member__isnull=False).claimed_by == hari
        assert waiting.get(state="decided").appeal.is_open
        assert cases.get(outcome="left").notes.exists()
        assert not Case.objects.visible_to(hari).exclude(network__slug="ai").exists()
        # Nobody has done anything before they could.
        assert not cases.filter(opened_at__gt=now).exists()
        assert min(cases.times_to_first_action()) > timedelta(0)

    def test_two_newcomers_wait_in_the_network_that_asks_for_it(self, now: datetime) -> None:
        fiona = network.demo.member("fiona")
        assert set(HeldPost.objects.waiting().values_list("network__slug", "author__name")) == {
            ("ai-practitioners", "Ravi Robotics"),
            ("ai-practitioners", "Ingrid Integration"),
        }
        assert Network.objects.get(slug="ai-practitioners").first_post_hold
        assert HeldPost.objects.visible_to(fiona).count() == 2

    def test_the_charts_of_twelve_weeks_have_shape(self, now: datetime) -> None:
        weeks = list(NetworkWeek.objects.filter(network__slug="ai").order_by("-week"))

        assert len(weeks) == NetworkWeek.SHOWN
        assert weeks[0].week == week_of(now) - WEEK
        for series in SERIES:
            heights = {height for _, height in map(series.of, weeks[:12]) if height is not None}
            assert len(heights) >= 2, series.name
        assert all((week.readers or 0) >= week.posters for week in weeks)

    def test_nobody_wrote_or_read_before_they_had_come_or_after_now(self, now: datetime) -> None:
        for row in ReadingWeek.objects.select_related("member"):
            assert row.week >= week_of(row.member.date_joined)
            assert row.week < week_of(now)
        for post in Post.objects.exclude(author=None).select_related("author"):
            assert post.author is not None
            assert post.author.date_joined <= post.written_at <= now, post
        assert not AuditEvent.objects.filter(verb="refused post").exists()

    def test_the_weeks_of_a_crowd_are_left_to_the_worker(self, now: datetime) -> None:
        ReadingWeek.objects.all().delete()
        NetworkWeek.objects.all().delete()
        network.demo.load_crowd(1, now)

        forums.demo.load_weeks(now)

        assert not ReadingWeek.objects.exists()
        assert not NetworkWeek.objects.exists()

    def test_what_somebody_has_changed_stays(self, now: datetime) -> None:
        practitioners = Network.objects.filter(slug="ai-practitioners")
        practitioners.update(first_post_hold=False)
        before = (Case.objects.count(), HeldPost.objects.count(), ReadingWeek.objects.count(), Thread.objects.count())

        network.demo.load(now)
        forums.demo.load(now)
        forums.demo.load_weeks(now)

        assert not practitioners.get().first_post_hold
        assert before == (
            Case.objects.count(),
            HeldPost.objects.count(),
            ReadingWeek.objects.count(),
            Thread.objects.count(),
        )
