"""Which tests come, and in which order."""

from __future__ import annotations

import pytest


def commits(test: pytest.Item) -> bool:
    fixtures = getattr(test, "fixturenames", ())
    marks = test.iter_markers("django_db")
    return "transactional_db" in fixtures or any(mark.kwargs.get("transaction") for mark in marks)


def needs_a_database(test: pytest.Item) -> bool:
    return "db" in getattr(test, "fixturenames", ()) or test.get_closest_marker("django_db") is not None


def mixed(tests: list[pytest.Item]) -> list[pytest.Item]:
    """For two processes of which each begins with half of them and then takes from the other's end. Half of the time of
    journeys is waiting: so one process begins with these while the other has enough to do. Before them come those that
    need no database, which is being made."""
    without = [test for test in tests if not needs_a_database(test) and not commits(test)]
    committing = [test for test in tests if commits(test)]
    others = [test for test in tests if needs_a_database(test) and not commits(test)]
    half = len(tests) // 2
    return others[:half] + without + committing + others[half:]


WAYS = {"by", "javascript", "width"}  # of going on a journey: by pointer or by keyboard, with and without scripts


def later_ways(tests: list[pytest.Item]) -> set[pytest.Item]:
    """Of the journeys that are gone on in several ways all but the first. Who goes, what they try and which server they
    meet is no way: that an outsider finds nothing is seen on each database for each of them."""
    first: dict[object, pytest.Item] = {}
    journeys = [test for test in tests if test.nodeid.startswith("tests/journeys/")]
    return {test for test in journeys if first.setdefault(_without_its_way(test), test) is not test}


def _without_its_way(test: pytest.Item) -> object:
    given = test.callspec.params if hasattr(test, "callspec") else {}
    return test.nodeid.partition("[")[0], *((name, repr(value)) for name, value in given.items() if name not in WAYS)
