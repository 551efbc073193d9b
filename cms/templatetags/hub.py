"""What the hub's pages are made of, for the templates of this package and, through templates/meetings/, of those below.

A tag that lists pages asks for those that the reader may open; none of them belongs in a cached block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Page

from cms.feeds import token_for_events
from cms.models import (
    EventAttendance,
    EventPage,
    EventRecording,
    EventRoom,
    GuidancePage,
    HomePage,
    InformationPage,
    PageLifecycle,
    PageTag,
    PageThread,
    RecordItem,
    SectionPage,
    attendees_of,
    events_of,
    menu_visible_to,
    pages_visible_to,
    places_taken,
    waiting_for,
)
from cms.models.attendance import place_in_line
from cms.permissions import (
    can_add_event,
    can_approve_record,
    can_attend,
    can_draft_record,
    can_join,
    can_name_speakers,
    can_see_sign_ups,
    can_set_recording,
    runs_room_of,
)
from cms.search import similar
from forums.models import FeedKey, Room, Thread, ThreadTag
from network.models import Network, Organisation, Theme, Viewer
from network.models.standing import standing_of
from network.permissions import Verdict
from network.search import Hit

register = template.Library()
PER_PAGE = 20


def viewer_of(context: Context) -> Viewer:
    viewer: Viewer = context["request"].user
    return viewer


# Around a page


@register.simple_tag(takes_context=True)
def menu_pages(context: Context) -> tuple[tuple[str, str], ...]:
    """The parts of the hub that stand in its menu: title and address. Nothing on an error page, which knows no
    reader."""
    viewer = getattr(context.get("request"), "user", None)
    return menu_visible_to(viewer) if viewer else ()


@register.inclusion_tag("components/breadcrumbs.html", takes_context=True)
def page_breadcrumbs(context: Context, page: Page) -> dict[str, Any]:
    """The way down from the home page, without the page itself."""
    above = pages_visible_to(viewer_of(context)).ancestor_of(page).filter(depth__gte=2).order_by("depth")
    return {
        "trail": [{"title": "Home" if step.depth == 2 else step.title, "address": step.url or "/"} for step in above]
    }


# Lists


@register.simple_tag(takes_context=True)
def newest_guidance(context: Context, count: int) -> QuerySet[GuidancePage]:
    found = GuidancePage.objects.visible_to(viewer_of(context)).for_rows()
    newest: QuerySet[GuidancePage] = found.order_by("-first_published_at", "-pk")[:count]
    return newest


@register.simple_tag(takes_context=True)
def coming_events(context: Context, count: int) -> QuerySet[EventPage]:
    """On now or coming, the soonest first."""
    found = EventPage.objects.visible_to(viewer_of(context)).for_rows()
    coming: QuerySet[EventPage] = found.not_over()[:count]
    return coming


@register.simple_tag(takes_context=True)
def all_networks(context: Context) -> list[Network]:
    """As anybody may see them; `belongs` says whether the reader is a member."""
    viewer = viewer_of(context)
    networks = list(Network.objects.visible_to(viewer))
    own = standing_of(viewer).networks if viewer.is_authenticated else []
    for network in networks:
        network.belongs = network in own  # type: ignore[attr-defined]
    return networks


@register.simple_tag
def all_themes() -> QuerySet[Theme]:
    """The public ones: what is private to a network stands on no page of the hub."""
    return Theme.objects.public()


@dataclass(frozen=True, slots=True)
class Sections:
    """The parts of the hub: the first that lists the newest, the first that lists events, and all others."""

    newest: SectionPage | None
    events: SectionPage | None
    others: list[SectionPage]


@register.simple_tag(takes_context=True)
def sections_of(context: Context, home: HomePage) -> Sections:
    found = list(SectionPage.objects.child_of(home).visible_to(viewer_of(context)).for_rows().order_by("path"))
    newest = next((section for section in found if section.listing == SectionPage.Listing.NEWEST), None)
    events = next((section for section in found if section.listing == SectionPage.Listing.EVENTS), None)
    return Sections(newest, events, [section for section in found if section not in (newest, events)])


@dataclass(frozen=True, slots=True)
class Listing:
    """What a section lists: pages, or events that are coming and past. `numbers` is the page of the list."""

    sections: list[SectionPage]
    pages: list[Any]
    coming: list[EventPage]
    past: list[EventPage]
    number: int
    count: int


@register.simple_tag(takes_context=True)
def listing_of(context: Context, section: SectionPage) -> Listing:
    """What stands right below a section, twenty to a page."""
    viewer = viewer_of(context)
    asked = context["request"].GET.get("page")
    sections = list(SectionPage.objects.child_of(section).visible_to(viewer).for_rows().order_by("path"))
    if section.listing == SectionPage.Listing.EVENTS:
        events = EventPage.objects.child_of(section).visible_to(viewer).for_rows()
        past = Paginator(events.over(), PER_PAGE).get_page(asked)
        coming = list(events.not_over()) if past.number == 1 else []
        return Listing(sections, [], coming, list(past), past.number, past.paginator.num_pages)
    order = ["-first_published_at", "-pk"] if section.listing == SectionPage.Listing.NEWEST else ["path"]
    below = pages_visible_to(viewer).child_of(section).not_exact_type(SectionPage).order_by(*order)
    # Every type below a section but the section itself has themes, so they are read with their own rows.
    rows = below.specific().defer_streamfields().prefetch_related("themes", for_specific_subqueries=True)
    shown = Paginator(rows, PER_PAGE).get_page(asked)
    return Listing(sections, list(shown), [], [], shown.number, shown.paginator.num_pages)


# What belongs to one page


@register.simple_tag(takes_context=True)
def lifecycle_of(context: Context, page: Page) -> PageLifecycle | None:
    found = PageLifecycle.objects.visible_to(viewer_of(context)).filter(page=page.pk)
    return found.select_related("reviewed_by").first()


@register.filter
def is_overdue(lifecycle: PageLifecycle) -> bool:
    return lifecycle.review_by < timezone.localdate()


@register.simple_tag(takes_context=True)
def thread_about(context: Context, page: GuidancePage) -> Thread | None:
    """The thread that discusses the page, for those who may read it."""
    link = (
        PageThread.objects.visible_to(viewer_of(context)).filter(page=page.pk).select_related("thread__network").first()
    )
    return link.thread if link else None


@register.simple_tag(takes_context=True)
def page_discussed_in(context: Context, thread: Thread) -> Page | None:
    """The page that a thread discusses, for those who may open it. Only threads that the site began discuss one."""
    if thread.author_id is not None:
        return None
    link = PageThread.objects.visible_to(viewer_of(context)).filter(thread=thread.pk).select_related("page").first()
    return link.page if link else None


@register.simple_tag(takes_context=True)
def may_attend(context: Context, event: EventPage) -> Verdict:
    return can_attend(viewer_of(context), event)


@register.simple_tag(takes_context=True)
def may_join(context: Context, event: EventPage) -> Verdict:
    return can_join(viewer_of(context), event)


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """What an event is to the viewer. `may_add` says whether it may be one of theirs; `is_mine` whether it is; `going`
    in how many members' events it is, for those who may. Where people sign up: `number` on the waiting list, 0 for
    whoever is not on it; `left` places, None where there is no end to them; `is_mailed` whether mail about it goes to
    the viewer; `runs` whether they need no place."""

    may_add: Verdict
    is_mine: bool = False
    going: int = 0
    number: int = 0
    left: int | None = None
    waiting: int = 0
    is_mailed: bool = True
    runs: bool = False


@register.simple_tag(takes_context=True)
def own_event(context: Context, event: EventPage) -> OwnEvent | None:
    """Nothing for an anonymous visitor. Three queries for those who may attend; six where people sign up."""
    viewer = viewer_of(context)
    if not viewer.is_authenticated:
        return None
    may_add = can_add_event(viewer, event)
    if not may_add:
        return OwnEvent(may_add)
    if not event.needs_sign_up:
        is_mine = events_of(viewer).filter(pk=event.pk).exists()
        return OwnEvent(may_add, is_mine, attendees_of(event).count())
    row = EventAttendance.objects.visible_to(viewer).filter(page=event.pk).first()
    runs = runs_room_of(viewer, event)
    return OwnEvent(
        may_add,
        is_mine=row.taken_out_at is None if row else runs,
        number=place_in_line(row) if row and row.is_waiting and not runs else 0,
        left=max(0, event.places - places_taken(event)) if event.places is not None else None,
        waiting=waiting_for(event).count() if event.places is not None else 0,
        is_mailed=row is None or row.is_mailed,
        runs=runs,
    )


@register.simple_tag
def shows_room(event: EventPage, joining: Verdict, own: OwnEvent | None) -> bool:
    """Whether the live room stands on the event's page, for whoever may come in: where people sign up, for those who
    have and those who run it until it is over, and for all its readers afterwards."""
    return bool(joining) or not event.needs_sign_up or event.is_over() or (own is not None and own.runs)


@dataclass(frozen=True, slots=True)
class SignUps:
    going: int
    waiting: int


@register.simple_tag(takes_context=True)
def sign_ups_of(context: Context, event: EventPage) -> SignUps | None:
    """How many, for those who run the event; never who. Nothing for everybody else, and where nobody signs up."""
    if not event.needs_sign_up or not event.pk or not can_see_sign_ups(viewer_of(context), event):
        return None
    return SignUps(places_taken(event), waiting_for(event).count())


@register.simple_tag(takes_context=True)
def own_events_address(context: Context) -> str:
    """The private address of the viewer's events; empty until they have made addresses of their feeds."""
    key = FeedKey.objects.visible_to(viewer_of(context)).first()
    return settings.SITE_URL + reverse("own_events", args=[token_for_events(key)]) if key else ""


