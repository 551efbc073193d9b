from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from network.models import Member, Membership
from network.permissions import can_confirm_domains


@require_safe
def member(request: HttpRequest, pk: int) -> HttpResponse:
    """A member, for those who share a network with them; for everybody else there is no such page."""
    member = get_object_or_404(Member.objects.visible_to(request.user).select_related("organisation"), pk=pk)
    belongs = Membership.objects.visible_to(request.user).active().filter(member=member).select_related("network")
    context = {
        "member": member,
        "is_viewer": member == request.user,
        "administers_domains": member == request.user and can_confirm_domains(request.user),
        "memberships": belongs.order_by("network__order", "network__name"),
    }
    return render(request, "network/member.html", context)
