"""Fixtures for all tests."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import hashlib
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from django.apps import apps
from django.apps.registry import Apps
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import FileSystemStorage
from django.core.management.commands import flush
from django.db import OperationalError, connection
from django.db.backends.base.introspection import BaseDatabaseIntrospection
from django.db.backends.base.operations import BaseDatabaseOperations
from pytest_django import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware

from forums.digest import talk_in
from forums.models import Attachment
from network import limits
from network.models import Profile
from tests.cast import Cast, make_cast
from tests.cms.hub import Hub, shared_hub
from tests.order import later_ways, mixed
from tests.servers import RedisServer

ROOT = Path(__file__).resolve().parent.parent
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "alone")  # gw0, gw1 ... where several processes share the tests

# Each of these processes has a database of its own, so each may serve the site.
settings.ONE_PROCESS_LOCK = None

# What migrations and a thousand tests make is looked through for rings far too often by default: a third of the time
# that the migrations take.
gc.set_threshold(50_000, 20, 100)


def remember_what_may_be_swapped() -> None:
    """Which models may be swapped for another never changes. Django forgets it whenever a migration touches a model and
    asks for every foreign key again: a seventh of the time that making the test database takes."""
    asked = Apps.get_swappable_settings_name.__wrapped__  # type: ignore[attr-defined]
    known: dict[str, str | None] = {}

    def remembered(registry: Apps, name: str) -> str | None:
        if registry is not apps:
            return asked(registry, name)  # type: ignore[no-any-return]
        if name not in known:
            known[name] = asked(registry, name)
        return known[name]

    remembered.cache_clear = lambda: None  # type: ignore[attr-defined]
    Apps.get_swappable_settings_name = remembered  # type: ignore[method-assign, assignment]


remember_what_may_be_swapped()


def remember_static_files() -> None:
    """Every test client is a site of its own that starts by looking for all static files: a tenth of the time of all
    tests. None comes while they run, so they are looked for once for each way in which they are found and served."""
    look = WhiteNoiseMiddleware.add_files_from_finders
    known: dict[str, dict[str, Any]] = {}

    def remembered(middleware: WhiteNoiseMiddleware) -> None:
        found_by = (settings.STATICFILES_FINDERS, settings.STATICFILES_DIRS, settings.INSTALLED_APPS, settings.STORAGES)
        served_as = (middleware.static_prefix, middleware.max_age, middleware.charset, middleware.allow_all_origins)
        way = repr((found_by, served_as))
        if way not in known:
            before = dict(middleware.files)
            look(middleware)
            known[way] = {url: file for url, file in middleware.files.items() if before.get(url) is not file}
        middleware.files.update(known[way])

    WhiteNoiseMiddleware.add_files_from_finders = remembered


remember_static_files()


# The index of posts is no table of a model, so Django empties it with none. It remembers what was deleted from it until
# it is put in order, on SQLite.
EMPTY_THE_INDEX = ("DELETE FROM forums_post_index", "DELETE FROM forums_word")
FORGET_WHAT_STOOD_THERE: dict[str, tuple[str, ...]] = {
    "sqlite": ("INSERT INTO forums_post_index (forums_post_index) VALUES ('optimize')",),
    "postgresql": (),
}


def empty_again_after_a_deadlock() -> None:
    """A server of a test writes down who is in its rooms until it has stopped. PostgreSQL then breaks off either that
    or the emptying of all tables; the emptying begins again. With the tables goes the index of posts."""
    empty = BaseDatabaseOperations.execute_sql_flush

    def patient(operations: BaseDatabaseOperations, statements: list[str]) -> None:
        statements = [*statements, *EMPTY_THE_INDEX, *FORGET_WHAT_STOOD_THERE[connection.vendor]]
        for _ in range(4):
            try:
                return empty(operations, statements)
            except OperationalError as error:
                if "deadlock" not in str(error):
                    raise
        return empty(operations, statements)

    BaseDatabaseOperations.execute_sql_flush = patient  # type: ignore[method-assign]


empty_again_after_a_deadlock()


def do_not_wait_for_the_disk() -> None:
    """What a test commits need not outlive the machine, only its process. Servers under test are waited for."""
    options = settings.DATABASES["default"].get("OPTIONS", {})
    if "init_command" in options:
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


do_not_wait_for_the_disk()


def use_a_redis_of_its_own() -> None:
    """Two processes must not empty each other's cache nor hear each other's rooms. Emptying knows no key prefixes and
    publishing knows no database numbers, so each process gets a number and a prefix."""
    address = urlsplit(settings.REDIS_URL)
    first = int(address.path.strip("/") or 0)
    number = first if PROCESS == "alone" else first + 1 + int(PROCESS.removeprefix("gw"))
    assert number < 16, "Redis has sixteen databases; begin with a lower one or use fewer processes"
    settings.REDIS_URL = address._replace(path=f"/{number}").geturl()
    settings.CACHES["default"]["LOCATION"] = settings.REDIS_URL
    settings.CHANNEL_LAYERS["default"]["CONFIG"] = {"hosts": [settings.REDIS_URL], "prefix": f"guildhall:{number}"}


if settings.REDIS_URL:
    use_a_redis_of_its_own()


def name_of_migrations() -> str:
    files = [*sorted(ROOT.glob("*/migrations/*.py")), ROOT / "deploy" / "constraints.txt"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def stamp_of(database: str) -> Path:
    """Where it is written which migrations a kept test database was made by."""
    server = hashlib.sha256(settings.DATABASE_URL.encode()).hexdigest()[:8]
    return settings.VAR_DIR / f"test-database-{server}-{database}"


def is_of_now(database: str) -> bool:
    stamp = stamp_of(database)
    return stamp.exists() and stamp.read_text() == name_of_migrations()


class KeptDatabase:
    """The database of this process, and one beside it that no test ever writes to: all others are copies of that."""

    def __init__(self) -> None:
        self.name = str(connection.creation._get_test_db_name())
        if connection.vendor == "sqlite":
            self.untouched = str(settings.VAR_DIR / "test-untouched.sqlite3")
        else:
            self.untouched = f"test_{urlsplit(settings.DATABASE_URL).path.strip('/')}_untouched"

    def can_be_copied(self) -> bool:
        if not is_of_now("untouched"):
            return False
        if connection.vendor == "sqlite":
            return Path(self.untouched).exists()
        with connection._nodb_cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.untouched])
            return cursor.fetchone() is not None

    def copy(self) -> None:
        self._copy(self.untouched, self.name)
        stamp_of(PROCESS).write_text(name_of_migrations())

    def keep(self) -> None:
        """As it was just made, for others to copy."""
        self._copy(self.name, self.untouched)
        for database in ("untouched", PROCESS):
            stamp_of(database).write_text(name_of_migrations())

    def _copy(self, source: str, target: str) -> None:
        connection.close()
        if connection.vendor == "sqlite":
            for end in ("", "-wal", "-shm"):
                Path(target + end).unlink(missing_ok=True)
            with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
                old.backup(new)
            return
        connection.close_pool()  # nobody may be in what is copied
        quoted = connection.ops.quote_name
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted(target)}")
            cursor.execute(f"CREATE DATABASE {quoted(target)} TEMPLATE {quoted(source)}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write pages that are made by tests anew")
    parser.addoption(
        "--first-way",
        action="store_true",
        help="go on each journey in the first of its ways only, and without axe: the others differ in the browser, "
        "which knows nothing of the database",
    )


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """A kept database whose migrations have changed since is made anew. Of several processes that need one, the first
    makes it while the others wait, and they copy it."""
    option = request.config.option
    if option.create_db or not is_of_now(PROCESS):
        # The test that comes first is not to blame for how long it takes.
        getattr(request._pyfuncitem, "cancel_timeout", lambda: None)()
    with stamp_of("lock").open("w") as lock, django_db_blocker.unblock():
        fcntl.flock(lock, fcntl.LOCK_EX)
        database = KeptDatabase()
        if not option.create_db and not is_of_now(PROCESS):
            if database.can_be_copied():
                database.copy()
            else:
                option.create_db = True
        request.getfixturevalue("django_db_setup")
        if option.create_db:
            database.keep()
    shared_hub.database = django_db_blocker


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.first_way:
        left_out = later_ways(items)
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))
    if PROCESS != "alone":
        items[:] = mixed(items, int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    shared_hub.before(item)


def pytest_sessionfinish() -> None:
    shared_hub.close()


@pytest.fixture(autouse=True, scope="session")
def numbers_that_servers_remember() -> Iterator[None]:
    """Between tests that commit all tables are emptied but these. For all connections: a browser makes another one. And
    so nothing has to be made again, which takes ten times as long as the emptying."""
    kept = ("django_content_type", "auth_permission")
    tables = BaseDatabaseIntrospection.django_table_names

    def table_names(self: BaseDatabaseIntrospection, *args: Any, **options: Any) -> list[str]:
        return [table for table in tables(self, *args, **options) if table not in kept]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseIntrospection, "django_table_names", table_names)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def portraits_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pictures and files that tests make are not left beside those of the site."""
    Profile.picture.field.storage = FileSystemStorage(location=tmp_path_factory.mktemp("portraits"), base_url=None)
    Attachment.file.field.storage = FileSystemStorage(location=tmp_path_factory.mktemp("attachments"), base_url=None)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def hub(db: None) -> Hub:
    return shared_hub.hub()


