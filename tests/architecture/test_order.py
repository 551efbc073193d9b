"""What is left out on the second database."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from tests.order import later_ways


@dataclass(eq=False)
class Journey:
    """As far as it is asked."""

    given: dict[str, Any]
    nodeid: str = "tests/journeys/test_a_walk.py::test_somebody_goes[any]"
    callspec: Any = field(init=False)

    def __post_init__(self) -> None:
        self.callspec = SimpleNamespace(params=self.given)


@pytest.mark.parametrize("way", ["by", "javascript", "width"])
def test_of_what_differs_in_the_browser_alone_the_first_is_enough(way: str) -> None:
    first, second = Journey({way: 1}), Journey({way: 2})

    assert later_ways([first, second]) == {second}  # type: ignore[list-item, comparison-overlap]


def test_nobody_who_may_not_and_no_server_is_left_out() -> None:
    journeys = [
        Journey({"site": server, "who": who, "width": width})
        for server in ("daphne", "uvicorn")
        for who in (None, "olga")
        for width in (1280, 375)
    ]

    assert later_ways(journeys) == set(journeys[1::2])  # type: ignore[arg-type, comparison-overlap]
