from __future__ import annotations

import pytest

from tests.cms.hub import Hub, make_hub


@pytest.fixture
def hub(db: None) -> Hub:
    return make_hub()
