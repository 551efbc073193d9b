from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from cms import limits
from cms import search as finding
from cms.forms import SearchForm
from cms.search import search_everything
from forums.models import Thread
from network.models import Member
from network.models.standing import standing_of

SHOWN = 20
LONGEST_TITLE = 300  # characters that are looked at


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Everything in one search, by kind; with `?thread=` inside one thread. What the reader may not see leaves no
    trace, not even a number."""
    if isinstance(request.user, Member):
        limits.SEARCHING.spend(request.user)
    form = SearchForm(request.user, request.GET if "q" in request.GET else None)
    context: dict[str, object] = {"form": form, "query": ""}
    if form.is_bound and form.is_valid():
        query, filters = form.cleaned_data["q"], form.filters()
        context |= {"query": query, "shown": SHOWN, "filters_used": form.filters_used()}
        if filters.thread is not None:
            inside = Thread.objects.visible_to(request.user).filter(pk=filters.thread).first()
            context |= {"inside": inside, "everywhere": urlencode({"q": query})}
        if query:
            context["results"] = search_everything(
                request.user, query, filters=filters, newest_first=form.cleaned_data["newest"], limit=SHOWN
            )
    return render(request, "cms/search.html", context)


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Titles that begin with what is typed: a piece of a page. Nobody waits for it, and the search works without."""
    if isinstance(request.user, Member):
        limits.SUGGESTING.spend(request.user)
    hits = finding.suggest(request.user, request.GET.get("q", "")[:LONGEST_TITLE])
    return render(request, "cms/parts/suggestions.html", {"hits": hits})


@require_POST
def similar(request: HttpRequest) -> HttpResponse:
    """What a member may see that is similar to the title they type: a piece of a page, for the form of a new thread.
    Posted, so that no title of what is not yet said stands in a log."""
    member = request.user
    if not member.is_authenticated or not standing_of(member).networks:
        raise Http404("Only who may start a thread is told what is like it.")
    member.standing = standing_of(member)  # it only reads, though it is posted
    limits.LOOKING_FOR_SIMILAR.spend(member)
    found = finding.similar(member, request.POST.get("title", "")[:LONGEST_TITLE])
    return render(request, "cms/parts/similar.html", {"hits": found})
