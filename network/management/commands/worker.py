from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections, connection
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker as TaskRunner
from django_tasks_db.models import DBTaskResult

from network.actions.jobs import bury_the_dead, run_due_jobs, show_alive, sign_off
from network.models import Worker

logger = logging.getLogger(__name__)

LOOK_EVERY = 1  # seconds between looks for something to do
SHOW_EVERY = 10  # seconds between signs of life
LAST_CHANCE = 8  # seconds that what runs is given to finish when the worker is asked to stop


class BackgroundWorker:
    """Does tasks and scheduled jobs, in threads of the process that starts it: the server's under the embedded
    default, otherwise that of `manage.py worker`. `alone`: no other worker can be alive."""

    def __init__(self, *, alone: bool = False) -> None:
        self.row = Worker(name=f"{socket.gethostname()[:40]}:{os.getpid()}:{get_random_string(6)}")
        self.alone = alone
        self.stopping = threading.Event()
        self.hands = [
            threading.Thread(target=self._repeat, args=(look,), name=f"worker: {look.__name__}", daemon=True)
            for look in (self.do_jobs, self.do_tasks)
        ]
        self.heart = threading.Thread(target=self._beat, name="worker: heart", daemon=True)

    @property
    def is_alive(self) -> bool:
        return all(hand.is_alive() for hand in self.hands)

    def start(self) -> None:
        """Raises OperationalError where the database does not answer."""
        show_alive(self.row)
        bury_the_dead(survivor=self.row, alone=self.alone)
        for thread in (*self.hands, self.heart):
            thread.start()

    def stop(self) -> None:
        """Lets what runs finish, for a few seconds; what does not is done again by the next worker."""
        self.stopping.set()
        deadline = time.monotonic() + LAST_CHANCE
        for thread in (*self.hands, self.heart):
            if thread.is_alive():
                thread.join(max(0, deadline - time.monotonic()))
        try:
            sign_off(self.row)
        except OperationalError:
            logger.warning("The worker could not sign off: the database does not answer.")
        finally:
            connection.close()

    def do_jobs(self) -> None:
        run_due_jobs(self.row)

    def do_tasks(self) -> None:
        ready = DBTaskResult.objects.ready().filter(backend_name="worker")
        while not self.stopping.is_set() and ready.exists():
            # One task each time, so that a worker asked to stop does not begin another.
            TaskRunner(
                queue_names=["*"],
                excluded_queue_names=[],
                interval=0,
                batch=True,
                backend_name="worker",
                startup_delay=False,
                max_tasks=1,
                worker_id=self.row.name,
            ).run()
            ready = DBTaskResult.objects.ready().filter(backend_name="worker")

    def _repeat(self, look: Callable[[], None]) -> None:
        while not self.stopping.is_set():
            pause = LOOK_EVERY
            close_old_connections()
            try:
                look()
            except Exception:
                # The database is away, perhaps. The worker outlives it.
                logger.exception("The worker could not look for work")
                pause = SHOW_EVERY
            finally:
                close_old_connections()
            self.stopping.wait(pause)
        connection.close()

    def _beat(self) -> None:
        while not self.stopping.wait(SHOW_EVERY):
            if not self.is_alive:
                logger.critical("A part of the worker has ended, so it no longer shows that it is alive.")
                break
            try:
                show_alive(self.row, now=timezone.now())
                bury_the_dead(survivor=self.row)
            except Exception:
                logger.exception("The worker could not show that it is alive")
            finally:
                close_old_connections()
        connection.close()


class Command(BaseCommand):
    help = "Does tasks and scheduled jobs until it is stopped. Without Redis, the server does them instead."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError(
                "Without REDIS_URL the worker is part of the server: `manage.py serve` starts both. "
                "Set REDIS_URL to run it as a process of its own."
            )
        asked_to_stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: asked_to_stop.set())
        worker = BackgroundWorker()
        try:
            worker.start()
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}") from error
        self.stdout.write("The worker is at work. Ctrl-C stops it.")
        while worker.is_alive and not asked_to_stop.wait(1):
            pass
        worker.stop()
        if not asked_to_stop.is_set():
            raise CommandError("The worker ended by itself; the log says why.")
