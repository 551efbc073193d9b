from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from cms.models import EventPage, GuidancePage, InformationPage
from network.models import Theme
from network.permissions import can_keep_themes

SHOWN = 50


@require_safe
def themes(request: HttpRequest) -> HttpResponse:
    context = {"themes": Theme.objects.visible_to(request.user), "can_keep": can_keep_themes(request.user)}
    return render(request, "cms/themes.html", context)


@require_safe
def theme(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything under a theme that the reader may see. A theme private to a network is not there for others, nor is an
    address that it once had."""
    theme = get_object_or_404(Theme.objects.visible_to(request.user).called(slug).followed_by(request.user))
    if theme.slug != slug:
        return redirect(theme)
    guidance = GuidancePage.objects.visible_to(request.user).filter(themes=theme)
    information = InformationPage.objects.visible_to(request.user).filter(themes=theme)
    events = EventPage.objects.visible_to(request.user).filter(themes=theme)
    return render(
        request,
        "cms/theme.html",
        {
            "theme": theme,
            "guidance": guidance.for_rows().order_by("-first_published_at", "-pk")[:SHOWN],
            "information": information.for_rows().order_by("title")[:SHOWN],
            "coming": events.for_rows().not_over()[:SHOWN],
            "past": events.for_rows().over()[:SHOWN],
        },
    )
