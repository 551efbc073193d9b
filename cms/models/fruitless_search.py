from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Count, Max

from network.models import Viewer


class FruitlessSearchQuerySet(models.QuerySet["FruitlessSearch"]):
    def visible_to(self, viewer: Viewer) -> FruitlessSearchQuerySet:
        """For those who edit pages, and only what several people looked for, so that it is nobody's own: each with how
        many `people` did, and when somebody last did. What most looked for comes first."""
        if not viewer.is_authenticated or not viewer.is_active or not viewer.has_perm("wagtailadmin.access_admin"):
            return self.none()
        counted = self.annotate(people=Count("askers"), last_asked=Max("askers__day"))
        several = counted.filter(pk__in=self.of_several().values("pk")).exclude(words="")
        return several.order_by("-people", "-last_asked", "words")

    def of_several(self) -> FruitlessSearchQuerySet:
        return self.alias(several=Count("askers")).filter(several__gte=FruitlessSearch.LEAST)


class FruitlessSearch(models.Model):
    """Something for which members looked and found nothing, anywhere that they may see. Who they were is not kept; and
    of what fewer than LEAST of them looked for there is only a mark, made by a secret of the site, and no word."""

    LEAST: ClassVar[int] = 3  # people who looked for it, before anybody learns that it was looked for
    KEPT: ClassVar[timedelta] = timedelta(days=90)
    LONGEST: ClassVar[int] = 60

    mark = models.CharField(max_length=64, unique=True)
    words = models.CharField(max_length=60, blank=True)

    objects = FruitlessSearchQuerySet.as_manager()

    def __str__(self) -> str:
        return f"search {self.pk} that found nothing"


class FruitlessAskerQuerySet(models.QuerySet["FruitlessAsker"]):
    def visible_to(self, viewer: Viewer) -> FruitlessAskerQuerySet:
        """Nobody's: the site counts them."""
        return self.none()


class FruitlessAsker(models.Model):
    """One person who looked for it, as a mark too: it says that two who asked are two, and not who they are, and is
    another one for the same person's other words."""

    search = models.ForeignKey(FruitlessSearch, on_delete=models.CASCADE, related_name="askers")
    mark = models.CharField(max_length=64)
    day: models.DateField[date, date] = models.DateField()

    objects = FruitlessAskerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["search", "mark"], name="fruitless_asker_once")]
        indexes = [models.Index(fields=["day"], name="fruitless_asker_by_day")]

    def __str__(self) -> str:
        return f"somebody, on {self.day}"
