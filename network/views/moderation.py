"""What was done to look after one network, and by whom: for its facilitators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from network.actions.audit import WORDS, called, export_moderation
from network.forms.audit import ModerationForm
from network.models import AuditEvent, Membership, Network, Viewer
from network.spreadsheet import Cell
from network.views import MemberRequest, file_to_take, second_factor_required
from network.views.administration import page_by_key
from network.views.audit import IN_A_FILE, file_of_events, kind_in_words, midnight
from network.views.networks import facilitated

ON_A_PAGE = 50
HEADER = ("When", "Who", "What", "To what", "To whom")


@dataclass(frozen=True, slots=True)
class Line:
    """An event as facilitators read it. What else the log holds of it is for administrators."""

    event: AuditEvent
    did: str  # in words, to be read after the actor
    actor: str
    actor_pk: int | None  # of their membership, where they have one
    thing: str
    address: str  # of the thing
    whom: str  # where it was done to somebody in something else, such as a live room


@second_factor_required
@require_safe
def moderation(request: HttpRequest, slug: str) -> HttpResponse:
    network = facilitated(request, slug)
    form = ModerationForm(request.GET)
    page = page_by_key(request, _found(request.user, network, form), size=ON_A_PAGE)
    context = {
        "network": network,
        "form": form,
        "page": page,
        "lines": _lines(page.rows, request.user, network),
        "in_a_file": f"{IN_A_FILE:,}",
    }
    return render(request, "network/moderation.html", context)


@second_factor_required
@require_POST
def export(request: MemberRequest, slug: str) -> HttpResponseBase:
    """What the filters find, newest first, as a file for a spreadsheet."""
    network = facilitated(request, slug)
    form = ModerationForm(request.POST)
    found = _found(request.user, network, form)
    export_moderation(network, by=request.user, filters=form.used)

    def rows(events: Iterable[AuditEvent]) -> Iterable[list[Cell]]:
        for line in _lines(events, request.user, network):
            yield [line.event.at, line.actor, line.did, line.thing, line.whom]

    name = f"{network.slug}-audit-{timezone.localdate():%Y-%m-%d}.csv"
    return file_to_take(file_of_events(found, HEADER, rows), name=name)


def _found(viewer: Viewer, network: Network, form: ModerationForm) -> QuerySet[AuditEvent]:
    """What cannot be understood finds nothing: a filter that is passed over would show too much."""
    events = AuditEvent.objects.visible_to(viewer).moderation().filter(network=network)
    if not form.is_valid():
        return events.none()
    asked = form.cleaned_data
    if asked["verb"]:
        events = events.filter(verb=asked["verb"])
    if asked["actor"]:
        named = _memberships(viewer, network).filter(member__name__icontains=asked["actor"])
        events = events.filter(actor_id__in=named.values("member"))
    if asked["since"]:
        events = events.filter(at__gte=midnight(asked["since"]))
    if asked["until"]:
        events = events.filter(at__lt=midnight(asked["until"] + timedelta(days=1)))
    return events


def _memberships(viewer: Viewer, network: Network) -> QuerySet[Membership]:
    """Of all who ever belonged: what facilitators know of anybody starts here."""
    return Membership.objects.visible_to(viewer).filter(network=network)


def _lines(events: Iterable[AuditEvent], viewer: Viewer, network: Network) -> list[Line]:
    """The names in one query, and what it was done to in one for each kind of thing."""
    events = list(events)
    people = {event.actor_id for event in events} | {_whom(event) for event in events}
    known = _memberships(viewer, network).filter(member__in=people - {None}).values_list("member", "member__name", "pk")
    names = {member: (name, pk) for member, name, pk in known}
    things = called(events, viewer)
    return [_line(event, names, things) for event in events]


def _whom(event: AuditEvent) -> int | None:
    """The number of the member whom it was done to, where the event is about something else."""
    whom = event.details.get("member")
    return whom if isinstance(whom, int) else None


def _line(event: AuditEvent, names: dict[int, tuple[str, int]], things: dict[tuple[str, str], tuple[str, str]]) -> Line:
    actor, actor_pk = names.get(event.actor_id or 0, ("", None))
    if not actor:
        # An administrator, or a host from elsewhere; the site, or whoever asked in a session without their name.
        actor = "Somebody outside the network" if event.actor_id else "The site, or an unnamed member"
    thing, address = things.get((event.object_kind, event.object_id), (kind_in_words(event.object_kind), ""))
    whom, _ = names.get(_whom(event) or 0, ("", None))
    return Line(event, WORDS.get(event.verb, event.verb), actor, actor_pk, thing, address, whom)
