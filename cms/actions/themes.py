from __future__ import annotations

from django.contrib.contenttypes.models import ContentType
from wagtail.models import Page, Revision

from cms.models import ThemedPage
from cms.models.theme import THEMED
from network.models import Theme


def move_pages(old: Theme, new: Theme) -> None:
    """Puts all pages of one theme under another, and all their drafts and older versions, for each may be published one
    day. Part of a verb: the two have become one. No page is published by it."""
    for kind in THEMED:
        through = kind.themes.through
        page = kind.themes.field.m2m_field_name()
        has_new = list(through.objects.filter(theme=new).values_list(page, flat=True))
        through.objects.filter(theme=old).exclude(**{f"{page}__in": has_new}).update(theme=new)
    types = ContentType.objects.get_for_models(*THEMED).values()
    for revision in Revision.objects.filter(content_type__in=types).only("content").iterator():
        themes = revision.content.get("themes") or []
        if old.pk in themes:
            moved = list(dict.fromkeys(new.pk if pk == old.pk else pk for pk in themes))
            Revision.objects.filter(pk=revision.pk).update(content=revision.content | {"themes": moved})


def take_off_private_themes(page: Page) -> None:
    """A draft may be older than the day on which a network took a theme for itself. Part of a verb: the page has just
    been published."""
    if isinstance(page, ThemedPage):
        type(page).themes.through.objects.filter(
            **{type(page).themes.field.m2m_field_name(): page.pk}, theme__private_to__isnull=False
        ).delete()
