from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from forums.models.thread import Thread
from network.models import Membership, Network, Theme, Viewer


class ThreadMoveQuerySet(models.QuerySet["ThreadMove"]):
    def visible_to(self, viewer: Viewer) -> ThreadMoveQuerySet:
        """For the facilitators of the network that the thread is in."""
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0)
        return self.filter(thread__network__in=facilitated.values("network"))

    def open(self, now: datetime | None = None) -> ThreadMoveQuerySet:
        since = (now or timezone.now()) - ThreadMove.OPEN_FOR
        return self.filter(carried_out_at=None, withdrawn_at=None, asked_at__gt=since)


class ThreadMove(models.Model):
    """A facilitator would like to move a thread to another network, where others can read it. Everybody who wrote in it
    is asked first."""

    OPEN_FOR: ClassVar[timedelta] = timedelta(days=30)

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="moves")
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="+")
    theme = models.ForeignKey(Theme, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    carried_out_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = ThreadMoveQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["thread"],
                condition=models.Q(carried_out_at=None, withdrawn_at=None),
                name="thread_move_once_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.thread_id} to {self.network_id}"

    @property
    def ends_at(self) -> datetime:
        return self.asked_at + self.OPEN_FOR

    def is_open(self, now: datetime | None = None) -> bool:
        is_settled = self.carried_out_at is not None or self.withdrawn_at is not None
        return not is_settled and self.ends_at > (now or timezone.now())


class MoveAnswerQuerySet(models.QuerySet["MoveAnswer"]):
    def visible_to(self, viewer: Viewer) -> MoveAnswerQuerySet:
        """A member's own, while they belong to the network that the thread is in."""
        if not viewer.is_authenticated:
            return self.none()
        return self.filter(member=viewer.pk, move__thread__network__in_once=Network.objects.of(viewer))

    def waiting(self, now: datetime | None = None) -> MoveAnswerQuerySet:
        return self.filter(agreed=None, move__in=ThreadMove.objects.open(now))


class MoveAnswer(models.Model):
    """Whether somebody who wrote in a thread agrees that it moves to another network. What they say is for nobody but
    them to see; the facilitators see how many agree."""

    move = models.ForeignKey(ThreadMove, on_delete=models.CASCADE, related_name="answers")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    agreed = models.BooleanField(null=True)  # None: has not answered
    at = models.DateTimeField(null=True)

    objects = MoveAnswerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["move", "member"], name="move_answer_once")]

    def __str__(self) -> str:
        return f"{self.member_id} about {self.move_id}"

    def get_absolute_url(self) -> str:
        return reverse("move_answer", args=[self.pk])
