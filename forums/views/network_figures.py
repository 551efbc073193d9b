"""How a network does, week by week: for its facilitators, and about nobody in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.views.decorators.http import require_safe

from forums.models import Case
from forums.models.attendance import FEWEST
from forums.models.week import WEEK, NetworkWeek, begin_of, week_of
from forums.views import member_or_404, network_of
from forums.worklist import Section, questions_without_reply
from network.models import Member, Network
from network.permissions import can_facilitate
from network.spreadsheet import Cell, file_of
from network.views import file_to_take, second_factor_required
from network.views.chart import Chart, Value

Shown = tuple[str, float | None]  # in words, and how high it is drawn


def _plain(count: int) -> Shown:
    return str(count), count


def _of_people(count: int | None) -> Shown:
    """A few would each be somebody: whether one or two, it reads and looks the same."""
    if count is None:
        return "not counted", None
    return (f"under {FEWEST}", FEWEST - 1) if 0 < count < FEWEST else _plain(count)


def _hours(week: NetworkWeek) -> Shown:
    """Half of a few is somebody's own time."""
    if week.reply_hours is None or week.replied < FEWEST:
        return "too few replies", None
    return _in_hours(week.reply_hours), round(week.reply_hours, 1)


def _in_hours(hours: float) -> str:
    """Such as "1 hour", "2.5 hours"."""
    rounded = f"{round(hours, 1):g}"
    return f"{rounded} hour{'' if rounded == '1' else 's'}"


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    title: str
    about: str
    of: Callable[[NetworkWeek], Shown]


SERIES = (
    Series(
        "readers",
        "Active readers",
        "Members who read something new, or came to a session.",
        lambda week: _of_people(week.readers),
    ),
    Series("posters", "People who wrote", "Members who posted something.", lambda week: _of_people(week.posters)),
    Series(
        "councils",
        "Councils that took part",
        "Councils and other organisations whose people posted something.",
        lambda week: _of_people(week.councils),
    ),
    Series("threads", "New threads", "Threads that members started.", lambda week: _plain(week.threads)),
    Series(
        "posts", "Posts", "All that members posted, first posts of threads among them.", lambda week: _plain(week.posts)
    ),
    Series(
        "questions", "Questions", "Of the new threads, those that ask something.", lambda week: _plain(week.questions)
    ),
    Series(
        "unanswered",
        "Questions without a reply",
        "Of the questions that were asked in the week, those that nobody had replied to when it was counted.",
        lambda week: _plain(week.questions - week.replied),
    ),
    Series(
        "reply",
        "Hours until the first reply",
        "Half of the questions that were asked in the week and got a reply had it within this time.",
        _hours,
    ),
)


@second_factor_required
@require_safe
def network_figures(request: HttpRequest, slug: str) -> HttpResponse:
    member = member_or_404(request)
    network = _facilitated(member, slug)
    weeks = _weeks(member, network)
    without_reply = questions_without_reply(member, network, timezone.now()).order_by().values("pk")
    context = {
        "network": network,
        "charts": [_chart(series, weeks) for series in SERIES] if weeks else [],
        "since": weeks[0].week if weeks else None,
        "until": weeks[-1].week + WEEK - timedelta(days=1) if weeks else None,
        "first_look": _hours_to_first_look(member, network, weeks[0].week) if weeks else "",
        "unanswered": without_reply[: Section.MOST + 1].count(),
        "most": Section.MOST,
        "fewest": FEWEST,
    }
    return render(request, "forums/network_figures.html", context)


@second_factor_required
@require_safe
def export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The same weeks as a file for a spreadsheet."""
    member = member_or_404(request)
    network = _facilitated(member, slug)

    def rows() -> Iterable[list[Cell]]:
        for week in _weeks(member, network):
            yield [week.week.isoformat(), *(_cell(series.of(week)) for series in SERIES)]

    header = ["Week that began on", *(series.title for series in SERIES)]
    name = f"{network.slug}-figures-{timezone.localdate():%Y-%m-%d}.csv"
    return file_to_take(file_of(header, rows()), name=name)


def _hours_to_first_look(member: Member, network: Network, since: date) -> str:
    """After how long half of the reports had somebody who looked; empty where they are too few to say."""
    reported = Case.objects.visible_to(member).filter(network=network, opened_at__gte=begin_of(since))
    times = reported.times_to_first_action()
    if len(times) < FEWEST:
        return ""
    return _in_hours(median(time / timedelta(hours=1) for time in times))


def _facilitated(member: Member, slug: str) -> Network:
    network = network_of(member, slug)
    can_facilitate(member, network).enforce()
    return network


def _weeks(member: Member, network: Network) -> list[NetworkWeek]:
    """Those that are counted, the oldest first."""
    oldest = week_of(timezone.now()) - WEEK * NetworkWeek.SHOWN
    counted = NetworkWeek.objects.visible_to(member).filter(network=network, week__gte=oldest)
    return list(counted.order_by("week"))


def _cell(shown: Shown) -> str | float:
    """A number where it is one, and words where it is not told."""
    words, height = shown
    return words if height is None or words.startswith("under") else height


def _chart(series: Series, weeks: list[NetworkWeek]) -> Chart:
    shown = [(week.week, series.of(week)) for week in weeks]
    values = [Value(_day(day), words, height) for day, (words, height) in shown]
    return Chart(series.name, series.title, series.about, "Week that began on", series.title, "in the week of", values)


def _day(day: date) -> str:
    return format_date(day, "j M Y")
