"""Finding pages. Wagtail keeps the index; what may be found starts at `visible_to`, for its own search asks nobody."""

from __future__ import annotations

from datetime import UTC, datetime

from wagtail.models import Page

from cms.models import GuidancePage, HubPageQuerySet
from forums.search.similar import likeness, similar_threads, stems_of
from forums.search.words import words_of
from network.models import Viewer
from network.search import Hit

CANDIDATES = 100  # pages of which it is asked whether they are similar


def search_pages(viewer: Viewer, query: str, *, limit: int = 20) -> list[Hit]:
    """The best matching pages that the viewer may open, best first. All words must occur in one page."""
    words = words_of(query)
    if not words:
        return []
    found = (
        HubPageQuerySet(Page)
        .searchable_by(viewer)
        .specific()
        .defer_streamfields()
        .search(" ".join(words), operator="and")[:limit]
    )
    pages = list(found)
    sections = _sections_of(pages)
    return [
        Hit(
            kind=page.kind,
            title=page.title,
            address=page.url or "/",
            excerpt=page.summary,
            where=sections.get(page.path[: -page.steplen], ""),
            at=page.first_published_at or datetime.min.replace(tzinfo=UTC),
            score=float(len(pages) - position),
        )
        for position, page in enumerate(pages)
    ]


def similar(viewer: Viewer, title: str, *, limit: int = 5) -> list[Hit]:
    """Threads and guidance that the viewer may see whose title says much the same as this one, the most alike first."""
    found = similar_threads(viewer, title, limit=limit) + similar_pages(viewer, title, limit=limit)
    return sorted(found, key=lambda hit: (hit.score, hit.at), reverse=True)[:limit]


def similar_pages(viewer: Viewer, title: str, *, limit: int = 5) -> list[Hit]:
    """Guidance that the viewer may open. The index finds whatever begins like one of the words."""
    stems = stems_of(title)
    if not stems:
        return []
    begun = GuidancePage.objects.searchable_by(viewer).defer_streamfields()
    hits = [
        Hit(
            kind=page.kind,
            title=page.title,
            address=page.url or "/",
            excerpt="",
            where="",
            at=page.first_published_at or datetime.min.replace(tzinfo=UTC),
            score=score,
        )
        for page in begun.autocomplete(" ".join(sorted(stems)), operator="or")[:CANDIDATES]
        if (score := likeness(stems, stems_of(page.title)))
    ]
    return sorted(hits, key=lambda hit: (hit.score, hit.at), reverse=True)[:limit]


def _sections_of(pages: list[Page]) -> dict[str, str]:
    """Titles of the pages right above, by path; one query."""
    above = {page.path[: -page.steplen] for page in pages}
    return dict(Page.objects.filter(path__in=above, depth__gt=2).values_list("path", "title"))
