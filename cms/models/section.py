from __future__ import annotations

from typing import Any

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.search import index

from cms.models.blocks import BodyBlock, Part, parts_of
from cms.models.page import HubPage


class SectionPage(HubPage):
    """A part of the hub: lists what stands below it."""

    class Listing(models.TextChoices):
        ARRANGED = "arranged", "Pages, as they are arranged here"
        NEWEST = "newest", "Pages, newest first"
        EVENTS = "events", "Events, by their date"

    listing = models.CharField("what it lists", max_length=10, choices=Listing.choices, default=Listing.ARRANGED)
    body = StreamField(BodyBlock(), blank=True, help_text="Shown above the list.")

    kind = "Section"
    template = "cms/section.html"
    parent_page_types: list[str] = ["cms.HomePage", "cms.SectionPage"]
    subpage_types: list[str] = [
        "cms.SectionPage",
        "cms.GuidancePage",
        "cms.InformationPage",
        "cms.EventPage",
    ]

    content_panels: list[Any] = [*HubPage.content_panels, FieldPanel("body"), FieldPanel("listing")]
    search_fields: list[Any] = [*HubPage.search_fields, index.SearchField("body")]

    def parts(self) -> list[Part]:
        return parts_of(self.body)
