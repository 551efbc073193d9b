"""How often something may be done is counted in the cache, and a cache that is away stops nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import RequestFactory, override_settings
from redis.connection import Connection

from network import limits
from network.limits import LimitReached, PlaceLimit, RateLimit
from network.models import Member
from network.views import address_of
from tests.cast import Cast
from tests.servers import RedisServer

TWICE = RateLimit("try this", 2, per=timedelta(days=1))
TEN = RateLimit("ring {} bells", 10, per=timedelta(days=1), again="ring another", newcomers=True)
NOON = datetime(2030, 5, 2, 12, tzinfo=UTC)


def refused(limit: RateLimit, member: Member, now: datetime) -> LimitReached | None:
    return limit.spend_together([member], now=now)[0]


def opened_at(member: Member, at: datetime) -> Member:
    member.date_joined = at
    member.save(update_fields=["date_joined"])
    return member


def test_the_third_of_two_is_refused_and_others_are_counted_apart(cast: Cast) -> None:
    TWICE.spend(cast.bob)
    TWICE.spend(cast.bob)
    with pytest.raises(LimitReached):
        TWICE.spend(cast.bob)
    TWICE.spend(cast.fay)


def test_a_cache_that_does_not_answer_is_waited_for_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def no_answer(*what: object) -> list[int]:
        asked.append(what)
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(limits, "_count_up", no_answer)
        for _ in range(50):
            TWICE.spend(cast.bob)
    assert len(asked) == 1

    monkeypatch.setattr(limits, "asked_again_at", 0.0)  # a moment later
    TWICE.spend(cast.bob)
    TWICE.spend(cast.bob)
    with pytest.raises(LimitReached):
        TWICE.spend(cast.bob)


def test_a_count_that_ends_at_this_moment_ends_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(key: str, count: int) -> int:
        raise ValueError(f"Key {key!r} not found")

    with monkeypatch.context() as moment:
        moment.setattr(limits.cache, "incr", gone)
        RateLimit("knock", 1, per=timedelta(minutes=1)).spend(cast.bob)

    limit = RateLimit("ring", 1, per=timedelta(days=1))
    limit.spend(cast.bob)
    with pytest.raises(LimitReached):
        limit.spend(cast.bob)


def test_many_who_spend_together_are_counted_each_by_themselves_and_in_order(cast: Cast) -> None:
    problems = TWICE.spend_together([cast.bob, cast.fay, cast.bob, cast.bob])
    assert [problem is not None for problem in problems] == [False, False, False, True]
    assert TWICE.left(cast.bob) == 0
    assert TWICE.left(cast.fay) == 1
    assert TWICE.spend_together([]) == []


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (TWICE, "You can try this 2 times in a day. You can try again in 12 hours."),
        (TEN, "You can ring 10 bells a day. You can ring another in 12 hours."),
        (
            RateLimit("write {} lines", 1, per=timedelta(seconds=30), again="write another"),
            "You can write 1 lines in 30 seconds. You can write another in 30 seconds.",
        ),
    ],
)
def test_a_limit_is_a_sentence_with_the_time_left(cast: Cast, limit: RateLimit, said: str) -> None:
    for _ in range(limit.times):
        assert refused(limit, cast.bob, NOON) is None

    problem = refused(limit, cast.bob, NOON)

    assert str(problem) == said
    assert problem is not None
    # Who waits as long as they are told is not told to wait once more.
    assert refused(limit, cast.bob, NOON + timedelta(seconds=problem.retry_after)) is None


def test_on_the_first_day_of_an_account_it_is_a_fifth_and_on_the_second_all(cast: Cast) -> None:
    olga = opened_at(cast.olga, NOON - timedelta(hours=20))
    assert [refused(TEN, olga, NOON) for _ in range(2)] == [None, None]

    problem = refused(TEN, olga, NOON)

    assert str(problem) == "You can ring 2 bells a day on your first day here. You can ring another in 4 hours."
    tomorrow = NOON + timedelta(hours=4)  # of theirs: on the same day of the calendar
    assert [refused(TEN, olga, tomorrow) for _ in range(7)] == [None] * 7
    assert str(refused(TEN, olga, tomorrow)) == "You can ring 10 bells a day. You can ring another in 8 hours."


def test_a_fifth_is_at_least_one_and_other_limits_are_for_newcomers_too(cast: Cast) -> None:
    olga = opened_at(cast.olga, NOON)
    thrice = RateLimit("knock {} times", 3, per=timedelta(days=1), newcomers=True)

    assert refused(thrice, olga, NOON) is None
    assert refused(thrice, olga, NOON) is not None
    assert [refused(TWICE, olga, NOON) for _ in range(2)] == [None, None]


@pytest.mark.parametrize("who", ["fay", "ada"])
def test_who_facilitates_or_holds_an_office_is_no_newcomer(cast: Cast, who: str) -> None:
    member = opened_at(getattr(cast, who), NOON)

    assert [refused(TEN, member, NOON) for _ in range(10)] == [None] * 10


def test_only_for_newcomers_who_have_spent_theirs_the_database_is_asked(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    olga = opened_at(cast.olga, NOON)
    with django_assert_num_queries(0):
        TEN.spend_together([cast.bob] * 10 + [olga] * 2, now=NOON)


FROM_ONE_PLACE = PlaceLimit("stones have been thrown", 2, per=timedelta(minutes=1), again="throw another")


def thrown(address: str, now: datetime = NOON) -> bool:
    try:
        FROM_ONE_PLACE.spend(address, now=now)
    except LimitReached:
        return False
    return True


def test_who_is_not_signed_in_is_counted_by_where_they_come_from() -> None:
    assert [thrown("203.0.113.7") for _ in range(3)] == [True, True, False]
    assert thrown("203.0.113.8")
    with pytest.raises(LimitReached) as said:
        FROM_ONE_PLACE.spend("203.0.113.7", now=NOON + timedelta(seconds=20))
    assert str(said.value) == (
        "More than 2 stones have been thrown within a minute from the internet connection that you use, by everybody "
        "on it together. You can throw another in 40 seconds. If you sign in, only what you do yourself counts."
    )
    assert said.value.retry_after == 40
    assert thrown("203.0.113.7", NOON + timedelta(minutes=1))


def test_many_addresses_of_one_connection_are_one_place_and_what_is_no_address_too() -> None:
    assert [thrown(f"2001:db8:1:2::{number:x}") for number in range(1, 4)] == [True, True, False]
    assert thrown("2001:db8:1:3::1")
    assert [thrown(address) for address in ("203.0.113.7", "::ffff:203.0.113.7", "203.0.113.7")] == [True, True, False]
    assert [thrown(address) for address in ("", "unix:", "")] == [True, True, False]


@pytest.mark.parametrize(
    ("proxies", "sent", "address"),
    [
        (0, {"REMOTE_ADDR": "203.0.113.7", "HTTP_X_FORWARDED_FOR": "198.51.100.9"}, "203.0.113.7"),
        (1, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1, 198.51.100.9"}, "198.51.100.9"),
        (2, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.9"}, ""),
        (0, {"REMOTE_ADDR": ""}, ""),
    ],
)
def test_where_somebody_comes_from_is_what_our_own_proxies_say(
    settings: Any, proxies: int, sent: dict[str, str], address: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert address_of(RequestFactory().get("/", **sent)) == address  # type: ignore[arg-type]


def test_the_address_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []
    monkeypatch.setattr(limits, "_count_up", lambda asked, *rest: keys.extend(asked) or [1])
    FROM_ONE_PLACE.spend("203.0.113.7", now=NOON)
    assert "203.0.113" not in keys[0]
    with override_settings(SECRET_KEY="another" * 10):
        FROM_ONE_PLACE.spend("203.0.113.7", now=NOON)
    assert keys[0] != keys[1], "nobody finds it by trying all addresses without the key"


def test_with_the_cache_away_nobody_is_kept_from_searching(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_answer(*what: object) -> list[int]:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(limits, "_count_up", no_answer)
        assert [thrown("203.0.113.7") for _ in range(5)] == [True] * 5
    monkeypatch.setattr(limits, "asked_again_at", 0.0)


@pytest.mark.slow
def test_in_redis_many_are_counted_in_one_trip(
    cast: Cast, redis_server: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_server.url}
    settings.CACHES = {"default": where}
    trips: list[int] = []
    send = Connection.send_packed_command

    def counted(self: Connection, *args: object, **kwargs: object) -> None:
        trips.append(1)
        send(self, *args, **kwargs)

    cache.get("opens-the-connection")
    monkeypatch.setattr(Connection, "send_packed_command", counted)
    limit = RateLimit("try that", 2, per=timedelta(seconds=60))
    problems = limit.spend_together([cast.bob] * 3 + [cast.fay])
    assert [problem is not None for problem in problems] == [False, False, True, False]
    assert len(trips) == 1
    with pytest.raises(LimitReached):
        limit.spend(cast.bob)
    assert limit.left(cast.fay) == 1
