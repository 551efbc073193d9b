"""What waits for the facilitators of a network."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from forums.views import member_or_404, network_of
from forums.worklist import SECTIONS
from network.permissions import can_facilitate
from network.views import second_factor_required


@second_factor_required
@require_safe
def worklist(request: HttpRequest, slug: str) -> HttpResponse:
    member = member_or_404(request)
    network = network_of(member, slug)
    can_facilitate(member, network).enforce()
    now = timezone.now()
    found = [section(member, network, now) for section in SECTIONS]
    context = {
        "network": network,
        "sections": [section for section in found if section.rows],
        "nothing": [section.nothing for section in found if not section.rows],
    }
    return render(request, "forums/worklist.html", context)
