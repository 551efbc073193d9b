from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from network.models import Membership, Network, Viewer

WEEK = timedelta(days=7)


def week_of(at: datetime) -> date:
    """The Monday of the week in which something was, in London."""
    day = timezone.localdate(at)
    return day - timedelta(days=day.weekday())


def begin_of(week: date) -> datetime:
    """When a week begins: midnight in London."""
    return timezone.make_aware(datetime.combine(week, time.min))


class ReadingWeekQuerySet(models.QuerySet["ReadingWeek"]):
    def visible_to(self, viewer: Viewer) -> ReadingWeekQuerySet:
        """One's own. Of the others facilitators see how many there were, and nobody a name."""
        return self.filter(member=viewer.pk or 0, network__in_once=Network.objects.of(viewer))


class ReadingWeek(models.Model):
    """A member read something new in a network in a week. Not what, nor how often, nor on which day."""

    KEPT: ClassVar[timedelta] = timedelta(days=365)

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    week = models.DateField()  # its Monday

    objects = ReadingWeekQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "week", "member"], name="reading_week_once"),
        ]

    def __str__(self) -> str:
        return f"Somebody in {self.network_id}, {self.week}"


class NetworkWeekQuerySet(models.QuerySet["NetworkWeek"]):
    def visible_to(self, viewer: Viewer) -> NetworkWeekQuerySet:
        """Those of networks that the viewer facilitates."""
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0)
        return self.filter(network__in=facilitated.values("network"))


class NetworkWeek(models.Model):
    """What a week was like in a network, counted when it was over and never again. Says nothing of anybody."""

    SHOWN: ClassVar[int] = 26  # weeks

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="weeks")
    week = models.DateField()  # its Monday
    # None: of a time when nobody wrote down who reads.
    readers = models.PositiveIntegerField(null=True)
    posters = models.PositiveIntegerField()
    councils = models.PositiveIntegerField()  # that these are from
    threads = models.PositiveIntegerField()
    posts = models.PositiveIntegerField()
    # Of the questions asked in that week: how many, how many somebody had replied to by the time it was counted, and
    # after how many hours half of those had their first reply.
    questions = models.PositiveIntegerField()
    replied = models.PositiveIntegerField()
    reply_hours = models.FloatField(null=True)

    objects = NetworkWeekQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["network", "week"], name="network_week_once")]

    def __str__(self) -> str:
        return f"{self.network_id} in the week of {self.week}"
