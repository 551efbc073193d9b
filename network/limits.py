"""How often something may be done, as sentences.

    RateLimit("ask to join a network", 5, per=timedelta(days=1))
    RateLimit("start {} threads", 10, per=timedelta(days=1), again="start another", newcomers=True)

"You can ask to join a network 5 times in a day. You can try again in 3 hours."
"You can start 10 threads a day. You can start another in 3 hours."
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.core.cache import DEFAULT_CACHE_ALIAS, cache, caches
from django.core.cache.backends.redis import RedisCache
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.text import slugify

from network.models import Member
from network.permissions import is_staff

logger = logging.getLogger(__name__)

NOT_ASKED_FOR = 30.0  # seconds after it did not answer
asked_again_at = 0.0  # on the clock of time.monotonic


class LimitReached(Exception):
    """Too often; the message says so in the member's words. `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


FIRST_DAY = timedelta(days=1)
OF_NEWCOMERS = 5  # they have the fifth part


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `times` in each fixed window of length `per`, counted per member in the cache. `what` has a place for the
    number where that reads better than at the end. `again`: what somebody can do when the time is over. `newcomers`: on
    the first day of an account it is a fifth, for accounts are opened to flood a site. Whoever holds an office or
    facilitates has been looked at, and is no newcomer."""

    what: str
    times: int
    per: timedelta
    again: str = "try again"
    newcomers: bool = False

    def spend(self, by: Member, *, count: int = 1, now: datetime | None = None) -> None:
        """Counts one, or as many at once. Raises LimitReached. With the cache away nothing is counted, and for a moment
        it is not asked again: losing a limit for a minute is better than losing the site, and a cache that takes two
        seconds not to answer would stop a room in which many speak."""
        [problem] = self.spend_together([by], count=count, now=now)
        if problem is not None:
            raise problem

    def spend_together(
        self, members: Sequence[Member], *, count: int = 1, now: datetime | None = None
    ) -> list[LimitReached | None]:
        """The same for many at once, in one trip to the cache and in their order; whoever stands there twice spends
        twice. For each of them the problem, or None."""
        seconds = int(self.per.total_seconds())
        moment = int((now or timezone.now()).timestamp())
        spent = _counted([self._key(member, moment) for member in members], count, seconds, self.what)
        if spent is None:
            return [None] * len(members)
        left = seconds - moment % seconds
        return [self._judge(member, so_far, moment, left) for member, so_far in zip(members, spent, strict=True)]

    def give_back(self, members: Sequence[Member], *, now: datetime | None = None) -> None:
        """For what the site itself had no room for: saying it again must not cost them another. `now`: as it was
        spent."""
        seconds = int(self.per.total_seconds())
        moment = int((now or timezone.now()).timestamp())
        _counted([self._key(member, moment) for member in members], -1, seconds, self.what)

    def _judge(self, member: Member, so_far: int, moment: int, left: int) -> LimitReached | None:
        """`left`: seconds to the end of the window."""
        most = self.times
        first_day = self._left_of_first_day(member, moment) if self.newcomers else 0
        # Who is staff is a question to the database, so it is asked only where it makes a difference.
        if first_day and so_far > self._part_of_newcomers() and not is_staff(member):
            most = self._part_of_newcomers()
            if so_far < self.times:  # then they have as many as everybody, and not all are spent
                left = min(left, first_day)
        if so_far <= most:
            return None
        length = timedelta(seconds=left)
        return LimitReached(f"{self._sentence(most)} You can {self.again} in {in_words(length)}.", retry_after=left)

    def _part_of_newcomers(self) -> int:
        return max(self.times // OF_NEWCOMERS, 1)

    def _left_of_first_day(self, member: Member, moment: int) -> int:
        """In seconds."""
        return max(int((member.date_joined + FIRST_DAY).timestamp()) - moment, 0)

    def _sentence(self, most: int) -> str:
        length = in_words(self.per)
        on_first_day = " on your first day here" if most < self.times else ""
        if "{}" in self.what:
            often = length if length.startswith("a") else f"in {length}"
            return f"You can {self.what.format(most)} {often}{on_first_day}."
        return f"You can {self.what} {most} times in {length}{on_first_day}."

    def left(self, by: Member, *, now: datetime | None = None) -> int:
        """How many they have left now, newcomers or not; all of them with the cache away."""
        try:
            spent = cache.get(self._key(by, int((now or timezone.now()).timestamp())), 0)
        except Exception:
            logger.exception("The cache did not answer, so a limit was not looked at: %s", self.what)
            return self.times
        return max(self.times - int(spent), 0)

    def _key(self, by: Member, moment: int) -> str:
        return f"limit:{slugify(self.what)}:{by.pk}:{moment // int(self.per.total_seconds())}"


@dataclass(frozen=True, slots=True)
class PlaceLimit:
    """At most `times` in each fixed window of length `per` by all together who are not signed in and come from one
    network address, behind which a whole council may sit: for what would slow the site down for everybody else. The
    address is kept nowhere: the cache holds a mark made of it, until the window is over."""

    what: str  # that was done, such as "searches have been made"
    times: int
    per: timedelta
    again: str = "try again"

    def spend(self, address: str, *, now: datetime | None = None) -> None:
        """Counts one. `address` "" stands for all of whom none is known. Raises LimitReached. With the cache away
        nothing is counted, as with `RateLimit`."""
        seconds = int(self.per.total_seconds())
        moment = int((now or timezone.now()).timestamp())
        mark = salted_hmac("network.limits.PlaceLimit", _place_of(address), algorithm="sha256").hexdigest()
        spent = _counted([f"limit:{slugify(self.what)}:{mark}:{moment // seconds}"], 1, seconds, self.what)
        if spent is None or spent[0] <= self.times:
            return
        left = seconds - moment % seconds
        length = in_words(self.per)
        within = length if length.startswith("a") else f"the last {length}"
        wait = in_words(timedelta(seconds=left))
        raise LimitReached(
            f"More than {self.times:,} {self.what} within {within} from the internet connection that you use, by "
            f"everybody on it together. You can {self.again} in {wait}. If you sign in, only what you do yourself "
            "counts.",
            retry_after=left,
        )


def _place_of(address: str) -> str:
    """Whoever has one IPv6 address has all that begin with the same 64 bits."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def _counted(keys: Sequence[str], count: int, seconds: int, what: str) -> list[int] | None:
    """What the counts are after each step; None where they are not counted, for the cache does not answer."""
    global asked_again_at
    if not keys or time.monotonic() < asked_again_at:
        return None
    try:
        return _count_up(keys, count, seconds)
    except Exception:
        asked_again_at = time.monotonic() + NOT_ASKED_FOR
        logger.exception("The cache did not answer, so a limit was not counted: %s", what)
        return None


