from __future__ import annotations

from django.db import models
from modelcluster.fields import ParentalKey
from taggit.models import ItemBase
from wagtail.models import Page

from cms.models.page import pages_visible_to
from network.models import Tag, Viewer


class PageTagQuerySet(models.QuerySet["PageTag"]):
    def visible_to(self, viewer: Viewer) -> PageTagQuerySet:
        return self.filter(content_object__in=pages_visible_to(viewer).values("pk"))


class PageTag(ItemBase):
    """A tag on a page of whatever type. Shares its vocabulary with threads, and its rule: a tag's name may be a private
    word, so lists and counts of tags start here, never at Tag."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="page_tags")
    content_object = ParentalKey(Page, on_delete=models.CASCADE, related_name="page_tags")

    objects = PageTagQuerySet.as_manager()  # type: ignore[misc, assignment]  # narrows that of taggit

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "content_object"], name="page_tag_once")]

    def __str__(self) -> str:
        return f"{self.tag} on {self.content_object}"
