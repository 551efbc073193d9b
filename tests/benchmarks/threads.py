"""How quick threads are, and with how many queries, in a hub of the size that the settings' database is filled to.

    make bench SCALE=100
    make bench SCALE=100 TO=docs/speed.md

Goals are printed beside what was measured, and one that is missed is shown as missed. Times depend on the machine, so
it is named; the cost of a page is a ratio to that of a minimal Django view in the same run. With `--to` the table goes
into a file as well, in place of what the last run on that database put there between its two marks."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "network.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import path, reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

import forums.demo  # noqa: E402
import network.demo  # noqa: E402
from forums.actions.posts import reply  # noqa: E402
from forums.actions.reading import read_everything  # noqa: E402
from forums.models import Post, Thread  # noqa: E402
from forums.models.thread import ThreadPage  # noqa: E402
from forums.templatetags.threads import unread_count  # noqa: E402
from network.actions.statistics import gather_statistics  # noqa: E402
from network.kept import forget_parts  # noqa: E402
from network.models import Member, Membership, Network  # noqa: E402
from network.templatetags import components  # noqa: E402

RUNS = 30
AT_A_TIME = 5  # requests
WHOLE = ("queries", "posts/s", "mails", "notices")  # units of which there are no parts
FEW = 10_000  # posts, of which the rate would say nothing
ROW = "{:<58} {:>12} {:>12}  {}"

# The minimal view: signed in, as many rows from the same tables, nothing else. Like every other page it is of the same
# database in the same run, and its template is read once, as Django reads those in files.
MINIMAL = engines["django"].from_string("""<!doctype html>
<html lang="en"><head><title>{{ thread.title }}</title></head><body>
<h1>{{ thread.title }}</h1>
{% for post in posts %}<article><p>{{ post.author.name }}, {{ post.organisation.name }}, {{ post.written_at }}</p>
{{ post.html|safe }}</article>{% endfor %}</body></html>""")


@login_required
def minimal(request: HttpRequest, pk: int, page: int) -> HttpResponse:
    thread = Thread.objects.get(pk=pk)
    posts = Post.objects.filter(thread=thread).on_page(page).select_related("author", "organisation")
    return HttpResponse(MINIMAL.render({"thread": thread, "posts": posts}, request))


urlpatterns = [path("minimal/<int:pk>/<int:page>/", minimal)]


def at_its_own_address(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        request.urlconf = __name__
        return get_response(request)

    return answer


MIDDLEWARE = [
    f"{__name__}.at_its_own_address",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


@dataclass
class Measured:
    what: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False

    def line(self) -> str:
        shown = f"{self.value:,.0f}" if self.unit in WHOLE else f"{self.value:,.2f}"
        if self.goal is None:
            return ROW.format(self.what, f"{shown} {self.unit}", "", "")
        met = self.value >= self.goal if self.at_least else self.value <= self.goal
        goal = f"{'>=' if self.at_least else '<='} {self.goal:,.0f}"
        return ROW.format(self.what, f"{shown} {self.unit}", goal, "met" if met else "MISSED")


@contextmanager
def sql_time() -> Iterator[list[float]]:
    """Seconds that each statement took, with fetching."""
    times: list[float] = []

    def timed(execute: Callable[..., Any], *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            times.append(time.perf_counter() - began)

    with connection.execute_wrapper(timed):
        yield times


def milliseconds_of_sql(work: Callable[[], Any]) -> float:
    """The median over some runs, of all statements of one run together."""
    work()
    totals = []
    for _ in range(RUNS):
        with sql_time() as times:
            work()
        totals.append(sum(times) * 1000)
    return statistics.median(totals)


def database_cpu() -> float:
    """Seconds of processor time that the database's process for this connection has used; 0 where it is this one, or
    cannot be asked."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def milliseconds_of_cpu(*ask: Callable[[], HttpResponse]) -> list[float]:
    """Processor time of one request of each sort, of web and database together: the mean over many, a few of each sort
    in turn, so that whatever else the machine does falls on all of them."""
    spent = [0.0] * len(ask)
    for one in ask:
        for _ in range(5):
            assert one().status_code == 200
    for _ in range(RUNS):
        for sort, one in enumerate(ask):
            began = time.process_time() + database_cpu()
            for _ in range(AT_A_TIME):
                one()
            spent[sort] += time.process_time() + database_cpu() - began
    return [seconds * 1000 / (RUNS * AT_A_TIME) for seconds in spent]


