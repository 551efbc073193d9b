"""The benchmark itself runs, and finds what it measures: on the cast, where its figures mean nothing."""

from __future__ import annotations

import pytest
from django.conf import settings

from forums.actions.posts import reply
from forums.actions.threads import start_thread
from tests.benchmarks import threads as benchmark
from tests.cast import Cast


def test_every_row_of_the_table_is_measured(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "RUNS", 1)
    monkeypatch.setattr(settings, "SITE_HOST", "testserver")
    thread = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="The longest", source="Words")
    for number in range(25):
        reply(thread, by=cast.fay, source=f"More words {number}")
    thread.refresh_from_db()

    table = list(benchmark.measure(cast.bob, thread))

    assert [row.what for row in table if row.goal is not None and row.unit == "queries"] == [
        "Thread page, first of 2",
        "Thread page, middle of 2",
        "Thread page, last of 2",
        "Threads of a network",
        "Unread, all networks",
        "Posting",
        "Mark all as read",
    ]
    assert all(row.value > 0 for row in table)
    missed = [row.line() for row in table if row.unit == "queries" and row.line().endswith("MISSED")]
    assert missed == []


def test_a_goal_that_is_missed_is_said_to_be() -> None:
    assert benchmark.Measured("Page", 15, "queries", 14).line().endswith("MISSED")
    assert benchmark.Measured("Page", 14, "queries", 14).line().endswith("met")
    assert benchmark.Measured("Filled", 4_000, "posts/s", 5_000, at_least=True).line().endswith("MISSED")
