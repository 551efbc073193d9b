"""SQLite knows what is in its tables."""

from __future__ import annotations

import pytest
from django.db import connection

from network.actions.jobs import SCHEDULE
from network.actions.statistics import gather_statistics
from tests.cast import Cast


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL looks by itself")
def test_a_daily_job_has_sqlite_look_at_its_tables(cast: Cast) -> None:
    SCHEDULE["look at what is in the tables"].run()

    with connection.cursor() as cursor:
        cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = 'network_member' LIMIT 1")
        (counted,) = cursor.fetchone()
    assert int(counted.split()[0]) >= len([cast.bob, cast.fay, *cast.outsiders])


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has to be asked")
@pytest.mark.django_db
def test_postgresql_is_left_alone() -> None:
    with connection.execute_wrapper(lambda *_: pytest.fail("It was asked something")):
        gather_statistics()
