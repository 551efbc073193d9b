from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult
from pytest_django.fixtures import Settings

from network.actions.jobs import (
    ATTEMPTS,
    DEAD_AFTER,
    SCHEDULE,
    ScheduledJob,
    bury_the_dead,
    last_seen_worker,
    run_due_jobs,
    show_alive,
    sign_off,
)
from network.management.commands.worker import BackgroundWorker
from network.models import DueJob, Worker

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

heard: list[str] = []


@task(backend="worker")
def say(word: str) -> None:
    heard.append(word)


@task(backend="worker")
def stumble() -> None:
    raise ValueError("over a stone")


@pytest.fixture(autouse=True)
def nothing_heard() -> None:
    heard.clear()


@pytest.fixture
def empty_book(db: None) -> None:
    """A server of the journeys may have left its book behind."""
    for model in (DueJob, Worker, DBTaskResult):
        model.objects.all().delete()


def worker(name: str = "one", seen_at: datetime | None = None) -> Worker:
    row = Worker(name=name)
    show_alive(row, now=seen_at)
    return row


def hourly(*names: str) -> dict[str, ScheduledJob]:
    return {name: ScheduledJob(name, lambda name=name: heard.append(name), HOUR) for name in names}  # type: ignore[misc]


@pytest.mark.django_db
@pytest.mark.usefixtures("empty_book")
class TestSchedule:
    def test_a_job_that_was_never_run_is_due_at_once(self) -> None:
        assert run_due_jobs(worker(), schedule=hourly("ring"), now=NOON) == ["ring"]
        assert DueJob.objects.get().due_at == NOON + HOUR

    def test_a_job_is_not_run_before_it_is_due_again(self) -> None:
        one = worker()
        run_due_jobs(one, schedule=hourly("ring"), now=NOON)

        assert run_due_jobs(one, schedule=hourly("ring"), now=NOON + timedelta(minutes=59)) == []
        assert run_due_jobs(one, schedule=hourly("ring"), now=NOON + HOUR) == ["ring"]

    def test_runs_that_were_missed_are_caught_up_once_and_in_step(self) -> None:
        one = worker()
        run_due_jobs(one, schedule=hourly("ring"), now=NOON)

        after_a_long_night = NOON + timedelta(hours=9, minutes=20)
        assert run_due_jobs(one, schedule=hourly("ring"), now=after_a_long_night) == ["ring"]
        assert run_due_jobs(one, schedule=hourly("ring"), now=after_a_long_night) == []
        assert DueJob.objects.get().due_at == NOON + timedelta(hours=10)

    def test_a_failing_job_leaves_its_error_and_stays_in_the_schedule_with_the_others(self) -> None:
        def fails() -> None:
            raise ValueError("the printer is on fire")

        schedule = {"break": ScheduledJob("break", fails, HOUR), **hourly("ring")}
        one = worker()

        assert run_due_jobs(one, schedule=schedule, now=NOON) == ["break", "ring"]
        row = DueJob.objects.get(name="break")
        assert "the printer is on fire" in row.error
        assert row.due_at == NOON + HOUR
        assert row.worker is None

    def test_a_job_that_runs_well_again_forgets_its_error(self) -> None:
        DueJob.objects.create(name="ring", due_at=NOON, error="ValueError: once")

        run_due_jobs(worker(), schedule=hourly("ring"), now=NOON)

        assert DueJob.objects.get().error == ""

    def test_a_job_that_another_worker_runs_is_left_to_it(self) -> None:
        DueJob.objects.create(name="ring", due_at=NOON, worker=worker("another"), started_at=NOON)

        assert run_due_jobs(worker(), schedule=hourly("ring"), now=NOON + 3 * HOUR) == []

    def test_the_job_of_a_dead_worker_is_run_by_a_living_one(self) -> None:
        DueJob.objects.create(name="ring", due_at=NOON, worker=worker("dead", NOON - HOUR), started_at=NOON - HOUR)
        one = worker("one", NOON)

        assert bury_the_dead(survivor=one, now=NOON) == ["dead"]
        assert run_due_jobs(one, schedule=hourly("ring"), now=NOON) == ["ring"]

    def test_a_job_that_is_no_longer_in_the_code_is_not_run(self) -> None:
        DueJob.objects.create(name="of yesterday", due_at=NOON)

        assert run_due_jobs(worker(), schedule={}, now=NOON) == []

    def test_each_real_job_may_be_run_twice(self) -> None:
        assert {"clear sessions that have ended", "forget tasks that are done"} <= SCHEDULE.keys()
        assert any("publish" in name for name in SCHEDULE)

        for _ in range(2):
            DueJob.objects.update(due_at=timezone.now())
            assert sorted(run_due_jobs(worker())) == sorted(SCHEDULE)
            assert set(DueJob.objects.values_list("error", flat=True)) == {""}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_book")
