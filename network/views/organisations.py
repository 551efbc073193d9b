from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from network.models import Member, Organisation
from network.models.standing import standing_of

SHOWN = 100


@require_safe
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """What the register says of a council, and who is here from it as far as the reader may know."""
    organisations = Organisation.objects.visible_to(request.user)
    organisation = get_object_or_404(organisations.select_related("succeeded_by"), slug=slug)
    members = Member.objects.visible_to(request.user).filter(organisation=organisation, is_active=True)
    found = list(members.select_related("profile").order_by("name", "pk")[: SHOWN + 1])
    context = {
        "organisation": organisation,
        "predecessors": organisations.filter(succeeded_by=organisation),
        "has_ended": organisation.ends_on is not None and organisation.ends_on <= localdate(),
        "members": found[:SHOWN],
        "there_are_more": len(found) > SHOWN,
        # For those who belong to a network, its kind and region lead into the directory.
        "reads_directory": request.user.is_authenticated and bool(standing_of(request.user).networks),
    }
    return render(request, "network/organisation.html", context)
