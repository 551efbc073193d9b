from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cms.forms import SearchForm
from cms.search import search_pages
from forums.search import search_posts

SHOWN = 20


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Pages and threads in one search. What the reader may not see leaves no trace, not even a number."""
    form = SearchForm(request.GET) if "q" in request.GET else SearchForm()
    context: dict[str, object] = {"form": form, "query": ""}
    if form.is_bound and form.is_valid() and form.cleaned_data["q"]:
        query = form.cleaned_data["q"]
        context |= {
            "query": query,
            "pages": search_pages(request.user, query, limit=SHOWN),
            "threads": search_posts(request.user, query, limit=SHOWN),
            "shown": SHOWN,
        }
    return render(request, "cms/search.html", context)
