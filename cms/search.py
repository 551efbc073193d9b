"""Finding pages. Wagtail keeps the index; what may be found starts at `visible_to`, for its own search asks nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce
from wagtail.models import Page, get_page_models
from wagtail.search import index
from wagtail.search.query import And, Or, PlainText, SearchQuery

from cms.models import EventPage, GuidancePage, HubPageQuerySet, PageTag
from cms.models.page import HubPage, ThemedPage
from forums.search.index import MOST_NEAR, SHORTEST_MENDED, SHORTEST_TYPED, is_near
from forums.search.posts import NOTHING, Found, Query, marked, search_posts, suggest_threads
from forums.search.rooms import search_rooms
from forums.search.similar import likeness, similar_threads, stems_of
from forums.search.words import indexed, words_of
from network.models import Member, Membership, Network, Profile, Viewer
from network.models.standing import standing_of
from network.search import Filters, Hit, Line, find_people

CANDIDATES = 100  # pages that are looked at where more is asked of them than their words


@dataclass(frozen=True, slots=True)
class Group:
    """Results of one kind, best first. No score is compared across kinds: their order is fixed."""

    name: str
    title: str
    hits: list[Hit]
    is_more: bool = False  # than are shown


@dataclass(frozen=True, slots=True)
class Results:
    groups: list[Group]
    instead: dict[str, str]  # what was typed, and what was found that is written nearly so
    is_mended: bool = False  # whether words near to those that were typed were looked for, found or not

    @property
    def count(self) -> int:
        return sum(len(group.hits) for group in self.groups)


def search_everything(
    viewer: Viewer,
    typed: str,
    *,
    filters: Filters = Filters(),  # noqa: B008  # it cannot be changed
    newest_first: bool = False,
    limit: int = 20,
) -> Results:
    """What the viewer may find, of each kind at most `limit`: guidance and threads that were answered; other threads
    and live rooms; events and other pages; people. What they may not see leaves no trace."""
    found = NOTHING
    if filters.takes("threads"):
        found = search_posts(viewer, typed, filters=filters, newest_first=newest_first, limit=limit)
    # What was found in posts is looked for on pages too, a word that was mended like any other.
    query = found.by if found.hits else Query.of(typed)
    pages = _pages(viewer, query, filters, newest_first=newest_first, limit=limit, mends=not found.hits)
    answered = [hit for hit in found.hits if hit.is_answered]
    threads = [hit for hit in found.hits if not hit.is_answered]
    rooms = _rooms(viewer, typed, filters, limit=limit)
    people = _people(viewer, typed, filters, limit=PEOPLE_SHOWN)
    guidance = [hit for hit in pages.hits if hit.kind == GuidancePage.kind]
    others = [hit for hit in pages.hits if hit.kind != GuidancePage.kind]
    groups = [
        Group("guidance", "Guidance and answered threads", [*guidance, *answered], len(guidance) == limit),
        Group("threads", "Threads in your networks", threads, len(found.hits) == limit),
        Group("rooms", "Said and asked in live rooms", rooms, len(rooms) == limit),
        Group("events", "Use cases, events and other pages", others, len(others) == limit),
        Group("people", "People", people, len(people) == PEOPLE_SHOWN),
    ]
    shown = [group for group in groups if group.hits]
    return Results(shown, found.instead | pages.instead, found.by.is_mended or pages.by.is_mended)


PEOPLE_SHOWN = 10


def _rooms(viewer: Viewer, typed: str, filters: Filters, *, limit: int) -> list[Hit]:
    """What is said in a live room has no theme, tag or council, and is found by nobody's name; a room has a network."""
    if not filters.takes("rooms") or filters != Filters(kinds=filters.kinds, network=filters.network):
        return []
    return search_rooms(viewer, typed, network=filters.network, limit=limit)


def _people(viewer: Viewer, typed: str, filters: Filters, *, limit: int) -> list[Hit]:
    """Of the directory, by their name, their council and what they show of themselves."""
    of_people = Filters(kinds=filters.kinds, network=filters.network, council=filters.council)
    if not filters.takes("people") or filters != of_people or not words_of(typed):
        return []
    if not viewer.is_authenticated or not standing_of(viewer).networks:
        return []  # they share no network with anybody
    people = find_people(viewer, {"q": typed})
    if filters.council is not None:
        people = people.filter(organisation=filters.council)
    if filters.network is not None:
        belong = Membership.objects.active().filter(network__in=Network.objects.of(viewer), network=filters.network)
        people = people.filter(pk__in=belong.values("member"))
    return [
        Hit(
            kind=member.label or "Officer",
            title=member.get_full_name(),
            address=member.get_absolute_url(),
            excerpt=_told_by(member, typed),
            where=member.organisation.name if member.organisation else "",
            at=None,
            score=0.0,
        )
        for member in people.select_related("organisation", "profile").order_by("name", "pk")[:limit]
    ]


