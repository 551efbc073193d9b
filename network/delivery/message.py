"""A mail as a message: two versions of the same words, the headers that mail programs go by, and the foot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.text import slugify

from network.actions.mail_stops import Stop, address_of, words_of
from network.models import MailLedger, Member


@dataclass(frozen=True, slots=True)
class MailFile:
    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent: `template` is the name of a text template in templates/network/mail/ or another package's, whose
    first line is the subject; `html` that of the same words in HTML. `why` is the sentence at the foot that says why
    this came, and `stop` what that lets the reader stop: no mail has one without the other.

    `conversation`: mails with the same one are put together by mail programs, such as "thread 12". `gathers`: the rows
    of the ledger, of the same member, that this mail tells of too. `covers_until`: up to when a digest tells of what
    was written. `reply_to`: where an answer to it goes, if anywhere. `links`: whole addresses of other sites that are
    meant to be followed, such as that of a call, where the words are made into links by somebody else. `files` go with
    it by SMTP; GOV.UK Notify takes none, so the words lead to what stands in them."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    html: str = ""
    why: str = ""
    stop: Stop | None = None
    conversation: str = ""
    gathers: tuple[int, ...] = ()
    covers_until: datetime | None = None
    reply_to: str = ""
    links: tuple[str, ...] = ()
    files: tuple[MailFile, ...] = ()


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """What is sent at once, where another library renders it, such as allauth its codes."""

    subject: str
    text: str


class Message(EmailMultiAlternatives):
    """`before_end` is called at the last moment at which the message can still be held back. What it raises holds it
    back. `reference` names this try of a row of the ledger to nobody but us, `earlier_reference` the one before, if
    any. `text_at` gives the text with another address in place of the site's."""

    before_end: Callable[[], None] | None = None
    reference: str = ""
    earlier_reference: str = ""
    links: tuple[str, ...] = ()

    def text_at(self, site_url: str) -> str:
        return str(self.body).replace(settings.SITE_URL, site_url)


def message_of(mail: Mail | WrittenMail, row: MailLedger, *, to: str) -> Message:
    """Raises what a template raises that cannot be rendered."""
    headers = {
        # Out-of-office replies answer people, not programs.
        "Auto-Submitted": "auto-generated",
        # The same for each try, so that a mail program that gets it twice shows it once.
        "Message-ID": f"<{_signature(row)}@{settings.SITE_HOST}>",
    }
    html = ""
    if isinstance(mail, WrittenMail):
        subject, text = " ".join(mail.subject.split()), mail.text
    else:
        subject, text = _text(mail, row.member, settings.SITE_URL)
        context = _context(mail, row.member, settings.SITE_URL) | {"subject": subject}
        html = render_to_string(mail.html, context) if mail.html else ""
        headers |= _threading(mail) | _stopping(mail, row.member)
    message = Message(
        subject=subject,
        body=text.strip() + "\n",
        to=[to],
        headers=headers,
        reply_to=[mail.reply_to] if isinstance(mail, Mail) and mail.reply_to else None,
    )
    if isinstance(mail, Mail):
        message.links = mail.links
        for file in mail.files:
            message.attach(file.name, file.content, file.content_type)
        message.text_at = lambda site_url: _text(mail, row.member, site_url)[1]  # type: ignore[method-assign]
    if html:
        message.attach_alternative(html, "text/html")
    number = row.attempts + (row.state != MailLedger.State.SENDING)
    message.reference = reference_of(row, number)
    message.earlier_reference = reference_of(row, number - 1) if number > 1 else ""
    return message


def reference_of(row: MailLedger, number: int) -> str:
    """Stands for one try of a row of the ledger where another service reports on it. Nobody can guess one."""
    return f"{row.pk}-{number}-{_signature(row, number)}"


def read_reference(reference: str) -> tuple[MailLedger, int] | None:
    """The row and which try; None for what we never made, or what is forgotten."""
    parts = reference.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts[:2]):
        return None
    number = int(parts[1])
    row = MailLedger.objects.select_related("member").filter(pk=int(parts[0])).first()
    if row is None or not constant_time_compare(reference, reference_of(row, number)):
        return None
    return row, number


def _signature(row: MailLedger, number: int = 0) -> str:
    words = f"{row.pk} {number} {row.recipient} {row.stream} {row.period}"
    return salted_hmac("network.delivery", words, algorithm="sha256").hexdigest()[:40]


def _text(mail: Mail, member: Member | None, site_url: str) -> tuple[str, str]:
    """The subject, and the text with its foot."""
    context = _context(mail, member, site_url)
    subject, _, text = render_to_string(mail.template, context).partition("\n")
    if mail.stop:
        text = text.strip() + "\n\n" + render_to_string("network/mail/foot.txt", context)
    return " ".join(subject.split()), text


def _context(mail: Mail, member: Member | None, site_url: str) -> dict[str, Any]:
    assert bool(mail.why) == bool(mail.stop), "who is told why a mail came is told how to stop it, and the other way"
    context = {"site_url": site_url} | mail.context
    if mail.stop is None:
        return context
    assert member is not None, "only members can stop mail: who has no account gets none that goes on"
    stop_all = "" if mail.stop.kind == "all" else address_of(Stop("all"), member)
    return context | {
        "why": mail.why,
        "stop_words": words_of(mail.stop),
        "stop_address": address_of(mail.stop, member).replace(settings.SITE_URL, site_url, 1),
        "stop_all_address": stop_all.replace(settings.SITE_URL, site_url, 1),
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
