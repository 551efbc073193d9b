"""Where GOV.UK Notify reports what became of a mail."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from network.actions.mail_news import hear_of_mail


@csrf_exempt  # a program with a token, and no session
@require_POST
def notify(request: HttpRequest) -> HttpResponse:
    """The same answer whether we know the mail or not."""
    if not settings.NOTIFY_CALLBACK_TOKEN:
        raise Http404
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.NOTIFY_CALLBACK_TOKEN}"):
        return HttpResponse("The bearer token is not the one.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    try:
        told = json.loads(request.body)
        reference, status, to = (_word(told, name) for name in ("reference", "status", "to"))
    except ValueError:
        return HttpResponse("This is no report of a mail.\n", status=400)
    hear_of_mail(reference, status, to=to)
    return HttpResponse(status=204)


def _word(told: Any, name: str) -> str:
    """Raises ValueError where there are other things than words."""
    word = told.get(name) if isinstance(told, dict) else 0
    if not isinstance(word, str | None):
        raise ValueError(name)
    return (word or "").replace("\x00", "")
