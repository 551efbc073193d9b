"""Networks, for administrators: making one, and what it says of itself."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from network import permissions
from network.actions import networks as verbs
from network.forms import NetworkForm, NewNetworkForm
from network.models import Membership, Network
from network.views import MemberRequest


def _administrators_only(request: HttpRequest) -> None:
    if not permissions.can_create_networks(request.user):
        raise Http404


@require_safe
def networks(request: HttpRequest) -> HttpResponse:
    """In the order in which everybody sees them, with who facilitates and how many belong."""
    _administrators_only(request)
    active = Q(memberships__state=Membership.State.ACTIVE, memberships__member__is_active=True)
    found = Network.objects.visible_to(request.user).annotate(
        people=Count("memberships", filter=active),
        facilitators=Count("memberships", filter=active & Q(memberships__role=Membership.Role.FACILITATOR)),
    )
    return render(request, "network/administration/networks.html", {"networks": found})


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: MemberRequest) -> HttpResponse:
    _administrators_only(request)
    form = NewNetworkForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        network = verbs.create_network(by=request.user, **form.cleaned_data)
        messages.success(request, f"The {network} is created. Appoint a facilitator on their account's page.")
        return redirect("administration_networks")
    return render(request, "network/administration/network_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: MemberRequest, slug: str) -> HttpResponse:
    _administrators_only(request)
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    permissions.can_change_network(request.user, network, ["name"]).enforce()
    form = NetworkForm(request.POST if request.method == "POST" else None, network=network)
    if form.is_valid():
        verbs.change_network(network, by=request.user, **form.cleaned_data)
        messages.success(request, f"The {form.cleaned_data['name']} is changed.")
        return redirect("administration_networks")
    context = {
        "form": form,
        "network": network,
        "needs_facilitator": Network.objects.visible_to(request.user).without_facilitator().filter(pk=network.pk),
    }
    return render(request, "network/administration/network_form.html", context)
