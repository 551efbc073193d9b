"""What the forums show on pages of other storeys."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.db.models import QuerySet
from django.template import Context
from django.urls import reverse
from django.utils.safestring import SafeString

from forums import permissions
from forums.forms.following import LEVEL_WORDS, LEVELS, UNCHOSEN
from forums.models import FollowLevel, Level, Post, Thread, ThreadTag
from forums.models.reading import USUAL
from network.models import Member, Network, Organisation, Theme
from network.models.digest_time import in_a_row
from network.models.prepared import prepared
from network.models.standing import Standing, standing_of
from network.templatetags.components import kept

register = template.Library()
FEW = 5
MANY = 100  # from here on a badge says "99+"


@register.simple_tag(takes_context=True)
def unread_count(context: dict[str, Any]) -> int:
    """How many threads the list at `unread` would show, by the same query; no more than MANY, for whoever has
    thousands waits for no number."""
    viewer = context["request"].user
    if not viewer.is_authenticated:
        return 0
    return len(_unread(standing_of(viewer)))


@prepared
def _unread(standing: Standing) -> QuerySet[Any, tuple[int]]:
    return Thread.objects.unread_by(standing.member).latest_first().values_list("pk")[:MANY]


@register.simple_tag(takes_context=True)
def watched_in_words(context: dict[str, Any]) -> str:
    """Goes on from "when somebody mentions or answers you": where else, for the reader watches it."""
    viewer = context["request"].user
    watched = FollowLevel.objects.visible_to(viewer).filter(level=Level.WATCH).select_related("network", "theme")
    everywhere = [str(level.theme) if level.theme else f"the {level.network}" for level in watched]
    threads = Thread.objects.followed_by(viewer).filter(own_level=Level.WATCH).count()  # type: ignore[misc]  # an alias
    words = ""
    if threads == 1:
        words += ", or writes in the thread that you watch"
    elif threads:
        words += f", or writes in one of the {threads} threads that you watch"
    if everywhere:
        words += f", or writes anywhere in {in_a_row(sorted(everywhere))}"
    return words


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
    """The most used tags on the latest threads of a network, for its members: name, and on how many of them."""
    return list(ThreadTag.objects.visible_to(context["request"].user).counted_lately(network)[:count])


@register.filter
def at_post(said: Iterable[Message], number: int) -> list[Message]:
    """Of what just happened, what is about the post with this number (`forums.views.say_at_post`)."""
    return [message for message in said if message.extra_tags == f"post-{number}"]


@register.filter
def standing_after(notes: Iterable[Any], number: int) -> list[Any]:
    """Of the notes on a page (`forums.views.notes`), those after the post with this number; 0 for above all."""
    return [note for note in notes if note.stands_after == number]


@register.filter
def at_none_of(said: Iterable[Message], posts: list[Any]) -> list[Message]:
    """Of what just happened, what is about none of the posts on the page."""
    there = {f"post-{shown.in_words.number}" for shown in posts}
    return [message for message in said if message.extra_tags not in there]


@register.simple_tag(takes_context=True)
def narrowed(context: dict[str, Any], **changed: str) -> str:
    """The query of a list, narrowed otherwise and from its beginning: `{% narrowed theme="roads" %}`."""
    query = context["request"].GET.copy()
    query.pop("after", None)
    for name, value in changed.items():
        query[name] = value
        if not value:
            del query[name]
    return f"?{query.urlencode()}" if query else ""


@register.simple_tag(takes_context=True)
def level_form(context: Context, address: str, current: str, of: str) -> SafeString:
    """One control for how much the reader wants to hear of a thread, theme or network. `current` is what they chose,
    empty where they did not."""
    return kept(context, "forums/level_form.html", **_levels(address, current, of, context["request"].get_full_path()))


@register.simple_tag(takes_context=True)
def thread_tools(context: Context, thread: Thread) -> SafeString:
    """What the reader may do with a thread (from `read_by` and `levelled_for`) for themselves."""
    level = thread.level_for_reader
    words = LEVEL_WORDS[Level(level.level)]
    request = context["request"]
    # A page that a form which was refused stands on has the address of that form, which cannot be asked for.
    return_to = thread.get_absolute_url() if request.method == "POST" else request.get_full_path()
    current = str(level.level) if thread.__dict__["is_level_chosen"] else ""
    return kept(
        context,
        "forums/thread_tools.html",
        number=thread.pk,
        words=f"{words}, because {level.reason}" if level.reason else "Follow or mute this thread",
        bookmarked_at=thread.__dict__["bookmarked_at"],
        remind_at=thread.__dict__["remind_at"],
        can_tidy=permissions.can_tidy(request.user, thread),
        is_locked=thread.is_locked,
        pinned_until=thread.pinned_until if thread.is_pinned() else None,
        page=str(context.get("page_number", 1)),
        **_levels(reverse("thread_level", args=[thread.pk]), current, "this thread", return_to),
    )


def _levels(address: str, current: str, of: str, return_to: str) -> dict[str, Hashable]:
    """What the template of the control takes."""
    return {
        "address": address,
        "current": current or USUAL,
        "of": of,
        "options": (UNCHOSEN, *LEVELS),
        "field_id": "level-" + address.strip("/").replace("/", "-"),
        "return_to": return_to,
    }


def _latest(context: dict[str, Any], threads: Any, *, show_network: bool = False) -> dict[str, Any]:
    viewer = context["request"].user
    if not viewer.is_authenticated:
        return {"threads": []}
    shown = threads.marked_for(viewer).for_rows().latest_first()[:FEW]
    return {"threads": list(shown), "show_network": show_network, "request": context["request"], "user": viewer}
