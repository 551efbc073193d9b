"""When members get their digest. What stands in it is decided when it goes: `forums.digest`."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.utils import timezone

from forums.digest import DAY, DIGEST, WEEK
from network.actions.mail import owe_mails
from network.models import MailLedger, Member, Membership
from network.models.digest_time import LONDON, DigestTime

DAILY, WEEKLY = Membership.Mail.DAILY, Membership.Mail.WEEKLY


def plan_digests(*, now: datetime | None = None) -> int:
    """Writes down a digest for everybody whose day and hour have come; returns how many. Safe to run again, and twice
    at once. Of times that were missed, as long as no worker ran, the last one is caught up with: one mail, not seven.
    A time before somebody joined, or chose how they are written to, was never theirs."""
    now = now or timezone.now()
    own = Membership.objects.active().filter(member=OuterRef("pk"))
    members = Member.objects.may_be_mailed().annotate(
        is_daily=Exists(own.filter(mail=DAILY)), is_weekly=Exists(own.filter(mail=WEEKLY))
    )
    had = MailLedger.objects.filter(member=OuterRef("pk"), stream=DIGEST, object_id__isnull=False)
    due = members.filter(Q(is_daily=True) | Q(is_weekly=True)).annotate(last_day=_last_day(now))
    waiting = list(due.exclude(Exists(had.filter(period__gte=OuterRef("last_day")))).order_by("pk"))
    memberships, weeks = _what_decides([member.pk for member in waiting])
    planned: dict[tuple[str, int], list[Member]] = defaultdict(list)
    for member in waiting:
        if found := _slot(member, memberships[member.pk], weeks.get(member.pk, ""), now):
            planned[found].append(member)
    for (period, days), some in sorted(planned.items()):
        owe_mails(DIGEST, some, period=period, object_id=days, now=now)
    return sum(map(len, planned.values()))


def _last_day(now: datetime) -> Case:
    """The day of the last time that was a member's, as it stands in the ledger."""
    local = now.astimezone(LONDON)
    today = local.date()

    def passed(day: date) -> Value:
        return Value(day.isoformat())

    has_come = Q(digest_hour__lte=local.hour)
    of_week = []
    for day in range(7):
        ago = (today.weekday() - day) % 7
        if ago == 0:
            of_week += [When(has_come, digest_day=day, then=passed(today))]
        of_week += [When(digest_day=day, then=passed(today - timedelta(days=ago or 7)))]
    return Case(
        When(has_come, is_daily=True, then=passed(today)),
        When(is_daily=True, then=passed(today - timedelta(days=1))),
        *of_week,
    )


def _what_decides(members: list[int]) -> tuple[dict[int, list[Membership]], dict[int, str]]:
    """Their memberships with a digest; and the day of the last one that told of a week."""
    memberships: dict[int, list[Membership]] = defaultdict(list)
    weeks: dict[int, str] = {}
    for first in range(0, len(members), 500):
        some = members[first : first + 500]
        for row in Membership.objects.active().filter(member__in=some, mail__in=(DAILY, WEEKLY)):
            memberships[row.member_id].append(row)
        told = MailLedger.objects.filter(member__in=some, stream=DIGEST, object_id=WEEK)
        for member, period in told.values_list("member", "period"):
            if member is not None:
                weeks[member] = max(period, weeks.get(member, ""))
    return memberships, weeks


def _slot(member: Member, memberships: list[Membership], last_week: str, now: datetime) -> tuple[str, int] | None:
    """The day of the time that has come, and of how many days its digest tells."""
    times = DigestTime.of(member)
    of_day, of_week = (times.last(now, weekly=weekly) for weekly in (False, True))
    chosen = member.digest_chosen_at

    def is_theirs(at: datetime, mail: str) -> bool:
        if chosen is not None and at <= chosen:
            return False
        begun = (filter(None, (row.joined_at, row.mail_chosen_at)) for row in memberships if row.mail == mail)
        return any(max(moments) < at for moments in begun)

    daily = is_theirs(of_day, DAILY)
    weekly = is_theirs(of_week, WEEKLY) and of_week.date().isoformat() > last_week
    if not daily and not weekly:
        return None
    return (of_day if daily else of_week).date().isoformat(), WEEK if weekly else DAY