def queries(work: Callable[[], Any]) -> int:
    work()
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def measure(heaviest: Member, longest: Thread) -> Iterator[Measured]:
    client = Client(headers={"host": settings.SITE_HOST})
    client.force_login(heaviest)
    last = Post.page_of(longest.highest_number)
    network = longest.network

    def page(number: int) -> str:
        return f"{longest.get_absolute_url()}?page={number}"

    for name, number in (("first", 1), ("middle", max(last // 2, 1)), ("last", last)):
        yield Measured(f"Thread page, {name} of {last}", queries(lambda n=number: client.get(page(n))), "queries", 14)
    for name, address in (
        ("Threads of a network", reverse("threads", args=[network.slug])),
        ("Unread, all networks", reverse("unread")),
    ):
        yield Measured(name, queries(lambda a=address: client.get(a)), "queries", 12)
    with CaptureQueriesContext(connection) as captured:
        reply(longest, by=heaviest, source="A post of the measurement")
    yield Measured("Posting", len(captured), "queries", 25)

    request = HttpRequest()
    request.user = heaviest
    unread = Thread.objects.unread_by(heaviest)
    is_large = connection.vendor == "postgresql"
    yield Measured(
        "Unread list, heaviest member",
        milliseconds_of_sql(lambda: ThreadPage.of(unread, heaviest)),
        "ms SQL",
        30 if is_large else None,
    )
    yield Measured(
        "Unread badge, heaviest member",
        milliseconds_of_sql(lambda: unread_count({"request": request})),
        "ms SQL",
        30 if is_large else None,
    )
    posts = Post.objects.in_place(heaviest).filter(thread=longest).select_related("author__profile", "organisation")
    yield Measured(
        "Last page of the longest thread",
        milliseconds_of_sql(lambda: list(posts.on_page(last))),
        "ms SQL",
        2 if is_large else None,
    )
    with CaptureQueriesContext(connection) as captured:
        read_everything(network, by=heaviest, now=Membership.objects.get(member=heaviest, network=network).read_before)
    updates = [query for query in captured if query["sql"].startswith("UPDATE")]
    yield Measured("Mark all as read", len(updates), "queries", 1)

    middle = max(last // 2, 1)
    small = Client(headers={"host": settings.SITE_HOST})
    small.force_login(heaviest)
    with override_settings(MIDDLEWARE=MIDDLEWARE, SESSION_ENGINE="django.contrib.sessions.backends.db"):
        small.handler.load_middleware()

    def unseen_page() -> HttpResponse:
        components.forget_all()
        forget_parts()
        return client.get(page(middle))

    ours, theirs, unseen = milliseconds_of_cpu(
        lambda: client.get(page(middle)), lambda: small.get(f"/minimal/{longest.pk}/{middle}/"), unseen_page
    )
    yield Measured("A minimal Django view of as many posts", theirs, "ms CPU")
    yield Measured("Thread page, whole request", ours, "ms CPU")
    yield Measured("Thread page to minimal view", ours / theirs, "times", 2)
    yield Measured("The same of a page whose posts nobody has looked at", unseen / theirs, "times")


def fill(scale: int) -> Measured | None:
    """Loads what is missing of the scale, and says how fast the bulk verb wrote; None where little was missing."""
    call_command("demo", prepare=True)
    now = timezone.now()
    network.demo.load_crowd(scale, now)
    before, began = Post.objects.count(), time.perf_counter()
    for _ in forums.demo.load_crowd(scale, now):
        pass
    written, seconds = Post.objects.count() - before, time.perf_counter() - began
    goal = 5_000 if connection.vendor == "postgresql" else None
    if written < FEW:
        return None
    return Measured(f"Filling with {written:,} posts", written / seconds, "posts/s", goal, at_least=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--to", type=Path, help="a file in Markdown, with the marks of this database in it")
    options = parser.parse_args()
    filled = fill(options.scale)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as it does by itself some minutes after that many rows
    else:
        gather_statistics()
        connection.close()  # it is read when one is opened
    heaviest = (
        Member.objects.filter(email__startswith="synthetic-")
        .annotate(known=Count("readings"))
        .order_by("-known", "pk")
        .first()
    )
    longest = Thread.objects.select_related("network").order_by("-highest_number").first()
    assert heaviest and longest
    if not Membership.objects.active().filter(member=heaviest, network=longest.network).exists():
        raise SystemExit("The heaviest member does not belong to the network of the longest thread.")
    known, longest_size = heaviest.known, longest.highest_number
    about = [
        machine(),
        f"{Thread.objects.count():,} threads, {Post.objects.count():,} posts, {_members()};",
        f"the heaviest member remembers {known:,} threads, the longest has {longest_size:,} posts.",
    ]
    say("\n" + "\n".join(about) + "\n")
    lines = []
    for measured in chain([filled] if filled else [], measure(heaviest, longest)):
        lines.append(measured.line())
        say(lines[-1])
    if options.to:
        put_in(options.to, "threads", [*about, "", *(line.rstrip() for line in lines)])


def put_in(file: Path, what: str, lines: list[str]) -> None:
    """Between the two marks of this database in the file, in place of what stood there. Raises ValueError where they
    are not in it."""
    mark = f"{what}: {connection.vendor}"
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->\n"
    before, _, rest = file.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{file} has no place for this: {begin.strip()} and {end.strip()}")
    file.write_text(before + begin + "\n```\n" + "\n".join(lines) + "\n```\n\n" + end + after)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def machine() -> str:
    """What it was measured on."""
    return f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, {_database()}"


def _database() -> str:
    if connection.vendor != "postgresql":
        return "SQLite"
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0].split()[0]}"


def _members() -> str:
    counts = [
        f"{Membership.objects.active().filter(network=network).count()} in the {network}"
        for network in Network.objects.order_by("order")
    ]
    return ", ".join(counts)


if __name__ == "__main__":
    main()
