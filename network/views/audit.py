"""The audit log: who did what to whom, and when; read and taken away by administrators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.apps import apps
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from network import permissions
from network.actions.audit import WORDS, export_audit
from network.forms.administration import AuditForm
from network.models import AuditEvent, Member, Viewer
from network.spreadsheet import Cell, file_of, line_of
from network.views import MemberRequest, file_to_take
from network.views.administration import page_by_key

ON_A_PAGE = 50
IN_A_FILE = 100_000
AT_A_TIME = 1_000
HEADER = (
    "Number",
    "When",
    "Who",
    "Number of who",
    "What",
    "Network",
    "Kind of thing",
    "Number of thing",
    "Thing",
    "Details",
)


@dataclass(frozen=True, slots=True)
class Line:
    """An event with the names that its numbers stand for, as far as the reader may know them."""

    event: AuditEvent
    did: str  # in words, to be read after the actor
    actor: str
    actor_pk: int | None  # where they have an account that the reader may open
    thing: str
    thing_pk: int | None  # the same for what it was done to
    details: str


def _administrators_only(request: HttpRequest) -> None:
    if not permissions.can_read_audit(request.user):
        raise Http404


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    _administrators_only(request)
    form = AuditForm(request.GET)
    page = page_by_key(request, _found(request.user, form), size=ON_A_PAGE)
    context = {"form": form, "page": page, "lines": _lines(page.rows, request.user), "in_a_file": f"{IN_A_FILE:,}"}
    return render(request, "network/administration/audit.html", context)


@require_POST
def export(request: MemberRequest) -> HttpResponseBase:
    """What the filters find, newest first, as a file for a spreadsheet."""
    _administrators_only(request)
    form = AuditForm(request.POST)
    found = _found(request.user, form)
    export_audit(by=request.user, filters=form.used)
    name = f"guildhall-audit-{timezone.localdate():%Y-%m-%d}.csv"
    rows = _rows(request.user)
    return file_to_take(file_of_events(found, HEADER, rows), name=name)


def _found(viewer: Viewer, form: AuditForm) -> QuerySet[AuditEvent]:
    """What cannot be understood finds nothing: a filter that is passed over would show too much."""
    events = AuditEvent.objects.visible_to(viewer).select_related("network")
    if not form.is_valid():
        return events.none()
    asked = form.cleaned_data
    if asked["verb"]:
        events = events.filter(verb=asked["verb"])
    if asked["actor"]:
        events = events.filter(actor_id__in=Member.objects.administered_by(viewer).find(asked["actor"]).values("pk"))
    if asked["network"]:
        events = events.filter(network=asked["network"])
    if asked["kind"]:
        events = events.filter(object_kind__in=_kinds_called(asked["kind"]))
    if asked["number"]:
        events = events.filter(object_id=asked["number"])
    if asked["since"]:
        events = events.filter(at__gte=midnight(asked["since"]))
    if asked["until"]:
        events = events.filter(at__lt=midnight(asked["until"] + timedelta(days=1)))
    return events


def _kinds_called(typed: str) -> list[str]:
    """What the log calls a kind of thing that somebody names in words, "email domain", or as the log does."""
    kind = typed.strip().casefold()
    named = [model._meta.label_lower for model in apps.get_models() if kind == str(model._meta.verbose_name).casefold()]
    return [kind, *named]


def kind_in_words(label: str) -> str:
    try:
        words = str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):  # a kind of thing that is no more
        words = label.partition(".")[2]
    return words[:1].upper() + words[1:]


def midnight(day: date) -> datetime:
    """When a day begins in London. Compared as a moment, so that the index of moments serves."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _lines(events: Iterable[AuditEvent], viewer: Viewer) -> list[Line]:
    """The names in one query."""
    events = list(events)
    about = {pk for pk in map(_member_of, events) if pk}
    actors = {event.actor_id for event in events if event.actor_id}
    names = dict(Member.objects.administered_by(viewer).filter(pk__in=about | actors).values_list("pk", "name"))
    return [_line(event, names) for event in events]


def _member_of(event: AuditEvent) -> int | None:
    """The number of the member whom it was done to, if it was a member."""
    return int(event.object_id) if event.object_kind == "network.member" and event.object_id.isdecimal() else None


def _line(event: AuditEvent, names: dict[int, str]) -> Line:
    thing_pk = _member_of(event) if _member_of(event) in names else None
    actor_pk = event.actor_id if event.actor_id in names else None
    actor = "The site itself"
    if event.actor_id:
        actor = names.get(event.actor_id) or f"Member {event.actor_id}"
    kind = kind_in_words(event.object_kind)
    return Line(
        event,
        did=WORDS.get(event.verb, event.verb),
        actor=actor,
        actor_pk=actor_pk,
        thing=(names.get(thing_pk or 0) or f"{kind} {event.object_id}").strip(),
        thing_pk=thing_pk,
        details=", ".join(f"{name.replace('_', ' ')}: {_in_words(value)}" for name, value in event.details.items()),
    )


def _in_words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_in_words(part) for part in value) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{name} {_in_words(part)}" for name, part in value.items())
    return "none" if value is None else str(value)


Rows = Callable[[Iterable[AuditEvent]], Iterable[Sequence[Cell]]]


def file_of_events(events: QuerySet[AuditEvent], header: Sequence[str], rows: Rows) -> Iterator[str]:
    """The newest of the events, as `rows` writes them. Each slice is a query of its own, by key, so that a slow reader
    holds nothing open in the database."""
    yield from file_of(header, ())
    last, written = None, 0
    while written < IN_A_FILE:
        behind = events.filter(pk__lt=last) if last else events
        some = list(behind.order_by("-pk")[: min(AT_A_TIME, IN_A_FILE - written)])
        if not some:
            return
        yield from (line_of(row) for row in rows(some))
        last, written = some[-1].pk, written + len(some)
    if events.filter(pk__lt=last).exists():
        yield line_of(
            [f"This file ends after {IN_A_FILE:,} rows. Older events are not in it: choose dates to get them."]
        )


def _rows(reader: Viewer) -> Rows:
    return lambda events: (_cells(line) for line in _lines(events, reader))


def _cells(line: Line) -> list[str | int | None]:
    event = line.event
    return [
        event.pk,
        f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S}",
        line.actor,
        event.actor_id,
        event.verb,
        event.network.name if event.network else "",
        event.object_kind,
        event.object_id,
        line.thing if line.thing_pk else "",
        line.details,
    ]
