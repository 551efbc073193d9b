"""A real server and a real browser. The server is a process of its own on the test database; what a test commits, it
serves. Every page is watched: an error in the console, a script that fails or a request that leaves the site fails the
test that caused it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Page,
    Request,
    WebSocket,
    sync_playwright,
)

from network.models import Member
from network.sessions import SessionStore
from tests.cast import proof_of_signing_in
from tests.servers import free_port

# Playwright's synchronous interface runs an event loop in the test's own thread; nothing else uses that loop.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class Server:
    """The site on a port of its own. Can be killed like a machine that loses power, and started again."""

    def __init__(self, var: Path, kind: str = "daphne") -> None:
        self.var = var
        self.kind = kind
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        database = settings.DATABASES["default"]
        if connection.vendor == "sqlite":
            address = f"sqlite:///{connection.settings_dict['NAME']}"
        else:
            user = database["USER"] + (f":{database['PASSWORD']}" if database["PASSWORD"] else "")
            address = (
                f"postgres://{user}@{database['HOST'] or '127.0.0.1'}:{database['PORT'] or 5432}/"
                f"{connection.settings_dict['NAME']}"
            )
        return os.environ | {
            "DATABASE_URL": address,
            "REDIS_URL": settings.REDIS_URL,
            "GUILDHALL_VAR": str(self.var),
            "GUILDHALL_SITE_URL": self.url,
            "GUILDHALL_DEMONSTRATION": "1",
            "GUILDHALL_SECRET_KEY": settings.SECRET_KEY,
            "GUILDHALL_ENCRYPTION_KEY": ",".join(settings.ENCRYPTION_KEYS),
        }

    def start(self) -> None:
        self.log = (self.var / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--server", self.kind, "--port", str(self.port)],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"The server ended:\n{(self.var / 'server.log').read_text()[-4000:]}")
            # Whether somebody listens is asked by a plain socket: asking by HTTP in vain takes thirty times as long, of
            # the processor on which the server wants to start.
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                httpx.get(f"{self.url}/health/", timeout=5)
                return
            except (OSError, httpx.TransportError):
                time.sleep(0.05)
        raise RuntimeError("The server did not answer within a minute.")

    def kill(self) -> None:
        """SIGKILL: no goodbye, nothing flushed."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()

    def mails(self, to: str) -> list[str]:
        """The mails sent to an address, oldest first, as text."""
        files = sorted((self.var / "mail").glob("*.log"), key=lambda file: file.stat().st_mtime_ns)
        return [text for text in (file.read_text() for file in files) if f"To: {to}" in text]

    def code_sent(self, to: str) -> str:
        """The sign-in code in the newest mail to an address."""
        mails = self.mails(to)
        assert mails, f"no mail was sent to {to}"
        codes: list[str] = re.findall(r"^\s*([A-Z0-9]{3,6}-?[A-Z0-9]{3,6})\s*$", mails[-1], re.MULTILINE)
        assert codes, f"no code stands in:\n{mails[-1]}"
        return codes[-1]


