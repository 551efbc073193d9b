"""What the texts of pages are built of. Each block's template is templates/cms/blocks/<name>.html."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify
from wagtail.blocks import ListBlock, StaticBlock, StreamBlock, StructBlock
from wagtail.blocks.field_block import CharBlock, RichTextBlock, TextBlock, TimeBlock

# What an editor may do inside a paragraph. Headings are blocks of their own: the contents list is made of them.
PROSE = ["bold", "italic", "link", "document-link", "ol", "ul"]


class FigureBlock(StructBlock):
    """A number that somebody published. It never stands without saying who and when."""

    value = CharBlock(max_length=40, help_text="Such as “85%” or “7 in 10”.")
    words = CharBlock(max_length=200, help_text="What it counts.")
    source = CharBlock(max_length=200, help_text="Who published it, and where.")
    date = CharBlock(max_length=60, help_text="When, such as “February 2024”.")

    class Meta:
        icon = "order"
        label = "Figure with its source"
        template = "cms/blocks/figure.html"


class FiguresBlock(ListBlock):
    """Figures side by side. Where two sources disagree, both stand here."""

    class Meta:
        icon = "order"
        label = "Figures with their sources"
        template = "cms/blocks/figures.html"


class QuoteBlock(StructBlock):
    text = TextBlock()
    source = CharBlock(max_length=200, help_text="Who wrote it, where and when.")

    class Meta:
        icon = "openquote"
        template = "cms/blocks/quote.html"


FOR_THE_OPERATOR = "For the people who run this site"


class CalloutBlock(StructBlock):
    title = CharBlock(max_length=120)
    text = RichTextBlock(features=["bold", "italic", "link"])

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """What is left for the people who run the site to fill in is shown to those who can."""
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        return context | {"is_for_operator": value["title"] == FOR_THE_OPERATOR}

    class Meta:
        icon = "warning"
        label = "Callout"
        template = "cms/blocks/callout.html"


class BodyBlock(StreamBlock):
    heading = CharBlock(max_length=120, icon="title", form_classname="title", template="cms/blocks/heading.html")
    paragraph = RichTextBlock(features=PROSE, icon="pilcrow", template="cms/blocks/paragraph.html")
    list = ListBlock(TextBlock(rows=2), icon="list-ul", template="cms/blocks/list.html")
    quote = QuoteBlock()
    figures = FiguresBlock(FigureBlock())
    callout = CalloutBlock()
    # That of the settings whenever the page is read, so it is never out of date.
    contact = StaticBlock(
        icon="mail",
        label="Contact address",
        admin_text="Shows the email address of whoever runs this site, as it stands in the site's settings.",
        template="cms/blocks/contact.html",
    )


class SessionBlock(StructBlock):
    """One item of an event's programme."""

    starts = TimeBlock(required=False, help_text="London time.")
    title = CharBlock(max_length=150)
    by = CharBlock(max_length=150, required=False, label="Who")
    words = TextBlock(required=False, rows=2, label="What it is about")

    class Meta:
        icon = "time"


class ProgrammeBlock(StreamBlock):
    session = SessionBlock()


@dataclass(frozen=True, slots=True)
class Part:
    """One block of a text. Headings have an anchor, unique on the page."""

    block: Any
    anchor: str = ""

    @property
    def title(self) -> str:
        return str(self.block.value)


def parts_of(body: Any) -> list[Part]:
    """The blocks of a StreamField in order; equal headings get -2, -3 and so on."""
    taken: set[str] = set()
    parts = []
    for block in body:
        anchor = ""
        if block.block_type == "heading":
            wanted = anchor = slugify(block.value)[:60] or "part"
            count = 1
            while anchor in taken:
                count += 1
                anchor = f"{wanted}-{count}"
            taken.add(anchor)
        parts.append(Part(block, anchor))
    return parts
