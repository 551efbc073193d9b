"""Servers that a test starts for itself, so that it can take them away. For slow tests: faults, and what the embedded
default has no server for."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RedisServer:
    """A Redis on a port of its own that keeps nothing. Can be killed like a machine that loses power, and started again
    at the same address, empty."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Started, and answering. Fails the test where there is no Redis to start."""
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail(
                "This test starts a Redis of its own and found no redis-server. "
                "Install it, on Debian and Ubuntu with `apt-get install redis-server`.",
                pytrace=False,
            )
        log = self.folder / "redis.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"],
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 20
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Redis does not answer at port {self.port}:\n{log.read_text()[-2000:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: no goodbye. Does nothing when it does not run."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """It takes connections and answers nobody, like a machine behind a broken switch."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16) == b"+PONG\r\n"
        except OSError:
            return False


class PostgresServer:
    """A PostgreSQL on a port of its own. Debian's tools make it, for initdb runs for nobody who is root."""

    def __init__(self) -> None:
        self.port = free_port()
        self.name = f"guildhall_{os.getpid()}_{self.port}"
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/guildhall"
        versions = sorted(Path("/usr/lib/postgresql").glob("*"), key=lambda folder: int(folder.name))
        if shutil.which("pg_createcluster") is None or not versions:
            pytest.fail(
                "This test starts a PostgreSQL of its own and found no pg_createcluster. "
                "Install it, on Debian and Ubuntu with `apt-get install postgresql`.",
                pytrace=False,
            )
        self.version = versions[-1].name
        self.folder = Path("/var/lib/postgresql") / self.version / self.name

    def create(self) -> None:
        _as_root("pg_createcluster", self.version, self.name, "--port", str(self.port), "--", "--auth=trust")

    def start(self) -> None:
        """Started, and answering: after a kill, when it has read its own log again."""
        _as_root("pg_ctlcluster", "--skip-systemctl-redirect", self.version, self.name, "start")

    def kill(self) -> None:
        """SIGQUIT to its first process: every connection ends where it stands, nothing is flushed, and what was
        committed is found again from the log at the next start. SIGKILL would leave its other processes behind."""
        pid = int(_as_root("head", "-n", "1", str(self.folder / "postmaster.pid")))
        _as_root("kill", f"-{signal.SIGQUIT.value}", str(pid))
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.02)

    def drop(self) -> None:
        _as_root("pg_dropcluster", "--stop", self.version, self.name)

    def copy(self, url: str) -> None:
        """Holds all that another database holds."""
        subprocess.run(
            ["psql", "--quiet", "-v", "ON_ERROR_STOP=1", "-d", self._other("postgres")],
            input="create database guildhall",
            text=True,
            check=True,
        )
        dump = subprocess.run(["pg_dump", "--no-owner", "--no-acl", "-d", url], capture_output=True, check=True)
        subprocess.run(
            ["psql", "--quiet", "-v", "ON_ERROR_STOP=1", "-d", self._other("guildhall")],
            input=dump.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def _other(self, name: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()


def _as_root(*command: str) -> str:
    prefix = [] if os.getuid() == 0 else ["sudo", "-n"]
    done = subprocess.run([*prefix, *command], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout
