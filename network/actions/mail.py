"""The one way by which mail leaves. Every mail has a row in the ledger before it goes, and the row is unique: planned
twice, run twice or run by two workers at once, it is sent once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import get_random_string

from network import signals
from network.models import MailLedger, Member

logger = logging.getLogger(__name__)

AT_ONCE = 200  # rows that one look takes; the next look takes the next
ATTEMPTS = 6  # with the pauses below, for about a day
KEPT = timedelta(days=400)  # longer than anything that is sent once a year


class MailNotSent(Exception):
    """The mail server did not take a message; the message of this says so to whoever waits for it."""

    def __init__(self) -> None:
        super().__init__("We could not send the mail. Try again in a few minutes.")


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent: `template` is the name of a text template in templates/network/mail/ or another package's, whose
    first line is the subject."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """What is sent at once, where another library renders it, such as allauth its codes."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class MailKind:
    """One kind of mail. `compose` is asked when a mail is about to go, with its row and its member (None for somebody
    without an account); it gives back what to say, or None where there is nothing to say any more: the request was
    withdrawn, the member left, it has been read."""

    name: str
    compose: Callable[[MailLedger, Member | None], Mail | None]


_kinds: dict[str, MailKind] = {}


def register(kind: MailKind) -> None:
    """Called once per kind when a package starts. Raises ValueError for a name already taken."""
    if kind.name in _kinds:
        raise ValueError(f"The kind of mail {kind.name!r} is registered twice.")
    _kinds[kind.name] = kind


def owe_mail(
    kind: str, to: Member | str, *, period: str, object_id: int | None = None, now: datetime | None = None
) -> None:
    """Part of a verb: writes down that somebody is owed a mail, which the worker sends a few seconds later. `to` is a
    member, or the address of somebody who has no account; `period` says which one of its kind it is, such as
    "31 at 2026-03-02T12:00". The same kind, person and period again changes nothing."""
    assert kind in _kinds, f"no kind of mail is called {kind!r}"
    member = to if isinstance(to, Member) else None
    now = now or timezone.now()
    MailLedger.objects.bulk_create(
        [
            MailLedger(
                recipient=f"member {member.pk}" if member else str(to).lower(),
                stream=kind,
                period=period,
                member=member,
                object_id=object_id,
                planned_at=now,
                due_at=now,
            )
        ],
        ignore_conflicts=True,
    )


def send_at_once(stream: str, to: Member | str, mail: Mail | WrittenMail) -> None:
    """For what somebody waits for, such as a code. Has its row like any other. Raises MailNotSent."""
    member = to if isinstance(to, Member) else None
    row = MailLedger.objects.create(
        recipient=f"member {member.pk}" if member else str(to).lower(),
        stream=stream,
        period=f"{timezone.now():%Y-%m-%dT%H:%M:%S} {get_random_string(12)}",
        member=member,
        state=MailLedger.State.SENDING,
        attempts=1,
    )
    try:
        _send(member.email if member else str(to), mail)
    except OSError as problem:  # what smtplib and sockets raise
        logger.exception("The mail server did not take a message: %s", stream)
        _close(row, MailLedger.State.FAILED, error=problem)
        raise MailNotSent from problem
    _close(row, MailLedger.State.SENT)


def is_mail_due(*, now: datetime | None = None) -> bool:
    return MailLedger.objects.filter(state=MailLedger.State.DUE, due_at__lte=now or timezone.now()).exists()


def send_due_mail(*, now: datetime | None = None) -> int:
    """Sends what is due, oldest first; returns how many were sent. Two workers may do this at once: each row is claimed
    by one UPDATE. A row whose worker dies between claiming and closing stays as it is, for perhaps the mail went."""
    now = now or timezone.now()
    sent = 0
    due = MailLedger.objects.filter(state=MailLedger.State.DUE, due_at__lte=now).order_by("due_at", "pk")
    for row in due.select_related("member")[:AT_ONCE]:
        claimed = MailLedger.objects.filter(pk=row.pk, state=MailLedger.State.DUE, attempts=row.attempts)
        if claimed.update(state=MailLedger.State.SENDING, attempts=F("attempts") + 1):
            row.attempts += 1
            sent += _deliver(row, now)
    return sent


def forget_old_mail(*, now: datetime | None = None) -> int:
    """Deletes rows that nothing can ask for any more; returns how many."""
    return MailLedger.objects.filter(planned_at__lt=(now or timezone.now()) - KEPT).delete()[0]


def _deliver(row: MailLedger, now: datetime) -> bool:
    try:
        mail = _composed(row)
        if mail is not None:
            _send(row.member.email if row.member else row.recipient, mail)
    except OSError as problem:
        if _is_refused_for_good(problem):
            if row.member:
                signals.mailbox_bounced.send(MailLedger, member=row.member)
            _close(row, MailLedger.State.FAILED, error=problem)
        else:
            _try_again(row, problem, now)
        return False
    except Exception as problem:
        logger.exception("A mail could not be composed: %s", row)
        _close(row, MailLedger.State.FAILED, error=problem)
        return False
    _close(row, MailLedger.State.SENT if mail else MailLedger.State.DROPPED)
    return mail is not None


def _composed(row: MailLedger) -> Mail | None:
    """None too where the kind is gone, or the account is not in use: the one mail that a lapsed account is owed is sent
    before it lapses."""
    kind = _kinds.get(row.stream)
    if kind is None or (row.member is not None and not row.member.is_active):
        return None
    return kind.compose(row, row.member)


def _written(mail: Mail) -> WrittenMail:
    subject, _, text = render_to_string(mail.template, {"site_url": settings.SITE_URL} | mail.context).partition("\n")
    return WrittenMail(subject, text)


def _send(address: str, mail: Mail | WrittenMail) -> None:
    """Raises OSError."""
    written = mail if isinstance(mail, WrittenMail) else _written(mail)
    message = EmailMessage(
        subject=" ".join(written.subject.split()),
        body=written.text.strip() + "\n",
        to=[address],
        # Out-of-office replies answer people, not programs.
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.send()


def _is_refused_for_good(problem: OSError) -> bool:
    """Whether the server said that there is no such mailbox (SMTP 5xx, RFC 5321), rather than that it is busy."""
    if isinstance(problem, SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in problem.recipients.values())
    return isinstance(problem, SMTPResponseException) and problem.smtp_code in (550, 551, 553)


def _try_again(row: MailLedger, problem: OSError, now: datetime) -> None:
    if row.attempts >= ATTEMPTS:
        logger.error("A mail was given up: %s", row)
        _close(row, MailLedger.State.FAILED, error=problem)
        return
    pause = timedelta(minutes=2 ** (2 * row.attempts))  # 4 minutes, 16, 64, 4 hours, 17 hours
    MailLedger.objects.filter(pk=row.pk).update(
        state=MailLedger.State.DUE, due_at=now + pause, error=f"{type(problem).__name__}: {problem}"[:500]
    )


def _close(row: MailLedger, state: str, *, error: Exception | None = None) -> None:
    MailLedger.objects.filter(pk=row.pk).update(
        state=state,
        sent_at=timezone.now() if state == MailLedger.State.SENT else None,
        error=f"{type(error).__name__}: {error}"[:500] if error else "",
    )