# It ends with the journeys: the worker inside would do what the tests of other packages put in the queue.
@pytest.fixture(scope="package")
def running_server(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("site"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(running_server: Server, transactional_db: None) -> Server:
    if running_server.process is None or running_server.process.poll() is not None:
        running_server.start()
    return running_server


# It ends with the journeys too, and with it the loop in the thread of the tests, where others run loops of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # Debian's shell without windows draws the same pages for two thirds of the work.
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield launched
        launched.close()


# Pages that are read without scripts, each with a way to its browser that lasts as long as the page.
scriptless: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


class Browse(Protocol):
    def __call__(self, member: Member | None = None, *, javascript: bool = True, width: int = 1280) -> Page: ...


@pytest.fixture
def browse(browser: Browser, server: Server) -> Iterator[Browse]:
    """Opens a browser of its own for somebody: `browse(cast.bob, javascript=False, width=375)`."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def said(message: ConsoleMessage) -> None:
        # The browser says so itself where a test has killed the server.
        is_away = "Failed to load resource" in message.text or "net::ERR_CONNECTION_" in message.text
        # Passkeys want a name, by which the site takes no sockets: it is served at another address.
        is_elsewhere = f"ws://localhost:{server.port}/" in message.text
        if message.type == "error" and not is_away and not is_elsewhere:
            complaints.append(f"{message.text} at {message.location}")

    own = (f"127.0.0.1:{server.port}", f"localhost:{server.port}")

    def asked(request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme in ("http", "https", "ws", "wss") and where.netloc not in own:
            complaints.append(f"a request left the site: {request.url}")

    def open_browser(member: Member | None = None, *, javascript: bool = True, width: int = 1280) -> Page:
        context = browser.new_context(
            base_url=server.url, java_script_enabled=javascript, viewport={"width": width, "height": 900}
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        if member is not None:
            put_session(context, server, member)
        page = context.new_page()
        if not javascript:
            scriptless[page] = context.new_cdp_session(page)
        page.on("console", said)
        page.on("pageerror", lambda error: complaints.append(f"{error} at {error.stack}"))
        page.on("request", asked)
        return page

    yield open_browser
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(browse: Browse) -> Page:
    """Nobody in particular, at a desk."""
    return browse()


def put_session(context: BrowserContext, server: Server, member: Member, *, second_factor: bool = True) -> None:
    key = session_of(member, second_factor=second_factor)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": server.url}])


def session_of(member: Member, *, second_factor: bool = True) -> str:
    """A session as signing in makes it; for tests that are not about signing in. Staff have shown a second factor in
    it, unless it is left out: then nothing was proved lately."""
    session = SessionStore()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    if second_factor:
        session.update(proof_of_signing_in(member))
    session.save()
    assert session.session_key
    return session.session_key


@pytest.fixture
def sign_in(server: Server) -> Callable[[Page, Member], None]:
    return lambda page, member: put_session(page.context, server, member)


@pytest.fixture(scope="session")
def axe(pytestconfig: pytest.Config) -> Callable[[Page], None]:
    """`axe(page)` fails with what axe finds wrong on the page as it stands: WCAG 2.2 AA and best practice. A page that
    was read without scripts is looked at as it was read."""
    if pytestconfig.option.first_way:
        return lambda page: None
    source = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()

    def check(page: Page) -> None:
        with scripts_allowed(page):
            # Wagtail's admin brings an axe of its own.
            if not page.evaluate("() => window.axe !== undefined && window.axe === window.ourAxe"):
                page.evaluate(f"{source}; window.ourAxe = window.axe")
            # The rest of what axe has to say would take as long to hand over as it took to find.
            violations: list[dict[str, Any]] = page.evaluate(
                "() => axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)"
            )
        found = [
            f"{violation['id']}: {violation['help']} at {[node['target'] for node in violation['nodes']]}"
            for violation in violations
        ]
        assert found == [], f"{page.url}: " + "\n".join(found)

    return check


@contextmanager
def scripts_allowed(page: Page) -> Iterator[None]:
    """axe waits for timers, which a browser without scripts does not run. None of the page's own scripts runs: they
    were passed over when it was read, and the next page is read without them again."""
    devices = scriptless.get(page)
    if devices is None:
        yield
        return
    # What is already so for this session is not done: it has to have forbidden scripts before it can allow them.
    devices.send("Emulation.setScriptExecutionDisabled", {"value": True})
    devices.send("Emulation.setScriptExecutionDisabled", {"value": False})
    try:
        yield
    finally:
        devices.send("Emulation.setScriptExecutionDisabled", {"value": True})


def read_and_listen(page: Page, address: str) -> None:
    """It connects a second after it has come, and is told a number at once."""
    heard: list[str | bytes] = []

    def is_of_notices(socket: WebSocket) -> bool:
        if "/live/notices/" not in socket.url:
            return False
        socket.on("framereceived", lambda frame: heard.append(frame))
        return True

    with page.expect_websocket(is_of_notices):
        page.goto(address)
    deadline = time.monotonic() + 10
    while not heard:
        assert time.monotonic() < deadline, "it was told nothing"
        page.wait_for_timeout(50)
