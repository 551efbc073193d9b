"""What of the hub stands under a theme."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from wagtail.models import Page, Revision

from cms.models.event import EventPage
from cms.models.guidance import GuidancePage
from cms.models.information import InformationPage
from cms.models.page import ThemedPage
from network.models import Theme
from network.models.theme import ThemeUse, register_use

THEMED: list[type[ThemedPage]] = [GuidancePage, InformationPage, EventPage]


def page_numbers_under(theme: Theme) -> set[int]:
    """The keys of all pages that have the theme, and of those that would have it if their draft were published."""
    pages = {pk for kind in THEMED for pk in kind.objects.filter(themes=theme).values_list("pk", flat=True)}
    return pages | {int(draft.object_id) for draft in _drafts() if theme.pk in (draft.content.get("themes") or ())}


def _drafts() -> Iterator[Revision]:
    latest = Page.objects.filter(has_unpublished_changes=True).values("latest_revision")
    drafts = Revision.page_revisions.filter(Q(pk__in=latest) | Q(approved_go_live_at__isnull=False))
    yield from drafts.only("object_id", "content").iterator()


register_use(
    ThemeUse(
        one="page",
        many="pages",
        count=lambda theme: len(page_numbers_under(theme)),
        # Pages are for everybody.
        count_outside=lambda theme, network: len(page_numbers_under(theme)),
    )
)
