"""What a member wants to hear more or less of, what they keep for later, and where they go on reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from forums.actions import following as verbs
from forums.actions.reading import mark_unread_from
from forums.forms import BookmarkForm, LevelForm, LevelsForm
from forums.forms.following import LEVELS, UNCHOSEN, Heard
from forums.models import FollowLevel, Post, Thread
from forums.models.reading import USUAL
from forums.models.thread import ThreadPage
from forums.views import member_or_404, network_of, ours, post_or_404
from network.limits import LimitReached
from network.models import Member, MemberTheme, Network, Theme
from network.models.standing import standing_of
from network.permissions import Refused


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def following(request: HttpRequest) -> HttpResponse:
    """All that somebody has chosen to hear more or less of, in one form to choose otherwise."""
    member = member_or_404(request)
    if request.method == "POST":
        form = LevelsForm(_heard_in_form(request.POST, member), request.POST)
        if form.is_valid():
            try:
                verbs.choose_levels(form.changed, by=member)
            except (LimitReached, Refused) as no:
                form.add_error(None, str(no))
            else:
                _say_levels(request, form)
                return redirect(request.get_full_path())
        return _following_page(request, form)
    threads = Thread.objects.chosen_by(member)
    page = ThreadPage.of(threads, member, after=request.GET.get("after", ""), levelled=True)
    heard = _heard_of_places(member) + [Heard(thread, thread.level_for_reader.level) for thread in page.threads]
    return _following_page(request, LevelsForm(heard), older=f"?after={page.next_key}" if page.next_key else "")


def _following_page(request: HttpRequest, form: LevelsForm, *, older: str = "") -> HttpResponse:
    context = {
        "form": form,
        "networks": form.rows(Network),
        "themes": form.rows(Theme),
        "threads": form.rows(Thread),
        "older": older,
    }
    return render(request, "forums/following.html", context)


def _heard_of_places(member: Member) -> list[Heard]:
    """Of all their networks, and of the themes for which they chose or that interest them."""
    chosen = list(FollowLevel.objects.visible_to(member).select_related("theme"))
    of_networks = {row.network_id: row.level for row in chosen}
    of_themes = {row.theme: row.level for row in chosen if row.theme}
    for row in MemberTheme.objects.visible_to(member).filter(member=member).select_related("theme"):
        of_themes.setdefault(row.theme, "")
    networks = [Heard(network, of_networks.get(network.pk, "")) for network in standing_of(member).networks]
    return networks + [Heard(theme, of_themes[theme]) for theme in sorted(of_themes, key=str)]


def _heard_in_form(data: QueryDict, member: Member) -> list[Heard]:
    """What a form that was sent says something of, as far as its sender may know of it: the lists may have changed
    since."""
    networks, themes, threads = (LevelsForm.typed_in(data, kind) for kind in ("network", "theme", "thread"))
    found = [
        *(network for network in standing_of(member).networks if network.pk in networks),
        *Theme.objects.visible_to(member).filter(pk__in=themes).order_by("name"),
        *Thread.objects.visible_to(member).filter(pk__in=threads).select_related("network").latest_first(),
    ]
    return [Heard(thing, "") for thing in found]


def _say_levels(request: HttpRequest, form: LevelsForm) -> None:
    match form.changed:
        case []:
            messages.info(request, "You have changed nothing.")
        case [(thing, level)]:
            _say_level(request, level, _called(thing))
        case several:
            messages.success(request, f"Your {len(several)} choices are saved.")


@require_POST
def network_level(request: HttpRequest, slug: str) -> HttpResponse:
    member = member_or_404(request)
    network = network_of(member, slug)
    choose, use_usual = verbs.choose_network_level, verbs.use_usual_network_level
    _choose(request, network, choose, use_usual)
    return redirect(_back(request) or reverse("threads", args=[network.slug]))


@require_POST
def theme_level(request: HttpRequest, theme: str) -> HttpResponse:
    member = member_or_404(request)
    found = get_object_or_404(Theme.objects.visible_to(member), slug=theme)
    _choose(request, found, verbs.choose_theme_level, verbs.use_usual_theme_level)
    return redirect(_back(request) or "following")


@require_POST
def thread_level(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    thread = _thread_of(member, pk)
    _choose(request, thread, verbs.choose_level, verbs.use_usual_level)
    return redirect(_back(request) or thread.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
def thread_bookmark(request: HttpRequest, pk: int) -> HttpResponse:
    """Bookmarks a thread, or says when to be reminded of it."""
    member = member_or_404(request)
    thread = _thread_of(member, pk)
    form = BookmarkForm(request.POST if request.method == "POST" else None, initial={"remind": "never"})
    if form.is_valid():
        verbs.bookmark(thread, by=member, remind_at=form.remind_at)
        when = f" We will remind you on {form.remind_at:%-d %B %Y}." if form.remind_at else ""
        messages.success(request, f"This thread is bookmarked.{when}")
        return redirect(thread)
    return render(request, "forums/bookmark.html", {"thread": thread, "network": thread.network, "form": form})


@require_POST
def thread_bookmark_remove(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    thread = _thread_of(member, pk)
    verbs.remove_bookmark(thread, by=member)
    messages.success(request, "The bookmark is removed.")
    return redirect(thread)


@require_POST
def post_unread(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Marks the thread as unread from a post on. Leads to the list, for looking at the thread would read it again."""
    member = member_or_404(request)
    posts = Post.objects.in_place(member).select_related("thread__network")
    post = post_or_404(posts, pk, number)
    mark_unread_from(post, by=member)
    messages.success(request, f"“{post.thread.shown_title}” is unread from post {post.number} on.")
    return redirect(f"{reverse('threads', args=[post.thread.network.slug])}?show=unread")


def _thread_of(member: Member, pk: int) -> Thread:
    return get_object_or_404(Thread.objects.in_place(member).select_related("network"), pk=pk)


def _choose(request: HttpRequest, thing: Any, choose: Callable[..., object], use_usual: Callable[..., object]) -> None:
    """Does to a network, a theme or a thread what the form says, and says so; or says why not."""
    form = LevelForm(request.POST)
    if not form.is_valid():
        for problems in form.errors.values():
            messages.error(request, str(problems[0]))
        return
    member, level = member_or_404(request), form.cleaned_data["level"]
    if level == USUAL:
        use_usual(thing, by=member)
    else:
        choose(thing, level, by=member)
    _say_level(request, level, _called(thing))


def _say_level(request: HttpRequest, level: str, of: str) -> None:
    # Such as "Mute: never marked as unread".
    label = dict([UNCHOSEN, *LEVELS])[level].partition(":")[0]
    messages.success(request, f"You chose “{label}” for {of}.")


def _called(thing: Network | Theme | Thread) -> str:
    match thing:
        case Network():
            return f"the {thing}"
        case Thread():
            return f"“{thing.shown_title}”"
    return str(thing)


def _back(request: HttpRequest) -> str:
    return ours(request, request.POST.get("return_to", ""))
