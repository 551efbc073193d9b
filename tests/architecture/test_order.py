"""What is left out on the second database."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from tests.order import later_ways, mixed


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


@dataclass(eq=False)
class Ordered:
    """As far as it is asked."""

    fixturenames: tuple[str, ...] = ()
    path: str = ""

    def iter_markers(self, name: str) -> list[Any]:
        return []

    def get_closest_marker(self, name: str) -> None:
        return None


@pytest.mark.parametrize("processes", [2, 3, 4])
@pytest.mark.parametrize(("journeys", "others"), [(12, 60), (12, 0), (0, 60), (1, 1)])
def test_every_process_but_the_first_begins_with_its_share_of_the_journeys(
    processes: int, journeys: int, others: int
) -> None:
    walks = [Ordered(("transactional_db", "db"), f"walk_{number // 2}") for number in range(journeys)]
    tests = [*(Ordered(("db",), "forums") for _ in range(others)), *walks, *(Ordered() for _ in range(5))]

    order: list[Any] = mixed(tests, processes)  # type: ignore[arg-type]

    assert set(order) == set(tests)
    assert len(order) == len(tests)
    if journeys == 12 and others:
        begins = [number * len(tests) // processes for number in range(processes)]
        assert order[0] not in walks
        assert all(order[begin] in walks for begin in begins[1:-1])
        assert order[begins[-1] + 5] in walks, "behind those that need no database"
