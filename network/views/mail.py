"""The mail of a demonstration, shown instead of sent. Mounted under the demonstration switch alone."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from allauth.account.internal.stagekit import get_pending_stage
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


@dataclass(frozen=True, slots=True)
class ShownMail:
    to: str
    subject: str
    at: datetime | None
    text: str
    code: str


@never_cache
@require_safe
def development_mail(request: HttpRequest) -> HttpResponse:
    # The roof refuses strangers already; what lets anybody sign in as anybody is worth a second lock.
    if not settings.DEMONSTRATION or not is_loopback(request.META.get("REMOTE_ADDR", "")):
        raise Http404
    stage = get_pending_stage(request)
    context = {
        "mails": _newest(Path(settings.EMAIL_FILE_PATH)),
        # Where this browser is asked for a code.
        "code_page": reverse(stage.urlname) if stage and stage.urlname else "",
        "app_codes": demo.app_codes(),
    }
    return render(request, "network/development_mail.html", context)


def _newest(folder: Path) -> list[ShownMail]:
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    mails: list[ShownMail] = []
    for file in files[:SHOWN]:
        messages = [part for part in file.read_bytes().split(BETWEEN) if part.strip()]
        mails += [_shown(message) for message in reversed(messages)]
    return mails[:SHOWN]


def _shown(message: bytes) -> ShownMail:
    mail = email.message_from_bytes(message, policy=email.policy.default)
    body = mail.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    found = CODE.search(text)
    date = mail["Date"]
    return ShownMail(
        to=str(mail["To"]),
        subject=str(mail["Subject"]),
        at=parsedate_to_datetime(str(date)) if date else None,
        text=text,
        code=found[1] if found else "",
    )
