"""What a week was like in a network: written down once, by the site, when the week is over."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from statistics import median

from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, Min, Q
from django.utils import timezone

from forums.models import Post, RoomAttendance, Thread
from forums.models.thread import ThreadQuerySet
from forums.models.week import WEEK, NetworkWeek, ReadingWeek, begin_of, week_of
from network.models import Member, Membership, Network

logger = logging.getLogger(__name__)


def remember_reading(network: Network, member: Member, *, now: datetime | None = None) -> None:
    """Part of a verb, by which a member reads something: writes down that they did in this week, once. The cache
    remembers that it is written, so that the rest of the week asks the database nothing; without it there is one
    statement more, which changes nothing."""
    week = week_of(now or timezone.now())
    key = f"read:{network.pk}:{member.pk}:{week:%Y%m%d}"
    if _is_known(key):
        return
    ReadingWeek.objects.bulk_create([ReadingWeek(network=network, member=member, week=week)], ignore_conflicts=True)
    transaction.on_commit(partial(_know, key), robust=True)


def _is_known(key: str) -> bool:
    try:
        return bool(cache.get(key))
    except Exception:
        logger.exception("The cache did not answer, so it was not asked who has read this week")
        return False


def _know(key: str) -> None:
    cache.set(key, True, timeout=int(WEEK.total_seconds()))


AT_A_TIME = 10  # half a second each, where a million posts were written in half a year


def count_weeks(*, at_most: int = AT_A_TIME, now: datetime | None = None) -> int:
    """Counts weeks that are over and that nobody has counted, of those that are shown, the latest first; returns how
    many. What was written in them and has been hidden or deleted since is not counted."""
    this_week = week_of(now or timezone.now())
    weeks = [this_week - WEEK * ago for ago in range(1, NetworkWeek.SHOWN + 1)]
    known = set(NetworkWeek.objects.filter(week__gte=weeks[-1]).values_list("network", "week"))
    networks = list(Network.objects.all())
    missing = [(network, week) for week in weeks for network in networks if (network.pk, week) not in known]
    # Before the first of them nobody wrote down who reads, or it is forgotten by now.
    first_read = ReadingWeek.objects.aggregate(first=Min("week"))["first"] if missing else None
    for network, week in missing[:at_most]:
        # Two workers may have begun: what is there already stays.
        counted = _counted(network, week, reads=first_read is not None and week >= first_read)
        NetworkWeek.objects.bulk_create([counted], ignore_conflicts=True)
    return len(missing[:at_most])


def forget_who_read(*, now: datetime | None = None) -> int:
    """Takes away who read in weeks of long ago; how many did is counted. Returns how many rows."""
    return ReadingWeek.objects.filter(week__lt=week_of((now or timezone.now()) - ReadingWeek.KEPT)).delete()[0]


def _counted(network: Network, week: date, *, reads: bool) -> NetworkWeek:
    begin, end = begin_of(week), begin_of(week + WEEK)
    written = Post.objects.shown().filter(thread__network=network, written_at__gte=begin, written_at__lt=end)
    posts = written.exclude(author=None).aggregate(
        posts=Count("pk"), posters=Count("author", distinct=True), councils=Count("organisation", distinct=True)
    )
    begun = Thread.objects.filter(network=network, started_at__gte=begin, started_at__lt=end, visible_count__gt=0)
    threads = begun.exclude(author=None).aggregate(
        threads=Count("pk"), questions=Count("pk", filter=Q(kind=Thread.Kind.QUESTION))
    )
    waits = list(_waits(begun))
    return NetworkWeek(
        network=network,
        week=week,
        readers=_readers(network, week) if reads else None,
        replied=len(waits),
        reply_hours=median(waits) if waits else None,
        **posts,
        **threads,
    )


def _readers(network: Network, week: date) -> int:
    """Who read something new, or came to a session, of those who belong or belonged to the network."""
    read = ReadingWeek.objects.filter(network=network, week=week).values_list("member", flat=True)
    came = RoomAttendance.objects.filter(
        room__network=network,
        at__gte=begin_of(week),
        at__lt=begin_of(week + WEEK),
        member__in=Membership.objects.filter(network=network).values("member"),
    )
    return len({*read, *came.values_list("member", flat=True)})


def _waits(begun: ThreadQuerySet) -> Iterator[float]:
    """How many hours the questions among these threads waited for their first reply by somebody else."""
    asked = begun.filter(kind=Thread.Kind.QUESTION).exclude(author=None).with_first_reply()
    for thread in asked.only("started_at"):
        replied: datetime | None = thread.first_reply  # type: ignore[attr-defined]  # annotated
        if replied is not None:
            yield max((replied - thread.started_at) / timedelta(hours=1), 0)
