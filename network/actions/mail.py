"""The one way by which mail leaves. Every mail has a row in the ledger before it goes, and the row is unique: planned
twice, run twice or run by two workers at once, it is sent once."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import get_random_string

from network import limits, permissions, signals
from network.actions.audit import record
from network.models import MailLedger, Member

logger = logging.getLogger(__name__)

AT_ONCE = 200  # rows that one look takes; the next look takes the next
ATTEMPTS = 6  # with the pauses below, for about a day
KEPT = timedelta(days=400)  # longer than anything that is sent once a year
KEPT_ADDRESSES = timedelta(days=90)  # of people without an account, which the row would otherwise keep
AWAY_IN_A_ROW = 3  # mails on which the server itself failed, before the rest is left to the next look


class MailNotSent(Exception):
    """The mail server did not take a message; the message of this says so to whoever waits for it."""

    def __init__(self) -> None:
        super().__init__("We could not send the mail. Try again in a few minutes.")


@dataclass(frozen=True, slots=True)
class Stop:
    """What the foot of a mail, and the button that mail programs make of its header, let its reader stop without
    signing in: a kind registered with `network.actions.mail_stops`, and which one of it."""

    kind: str
    object_id: int = 0


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


Composer = Callable[[MailLedger, Member | None], Mail | None]


@dataclass(frozen=True, slots=True)
class MailKind:
    """One kind of mail. `compose` is asked when a mail is about to go, with its row and its member (None for somebody
    without an account); it gives back what to say, or None where there is nothing to say any more: the request was
    withdrawn, the member left, it has been read. `to_inactive`: it tells somebody that their account is not in use, so
    it goes there too, where all other mail stops.

    `prepare`: for kinds of which hundreds are due together. Asked for some rows that go next, it reads once what they
    have in common, and gives back the `compose` for them, which still asks for each what its member may see now."""

    name: str
    compose: Composer
    to_inactive: bool = False
    prepare: Callable[[Sequence[MailLedger]], Composer] | None = None


_kinds: dict[str, MailKind] = {}


def register(kind: MailKind) -> None:
    """Called once per kind when a package starts. Raises ValueError for a name already taken."""
    if kind.name in _kinds:
        raise ValueError(f"The kind of mail {kind.name!r} is registered twice.")
    _kinds[kind.name] = kind


def owe_mail(
    kind: str,
    to: Member | str,
    *,
    period: str,
    object_id: int | None = None,
    due_at: datetime | None = None,
    now: datetime | None = None,
) -> None:
    """Part of a verb: writes down that somebody is owed a mail, which the worker sends a few seconds later, or at
    `due_at`. `to` is a member, or the address of somebody who has no account; `period` says which one of its kind it
    is, such as "31 at 2026-03-02T12:00". The same kind, person and period again changes nothing."""
    owe_mails(kind, [to], period=period, object_id=object_id, due_at=due_at, now=now)


def owe_mails(
    kind: str,
    to: Iterable[Member | str],
    *,
    period: str,
    object_id: int | None = None,
    due_at: datetime | None = None,
    now: datetime | None = None,
) -> None:
    """The same to many: one INSERT for each thousand."""
    assert kind in _kinds, f"no kind of mail is called {kind!r}"
    now = now or timezone.now()
    MailLedger.objects.bulk_create(
        [
            MailLedger(
                recipient=f"member {one.pk}" if isinstance(one, Member) else one.lower(),
                stream=kind,
                period=period,
                member=one if isinstance(one, Member) else None,
                object_id=object_id,
                planned_at=now,
                due_at=due_at or now,
            )
            for one in to
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )


def send_at_once(stream: str, to: Member | str, mail: Mail | WrittenMail, *, address: str = "") -> None:
    """For what somebody waits for, such as a code. Has its row like any other. `address`: the one that a member had
    until now, which the row does not keep. Raises MailNotSent."""
    member = to if isinstance(to, Member) else None
    row = MailLedger.objects.create(
        recipient=f"member {member.pk}" if member else str(to).lower(),
        stream=stream,
        period=f"{timezone.now():%Y-%m-%dT%H:%M:%S} {get_random_string(12)}",
        member=member,
        state=MailLedger.State.SENDING,
        attempts=1,
        claimed_at=timezone.now(),
    )
    try:
        _send(address or (member.email if member else str(to)), mail)
    except OSError as problem:  # what smtplib and sockets raise
        logger.exception("The mail server did not take a message: %s", stream)
        if not address:
            _tell_of_bounce(member, problem)
        _close(row, MailLedger.State.FAILED, error=problem, without=address)
        raise MailNotSent from problem
    _close(row, MailLedger.State.SENT)


def is_sent_later(stream: str) -> bool:
    """Whether such a mail can be composed again. What was sent at once, such as a code, cannot."""
    return stream in _kinds


def is_mail_due(*, now: datetime | None = None) -> bool:
    return MailLedger.objects.filter(state=MailLedger.State.DUE, due_at__lte=now or timezone.now()).exists()


def send_due_mail(*, now: datetime | None = None) -> int:
    """Sends what is due, oldest first; returns how many were sent. Two workers may do this at once: each row is claimed
    by one UPDATE. A row whose worker dies between claiming and closing stays as it is, for perhaps the mail went."""
    now = now or timezone.now()
    sent = away = 0
    due = MailLedger.objects.filter(state=MailLedger.State.DUE, due_at__lte=now).order_by("due_at", "pk")
    for pk, attempts in list(due.values_list("pk", "attempts")[:AT_ONCE]):
        claimed = MailLedger.objects.filter(pk=pk, state=MailLedger.State.DUE, attempts=attempts)
        claim = {"state": MailLedger.State.SENDING, "attempts": F("attempts") + 1, "claimed_at": timezone.now()}
        if not claimed.update(**claim):
            continue
        # Read again, for what is sent is what is true now, and a whole list takes minutes.
        row = MailLedger.objects.select_related("member").filter(pk=pk).first()
        try:
            sent += row is not None and _deliver(row, now)
            away = 0
        except _ServerAway:
            away += 1
            if away >= AWAY_IN_A_ROW:
                break  # each would wait for as long as the server may take to answer
    return sent


def send_again(mail: MailLedger, *, by: Member, now: datetime | None = None) -> None:
    """Has a mail that failed tried anew, with all its tries. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_send_again(by, mail).enforce()
    if not is_sent_later(mail.stream):
        raise permissions.Refused("This mail was for somebody who waited for it. It would come too late.")
    limits.SENDING_AGAIN.spend(by, now=now)
    with transaction.atomic():
        failed = MailLedger.objects.filter(pk=mail.pk, state=MailLedger.State.FAILED)
        if failed.update(state=MailLedger.State.DUE, due_at=now, attempts=0, error=""):
            record("sent mail again", mail, by=by, stream=mail.stream)


