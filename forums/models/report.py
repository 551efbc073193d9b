from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from forums.models.message import Message
from network.models import Membership, Viewer


class ReportQuerySet(models.QuerySet["Report"]):
    def visible_to(self, viewer: Viewer) -> ReportQuerySet:
        """Those about rooms of networks that the viewer facilitates, and nobody else's: not even the reporter's own,
        for there is nothing more that they need to see."""
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0)
        return self.filter(message__room__network__in=facilitated.values("network"))

    def waiting(self) -> ReportQuerySet:
        return self.filter(settled_at=None)


class Report(models.Model):
    """Somebody tells the facilitators that a message in a live room is not right."""

    class Kind(models.TextChoices):
        UNKIND = "unkind", "It is unkind or abusive"
        PERSONAL = "personal", "It tells something about a person that it should not"
        SPAM = "spam", "It is advertising or spam"
        OTHER = "other", "Something else"

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    words = models.CharField(max_length=300, blank=True)
    # What the message said then: its author may change or delete it before anybody has looked.
    said = models.CharField(max_length=Message.MAX_LENGTH)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reports")
    at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "by"], name="report_once")]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.get_kind_display()}"
