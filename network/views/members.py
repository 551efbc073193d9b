"""A member's page and picture, for those who share a network with them."""

from __future__ import annotations

from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from network.models import Member, Membership, MemberTheme, MemberTool, Profile


@require_safe
def member(request: HttpRequest, pk: int) -> HttpResponse:
    """A member, as far as the viewer may see; for whoever shares no network with them there is no such page. On their
    own page members see also what they hide, marked so."""
    members = Member.objects.visible_to(request.user).select_related("organisation", "profile")
    member = get_object_or_404(members, pk=pk)
    is_viewer = member == request.user
    profile = Profile.of(member)
    belongs = Membership.objects.visible_to(request.user).active().filter(member=member).select_related("network")
    themes = MemberTheme.objects.visible_to(request.user).filter(member=member).select_related("theme")
    tools = MemberTool.objects.visible_to(request.user).filter(member=member)
    context = {
        "member": member,
        "profile": profile,
        "is_viewer": is_viewer,
        "job_title": member.job_title if is_viewer or profile.shows_job_title else "",
        "help_with": profile.help_with if is_viewer or profile.shows_help_with else "",
        "about": profile.about if is_viewer or profile.shows_about else "",
        "picture": profile.picture_address if is_viewer or profile.shows_picture else "",
        "themes": [row.theme for row in themes.order_by("theme__name")],
        # As the directory's filter knows them.
        "tools": tools.annotate(lower_name=Lower("name")),
        "memberships": belongs.order_by("network__order", "network__name"),
    }
    return render(request, "network/member.html", context)


@require_safe
def picture(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture of a member who shows it. Kept by the viewer's own browser for ten minutes; another picture has
    another address."""
    profile = get_object_or_404(Profile.objects.visible_to(request.user).exclude(picture=""), pk=pk)
    if not profile.shows_picture and profile.member_id != request.user.pk:
        raise Http404
    try:
        with profile.picture.open() as file:
            encoded = file.read()
    except FileNotFoundError:
        raise Http404 from None
    return HttpResponse(
        encoded,
        content_type="image/webp",
        headers={
            "Content-Disposition": "inline",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, max-age=600",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
