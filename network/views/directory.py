"""The directory: the officers whom the reader shares a network with."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from network.actions.directory import export_people
from network.forms import DirectoryForm
from network.models import Member
from network.models.standing import standing_of
from network.permissions import can_export_people
from network.search import EXPORTED, NoSuchPage, PeoplePage, directory_choices, find_people
from network.spreadsheet import file_of
from network.views import MemberRequest, file_to_take


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
def export(request: MemberRequest) -> HttpResponseBase:
    """What the officers show of themselves, as CSV, for administrators."""
    if not can_export_people(request.user):
        raise Http404
    rows = (row for batch in export_people(by=request.user) for row in batch)
    return file_to_take(file_of(EXPORTED, rows), name=f"people-{timezone.localdate().isoformat()}.csv")
