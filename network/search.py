"""The shape of what a search finds, whichever package found it; and the directory, which is how people are found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.db.models import CharField, Count, F, Min, Prefetch, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower
from django.utils.timezone import localtime, make_aware

from network.models import Member, Membership, MemberTheme, MemberTool, Network, Profile, Theme, Viewer
from network.models.organisation import KINDS

NOTHING = Value("", output_field=CharField())


@dataclass(frozen=True, slots=True)
class Line:
    """A line of what was found: where it stands, who wrote it, and its text in pieces, each with whether it is what was
    looked for."""

    address: str
    by: str
    pieces: tuple[tuple[str, bool], ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody wants to find among, each None or empty where it is all the same to them. Networks, themes,
    councils and members by their keys."""

    kinds: tuple[str, ...] = ()  # any of them: pages, threads, events, rooms or people
    network: int | None = None
    theme: int | None = None
    tag: str = ""
    council: int | None = None
    authors: tuple[int, ...] = ()  # any of them: namesakes
    is_answered: bool | None = None
    since: date | None = None
    until: date | None = None
    thread: int | None = None
    news: News | None = None

    def takes(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds

    @property
    def begins(self) -> datetime | None:
        """When the day `since` begins in London."""
        return None if self.since is None else make_aware(datetime.combine(self.since, time.min))

    @property
    def ends(self) -> datetime | None:
        """When the day `until` is over in London. The last day of all is never over."""
        if self.until is None or self.until == date.max:
            return None
        return make_aware(datetime.combine(self.until, time.min) + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class News:
    """What came after somebody looked last, but for their own: posts by keys, pages by when they were published."""

    after_post: int
    last_post: int
    after: datetime
    until: datetime
    not_by: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found, already known to be visible to the person who asked."""

    kind: str  # in words, such as "Thread" or "Guidance"
    title: str
    address: str
    excerpt: str  # plain text, at most a few lines
    where: str  # the network it stands in, or whom somebody works for
    at: datetime | None
    score: float  # higher is better; comparable within one package only
    lines: tuple[Line, ...] = ()  # where in it the words stand, instead of an excerpt
    is_answered: bool = False

    @property
    def text(self) -> str:
        return self.excerpt or "\n".join("".join(piece for piece, _ in line.pieces) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a filter of the directory may have, and how many people it would leave."""

    value: str
    label: str
    people: int


@dataclass(frozen=True, slots=True)
class DirectoryChoices:
    """What the directory may be filtered by: only what its reader may see and its members show."""

    network: list[Choice] = field(default_factory=list)
    organisation: list[Choice] = field(default_factory=list)
    kind: list[Choice] = field(default_factory=list)
    region: list[Choice] = field(default_factory=list)
    theme: list[Choice] = field(default_factory=list)
    tool: list[Choice] = field(default_factory=list)


def directory_choices(viewer: Viewer) -> DirectoryChoices:
    """All of them in one query."""
    people = Member.objects.in_directory_of(viewer)
    networks = Membership.objects.active().filter(network__in=Network.objects.of(viewer), member__in=people)
    councils = people.exclude(organisation=None)
    themes, tools = _shown_themes(viewer), _shown_tools()
    counted = [
        _counted("network", networks, F("network__slug"), label="network__name"),
        _counted(
            "organisation",
            councils,
            F("organisation__slug"),
            label="organisation__name",
            kind=Min("organisation__kind"),
            region=Min("organisation__region"),
        ),
        _counted("theme", themes.filter(member__in=people), F("theme__slug"), label="theme__name"),
        _counted("tool", tools.filter(member__in=people), Lower("name"), label="name"),
    ]
    found = DirectoryChoices()
    kinds: Counter[str] = Counter()
    regions: Counter[str] = Counter()
    for name, value, label, kind, region, number in counted[0].union(*counted[1:], all=True):
        getattr(found, name).append(Choice(value, label, number))
        kinds[kind] += number
        regions[region] += number
    found.kind.extend(Choice(kind, KINDS.get(kind, kind.capitalize()), kinds[kind]) for kind in kinds if kind)
    found.region.extend(Choice(region, region, regions[region]) for region in regions if region)
    for choices in (found.organisation, found.kind, found.region, found.theme, found.tool):
        choices.sort(key=lambda choice: choice.label.casefold())
    return found


def _shown_themes(viewer: Viewer) -> QuerySet[MemberTheme]:
    """For people of the viewer's directory. `visible_to` would go through all people once more, and would name what
    the viewer alone sees of themselves."""
    return MemberTheme.objects.shown().filter(theme__in=Theme.objects.visible_to(viewer))


def _shown_tools() -> QuerySet[MemberTool]:
    """For people of somebody's directory, as with themes."""
    return MemberTool.objects.shown()


def _counted(
    name: str,
    rows: QuerySet[Any, Any],
    value: Combinable,
    *,
    label: str,
    kind: Combinable = NOTHING,
    region: Combinable = NOTHING,
) -> QuerySet[Any, Any]:
    """How many rows there are of each value, in the same six columns for every filter."""
    grouped = rows.order_by().values(filter_name=Value(name, output_field=CharField()), value=value)
    counted: QuerySet[Any, Any] = grouped.annotate(
        label=Min(label), kind_name=kind, region_name=region, number=Count("pk")
    )
    return counted.values_list("filter_name", "value", "label", "kind_name", "region_name", "number")


def find_people(viewer: Viewer, wanted: Mapping[str, str]) -> QuerySet[Member]:
    """Of the directory, those who fit all that is wanted: `q` for words, the others named as in DirectoryChoices. By
    what somebody hides they are not found."""
    people: QuerySet[Member] = Member.objects.in_directory_of(viewer).search(wanted.get("q", ""))
    if network := wanted.get("network"):
        belong = Membership.objects.active().filter(network__in=Network.objects.of(viewer), network__slug=network)
        people = people.filter(pk__in=belong.values("member"))
    if organisation := wanted.get("organisation"):
        people = people.filter(organisation__slug=organisation)
    if kind := wanted.get("kind"):
        people = people.filter(organisation__kind=kind)
    if region := wanted.get("region"):
        people = people.filter(organisation__region=region)
    if theme := wanted.get("theme"):
        people = people.filter(pk__in=_shown_themes(viewer).filter(theme__slug=theme).values("member"))
    if tool := wanted.get("tool"):
        use = _shown_tools().annotate(lower_name=Lower("name")).filter(lower_name=tool)
        people = people.filter(pk__in=use.values("member"))
    return people


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A page of people by name. Its neighbours are found by the number of the person at its edge, so that no name
    stands in an address; empty where there is no neighbour."""

    SIZE: ClassVar[int] = 25

    people: Sequence[Member]
    before: str  # the page before ends before this number's person
    after: str  # the page after begins after this number's person

    @classmethod
    def of(cls, people: QuerySet[Member], edges: QuerySet[Member], *, before: str = "", after: str = "") -> PeoplePage:
        """`edges` are all whom the reader sees, for whoever stands at an edge may have ceased to fit what is looked
        for. Raises NoSuchPage."""
        people = people.annotate(name_key=Lower("name"))
        if not before and not after:
            found = list(people.order_by("name_key", "pk")[: cls.SIZE + 1])
            return cls(found[: cls.SIZE], "", _last(found[: cls.SIZE]) if len(found) > cls.SIZE else "")
        edge = before or after
        if not re.fullmatch(r"[0-9]{1,18}", edge):
            raise NoSuchPage
        name = Subquery(edges.filter(pk=int(edge)).values(edge_name=Lower("name")))
        if before:
            people = people.filter(Q(name_key__lt=name) | Q(name_key=name, pk__lt=int(edge)))
            found = list(people.order_by("-name_key", "-pk")[: cls.SIZE + 1])
            shown = found[: cls.SIZE][::-1]
            if len(shown) < cls.SIZE:
                raise NoSuchPage  # what is left before is less than a page: the first page shows it
            return cls(shown, _first(shown) if len(found) > cls.SIZE else "", _last(shown))
        people = people.filter(Q(name_key__gt=name) | Q(name_key=name, pk__gt=int(edge)))
        found = list(people.order_by("name_key", "pk")[: cls.SIZE + 1])
        shown = found[: cls.SIZE]
        if not shown:
            raise NoSuchPage
        return cls(shown, _first(shown), _last(shown) if len(found) > cls.SIZE else "")


class NoSuchPage(Exception):
    """The directory has no page at this edge, or not any more."""


def _first(people: Sequence[Member]) -> str:
    return str(people[0].pk)


def _last(people: Sequence[Member]) -> str:
    return str(people[-1].pk)


def exported_people(viewer: Viewer, *, batch: int = 500) -> Iterator[list[list[str]]]:
    """What people show of themselves, for an administrator's export, in batches of rows whose columns are EXPORTED.
    Nobody's address is among it, and nothing that they show to nobody."""
    people = Member.objects.exported_to(viewer).select_related("organisation", "profile").prefetch_related("tools")
    themes = (
        MemberTheme.objects.filter(theme__in=Theme.objects.public()).select_related("theme").order_by("theme__name")
    )
    people = people.prefetch_related(Prefetch("member_themes", themes))
    last = 0
    while found := list(people.filter(pk__gt=last).order_by("pk")[:batch]):
        yield [_exported(member) for member in found]
        last = found[-1].pk


EXPORTED = (
    *("Name", "Organisation", "Kind of organisation", "Region", "Job title", "Can help with", "Themes", "Tools"),
    *("About", "Member since"),
)


def _exported(member: Member) -> list[str]:
    profile = Profile.of(member)
    organisation = member.organisation
    themes = [row.theme.name for row in member.member_themes.all()] if profile.shows_themes else []
    tools = [tool.name for tool in member.tools.all()] if profile.shows_tools else []
    return [
        member.get_full_name(),
        organisation.name if organisation else "",
        organisation.kind_in_words if organisation else "",
        organisation.region if organisation else "",
        member.shown_job_title,
        profile.help_with if profile.shows_help_with else "",
        "; ".join(themes),
        "; ".join(tools),
        profile.about if profile.shows_about else "",
        localtime(member.date_joined).date().isoformat(),
    ]
