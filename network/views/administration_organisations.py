"""Organisations, for administrators: the councils of the register, and other bodies that members work for."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from network import permissions
from network.actions import organisations as verbs
from network.forms.administration import FindOrganisationForm, OrganisationForm
from network.models import Member, Organisation, OrganisationDomain
from network.views import MemberRequest
from network.views.administration import page_by_key

ON_A_PAGE = 25


def _administrators_only(request: HttpRequest) -> None:
    if not permissions.can_see_organisations(request.user):
        raise Http404


def _organisation(request: HttpRequest, slug: str) -> Organisation:
    return get_object_or_404(Organisation.objects.visible_to(request.user).select_related("succeeded_by"), slug=slug)


@require_safe
def organisations(request: HttpRequest) -> HttpResponse:
    _administrators_only(request)
    everything = Organisation.objects.visible_to(request.user)
    form = FindOrganisationForm(request.GET, regions=everything.regions())
    found = everything
    if form.is_valid():
        if words := form.cleaned_data["q"]:
            found = found.filter(Q(name__icontains=words) | Q(short_name__icontains=words))
        for fact in ("region", "kind"):
            if form.cleaned_data[fact]:
                found = found.filter(**{fact: form.cleaned_data[fact]})
        if form.cleaned_data["state"]:
            current = everything.current().values("pk")
            found = (
                found.filter(pk__in=current)
                if form.cleaned_data["state"] == "current"
                else found.exclude(pk__in=current)
            )
    context = {
        "form": form,
        "page": page_by_key(request, found, size=ON_A_PAGE, order="name"),
        "can_add": permissions.can_add_organisation(request.user),
    }
    return render(request, "network/administration/organisations.html", context)


@require_safe
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    _administrators_only(request)
    found = _organisation(request, slug)
    context = {
        "organisation": found,
        "domains": OrganisationDomain.objects.visible_to(request.user)
        .filter(organisation=found)
        .annotate(people=Count("admissions")),
        "members": Member.objects.administered_by(request.user).filter(organisation=found, is_active=True).count(),
        "predecessors": Organisation.objects.visible_to(request.user).filter(succeeded_by=found),
        "can_see_accounts": permissions.can_see_accounts(request.user),
        "can_change": permissions.can_change_organisation(request.user),
    }
    return render(request, "network/administration/organisation.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: MemberRequest) -> HttpResponse:
    _administrators_only(request)
    permissions.can_add_organisation(request.user).enforce()
    form = OrganisationForm(
        request.POST if request.method == "POST" else None,
        regions=Organisation.objects.visible_to(request.user).regions(),
    )
    if form.is_valid():
        added = verbs.add_organisation(slug=form.slug, by=request.user, **form.cleaned_data)
        messages.success(request, f"{added} is added.")
        return redirect("administration_organisation", added.slug)
    return render(request, "network/administration/organisation_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: MemberRequest, slug: str) -> HttpResponse:
    _administrators_only(request)
    permissions.can_change_organisation(request.user).enforce()
    found = _organisation(request, slug)
    form = OrganisationForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(found, name) for name in verbs.CHANGEABLE},
        regions=Organisation.objects.visible_to(request.user).regions(),
        organisation=found,
    )
    if form.is_valid():
        changed = verbs.change_organisation(found, by=request.user, **form.cleaned_data)
        messages.success(request, f"{changed} is changed.")
        return redirect("administration_organisation", slug)
    return render(request, "network/administration/organisation_form.html", {"form": form, "organisation": found})