@register.simple_tag(takes_context=True)
def room_of(context: Context, event: EventPage) -> Room | None:
    """The event's room, for those who may come in."""
    found = EventRoom.objects.visible_to(viewer_of(context)).filter(page=event.pk)
    link = found.select_related("room__network").first()
    return link.room if link else None


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """The record of a session, as one reader has it: `items` for those who may enter its room, `public` for all."""

    items: list[RecordItem]
    left_out: list[RecordItem]  # for those who may draft it
    public: list[RecordItem]
    room: int
    can_draft: bool
    has_own: bool
    can_approve: bool

    @property
    def is_drafted(self) -> bool:
        return bool(self.items or self.left_out)

    @property
    def public_numbers(self) -> set[int]:
        return {item.pk for item in self.public}


@register.simple_tag(takes_context=True)
def record_of(context: Context, event: EventPage, room: Room | None) -> ShownRecord:
    """`room`: the event's, where the viewer may enter it."""
    viewer = viewer_of(context)
    public = list(RecordItem.objects.public().of_page(event.pk).with_words())
    items = list(RecordItem.objects.visible_to(viewer).shown().of_page(event.pk).with_words()) if room else []
    can_draft = room is not None and bool(can_draft_record(viewer, room))
    left_out = RecordItem.objects.visible_to(viewer).left_out().of_page(event.pk).with_words() if can_draft else []
    return ShownRecord(
        items=items,
        left_out=list(left_out),
        public=public,
        room=room.pk if room else 0,
        can_draft=can_draft,
        has_own=any(item.thing.author_id == viewer.pk for item in (*items, *public)),
        can_approve=viewer.is_authenticated
        and bool(can_approve_record(viewer, event))
        and RecordItem.objects.agreed().of_page(event.pk).exists(),
    )


