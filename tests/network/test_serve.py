"""The server as a process: how it starts, what it refuses, how it stops."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.checks import CheckMessage
from django.db import connection
from django_tasks_db.models import DBTaskResult
from pytest_django.fixtures import Settings
from websockets.sync.client import connect

from network.asgi import LoopbackOnly
from network.checks import is_loopback, mail_can_leave
from network.models import Worker
from tests.network.test_worker import say
from tests.servers import RedisServer, free_port

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ["daphne", "uvicorn"]


class Site:
    """An installation of its own: its folder, its port, the database of the tests."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[str]] = []
        name = str(connection.settings_dict["NAME"])
        database = connection.settings_dict
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("GUILDHALL_")} | {
            "DATABASE_URL": f"sqlite:///{name}"
            if connection.vendor == "sqlite"
            else f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST'] or '127.0.0.1'}"
            f":{database['PORT'] or 5432}/{name}",
            "REDIS_URL": "",
            "GUILDHALL_VAR": str(var),
            "GUILDHALL_SITE_URL": self.url,
        }

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def manage(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return self.start(sys.executable, "manage.py", *arguments, **environment)

    def serve(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Started, and answering."""
        process = self.manage("serve", *arguments, **environment)
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("Guildhall answers at"), line + (process.stderr.read() if process.stderr else "")
        return process


@pytest.fixture
def site(tmp_path: Path, transactional_db: None) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    for process in site.processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str], within: float = 30) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=within)
    return process.returncode, out, err


def refused(process: subprocess.Popen[str]) -> str:
    """What a process that does not start says: one sentence or two in one line, no traceback, and not code 0."""
    code, out, err = ended(process)
    assert code not in (0, None)
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    return err.strip()


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_answers_and_stops_cleanly_within_seconds(
    site: Site, server: str, sign: signal.Signals
) -> None:
    process = site.serve("--server", server)
    assert httpx.get(f"{site.url}/health/").text == "ok\n"
    with httpx.Client() as kept_open:
        kept_open.get(f"{site.url}/health/")
        began = time.monotonic()
        process.send_signal(sign)
        code, out, err = ended(process)

    assert time.monotonic() - began < 8
    assert (code, out, err) == (0, "", "")  # nor was a line written for each request
    assert not Worker.objects.exists()


@pytest.mark.parametrize("server", SERVERS)
def test_a_line_for_each_request_is_written_when_asked_for(site: Site, server: str) -> None:
    process = site.serve("--server", server, "--access-log", GUILDHALL_LOG_LEVEL="INFO")
    httpx.get(f"{site.url}/health/?for-the-log")
    httpx.get(f"{site.url}/feeds/1-secret/networks/ai/")
    process.terminate()
    _, out, err = ended(process)

    assert "/health/?for-the-log" in out + err
    assert "/feeds/(cut)/networks/ai/" in out + err
    assert "1-secret" not in out + err


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("says_so", [True, False])
def test_what_is_larger_than_any_form_is_refused_in_words_and_fills_no_memory(
    site: Site, server: str, says_so: bool
) -> None:
    process = site.serve("--server", server)
    piece, count = b"x" * (1024 * 1024), 200

    def most_memory() -> int:
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.split("VmHWM:", 1)[1].split()[0]) // 1024

    before = most_memory()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    if says_so:
        headers["Content-Length"] = str(len(piece) * count)
    answer = httpx.post(f"{site.url}/", content=(piece for _ in range(count)), headers=headers, timeout=60)

    assert answer.status_code == 413
    assert "This is too large to send" in answer.text and "brings back what you typed" in answer.text
    # daphne hands on at once, in memory, as much as may be sent.
    assert most_memory() - before < (40 if says_so or server == "uvicorn" else 160)
    assert httpx.get(f"{site.url}/health/").text == "ok\n"


@pytest.mark.parametrize("server", SERVERS)
def test_the_worker_inside_does_what_is_queued(site: Site, server: str) -> None:
    site.serve("--server", server)
    say.enqueue("hello")

    deadline = time.monotonic() + 20
    while not DBTaskResult.objects.successful().exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_port_in_use_is_refused_in_a_sentence(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", site.port))
        taken.listen()

        assert f"Port {site.port} is in use." in refused(site.manage("serve"))


def test_what_is_no_port_is_refused_in_a_sentence(site: Site) -> None:
    assert "70000 is not a port" in refused(site.manage("serve", "--port", "70000"))


def test_the_demonstration_listens_at_the_loopback_only(site: Site) -> None:
    words = refused(site.manage("serve", "--host", "0.0.0.0", GUILDHALL_DEMONSTRATION="1"))

    assert "listens at 127.0.0.1 only, not at 0.0.0.0" in words


@pytest.mark.parametrize("server", SERVERS)
def test_the_demonstration_does_not_answer_through_a_proxy(site: Site, server: str) -> None:
    site.serve("--server", server, GUILDHALL_DEMONSTRATION="1")

    assert httpx.get(f"{site.url}/health/").status_code == 200
    for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        assert httpx.get(f"{site.url}/health/", headers={header: "192.0.2.1"}).status_code == 403


def second_servers() -> list[tuple[str, Callable[[str], list[str]]]]:
    tool = Path(sys.executable).parent
    return [
        ("serve", lambda port: [sys.executable, "manage.py", "serve", "--port", port]),
        ("runserver", lambda port: [sys.executable, "manage.py", "runserver", "--noreload", port]),
        ("daphne", lambda port: [str(tool / "daphne"), "-p", port, "network.asgi:application"]),
        ("uvicorn", lambda port: [str(tool / "uvicorn"), "--port", port, "network.asgi:application"]),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for _, command in second_servers()], ids=[n for n, _ in second_servers()])
def test_a_second_process_on_what_is_in_memory_does_not_start(site: Site, command: Callable[[str], list[str]]) -> None:
    first = site.serve()
    code, _, err = ended(site.start(*command(str(free_port()))))

    assert code not in (0, None)
    assert f"Another process (number {first.pid}) already serves this site." in err.strip().splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize("command", [["manage.py", "serve"], ["-m", "uvicorn", "network.asgi:application"]])
def test_settings_that_cannot_work_are_refused_in_a_sentence(site: Site, command: list[str]) -> None:
    words = refused(site.start(sys.executable, *command, GUILDHALL_SECRET_KEY="secret"))

    assert words.startswith("Guildhall does not start. GUILDHALL_SECRET_KEY is too short or is a published example.")


def test_other_commands_may_run_beside_the_server(site: Site) -> None:
    site.serve()

    assert ended(site.manage("check"))[0] == 0
    assert ended(site.manage("clearsessions"))[0] == 0


@pytest.mark.slow
def test_a_server_that_was_killed_leaves_no_lock_behind(site: Site) -> None:
    site.serve().kill()

    site.serve()


def test_a_database_that_is_not_up_to_date_is_refused_in_a_sentence(site: Site, tmp_path: Path) -> None:
    words = refused(site.manage("serve", DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}"))

    assert words == "CommandError: The database is not up to date. Run `manage.py migrate` first."


@pytest.mark.slow
def test_a_database_that_does_not_answer_is_refused_and_named(site: Site) -> None:
    code, _, err = ended(site.manage("serve", DATABASE_URL=f"postgres://nobody@127.0.0.1:{free_port()}/nothing"))

    assert code not in (0, None)
    assert err.strip().splitlines()[-1].startswith("CommandError: The database does not answer")
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_database_half_made_is_taken_away_again(site: Site, sign: signal.Signals) -> None:
    process = site.manage("serve", "--prepare", DATABASE_URL="", PYTHONUNBUFFERED="1")
    deadline = time.monotonic() + 60
    while not (site.var / "guildhall.sqlite3").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(sign)
    code, _, err = ended(process)

    assert code not in (0, None)
    assert "Traceback" not in err
    assert list(site.var.glob("*.sqlite3*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_with_redis_several_processes_serve_and_the_worker_is_one_more(
    site: Site, redis_server: RedisServer, server: str
) -> None:
    real = {"REDIS_URL": redis_server.url, "GUILDHALL_SITE_URL": "http://localhost"}
    ports = [free_port(), free_port()]
    for port in ports:
        site.serve("--server", server, "--port", str(port), **real)
    assert [httpx.get(f"http://127.0.0.1:{port}/health/").status_code for port in ports] == [503, 503]

    worker = site.manage("worker", **real)
    assert worker.stdout
    assert worker.stdout.readline() == "The worker is at work. Ctrl-C stops it.\n"
    assert [httpx.get(f"http://127.0.0.1:{port}/health/").status_code for port in ports] == [200, 200]

    worker.terminate()
    assert ended(worker) == (0, "", "")
    assert not Worker.objects.exists()

    last = free_port()
    site.serve("--server", server, "--port", str(last), "--with-worker", **real)
    assert httpx.get(f"http://127.0.0.1:{last}/health/").status_code == 200


@pytest.mark.parametrize(
    ("client", "header", "answered"),
    [
        (("127.0.0.1", 1), b"host", True),
        (("::1", 1), b"host", True),
        (("::ffff:127.0.0.1", 1), b"host", True),
        (("192.0.2.1", 1), b"host", False),
        (("::ffff:192.0.2.1", 1), b"host", False),
        (("127.0.0.1", 1), b"X-Forwarded-For", False),
        (None, b"host", False),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_only_this_machine_reaches_the_demonstration(kind: str, client: Any, header: bytes, answered: bool) -> None:
    reached, sent = [], []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "client": client, "headers": [(header, b"x")]}
    with ThreadPoolExecutor() as elsewhere:  # the browser of other tests keeps a loop running in this thread
        elsewhere.submit(asyncio.run, LoopbackOnly(inner)(scope, None, send)).result()

    assert bool(reached) is answered
    assert [message.get("status", message.get("code")) for message in sent[:1]] == (
        [] if answered else [403] if kind == "http" else [4403]
    )


@pytest.mark.parametrize(
    ("host", "near"),
    [("127.0.0.9", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("hub.example", False)],
)
def test_what_counts_as_the_loopback(host: str, near: bool) -> None:
    assert is_loopback(host) is near


def test_a_real_site_whose_mail_goes_nowhere_is_warned(settings: Settings) -> None:
    def warnings() -> list[CheckMessage]:
        return mail_can_leave(None)

    assert warnings() == []
    settings.SITE_HOST = "guildhall.example.org"
    assert [bool(re.search("nobody will receive", warning.msg)) for warning in warnings()] == [True]


OFFER = """
import asyncio, sys
import django
django.setup()
from network.live.frames import SEND_NOW
from network.management.commands.serve import serve_with_daphne, serve_with_uvicorn

async def application(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    is_sent = scope["extensions"][SEND_NOW]("at once")
    await send({"type": "websocket.send", "text": f"it was: {is_sent}"})
    await send({"type": "websocket.close"})
    await receive()
    await asyncio.sleep(0.2)
    print("closed:", scope["extensions"].get(SEND_NOW, lambda text: False)("too late"), flush=True)

serve = {"daphne": serve_with_daphne, "uvicorn": serve_with_uvicorn}[sys.argv[1]]
serve(application, host="127.0.0.1", port=int(sys.argv[2]), access_log=False, ready=lambda: print("ready", flush=True))
"""


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_offers_to_send_at_once_while_the_socket_is_open(site: Site, server: str) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "network.settings"}
    process = site.start(sys.executable, "-c", OFFER, server, str(site.port), **settings)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    with connect(f"ws://127.0.0.1:{site.port}/") as socket:
        assert [socket.recv(timeout=10), socket.recv(timeout=10)] == ["at once", "it was: True"]
    assert process.stdout.readline() == "closed: False\n"
    process.kill()
