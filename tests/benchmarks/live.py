"""How much a live room takes, and how quickly: `make bench-live`.

A program in C plays the browsers, so that what is measured is the server; each has a processor to itself where there
are two. Django and Wagtail are loaded, sign-in and Origin are checked. Processor time of a server is compared with that
of bare asyncio writing the same frames on the same processor, in turn in one run. Goals are printed beside what was
measured, and one that is missed is shown as missed. With `--scale 0.2` there are a fifth of the sockets, which shows
that it runs, and nothing else. A row that fails is said to, and the others are measured. `--to FILE` puts the table
into a text, between the two marks that stand there for it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "network.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from forums import limits  # noqa: E402
from forums.actions.commands import Command, carry_out  # noqa: E402
from forums.actions.messages import Saying  # noqa: E402
from forums.actions.rooms import schedule_room  # noqa: E402
from forums.actions.session_threads import ask_for_threads, make_threads  # noqa: E402
from forums.live.writer import Writer  # noqa: E402
from forums.models import Question, Room  # noqa: E402
from network.models import Member, Membership, Network, Organisation, Theme  # noqa: E402
from tests.cast import make_cast  # noqa: E402
from tests.faults.conftest import members_of  # noqa: E402
from tests.journeys.conftest import session_of  # noqa: E402
from tests.servers import RedisServer, free_port  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = 1_500  # each may say fifteen messages in half a minute

# An answer that takes longer does not come.
PATIENCE = 240  # seconds
# Where the table stands in a text.
BEGIN, END = "<!-- table -->", "<!-- end of the table -->"

Answer = dict[str, Any]


class NotMeasured(Exception):
    """What a row says instead of a figure."""


@dataclass
class Row:
    what: str
    value: float | None  # None: it was not measured; then the unit says why
    unit: str
    goal: float | None = None
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        if self.value is None:
            return False
        return self.goal is None or (self.value >= self.goal if self.at_least else self.value <= self.goal)

    def line(self) -> str:
        if self.value is None:
            return f"| {self.what} | not measured: {self.unit} | | MISSED |"
        shown = f"{self.value:,.0f}" if abs(self.value) >= 100 else f"{self.value:,.2f}"
        goal = "" if self.goal is None else f"{'at least' if self.at_least else 'at most'} {self.goal:,g}"
        verdict = "" if self.goal is None else "met" if self.is_met else "MISSED"
        return f"| {self.what} | {shown} {self.unit} | {goal} | {verdict} |"


# What is measured, and what measures


class Process:
    """A server, or the browsers. Speaks one line of JSON for each command."""

    def __init__(self, command: list[str], processor: int, environment: dict[str, str], log: Path) -> None:
        self.log = log.open("ab")
        processors = sorted(os.sched_getaffinity(0))
        mine = {processors[processor % len(processors)]}
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, mine),
        )
        self.answers: queue.Queue[Answer] = queue.Queue()
        threading.Thread(target=self._hear, daemon=True).start()

    def begin(self, command: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def end(self) -> Answer:
        try:
            answer = self.answers.get(timeout=PATIENCE)
        except queue.Empty:
            raise NotMeasured(f"no answer in {PATIENCE} seconds") from None
        if "problem" in answer:
            raise NotMeasured(answer["problem"])
        return answer

    def _hear(self) -> None:
        """On a thread of its own, for a server says other things too."""
        assert self.process.stdout
        with contextlib.suppress(ValueError):  # it was closed
            for line in self.process.stdout:
                if line.startswith(("ANSWER ", "{")):
                    self.answers.put(json.loads(line.removeprefix("ANSWER ")))
        self.answers.put({"problem": "a server, or the browsers, ended by themselves"})

    def ask(self, command: str) -> Answer:
        self.begin(command)
        return self.end()

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far, of all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> int:
        """In bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        self.log.close()


