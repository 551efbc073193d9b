"""The one way by which mail leaves. Every mail has a row in the ledger before it goes, and the row is unique: planned
twice, run twice or run by two workers at once, it is sent once."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, transaction
from django.db.models import Exists, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from network import limits, permissions, signals
from network.actions.all_mail import is_all_mail_stopped, is_hour_full
from network.actions.audit import record
from network.actions.mail_stops import Stop
from network.delivery.message import Mail, MailFile, Message, WrittenMail, message_of
from network.delivery.problems import NeverTaken, PerhapsTaken
from network.models import MailLedger, MailStop, Member

__all__ = ["Mail", "MailFile", "MailKind", "MailNotSent", "Stop", "WrittenMail", "owe_mail", "owe_mails", "register"]

logger = logging.getLogger(__name__)

AT_ONCE = 200  # rows that one look takes; the next look takes the next
BATCH = 50  # of one kind, where that kind prepares them together: what it reads is seconds old when the last one goes
ATTEMPTS = 6  # with the pauses below, for about a day
KEPT = timedelta(days=400)  # longer than anything that is sent once a year
KEPT_ADDRESSES = timedelta(days=90)  # of people without an account, which the row would otherwise keep
AWAY_IN_A_ROW = 3  # mails on which the server itself failed, before the rest is left to the next look


class MailNotSent(Exception):
    """The mail server did not take a message; the message of this says so to whoever waits for it."""

    def __init__(self) -> None:
        super().__init__("We could not send the mail. Try again in a few minutes.")


Composer = Callable[[MailLedger, Member | None], Mail | None]


@dataclass(frozen=True, slots=True)
class MailKind:
    """One kind of mail. `compose` is asked when a mail is about to go, with its row and its member (None for somebody
    without an account); it gives back what to say, or None where there is nothing to say any more: the request was
    withdrawn, the member left, it has been read.

    `is_account_mail`: it is about the account itself, so nobody can stop it, and it goes too where mail came back.
    `to_inactive`: and it tells somebody that their account is not in use, so it goes there too, where all other mail
    stops.

    `prepare`: for kinds of which hundreds are due together. Asked for some rows that go next, it reads once what they
    have in common, and gives back the `compose` for them, which still asks for each what its member may see now."""

    name: str
    compose: Composer
    is_account_mail: bool = False
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
        message_of(mail, row, to=address or (member.email if member else str(to))).send()
    except OSError as problem:  # what smtplib and sockets raise
        logger.exception("The mail server did not take a message: %s", stream)
        if not address:
            _tell_of_bounce(member, problem)
        state = MailLedger.State.BOUNCED if _no_such_mailbox(problem) else MailLedger.State.FAILED
        _close(row, state, error=problem, without=address)
        raise MailNotSent from problem
    _close(row, MailLedger.State.SENT)


def is_sent_later(stream: str) -> bool:
    """Whether such a mail can be composed again. What was sent at once, such as a code, cannot."""
    return stream in _kinds


def is_mail_due(*, now: datetime | None = None) -> bool:
    """Whether there is any that may go now."""
    return not is_all_mail_stopped() and _due(now or timezone.now()).exists()


def send_due_mail(*, now: datetime | None = None) -> int:
    """Sends what is due, oldest first; returns how many were sent. Two workers may do this at once: each row is claimed
    by one UPDATE, at the last moment before its mail goes. Killed before that, nothing went and the row is due as
    before; killed after it, the mail went, but for the microseconds between. Such a row stays as it is, for a person to
    look at."""
    now = now or timezone.now()
    waiting = deque(_due(now).order_by("due_at", "pk").values_list("pk", "stream")[:AT_ONCE])
    sent = away = 0
    with _Hand() as hand:
        while waiting:
            if is_all_mail_stopped():  # and of each mail it is asked once more where it is claimed
                return sent
            batch = _next_batch(waiting)
            compose, rows = _prepared(batch)
            while batch:
                pk, stream = batch.popleft()
                if not _is_account_mail(stream) and is_hour_full():
                    continue
                try:
                    row = rows.get(pk) or _read(pk)
                    sent += row is not None and _deliver(row, compose, hand, now)
                    away = 0
                except _TakenByAnother:
                    # Another worker goes through the same list: the two meet less often half a list apart.
                    waiting.extendleft(reversed(batch))
                    waiting.rotate(len(waiting) // 2)
                    break
                except _ServerAway:
                    away += 1
                    if away >= AWAY_IN_A_ROW:
                        return sent  # each would wait for as long as the server may take to answer
    return sent


def _due(now: datetime) -> QuerySet[MailLedger]:
    due = MailLedger.objects.filter(state=MailLedger.State.DUE, due_at__lte=now)
    if is_hour_full():
        due = due.filter(stream__in=[name for name in _kinds if _is_account_mail(name)])
    return due


def _is_account_mail(stream: str) -> bool:
    return stream in _kinds and _kinds[stream].is_account_mail


def send_again(mail: MailLedger, *, by: Member, now: datetime | None = None) -> None:
    """Has a mail that failed tried anew, or one of which nobody knows whether it went, where a person has decided that
    it did not. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_send_again(by, mail).enforce()
    if not is_sent_later(mail.stream):
        raise permissions.Refused("This mail was for somebody who waited for it. It would come too late.")
    limits.SENDING_AGAIN.spend(by, now=now)
    with transaction.atomic():
        # The tries are not counted from the beginning: what is reported of an earlier one must not be taken for this.
        as_it_was = MailLedger.objects.filter(pk=mail.pk, state=mail.state, attempts=mail.attempts)
        if as_it_was.update(state=MailLedger.State.DUE, due_at=now, error=""):
            record("sent mail again", mail, by=by, stream=mail.stream, perhaps_sent=mail.is_uncertain(now))


