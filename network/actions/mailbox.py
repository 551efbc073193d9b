"""Whoever holds the mailbox holds the account. That it is still theirs is shown again, once a year and when mail comes
back; who does not answer lapses, and returns by signing in with a code."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from network import notifications
from network.actions.access import end_access_of
from network.actions.admission import SignUp, prove_mailbox
from network.actions.audit import record
from network.models import Member
from network.notifications import ANSWERED_WITHIN

MONTH = timedelta(days=365.25 / 12)
AT_ONCE = 200  # members that one look takes, so that a job stays short; the next look takes the next


def address_was_proved(address: EmailAddress, told: SignUp | None) -> None:
    """A code that was mailed to an address was entered. An address that is not the member's own, theirs once or typed
    by somebody, is no way into their account and goes."""
    with transaction.atomic():
        member = Member.objects.get(pk=address.user_id)
        if address.email.lower() != member.email.lower():
            address.delete()
            return
        prove_mailbox(member, told)
        note_proof(member)


def note_proof(member: Member, *, now: datetime | None = None) -> None:
    """A code that we sent to the mailbox was entered. An account that had lapsed is in use again; one that was
    suspended or closed is not."""
    now = now or timezone.now()
    if member.inactive_because == Member.Inactive.LAPSED:
        return_to_use(member, now=now)
    member.mailbox_proved_at, member.mailbox_asked_at, member.mail_bounced_at = now, None, None
    member.save(update_fields=["mailbox_proved_at", "mailbox_asked_at", "mail_bounced_at"])


def note_bounce(member: Member, *, now: datetime | None = None) -> None:
    """A mail server says that there is no such mailbox. Nothing but mail about the account goes there, until its owner
    has shown that it is theirs, for which they are asked."""
    now = now or timezone.now()
    with transaction.atomic():
        Member.objects.filter(pk=member.pk, mail_bounced_at=None).update(mail_bounced_at=now)
        ask_for_proof(member, now=now)


def return_to_use(member: Member, *, now: datetime | None = None) -> Member:
    """A lapsed account is in use again, with the memberships it had. Any other stays as it is."""
    with transaction.atomic():
        lapsed = Member.objects.lapsed().filter(pk=member.pk)
        if lapsed.update(is_active=True, inactive_because=""):
            record("returned to use", member, by=None)
    member.refresh_from_db(fields=["is_active", "inactive_because"])
    return member


def ask_for_proof(member: Member, *, now: datetime | None = None) -> None:
    """Asks somebody to show, within 30 days, that the mailbox is still theirs: by mail, and on the site. Asked already
    and not answered yet: nothing."""
    now = now or timezone.now()
    with transaction.atomic():
        to_ask = Member.objects.filter(pk=member.pk, is_active=True, mailbox_asked_at=None)
        if to_ask.update(mailbox_asked_at=now):
            member.mailbox_asked_at = now
            record("asked to prove the mailbox", member, by=None)
            notifications.mailbox_proof_asked(member, now=now)


def ask_who_is_due(*, now: datetime | None = None) -> int:
    """Asks those whose mailbox was last proved too long ago; returns how many. Safe to run again."""
    now = now or timezone.now()
    if not settings.REPROVE_MONTHS:
        return 0
    long_ago = now - settings.REPROVE_MONTHS * MONTH
    due = Member.objects.filter(is_active=True, mailbox_asked_at=None).exclude(pk__in=Member.objects.unproved())
    due = due.annotate(proved_at=Coalesce("mailbox_proved_at", "date_joined")).filter(proved_at__lt=long_ago)
    asked = list(due.order_by("proved_at", "pk")[:AT_ONCE])
    for member in asked:
        ask_for_proof(member, now=now)
    return len(asked)


def lapse_who_did_not_answer(*, now: datetime | None = None) -> int:
    """Takes out of use the accounts of those who were asked more than 30 days ago; returns how many. Safe to run
    again."""
    now = now or timezone.now()
    silent = Member.objects.filter(is_active=True, mailbox_asked_at__lt=now - ANSWERED_WITHIN)
    late = list(silent.order_by("mailbox_asked_at", "pk")[:AT_ONCE])
    return sum(_lapse(member, now) for member in late)


def _lapse(member: Member, now: datetime) -> bool:
    """Access ends everywhere; posts and memberships stay, so that coming back is one code away."""
    with transaction.atomic():
        still_silent = Q(is_active=True, mailbox_asked_at__lt=now - ANSWERED_WITHIN)
        answers = Member.objects.filter(still_silent, pk=member.pk)
        if not answers.update(is_active=False, inactive_because=Member.Inactive.LAPSED):
            return False
        record("lapsed", member, by=None)
        end_access_of(member)
    return True
