"""A worker as a process of its own, which a test can kill as a machine does that loses power; and killing it again and
again while it sends mail.

Starting Python with all of the site in it takes seconds. So that a test can kill a dozen workers, one process gets
ready, touches neither database nor network, and forks: each fork is a worker from its beginning to its end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]


class WorkerProcess:
    """The real worker on the test database. `mail_port`: of the mail server that it sends to. `modules` are imported in
    it first: what a test registers for itself, such as a kind of mail. To be closed."""

    def __init__(self, var: Path, *, mail_port: int, modules: Sequence[str] = ()) -> None:
        self.var = var
        self.mail_port = mail_port
        self.pid = 0
        with (var / "worker.log").open("ab") as log:
            self.ready = subprocess.Popen(
                [sys.executable, "-m", "tests.workers", *modules],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

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
            "DJANGO_SETTINGS_MODULE": "network.settings",
            "GUILDHALL_VAR": str(self.var),
            "GUILDHALL_MAIL_URL": f"smtp://127.0.0.1:{self.mail_port}",
            "GUILDHALL_SECRET_KEY": settings.SECRET_KEY,
            "GUILDHALL_ENCRYPTION_KEY": ",".join(settings.ENCRYPTION_KEYS),
        }

    def start(self) -> None:
        assert not self.pid, "it runs"
        self.pid = int(self._asked("start"))

    @property
    def is_running(self) -> bool:
        return bool(self.pid) and self._asked("look") == "running"

    @property
    def log(self) -> str:
        return (self.var / "worker.log").read_text()

    def kill(self) -> None:
        """SIGKILL: no goodbye. Does nothing when it does not run."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def close(self) -> None:
        self.kill()
        self.ready.kill()
        self.ready.communicate()

    def _end(self, number: int) -> None:
        if self.pid:
            os.kill(self.pid, number)
            self._asked("wait")
            self.pid = 0

    def _asked(self, what: str) -> str:
        assert self.ready.stdin
        assert self.ready.stdout
        self.ready.stdin.write(f"{what}\n".encode())
        self.ready.stdin.flush()
        answer = self.ready.stdout.readline().decode().strip()
        assert answer, f"Nothing could be started:\n{self.log[-4000:]}"
        return answer


def send_under_fire(
    worker: WorkerProcess,
    *,
    sent: Callable[[], int],
    is_done: Callable[[], bool],
    total: int,
    kills: int,
    chance: random.Random,
    within: float = 120,
) -> None:
    """Has a worker send, kills it at random points of the way, each time a little after so many mails were `sent`, and
    starts it again, until `is_done`. Fails the test where that takes longer than `within` seconds."""
    deadline = time.monotonic() + within
    for point in sorted(chance.sample(range(1, total), kills)):
        worker.start()
        _until(lambda point=point: sent() >= point, is_done, deadline, worker)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.03))
        worker.kill()
    worker.start()
    _until(lambda: False, is_done, deadline, worker)
    worker.stop()


def _until(happened: Callable[[], bool], is_done: Callable[[], bool], deadline: float, worker: WorkerProcess) -> None:
    """The first is asked often and must cost nothing; the second now and then."""
    looks = 0
    while not happened():
        looks += 1
        if looks % 100 == 0:
            if is_done():
                return
            assert worker.is_running, f"The worker ended by itself:\n{worker.log[-4000:]}"
            assert time.monotonic() < deadline, f"The worker did not do it in time:\n{worker.log[-4000:]}"
        time.sleep(0.002)


# In the process itself


def main(modules: Sequence[str]) -> None:
    import django

    django.setup()
    for module in ("network.urls", *modules):
        import_module(module)
    pid = 0
    for line in sys.stdin:
        what = line.strip()
        if what == "start":
            pid = os.fork()
            if pid == 0:
                os.dup2(2, 1)
                _work()
                os._exit(0)
            answer = str(pid)
        elif what == "look":
            answer = "ended" if os.waitpid(pid, os.WNOHANG)[0] else "running"
        else:
            os.waitpid(pid, 0)
            answer = "ended"
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _work() -> None:
    from network.management.commands.worker import BackgroundWorker

    asked_to_stop = threading.Event()

    def stop(*_: Any) -> None:
        asked_to_stop.set()

    signal.signal(signal.SIGTERM, stop)
    worker = BackgroundWorker(alone=True)
    worker.start()
    while worker.is_alive and not asked_to_stop.wait(0.2):
        pass
    worker.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
