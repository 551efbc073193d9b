"""Sites with servers of their own, so that a test can take any part of them away."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from forums.actions.rooms import schedule_room
from forums.models import Room
from network.models import Admission, Member, Membership, Network, Organisation
from tests.cast import Cast
from tests.journeys.conftest import Server, session_of
from tests.servers import PostgresServer


class Process(Server):
    """One of the processes that serve a site together. The first one's address is that of the site."""

    def __init__(
        self, var: Path, kind: str, *, site_url: str = "", database_url: str = "", redis_url: str = ""
    ) -> None:
        super().__init__(var, kind)
        self.site_url = site_url or self.url
        self.database_url = database_url
        self.redis_url = redis_url

    def __repr__(self) -> str:
        return f"The process at {self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {"GUILDHALL_SITE_URL": self.site_url, "REDIS_URL": self.redis_url}
        if self.database_url:
            own["DATABASE_URL"] = self.database_url
        return super().environment | own

    def start(self) -> None:
        """As whatever looks after servers does it: one that ends because the database is away is started again."""
        for _ in range(60):
            try:
                super().start()
                return
            except RuntimeError:
                if self.process is None or self.process.poll() is None:
                    raise
                time.sleep(0.5)
        super().start()

    @property
    def socket_address(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


class Processes(list[Process]):
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, kind: str, *, database_url: str = "", redis_url: str = "") -> Process:
        """One more, started. Without Redis each has memory of its own, and the database alone in common."""
        var = self.folder / f"process-{len(self) + 1}"
        var.mkdir()
        process = Process(
            var, kind, site_url=self[0].url if self else "", database_url=database_url, redis_url=redis_url
        )
        self.append(process)
        process.start()
        return process

    @property
    def said_wrong(self) -> str:
        """What stands in their logs."""
        return "\n".join((process.var / "server.log").read_text() for process in self)


@pytest.fixture
def processes(tmp_path: Path, transactional_db: None) -> Iterator[Processes]:
    started = Processes(tmp_path)
    yield started
    for process in started:
        process.stop()


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """One that belongs to this test alone. Not started, for there is nothing in it yet."""
    server = PostgresServer()
    server.create()
    try:
        server.start()
        yield server
    finally:
        server.drop()


@pytest.fixture
def room(transactional_db: None, cast: Cast) -> Room:
    now = timezone.now()
    return schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )


def sessions_of_members(room: Room, cast: Cast, count: int) -> list[str]:
    """Of so many members of the room's network, each signed in once."""
    return [session_of(member) for member in members_of(room.network, cast.council, count)]


def members_of(network: Network, council: Organisation, count: int) -> list[Member]:
    now = timezone.now()
    members = []
    for number in range(count):
        member = Member.objects.create_user(
            f"listener{number}@exampleshire.example.org", name=f"Listener {number}", organisation=council
        )
        Admission.objects.create(member=member, rule=Admission.Rule.PERSON)
        members.append(member)
    Membership.objects.bulk_create(
        Membership(member=member, network=network, state=Membership.State.ACTIVE, joined_at=now) for member in members
    )
    return members


def url_of_test_database() -> str:
    """The address of the database that this run's tests use, for the tools of PostgreSQL."""
    given = connection.settings_dict
    user = given["USER"] + (f":{given['PASSWORD']}" if given["PASSWORD"] else "")
    return f"postgres://{user}@{given['HOST'] or '127.0.0.1'}:{given['PORT'] or 5432}/{given['NAME']}"


on_postgresql = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="runs where DATABASE_URL is a PostgreSQL"
)
on_sqlite = pytest.mark.skipif(
    os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="runs on the embedded default"
)
