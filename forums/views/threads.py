from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import permissions
from forums.actions.posts import reply as reply_to
from forums.actions.reading import first_unread, read_thread
from forums.actions.threads import start_thread
from forums.forms import ReplyForm, ThreadForm
from forums.models import Post, Thread
from forums.views import member_or_404, network_of
from network.limits import LimitReached
from network.models import Member, Network, Theme
from network.permissions import Refused


@require_http_methods(["GET", "HEAD", "POST"])
def thread_new(request: HttpRequest, slug: str) -> HttpResponse:
    member = member_or_404(request)
    network = network_of(member, slug)
    form = ThreadForm(network, member, request.POST or None, initial={"theme": _theme_asked(request, member, network)})
    if form.is_valid():
        try:
            thread = start_thread(network, by=member, **form.cleaned_data)
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            return redirect(thread)
    return render(request, "forums/thread_new.html", {"network": network, "form": form})


@require_safe
def thread(request: HttpRequest, pk: int, slug: str = "") -> HttpResponse:
    """One page of a thread, twenty posts by their numbers. Looking at it marks them as read. Asked for no page, it goes
    to the first post that the reader has not read."""
    member = member_or_404(request)
    found = _thread_of_reader(member, pk)
    unread = first_unread(found, member) if "page" not in request.GET else None
    if unread and unread > 1:
        return redirect(f"{found.get_absolute_url()}?page={Post.page_of(unread)}#post-{unread}")
    if slug != found.slug:
        return redirect(found, permanent=False)
    return _thread_page(request, found, _page_number(request, found), ReplyForm())


@require_safe
def post(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The permalink of a post leads to its page of the thread."""
    found = get_object_or_404(Post.objects.in_place(request.user).select_related("thread"), thread=pk, number=number)
    return redirect(f"{found.thread.get_absolute_url()}?page={found.page}#post-{found.number}")


@require_POST
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    found = _thread_of_reader(member, pk)
    form = ReplyForm(request.POST)
    if form.is_valid():
        try:
            return redirect(reply_to(found, by=member, **form.cleaned_data))
        except (LimitReached, Refused) as no:
            # It may have been locked while they wrote; the words they typed stay in the form.
            form.add_error(None, str(no))
    return _thread_page(request, found, _last_page(found), form)


def _thread_of_reader(member: Member, pk: int) -> Thread:
    """With `last_read_number`. Whoever may not read it learns nothing but 404."""
    threads = Thread.objects.in_place(member).marked_for(member).levelled_for(member).for_rows()
    return get_object_or_404(threads, pk=pk)


def _thread_page(request: HttpRequest, found: Thread, number: int, form: ReplyForm) -> HttpResponse:
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
    }
    return render(request, "forums/thread.html", context)


def _page_number(request: HttpRequest, found: Thread) -> int:
    typed = request.GET.get("page", "1")
    if not typed.isdecimal() or len(typed) > 9 or not 1 <= int(typed) <= _last_page(found):
        raise Http404("The thread has no such page.")
    return int(typed)


def _last_page(found: Thread) -> int:
    return Post.page_of(found.highest_number)


def _theme_asked(request: HttpRequest, member: Member, network: Network) -> Theme | None:
    return Theme.objects.visible_to(member).of_network(network).filter(slug=request.GET.get("theme", "")).first()