def forget_old_mail(*, now: datetime | None = None) -> int:
    """Deletes rows that nothing can ask for any more; returns how many."""
    now = now or timezone.now()
    of_strangers = Q(member=None, planned_at__lt=now - KEPT_ADDRESSES)
    return MailLedger.objects.filter(of_strangers | Q(planned_at__lt=now - KEPT)).delete()[0]


class _ServerAway(Exception):
    """Nothing to do with this mail: the next would fail as well."""


class _TakenByAnother(Exception):
    """Another worker claimed the row, or one that its mail tells of too. Nothing of it was sent."""


class _Hand:
    """Hands messages over, over one connection for all of them."""

    def __enter__(self) -> _Hand:
        self.connection: BaseEmailBackend = get_connection()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.connection.close()

    def over(self, message: Message) -> None:
        """Raises OSError, and what `before_end` of the message raises."""
        message.connection = self.connection
        if not getattr(self.connection, "holds_back", False):
            assert message.before_end
            message.before_end()
            message.send()
            return
        was_open = not self.connection.open()
        try:
            message.send()
        except SMTPServerDisconnected:
            if not was_open:
                raise
            # It was open for long, and the server has had enough of it. A message that was taken is not among these.
            self.connection.open()
            message.send()


def _next_batch(waiting: deque[tuple[int, str]]) -> deque[tuple[int, str]]:
    """Taken from the list: what goes next and is of one kind, where that kind reads for many at once."""
    batch = deque([waiting.popleft()])
    kind = _kinds.get(batch[0][1])
    while kind and kind.prepare and waiting and len(batch) < BATCH and waiting[0][1] == kind.name:
        batch.append(waiting.popleft())
    return batch


