from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cms import limits
from cms import search as finding
from cms.actions.searches import (
    delete_search,
    follow_search,
    note_fruitless_search,
    read_search,
    save_search,
    stop_following_search,
)
from cms.forms import SearchForm
from cms.models import SavedSearch
from cms.search import Results, search_everything
from forums.models import Thread
from network.limits import LimitReached
from network.models import Member
from network.models.standing import standing_of
from network.permissions import Refused
from network.views import MemberRequest, address_of

SHOWN = 20
LONGEST_TITLE = 300  # characters that are looked at
LONGEST_SEARCH = 5_000  # characters of an address


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Everything in one search, by kind; with `?thread=` inside one thread. What the reader may not see leaves no
    trace, not even a number."""
    form = SearchForm(request.user, request.GET if "q" in request.GET else None)
    context: dict[str, object] = {"form": form, "query": ""}
    try:
        if form.is_bound and isinstance(request.user, Member):
            limits.SEARCHING.spend(request.user)
        elif form.is_bound:
            limits.SEARCHES_FROM_OUTSIDE.spend(address_of(request))
    except LimitReached as no:
        form.add_error("q", str(no))
        response = render(request, "cms/search.html", context, status=429)
        response["Retry-After"] = str(no.retry_after)
        return response
    if form.is_bound and form.is_valid():
        query, filters = form.cleaned_data["q"], form.filters()
        context |= {"query": query, "shown": SHOWN, "filters_used": form.filters_used()}
        if filters.thread is not None:
            inside = Thread.objects.visible_to(request.user).filter(pk=filters.thread).first()
            context |= {"inside": inside, "everywhere": urlencode({"q": query})}
        if query:
            results = search_everything(
                request.user, query, filters=filters, newest_first=form.cleaned_data["newest"], limit=SHOWN
            )
            context |= {"results": results}
            if isinstance(request.user, Member):
                context |= _of_member(request.user, form, results)
    return render(request, "cms/search.html", context)


def _of_member(member: Member, form: SearchForm, results: Results) -> dict[str, object]:
    """What a member may do with a search; and what is noted of it."""
    if not results.groups and not results.is_mended:  # with a letter wrong it says little of what there is
        note_fruitless_search(member, form.cleaned_data["q"], form.filters())
    # `saved` stands in the address where one of their own was opened: that it is one is not asked again.
    return {"address": form.address(), "is_saved": "saved" in form.data}


@login_required
@require_safe
def saved_searches(request: HttpRequest) -> HttpResponse:
    """The member's own, by name."""
    own = SavedSearch.objects.visible_to(request.user).order_by("name", "pk")
    return render(request, "cms/saved_searches.html", {"searches": own, "most": SavedSearch.MOST})


@login_required
@require_safe
def search_open(request: MemberRequest, pk: int) -> HttpResponse:
    """One of the member's own, from their list or from a notice of what it found, which is read by that. Leads to the
    page of the search, whose address is anybody's."""
    saved = get_object_or_404(SavedSearch.objects.visible_to(request.user), pk=pk)
    read_search(saved, by=request.user)
    newest = "&newest=on" if "newest" in request.GET else ""
    return redirect(f"{reverse('search')}?{saved.query}&saved=yes{newest}")


@login_required
@require_POST
def search_save(request: MemberRequest) -> HttpResponse:
    member = request.user
    form = SearchForm(member, QueryDict(request.POST.get("search", "")[:LONGEST_SEARCH]))
    if not form.is_valid() or not form.cleaned_data["q"]:
        raise Http404("That is no search.")
    address = form.address()
    try:
        save_search(address, form.in_words(), by=member)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("saved_searches")
    messages.success(request, "The search is saved. Follow it to be told when it finds something new.")
    return redirect("saved_searches")


@login_required
@require_POST
def search_follow(request: MemberRequest, pk: int) -> HttpResponse:
    member = request.user
    saved = get_object_or_404(SavedSearch.objects.visible_to(member), pk=pk)
    if request.POST.get("follow") == "no":
        stop_following_search(saved, by=member)
        messages.success(request, "You no longer follow this search.")
    else:
        follow_search(saved, by=member)
        messages.success(request, "You follow this search: a notice tells you when it finds something new.")
    return redirect("saved_searches")


@login_required
@require_POST
def search_delete(request: MemberRequest, pk: int) -> HttpResponse:
    member = request.user
    delete_search(get_object_or_404(SavedSearch.objects.visible_to(member), pk=pk), by=member)
    messages.success(request, "The search is deleted.")
    return redirect("saved_searches")


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Titles that begin with what is typed: a piece of a page. Nobody waits for it, and the search works without."""
    if isinstance(request.user, Member):
        limits.SUGGESTING.spend(request.user)
    else:
        limits.SUGGESTIONS_OUTSIDE.spend(address_of(request))
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
