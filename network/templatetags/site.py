"""What every page shows around its own content."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Context processor: settings that the base template needs. No queries; lists are read by tags."""
    return {"demonstration": settings.DEMONSTRATION, "site_url": settings.SITE_URL}