def _told_by(member: Member, typed: str) -> str:
    """What they do; and what they can help with, where that is why they were found."""
    profile = Profile.of(member)
    helps = profile.help_with if profile.shows_help_with else ""
    is_why = any(word in helps.casefold() for word in typed.casefold().split())
    return ". ".join(filter(None, [member.shown_job_title, helps if is_why else ""]))


def search_pages(viewer: Viewer, typed: str, *, limit: int = 20) -> list[Hit]:
    """The best matching pages that the viewer may open, best first. All words must occur in one page."""
    return _pages(viewer, Query.of(typed), Filters(), newest_first=False, limit=limit, mends=True).hits


def _pages(viewer: Viewer, query: Query, filters: Filters, *, newest_first: bool, limit: int, mends: bool) -> Found:
    """Pages have no author and no council, and only events a network. `mends`: what stands in titles and summaries is
    looked for too in place of a word with a wrong letter. One query; one more to know these."""
    if not (filters.takes("pages") or filters.takes("events")) or (
        filters.council or filters.authors or filters.thread or filters.is_answered is not None
    ):
        return NOTHING
    if not query:
        return NOTHING
    among = HubPageQuerySet(Page).searchable_by(viewer)
    if mends:
        query = _mended(among, query)
    hits = _found_pages(among, query, filters, newest_first=newest_first, limit=limit)
    return Found(hits, query.instead(hits), query)


def _mended(among: HubPageQuerySet, query: Query) -> Query:
    """The query with those words of the pages' titles and summaries that are near one that is none of theirs."""
    mendable = {word for word in query.words if word.isalpha() and len(word) >= SHORTEST_TYPED}
    if not mendable:
        return query
    texts = _with_summary(among).order_by("-pk").values_list("title", "summary")[:PAGES_READ]
    known = frozenset().union(*(_words_in(title, summary) for title, summary in texts))
    near = {
        word: sorted(other for other in known if len(other) >= SHORTEST_MENDED and is_near(word, other))[:MOST_NEAR]
        for word in mendable - known
    }
    return replace(query, mended={word: others for word, others in near.items() if others})


@lru_cache(maxsize=2_000)  # most are as they were when somebody last looked for something
def _words_in(title: str, summary: str) -> frozenset[str]:
    return frozenset(indexed(f"{title} {summary}").split())


PAGES_READ = 1_000  # for their words


def _found_pages(
    among: HubPageQuerySet, query: Query, filters: Filters, *, newest_first: bool, limit: int
) -> list[Hit]:
    for wanted in _kept_to(filters):
        among = among.filter(pk__in=list(wanted))
    # As moments: Wagtail's search knows no days.
    if filters.begins is not None:
        among = among.filter(first_published_at__gte=filters.begins)
    if filters.ends is not None:
        among = among.filter(first_published_at__lt=filters.ends)
    if (news := filters.news) is not None:
        among = among.filter(first_published_at__gt=news.after, first_published_at__lte=news.until)
        among = among.exclude(owner=news.not_by)
    # The newest need not be among the few that match best, nor those that have what was typed.
    most = CANDIDATES if query.phrases or query.mended or newest_first else limit
    pages = list(_with_summary(among).search(_in_words_of_wagtail(query))[:most])
    if newest_first:
        pages.sort(key=lambda page: page.first_published_at or _LONG_AGO, reverse=True)
    elif query.mended:
        pages.sort(key=lambda page: _tells_of_another_word(page, query))
    if query.phrases:
        pages = _with_phrases(among, pages, query)
    stems = query.stems()
    hits = []
    for position, page in enumerate(pages):
        summary = page.summary
        hits.append(
            Hit(
                kind=_kind_of(page),
                title=page.title,
                address=page.url or "/",
                excerpt=summary,
                where="",
                at=page.first_published_at or _LONG_AGO,
                score=float(len(pages) - position),
                lines=(Line(page.url or "/", "", marked(summary, stems), page.first_published_at or _LONG_AGO),)
                if summary
                else (),
            )
        )
    return hits[:limit]


def _tells_of_another_word(page: Any, query: Query) -> bool:
    """Whether a page says by its title or summary that it was found for a word that is near to one that was typed."""
    there = _words_in(page.title, page.summary)
    return any(word not in there and not there.isdisjoint(near) for word, near in query.mended.items())