def _prepared(batch: Iterable[tuple[int, str]]) -> tuple[Composer | None, dict[int, MailLedger]]:
    """What composes these, and the rows, where they were read for it together. What is sent is true at the moment that
    it goes all the same: `compose` asks for what it tells, and `_claim` for the row and its member."""
    pks, streams = zip(*batch, strict=True)
    kind = _kinds.get(streams[0])
    if kind is None or kind.prepare is None:
        return (kind.compose if kind else None), {}
    due = MailLedger.objects.filter(pk__in=pks, state=MailLedger.State.DUE).select_related("member")
    rows = {row.pk: row for row in due}
    try:
        return kind.prepare(list(rows.values())), rows
    except DatabaseError:
        raise
    except Exception:
        logger.exception("Mail of the kind %r could not be prepared together", kind.name)
        return kind.compose, {}  # each by itself: perhaps only one of them is wrong


def _read(pk: int) -> MailLedger | None:
    # Again, for what is sent is what is true now, and a whole list takes minutes.
    return MailLedger.objects.select_related("member").filter(pk=pk, state=MailLedger.State.DUE).first()


def _deliver(row: MailLedger, compose: Composer | None, hand: _Hand, now: datetime) -> bool:
    """Whether it was sent. Raises _ServerAway, _TakenByAnother."""
    try:
        mail = compose(row, row.member) if compose and _may_get(row) else None
        message = message_of(mail, row, to=row.member.email if row.member else row.recipient) if mail else None
    except DatabaseError:
        raise
    except Exception as problem:
        logger.exception("A mail could not be composed: %s", row)
        _close(row, MailLedger.State.FAILED, error=problem)
        return False
    if mail is None or message is None:
        _close(row, MailLedger.State.DROPPED)
        return False
    message.before_end = partial(_claim, row, mail)
    try:
        hand.over(message)
    except (DatabaseError, _TakenByAnother):
        raise
    except PerhapsTaken as problem:
        logger.exception("Nobody knows whether a mail went: %s", row)
        _note(row, problem)
        return False
    except NeverTaken as problem:
        logger.exception("A mail was refused for good: %s", row)
        _close(row, MailLedger.State.FAILED, error=problem)
        return False
    except OSError as problem:  # what smtplib and sockets raise
        if _no_such_mailbox(problem):
            _tell_of_bounce(row.member, problem)
            _close(row, MailLedger.State.BOUNCED, error=problem)
            return False
        _try_again(row, problem, now)
        if isinstance(problem, SMTPRecipientsRefused | SMTPDataError):
            return False
        raise _ServerAway from problem
    except Exception as problem:  # an address of which no message can be made
        logger.exception("A mail could not be sent: %s", row)
        _close(row, MailLedger.State.FAILED, error=problem)
        return False
    _close(row, MailLedger.State.SENT)
    return True


def _may_get(row: MailLedger) -> bool:
    """Whether this member may be written to at all: not where the account is not in use, unless this mail says so, and
    where mail came back only about the account."""
    kind, member = _kinds[row.stream], row.member
    if member is None:
        return True
    if not member.is_active:
        return kind.to_inactive
    return member.mail_bounced_at is None or kind.is_account_mail


def _claim(row: MailLedger, mail: Mail) -> None:
    """The row, and those whose news its mail tells too, are this worker's from now on: the mail goes. Raises
    _TakenByAnother, also where an administrator stopped all mail at this moment or the member's account is another."""
    gathers = set(mail.gathers) - {row.pk}
    changes = {"state": MailLedger.State.SENDING, "attempts": row.attempts + 1, "claimed_at": timezone.now()}
    if row.covers_until is None:
        changes["covers_until"] = mail.covers_until
    with transaction.atomic():
        if gathers:  # in one order, so that two workers who gather each other's rows do not wait for each other
            list(MailLedger.objects.select_for_update().filter(pk__in={row.pk, *gathers}).order_by("pk"))
        if not _still(row).filter(_is_still_right(row)).update(**changes):
            raise _TakenByAnother
        if gathers:
            mine = Q(state=MailLedger.State.DUE) | Q(state=MailLedger.State.GATHERED, gathered_in=row)
            told = MailLedger.objects.filter(mine, pk__in=gathers, member=row.member_id)
            if told.update(state=MailLedger.State.GATHERED, gathered_in=row) != len(gathers):
                raise _TakenByAnother
    row.state, row.attempts = MailLedger.State.SENDING, row.attempts + 1