@register.simple_tag(takes_context=True)
def recording_of(context: Context, event: EventPage, attending: Verdict) -> str:
    """Where the event's recording is, for whoever may attend it; empty where there is none. Of an event with a room
    the room knows, also for those who may not enter that."""
    if not attending or not event.pk:
        return ""
    of_room = Room.objects.filter(event_room__page=event.pk).values_list("recording_link", flat=True).first()
    if of_room is not None:
        return of_room
    kept = EventRecording.objects.visible_to(viewer_of(context)).filter(page=event.pk)
    return kept.values_list("link", flat=True).first() or ""


@register.simple_tag(takes_context=True)
def may_set_recording(context: Context, event: EventPage) -> bool:
    viewer = viewer_of(context)
    return bool(event.pk and viewer.is_authenticated and can_set_recording(viewer, event))


@register.simple_tag(takes_context=True)
def speakers_address(context: Context, event: EventPage) -> str:
    """Where an editor of the event names its speakers; empty for everybody else, and without a room."""
    viewer = viewer_of(context)
    if not viewer.is_authenticated or not can_name_speakers(viewer, event):
        return ""
    return reverse("event_speakers", args=[event.pk]) if EventRoom.objects.filter(page=event.pk).exists() else ""


# For pages of the storeys below


@register.simple_tag(takes_context=True)
def tag_options(context: Context, network: Network, count: int = 100) -> list[str]:
    """What is offered to somebody who tags a thread: the tags of the network's threads, then those of pages, each the
    most used first."""
    viewer = viewer_of(context)
    here = [row["name"] for row in ThreadTag.objects.visible_to(viewer).counted(network)[:count]]
    on_pages = PageTag.objects.visible_to(viewer).values_list("tag__name").annotate(pages=Count("pk"))
    return list(dict.fromkeys([*here, *(name for name, _ in on_pages.order_by("-pages", "tag__name")[:count])]))


@register.simple_tag(takes_context=True)
def events_of_network(context: Context, network: Network, count: int = 3) -> QuerySet[EventPage]:
    found = EventPage.objects.visible_to(viewer_of(context)).filter(network=network).for_rows()
    coming: QuerySet[EventPage] = found.not_over()[:count]
    return coming


@register.simple_tag(takes_context=True)
def event_of_room(context: Context, room: Room) -> int | None:
    """The number of the event that a live room belongs to, where the viewer may open its page."""
    found = EventRoom.objects.visible_to(viewer_of(context)).filter(room=room)
    number: int | None = found.values_list("page", flat=True).first()
    return number


@register.simple_tag(takes_context=True)
def pages_about(context: Context, organisation: Organisation) -> QuerySet[InformationPage]:
    found = InformationPage.objects.visible_to(viewer_of(context)).filter(councils=organisation).for_rows()
    about: QuerySet[InformationPage] = found.order_by("title")[:PER_PAGE]
    return about


@register.simple_tag(takes_context=True)
def similar_to(context: Context, title: str) -> list[Hit]:
    """Threads and guidance like a title, for whoever types it. Nothing, and no query, without one."""
    return similar(viewer_of(context), title) if title else []
