from __future__ import annotations

import csv
import io
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from network.models import Admission, Member
from tests.cast import Cast

Queries = Callable[[Client, str], int]


def rows_of(response: Any) -> list[list[str]]:
    """What stands in a CSV file that a page hands out."""

    async def read() -> bytes:
        return b"".join([part async for part in response.streaming_content])

    return list(csv.reader(io.StringIO(async_to_sync(read)().decode("utf-8-sig"))))


@pytest.fixture
def queries() -> Queries:
    """How many queries a page takes that its reader may see."""

    def count_queries(client: Client, address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    return count_queries


@pytest.fixture
def make_officers(cast: Cast) -> Callable[[int], list[Member]]:
    """More officers of the cast's council, where a test is about how many there are."""
    numbers = count()

    def make(how_many: int) -> list[Member]:
        domain = cast.council.domains.get(domain="exampleshire.example.org")
        officers = []
        for number in (next(numbers) for _ in range(how_many)):
            officer = Member.objects.create_user(
                f"officer{number}@exampleshire.example.org", name=f"Officer {number}", organisation=cast.council
            )
            Admission.objects.create(member=officer, rule=Admission.Rule.CONFIRMED_DOMAIN, domain=domain)
            officers.append(officer)
        return officers

    return make
