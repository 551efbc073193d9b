from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from forums.models.message import Message
from forums.models.question import Question
from forums.models.room import Room
from network.models import Viewer


class ThreadBatchQuerySet(models.QuerySet["ThreadBatch"]):
    def visible_to(self, viewer: Viewer) -> ThreadBatchQuerySet:
        """Those of rooms that the viewer runs."""
        return self.filter(room__in=Room.objects.run_by(viewer).values("pk"))

    def unfinished(self) -> ThreadBatchQuerySet:
        return self.filter(ended_at=None)


class ThreadBatch(models.Model):
    """Somebody who runs a room asked for threads to be made of what was asked and pinned in it. The worker makes them,
    one by one: how far it has come is how many of what was chosen have a thread."""

    MOST = 200  # at once

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="thread_batches")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    theme = models.ForeignKey("network.Theme", on_delete=models.CASCADE, related_name="+")
    questions = models.ManyToManyField(Question, related_name="+")
    messages = models.ManyToManyField(Message, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    # Why it ended before all were made, in words for whoever asked.
    why_not = models.CharField(max_length=300, blank=True)

    objects = ThreadBatchQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["asked_at"], name="thread_batch_to_do", condition=models.Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"Threads of {self.room_id}"

    def get_absolute_url(self) -> str:
        return reverse("room_after_batch", args=[self.room_id, self.pk])

    @property
    def chosen(self) -> int:
        return self.questions.count() + self.messages.count()

    @property
    def made(self) -> int:
        return self.questions.exclude(thread=None).count() + self.messages.exclude(thread=None).count()


def recording_at(link: str, seconds: int) -> str:
    """The address of a recording from so many seconds on: `t=` in the query of YouTube's, elsewhere a media fragment
    (https://www.w3.org/TR/media-frags/)."""
    parts = urlsplit(link)
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    if host in ("youtube.com", "youtu.be"):
        kept = [pair for pair in parts.query.split("&") if pair and not pair.startswith("t=")]
        return urlunsplit(parts._replace(query="&".join([*kept, urlencode({"t": seconds})]), fragment=""))
    return urlunsplit(parts._replace(fragment=f"t={seconds}"))


def place_in(room: Room, at: datetime | None) -> int | None:
    """Seconds from the beginning of the room's recording to a moment; None where there is no recording of it."""
    began = room.recording_began_at
    if not room.recording_link or began is None or at is None or at < began:
        return None
    return int((at - began).total_seconds())


def clock(seconds: int) -> str:
    """Such as 1:02:05, or 12:05."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
