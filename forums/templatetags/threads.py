"""What the forums show on pages of other storeys."""

from __future__ import annotations

from typing import Any

from django import template

from forums.models import Post, Thread, ThreadTag
from network.models import Member, Network, Organisation, Theme

register = template.Library()
FEW = 5


@register.simple_tag(takes_context=True)
def unread_count(context: dict[str, Any]) -> int:
    """How many threads the list at `unread` would show: the same query."""
    request = context["request"]
    viewer = request.user
    return Thread.objects.unread_by(viewer).count() if viewer.is_authenticated else 0


@register.inclusion_tag("forums/latest_threads.html", takes_context=True)
def network_threads(context: dict[str, Any], network: Network) -> dict[str, Any]:
    """What is new in a network, for its members; nothing for others. What the site began waits for a first reply."""
    found = Thread.objects.visible_to(context["request"].user).filter(network=network, quiet=False)
    return _latest(context, found)


@register.inclusion_tag("forums/latest_threads.html", takes_context=True)
def theme_threads(context: dict[str, Any], theme: Theme) -> dict[str, Any]:
    """The latest threads under a theme that the reader may see, over all networks."""
    return _latest(context, Thread.objects.visible_to(context["request"].user).filter(theme=theme), show_network=True)


@register.simple_tag(takes_context=True)
def organisation_threads(context: dict[str, Any], organisation: Organisation) -> list[Thread]:
    """The latest threads begun by members of an organisation that the reader may see."""
    found = Thread.objects.visible_to(context["request"].user).filter(organisation=organisation)
    threads: list[Thread] = _latest(context, found)["threads"]
    return threads


@register.simple_tag(takes_context=True)
def latest_posts_by(context: dict[str, Any], member: Member) -> list[Post]:
    """The last of what a member wrote, in threads that the reader may see: one post of each thread at most."""
    posts = Post.objects.visible_to(context["request"].user).filter(author=member)
    # Of a few more than are shown, for somebody often writes twice in the same thread.
    newest = posts.select_related("thread__network").order_by("-written_at", "-pk")[: FEW * 4]
    by_thread: dict[int, Post] = {}
    for post in newest:
        by_thread.setdefault(post.thread_id, post)
    return list(by_thread.values())[:FEW]


@register.simple_tag(takes_context=True)
def tags_in_use(context: dict[str, Any], network: Network, count: int = 20) -> list[dict[str, Any]]:
    """The most used tags on the threads of a network, for its members: name, and on how many threads."""
    return list(ThreadTag.objects.visible_to(context["request"].user).counted(network)[:count])


def _latest(context: dict[str, Any], threads: Any, *, show_network: bool = False) -> dict[str, Any]:
    viewer = context["request"].user
    if not viewer.is_authenticated:
        return {"threads": []}
    shown = threads.marked_for(viewer).for_rows().latest_first()[:FEW]
    return {"threads": list(shown), "show_network": show_network, "request": context["request"], "user": viewer}
