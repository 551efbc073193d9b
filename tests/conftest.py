"""Fixtures for all tests."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache

from tests.cast import Cast, make_cast

ROOT = Path(__file__).resolve().parent.parent
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "alone")  # gw0, gw1 ... where several processes share the tests

# Each of these processes has a database of its own, so each may serve the site.
settings.ONE_PROCESS_LOCK = None


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


def migrations_stamp() -> tuple[Path, str]:
    """Where it is written which migrations the kept test database was made by, and a name for those of now."""
    files = [*sorted(ROOT.glob("*/migrations/*.py")), ROOT / "deploy" / "constraints.txt"]
    name = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    database = hashlib.sha256(settings.DATABASE_URL.encode()).hexdigest()[:8]
    return settings.VAR_DIR / f"test-database-{database}-{PROCESS}", name


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write pages that are made by tests anew")


def pytest_configure(config: pytest.Config) -> None:
    """A kept test database whose migrations have changed since is made anew."""
    stamp, name = migrations_stamp()
    if not stamp.exists() or stamp.read_text() != name:
        config.option.create_db = True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    stamp, name = migrations_stamp()
    stamp.write_text(name)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def no_limits_spent() -> None:
    """Rate limits are counted in the cache; each test begins with none spent."""
    cache.clear()