class Bench:
    def __init__(self, folder: Path, generator: Path, scale: float) -> None:
        self.folder = folder
        self.generator = generator
        self.scale = scale
        self.network = prepare()
        self.room: Room
        self.sessions = folder / "sessions"
        keys = [session_of(member) for member in crowd(self.network)]
        self.sessions.write_text("\n".join(keys) + "\n")
        connection.close()

    def sockets(self, number: int) -> int:
        return max(20, int(number * self.scale))

    def seconds(self, number: float) -> float:
        return max(2.0, number * min(1.0, self.scale * 2))

    def new_room(self) -> Room:
        now = timezone.now()
        self.room = schedule_room(
            self.network,
            title="Measured",
            opens_at=now - timedelta(hours=1),
            closes_at=now + timedelta(hours=8),
            by=None,
        )
        connection.close()
        return self.room

    @contextmanager
    def server(self, kind: str, redis: RedisServer | None = None, port: int = 0, site: int = 0) -> Iterator[Process]:
        port = port or free_port()
        process = self.start(kind, port, redis, site)
        try:
            yield process
        finally:
            process.kill()

    def start(self, kind: str, port: int, redis: RedisServer | None = None, site: int = 0) -> Process:
        """`site` is the port in the site's address, where that is another one."""
        var = self.folder / f"var-{port}"
        var.mkdir(exist_ok=True)
        environment = os.environ | {
            "DATABASE_URL": settings.DATABASE_URL or f"sqlite:///{settings.DATABASES['default']['NAME']}",
            "REDIS_URL": redis.url if redis else "",
            "GUILDHALL_VAR": str(var),
            "GUILDHALL_SITE_URL": f"http://127.0.0.1:{site or port}",
            "GUILDHALL_DEMONSTRATION": "1",
            "GUILDHALL_SECRET_KEY": settings.SECRET_KEY,
            "GUILDHALL_ENCRYPTION_KEY": ",".join(settings.ENCRYPTION_KEYS),
            "GUILDHALL_LOG_LEVEL": "ERROR",
        }
        process = Process(
            [sys.executable, "-m", "tests.benchmarks.live_server", kind, str(port)],
            0,
            environment,
            self.folder / "servers.log",
        )
        process.port = port  # type: ignore[attr-defined]
        wait_for(port, process)
        return process

    @contextmanager
    def browsers(self, site: int) -> Iterator[Process]:
        process = Process(
            [
                str(self.generator),
                str(self.room.pk),
                str(self.room.epoch),
                f"http://127.0.0.1:{site}",
                settings.SESSION_COOKIE_NAME,
                str(self.sessions),
            ],
            1,
            dict(os.environ),
            self.folder / "browsers.log",
        )
        try:
            yield process
        finally:
            process.kill()


def wait_for(port: int, process: Process) -> None:
    import socket

    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process.process.poll() is not None:
            raise NotMeasured("a server ended as it began")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise NotMeasured("a server did not answer")


def port_of(process: Process) -> int:
    port: int = process.port  # type: ignore[attr-defined]
    return port


def prepare() -> Network:
    call_command("migrate", verbosity=0, interactive=False)
    found = Network.objects.filter(slug="ai-practitioners").first()
    return found or make_cast().practitioners


def crowd(network: Network) -> list[Member]:
    members = list(Member.objects.filter(email__startswith="listener").order_by("pk"))
    return members or members_of(network, Organisation.objects.get(slug="exampleshire"), MEMBERS)


# The rows


def said(server: Process, room: Room, *, rate: float, seconds: float, coalesced: bool) -> str:
    return json.dumps({"room": room.pk, "rate": rate, "seconds": seconds, "coalesced": coalesced})


def pushed(
    bench: Bench, server: Process, browsers: Process, *, rate: float, seconds: float, coalesced: bool
) -> tuple[Answer, float, int]:
    """What the browsers counted, the server's seconds of processor time, and how many messages were said."""
    before = server.cpu
    server.begin(said(server, bench.room, rate=rate, seconds=seconds, coalesced=coalesced))
    counted = browsers.ask(f"measure {int(seconds * 1000 + 1200)} 0")
    count: int = server.end()["said"]
    return counted, server.cpu - before, count


def per_million(cpu: float, counted: Answer) -> float:
    return cpu * 1e6 / max(counted["deliveries"], 1)


