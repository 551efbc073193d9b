from __future__ import annotations

from django.conf import settings
from django.db import models
from wagtail.models import Page

from cms.models.page import pages_visible_to
from network.models import Viewer


class PageLifecycleQuerySet(models.QuerySet["PageLifecycle"]):
    def visible_to(self, viewer: Viewer) -> PageLifecycleQuerySet:
        return self.filter(page__in=pages_visible_to(viewer).values("pk"))


class PageLifecycle(models.Model):
    """When somebody last checked that a page still holds, and when the next check is due. A row of its own: no draft
    carries it, so publishing an older one cannot turn it back."""

    page = models.OneToOneField(Page, on_delete=models.CASCADE, related_name="lifecycle")
    reviewed_on = models.DateField()
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    review_by = models.DateField("next review due")
    # A digest of the words that were last published, by which it is known whether publishing changed any; and when
    # those who discuss the page were last told that they had changed.
    words = models.CharField(max_length=64, blank=True, editable=False)
    told_at = models.DateTimeField(null=True, blank=True, editable=False)
    # An editor says of what is published next that it mends only a little, of which nobody needs to be told.
    is_small_change = models.BooleanField(default=False)

    objects = PageLifecycleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(review_by__gt=models.F("reviewed_on")), name="lifecycle_next_review_is_later"
            )
        ]

    def __str__(self) -> str:
        return f"{self.page}: {self.reviewed_on:%Y-%m-%d}"
