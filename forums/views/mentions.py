"""Names that are offered while somebody types one. Asked by POST, so that names stay out of logs."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from forums import limits, markup
from forums.models import Thread
from forums.search.people import find_people_to_mention
from forums.views import member_or_404
from network.limits import LimitReached
from network.models import Member, Network


@require_POST
def thread_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Of those who can read the thread."""
    member = member_or_404(request)
    thread = get_object_or_404(Thread.objects.in_place(member).select_related("network"), pk=pk)
    return _offered(request, member, thread.network)


@require_POST
def network_people(request: HttpRequest, slug: str) -> HttpResponse:
    """Of those who will be able to read a new thread."""
    member = member_or_404(request)
    return _offered(request, member, get_object_or_404(Network.objects.of(member), slug=slug))


def _offered(request: HttpRequest, member: Member, network: Network) -> HttpResponse:
    """JSON: `people`, each with `name`, `label`, `council` and `words`, which is what to write after the @."""
    try:
        limits.LOOKING_FOR_NAMES.spend(member)
    except LimitReached as no:
        return JsonResponse({"people": [], "reason": str(no)}, status=429)
    typed = markup.legible(request.POST.get("name", ""))[:100]
    people = [asdict(one) for one in find_people_to_mention(member, network, typed)]
    return JsonResponse({"people": people})
