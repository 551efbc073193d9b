from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class MailLedger(models.Model):
    """One row per mail that somebody is owed, or was sent. Unique, so that what is planned twice, run twice or crashes
    half-way sends nothing twice. Holds no words: a mail is composed when it is sent, of what is true and visible then.
    No member reads it."""

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
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name_plural = "mail ledger"
        constraints = [models.UniqueConstraint(fields=["recipient", "stream", "period"], name="mail_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="due"), name="mail_due"),
            models.Index(fields=["planned_at"], name="mail_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.period} to {self.recipient}: {self.get_state_display()}"
