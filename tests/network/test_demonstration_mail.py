"""The page that shows mail instead of sending it, and who gets it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from csp.middleware import CSPMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from network import urls  # addresses are made once, and here without the demonstration
from network.views.mail import development_mail, development_mail_html, development_mail_one


@pytest.fixture
def folder(db: None, tmp_path: Path, settings: Any) -> Path:
    settings.DEMONSTRATION = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    return tmp_path


def page(**asked_from: str) -> str:
    request = RequestFactory().get("/development/mail/", **({"REMOTE_ADDR": "127.0.0.1"} | asked_from))
    request.user, request.session = AnonymousUser(), SessionStore()
    return str(development_mail(request).content.decode())


def test_the_newest_mail_stands_first_with_its_code(folder: Path) -> None:
    for n in range(3):
        EmailMessage(
            f"Code {n}", f"Use this code:\n\n    BCD-FG{'HJK'[n]}\n\nWörds and a £ sign.", to=["a@b.example"]
        ).send()
    shown = page()

    assert re.findall(r"BCD-FG[HJK](?=</)", shown) == ["BCD-FGK", "BCD-FGJ", "BCD-FGH"]
    assert "Wörds and a £ sign." in shown


def test_several_mails_in_one_file_are_several_mails(folder: Path) -> None:
    EmailMessage("One", "1", to=["a@b.example"]).send()
    EmailMessage("Two", "2", to=["a@b.example"]).send()
    files = sorted(folder.glob("*.log"))
    whole = b"".join(file.read_bytes() for file in files)
    for file in files:
        file.unlink()
    (folder / "one.log").write_bytes(whole)

    assert page().count("<article") == 2


def test_what_a_mail_says_is_words_and_no_markup(folder: Path) -> None:
    EmailMessage("<script>1</script>", "<b>bold</b>", to=["a@b.example"]).send()

    assert "<script>1" not in page()
    assert "<b>bold" not in page()


class TestOneMail:
    @pytest.fixture
    def file(self, folder: Path) -> str:
        mail = EmailMultiAlternatives("A digest", "In words: https://example.org/", to=["a@b.example"])
        mail.extra_headers = {"List-Unsubscribe": "<https://example.org/stop/>"}
        mail.attach_alternative("<!doctype html><style>p { color: #111111 }</style><p>In HTML</p>", "text/html")
        mail.send()
        return next(folder.glob("*.log")).stem

    def asked(self, view: Any, file: str, number: int = 0, **asked_from: str) -> HttpResponse:
        request = RequestFactory().get("/", **({"REMOTE_ADDR": "127.0.0.1"} | asked_from))
        request.user, request.session = AnonymousUser(), SessionStore()
        answer: HttpResponse = view(request, file, number)
        return answer

    def test_is_led_to_from_the_list(self, file: str) -> None:
        assert f'href="{file}/0/"' in page()

    def test_is_shown_in_words_in_a_frame_and_with_its_headers(self, file: str) -> None:
        shown = self.asked(development_mail_one, file).content.decode()

        assert "In words" in shown
        assert '<iframe class="app-mail-frame" sandbox src="html/"' in shown
        assert "&lt;https://example.org/stop/&gt;" in shown
        assert "In HTML" not in shown

    def test_that_is_words_alone_is_said_to_be(self, folder: Path) -> None:
        EmailMessage("One", "1", to=["a@b.example"]).send()
        shown = self.asked(development_mail_one, next(folder.glob("*.log")).stem).content.decode()

        assert "This mail is text only." in shown
        assert "<iframe" not in shown

    def test_is_given_to_the_frame_as_it_is_and_can_do_nothing_there(self, file: str) -> None:
        answer = self.asked(development_mail_html, file)
        answer = CSPMiddleware(lambda request: answer)(RequestFactory().get("/"))

        assert b"<p>In HTML</p>" in answer.content
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "script-src" not in policy

    @pytest.mark.parametrize(("other", "number"), [("none", 0), ("../secret-key", 0), ("", 0), (None, 1)])
    def test_that_is_not_there_is_not_found(self, file: str, other: str | None, number: int) -> None:
        for view in (development_mail_one, development_mail_html):
            with pytest.raises(Http404):
                self.asked(view, file if other is None else other, number)

    def test_is_shown_to_no_stranger_and_without_the_demonstration_to_nobody(self, file: str, settings: Any) -> None:
        for view in (development_mail_one, development_mail_html):
            with pytest.raises(Http404):
                self.asked(view, file, REMOTE_ADDR="10.0.0.5")
        settings.DEMONSTRATION = False
        for view in (development_mail_one, development_mail_html):
            with pytest.raises(Http404):
                self.asked(view, file)


def test_no_folder_is_no_mail(folder: Path, settings: Any) -> None:
    settings.EMAIL_FILE_PATH = folder / "none"

    assert "No mail yet" in page()


@pytest.mark.parametrize("stranger", ["10.0.0.5", "192.168.1.2", "2001:db8::1", ""])
def test_a_stranger_gets_nothing(folder: Path, stranger: str) -> None:
    with pytest.raises(Http404):
        page(REMOTE_ADDR=stranger)


def test_without_the_demonstration_there_is_no_such_page(folder: Path, settings: Any) -> None:
    settings.DEMONSTRATION = False
    with pytest.raises(Http404):
        page()
    assert "development_mail" not in {getattr(pattern, "name", None) for pattern in urls.urlpatterns}
