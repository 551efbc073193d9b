from __future__ import annotations

from datetime import date, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Count, Max, QuerySet

from network.models import Viewer


class FruitlessSearchQuerySet(models.QuerySet["FruitlessSearch"]):
    def visible_to(self, viewer: Viewer) -> FruitlessSearchQuerySet:
        """For those who edit pages, and only what several people looked for, so that it is nobody's own."""
        if not viewer.is_authenticated or not viewer.is_active or not viewer.has_perm("wagtailadmin.access_admin"):
            return self.none()
        return self.of_several()

    def of_several(self) -> FruitlessSearchQuerySet:
        counted = FruitlessSearch.objects.values("mark").annotate(several=Count("pk"))
        return self.filter(mark__in=counted.filter(several__gte=FruitlessSearch.LEAST).values("mark"))

    def counted(self) -> QuerySet[FruitlessSearch, dict[str, Any]]:
        """A row for all who looked for the same: what it was, how many `people` did, and when somebody last did. What
        most looked for comes first."""
        together: Any = self.values("mark").annotate(looked_for=Max("words"), people=Count("pk"), last_asked=Max("day"))
        return together.exclude(looked_for="").order_by("-people", "-last_asked", "looked_for")  # type: ignore[no-any-return]


class FruitlessSearch(models.Model):
    """A member looked for something and found nothing, anywhere that they may see. Who it was is not kept: `asker` says
    that two who looked for it are two, and is another mark for the same person's other words. Both marks are made by a
    secret of the site. The words stand only with whoever looked for it when enough others had."""

    LEAST: ClassVar[int] = 3  # people who looked for it, before anybody learns that it was looked for
    KEPT: ClassVar[timedelta] = timedelta(days=90)
    LONGEST: ClassVar[int] = 60

    mark = models.CharField(max_length=64)  # of the words
    asker = models.CharField(max_length=64)
    day: models.DateField[date, date] = models.DateField()
    words = models.CharField(max_length=60, blank=True)

    objects = FruitlessSearchQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mark", "asker"], name="fruitless_search_once")]
        indexes = [models.Index(fields=["day"], name="fruitless_search_by_day")]

    def __str__(self) -> str:
        return f"search {self.pk} that found nothing"
