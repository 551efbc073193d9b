"""The benchmark of the search itself runs, and finds what it measures: of a few, where its times mean nothing."""

from __future__ import annotations

import pytest
from django.conf import settings

from forums.actions.posts import reply
from forums.actions.threads import start_thread
from tests.benchmarks import search as benchmark
from tests.cast import Cast
from tests.cms.hub import make_hub


def test_every_row_of_the_table_is_measured(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "ROUNDS", 1)
    monkeypatch.setattr(settings, "SITE_HOST", "testserver")
    monkeypatch.setattr("network.limits.RateLimit.spend", lambda *_, **__: None)
    make_hub()
    thread = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="The longest", source="Words that stand here")
    for number in range(12):
        reply(thread, by=cast.fay, source=f"Several planners measured lampposts number {number}")

    rows = list(benchmark.measure(cast.bob, thread))

    assert [row.what for row in rows] == [
        "Search for common words, p95",
        "Search for rare words, p95",
        "Search for two words, p95",
        "Search for phrases, p95",
        "Search for misspelt words, p95",
        "Search for words of nobody, p95",
        "Search for all of these, p95",
        "Of it in the database, p95",
        "Of it for web and database, mean",
        "Suggestions, p95",
        "Search page for common words",
        "Search page for rare words",
        "Search page for two words",
        "Search page for phrases",
        "Search page for misspelt words",
        "Search page for words of nobody",
    ]
    assert all(row.value > 0 for row in rows)
    assert all(row.line().endswith("met") for row in rows[-6:])
