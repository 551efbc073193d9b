"""Files through the browser: chosen beside the words, served to those who may read them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from forums.actions.attachments import attach_file
from forums.actions.posts import delete_post, hide_post, reply
from forums.actions.threads import start_thread
from forums.models import Attachment, Post, Thread
from network.actions.membership import leave_network
from network.models import Member, Membership
from tests.cast import Cast, sign_in
from tests.forums.uploads import EXE, PDF, SVG, office, picture, upload

FORM = "5f0c8f4e-0000-4000-8000-000000000001"
OUTSIDERS = ["nobody", "olga", "amir", "lena", "sven", "ada"]


@pytest.fixture(autouse=True)
def files_of_the_test(tmp_path: Path) -> Iterator[None]:
    field = Attachment.file.field
    before, field.storage = field.storage, FileSystemStorage(location=tmp_path / "attachments", base_url=None)
    yield
    field.storage = before


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Plans", source="Send yours.")


def browser_of(member: Member | None) -> Client:
    client = Client()
    if member is not None:
        sign_in(client, member)
    return client


def attached_to_post(cast: Cast, thread: Thread, name: str = "plan.pdf", content: bytes = PDF) -> Attachment:
    form = uuid.uuid4()
    attach_file(cast.ai, by=cast.bob, form_id=form, file=upload(name, content), name=name)
    return reply(thread, by=cast.bob, source=f"Here is {name}", form_id=form).attachments.get()


def body_of(answer: Any) -> bytes:
    @async_to_sync
    async def streamed() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return streamed() if answer.streaming else answer.content


def send(client: Client, thread: Thread, files: list[Any] = (), **typed: str) -> str:  # type: ignore[assignment]
    data: dict[str, Any] = {"form_id": FORM, "source": "Here you are"} | typed
    if files:
        data["uploads"] = files
    answer = client.post(reverse("reply", args=[thread.pk]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


class TestChoosingFiles:
    def test_files_are_sent_with_the_words(self, cast: Cast, thread: Thread) -> None:
        page = send(browser_of(cast.bob), thread, [upload("plan.pdf"), upload("list.csv", b"a,b\n1,2")])

        post = Post.objects.get(number=2)
        assert [attached.name for attached in post.attachments.all()] == ["plan.pdf", "list.csv"]
        assert "plan.pdf" in page and "PDF, 69" in page.replace("\xa0", " ")

    def test_a_thread_begins_with_files(self, cast: Cast) -> None:
        typed = {"form_id": FORM, "title": "T", "kind": "discussion", "theme": cast.theme.pk, "source": "S"}
        browser_of(cast.bob).post(reverse("thread_new", args=["ai"]), typed | {"uploads": [upload()]})

        assert Post.objects.get().attachments.get().name == "minutes.pdf"

    def test_a_file_that_is_refused_is_told_beside_the_field_and_nothing_is_lost(
        self, cast: Cast, thread: Thread
    ) -> None:
        page = send(browser_of(cast.bob), thread, [upload("plan.pdf"), upload("setup.pdf", EXE), upload("l.svg", SVG)])

        assert "“setup.pdf” is not a PDF, whatever its name says" in page
        assert "“l.svg” cannot be attached" in page
        assert 'href="#id_uploads"' in page
        assert "Here you are" in page
        assert "Remove<span" in page and FORM in page
        assert Post.objects.count() == 1
        assert [attached.name for attached in Attachment.objects.all()] == ["plan.pdf"]

        send(browser_of(cast.bob), thread)
        assert Post.objects.get(number=2).attachments.get().name == "plan.pdf"

    def test_another_mistake_keeps_the_files(self, cast: Cast, thread: Thread) -> None:
        page = send(browser_of(cast.bob), thread, [upload("plan.pdf")], source="")

        assert "Enter your reply" in page
        assert "plan.pdf" in page
        assert Attachment.objects.get().post is None

    def test_files_are_added_before_the_words_are_right(self, cast: Cast, thread: Thread) -> None:
        page = send(browser_of(cast.bob), thread, [upload("plan.pdf")], source="Half a", add_files="yes")

        assert "plan.pdf" in page and "Half a" in page
        assert "There is a problem" not in page
        page = send(browser_of(cast.bob), thread, source="", remove_file=str(Attachment.objects.get().pk))
        assert "plan.pdf" not in page and "There is a problem" not in page
        assert not Attachment.objects.exists()
        assert Post.objects.count() == 1

    def test_nobody_removes_or_describes_the_file_of_somebody_else(self, cast: Cast, thread: Thread) -> None:
        send(browser_of(cast.bob), thread, [upload("hall.png", picture())], add_files="yes")
        pk = str(Attachment.objects.get().pk)
        send(browser_of(cast.fay), thread, remove_file=pk, **{f"alt_{pk}": "Mine"})

        assert Attachment.objects.get().alt == ""

    def test_of_a_picture_it_is_asked_what_it_shows(self, cast: Cast, thread: Thread) -> None:
        bob = browser_of(cast.bob)
        page = send(bob, thread, [upload("hall.png", picture())])
        field = f"alt_{Attachment.objects.get().pk}"
        assert "Say what “hall.png” shows" in page and f'href="#id_{field}"' in page
        assert "must be 250 characters or fewer" in send(bob, thread, **{field: "x" * 251})
        assert Post.objects.count() == 1

        page = send(bob, thread, **{field: "The town hall <at night>"})
        assert 'alt="The town hall &lt;at night&gt;"' in page
        assert Post.objects.get(number=2).attachments.get().alt == "The town hall <at night>"

    def test_what_was_said_of_a_picture_is_kept_when_another_file_comes(self, cast: Cast, thread: Thread) -> None:
        bob = browser_of(cast.bob)
        send(bob, thread, [upload("hall.png", picture())], add_files="yes")
        field = f"alt_{Attachment.objects.get().pk}"
        page = send(bob, thread, [upload("plan.pdf")], add_files="yes", **{field: "The hall"})

        assert 'value="The hall"' in page
        assert Attachment.objects.get(name="hall.png").alt == "The hall"

    def test_one_too_many_and_one_too_large_are_told_by_name(self, cast: Cast, thread: Thread) -> None:
        six = [upload(f"{number}.pdf") for number in range(6)]
        page = send(browser_of(cast.bob), thread, [*six, upload("big.txt", b"x" * (Attachment.BYTES + 1))])

        assert "“5.pdf” is one too many: you can attach 5 files to a post" in page
        assert "“big.txt” is larger than 10 MB" in page
        assert Attachment.objects.count() == 5

    def test_a_form_without_its_number_takes_no_files(self, cast: Cast, thread: Thread) -> None:
        assert "load the page again" in send(browser_of(cast.bob), thread, [upload()], form_id="")
        assert "load the page again" in send(browser_of(cast.bob), thread, [upload()], form_id="x")
        assert not Attachment.objects.exists()

    @pytest.mark.parametrize("name", ["a\u202ecod.exe.pdf", "x" * 300 + ".pdf", "../../plan.pdf", "<b>plan</b>.pdf"])
    def test_an_odd_name_does_no_harm(self, cast: Cast, thread: Thread, name: str) -> None:
        page = send(browser_of(cast.bob), thread, [upload(name)])
        attached = Attachment.objects.get()

        assert "\u202e" not in page and "<b>plan" not in page and len(attached.name) <= 120
        answer = browser_of(cast.fay).get(attached.get_absolute_url())
        assert answer["Content-Disposition"].startswith("attachment; filename")

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_outsiders_upload_nothing(self, cast: Cast, thread: Thread, who: str) -> None:
        client = browser_of(getattr(cast, who, None))
        typed = {"form_id": FORM, "source": "Here", "uploads": [upload()], "add_files": "yes"}
        for address in (reverse("reply", args=[thread.pk]), reverse("thread_new", args=["ai"])):
            assert client.post(address, typed).status_code == 404
        assert not Attachment.objects.exists()


ADDRESSES = ["attachment", "attachment_picture", "attachment_small"]


class TestServing:
    def test_a_file_is_to_be_kept_and_runs_nowhere(self, cast: Cast, thread: Thread) -> None:
        attached = attached_to_post(cast, thread, "Größe der Pläne.docx", office("docx"))
        answer = browser_of(cast.fay).get(attached.get_absolute_url())

        assert body_of(answer) == office("docx")
        assert answer["Content-Disposition"] == ("attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe%20der%20Pl%C3%A4ne.docx")
        assert answer["Content-Type"] == attached.content_type
        assert answer["Content-Length"] == str(attached.size)
        for name, value in (
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "sandbox; default-src 'none'"),
            ("Cache-Control", "private, no-store"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ):
            assert answer[name] == value

    def test_a_picture_is_shown_and_other_files_are_not(self, cast: Cast, thread: Thread) -> None:
        image = attached_to_post(cast, thread, "hall.png", picture())
        document = attached_to_post(cast, thread)
        fay = browser_of(cast.fay)

        for address, content_type in ((image.picture_address, "image/png"), (image.small_address, "image/webp")):
            answer = fay.get(address)
            assert (answer["Content-Type"], answer["Content-Disposition"]) == (content_type, "inline")
            assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
            assert body_of(answer)
        assert fay.get(document.picture_address).status_code == 404
        assert fay.get(document.small_address).status_code == 404
        assert fay.get(image.get_absolute_url())["Content-Disposition"] == 'attachment; filename="hall.png"'

    def test_only_its_head_may_be_asked_for(self, cast: Cast, thread: Thread) -> None:
        attached = attached_to_post(cast, thread)
        answer = browser_of(cast.fay).head(attached.get_absolute_url())

        assert (answer.status_code, answer["Content-Length"], body_of(answer)) == (200, str(attached.size), b"")
        assert browser_of(cast.fay).post(attached.get_absolute_url()).status_code == 405

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_for_everybody_outside_there_is_nothing(self, cast: Cast, thread: Thread, who: str) -> None:
        attached = attached_to_post(cast, thread, "hall.png", picture())
        client = browser_of(getattr(cast, who, None))
        for name in ADDRESSES:
            for method in (client.get, client.head):
                assert method(reverse(name, args=[attached.pk])).status_code == 404

    @pytest.mark.parametrize("state", [Membership.State.SUSPENDED, Membership.State.LEFT])
    def test_a_tab_left_open_shows_nothing_more(self, cast: Cast, thread: Thread, state: str) -> None:
        attached = attached_to_post(cast, thread, "hall.png", picture())
        client = browser_of(cast.bob)
        assert client.get(attached.get_absolute_url()).status_code == 200
        if state == Membership.State.LEFT:
            leave_network(cast.ai, by=cast.bob)
        else:
            Membership.objects.filter(member=cast.bob, network=cast.ai).update(state=state)
        for name in ADDRESSES:
            assert client.get(reverse(name, args=[attached.pk])).status_code == 404

    @pytest.mark.parametrize("how", ["hidden", "deleted"])
    def test_of_a_post_that_is_gone_the_files_are_too(self, cast: Cast, thread: Thread, how: str) -> None:
        """Only who decides over what is hidden sees them."""
        attached = attached_to_post(cast, thread, "hall.png", picture())
        assert attached.post
        if how == "hidden":
            hide_post(attached.post, by=cast.fay, reason="Names a resident")
        else:
            delete_post(attached.post, by=cast.bob)
        for member in (cast.bob, cast.fay):
            client = browser_of(member)
            decides = how == "hidden" and member == cast.fay
            for name in ADDRESSES:
                assert client.get(reverse(name, args=[attached.pk])).status_code == (200 if decides else 404)
            assert "hall.png" not in client.get(thread.get_absolute_url()).content.decode()

    def test_what_is_not_sent_yet_is_its_owners(self, cast: Cast) -> None:
        attached = attach_file(cast.ai, by=cast.bob, form_id=uuid.UUID(FORM), file=upload(), name="plan.pdf")

        assert browser_of(cast.bob).get(attached.get_absolute_url()).status_code == 200
        assert browser_of(cast.fay).get(attached.get_absolute_url()).status_code == 404

    @pytest.mark.parametrize("state", [Attachment.State.CHECKING, Attachment.State.REFUSED])
    def test_what_is_not_known_to_be_clean_is_nobodys(self, cast: Cast, thread: Thread, state: str) -> None:
        attached = attached_to_post(cast, thread, "hall.png", picture())
        Attachment.objects.update(state=state)
        for member in (cast.bob, cast.fay):
            client = browser_of(member)
            for name in ADDRESSES:
                assert client.get(reverse(name, args=[attached.pk])).status_code == 404
            page = client.get(f"{thread.get_absolute_url()}?page=1").content.decode()
            assert str(attached.pk) not in page
            assert ("Being checked" in page) == (state == Attachment.State.CHECKING)
            assert ("may hold malware" in page) == (state == Attachment.State.REFUSED)

    def test_a_file_that_is_gone_is_not_found(self, cast: Cast, thread: Thread) -> None:
        attached = attached_to_post(cast, thread)
        attached.file.storage.delete(str(attached.file.name))
        assert browser_of(cast.fay).get(attached.get_absolute_url()).status_code == 404

    def test_no_server_holds_a_whole_file_in_memory(self, cast: Cast, thread: Thread) -> None:
        attached = attached_to_post(cast, thread, "big.txt", b"x" * 1_000_000)

        @async_to_sync
        async def pieces() -> list[int]:
            client = AsyncClient()
            await client.aforce_login(cast.fay)
            answer: Any = await client.get(attached.get_absolute_url())
            return [len(piece) async for piece in answer.streaming_content]

        assert max(sizes := pieces()) <= 256 * 1024
        assert sum(sizes) == 1_000_000


def test_a_page_of_a_thread_asks_once_for_all_its_files(cast: Cast, thread: Thread) -> None:
    def queries() -> int:
        client = browser_of(cast.fay)
        client.get(f"{thread.get_absolute_url()}?page=1")
        with CaptureQueriesContext(connection) as captured:
            page = client.get(f"{thread.get_absolute_url()}?page=1").content.decode()
        assert len(re.findall(r"/attachments/[\w-]+/\"", page)) == Attachment.objects.count()
        return len(captured)

    attached_to_post(cast, thread)
    few = queries()
    for number in range(18):
        attached_to_post(cast, thread, f"{number}.pdf")

    assert queries() == few <= 14
