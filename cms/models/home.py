from __future__ import annotations

from typing import Any

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page
from wagtail.search import index

from cms.models.blocks import FigureBlock
from cms.models.page import HubPage


class HomePage(HubPage):
    """The front door: what this is, for somebody who has ten seconds."""

    headline = models.CharField(max_length=120)
    figures = StreamField(
        [("figure", FigureBlock())], blank=True, help_text="The state of the sector, each figure with its source."
    )

    kind = "Home"
    template = "cms/home.html"
    max_count: Any = 1
    parent_page_types: list[str] = ["wagtailcore.Page"]
    subpage_types: list[str] = ["cms.SectionPage", "cms.InformationPage"]

    content_panels: list[Any] = [
        *Page.content_panels,
        FieldPanel("headline"),
        FieldPanel("summary"),
        FieldPanel("figures"),
    ]
    search_fields: list[Any] = [*HubPage.search_fields, index.SearchField("headline")]
