from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import permissions
from forums.actions.posts import reply as reply_to
from forums.actions.reading import read_everything, read_thread
from forums.actions.threads import start_thread
from forums.forms import ReplyForm, ThreadForm
from forums.models import Draft, Post, Thread
from forums.models.thread import ThreadPage
from forums.views import member_or_404
from forums.views.composing import keep_typed, previewed, saved_as_draft, typed_is_kept, writer_or_404
from network.limits import LimitReached
from network.models import Member, Network, Theme
from network.models.standing import standing_of
from network.models.tag import spelled
from network.permissions import Refused


def network_of(member: Member, slug: str) -> Network:
    """The network, if the member belongs to it; whoever does not learns nothing but 404."""
    network = next((network for network in standing_of(member).networks if network.slug == slug), None)
    if network is None:
        raise Http404("Whoever does not belong to a network learns nothing of what is in it.")
    return network


@require_safe
def threads(request: HttpRequest, slug: str) -> HttpResponse:
    """The threads of a network, latest first; by theme and by tag; paged by key, not by offset."""
    member = member_or_404(request)
    network = network_of(member, slug)
    found = Thread.objects.visible_to(member).filter(network=network)
    themes = Theme.objects.visible_to(member).of_network(network)
    theme = _theme_shown(member, themes, request.GET.get("theme", ""))
    tag = spelled(request.GET.get("tag", "")[:100])
    if theme:
        found = found.filter(theme=theme)
    if tag:
        found = found.filter(thread_tags__tag__name=tag)
    page = ThreadPage.of(found.marked_for(member).for_rows(), after=request.GET.get("after", ""))
    return render(
        request,
        "forums/threads.html",
        {
            "network": network,
            "page": page,
            "older": _older(request, page),
            "themes": themes,
            "theme": theme,
            "tag": tag,
            "can_start": permissions.can_start_thread(member, network),
        },
    )


@login_required
@require_safe
def unread(request: HttpRequest) -> HttpResponse:
    """Threads of all the member's networks in which others wrote since they last looked."""
    member = member_or_404(request)
    found = Thread.objects.unread_by(member).for_rows()
    page = ThreadPage.of(found, after=request.GET.get("after", ""))
    return render(
        request,
        "forums/unread.html",
        {"page": page, "older": _older(request, page), "networks": standing_of(member).networks},
    )


@require_POST
def mark_all_read(request: HttpRequest, slug: str) -> HttpResponse:
    member = member_or_404(request)
    network = network_of(member, slug)
    read_everything(network, by=member)
    return redirect("unread")


def _keep_thread(request: HttpRequest, slug: str) -> HttpResponse:
    writer = writer_or_404(request)
    network = network_of(writer, slug)
    return keep_typed(request, network, by=writer, form=ThreadForm, address=reverse("thread_new", args=[slug]))


