"""The administrator's list of email domains: those that wait to be confirmed, and those that are."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, F, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network.actions import domains as verbs
from network.forms import AddDomainForm, DomainKindForm
from network.models import Admission, Membership, Network, OrganisationDomain
from network.permissions import Refused, can_confirm_domains, can_remove_domain
from network.views import MemberRequest

ON_A_PAGE = 25
NAMED = 5  # of those who came by a domain; the rest are a number


def _administrators_only(request: HttpRequest) -> None:
    if not can_confirm_domains(request.user):
        raise Http404


@require_safe
def domains(request: HttpRequest) -> HttpResponse:
    """Those that people came by first, for they wait; then the rest of the register. `?show=confirmed` gives those that
    are confirmed, the newest first."""
    _administrators_only(request)
    words = request.GET.get("q", "").strip()[:100]
    shows_confirmed = request.GET.get("show") == "confirmed"
    listed = OrganisationDomain.objects.visible_to(request.user)
    listed = listed.exclude(confirmed_at=None) if shows_confirmed else listed.unconfirmed()
    if words:
        listed = listed.filter(Q(domain__icontains=words) | Q(organisation__name__icontains=words))
    came_by = Admission.objects.visible_to(request.user).select_related("member").order_by("at")
    listed = (
        listed.annotate(people=Count("admissions"))
        .order_by(F("confirmed_at").desc() if shows_confirmed else F("people").desc(), "domain", "organisation__name")
        .select_related("organisation", "confirmed_by")
        .prefetch_related(Prefetch("admissions", came_by[:NAMED], to_attr="first_admissions"))
    )
    page = Paginator(listed, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "shows_confirmed": shows_confirmed,
        # `people` is counted by the query.
        "came_by": [domain for domain in page if getattr(domain, "people", 0)],
        "nobody_came_by": [domain for domain in page if not getattr(domain, "people", 0)],
        "words": words,
    }
    return render(request, "network/domains.html", context)


def _domain(request: HttpRequest, pk: int) -> OrganisationDomain:
    _administrators_only(request)
    listed = OrganisationDomain.objects.visible_to(request.user).select_related("organisation", "confirmed_by")
    return get_object_or_404(listed, pk=pk)


def _came_by(request: HttpRequest, domain: OrganisationDomain) -> dict[str, Any]:
    """How many people came by a domain, and who came first."""
    came_by = Admission.objects.visible_to(request.user).filter(domain=domain)
    return {"people": came_by.count(), "first_admissions": came_by.select_related("member").order_by("at")[:NAMED]}


@require_http_methods(["GET", "HEAD", "POST"])
def domain(request: MemberRequest, pk: int) -> HttpResponse:
    """One domain, and what can be done about it; POST says what comes by it."""
    domain = _domain(request, pk)
    form = DomainKindForm(request.POST if request.method == "POST" else None, initial={"kind": domain.kind})
    if form.is_bound and form.is_valid():
        verbs.set_domain_kind(domain, form.cleaned_data["kind"], by=request.user)
        messages.success(request, "Saved.")
        return redirect("domain", pk)
    context = _came_by(request, domain) | {
        "domain": domain,
        "form": form,
        "can_remove": can_remove_domain(request.user, domain),
    }
    return render(request, "network/domain.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: MemberRequest) -> HttpResponse:
    _administrators_only(request)
    form = AddDomainForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            domain = verbs.add_domain(by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("organisation", str(refused))
        else:
            messages.success(request, f"{domain.domain} is an email domain of {domain.organisation}.")
            return redirect("domain", domain.pk)
    return render(request, "network/domain_add.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: MemberRequest, pk: int) -> HttpResponse:
    """Says first whom it lets ask for what; POST does it."""
    domain = _domain(request, pk)
    if request.method == "POST":
        domain = verbs.confirm_domain(domain, by=request.user)
        messages.success(
            request,
            f"{domain.domain} is confirmed for {domain.organisation}. Under “Confirmed” you can take that back.",
        )
        return redirect("domains")
    if domain.is_confirmed:
        messages.info(request, f"{domain.domain} is confirmed already.")
        return redirect("domain", pk)
    requests = Membership.objects.administered_by(request.user).requested()
    context = _came_by(request, domain) | {
        "domain": domain,
        "networks": Network.objects.visible_to(request.user).filter(joining=Network.Joining.BY_REQUEST),
        "requests": requests.filter(member__admission__domain=domain).count(),
    }
    return render(request, "network/domain_confirm.html", context)


@require_POST
def take_back(request: MemberRequest, pk: int) -> HttpResponse:
    domain = verbs.take_confirmation_back(_domain(request, pk), by=request.user)
    messages.success(request, f"{domain.domain} is no longer confirmed for {domain.organisation}.")
    return redirect("domain", pk)


@require_POST
def remove(request: MemberRequest, pk: int) -> HttpResponse:
    domain = _domain(request, pk)
    try:
        verbs.remove_domain(domain, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("domain", pk)
    messages.success(request, f"{domain.domain} is removed from {domain.organisation}.")
    return redirect("domains")
