from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from network.models.member import Member
from network.models.network import Membership

LONDON = ZoneInfo("Europe/London")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class DigestTime:
    """When a member's digest comes: at an hour of every day, or of one day of the week, as clocks in London go."""

    day: int  # 0 is Monday
    hour: int

    @classmethod
    def of(cls, member: Member) -> DigestTime:
        return cls(member.digest_day, member.digest_hour)

    def last(self, now: datetime, *, weekly: bool) -> datetime:
        """The last time that has come by now."""
        at = self._on(now, 0)
        while at > now or (weekly and at.weekday() != self.day):
            at = self._on(at, -1)
        return at

    def next(self, now: datetime, *, weekly: bool) -> datetime:
        """The first time that is still to come."""
        at = self._on(now, 0)
        while at <= now or (weekly and at.weekday() != self.day):
            at = self._on(at, 1)
        return at

    def _on(self, moment: datetime, days: int) -> datetime:
        """On the day of a moment, or so many days later."""
        day = moment.astimezone(LONDON).date() + timedelta(days=days)
        return datetime.combine(day, time(self.hour), LONDON)

    @property
    def hour_in_words(self) -> str:
        return f"{self.hour:02}:00"


def digest_in_words(member: Member, memberships: Iterable[Membership], *, you_get: str = "") -> str:
    """When one mail comes and what it is about: "each Monday at 08:00 about the AI Network", with the words `you_get`
    between the two. Empty where none comes. `memberships` of the member, each with its network."""
    names: dict[str, list[str]] = {Membership.Mail.DAILY: [], Membership.Mail.WEEKLY: []}
    for membership in memberships:
        if membership.mail in names:
            names[membership.mail].append(f"the {membership.network}")
    daily, weekly = (in_a_row(names[mail]) for mail in (Membership.Mail.DAILY, Membership.Mail.WEEKLY))
    at = DigestTime.of(member)
    if daily and weekly:
        return f"each day at {at.hour_in_words}{you_get} about {daily}, and on {DAYS[at.day]}s about {weekly} too"
    if daily:
        return f"each day at {at.hour_in_words}{you_get} about {daily}"
    return f"each {DAYS[at.day]} at {at.hour_in_words}{you_get} about {weekly}" if weekly else ""


@dataclass(frozen=True, slots=True)
class MailInWords:
    """What a member's networks will send them, for the page where they choose it."""

    digest: str  # a sentence without its full stop, or nothing
    each: str  # names of networks in a row, or nothing
    nothing: str
    at_once: bool
    writes: bool  # one network at least

    @classmethod
    def of(cls, member: Member, memberships: Sequence[Membership]) -> MailInWords:
        def named(mail: str) -> str:
            return in_a_row([f"the {row.network}" for row in memberships if row.mail == mail])

        digest = digest_in_words(member, memberships, you_get=" you get one mail")
        return cls(
            digest[:1].upper() + digest[1:],
            named(Membership.Mail.EACH),
            named(Membership.Mail.NOTHING),
            member.mails_at_once,
            any(row.mail != Membership.Mail.NOTHING for row in memberships),
        )


def in_a_row(names: list[str]) -> str:
    """ "one", "one and another", "one, another and a third"."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
