"""The benchmark of the digests itself runs, and finds what it measures: of a few, where its times mean nothing."""

from __future__ import annotations

import pytest

from tests.benchmarks import digests as benchmark


def test_every_row_of_the_table_is_measured(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("network.limits.RateLimit.spend", lambda *_, **__: None)
    rows = [*benchmark.measure_digests(12, 2, goal=30), *benchmark.measure_fan_out(12)]

    value = {(row.what.partition(",")[0], row.unit): row.value for row in rows}
    assert value["Digests sent", "mails"] == 12
    assert value["A digest", "KB"] > 1
    assert value["Notices given by the worker", "notices"] == 11
    assert value["Mails of it", "mails"] == 11
    missed = [row.line() for row in rows if row.unit not in ("s", "s CPU") and row.line().endswith("MISSED")]
    assert missed == []
