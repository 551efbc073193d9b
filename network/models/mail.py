from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from network.models.member import Viewer


class MailLedgerQuerySet(models.QuerySet["MailLedger"]):
    def visible_to(self, viewer: Viewer) -> MailLedgerQuerySet:
        """Whoever looks after the site's mail: to whom something goes, and of which kind. It holds no words."""
        return self if viewer.has_perm("network.view_mailledger") else self.none()

    def uncertain(self, now: datetime | None = None) -> MailLedgerQuerySet:
        """Being sent for longer than that takes: the worker died over it, and nobody knows whether it went."""
        long_ago = (now or timezone.now()) - MailLedger.SENDING_TAKES
        return self.filter(state=MailLedger.State.SENDING, claimed_at__lt=long_ago)


class MailLedger(models.Model):
    """One row per mail that somebody is owed, or was sent. Unique, so that what is planned twice, run twice or crashes
    half-way sends nothing twice. Holds no words: a mail is composed when it is sent, of what is true and visible
    then."""

    SENDING_TAKES = timedelta(minutes=10)  # at most; a mail server is waited for for seconds

    class State(models.TextChoices):
        DUE = "due", "Due"
        SENDING = "sending", "Being sent"  # and so it stays where the worker died meanwhile: perhaps it went
        SENT = "sent", "Sent"
        DROPPED = "dropped", "No longer true, or nobody to send it to, when it was due"
        FAILED = "failed", "The mail server did not take it"

    # "member 12", or the address of somebody without an account.
    recipient = models.CharField(max_length=254)
    # Which kind of mail, and which one of them: what it is about, and the occasion.
    stream = models.CharField(max_length=40)
    period = models.CharField(max_length=60)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True)
    object_id = models.PositiveBigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DUE)
    attempts = models.PositiveSmallIntegerField(default=0)
    planned_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects = MailLedgerQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "mail ledger"
        constraints = [models.UniqueConstraint(fields=["recipient", "stream", "period"], name="mail_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="due"), name="mail_due"),
            models.Index(fields=["planned_at"], name="mail_by_age"),
            models.Index(fields=["state", "-id"], name="mail_by_state"),
            models.Index(fields=["sent_at"], name="mail_by_sending"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.period} to {self.recipient}: {self.get_state_display()}"

    @property
    def what(self) -> str:
        """The kind of mail, as an administrator reads it."""
        return self.stream.replace("_", " ").capitalize()

    @property
    def is_failed(self) -> bool:
        return self.state == self.State.FAILED
