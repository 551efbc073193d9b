"""What holds all mail at once: an administrator who stops it, and how many may go in an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from network import limits, permissions
from network.actions.audit import record
from network.models import MailLedger, MailStop, Member
from network.permissions import Refused

HOUR = timedelta(hours=1)


def stop_all_mail(why: str, *, by: Member, now: datetime | None = None) -> MailStop:
    """Holds all mail but what somebody waits for, such as a code. What is due stays due. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_stop_all_mail(by).enforce()
    limits.STOPPING_MAIL.spend(by, now=now)
    try:
        with transaction.atomic():
            stop = MailStop.objects.create(by=by, why=why, at=now)
            record("stopped all mail", stop, by=by, why=why)
    except IntegrityError:
        raise Refused("All mail is stopped already.") from None
    return stop


def let_mail_go(*, by: Member, now: datetime | None = None) -> None:
    """Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_stop_all_mail(by).enforce()
    limits.STOPPING_MAIL.spend(by, now=now)
    with transaction.atomic():
        stop = MailStop.objects.in_force().select_for_update().first()
        if stop is None:
            raise Refused("Mail is not stopped.")
        stop.ended_by, stop.ended_at = by, now
        stop.save(update_fields=["ended_by", "ended_at"])
        record("let mail go", stop, by=by)


def is_all_mail_stopped() -> bool:
    return MailStop.objects.in_force().exists()


def is_hour_full(*, now: datetime | None = None) -> bool:
    """Whether as many mails went within the last hour as may."""
    return bool(settings.MAIL_PER_HOUR) and sent_within_an_hour(now=now) >= settings.MAIL_PER_HOUR


def sent_within_an_hour(*, now: datetime | None = None) -> int:
    """Codes and mail about accounts among them, which go even where the hour is full."""
    return MailLedger.objects.filter(sent_at__gt=(now or timezone.now()) - HOUR).count()
