"""The lists of threads: of one network, or of all that a member belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from forums import permissions
from forums.actions.reading import read_everything, read_everything_everywhere
from forums.forms.following import LEVEL_WORDS
from forums.models import FollowLevel, Level, Thread
from forums.models.thread import ThreadPage, ThreadQuerySet
from forums.views import member_or_404, network_of
from network.models import Member, MemberTheme, Network, Theme
from network.models.standing import standing_of
from network.models.tag import spelled
from network.models.theme import ThemeQuerySet


@dataclass(frozen=True, slots=True)
class ThreadList:
    name: str  # in the address; empty for all of them
    title: str
    pick: Callable[[ThreadQuerySet, Member], ThreadQuerySet]
    # What stands in its place when there is nothing in it.
    empty_title: str
    empty_text: str = ""


LISTS = [
    ThreadList("", "All threads", ThreadQuerySet.visible_to, "No threads here yet"),
    ThreadList(
        "new", "New", ThreadQuerySet.new_to, "Nothing new", "Threads that began since you last caught up appear here."
    ),
    ThreadList("unread", "Unread", ThreadQuerySet.unread_by, "You have read everything."),
    ThreadList(
        "following",
        "Following",
        ThreadQuerySet.followed_by,
        "You are not following anything here yet",
        "Follow a thread, a theme or a network, or reply somewhere, and it appears here.",
    ),
    ThreadList(
        "unanswered",
        "Unanswered",
        lambda threads, member: threads.visible_to(member).unanswered(),
        "Every question here has an answer",
    ),
    ThreadList(
        "bookmarks",
        "Bookmarks",
        ThreadQuerySet.bookmarked_by,
        "No bookmarks here",
        "Bookmark a thread to find it here again, with a reminder if you like.",
    ),
]
_BY_NAME = {one.name: one for one in LISTS}


@require_safe
def threads(request: HttpRequest, slug: str) -> HttpResponse:
    """Those of a network. `show` names the list, `theme` and `tag` narrow it, `after` is the key of the page before;
    whatever none of these knows counts for nothing."""
    member = member_or_404(request)
    network = network_of(member, slug)
    return _list_page(request, member, network, request.GET.get("show", ""))


@login_required
@require_safe
def all_threads(request: HttpRequest) -> HttpResponse:
    """The same over all the member's networks."""
    return _list_page(request, member_or_404(request), None, request.GET.get("show", ""))


@login_required
@require_safe
def unread(request: HttpRequest) -> HttpResponse:
    """What the badge counts: its own address, for it is asked for most."""
    return _list_page(request, member_or_404(request), None, "unread")


@require_POST
def mark_all_read(request: HttpRequest, slug: str) -> HttpResponse:
    member = member_or_404(request)
    network = network_of(member, slug)
    read_everything(network, by=member)
    messages.success(request, f"Everything in the {network} is marked as read.")
    return redirect(f"{reverse('threads', args=[network.slug])}?show=unread")


@login_required
@require_POST
def mark_everything_read(request: HttpRequest) -> HttpResponse:
    read_everything_everywhere(by=member_or_404(request))
    messages.success(request, "Everything in your networks is marked as read.")
    return redirect("unread")


def _list_page(request: HttpRequest, member: Member, network: Network | None, name: str) -> HttpResponse:
    shown = _BY_NAME.get(name, LISTS[0])
    themes = list(_themes_of(member, network))
    theme = _theme_shown(member, themes, request.GET.get("theme", ""))
    tag = spelled(request.GET.get("tag", "")[:100])
    reach = Thread.objects.all()
    if network:
        reach = reach.filter(network=network)
    if theme:
        reach = reach.filter(theme=theme)
    if tag:
        reach = reach.filter(thread_tags__tag__name=tag)
    is_whole = network and not (shown.name or theme or tag)
    page = ThreadPage.of(
        shown.pick(reach, member),
        member,
        after=request.GET.get("after", ""),
        pinned_in=network if is_whole else None,
    )
    context = {
        "network": network,
        "shown": shown,
        "lists": [(one, _address(request, network, one)) for one in LISTS],
        "page": page,
        "older": _older(request, page),
        "themes": themes,
        "theme": theme,
        "tag": tag,
        "can_start": network and permissions.can_start_thread(member, network),
        "networks": standing_of(member).networks,
        "level": _level_of_list(member, network, theme, themes),
    }
    return render(request, "forums/threads.html", context)


def _themes_of(member: Member, network: Network | None) -> ThemeQuerySet:
    """With what the member chose for each, and for the network: a list asks for both at once."""
    own = FollowLevel.objects.visible_to(member)
    known = Theme.objects.visible_to(member)
    found = known.of_network(network) if network else known.filter(networks__in=standing_of(member).networks).distinct()
    return found.followed_by(member).annotate(
        level=Subquery(own.filter(theme=OuterRef("pk")).values("level")),
        level_of_network=Subquery(own.filter(network=network).values("level")[:1]),
    )


def _level_of_list(member: Member, network: Network | None, theme: Theme | None, themes: list[Theme]) -> dict[str, Any]:
    """How much the member wants to hear of the theme that the list is narrowed to, or else of its network: what they
    chose, if they did, and in words."""
    if theme:
        asked = theme.__dict__ if "level" in theme.__dict__ else _asked_of_theme(member, theme)
        chosen, is_followed, of = asked["level"] or "", asked["is_followed"], str(theme)
    elif network:
        own = FollowLevel.objects.visible_to(member).filter(network=network)
        chosen = (
            themes[0].__dict__["level_of_network"] if themes else own.values_list("level", flat=True).first()
        ) or ""
        is_followed, of = False, f"the {network}"
    else:
        return {}
    if chosen:
        words = f"{LEVEL_WORDS[Level(chosen)]}, because you chose it for {of}"
    elif is_followed:
        words = f"Following, because {of} is among your themes"
    else:
        words = f"Follow or mute {of}"
    return {"chosen": chosen, "of": of, "words": words}


def _asked_of_theme(member: Member, theme: Theme) -> dict[str, Any]:
    """Of one that the network does not offer any more."""
    own = FollowLevel.objects.visible_to(member).filter(theme=theme)
    return {
        "level": own.values_list("level", flat=True).first(),
        "is_followed": MemberTheme.objects.visible_to(member).filter(member=member, theme=theme).exists(),
    }


def _address(request: HttpRequest, network: Network | None, shown: ThreadList) -> str:
    """Of another list, narrowed as this one is; from its beginning."""
    query = request.GET.copy()
    for name in ("after", "show"):
        query.pop(name, None)
    if shown.name == "unread" and network is None:
        path = reverse("unread")
    else:
        path = reverse("threads", args=[network.slug]) if network else reverse("all_threads")
        if shown.name:
            query["show"] = shown.name
    return f"{path}?{query.urlencode()}" if query else path


def _older(request: HttpRequest, page: ThreadPage) -> str:
    """The address of the next page of a list, with the rest of the query; empty on the last."""
    query = request.GET.copy()
    query["after"] = page.next_key
    return f"?{query.urlencode()}" if page.next_key else ""


def _theme_shown(member: Member, offered: list[Theme], slug: str) -> Theme | None:
    """The theme of a list, by the address that it has or had; also one that the network no longer offers, for threads
    stay under it."""
    if not slug:
        return None
    return next((theme for theme in offered if theme.slug == slug), None) or get_object_or_404(
        Theme.objects.visible_to(member).called(slug)
    )
