from __future__ import annotations

from datetime import timedelta

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from network.actions.jobs import DEAD_AFTER, last_seen_worker
from network.health import what_is_wrong


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """For whoever watches the site: 200 while the database answers, a worker is alive and live
    rooms are written, else 503 and which it is."""
    try:
        seen = last_seen_worker()
    except Error:
        return _says("The database does not answer.", 503)
    age = timezone.now() - seen if seen else None
    if age is None or age > DEAD_AFTER:
        return _says("No worker is alive." if age is None else f"No worker was seen for {_whole(age)} seconds.", 503)
    problem = what_is_wrong()
    return _says(problem, 503) if problem else _says("ok", 200)


def _whole(age: timedelta) -> int:
    return int(age.total_seconds())


def _says(words: str, status: int) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
