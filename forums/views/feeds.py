from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from forums.actions.feeds import make_feed_key, token_of
from forums.models import FeedKey
from network.models import Theme
from network.models.standing import standing_of
from network.views import MemberRequest, confirmation_required


@dataclass(frozen=True, slots=True)
class FeedShown:
    title: str
    address: str
    is_content_free: bool = False


@confirmation_required
@require_safe
def feeds(request: MemberRequest) -> HttpResponse:
    """A member's own private addresses; nowhere else do they stand on a page."""
    member = request.user
    networks = standing_of(member).networks
    key = FeedKey.objects.visible_to(member).first()
    shown: list[FeedShown] = []
    if key:
        token = token_of(key)
        for network in networks:
            address = settings.SITE_URL + reverse("private_network_feed", args=[token, network.slug])
            shown.append(FeedShown(network.name, address, network.content_free_mail))
        themes = Theme.objects.visible_to(member).filter(networks__in=networks).distinct()
        for theme in themes:
            address = settings.SITE_URL + reverse("private_theme_feed", args=[token, theme.slug])
            shown.append(FeedShown(f"{theme}, in all your networks", address))
    return render(request, "forums/feeds.html", {"feeds": shown, "networks": networks, "has_key": key is not None})


@confirmation_required
@require_POST
def feed_key(request: MemberRequest) -> HttpResponse:
    had_some = FeedKey.objects.visible_to(request.user).exists()
    make_feed_key(by=request.user)
    messages.success(
        request,
        "These are your new addresses. The old ones no longer work." if had_some else "These are your addresses.",
    )
    return redirect("feeds")