def _count_up(keys: Sequence[str], count: int, seconds: int) -> list[int]:
    """What the counts are after each step; a count that is new lasts so many seconds."""
    backend = caches[DEFAULT_CACHE_ALIAS]
    if isinstance(backend, RedisCache):
        # All in one trip, of which Django's cache knows nothing.
        pipeline = backend._cache.get_client(write=True).pipeline(transaction=False)
        for key in map(backend.make_and_validate_key, keys):
            pipeline.set(key, 0, nx=True, ex=seconds)
            pipeline.incrby(key, count)
        return [int(answer) for answer in pipeline.execute()[1::2]]
    return [_count_one_up(key, count, seconds) for key in keys]


def _count_one_up(key: str, count: int, seconds: int) -> int:
    cache.add(key, 0, timeout=seconds)
    try:
        return cache.incr(key, count)
    except ValueError:
        return 0  # the count ended between the two; the next begins another, and the cache is well


def in_words(length: timedelta) -> str:
    """In the largest unit that it fills: `a day`, `an hour`, `30 seconds`. What is over counts as one more, so that
    whoever waits that long has waited long enough."""
    seconds = max(int(length.total_seconds()), 1)
    unit, size = next(
        (unit, size)
        for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
        if seconds >= size
    )
    count = ceil(seconds / size)
    return f"{count} {unit}s" if count > 1 else "an hour" if unit == "hour" else f"a {unit}"


JOINING = RateLimit("join or ask to join a network", 10, per=timedelta(days=1))
AGREEING = RateLimit("agree to the ground rules", 50, per=timedelta(days=1))
PUBLISHING_RULES = RateLimit("publish the ground rules", 10, per=timedelta(days=1))
DECIDING = RateLimit("decide on requests to join", 200, per=timedelta(hours=1))
ANSWERING = RateLimit("write to the facilitators of a network", 30, per=timedelta(days=1))
INVITING = RateLimit("send an invitation", 50, per=timedelta(days=1))
MANAGING = RateLimit("change memberships and settings", 200, per=timedelta(hours=1))
CONFIRMING = RateLimit("confirm domains", 500, per=timedelta(hours=1))
PROFILE = RateLimit("change your profile", 100, per=timedelta(hours=1))
PICTURES = RateLimit("change your picture", 20, per=timedelta(hours=1))
EXPORTING = RateLimit("export the directory", 10, per=timedelta(hours=1))
DOMAINS = RateLimit("change email domains", 500, per=timedelta(hours=1))
ASKING_IN = RateLimit("ask to be let in", 5, per=timedelta(days=1))
LETTING_IN = RateLimit("decide on who is let in", 300, per=timedelta(hours=1))
LISTS = RateLimit("let in a list of people", 30, per=timedelta(hours=1))
MERGING = RateLimit("merge organisations", 50, per=timedelta(hours=1))
PROVING = RateLimit("ask for a code to show that your mailbox is yours", 10, per=timedelta(hours=1))
CLOSING = RateLimit("close your account", 5, per=timedelta(days=1))
ASKING_FOR_DATA = RateLimit("ask for your data", 3, per=timedelta(days=1))
TAKING_DATA = RateLimit("download your data", 50, per=timedelta(days=1))
NOTICES = RateLimit("mark notices as read", 300, per=timedelta(hours=1))
CHANGING_ACCOUNTS = RateLimit("change accounts", 300, per=timedelta(hours=1))
LOOKING_UP = RateLimit("look up accounts", 1000, per=timedelta(hours=1))
EXPORTING_AUDIT = RateLimit("export the audit log", 20, per=timedelta(hours=1))
SENDING_AGAIN = RateLimit("send mail again", 500, per=timedelta(hours=1))
STOPPING_MAIL = RateLimit("stop all mail and let it go", 60, per=timedelta(hours=1))
RUNNING_TASKS = RateLimit("run tasks again", 200, per=timedelta(hours=1))
CHANGING = RateLimit("change networks and organisations", 300, per=timedelta(hours=1))
THEMES = RateLimit("change themes", 300, per=timedelta(hours=1))
FOLLOWING = RateLimit("follow themes", 300, per=timedelta(hours=1))
CREATING = RateLimit("create networks, themes and organisations", 100, per=timedelta(hours=1))
SECURING = RateLimit("change how you sign in", 30, per=timedelta(hours=1))
MOVING = RateLimit("change your email address", 5, per=timedelta(days=1))
