"""Organisations that end in another one: picking them, and seeing what will happen before it does."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from network import permissions
from network.actions import organisations as verbs
from network.forms import MergeForm
from network.models import Organisation
from network.permissions import Refused
from network.views import MemberRequest

FOUND = 20  # organisations that one search shows while some are picked to be merged
AT_MOST = 30  # that are merged in one go


def _administrators_only(request: HttpRequest) -> None:
    if not permissions.can_change_organisation(request.user):
        raise Http404


def _named(words: str) -> Q:
    return Q(name__icontains=words) | Q(domains__domain__icontains=words)


class Picked:
    """The organisations that a request names: those that end (`old`), and the one they become (`into`). They stand in
    the address while they are picked, one search after the other."""

    def __init__(self, request: HttpRequest) -> None:
        self.words = request.GET.get("q", "").strip()[:100]
        slugs = request.GET.getlist("old")[:AT_MOST]
        wanted = [*slugs, request.GET.get("into", "")]
        found = {one.slug: one for one in Organisation.objects.visible_to(request.user).filter(slug__in=wanted)}
        self.into = found.get(wanted[-1])
        self.old = [found[slug] for slug in dict.fromkeys(slugs) if slug in found and found[slug] != self.into]

    @property
    def all(self) -> list[Organisation]:
        return [*self.old, *([self.into] if self.into else [])]

    def query(self, *, old: list[Organisation] | None = None, into: Organisation | None = None) -> str:
        pairs = [("old", one.slug) for one in (self.old if old is None else old)]
        chosen = into or self.into
        return urlencode([*pairs, *([("into", chosen.slug)] if chosen else []), ("q", self.words)])

    def without(self, organisation: Organisation) -> str:
        if organisation == self.into:
            return urlencode([*(("old", one.slug) for one in self.old), ("q", self.words)])
        return self.query(old=[one for one in self.old if one != organisation])


@require_safe
def merge(request: HttpRequest) -> HttpResponse:
    """Picking what ends, and what it becomes."""
    _administrators_only(request)
    picked = Picked(request)
    found: list[Organisation] = []
    if picked.words:
        matches = (
            Organisation.objects.visible_to(request.user)
            .filter(_named(picked.words))
            .exclude(pk__in=[one.pk for one in picked.all])
        )
        current = Organisation.objects.visible_to(request.user).current().filter(succeeded_by=None)
        found = list(current.filter(pk__in=matches.values("pk")).order_by("name", "pk")[: FOUND + 1])
    context = {
        "picked": picked,
        "rows_picked": [(one, picked.without(one)) for one in picked.old],
        "without_into": picked.without(picked.into) if picked.into else "",
        "found": [(one, picked.query(old=[*picked.old, one]), picked.query(into=one)) for one in found[:FOUND]],
        "there_are_more": len(found) > FOUND,
        "query": picked.query(),
    }
    return render(request, "network/organisations_merge.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: MemberRequest) -> HttpResponse:
    """What will happen; POST does it."""
    _administrators_only(request)
    picked = Picked(request)
    back = f"{reverse('organisations_merge')}?{picked.query()}"
    if not picked.old or picked.into is None:
        return redirect(back)
    form = MergeForm(request.POST if request.method == "POST" else None, initial={"ends_on": timezone.localdate()})
    try:
        ending = verbs.what_would_merge(picked.old, into=picked.into)
        if form.is_bound and form.is_valid():
            merged = verbs.merge_organisations(
                picked.old, into=picked.into, by=request.user, ends_on=form.cleaned_data["ends_on"]
            )
            ended = f"{merged.organisations} organisation{'s' if merged.organisations != 1 else ''} ended"
            messages.success(request, f"{ended} in {picked.into}, and {merged.members} accounts moved.")
            return redirect(picked.into)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(back)
    context = {
        "picked": picked,
        "ending": ending,
        "members": sum(one.members for one in ending),
        "domains": sum(one.domains for one in ending),
        "form": form,
        "back": back,
    }
    return render(request, "network/organisations_merge_confirm.html", context)
