"""Mail by GOV.UK Notify, whose API takes a subject and a body in its own kind of Markdown and makes text and HTML of
them.

What members wrote must show as they typed it, and nothing of it may become a link or a heading. So everything is
escaped but the addresses that our own templates wrote: the text is rendered with a mark nobody can guess in place of
the site's address. What Notify takes for formatting is told by its open source: notifications-utils, on mistune 0.8.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

import requests
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from notifications_python_client.errors import APIError, HTTPError
from notifications_python_client.notifications import NotificationsAPIClient
from urllib3.exceptions import MaxRetryError, NewConnectionError

from network.delivery.message import Message
from network.delivery.problems import NeverTaken, PerhapsTaken

ANSWER_TAKES = 30  # seconds

_INLINE = re.compile(r"[\\`*_\[\]()!~|]")
# A space of no width: what it stands in looks the same and is no longer what it was.
_BREAK = "\u200b"
_WEB_ADDRESS = re.compile(r"(https?:)(?=//)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")


class NotifyAway(OSError):
    """Notify does not answer, or takes nothing from us now."""


class EmailBackend(BaseEmailBackend):
    holds_back = True  # calls each message's `before_end` itself

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        super().__init__(fail_silently=fail_silently, **options)
        self.client = NotificationsAPIClient(
            settings.NOTIFY_API_KEY, base_url=settings.NOTIFY_ADDRESS, timeout=ANSWER_TAKES
        )

    def close(self) -> None:
        self.client.request_session.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Raises OSError."""
        for message in email_messages:
            self._send(message if isinstance(message, Message) else _bare(message))
        return len(email_messages)

    def _send(self, message: Message) -> None:
        options: dict[str, Any] = {
            "email_address": message.to[0],
            "template_id": settings.NOTIFY_TEMPLATE,
            "personalisation": {"subject": message.subject, "body": markdown_of(message)},
            "reference": message.reference,
        }
        stop = str(message.extra_headers.get("List-Unsubscribe", "")).strip("<>")
        if stop.startswith("https://"):  # it takes no other
            options["one_click_unsubscribe_url"] = stop
        # What became of an earlier try nobody may have heard; Notify knows.
        was_taken = bool(message.earlier_reference) and self._has_taken(message.earlier_reference)
        if message.before_end:
            message.before_end()
        if was_taken:
            return
        try:
            self.client.send_email_notification(**options)
        except APIError as problem:
            self._judge(problem, message)

    def _judge(self, problem: APIError, message: Message) -> None:
        """Returns where the message was taken all the same. Raises OSError."""
        words = f"Notify: {problem}"
        if isinstance(problem, HTTPError) and problem.response is not None:
            if problem.status_code == 400:
                raise NeverTaken(words) from problem
            raise NotifyAway(words) from problem  # 403 our key, 429 too much, 5xx its own trouble
        if _never_reached(problem.__cause__):
            raise NotifyAway(f"Notify: {problem.__cause__}") from problem
        try:
            if self._has_taken(message.reference):
                return
        except NotifyAway:
            pass
        raise PerhapsTaken(words) from problem

    def _has_taken(self, reference: str) -> bool:
        """Whether it has such a message that did not fail. Raises NotifyAway."""
        try:
            found = self.client.get_all_notifications(reference=reference)
        except APIError as problem:
            raise NotifyAway(f"Notify: {problem}") from problem
        return any(not one["status"].endswith("-failure") for one in found["notifications"])


def _bare(message: EmailMessage) -> Message:
    """Of mail that has no row in the ledger, such as one that tries whether mail leaves."""
    return Message(subject=message.subject, body=str(message.body), to=message.to)


def _never_reached(problem: BaseException | None) -> bool:
    if isinstance(problem, requests.ConnectTimeout):
        return True
    told = problem.args[0] if isinstance(problem, requests.ConnectionError) and problem.args else None
    return isinstance(told, MaxRetryError) and isinstance(told.reason, NewConnectionError)


def markdown_of(message: Message) -> str:
    """The text of a message so that Notify shows it as it is, with links where our own templates have addresses."""
    mark = f"\ue000{secrets.token_hex(16)}\ue000"
    # A link that is meant ends where it ends: with more behind it, it would lead elsewhere.
    meant = [rf"{re.escape(link)}(?!\S)" for link in message.links if re.fullmatch(r"https?://\S+", link)]
    ours = re.compile("(" + "|".join([rf"{re.escape(mark)}\S*", *meant]) + ")")
    lines = [_line(ours.split(line)) for line in message.text_at(mark).strip().splitlines()]
    return "\n".join(lines).replace(mark, settings.SITE_URL)


def _line(pieces: list[str]) -> str:
    """Of a line in pieces: what is to be escaped, and between it, each second one, addresses of ours."""
    line = "".join(piece if number % 2 else _escaped(piece) for number, piece in enumerate(pieces))
    indent = len(line) - len(line.lstrip())
    line = "\u00a0" * indent + line.lstrip()  # four spaces would be code, without links
    # Headings, lists, quotes, rules and tables are all told by how a line begins.
    return line if not line or pieces[0] == "" or line[0].isalpha() else _BREAK + line


def _escaped(words: str) -> str:
    words = _INLINE.sub(r"\\\g<0>", words)
    words = _WEB_ADDRESS.sub(rf"\1{_BREAK}", words)
    return _ENTITY.sub(f"&{_BREAK}", words)
