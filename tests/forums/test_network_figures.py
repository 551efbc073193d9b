"""How a network does, week by week: counted once, about nobody, and for its facilitators."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.decisions import claim_case
from forums.actions.posts import delete_post, reply
from forums.actions.reading import read_thread
from forums.actions.reports import report_post
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.actions.weeks import count_weeks, forget_who_read, remember_reading
from forums.models import NetworkWeek, ReadingWeek, RoomAttendance
from forums.models.week import WEEK, begin_of, week_of
from network.actions.closing import close_account
from network.models import Member
from network.views.chart import Chart, Value
from tests.cast import Cast, add_councils, sign_in

pytestmark = pytest.mark.django_db

FIGURES = "/networks/ai-practitioners/figures/"
LAST = week_of(timezone.now()) - WEEK


def in_week(week: date, *, hours: float = 30) -> datetime:
    return begin_of(week) + timedelta(hours=hours)


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def of(cast: Cast, week: date = LAST) -> NetworkWeek:
    return NetworkWeek.objects.get(network=cast.practitioners, week=week)


def text_of(answer: object) -> str:
    @async_to_sync
    async def read() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])  # type: ignore[attr-defined]

    return read().decode().removeprefix("\ufeff")


class TestReading:
    def test_who_reads_is_written_down_once_a_week_and_no_more_than_that(self, cast: Cast) -> None:
        thread = start_thread(cast.practitioners, by=cast.fay, theme=cast.theme, title="One", source="Words.")
        read_thread(thread, by=cast.bob, up_to=1)
        reply(thread, by=cast.fay, source="More.")
        thread.refresh_from_db()
        read_thread(thread, by=cast.bob, up_to=2)

        [row] = ReadingWeek.objects.values()
        assert row.keys() == {"id", "network_id", "member_id", "week"}
        assert (row["member_id"], row["week"]) == (cast.bob.pk, week_of(timezone.now()))

    def test_the_rest_of_the_week_asks_the_database_nothing(
        self, cast: Cast, django_capture_on_commit_callbacks: object
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            remember_reading(cast.practitioners, cast.bob)
        with CaptureQueriesContext(connection) as captured:
            remember_reading(cast.practitioners, cast.bob)
        assert len(captured) == 0

    def test_is_the_same_without_the_cache(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*args: object, **kwargs: object) -> None:
            raise ConnectionError

        monkeypatch.setattr(cache, "get", broken)
        for _ in range(2):
            remember_reading(cast.practitioners, cast.bob)
        assert ReadingWeek.objects.count() == 1

    def test_a_week_begins_on_monday_in_london(self) -> None:
        before = datetime.fromisoformat("2026-06-28T22:59:59+00:00")  # a Sunday, in summer
        assert week_of(before) == date(2026, 6, 22)
        assert week_of(before + timedelta(seconds=1)) == date(2026, 6, 29)
        assert begin_of(date(2026, 6, 29)) == before + timedelta(seconds=1)

    def test_is_nobody_elses_to_see_and_goes_with_the_account_and_after_a_year(self, cast: Cast) -> None:
        remember_reading(cast.practitioners, cast.bob)
        for viewer in (cast.fay, *cast.outsiders, AnonymousUser()):
            assert not ReadingWeek.objects.visible_to(viewer).exists()
        assert ReadingWeek.objects.visible_to(cast.bob).count() == 1
        remember_reading(cast.practitioners, cast.bob, now=timezone.now() - timedelta(days=380))
        assert forget_who_read() == 1
        close_account(by=cast.bob)
        assert not ReadingWeek.objects.exists()


class TestCounting:
    def test_a_week_is_counted_when_it_is_over_and_never_again(self, cast: Cast) -> None:
        nia, *_ = neighbours = add_councils(cast.practitioners, "county", 2)
        network, theme = cast.practitioners, cast.theme
        asked = [
            start_thread(network, by=cast.bob, theme=theme, title=f"{wait}?", source="?", kind="question", now=at)
            for wait, at in ((1, in_week(LAST)), (5, in_week(LAST)), (99, in_week(LAST)))
        ]
        reply(asked[0], by=cast.bob, source="Anybody?", now=in_week(LAST, hours=30.5))
        reply(asked[0], by=nia, source="I.", now=in_week(LAST, hours=31))
        reply(asked[1], by=neighbours[1], source="And I.", now=in_week(LAST, hours=35))
        taken_back = reply(asked[2], by=cast.fay, source="No.", now=in_week(LAST, hours=32))
        delete_post(taken_back, by=cast.fay)
        start_thread(network, by=cast.fay, theme=theme, title="Before", source=".", now=in_week(LAST, hours=-1))
        start_thread(network, by=cast.fay, theme=theme, title="After", source=".", now=in_week(LAST + WEEK, hours=0))
        for member in (cast.bob, cast.fay):
            remember_reading(network, member, now=in_week(LAST))
        room = schedule_room(network, title="Clinic", opens_at=in_week(LAST), closes_at=in_week(LAST + WEEK), by=None)
        for member in (cast.bob, nia, cast.olga):
            RoomAttendance.objects.create(room=room, member=member, at=in_week(LAST))

        assert count_weeks(at_most=3) == 3
        assert set(NetworkWeek.objects.values_list("week", flat=True)) == {LAST, LAST - WEEK}, "the latest first"
        assert count_weeks(at_most=100) == NetworkWeek.SHOWN * 2 - 3
        counted = of(cast)
        assert (counted.readers, counted.posters, counted.councils) == (3, 3, 3)
        assert (counted.threads, counted.posts, counted.questions, counted.replied) == (3, 6, 3, 2)
        assert counted.reply_hours == pytest.approx(3)
        assert of(cast, LAST - WEEK).threads == 1

        reply(asked[2], by=cast.fay, source="Late.", now=in_week(LAST, hours=60))
        assert count_weeks() == 0
        assert of(cast).posts == 6
        assert count_weeks(now=timezone.now() + WEEK) == 2

    def test_readers_of_a_time_when_nobody_wrote_them_down_are_not_none_but_unknown(self, cast: Cast) -> None:
        remember_reading(cast.practitioners, cast.bob, now=in_week(LAST))
        count_weeks(at_most=100)
        assert of(cast).readers == 1
        assert of(cast, LAST - WEEK).readers is None


@pytest.fixture
def weeks(cast: Cast) -> list[NetworkWeek]:
    rows = []
    for ago in range(NetworkWeek.SHOWN):
        few = ago % 3  # none, one, two
        rows.append(
            NetworkWeek(
                network=cast.practitioners,
                week=LAST - WEEK * ago,
                readers=None if ago > 20 else 40 + ago,
                posters=few,
                councils=few,
                threads=ago,
                posts=1000 + ago,
                questions=7,
                replied=few if ago else 5,
                reply_hours=3.5,
            )
        )
    return NetworkWeek.objects.bulk_create(rows)


class TestThePage:
    def test_a_few_people_are_never_told_apart(self, cast: Cast, weeks: list[NetworkWeek]) -> None:
        client = client_of(cast.fay)
        html = client.get(FIGURES).content.decode()
        rows = list(csv.reader(text_of(client.get(f"{FIGURES}figures.csv")).splitlines()))

        assert len(rows) == 1 + NetworkWeek.SHOWN
        people = {row[2] for row in rows[1:]} | {row[3] for row in rows[1:]}
        assert people == {"0", "under 3"}
        assert {row[-1] for row in rows[1:]} == {"too few replies", "3.5"}
        assert rows[1][0] == (LAST - WEEK * 25).isoformat()
        assert rows[1][1] == "not counted"
        assert rows[-1][1] == "40"
        # Questions, those of them without a reply, and how long it took.
        assert rows[-1][-3:] == ["7", "2", "3.5"]
        # Nor by how high their bars are.
        chart = html.partition('id="chart-posters"')[2].partition("</figure>")[0]
        assert set(chart_heights(chart)) == {"100"}
        assert "under 3" in chart
        for name in ("Fay", "Bob"):
            assert name not in html.partition("<main")[2].partition("</main>")[0]

    def test_needs_no_style_and_no_script(self, cast: Cast, weeks: list[NetworkWeek]) -> None:
        html = client_of(cast.fay).get(FIGURES).content.decode().partition("<main")[2].partition("</main>")[0]
        assert html.count("<svg class=") == html.count("<table") == 8
        assert "style=" not in html
        assert "<script" not in html

    def test_says_how_many_questions_wait(self, cast: Cast) -> None:
        client = client_of(cast.fay)
        assert "No questions wait for a first reply now" in client.get(FIGURES).content.decode()
        start_thread(
            cast.practitioners,
            by=cast.bob,
            theme=cast.theme,
            title="?",
            source="?",
            kind="question",
            now=timezone.now() - timedelta(days=3),
        )
        html = client.get(FIGURES).content.decode()
        assert "1 question waits for a first reply now" in html
        assert "Nothing is counted yet" in html

    def test_says_how_soon_somebody_looked_at_reports(self, cast: Cast, weeks: list[NetworkWeek]) -> None:
        at = timezone.now() - timedelta(days=2)
        post = start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title="?", source="?", now=at)
        for hours in (1, 1, 2.25, 3):
            said = reply(post, by=cast.bob, source="So", now=at)
            case = report_post(said, by=cast.fay, kind="other", now=at).case
            html = client_of(cast.fay).get(FIGURES).content.decode()
            claim_case(case, by=cast.fay, now=at + timedelta(hours=hours))
        assert "within <strong>1 hour</strong>" in html, "of three"
        html = client_of(cast.fay).get(FIGURES).content.decode()
        assert "within <strong>1.6 hours</strong>" in html

    @pytest.mark.parametrize("name", ["olga", "amir", "lena", "sven", "ada", ""])
    def test_outsiders_learn_of_no_page(self, cast: Cast, weeks: list[NetworkWeek], name: str) -> None:
        client = client_of(getattr(cast, name)) if name else Client()
        viewer = getattr(cast, name) if name else AnonymousUser()
        assert not NetworkWeek.objects.visible_to(viewer).exists()
        for address in (FIGURES, f"{FIGURES}figures.csv"):
            assert client.get(address).status_code == 404

    def test_members_are_told_why_not(self, cast: Cast, weeks: list[NetworkWeek]) -> None:
        assert not NetworkWeek.objects.visible_to(cast.bob).exists()
        for address in (FIGURES, f"{FIGURES}figures.csv"):
            assert client_of(cast.bob).get(address).status_code == 403

    def test_takes_as_many_queries_for_many_weeks_as_for_one(self, cast: Cast, weeks: list[NetworkWeek]) -> None:
        client = client_of(cast.fay)
        client.get(FIGURES)
        taken = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as captured:
                client.get(FIGURES)
            taken.append(len(captured))
            NetworkWeek.objects.filter(week__lt=LAST).delete()
        # Four for who it is and where they belong, two for the figures, three for how soon somebody looked at reports
        # (two of them the rights of administrators), three for what stands around every page, and one for all that
        # waits in the network.
        assert taken[0] == taken[1] <= 13


def chart_heights(chart: str) -> list[str]:
    return [part.partition('"')[0] for part in chart.split(' height="')[2:]]


def test_a_chart_shows_what_is_small_and_leaves_out_what_is_unknown() -> None:
    values = [Value("1 June", "1,000", 1000), Value("8 June", "1", 1), Value("15 June", "not counted", None)]
    chart = Chart("c", "Title", "About", "Week", "Many", "on", values)
    assert [(bar.x, bar.y, bar.height) for bar in chart.bars] == [(0, 0, 100), (10, 98, 2)]
    assert chart.in_words == "3 bars, the highest 1000. The last, on 15 June: not counted."
    assert Chart("c", "Title", "About", "Week", "Many", "on", [Value("1 June", "0", 0)]).bars == []
