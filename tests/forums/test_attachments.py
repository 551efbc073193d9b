from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread as OsThread

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from forums import limits
from forums.actions.attachments import attach_file, describe_file, forget_unsent, remove_file
from forums.actions.posts import delete_post, hide_post, reply, restore_post
from forums.actions.threads import lock_thread, start_thread
from forums.files import NotTaken
from forums.models import Attachment, Post, Thread
from network.actions.closing import close_account
from network.limits import LimitReached, RateLimit
from network.models import Member, Membership
from network.permissions import Refused
from tests.cast import Cast
from tests.forums.uploads import EXE, PDF, picture, upload

FORM = uuid.UUID("5f0c8f4e-0000-4000-8000-000000000001")
OTHER_FORM = uuid.UUID("5f0c8f4e-0000-4000-8000-000000000002")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "attachments"


@pytest.fixture(autouse=True)
def files_of_the_test(kept: Path) -> Iterator[None]:
    field = Attachment.file.field
    before, field.storage = field.storage, FileSystemStorage(location=kept, base_url=None)
    yield
    field.storage = before


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Plans", source="Send yours.")


def attach(
    cast: Cast,
    name: str = "plan.pdf",
    content: bytes = PDF,
    by: Member | None = None,
    form: uuid.UUID = FORM,
    now: datetime | None = None,
) -> Attachment:
    return attach_file(cast.ai, by=by or cast.bob, form_id=form, file=upload(name, content), name=name, now=now)


def on_disk(kept: Path) -> int:
    return len(list(kept.iterdir())) if kept.exists() else 0