def _is_still_right(row: MailLedger) -> Q:
    """Without a join, for the row that is changed must itself be what is asked about: two workers wait for each other
    at the row, and who comes second sees it as the first left it."""
    right = ~Q(Exists(MailStop.objects.in_force()))
    if row.member is None:
        return right
    as_read = {"email": row.member.email, "is_active": row.member.is_active}
    as_read["mail_bounced_at"] = row.member.mail_bounced_at
    return right & Q(Exists(Member.objects.filter(pk=row.member_id, **as_read)))


def _still(row: MailLedger) -> QuerySet[MailLedger]:
    """The row, as long as nobody else has done anything with it since it was read."""
    return MailLedger.objects.filter(pk=row.pk, state=row.state, attempts=row.attempts)


# There is no such mailbox, it has moved, or takes no mail at all (RFC 3463 and 7505).
_GONE = re.compile(rb"\b5\.(1\.[1236]|1\.10|2\.1)\b")


def _no_such_mailbox(problem: OSError) -> bool:
    """Whether the server said that there is no such mailbox (RFC 5321: 550, 551, 553). Not that it does not like the
    sender, this machine or the words (RFC 3463: 5.7): that is no fault of whoever should have got the mail. Some look
    up the mailbox only when they have the message, and then it must stand in their answer."""
    if isinstance(problem, SMTPDataError):
        words = problem.smtp_error if isinstance(problem.smtp_error, bytes) else problem.smtp_error.encode()
        return problem.smtp_code in (550, 551, 553) and bool(_GONE.search(words))
    if not isinstance(problem, SMTPRecipientsRefused) or not problem.recipients:
        return False
    return all(code in (550, 551, 553) and b"5.7." not in words for code, words in problem.recipients.values())


def _tell_of_bounce(member: Member | None, problem: OSError) -> None:
    if member is not None and _no_such_mailbox(problem):
        with transaction.atomic():
            # Whatever a listener does wrong, the mail after this one is sent.
            signals.mailbox_bounced.send_robust(MailLedger, member=member)


def _try_again(row: MailLedger, problem: OSError, now: datetime) -> None:
    # Counted where the row was claimed; where the server would not even hear of it, it was not.
    attempts = row.attempts + (row.state == MailLedger.State.DUE)
    if attempts % ATTEMPTS == 0:
        logger.error("A mail was given up: %s", row)
        _close(row, MailLedger.State.FAILED, error=problem, attempts=attempts)
        return
    due_at = now + pause_after(attempts)
    _still(row).update(state=MailLedger.State.DUE, attempts=attempts, due_at=due_at, error=_words(problem))


def pause_after(attempts: int) -> timedelta:
    """4 minutes, 16, 64, 4 hours, 17 hours; and where somebody had it sent again, from the beginning."""
    return timedelta(minutes=2 ** (2 * (attempts % ATTEMPTS)))


def _close(
    row: MailLedger, state: str, *, error: Exception | None = None, without: str = "", attempts: int | None = None
) -> None:
    """`without`: an address that the server may name in its answer, and that must not stand here."""
    _still(row).update(
        state=state,
        attempts=row.attempts if attempts is None else attempts,
        sent_at=timezone.now() if state == MailLedger.State.SENT else None,
        error=_words(error, without),
    )


def _note(row: MailLedger, problem: Exception) -> None:
    _still(row).update(error=_words(problem))


def _words(error: Exception | None, without: str = "") -> str:
    said = f"{type(error).__name__}: {error}" if error else ""
    if without:
        said = re.sub(re.escape(without), "the address", said, flags=re.IGNORECASE)
    return said[:500]
