from __future__ import annotations

from django.conf import settings
from django.db import models

from network.models import Network, Viewer


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, viewer: Viewer) -> MessageQuerySet:
        return self.filter(room__network__in=Network.objects.of(viewer))


class Message(models.Model):
    """What somebody said in a room, as it stands now: the transcript's row. Its number is that of its event."""

    MAX_LENGTH = 1000

    room = models.ForeignKey("forums.Room", on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveBigIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    organisation = models.ForeignKey("network.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    body = models.CharField(max_length=MAX_LENGTH)
    written_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="message_seq_once")]

    def __str__(self) -> str:
        return f"{self.room_id} {self.seq}"
