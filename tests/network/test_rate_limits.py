"""How often something may be done is counted in the cache, and a cache that is away stops nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache

from network import limits
from network.limits import LimitReached, RateLimit
from tests.cast import Cast

TWICE = RateLimit("try this", 2, per=timedelta(days=1))


def test_the_third_of_two_is_refused_and_others_are_counted_apart(cast: Cast) -> None:
    TWICE.spend(cast.bob)
    TWICE.spend(cast.bob)
    with pytest.raises(LimitReached):
        TWICE.spend(cast.bob)
    TWICE.spend(cast.fay)


def test_a_cache_that_does_not_answer_is_waited_for_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def no_answer(key: str, *args: object, **kwargs: object) -> bool:
        asked.append(key)
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(cache, "add", no_answer)
        for _ in range(50):
            TWICE.spend(cast.bob)
    assert len(asked) == 1

    monkeypatch.setattr(limits, "asked_again_at", 0.0)  # a moment later
    TWICE.spend(cast.bob)
    TWICE.spend(cast.bob)
    with pytest.raises(LimitReached):
        TWICE.spend(cast.bob)