def forget_old_mail(*, now: datetime | None = None) -> int:
    """Deletes rows that nothing can ask for any more; returns how many."""
    now = now or timezone.now()
    of_strangers = Q(member=None, planned_at__lt=now - KEPT_ADDRESSES)
    return MailLedger.objects.filter(of_strangers | Q(planned_at__lt=now - KEPT)).delete()[0]


class _ServerAway(Exception):
    """Nothing to do with this mail: the next would fail as well."""


def _deliver(row: MailLedger, now: datetime) -> bool:
    """Whether it was sent. Raises _ServerAway."""
    try:
        mail = _composed(row)
    except Exception as problem:
        logger.exception("A mail could not be composed: %s", row)
        _close(row, MailLedger.State.FAILED, error=problem)
        return False
    if mail is None:
        _close(row, MailLedger.State.DROPPED)
        return False
    try:
        _send(row.member.email if row.member else row.recipient, mail)
    except OSError as problem:  # what smtplib and sockets raise
        if _no_such_mailbox(problem):
            _tell_of_bounce(row.member, problem)
            _close(row, MailLedger.State.FAILED, error=problem)
            return False
        _try_again(row, problem, now)
        if isinstance(problem, SMTPRecipientsRefused | SMTPDataError):
            return False
        raise _ServerAway from problem
    except Exception as problem:  # an address or a template of which no message can be made
        logger.exception("A mail could not be sent: %s", row)
        _close(row, MailLedger.State.FAILED, error=problem)
        return False
    _close(row, MailLedger.State.SENT)
    return True


def _composed(row: MailLedger) -> Mail | None:
    """None too where the kind is gone, or the account is not in use and this is not the mail that says so."""
    kind = _kinds.get(row.stream)
    if kind is None or (row.member is not None and not row.member.is_active and not kind.to_inactive):
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


def _no_such_mailbox(problem: OSError) -> bool:
    """Whether the server said that there is no such mailbox (RFC 5321: 550, 551, 553). Not that it does not like the
    sender, this machine or the words (RFC 3463: 5.7): that is no fault of whoever should have got the mail."""
    if not isinstance(problem, SMTPRecipientsRefused) or not problem.recipients:
        return False
    return all(code in (550, 551, 553) and b"5.7." not in words for code, words in problem.recipients.values())


def _tell_of_bounce(member: Member | None, problem: OSError) -> None:
    if member is not None and _no_such_mailbox(problem):
        with transaction.atomic():
            # Whatever a listener does wrong, the mail after this one is sent.
            signals.mailbox_bounced.send_robust(MailLedger, member=member)


def _try_again(row: MailLedger, problem: OSError, now: datetime) -> None:
    if row.attempts >= ATTEMPTS:
        logger.error("A mail was given up: %s", row)
        _close(row, MailLedger.State.FAILED, error=problem)
        return
    pause = timedelta(minutes=2 ** (2 * row.attempts))  # 4 minutes, 16, 64, 4 hours, 17 hours
    MailLedger.objects.filter(pk=row.pk).update(
        state=MailLedger.State.DUE, due_at=now + pause, error=f"{type(problem).__name__}: {problem}"[:500]
    )


def _close(row: MailLedger, state: str, *, error: Exception | None = None, without: str = "") -> None:
    """`without`: an address that the server may name in its answer, and that must not stand here."""
    said = f"{type(error).__name__}: {error}" if error else ""
    if without:
        said = re.sub(re.escape(without), "the address", said, flags=re.IGNORECASE)
    MailLedger.objects.filter(pk=row.pk).update(
        state=state,
        sent_at=timezone.now() if state == MailLedger.State.SENT else None,
        error=said[:500],
    )