@typed_is_kept(_keep_thread)
@require_http_methods(["GET", "HEAD", "POST"])
def thread_new(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of a new thread, shaped by its kind (`?kind=`). A preview, another kind and a draft bring it back as it
    was typed."""
    member = member_or_404(request)
    network = network_of(member, slug)
    if request.method != "POST":
        draft = Draft.objects.visible_to(member).filter(network=network, thread=None).first()
        usual = {"theme": _theme_asked(request, member, network)}
        form = ThreadForm(network, member, draft=draft, initial=usual, kind=request.GET.get("kind", ""))
        return _thread_form(request, network, form)
    form = ThreadForm(network, member, request.POST)
    match request.POST.get("do", ""):
        case "kind":
            form.judge_only()
        case "preview":
            return _thread_form(request, network, form, typed_title=request.POST.get("title", ""), **previewed(form))
        case "draft":
            if saved_as_draft(network, by=member, form=form):
                return redirect("thread_new", slug=slug)
        case _ if form.is_valid():
            try:
                return redirect(start_thread(network, by=member, **form.thread))
            except (LimitReached, Refused) as no:
                form.add_error(None, str(no))
    return _thread_form(request, network, form)


def _thread_form(request: HttpRequest, network: Network, form: ThreadForm, **shown: Any) -> HttpResponse:
    return render(request, "forums/thread_new.html", {"network": network, "form": form, **shown})


@require_safe
def thread(request: HttpRequest, pk: int, slug: str = "") -> HttpResponse:
    """One page of a thread, twenty posts by their numbers. Looking at it marks them as read."""
    found = _thread_of_reader(member_or_404(request), pk)
    if slug != found.slug:
        return redirect(found, permanent=False)
    return _thread_page(request, found, _page_number(request, found), _reply_form(request, found))


@require_safe
def post(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The permalink of a post leads to its page of the thread."""
    found = get_object_or_404(Post.objects.in_place(request.user).select_related("thread"), thread=pk, number=number)
    return redirect(f"{found.thread.get_absolute_url()}?page={found.page}#post-{found.number}")


def _keep_reply(request: HttpRequest, pk: int) -> HttpResponse:
    writer = writer_or_404(request)
    found = _thread_of_reader(writer, pk)
    address = f"{found.get_absolute_url()}?page={_last_page(found)}#composer"
    return keep_typed(request, found, by=writer, form=ReplyForm, address=address)


@typed_is_kept(_keep_reply)
@require_POST
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Adds a post. A preview and a draft bring the form back as it was typed."""
    member = member_or_404(request)
    found = get_object_or_404(Thread.objects.in_place(member).select_related("network"), pk=pk)
    form = ReplyForm(found, member, request.POST)
    shown: dict[str, Any] = {}
    match request.POST.get("do", ""):
        case "preview":
            shown = previewed(form)
        case "unlink":
            form.judge_only()
            form.answered = None
        case "draft":
            if saved_as_draft(found, by=member, form=form):
                return redirect(f"{found.get_absolute_url()}?page={_last_page(found)}#composer")
        case _ if form.is_valid():
            try:
                return redirect(reply_to(found, by=member, **form.cleaned_data))
            except (LimitReached, Refused) as no:
                # It may have been locked while they wrote; the words they typed stay in the form.
                form.add_error(None, str(no))
    found = _thread_of_reader(member, pk)  # with what a page shows of it
    return _thread_page(request, found, _last_page(found), form, **shown)


def _reply_form(request: HttpRequest, found: Thread) -> ReplyForm:
    """With what they typed before, and the post that the address asks to answer."""
    member = member_or_404(request)
    draft = Draft.objects.visible_to(member).filter(thread=found, post=None).first()
    return ReplyForm(found, member, draft=draft, answers=request.GET.get("reply_to", ""))


def _thread_of_reader(member: Member, pk: int) -> Thread:
    """With `last_read_number`. Whoever may not read it learns nothing but 404."""
    return get_object_or_404(Thread.objects.in_place(member).marked_for(member).for_rows(), pk=pk)


def _thread_page(request: HttpRequest, found: Thread, number: int, form: ReplyForm, **shown: Any) -> HttpResponse:
    member = member_or_404(request)
    posts = list(
        Post.objects.in_place(member)
        .filter(thread=found)
        .on_page(number)
        .select_related("author__profile", "organisation")
    )
    last_read_number: int = found.last_read_number  # type: ignore[attr-defined]  # annotated by `marked_for`
    is_looked_at = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
    if is_looked_at and posts and posts[-1].number > last_read_number:
        with suppress(LimitReached):  # not being able to count what was read must not stop the reading
            read_thread(found, by=member, up_to=posts[-1].number)
    context: dict[str, Any] = {
        "thread": found,
        "network": found.network,
        "posts": posts,
        "form": form,
        "page_number": number,
        "page_count": _last_page(found),
        "can_reply": permissions.can_reply(member, found),
        **shown,
    }
    return render(request, "forums/thread.html", context)


def _page_number(request: HttpRequest, found: Thread) -> int:
    typed = request.GET.get("page", "1")
    if not typed.isdecimal() or len(typed) > 9 or not 1 <= int(typed) <= _last_page(found):
        raise Http404("The thread has no such page.")
    return int(typed)


def _last_page(found: Thread) -> int:
    return Post.page_of(found.highest_number)


def _older(request: HttpRequest, page: ThreadPage) -> str:
    """The address of the next page of a list, with the rest of the query; empty on the last."""
    query = request.GET.copy()
    query["after"] = page.next_key
    return f"?{query.urlencode()}" if page.next_key else ""


def _theme_shown(member: Member, offered: QuerySet[Theme], slug: str) -> Theme | None:
    """The theme of a list, by the address that it has or had; also one that the network no longer offers, for threads
    stay under it."""
    if not slug:
        return None
    return next((theme for theme in offered if theme.slug == slug), None) or get_object_or_404(
        Theme.objects.visible_to(member).called(slug)
    )


def _theme_asked(request: HttpRequest, member: Member, network: Network) -> Theme | None:
    return Theme.objects.visible_to(member).of_network(network).filter(slug=request.GET.get("theme", "")).first()
