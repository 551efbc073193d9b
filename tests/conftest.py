"""Fixtures for all tests."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from tests.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def no_limits_spent() -> None:
    """Rate limits are counted in the cache; each test begins with none spent."""
    cache.clear()
