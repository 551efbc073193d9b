from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from forums import markup
from forums.models import Post
from network.models import Network

NEWEST = 50


@never_cache
@require_safe
def network_feed(request: HttpRequest, slug: str) -> HttpResponse:
    """Atom: the newest posts of a network, for its members. Not Django's Feed class: one instance of that serves all
    requests, and a reader kept on it could be somebody else's."""
    network = get_object_or_404(Network.objects.of(request.user), slug=slug)
    posts = (
        Post.objects.visible_to(request.user)
        .filter(thread__network=network)
        .exclude(source="")
        .select_related("thread", "author")
        .order_by("-written_at", "-pk")[:NEWEST]
    )
    feed = Atom1Feed(
        title=f"{network.name}: new posts",
        link=settings.SITE_URL + reverse("threads", args=[network.slug]),
        description="",
        language=settings.LANGUAGE_CODE,
        feed_url=settings.SITE_URL + request.path,
    )
    for post in posts:
        address = settings.SITE_URL + post.get_absolute_url()
        feed.add_item(
            title=markup.legible(post.thread.title if post.number == 1 else f"Re: {post.thread.title}"),
            link=address,
            unique_id=address,
            description=markup.legible(post.html),
            author_name=markup.legible(post.author_name),
            pubdate=post.written_at,
            updateddate=post.written_at,
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)
