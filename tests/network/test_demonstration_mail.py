"""The page that shows mail instead of sending it, and who gets it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.mail import EmailMessage
from django.http import Http404
from django.test import RequestFactory

from network import urls  # addresses are made once, and here without the demonstration
from network.views.mail import development_mail


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