class TestUploading:
    def test_a_file_is_held_for_the_form_under_a_random_name(self, cast: Cast, kept: Path) -> None:
        attached = attach(cast, "Plan of 3 May.PDF")

        assert (attached.name, attached.size, attached.state) == ("Plan of 3 May.pdf", len(PDF), "clean")
        assert attached.post is None
        assert attached.file.read() == PDF
        assert [path.suffix for path in kept.iterdir()] == [""]
        assert "plan" not in str(attached.file.name).lower()

    def test_a_picture_has_a_small_one_beside_it(self, cast: Cast, kept: Path) -> None:
        attached = attach(cast, "hall.png", picture())

        assert attached.is_picture
        assert attached.file.storage.exists(attached.small_file)
        assert on_disk(kept) == 2

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
    def test_outsiders_cannot(self, cast: Cast, who: str, kept: Path) -> None:
        with pytest.raises(Refused):
            attach(cast, by=getattr(cast, who))
        assert on_disk(kept) == 0

    def test_what_is_refused_leaves_nothing_behind(self, cast: Cast, kept: Path) -> None:
        for name, content in (("plan.pdf", EXE), ("big.txt", b"x" * (Attachment.BYTES + 1)), ("no.txt", b"")):
            with pytest.raises(NotTaken):
                attach(cast, name, content)
        assert (Attachment.objects.count(), on_disk(kept)) == (0, 0)

    def test_ten_megabytes_are_taken_and_a_byte_more_is_not(self, cast: Cast) -> None:
        attach(cast, "big.txt", b"x" * Attachment.BYTES)
        with pytest.raises(NotTaken, match=r"“bigger\.txt” is larger than 10 MB"):
            attach(cast, "bigger.txt", b"x" * (Attachment.BYTES + 1))

    def test_the_same_file_twice_in_a_form_is_one(self, cast: Cast, kept: Path) -> None:
        assert attach(cast) == attach(cast)
        attach(cast, form=OTHER_FORM)
        attach(cast, content=PDF.replace(b"1 0", b"2 0"))
        assert (Attachment.objects.count(), on_disk(kept)) == (3, 3)

    def test_the_sixth_is_one_too_many(self, cast: Cast, kept: Path) -> None:
        for number in range(5):
            attach(cast, f"{number}.pdf")
        with pytest.raises(NotTaken, match=r"“5\.pdf” is one too many: you can attach 5 files to a post"):
            attach(cast, "5.pdf")
        attach(cast, "5.pdf", form=OTHER_FORM)
        assert on_disk(kept) == 6

    def test_fifty_megabytes_are_enough_for_a_day(self, cast: Cast, thread: Thread) -> None:
        attach(cast)
        Attachment.objects.update(size=limits.BYTES_A_DAY.times - len(PDF))
        reply(thread, by=cast.bob, source="Here", form_id=FORM)
        attach(cast, "last.pdf")
        with pytest.raises(NotTaken, match="is too much for today: you can attach 50 MB in a day"):
            attach(cast, "more.pdf")
        attach(cast, "more.pdf", by=cast.fay)
        Attachment.objects.filter(post__isnull=False).update(uploaded_at=timezone.now() - timedelta(days=1))
        attach(cast, "more.pdf")

    def test_removing_a_file_makes_no_room_for_another(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        day = RateLimit("attach bytes", 2 * len(PDF) + 1, per=timedelta(days=1))
        monkeypatch.setattr(limits, "BYTES_A_DAY", day)
        now = timezone.now()
        for number in range(2):
            remove_file(attach(cast, f"{number}.pdf", now=now), by=cast.bob)
        with pytest.raises(NotTaken, match="removed files counted, and have 0 MB left"):
            attach(cast, "third.pdf", now=now)
        assert not Attachment.objects.exists()

        # What was not taken is not counted, and what is sent twice is counted once.
        assert day.left(cast.bob, now=now) == 1
        attach(cast, "third.pdf", now=now + day.per)
        attach(cast, "third.pdf", now=now + day.per)
        assert day.left(cast.bob, now=now + day.per) == len(PDF) + 1

    def test_what_is_left_of_a_day_is_said(self, cast: Cast) -> None:
        limits.BYTES_A_DAY.spend(cast.bob, count=limits.BYTES_A_DAY.times - 3 * 1024 * 1024 // 2)
        with pytest.raises(NotTaken, match=r"50 MB in a day, removed files counted, and have 1\.5 MB left"):
            attach(cast, "large.txt", b"x" * 2 * 1024 * 1024)

    def test_too_often_is_too_often(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "ATTACHING", RateLimit("attach files", 1, per=timedelta(hours=1)))
        attach(cast)
        with pytest.raises(LimitReached):
            attach(cast, "more.pdf")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["files", "bytes"])
def test_of_two_uploads_at_once_only_one_takes_the_last_place(cast: Cast, what: str) -> None:
    attach(cast)
    if what == "bytes":
        Attachment.objects.update(size=limits.BYTES_A_DAY.times - len(PDF))
    else:
        for number in range(3):
            attach(cast, f"{number}.pdf")
    refused: list[str] = []

    def upload_one(name: str) -> None:
        try:
            attach(cast, name, form=FORM)
        except NotTaken as problem:
            refused.append(str(problem))
        finally:
            connection.close()

    both = [OsThread(target=upload_one, args=(name,)) for name in ("left.pdf", "right.pdf")]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert len(refused) == 1
    assert Attachment.objects.filter(name__in=("left.pdf", "right.pdf")).count() == 1


class TestSending:
    def test_the_files_become_the_posts_in_their_order(self, cast: Cast, thread: Thread) -> None:
        for name in ("b.pdf", "a.pdf"):
            attach(cast, name)
        attach(cast, "other.pdf", form=OTHER_FORM)
        attach(cast, "fays.pdf", by=cast.fay)

        post = reply(thread, by=cast.bob, source="Here", form_id=FORM)

        assert [attached.name for attached in post.attachments.all()] == ["b.pdf", "a.pdf"]
        assert Attachment.objects.filter(post=None).count() == 2

    def test_so_they_do_with_a_thread(self, cast: Cast) -> None:
        attach(cast)
        thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="T", source="S", form_id=FORM)

        assert thread.posts.get().attachments.get().name == "plan.pdf"

    def test_that_takes_as_many_queries_for_five_as_for_one(
        self, cast: Cast, thread: Thread, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(5):
            attach(cast, f"{number}.pdf")
        post = Post.objects.get(thread=thread)
        from forums.actions.attachments import give_to

        with django_assert_num_queries(5):  # four of them so that their names are found
            give_to(post, by=cast.bob, form_id=FORM)
        with django_assert_num_queries(0):
            give_to(post, by=cast.bob, form_id=None)

    def test_a_post_that_is_not_written_takes_no_files(self, cast: Cast, thread: Thread) -> None:
        attach(cast)
        lock_thread(thread, by=cast.fay)
        with pytest.raises(Refused):
            reply(thread, by=cast.bob, source="Here", form_id=FORM)
        assert Attachment.objects.get().post is None


class TestWhoSees:
    def seen_by(self, viewer: Member) -> int:
        return Attachment.objects.visible_to(viewer).count()

    def test_what_is_not_sent_is_its_owners_alone(self, cast: Cast) -> None:
        attach(cast)

        assert self.seen_by(cast.bob) == 1
        assert [self.seen_by(viewer) for viewer in (cast.fay, *cast.outsiders)] == [0] * 6

    def test_what_is_sent_is_seen_with_its_post_and_gone_with_it(self, cast: Cast, thread: Thread) -> None:
        attach(cast)
        post = reply(thread, by=cast.bob, source="Here", form_id=FORM)
        assert [self.seen_by(viewer) for viewer in (cast.bob, cast.fay)] == [1, 1]
        assert [self.seen_by(viewer) for viewer in cast.outsiders] == [0] * 5

        hide_post(post, by=cast.fay, reason="Names a resident")
        assert [self.seen_by(viewer) for viewer in (cast.bob, cast.fay)] == [0, 1], "who decides sees it"
        assert [self.seen_by(viewer) for viewer in cast.outsiders] == [0] * 5
        restore_post(post, by=cast.fay)
        assert self.seen_by(cast.fay) == 1
        delete_post(post, by=cast.bob)
        assert [self.seen_by(viewer) for viewer in (cast.bob, cast.fay)] == [0, 0]

    def test_whoever_leaves_loses_sight_of_their_own(self, cast: Cast, thread: Thread) -> None:
        attach(cast)
        reply(thread, by=cast.bob, source="Here", form_id=FORM)
        Membership.objects.filter(member=cast.bob).update(state=Membership.State.LEFT)

        assert self.seen_by(cast.bob) == 0


class TestChanging:
    def test_its_owner_describes_and_removes_it(
        self, cast: Cast, kept: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        attached = attach(cast, "hall.png", picture())
        describe_file(attached, by=cast.bob, alt="The town hall")
        assert Attachment.objects.get().alt == "The town hall"
        with django_capture_on_commit_callbacks(execute=True):
            remove_file(attached, by=cast.bob)
            assert on_disk(kept) == 2, "nothing is lost before it is certain"
        assert (Attachment.objects.count(), on_disk(kept)) == (0, 0)

    def test_nobody_else_does(self, cast: Cast) -> None:
        attached = attach(cast)
        for member in (cast.fay, *cast.outsiders):
            with pytest.raises(Refused):
                describe_file(attached, by=member, alt="Mine")
            with pytest.raises(Refused):
                remove_file(attached, by=member)

    def test_once_sent_it_is_removed_as_the_post_is_changed(self, cast: Cast, thread: Thread) -> None:
        attach(cast)
        post = reply(thread, by=cast.bob, source="Here", form_id=FORM)
        attached = post.attachments.get()
        lock_thread(thread, by=cast.fay)
        with pytest.raises(Refused):
            remove_file(Attachment.objects.get(pk=attached.pk), by=cast.bob)
        Thread.objects.update(locked_at=None)
        remove_file(Attachment.objects.get(pk=attached.pk), by=cast.bob)
        assert not post.attachments.exists()


def test_what_was_never_sent_is_forgotten_after_a_day(
    cast: Cast, thread: Thread, kept: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    attach(cast, "sent.pdf")
    reply(thread, by=cast.bob, source="Here", form_id=FORM)
    attach(cast, "hall.png", picture())
    now = timezone.now()

    assert forget_unsent(now=now + timedelta(hours=23)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert forget_unsent(now=now + timedelta(hours=25)) == 1
    assert [attached.name for attached in Attachment.objects.all()] == ["sent.pdf"]
    assert on_disk(kept) == 1


def test_erasing_takes_the_files_with_it(
    cast: Cast, thread: Thread, kept: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    attach(cast, "hall.png", picture())
    reply(thread, by=cast.bob, source="Here", form_id=FORM)
    attach(cast, "unsent.pdf")
    attach(cast, "fays.pdf", by=cast.fay)

    with django_capture_on_commit_callbacks(execute=True):
        close_account(by=cast.bob, erase=True)

    assert [attached.name for attached in Attachment.objects.all()] == ["fays.pdf"]
    assert on_disk(kept) == 1
