"""Which tests come, and in which order."""

from __future__ import annotations

from itertools import groupby

import pytest


def commits(test: pytest.Item) -> bool:
    fixtures = getattr(test, "fixturenames", ())
    marks = test.iter_markers("django_db")
    return "transactional_db" in fixtures or any(mark.kwargs.get("transaction") for mark in marks)


def needs_a_database(test: pytest.Item) -> bool:
    return "db" in getattr(test, "fixturenames", ()) or test.get_closest_marker("django_db") is not None


def mixed(tests: list[pytest.Item], processes: int) -> list[pytest.Item]:
    """For processes of which each begins with as many of them and then takes from the others' ends. Most of the time of
    journeys is waiting: so all begin with their share of these but the first, which has enough else to do. Before the
    journeys come those that need no database, which is being made."""
    without = [test for test in tests if not needs_a_database(test) and not commits(test)]
    committing = [test for test in tests if commits(test)]
    others = [test for test in tests if needs_a_database(test) and not commits(test)]
    files = [list(of_file) for _, of_file in groupby(committing, key=lambda test: test.path)]
    shares: list[list[pytest.Item]] = [[]]
    shares += ([test for of_file in files[n :: processes - 1] for test in of_file] for n in range(processes - 1))
    shares[-1] = [*without, *shares[-1]]
    order: list[pytest.Item] = []
    for number, share in enumerate(shares):
        # As they are dealt out: what is left, in equal parts.
        more = (len(tests) - len(order)) // (processes - number) - len(share)
        order += [*share, *others[: max(more, 0)]]
        others = others[max(more, 0) :]
    return order


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
