"""The administrator's list of email domains that wait to be confirmed."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, F, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from network.actions.domains import confirm_domain
from network.models import Admission, OrganisationDomain
from network.permissions import can_confirm_domains
from network.views import MemberRequest

ON_A_PAGE = 25
NAMED = 5  # of those who came by a domain; the rest are a number


def _administrators_only(request: HttpRequest) -> None:
    if not can_confirm_domains(request.user):
        raise Http404


@require_safe
def domains(request: HttpRequest) -> HttpResponse:
    """Those that people came by first, for they wait; then the rest of the register."""
    _administrators_only(request)
    words = request.GET.get("q", "").strip()[:100]
    waiting = OrganisationDomain.objects.visible_to(request.user).unconfirmed()
    if words:
        waiting = waiting.filter(Q(domain__icontains=words) | Q(organisation__name__icontains=words))
    came_by = Admission.objects.visible_to(request.user).select_related("member").order_by("at")
    waiting = (
        waiting.annotate(people=Count("admissions"))
        .order_by(F("people").desc(), "domain", "organisation__name")
        .select_related("organisation")
        .prefetch_related(Prefetch("admissions", came_by[:NAMED], to_attr="first_admissions"))
    )
    page = Paginator(waiting, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        # `people` is counted by the query.
        "came_by": [domain for domain in page if getattr(domain, "people", 0)],
        "nobody_came_by": [domain for domain in page if not getattr(domain, "people", 0)],
        "words": words,
    }
    return render(request, "network/domains.html", context)


@require_POST
def confirm(request: MemberRequest, pk: int) -> HttpResponse:
    _administrators_only(request)
    domains = OrganisationDomain.objects.visible_to(request.user).select_related("organisation")
    domain = confirm_domain(get_object_or_404(domains, pk=pk), by=request.user)
    messages.success(request, f"{domain.domain} is confirmed for {domain.organisation}.")
    return redirect("domains")
