from __future__ import annotations

import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.test import Client
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from forums import scanner
from forums.actions.attachments import attach_file, check_files
from forums.actions.posts import reply
from forums.actions.threads import start_thread
from forums.models import Attachment, Thread
from forums.tasks import look_for_files, look_for_malware
from network.models import AuditEvent, Notice
from network.notifications import unread_notices
from tests.cast import Cast, sign_in
from tests.forums.clamd import EICAR, Clamd
from tests.forums.uploads import picture, upload

FORM = uuid.UUID("5f0c8f4e-0000-4000-8000-000000000001")


@pytest.fixture(params=["tcp", "unix"])
def clamd(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Iterator[Clamd]:
    running = Clamd(tmp_path / "clamd.ctl" if request.param == "unix" else None)
    settings.CLAMD = running.address
    yield running
    running.stop()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    field = Attachment.file.field
    before, field.storage = field.storage, FileSystemStorage(location=tmp_path / "attachments", base_url=None)
    yield tmp_path / "attachments"
    field.storage = before


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Plans", source="Send yours.")


def attach(cast: Cast, name: str = "plan.txt", content: bytes = b"A plan") -> Attachment:
    return attach_file(cast.ai, by=cast.bob, form_id=FORM, file=upload(name, content), name=name)


class TestAsking:
    def test_whether_it_is_there(self, clamd: Clamd) -> None:
        assert scanner.answers()
        assert clamd.asked == [b"zPING\0"]
        clamd.is_mute = True
        assert not scanner.answers()

    def test_about_a_clean_file_of_many_pieces(self, clamd: Clamd) -> None:
        content = bytes(range(256)) * 1000

        assert scanner.finding_in(BytesIO(content)) == ""
        assert clamd.scanned == [content]

    def test_about_malware(self, clamd: Clamd) -> None:
        assert scanner.finding_in(BytesIO(b"x" * 70_000 + EICAR)) == "Eicar-Test-Signature"

    @pytest.mark.parametrize("says", [b"INSTREAM size limit exceeded. ERROR", b"", b"FOUND", b"UNKNOWN COMMAND"])
    def test_what_is_neither_yes_nor_no_is_no_answer(self, clamd: Clamd, says: bytes) -> None:
        clamd.says = says
        clamd.is_mute = not says
        with pytest.raises(scanner.NoAnswer):
            scanner.finding_in(BytesIO(b"x"))


@pytest.mark.parametrize("address", ["unix:///nowhere/clamd.ctl", "tcp://127.0.0.1:1"])
def test_where_nobody_listens_nobody_answers(settings: Settings, address: str) -> None:
    settings.CLAMD = address
    assert not scanner.answers()
    with pytest.raises(scanner.NoAnswer):
        scanner.finding_in(BytesIO(b"x"))


@pytest.mark.usefixtures("kept")
class TestFilesThatWait:
    def test_a_clean_file_is_served_once_that_is_known(self, cast: Cast, thread: Thread, clamd: Clamd) -> None:
        attached = attach(cast)
        reply(thread, by=cast.bob, source="Here", form_id=FORM)
        fay = Client()
        sign_in(fay, cast.fay)
        assert "Being checked" in fay.get(thread.get_absolute_url(), follow=True).content.decode()
        assert fay.get(attached.get_absolute_url()).status_code == 404

        assert check_files() == 1
        assert fay.get(attached.get_absolute_url()).status_code == 200
        assert (check_files(), clamd.scanned) == (0, [b"A plan"])

    def test_malware_is_deleted_and_its_owner_told(
        self,
        cast: Cast,
        thread: Thread,
        clamd: Clamd,
        kept: Path,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        attached = attach(cast, content=EICAR)
        attach(cast, "clean.txt")
        post = reply(thread, by=cast.bob, source="Here", form_id=FORM)
        with django_capture_on_commit_callbacks(execute=True):
            assert check_files() == 2

        attached.refresh_from_db()
        assert (attached.state, bool(attached.file)) == ("refused", False)
        assert len(list(kept.iterdir())) == 1
        (told,) = unread_notices(cast.bob)
        assert told.title == "A file that you attached in “Plans” was removed: it may hold malware"
        assert told.address == post.get_absolute_url()
        assert not Notice.objects.exclude(member=cast.bob).filter(kind="file_refused").exists()
        assert AuditEvent.objects.get(verb="refused file").network == cast.ai

    def test_malware_found_before_it_is_sent_stops_the_sending_and_says_so(
        self, cast: Cast, thread: Thread, clamd: Clamd
    ) -> None:
        attached = attach(cast, content=EICAR)
        check_files()
        bob = Client()
        sign_in(bob, cast.bob)
        typed = {"form_id": str(FORM), "source": "Here you are"}
        page = bob.post(f"/threads/{thread.pk}/reply/", typed).content.decode()
        assert "“plan.txt” may hold malware, so it was deleted: remove it here" in page
        assert "Here you are" in page

        bob.post(f"/threads/{thread.pk}/reply/", typed | {"remove_file": str(attached.pk)})
        bob.post(f"/threads/{thread.pk}/reply/", typed)
        assert thread.posts.get(number=2).attachments.count() == 0
        assert not Notice.objects.filter(kind="file_refused").exists()

    @pytest.mark.parametrize("trouble", ["mute", "error"])
    def test_a_scanner_that_does_not_say_leaves_them_waiting(
        self, cast: Cast, clamd: Clamd, trouble: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        attach(cast, "hall.png", picture())
        clamd.is_mute = trouble == "mute"
        clamd.says = b"INSTREAM size limit exceeded. ERROR" if trouble == "error" else b""
        assert check_files() == 0
        assert Attachment.objects.get().state == "checking"
        assert "scanner" in caplog.text

        clamd.is_mute, clamd.says = False, b""
        assert check_files() == 1
        assert Attachment.objects.get().state == "clean"

    def test_the_worker_looks_when_one_waits(self, cast: Cast, clamd: Clamd) -> None:
        def wanted() -> Any:
            return DBTaskResult.objects.filter(task_path=look_for_malware.module_path)

        look_for_files()
        assert not wanted().exists()
        attach(cast)
        look_for_files()
        look_for_files()
        assert wanted().count() == 1

        look_for_malware.call()
        assert Attachment.objects.get().state == "clean"

    def test_where_the_scanner_was_given_up_nobody_waits_for_it(
        self, cast: Cast, clamd: Clamd, settings: Settings
    ) -> None:
        attach(cast)
        settings.CLAMD = ""
        check_files()
        assert Attachment.objects.get().state == "clean"