def against_raw(
    bench: Bench, kind: str, sockets: int, *, rate: float, coalesced: bool
) -> tuple[float, float, float, Answer]:
    """Ours and bare asyncio, three times in turn: how many times the processor time, both figures, and what our
    browsers counted. At saturation bare asyncio is given the rate that ours kept."""
    seconds = bench.seconds(5)
    bench.new_room()
    ours, raw = [], []
    with (
        bench.server(kind) as site,
        bench.server("raw") as bare,
        bench.browsers(port_of(site)) as at_site,
        bench.browsers(port_of(bare)) as at_bare,
    ):
        check_open(at_site.ask(f"open {sockets} {port_of(site)}"), sockets)
        check_open(at_bare.ask(f"open {sockets} {port_of(bare)}"), sockets)
        for _ in range(3):
            counted, cpu, count = pushed(bench, site, at_site, rate=rate, seconds=seconds, coalesced=coalesced)
            check_counted(counted, count * sockets)
            ours.append(per_million(cpu, counted))
            kept = rate or count / seconds
            counted_bare, cpu, count = pushed(bench, bare, at_bare, rate=kept, seconds=seconds, coalesced=False)
            check_counted(counted_bare, count * sockets)
            raw.append(per_million(cpu, counted_bare))
    mine, theirs = statistics.median(ours), statistics.median(raw)
    return mine / theirs, mine, theirs, counted


def check_open(opened: Answer, sockets: int) -> None:
    if opened["live"] != sockets:
        raise NotMeasured(f"{sockets - opened['live']} of {sockets} sockets did not open")


def check_counted(counted: Answer, expected: int) -> None:
    if counted["disorder"] or counted["closed"]:
        raise NotMeasured(f"{counted['closed']} sockets closed, {counted['disorder']} pages out of order")
    if counted["deliveries"] < expected * 0.98:
        say(f"  ({expected - counted['deliveries']:,} of {expected:,} deliveries had not come yet)")


