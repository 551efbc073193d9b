from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.db import models
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.fields import StreamField
from wagtail.search import index

from cms.forms import GuidancePageForm
from cms.models.blocks import BodyBlock, Part, parts_of
from cms.models.page import ThemedPage
from network.models import Network


class GuidancePage(ThemedPage):
    """What the hub advises. May be discussed in one network: see PageThread."""

    body = StreamField(BodyBlock())
    # What the editor asked for. Where it is discussed is the row of PageThread, which no older draft can undo.
    discuss_in = models.ForeignKey(
        Network,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="network for its discussion",
        help_text=(
            "When the page is first published, a discussion thread appears in this network and stays there. "
            "Leave empty for none."
        ),
    )

    kind = "Guidance"
    template = "cms/guidance.html"
    parent_page_types: list[str] = ["cms.SectionPage"]
    subpage_types: list[str] = []
    # A copy is another page: whether it is discussed, and where, is asked again.
    exclude_fields_in_copy: list[str] = ["discuss_in"]

    base_form_class = GuidancePageForm
    content_panels: list[Any] = [
        *ThemedPage.content_panels,
        *ThemedPage.about_panels,
        FieldPanel("body"),
        FieldPanel("discuss_in"),
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel("reviewed_on"), FieldPanel("review_by")])],
            "Review",
            help_text="Says when somebody last checked that this page still holds. Shown at once, not with the draft.",
        ),
        MultiFieldPanel(
            [FieldPanel("small_change")],
            "Those who discuss it",
            help_text=(
                "When the words of the page change, those who wrote in its discussion get a notice, at most once a "
                "day. A small correction, such as of a typing error, tells nobody."
            ),
        ),
    ]
    search_fields: list[Any] = [*ThemedPage.search_fields, index.SearchField("body")]

    def parts(self) -> list[Part]:
        return parts_of(self.body)

    def digest_of_words(self) -> str:
        """Another one whenever a word that a reader reads is another. Themes, tags and settings are no words."""
        words = [self.title, self.summary, *self.body.stream_block.get_searchable_content(self.body)]
        return sha256("\n".join(words).encode()).hexdigest()

    def contents(self) -> list[Part]:
        """The headings, for the list of contents."""
        return [part for part in self.parts() if part.anchor]
