"""New posts for feed readers. Not Django's Feed class: one instance of that serves all requests, and a reader kept on
it could be somebody else's."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from forums import limits, markup
from forums.actions.feeds import reader_of
from forums.models import FormerPlace, Post
from forums.models.post import PostQuerySet
from network.models import Member, Network, Theme, Viewer
from network.models.standing import Standing
from network.notifications import named

NEWEST = 50


@never_cache
@require_safe
def network_feed(request: HttpRequest, slug: str) -> HttpResponse:
    """For a browser in which a member is signed in."""
    return _of_network(request, request.user, slug)


@require_safe
def private_network_feed(request: HttpRequest, token: str, slug: str) -> HttpResponse:
    """For a reader that knows a private address. What it may show is asked anew each time."""
    return _private(_of_network(request, _reader(token), slug))


@require_safe
def private_theme_feed(request: HttpRequest, token: str, slug: str) -> HttpResponse:
    """What is said about a theme in all of the member's networks."""
    reader = _reader(token)
    theme = get_object_or_404(Theme.objects.visible_to(reader).called(slug))
    posts = Post.objects.visible_to(reader).filter(thread__theme=theme)
    link = f"{reverse('all_threads')}?theme={theme.slug}"
    return _private(_answer(request, f"{theme}: new posts", link, posts))


def _of_network(request: HttpRequest, reader: Viewer, slug: str) -> HttpResponse:
    network = get_object_or_404(Network.objects.of(reader), slug=slug)
    posts = Post.objects.visible_to(reader).filter(thread__network=network)
    return _answer(request, f"{network}: new posts", reverse("threads", args=[network.slug]), posts)


def _reader(token: str) -> Member:
    reader = reader_of(token)
    if reader is None:
        raise Http404("No feeds have this address, or no longer.")
    limits.FEEDS.spend(reader)
    reader.standing = Standing(reader)
    return reader


def _private(answer: HttpResponse) -> HttpResponse:
    """The address itself is the secret: neither it nor the words are kept or handed on."""
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _answer(request: HttpRequest, title: str, link: str, posts: PostQuerySet) -> HttpResponse:
    feed = Atom1Feed(
        title=title,
        link=settings.SITE_URL + link,
        description="",
        language=settings.LANGUAGE_CODE,
        feed_url=settings.SITE_URL + request.path,
    )
    newest = posts.exclude(source="").select_related("thread__network", "author").order_by("-written_at", "-pk")
    shown = list(newest[:NEWEST])
    first_places = _first_places(shown)
    for post in shown:
        address = settings.SITE_URL + post.get_absolute_url()
        # By the first address that it had: a feed reader shows what has another name as new.
        name = settings.SITE_URL + first_places.get(post.pk, post.get_absolute_url())
        feed.add_item(
            link=address, unique_id=name, pubdate=post.written_at, updateddate=post.written_at, **_words(post)
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)


def _first_places(posts: list[Post]) -> dict[int, str]:
    """The addresses at which those stood first that were moved since. Where that was in a network that the reader does
    not know, its number says no more of it than the number of any thread."""
    places = FormerPlace.objects.filter(post__in=posts).order_by("-pk")
    return {place.post_id: reverse("post", args=[place.thread_id, place.number]) for place in places}


def _words(post: Post) -> dict[str, Any]:
    """A network that keeps its words out of mail keeps them out of feeds too, which lie as long in somebody's reader:
    that there is something new, and where."""
    if post.thread.network.content_free_mail:
        return {"title": f"New post in the {post.thread.network}", "description": ""}
    title = post.thread.title if post.number == 1 else f"Re: {post.thread.title}"
    return {
        "title": markup.legible(title),
        # Whom it names is linked by the address within the site, which a reader elsewhere does not know.
        "description": markup.legible(post.html).replace('href="/', f'href="{settings.SITE_URL}/'),
        "author_name": markup.legible(named(post.author) if post.author else post.author_name),
    }
