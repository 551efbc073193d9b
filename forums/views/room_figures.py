"""What the live rooms of the process that answers do, for administrators and their monitors: text, a figure a line."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from forums.consumers import writer
from forums.live import figures, process
from forums.live.figures import Delays
from network import permissions


@never_cache
@require_safe
def room_figures(request: HttpRequest) -> HttpResponse:
    if not permissions.can_see_worker(request.user):
        raise Http404
    text = "".join(f"{line}\n" for line in _lines())
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _lines() -> Iterator[str]:
    now, processes = figures.here, process.everywhere()
    yield "# Live rooms of this server process, since it began. Each process has its own figures."
    yield f"sockets {sum(one.listeners for one in processes)}"
    yield f"rooms {sum(len(one.hubs) for one in processes)}"
    yield f"opened {now.opened}"
    clock = time.monotonic()
    yield "# Let in within the last minute, and within its fullest second."
    yield f"opened_in_a_minute {now.opened_lately.total(clock)}"
    yield f"opened_in_a_second {now.opened_lately.most(clock)}"
    for code, count in sorted(now.closed.items()):
        yield f'closed{{code="{int(code)}",why="{code.name.lower().replace("_", " ")}"}} {count}'
    for said, count in sorted(now.refused.items()):
        yield f'refused{{code="{said}"}} {count}'
    yield f"resets {now.resets}"
    yield "# Events on their way to browsers that have not said yet that they have them."
    yield f"unacknowledged {sum(one.unacknowledged for one in processes)}"
    yield "# By how much the event loop was late, looked at once a second."
    yield from _delays("loop_late", now.lag)
    yield "# From the commit until everybody in a room was handed it."
    yield from _delays("told", now.told)
    yield "# Milliseconds that news gathers in the fullest room."
    yield f"gathers_ms {round(1000 * max((one.longest_rest for one in processes), default=0.0))}"
    yield "# The writer: what waits, how long the batch under way has taken, and what was written."
    yield f"writer_waiting {writer.waiting}"
    yield f"writer_busy_ms {round(1000 * writer.busy_for)}"
    yield f"writer_batches {now.batches}"
    yield f"writer_commands {now.written}"
    yield f"writer_refused {now.refused_busy}"
    yield from _delays("writer_took", now.written_in)
    yield "# Read from the log: pages that no memory held, gaps between hints, and news that no hint had told."
    yield f"ring_misses {now.ring_misses}"
    yield f"holes {now.holes}"
    yield f"rescues {now.rescues}"


def _delays(name: str, delays: Delays) -> Iterator[str]:
    for step, count in delays.steps():
        yield f'{name}{{step="{step}"}} {count}'