def test_two_workers_at_once_run_each_job_once_for_each_time_it_is_due() -> None:
    names = [f"job {number}" for number in range(5)]
    schedule = hourly(*names)
    start = threading.Barrier(4)
    problems: list[Exception] = []

    def work(name: str) -> None:
        try:
            mine = worker(name)
            for turn in range(6):
                start.wait(30)
                run_due_jobs(mine, schedule=schedule, now=NOON + turn * HOUR)
        except Exception as problem:
            problems.append(problem)
            start.abort()
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(f"worker {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert sorted(heard) == sorted(names * 6)


@pytest.mark.django_db
@pytest.mark.usefixtures("empty_book")
class TestTasksOfTheDead:
    def left_running_by(self, *names: str) -> DBTaskResult:
        say.enqueue("hello")
        row = DBTaskResult.objects.get()
        for name in names:
            row.claim(name)
        return row

    def test_a_task_that_a_dead_worker_left_is_queued_again(self) -> None:
        row = self.left_running_by("dead")
        worker("dead", NOON - HOUR)

        bury_the_dead(survivor=worker("one", NOON), now=NOON)

        row.refresh_from_db()
        assert row.status == TaskResultStatus.READY

    def test_a_task_of_a_living_worker_is_left_alone(self) -> None:
        row = self.left_running_by("alive")
        worker("alive", NOON - DEAD_AFTER / 2)

        assert bury_the_dead(survivor=worker("one", NOON), now=NOON) == []

        row.refresh_from_db()
        assert row.status == TaskResultStatus.RUNNING

    def test_the_only_process_there_may_be_knows_that_all_others_are_dead(self) -> None:
        row = self.left_running_by("just now")
        worker("just now", NOON)

        assert bury_the_dead(survivor=worker("one", NOON), alone=True, now=NOON) == ["just now"]

        row.refresh_from_db()
        assert row.status == TaskResultStatus.READY

    def test_a_task_that_kills_every_worker_is_given_up(self) -> None:
        row = self.left_running_by(*(f"victim {number}" for number in range(ATTEMPTS)))
        worker(f"victim {ATTEMPTS - 1}", NOON - HOUR)

        bury_the_dead(survivor=worker("one", NOON), now=NOON)

        row.refresh_from_db()
        assert row.status == TaskResultStatus.FAILED

    def test_a_worker_that_stops_leaves_nothing_claimed(self) -> None:
        row = self.left_running_by("one")
        one = worker("one")
        DueJob.objects.create(name="ring", due_at=NOON, worker=one)

        sign_off(one)

        row.refresh_from_db()
        assert row.status == TaskResultStatus.READY
        assert DueJob.objects.get().worker is None
        assert last_seen_worker() is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_book")
class TestBackgroundWorker:
    @pytest.fixture
    def at_work(self) -> Iterator[BackgroundWorker]:
        background = BackgroundWorker(alone=True)
        background.start()
        yield background
        background.stop()

    def until(self, happened: object) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if callable(happened) and happened():
                return
            time.sleep(0.05)
        raise AssertionError("it did not happen within 20 seconds")

    def test_it_does_what_is_queued_and_runs_what_is_due(self, at_work: BackgroundWorker) -> None:
        say.enqueue("hello")

        self.until(lambda: heard == ["hello"])
        self.until(lambda: DueJob.objects.filter(finished_at=None).count() == 0)
        self.until(lambda: DueJob.objects.count() == len(SCHEDULE))
        self.until(lambda: DBTaskResult.objects.successful().count() == 1)

    def test_a_task_that_fails_is_kept_with_its_error_and_the_next_is_done(self, at_work: BackgroundWorker) -> None:
        stumble.enqueue()
        say.enqueue("still here")

        self.until(lambda: heard == ["still here"])
        self.until(lambda: DBTaskResult.objects.failed().count() == 1)
        assert "over a stone" in DBTaskResult.objects.failed().get().traceback

    def test_it_goes_on_when_another_took_it_for_dead(self, at_work: BackgroundWorker) -> None:
        self.until(lambda: DueJob.objects.exclude(finished_at=None).count() == len(SCHEDULE))
        bury_the_dead(survivor=Worker(name="another"), alone=True)
        DueJob.objects.update(due_at=NOON, finished_at=None)

        self.until(lambda: DueJob.objects.exclude(finished_at=None).count() == len(SCHEDULE))
        assert Worker.objects.filter(name=at_work.row.name).exists()

    def test_it_stops_within_seconds_and_signs_off(self) -> None:
        background = BackgroundWorker(alone=True)
        background.start()
        began = time.monotonic()

        background.stop()

        assert time.monotonic() - began < 5
        assert not Worker.objects.exists()


def test_without_redis_a_worker_of_its_own_is_refused_and_told_why(settings: Settings) -> None:
    settings.REDIS_URL = ""

    with pytest.raises(CommandError, match="Without REDIS_URL the worker is part of the server"):
        call_command("worker")


@pytest.mark.django_db
@pytest.mark.usefixtures("empty_book")
class TestHealth:
    def test_it_is_well_while_a_worker_is_alive(self, client: Client) -> None:
        worker()
        answer = client.get("/health/")

        assert (answer.status_code, answer.content) == (200, b"ok\n")
        assert "no-store" in answer["Cache-Control"]
        assert not answer.cookies

    def test_it_is_not_well_without_a_worker(self, client: Client) -> None:
        answer = client.get("/health/")

        assert (answer.status_code, answer.content) == (503, b"No worker is alive.\n")

    def test_it_says_for_how_long_no_worker_was_seen(self, client: Client) -> None:
        worker("one", timezone.now() - timedelta(minutes=5))
        answer = client.get("/health/")

        assert answer.status_code == 503
        assert b"No worker was seen for 30" in answer.content

    def test_it_is_not_well_when_the_database_does_not_answer(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away() -> None:
            from django.db import OperationalError

            raise OperationalError("connection refused by db.internal.example")

        monkeypatch.setattr("network.views.health.last_seen_worker", away)
        answer = client.get("/health/")

        assert (answer.status_code, answer.content) == (503, b"The database does not answer.\n")

    def test_it_names_nobody_and_no_job_and_takes_no_post(self, client: Client) -> None:
        worker("secret-host:1234")

        assert b"secret-host" not in client.get("/health/").content
        assert client.post("/health/").status_code == 405
