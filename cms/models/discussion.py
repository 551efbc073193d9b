from __future__ import annotations

from django.db import models
from wagtail.models import Page

from cms.models.page import pages_visible_to
from forums.models import Thread
from network.models import Viewer


class PageThreadQuerySet(models.QuerySet["PageThread"]):
    def visible_to(self, viewer: Viewer) -> PageThreadQuerySet:
        """Those of which the viewer may see both ends."""
        return self.filter(
            thread__in=Thread.objects.visible_to(viewer).values("pk"), page__in=pages_visible_to(viewer).values("pk")
        )


class PageThread(models.Model):
    """The thread that discusses a page. A row of its own: publishing an older draft or copying the page must not touch
    it, and one page has one discussion however often it is published."""

    page = models.OneToOneField(Page, on_delete=models.CASCADE, related_name="page_thread")
    thread = models.OneToOneField(Thread, on_delete=models.CASCADE, related_name="page_thread")
    # Set while the hub itself keeps the thread locked, because the page is not public now. A lock by a facilitator is
    # theirs, and publishing the page does not take it off.
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = PageThreadQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.thread} about {self.page}"
