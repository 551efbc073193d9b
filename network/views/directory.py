"""The directory: the officers whom the reader shares a network with."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator
from io import StringIO

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from network.actions.directory import export_people
from network.forms import DirectoryForm
from network.models import Member
from network.models.standing import standing_of
from network.permissions import can_export_people
from network.search import EXPORTED, NoSuchPage, PeoplePage, directory_choices, find_people
from network.views import MemberRequest

FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


@login_required
@require_safe
def people(request: MemberRequest) -> HttpResponse:
    """Twelve queries at most, what stands around the page among them, however many people there are."""
    if not request.user.is_authenticated or not standing_of(request.user).networks:
        return render(request, "network/people_outside.html")
    form = DirectoryForm(directory_choices(request.user), request.GET)
    if not form.is_valid():
        return render(request, "network/people.html", {"form": form})
    wanted = {name: value for name, value in form.cleaned_data.items() if value}
    found = find_people(request.user, wanted)
    rows = found.select_related("organisation", "profile").prefetch_related("tools")
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    context = {
        "form": form,
        "filters_used": form.filters_used,
        "wanted": wanted,
        "count": found.count(),
    }
    try:
        page = PeoplePage.of(rows, Member.objects.in_directory_of(request.user), before=before, after=after)
    except NoSuchPage:
        if before.isdecimal():
            return redirect(_address(request, "", ""))
        return render(request, "network/people.html", context | {"first": _address(request, "", "")}, status=404)
    context["page"] = page
    context["previous"] = _address(request, "before", page.before) if page.before else ""
    context["next"] = _address(request, "after", page.after) if page.after else ""
    return render(request, "network/people.html", context)


def _address(request: HttpRequest, side: str, edge: str) -> str:
    """Of another page of the same list; of its first without an edge."""
    query = request.GET.copy()
    query.pop("before", None)
    query.pop("after", None)
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    if side:
        query[side] = edge
    return f"{request.path}?{query.urlencode()}" if query else request.path


@require_safe
def export(request: MemberRequest) -> HttpResponse | StreamingHttpResponse:
    """What the officers show of themselves, as CSV, for administrators."""
    if not can_export_people(request.user):
        raise Http404
    batches = export_people(by=request.user)

    def following() -> list[list[str]]:
        return next(batches, [])

    async def lines() -> AsyncIterator[str]:
        yield "\ufeff" + _csv([list(EXPORTED)])  # the mark tells spreadsheets that this is UTF-8
        while batch := await sync_to_async(following)():
            yield _csv(batch)

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="people-{timezone.localdate().isoformat()}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


def _csv(rows: list[list[str]]) -> str:
    text = StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: str) -> str:
    """A spreadsheet takes a cell that begins like a formula for one; after an apostrophe it is text (OWASP, CSV
    injection)."""
    return f"'{cell}" if FORMULA.match(cell) else cell