@pytest.fixture(autouse=True)
def no_limits_spent() -> None:
    """Rate limits are counted in the cache; each test begins with none spent, with a cache that is asked, and without
    what another network wrote that had the same number."""
    cache.clear()
    talk_in.cache_clear()
    limits.asked_again_at = 0.0


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that belongs to this test alone, whatever the others use."""
    server = RedisServer(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@dataclass
class Received:
    rcpt_tos: list[str]
    message: EmailMessage

    @property
    def text(self) -> str:
        return str(self.message.get_content())


class MailServer:
    """A mail server on this machine. `answer`, where given, is what it says to every recipient: "450 Busy"; `verdict`
    what it says to every message. `connections` are those it was ever asked over."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answer = ""
        self.verdict = ""
        self.received: list[Received] = []
        self.connections = 0
        self._open: list[tuple[asyncio.AbstractEventLoop, asyncio.Transport]] = []

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        self._open.append((asyncio.get_running_loop(), server.transport))
        return responses

    def hang_up(self) -> None:
        """Ends all connections without a word."""
        for loop, transport in self._open:
            loop.call_soon_threadsafe(transport.abort)
        self._open.clear()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if not self.answer:
            envelope.rcpt_tos.append(address)
        return self.answer or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.verdict:
            return self.verdict
        message = message_from_bytes(envelope.content, _class=EmailMessage, policy=default)
        self.received.append(Received(list(envelope.rcpt_tos), message))
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server = MailServer(port)
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    yield server
    controller.stop()
