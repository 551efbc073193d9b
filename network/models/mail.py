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
        GATHERED = "gathered", "Told in another mail"
        DROPPED = "dropped", "No longer true, read meanwhile, or nobody to send it to, when it was due"
        FAILED = "failed", "The mail server did not take it"
        BOUNCED = "bounced", "There is no such mailbox"  # the server said so at once, or the mail came back

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
    # The mail that told of this as well. It shares that one's fate: tried again with it, and by itself never.
    gathered_in = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="gathered")
    # Up to when a digest tells of what was written; the next one begins there. Set when the mail is first handed over,
    # so that another try tells of the same time.
    covers_until = models.DateTimeField(null=True, blank=True)
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
            # What a member was already told of by mail, and what waits to be gathered.
            models.Index(
                fields=["member", "stream", "object_id"],
                name="mail_about",
                condition=models.Q(member__isnull=False, object_id__isnull=False),
            ),
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

    def is_uncertain(self, now: datetime | None = None) -> bool:
        """See `uncertain` of the queryset."""
        if self.state != self.State.SENDING or self.claimed_at is None:
            return False
        return self.claimed_at < (now or timezone.now()) - self.SENDING_TAKES


class MailStopQuerySet(models.QuerySet["MailStop"]):
    def visible_to(self, viewer: Viewer) -> MailStopQuerySet:
        return self if viewer.has_perm("network.view_mailledger") else self.none()

    def in_force(self) -> MailStopQuerySet:
        return self.filter(ended_at=None)


class MailStop(models.Model):
    """An administrator stopped all mail but what somebody waits for, such as a code to sign in; and who let it go
    again. One is in force at a time."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    why = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = MailStopQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), name="mail_stop_once_at_a_time", condition=models.Q(ended_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"Mail stopped at {self.at}"