def saturated(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    sockets = bench.sockets(1_000)
    for kind, goal in (("uvicorn", 3.0), ("daphne", None)):
        ratio, mine, raw, _ = against_raw(bench, kind, sockets, rate=0, coalesced=False)
        yield Row(
            f"{sockets:,} sockets saturated, each message by itself ({kind}): {mine:.1f} s a million, raw {raw:.1f} s",
            ratio,
            "x raw",
            goal,
        )


def most_deliveries(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    sockets = bench.sockets(1_000)
    for kind, goal in (("uvicorn", 1_000_000), ("daphne", 200_000)):
        best = 0.0
        bench.new_room()
        with bench.server(kind) as site, bench.browsers(port_of(site)) as browsers:
            check_open(browsers.ask(f"open {sockets} {port_of(site)}"), sockets)
            for rate in (50, 100, 200, 300, 500, 750, 1_000, 1_100, 1_250, 1_400, 1_600, 1_800, 2_000, 2_500, 3_000):
                kept = kept_up(bench, site, browsers, sockets, rate) or kept_up(bench, site, browsers, sockets, rate)
                if not kept:
                    break
                best = kept
        yield Row(
            f"Most deliveries a second with p99 under 250 ms, {sockets:,} sockets, coalesced ({kind})",
            best,
            "a second",
            goal * min(1, bench.scale),
            at_least=True,
        )


def kept_up(bench: Bench, site: Process, browsers: Process, sockets: int, rate: float) -> float | None:
    """Deliveries a second, where they came in time. Tried twice: of one hiccup of the machine nothing follows."""
    seconds = bench.seconds(6)
    try:
        counted, _, count = pushed(bench, site, browsers, rate=rate, seconds=seconds, coalesced=True)
    except NotMeasured:
        return None
    if counted["p99"] >= 250 or counted["closed"] or counted["deliveries"] < 0.98 * count * sockets:
        return None
    return float(count * sockets / seconds)


def five_thousand(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    sockets = bench.sockets(5_000)
    for kind, goal, longest in (("uvicorn", 0.6, 1_200), ("daphne", 1.1, 2_600)):
        ratio, mine, raw, counted = against_raw(bench, kind, sockets, rate=20, coalesced=True)
        what = f"{sockets:,} sockets, 20 messages a second, one process ({kind})"
        yield Row(f"{what}: {mine:.1f} s a million, raw {raw:.1f} s", ratio, "x raw", goal)
        yield Row(f"{what}, p99", counted["p99"], "ms", longest)


def through_the_database(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    """Said by browsers, written, acknowledged and told, by the whole path."""
    for number, rate, kind, goal in (
        (1_000, 20, "uvicorn", 300),
        (1_000, 20, "daphne", 600),
        (200, 10, "daphne", 150),
    ):
        sockets = bench.sockets(number)
        bench.new_room()
        with bench.server(kind) as site, bench.browsers(port_of(site)) as browsers:
            # The first few make what all of them share.
            few = sockets // 10
            check_open(browsers.ask(f"open {few} {port_of(site)}"), few)
            before = site.memory
            opened = browsers.ask(f"open {sockets - few} {port_of(site)}")
            check_open(opened, sockets)
            browsers.ask("measure 2000 0")  # what only the opening took is given back
            memory = (site.memory - before) / (sockets - few) / 1024
            browsers.ask(f"send {rate} 0")
            browsers.ask("measure 1500 0")
            counted = browsers.ask(f"measure {int(bench.seconds(15) * 1000)} 0")
            if counted["refused"]:
                say(f"  ({counted['refused']} messages were refused)")
        what = f"{sockets:,} sockets, {rate} messages a second ({kind})"
        yield Row(f"{what}, p99", counted["p99"], "ms", goal)
        if number == 1_000:
            yield Row(
                f"Memory of a socket, {sockets:,} of them ({kind})", memory, "KB", 35 if kind == "uvicorn" else 50
            )
            yield Row(f"{sockets - few:,} sockets let in ({kind})", (sockets - few) / opened["seconds"], "a second")


def against_the_textbook(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    sockets = bench.sockets(1_000)
    seconds = bench.seconds(5)
    figures = {}
    for what, kind, over in (
        ("ours", "uvicorn", None),
        ("Redis pub/sub", "textbook", redis),
        ("in memory", "textbook", None),
    ):
        bench.new_room()
        with bench.server(kind, over) as site, bench.browsers(port_of(site)) as browsers:
            check_open(browsers.ask(f"open {sockets} {port_of(site)}"), sockets)
            counted, cpu, _ = pushed(
                bench, site, browsers, rate=1_000 if what == "ours" else 0, seconds=seconds, coalesced=True
            )
            figures[what] = counted["deliveries"] / cpu
    for what, goal in (("Redis pub/sub", 15), ("in memory", 80)):
        yield Row(
            f"Deliveries for the same processor time, to one channel for each socket ({what}: "
            f"{figures[what]:,.0f} a second)",
            figures["ours"] / figures[what],
            "times",
            goal,
            at_least=True,
        )


def writing(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    room = bench.new_room()
    members = list(Member.objects.filter(email__startswith="listener").values_list("pk", flat=True))
    count = min(len(members) * 8, int(12_000 * bench.scale))
    sayings = [
        Saying(members[n % len(members)], f"Message {n}: a sentence as people write them.", uuid.uuid4())
        for n in range(count)
    ]

    # The limit of one room is another matter; here one room stands for many.
    limits.MESSAGES_A_SECOND = count

    async def story() -> float:
        writer: Writer[Command, int] = Writer(carry_out)
        waiting = asyncio.Semaphore(MEMBERS)
        began = time.perf_counter()

        async def one(saying: Saying) -> None:
            async with waiting:
                outcome = await writer.submit(room.pk, saying)
                if isinstance(outcome, Exception):
                    raise outcome

        await asyncio.gather(*(one(saying) for saying in sayings))
        return count / (time.perf_counter() - began)

    is_large = connection.vendor == "postgresql"
    used = time.process_time()
    rate = asyncio.run(story())
    used = (time.process_time() - used) * 1000 / count
    database = "PostgreSQL" if is_large else "SQLite"
    yield Row(
        f"Writing, the full path with checks ({database}), {used:.2f} ms of processor each",
        rate,
        "messages a second",
        1_500 if is_large else 2_000,
        at_least=True,
    )


def after_a_kill(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    sockets = bench.sockets(1_000)
    bench.new_room()
    port = free_port()
    site = bench.start("uvicorn", port)
    with bench.browsers(port) as browsers:
        check_open(browsers.ask(f"open {sockets} {port}"), sockets)
        browsers.ask("send 20 0")
        browsers.ask("measure 3000 0")
        site.kill()
        time.sleep(1)
        site = bench.start("uvicorn", port)
        answering = time.monotonic_ns() // 1000
        try:
            browsers.ask("send 0 0")
            back = browsers.ask("resume 60000")
        finally:
            site.kill()
    if back["missing"] or back["disorder"]:
        say(f"  ({back})")
    yield Row(
        f"{sockets:,} sockets after a SIGKILL: p99 caught up, from when the server answers again",
        (back["p99_at"] - answering) / 1e6,
        "s",
        6,
    )


def with_stalled(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    sockets = bench.sockets(1_000)
    p99 = []
    for share in (0, 0.05):
        bench.new_room()
        with bench.server("uvicorn") as site, bench.browsers(port_of(site)) as browsers:
            check_open(browsers.ask(f"open {sockets} {port_of(site)}"), sockets)
            if share:
                browsers.ask(f"stall {int(share * sockets)}")
            counted, _, _ = pushed(bench, site, browsers, rate=100, seconds=bench.seconds(20), coalesced=True)
            p99.append(max(counted["p99"], 1))
    yield Row(
        f"{sockets:,} sockets, 5 % of them stalled: p99 of the others ({p99[1]} ms against {p99[0]} ms)",
        p99[1] / p99[0],
        "x",
        1.2,
    )


QUESTIONS = 200


def with_votes(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    """Chat through the database, without votes and with them, three times in turn."""
    sockets = bench.sockets(2_000)
    seconds = bench.seconds(15)
    room = bench.new_room()
    asker = Member.objects.get(email="fay@exampleshire.example.org")
    Question.objects.bulk_create(
        Question(room=room, number=number, author=asker, body=f"Question {number}, as people ask them?")
        for number in range(1, QUESTIONS + 1)
    )
    Room.objects.filter(pk=room.pk).update(last_question=QUESTIONS)
    connection.close()
    rate = 100 * min(1.0, bench.scale * 2)
    p99: dict[float, list[int]] = {0: [], rate: []}
    states, shortest, told = 0, [], 0
    with bench.server("uvicorn") as site, bench.browsers(port_of(site)) as browsers:
        check_open(browsers.ask(f"open {sockets} {port_of(site)}"), sockets)
        browsers.ask("send 10 0")
        for _ in range(3):
            for votes in (0, rate):
                browsers.ask(f"vote {votes} {QUESTIONS}")
                browsers.ask("measure 2500 0")
                counted = browsers.ask(f"measure {int(seconds * 1000)} 0")
                if counted["refused"] or counted["disorder"] or counted["closed"]:
                    say(f"  ({counted})")
                p99[votes].append(max(counted["p99"], 1))
                if votes:
                    states = max(states, counted["most_states"])
                    shortest.append(counted["shortest_state"])
                    told += counted["states"]
    if not told:
        raise SystemExit("Nobody was told of a vote.")
    what = f"{sockets:,} sockets, {QUESTIONS} questions, {rate:.0f} votes a second"
    yield Row(
        f"{what}: frames of the state for the socket that got most (at the least {min(shortest):,} ms apart)",
        states / seconds,
        "a second",
        1,
    )
    without, with_them = statistics.median(p99[0]), statistics.median(p99[rate])
    yield Row(
        f"{what}: p99 of messages ({with_them:.0f} ms against {without:.0f} ms without votes)",
        with_them / without,
        "x",
        1.2,
    )


def without_redis(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    sockets = bench.sockets(400)
    bench.new_room()
    with (
        bench.server("uvicorn", redis) as first,
        bench.server("uvicorn", redis, site=port_of(first)) as second,
        bench.browsers(port_of(first)) as browsers,
    ):
        check_open(browsers.ask(f"open {sockets} {port_of(first)} {port_of(second)}"), sockets)
        redis.kill()
        try:
            browsers.ask(f"send {20 * min(1, bench.scale)} {port_of(first)}")
            browsers.ask("measure 1500 0")
            counted = browsers.ask(f"measure {int(bench.seconds(15) * 1000)} {port_of(second)}")
        finally:
            redis.start()
    yield Row("Redis down: p99 from one process to the other", counted["p99"], "ms", 1_500)


def threads_of_a_session(bench: Bench, redis: RedisServer) -> Iterator[Row]:
    """What the worker does once somebody has asked for fifty, each with an asker who is told and follows."""
    network = prepare()
    askers = crowd(network)
    facilitator = Membership.objects.facilitators().filter(network=network).select_related("member")[0].member
    theme = Theme.objects.of_network(network)[0]
    now = timezone.now()
    room = schedule_room(
        network, title="Asked", opens_at=now - timedelta(hours=2), closes_at=now - timedelta(hours=1), by=None
    )
    questions = Question.objects.bulk_create(
        Question(
            room=room,
            number=number,
            author=askers[number % len(askers)],
            body=f"Question {number}: what did it cost, and who paid for it?",
            state=Question.State.ANSWERED,
            answer="Half of what we thought. " * 10,
        )
        for number in range(1, 51)
    )
    batch = ask_for_threads(room, by=facilitator, theme=theme, questions=questions)
    began = time.perf_counter()
    make_threads()
    seconds = time.perf_counter() - began
    if batch.made != len(questions):
        raise SystemExit(f"{batch.made} of {len(questions)} threads were made.")
    yield Row("50 threads from a session", seconds, "s", 5)


ROWS = [
    saturated,
    most_deliveries,
    five_thousand,
    through_the_database,
    against_the_textbook,
    writing,
    after_a_kill,
    with_stalled,
    with_votes,
    without_redis,
    threads_of_a_session,
]


def build(folder: Path) -> Path:
    compiler = shutil.which("gcc")
    if compiler is None:
        raise SystemExit(
            "The load generator is written in C, and there is no gcc here. Install it, on Debian and Ubuntu with "
            "`apt-get install gcc libc6-dev`."
        )
    program = folder / "live"
    source = Path(__file__).with_suffix(".c")
    subprocess.run([compiler, "-O2", "-Wall", "-o", str(program), str(source)], check=True)
    return program


def machine() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    database = "SQLite"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            database = f"PostgreSQL {cursor.fetchone()[0].split()[0]}"
    load = os.getloadavg()[0]
    return (
        f"{len(os.sched_getaffinity(0))} processors ({model}), Python {platform.python_version()}, {database}; "
        f"load {load:.1f} at the start."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="", help="the name of one function that gives rows")
    parser.add_argument("--to", type=Path, help="a text that has the marks for the table, such as docs/speed.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        generator = build(folder)
        redis = RedisServer(folder)
        redis.start()
        try:
            bench = Bench(folder, generator, options.scale)
            table = [machine(), "", "| | measured | goal | |", "|---|---|---|---|"]
            say("\n" + "\n".join(table))
            for some in ROWS:
                if options.only in ("", some.__name__):
                    for row in measured(some, bench, redis):
                        say(row.line())
                        table.append(row.line())
            if options.to:
                put_into(options.to, "\n".join(table))
        except BaseException:
            for log in folder.glob("*.log"):
                sys.stderr.write(log.read_text()[-3000:])
            raise
        finally:
            redis.kill()


Rows = Callable[[Bench, RedisServer], Iterator[Row]]


def measured(some: Rows, bench: Bench, redis: RedisServer) -> Iterator[Row]:
    """The rows that a function gives; where it fails, one that says so."""
    try:
        yield from some(bench, redis)
    except Exception as error:
        if not isinstance(error, NotMeasured):
            traceback.print_exc()
        why = str(error).partition("\n")[0] or type(error).__name__
        yield Row(some.__name__.replace("_", " ").capitalize(), None, why)
    finally:
        connection.close()


def put_into(text: Path, table: str) -> None:
    """Puts the table between its marks, in place of the one that stands there."""
    before, begin, rest = text.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{text} has no {BEGIN} and {END} for the table.")
    text.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
