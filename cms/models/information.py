from __future__ import annotations

from typing import Any

from django.db import models
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.search import index

from cms.models.blocks import BodyBlock, Part, parts_of
from cms.models.page import ThemedPage
from network.models import Organisation


class InformationPage(ThemedPage):
    """A plain page: ground rules, privacy; and for now the use cases and the showcase's challenges."""

    attribution = models.CharField(
        max_length=200,
        blank=True,
        help_text="Whose words these are, such as “Summary of a public source, not written by the council”.",
    )
    body = StreamField(BodyBlock(), blank=True)
    councils = ParentalManyToManyField(
        Organisation, blank=True, related_name="hub_pages", help_text="The councils this page tells about."
    )

    kind = "Page"
    template = "cms/information.html"
    parent_page_types: list[str] = ["cms.HomePage", "cms.SectionPage"]
    subpage_types: list[str] = []

    content_panels: list[Any] = [
        *ThemedPage.content_panels,
        FieldPanel("attribution"),
        *ThemedPage.about_panels,
        FieldPanel("body"),
        FieldPanel("councils"),
    ]
    search_fields: list[Any] = [
        *ThemedPage.search_fields,
        index.SearchField("body"),
        index.SearchField("attribution"),
    ]

    def parts(self) -> list[Part]:
        return parts_of(self.body)
