"""A mail as a message: two versions of the same words, the headers that mail programs go by, and the foot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac
from django.utils.text import slugify

from network.actions.mail_stops import Stop, address_of, words_of
from network.models import MailLedger, Member


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent: `template` is the name of a text template in templates/network/mail/ or another package's, whose
    first line is the subject; `html` that of the same words in HTML. `why` is the sentence at the foot that says why
    this came, and `stop` what that lets the reader stop: no mail has one without the other.

    `conversation`: mails with the same one are put together by mail programs, such as "thread 12". `gathers`: the rows
    of the ledger, of the same member, that this mail tells of too. `covers_until`: up to when a digest tells of what
    was written. `reply_to`: where an answer to it goes, if anywhere."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    html: str = ""
    why: str = ""
    stop: Stop | None = None
    conversation: str = ""
    gathers: tuple[int, ...] = ()
    covers_until: datetime | None = None
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """What is sent at once, where another library renders it, such as allauth its codes."""

    subject: str
    text: str


class Message(EmailMultiAlternatives):
    """`before_end` is called at the last moment at which the message can still be held back. What it raises holds it
    back. `reference` names the row of the ledger to nobody but us."""

    before_end: Callable[[], None] | None = None
    reference: str = ""


def message_of(mail: Mail | WrittenMail, row: MailLedger, *, to: str) -> Message:
    """Raises what a template raises that cannot be rendered."""
    headers = {
        # Out-of-office replies answer people, not programs.
        "Auto-Submitted": "auto-generated",
        # The same for each try, so that a mail program that gets it twice shows it once.
        "Message-ID": f"<{reference_of(row)}@{settings.SITE_HOST}>",
    }
    if isinstance(mail, WrittenMail):
        subject, text, html = mail.subject, mail.text, ""
    else:
        subject, text, html = _rendered(mail, row.member)
        headers |= _threading(mail) | _stopping(mail, row.member)
    message = Message(
        subject=" ".join(subject.split()),
        body=text.strip() + "\n",
        to=[to],
        headers=headers,
        reply_to=[mail.reply_to] if isinstance(mail, Mail) and mail.reply_to else None,
    )
    if html:
        message.attach_alternative(html, "text/html")
    message.reference = reference_of(row)
    return message


def reference_of(row: MailLedger) -> str:
    """Stands for a row of the ledger wherever others see it: nobody can guess one, nor count our mail by it."""
    return salted_hmac("network.delivery", f"{row.pk} {row.recipient} {row.stream} {row.period}").hexdigest()


def _rendered(mail: Mail, member: Member | None) -> tuple[str, str, str]:
    """The subject, the text and the HTML, if it has any, each with the same foot."""
    context = {"site_url": settings.SITE_URL} | mail.context | _foot(mail, member)
    subject, _, text = render_to_string(mail.template, context).partition("\n")
    if mail.stop:
        text = text.strip() + "\n\n" + render_to_string("network/mail/foot.txt", context)
    html = render_to_string(mail.html, context | {"subject": subject.strip()}) if mail.html else ""
    return subject, text, html


def _foot(mail: Mail, member: Member | None) -> dict[str, Any]:
    assert bool(mail.why) == bool(mail.stop), "who is told why a mail came is told how to stop it, and the other way"
    if mail.stop is None:
        return {}
    assert member is not None, "only members can stop mail: who has no account gets none that goes on"
    return {
        "why": mail.why,
        "stop_words": words_of(mail.stop),
        "stop_address": address_of(mail.stop, member),
        "stop_all_address": "" if mail.stop.kind == "all" else address_of(Stop("all"), member),
    }


def _threading(mail: Mail) -> dict[str, str]:
    """All mails of a conversation answer one that was never sent: programs put them together, in whatever order they
    come (RFC 5322, 3.6.4)."""
    if not mail.conversation:
        return {}
    root = f"<{slugify(mail.conversation)}.conversation@{settings.SITE_HOST}>"
    return {"In-Reply-To": root, "References": root}


def _stopping(mail: Mail, member: Member | None) -> dict[str, str]:
    """One button in the mail program, one request, without a page (RFC 8058)."""
    if mail.stop is None or member is None:
        return {}
    return {
        "List-Unsubscribe": f"<{address_of(mail.stop, member)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
