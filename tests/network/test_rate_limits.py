"""How often something may be done is counted in the cache, and a cache that is away stops nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from redis.connection import Connection

from network import limits
from network.limits import LimitReached, RateLimit
from tests.cast import Cast
from tests.servers import RedisServer

TWICE = RateLimit("try this", 2, per=timedelta(days=1))


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
