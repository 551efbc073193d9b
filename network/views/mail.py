"""The mail of a demonstration, shown as it would look instead of sent. Mounted under the demonstration switch alone."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from allauth.account.internal.stagekit import get_pending_stage
from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from network import demo
from network.checks import is_loopback

SHOWN = 50
CODE = re.compile(r"^\s*([A-Z]{3}-[A-Z]{3})\s*$", re.MULTILINE)
BETWEEN = b"\n" + b"-" * 79 + b"\n"  # what Django's file backend writes after each message
# Of a mail, nothing is fetched and nothing is run: it is as harmless here as in a mail program.
POLICY_OF_HTML = {"default-src": [NONE], "style-src": [UNSAFE_INLINE], "frame-ancestors": [SELF], "sandbox": True}


@dataclass(frozen=True, slots=True)
class ShownMail:
    """`file` and `number` say where it stands."""

    file: str
    number: int
    message: EmailMessage

    @property
    def to(self) -> str:
        return str(self.message["To"])

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def at(self) -> datetime | None:
        date = self.message["Date"]
        return parsedate_to_datetime(str(date)) if date else None

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value).strip()) for name, value in self.message.items()]

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    @property
    def code(self) -> str:
        found = CODE.search(self.text)
        return found[1] if found else ""

    def _body(self, kind: str) -> str:
        body = self.message.get_body((kind,))
        return str(body.get_content()) if body else ""


@never_cache
@require_safe
def development_mail(request: HttpRequest) -> HttpResponse:
    _loopback_only(request)
    stage = get_pending_stage(request)
    context = {
        "mails": _newest(Path(settings.EMAIL_FILE_PATH)),
        # Where this browser is asked for a code.
        "code_page": reverse(stage.urlname) if stage and stage.urlname else "",
        "app_codes": demo.app_codes(),
    }
    return render(request, "network/development_mail.html", context)


@never_cache
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]  # it knows no views with arguments
@require_safe
def development_mail_one(request: HttpRequest, file: str, number: int) -> HttpResponse:
    """One mail: its text, its HTML in a frame, and its headers."""
    return render(request, "network/development_mail_one.html", {"mail": _one(request, file, number)})


@never_cache
@csp(POLICY_OF_HTML)  # type: ignore[arg-type]
@require_safe
def development_mail_html(request: HttpRequest, file: str, number: int) -> HttpResponse:
    """The HTML of a mail as it is, for the frame."""
    return HttpResponse(_one(request, file, number).html)


def _loopback_only(request: HttpRequest) -> None:
    # The roof refuses strangers already; what lets anybody sign in as anybody is worth a second lock.
    if not settings.DEMONSTRATION or not is_loopback(request.META.get("REMOTE_ADDR", "")):
        raise Http404


def _one(request: HttpRequest, file: str, number: int) -> ShownMail:
    _loopback_only(request)
    here = [path for path in Path(settings.EMAIL_FILE_PATH).glob("*.log") if path.stem == file]
    mails = _in_file(here[0]) if here else []
    if number >= len(mails):
        raise Http404
    return mails[number]


def _newest(folder: Path) -> list[ShownMail]:
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    mails: list[ShownMail] = []
    for file in files[:SHOWN]:
        mails += reversed(_in_file(file))
    return mails[:SHOWN]


def _in_file(file: Path) -> list[ShownMail]:
    messages = [part for part in file.read_bytes().split(BETWEEN) if part.strip()]
    return [
        ShownMail(file.stem, number, email.message_from_bytes(message, policy=email.policy.default))
        for number, message in enumerate(messages)
    ]
