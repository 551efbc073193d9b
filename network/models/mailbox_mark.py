"""What is kept of a sanction once an address is its member's no more: a mark of the mailbox, until it is over. Each
storey keeps its own."""

from __future__ import annotations

from datetime import datetime
from typing import Self, TypeVar

from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from network.models.member import mailbox_of

AnyMark = TypeVar("AnyMark", bound="MailboxMark")


class MailboxMarkQuerySet(models.QuerySet[AnyMark]):
    def of(self, address: str) -> Self:
        """Those of a mailbox that somebody has shown to be theirs."""
        return self.filter(mailbox_digest=MailboxMark.digest_of(address))

    def over(self, now: datetime) -> Self:
        """Whose time is over, so that nothing of them is kept."""
        return self.filter(until__lte=now)

    def in_force(self, now: datetime) -> Self:
        return self.filter(models.Q(until=None) | models.Q(until__gt=now))

    def others_of(self, mark: MailboxMark) -> Self:
        """Those of the same sanction of a closed account: of the other addresses that it had."""
        return self.filter(sanction=mark.sanction).exclude(pk=mark.pk) if mark.sanction else self.none()


class MailboxMark(models.Model):
    """Somebody who was sanctioned has closed their account, or has another address, before that was over: it waits for
    the same mailbox to come back, no longer than its time. Holds no name, no address and no words, only what can be
    made of an address that is typed again. No member reads it."""

    mailbox_digest = models.CharField(max_length=64)
    # Empty where a facilitator was to end it.
    until = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)
    # The same for all marks of one sanction, of the address that its member had last and of those before. Empty of what
    # was kept when there was only the last.
    sanction = models.UUIDField(null=True, editable=False)

    class Meta:
        abstract = True

    @staticmethod
    def digest_of(address: str) -> str:
        """Of the mailbox. Made with the site's secret key, so that a list of addresses does not find them."""
        # The name from before there were others than suspensions: what was kept under it is still found.
        return salted_hmac("network.StandingSuspension", mailbox_of(address), algorithm="sha256").hexdigest()
