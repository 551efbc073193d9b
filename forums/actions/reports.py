from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions
from forums.models import Message, Report
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member


def report_message(message: Message, *, by: Member, kind: str, words: str = "", now: datetime | None = None) -> Report:
    """Somebody tells the facilitators that a message is not right; its author is not told. Reported by them already, it
    stays with what they said then. Raises Refused, LimitReached, and ValueError for a kind that there is not."""
    now = now or timezone.now()
    permissions.can_report_message(by, message).enforce()
    limits.REPORTING.spend(by, now=now)
    if kind not in Report.Kind:
        raise ValueError("There is no such kind of report.")
    with transaction.atomic():
        hold_account(by)
        held = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
        given, is_new = Report.objects.get_or_create(
            message=held,
            by=by,
            defaults={"kind": kind, "words": markup.legible(words), "said": held.body, "at": now},
        )
        if is_new:
            notifications.message_reported(given, now=now)
    return given


def settle_report(given: Report, *, by: Member, now: datetime | None = None) -> None:
    """A facilitator has looked at it, and lets the message be. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_moderate_room(by, given.message.room).enforce()
    limits.MODERATING_ROOMS.spend(by, now=now)
    with transaction.atomic():
        if Report.objects.filter(pk=given.pk, settled_at=None).update(settled_at=now):
            record("settled report", given.message, by=by, network=given.message.room.network)
