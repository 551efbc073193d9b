from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from network import signals
from network.actions import factors
from network.checks import be_the_only_process, is_loopback
from network.live.frames import SEND_NOW, frame_of
from network.logs import without_secrets
from network.management.commands.worker import BackgroundWorker

logger = logging.getLogger(__name__)

GOODBYE = 12  # seconds that open sockets are given to be told of the end


class Command(BaseCommand):
    help = "Serves the site. Without Redis the worker is part of it. SIGTERM and Ctrl-C stop it cleanly."

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = urlsplit(settings.SITE_URL).port if is_loopback(settings.SITE_HOST) else None
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen at; default: %(default)s")
        parser.add_argument("--port", type=int, default=port or 8000, help="default: %(default)s")
        parser.add_argument(
            "--server", choices=["daphne", "uvicorn"], default="daphne", help="uvicorn is the one for many sockets"
        )
        parser.add_argument("--with-worker", action="store_true", help="a worker inside, although there is Redis")
        parser.add_argument("--access-log", action="store_true", help="write a line for each request")
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="first bring the database up to date; in the demonstration, load its content too",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        if settings.DEMONSTRATION and not is_loopback(host):
            raise CommandError(
                f"The demonstration shows sign-in codes to everyone, so it listens at 127.0.0.1 only, not at {host}."
            )
        host = check_port(host, port)
        try:
            be_the_only_process()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end_early)
        try:
            sign_ins = self.prepare() if options["prepare"] else ""
            self.check_database()
            factors.check_secrets()
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {str(error).strip()}") from error
        except factors.SecretsOfAnotherKey as error:
            raise CommandError(str(error)) from error
        finally:
            connections.close_all()

        from network.asgi import application  # not earlier: it takes the lock

        # Reads all addresses, which takes a second: whoever asked first would wait for it, and a room with them.
        reverse("health")

        def ready() -> None:
            spare_the_collector()
            self.stdout.write(f"Guildhall answers at {address}")
            if sign_ins:
                self.stdout.write(sign_ins)
            if settings.DEMONSTRATION and is_loopback(host) and host != "localhost":
                self.stdout.write(f"To try passkeys, open http://localhost:{port} instead: they need a name.")
            self.stdout.flush()

        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if is_loopback(settings.SITE_HOST) and address not in settings.SITE_ORIGINS:
            self.stderr.write(
                f"GUILDHALL_SITE_URL is {settings.SITE_URL}, so forms and live rooms may not work at {address}."
            )
        inside = options["with_worker"] or not settings.REDIS_URL
        worker = BackgroundWorker(alone=not settings.REDIS_URL) if inside else None
        run = serve_with_uvicorn if options["server"] == "uvicorn" else serve_with_daphne
        try:
            if worker:
                worker.start()
            run(application, host=host, port=port, access_log=options["access_log"], ready=ready)
        finally:
            if worker:
                worker.stop()
            connections.close_all()

    def prepare(self) -> str:
        """Brings the database up to date; returns what the demonstration has to say about signing in. A database that
        did not exist before is taken away again when this fails half-way."""
        database = Path(settings.DATABASES["default"]["NAME"])
        made_here = connection.vendor == "sqlite" and not database.exists()
        try:
            with self.step("Database"):
                call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
            with self.step("Roles, home page and councils"):
                call_command("set_up", stdout=StringIO())
                call_command("load_councils", stdout=StringIO())
            if not settings.DEMONSTRATION:
                return ""
            said = StringIO()
            with self.step("Demonstration content"):
                call_command("demo", stdout=said)
            return said.getvalue().rstrip()
        except BaseException:
            if made_here:
                connections.close_all()
                for file in database.parent.glob(f"{database.name}*"):
                    file.unlink()
            raise

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        self.stdout.write(f"  {what} ... ", ending="")
        self.stdout.flush()
        ended = "\n"
        try:
            yield
            ended = f"{time.monotonic() - started:.1f} s"
        finally:
            self.stdout.write(ended)
            self.stdout.flush()

    def check_database(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database is not up to date. Run `manage.py migrate` first.")


def end_early(number: int, frame: Any) -> None:
    """Stopped before the server runs: unwinds, so that nothing half-made is left."""
    sys.exit(128 + number)


def check_port(host: str, port: int) -> str:
    """The numeric address of the host. Raises CommandError with one sentence where nothing could listen there."""
    if not 0 < port < 65536:
        raise CommandError(f"{port} is not a port: ports are numbers up to 65535.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return str(address[0])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"Port {port} is in use. Stop what uses it, or choose another port.") from error
        raise CommandError(f"Cannot listen at {host}, port {port}: {error.strerror}.") from error


async def say_goodbye() -> None:
    """Tells the storeys that the server stops, and waits for them: open sockets want a word first."""
    try:
        async with asyncio.timeout(GOODBYE):
            for _, problem in await signals.stop_requested.asend_robust(None):
                if isinstance(problem, Exception):
                    logger.error("Something went wrong while stopping", exc_info=problem)
    except TimeoutError:
        logger.warning("Not everybody was told within %s seconds that the server stops.", GOODBYE)


def spare_the_collector() -> None:
    """What is loaded by now stays. Python would look through all of it from time to time, and nobody hears anything for
    a quarter of a second meanwhile."""
    gc.collect()
    gc.freeze()


def serve_with_daphne(application: Any, *, host: str, port: int, access_log: bool, ready: Callable[[], None]) -> None:
    from daphne import server as daphne_server
    from daphne.access import AccessLogGenerator
    from daphne.endpoints import build_endpoint_description_strings
    from daphne.http_protocol import HTTPFactory, WebRequest
    from daphne.server import Server
    from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

    class HouseRequest(WebRequest):
        """Keeps little more than the site takes: daphne would hand all of it on at once, in memory. The application
        sees that more was sent, and says so."""

        kept = 0

        def gotLength(self, length: int | None) -> None:
            self.kept = length if length and length > settings.MOST_BYTES_SENT else 0
            super().gotLength(length)

        def handleContentChunk(self, data: bytes) -> None:
            if self.kept <= settings.MOST_BYTES_SENT:
                self.kept += len(data)
                super().handleContentChunk(data)

    class HouseSocket(WebSocketProtocol):
        """Sends what is the same for many as bytes made once; Twisted has the same call for it."""

        def serverSend(self, content: Any, binary: bool = False) -> None:
            if binary or self.state != self.STATE_OPEN:
                super().serverSend(content, binary)
            else:
                self.sendData(frame_of(content))

        def send_now(self, text: str) -> bool:
            if self.state != self.STATE_OPEN:
                return False
            self.sendData(frame_of(text))
            return True

    class HouseFactory(HTTPFactory):
        def buildProtocol(self, address: Any) -> Any:
            protocol = super().buildProtocol(address)
            # Twisted would read a form in memory, for itself alone.
            protocol.requestFactory = partial(HouseRequest, parsePOSTFormSubmission=False)
            return protocol

    daphne_server.HTTPFactory = HouseFactory  # type: ignore[misc]
    WebSocketFactory.protocol = HouseSocket

    class HouseAccessLog(AccessLogGenerator):
        def write_entry(self, host: Any, date: Any, request: str, *others: Any, **named: Any) -> None:
            super().write_entry(host, date, without_secrets(request), *others, **named)

    class HouseServer(Server):
        stopping = False

        def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
            if isinstance(protocol, HouseSocket):
                scope["extensions"] = {SEND_NOW: protocol.send_now}
            return super().create_application(protocol, scope)

        def listen_success(self, listening: Any) -> None:
            self.ports = [*getattr(self, "ports", []), listening]

        def asked_to_stop(self) -> None:
            if self.stopping:  # asked twice: at once
                os._exit(130)
            self.stopping = True
            self.farewell = asyncio.ensure_future(self.close_politely())

        async def close_politely(self) -> None:
            for listening in self.ports:
                listening.stopListening()
            await say_goodbye()
            self.stop()

    def begin() -> None:
        loop = asyncio.get_event_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.asked_to_stop)
        ready()

    server = HouseServer(
        application,
        endpoints=[f"{address}:backlog=1024" for address in build_endpoint_description_strings(host=host, port=port)],
        signal_handlers=False,  # Twisted's own stop at once
        action_logger=HouseAccessLog(sys.stdout) if access_log else None,
        websocket_max_message_size=settings.SOCKET_MAX_BYTES,
        websocket_max_frame_size=settings.SOCKET_MAX_BYTES,
        ready_callable=begin,  # it listens by then
        server_name="",
    )
    server.run()
    if server.abort_start:
        raise CommandError(f"Cannot listen at {host}, port {port}.")


def serve_with_uvicorn(application: Any, *, host: str, port: int, access_log: bool, ready: Callable[[], None]) -> None:
    import uvicorn
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
    from websockets.protocol import OPEN

    class HouseSocket(WebSocketsSansIOProtocol):
        """Sends what is the same for many as bytes made once. Lets go of a browser that takes nothing more: uvicorn
        would keep the socket, and what was written to it, until all of it has gone out."""

        async def send(self, message: Any) -> None:
            text = message.get("text")
            if text is not None and not self.writable.is_set():
                await self.writable.wait()
            if text is None or self.disconnected or self.close_sent or self.conn.state is not OPEN:
                await super().send(message)
                if message["type"] == "websocket.accept":
                    # What both sides said to open the socket: a tenth of its memory, and nobody asks for it again.
                    del self.request, self.response
            else:
                self.transport.write(frame_of(text))

        def send_now(self, text: str) -> bool:
            is_open = not (self.disconnected or self.close_sent) and self.conn.state is OPEN
            if not is_open or not self.writable.is_set():
                return False
            self.transport.write(frame_of(text))
            return True

        async def run_asgi(self) -> None:
            extensions: dict[Any, Any] = self.scope["extensions"]
            extensions[SEND_NOW] = self.send_now
            try:
                await super().run_asgi()
            finally:
                del extensions[SEND_NOW]  # else each would keep the other after the socket is closed
                self.loop.call_later(self.close_timeout, self.transport.abort)

    class HouseServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            await asyncio.to_thread(ready)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            for listening in self.servers:
                listening.close()
            await say_goodbye()
            await super().shutdown(sockets)

    # uvicorn raises the signals it caught once more when it has ended; by then the worker has still to stop.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    HouseServer(
        uvicorn.Config(
            application,
            host=host,
            port=port,
            ws=HouseSocket,
            ws_max_size=settings.SOCKET_MAX_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=20,
            ws_ping_timeout=20,
            lifespan="off",
            timeout_graceful_shutdown=20,
            backlog=4096,
            access_log=access_log,
            log_config=None,
            server_header=False,
        )
    ).run()
