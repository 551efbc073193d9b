from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from network.models import Member, Organisation

SHOWN = 100


@require_safe
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """What the register says of a council, and who is here from it as far as the reader may know."""
    organisation = get_object_or_404(Organisation.objects.visible_to(request.user), slug=slug)
    members = Member.objects.visible_to(request.user).filter(organisation=organisation, is_active=True)
    found = list(members.order_by("name", "pk")[: SHOWN + 1])
    context = {"organisation": organisation, "members": found[:SHOWN], "there_are_more": len(found) > SHOWN}
    return render(request, "network/organisation.html", context)
