from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from cms import limits
from cms import search as finding
from cms.forms import SearchForm
from cms.search import search_pages
from forums.search.posts import search_posts
from forums.search.rooms import search_rooms
from network.models.standing import standing_of

SHOWN = 20
LONGEST_TITLE = 300  # characters that are looked at


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Pages, threads and live rooms in one search. What the reader may not see leaves no trace, not even a number."""
    form = SearchForm(request.GET) if "q" in request.GET else SearchForm()
    context: dict[str, object] = {"form": form, "query": ""}
    if form.is_bound and form.is_valid() and form.cleaned_data["q"]:
        query = form.cleaned_data["q"]
        context |= {
            "query": query,
            "pages": search_pages(request.user, query, limit=SHOWN),
            "threads": search_posts(request.user, query, limit=SHOWN).hits,
            "rooms": search_rooms(request.user, query, limit=SHOWN),
            "shown": SHOWN,
        }
    return render(request, "cms/search.html", context)


@require_POST
def similar(request: HttpRequest) -> HttpResponse:
    """What a member may see that is similar to the title they type: a piece of a page, for the form of a new thread.
    Posted, so that no title of what is not yet said stands in a log."""
    member = request.user
    if not member.is_authenticated or not standing_of(member).networks:
        raise Http404("Only who may start a thread is told what is like it.")
    limits.LOOKING_FOR_SIMILAR.spend(member)
    found = finding.similar(member, request.POST.get("title", "")[:LONGEST_TITLE])
    return render(request, "cms/parts/similar.html", {"hits": found})
