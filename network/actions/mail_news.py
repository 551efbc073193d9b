"""What others report of mail that they were given."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from network import signals
from network.actions.mail import ATTEMPTS, is_sent_later, pause_after
from network.delivery.message import read_reference
from network.models import MailLedger

logger = logging.getLogger(__name__)

DELIVERED, NO_SUCH_MAILBOX = "delivered", "permanent-failure"
# The mailbox is full, or Notify gave up: worth another try.
FOR_NOW = ("temporary-failure", "technical-failure")


def hear_of_mail(reference: str, status: str, *, to: str = "", now: datetime | None = None) -> None:
    """What GOV.UK Notify says became of one try of a mail. Said twice, late, or of what we do not know, it changes
    nothing. `to`: the address that it went to, where that is known."""
    now = now or timezone.now()
    with transaction.atomic():
        found = read_reference(reference)
        if found is None:
            return
        pk, number = found[0].pk, found[1]
        waits_for_news = (MailLedger.State.SENDING, MailLedger.State.SENT)
        row = MailLedger.objects.select_for_update(of=("self",)).select_related("member").get(pk=pk)
        if row.attempts != number or row.state not in waits_for_news:
            return
        changes = _changes(row, status, now)
        if not changes:
            return
        MailLedger.objects.filter(pk=row.pk).update(**changes)
        is_theirs = row.member is not None and to.lower() in ("", row.member.email.lower())
        if changes["state"] == MailLedger.State.BOUNCED and is_theirs:
            signals.mailbox_bounced.send_robust(MailLedger, member=row.member)


def _changes(row: MailLedger, status: str, now: datetime) -> dict[str, object]:
    state = MailLedger.State
    if status == DELIVERED:
        # Sent long ago, unless the worker died before it could say so.
        return {"state": state.SENT, "sent_at": now} if row.state == state.SENDING else {}
    if status == NO_SUCH_MAILBOX:
        return {"state": state.BOUNCED, "error": f"Notify: {status}"}
    if status not in FOR_NOW:
        logger.warning("Notify said of a mail what we do not know: %.40r", status)
        return {}
    if row.attempts % ATTEMPTS == 0 or not is_sent_later(row.stream):
        return {"state": state.FAILED, "error": f"Notify: {status}"}
    return {"state": state.DUE, "due_at": now + pause_after(row.attempts), "error": f"Notify: {status}"}