def _in_words_of_wagtail(query: Query) -> SearchQuery:
    """All of the words, with each that stands for one of them in its turn; and those of phrases, in whatever order.
    Wagtail ranks one way or another well, and badly what has to be in each of several: so it is asked only where there
    are too many ways."""
    in_phrases = [word for phrase in query.phrases for word in phrase]
    alternatives = [*query.alternatives(), *([word] for word in in_phrases)]
    if prod(map(len, alternatives)) > MOST_WAYS:
        return And([Or([PlainText(word) for word in words]) for words in alternatives])
    return Or([PlainText(" ".join(words), operator="and") for words in product(*alternatives)])


MOST_WAYS = 50


def _with_phrases(among: HubPageQuerySet, pages: list[Any], query: Query) -> list[Any]:
    """Those in which the phrases of the query stand. What does not say so in its title or summary is read whole: of all
    types of page in one query, which `specific` would need for each."""
    told = {page.pk for page in pages if query.is_in(indexed(f"{page.title} {page.summary}"))}
    unread = [page.pk for page in pages if page.pk not in told]
    if unread:
        whole = among.filter(pk__in=unread).select_related(*(model._meta.model_name for model in _page_types()))
        told |= {page.pk for page in whole if query.is_in(indexed(_text_of(_as_its_type(page))))}
    return [page for page in pages if page.pk in told]


def _as_its_type(page: Page) -> HubPage:
    """A page that was read together with the row of its type."""
    found: HubPage = getattr(page, page.specific_class._meta.model_name)
    return found


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _kept_to(filters: Filters) -> list[QuerySet[Any, Any]]:
    """The keys of pages for each filter that pages know. Wagtail's search takes no subqueries, hence in full."""
    kept: list[QuerySet[Any, Any]] = []
    themed = [model for model in _page_types() if issubclass(model, ThemedPage)]
    if filters.theme is not None:
        kept.append(_union(model.objects.filter(themes=filters.theme) for model in themed))
    if filters.tag:
        kept.append(PageTag.objects.filter(tag__name=filters.tag).values_list("content_object", flat=True))
    if filters.network is not None:
        kept.append(EventPage.objects.filter(network=filters.network).values_list("pk", flat=True))
    if not filters.takes("pages"):
        kept.append(EventPage.objects.values_list("pk", flat=True))
    return kept


def _union(found: Iterable[QuerySet[Any, Any]]) -> QuerySet[Any, Any]:
    first, *others = (pages.order_by().values_list("pk", flat=True) for pages in found)
    return first.union(*others)


def _page_types() -> list[type[HubPage]]:
    return [model for model in get_page_models() if issubclass(model, HubPage)]


def _with_summary(pages: HubPageQuerySet) -> HubPageQuerySet:
    """With `summary`, which every type of page keeps in a table of its own: in the same query."""
    own = (Subquery(model.objects.filter(pk=OuterRef("pk")).values("summary")) for model in _page_types())
    annotated: HubPageQuerySet = pages.annotate(summary=Coalesce(*own, Value(""), output_field=TextField()))
    return annotated


def _kind_of(page: Page) -> str:
    kind: str = getattr(page.specific_class, "kind", "Page")
    return kind


def _text_of(page: HubPage) -> str:
    """All that is searched in a page, as one text."""
    parts = []
    for field in page.get_search_fields():
        if isinstance(field, index.SearchField):
            value = field.get_value(page)
            parts.append(" ".join(map(str, value)) if isinstance(value, list) else str(value or ""))
    return " ".join(parts)


def suggest(viewer: Viewer, typed: str, *, limit: int = 4) -> list[Hit]:
    """Pages and threads that the viewer may see and whose title has all the words typed, the last of them perhaps only
    begun; at most `limit` of either."""
    words = words_of(indexed(typed))
    if sum(map(len, words)) < SHORTEST_SUGGESTED:
        return []
    pages = HubPageQuerySet(Page).searchable_by(viewer).autocomplete(" ".join(words), operator="and")[:CANDIDATES]
    wanted = [page for page in pages if _begins(words, page.title)][:limit]
    hits = [
        Hit(_kind_of(page), page.title, page.url or "/", "", "", page.first_published_at, float(-position))
        for position, page in enumerate(wanted)
    ]
    return hits + suggest_threads(viewer, words, limit=limit)


SHORTEST_SUGGESTED = 3  # letters


def _begins(words: list[str], title: str) -> bool:
    there = indexed(title).split()
    return all(any(one.startswith(word) for one in there) for word in words)


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
            at=page.first_published_at or _LONG_AGO,
            score=score,
        )
        for page in begun.autocomplete(" ".join(sorted(stems)), operator="or")[:CANDIDATES]
        if (score := likeness(stems, stems_of(page.title)))
    ]
    return sorted(hits, key=lambda hit: (hit.score, hit.at), reverse=True)[:limit]
