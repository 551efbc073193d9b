"""The networks: what everybody may know of them, how an officer gets in and out, and the queue of requests."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network import permissions
from network.actions import membership as verbs
from network.actions.rules import agree_to_rules
from network.forms import AgreeForm, AskToJoinForm, DeclineForm
from network.models import GroundRules, Membership, Network, Theme, Viewer
from network.permissions import Refused, Verdict
from network.views import MemberRequest


@dataclass(frozen=True, slots=True)
class NetworkCard:
    """A network as somebody outside may see it, and what the viewer is to it."""

    network: Network
    membership: Membership | None
    can_join: Verdict
    can_ask: Verdict


def card_of(network: Network, viewer: Viewer, membership: Membership | None) -> NetworkCard:
    return NetworkCard(
        network,
        membership,
        permissions.can_join_as(viewer, network, membership),
        permissions.can_ask_as(viewer, network, membership),
    )


def network_cards(viewer: Viewer) -> list[NetworkCard]:
    """All networks, in their order; two queries however many there are."""
    own = Membership.objects.visible_to(viewer).filter(member=viewer.pk) if viewer.is_authenticated else []
    memberships = {membership.network_id: membership for membership in own}
    return [card_of(network, viewer, memberships.get(network.pk)) for network in Network.objects.visible_to(viewer)]


@require_safe
def networks(request: HttpRequest) -> HttpResponse:
    return render(request, "network/networks.html", {"cards": network_cards(request.user)})


@require_safe
def network(request: HttpRequest, slug: str) -> HttpResponse:
    """One address, two faces: what is published for those outside, what goes on for members."""
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    card = card_of(network, request.user, permissions.membership_of(request.user, network))
    if not permissions.can_read(request.user, network):
        return render(request, "network/network_outside.html", {"network": network, "card": card})
    facilitators = Membership.objects.visible_to(request.user).facilitators().filter(network=network)
    can_decide = permissions.can_facilitate(request.user, network)
    context = {
        "network": network,
        "facilitators": facilitators.select_related("member__organisation").order_by("member__name"),
        "themes": Theme.objects.visible_to(request.user).of_network(network),
        "can_decide": can_decide,
        "waiting": _requests(network, request.user).count() if can_decide else 0,
    }
    return render(request, "network/network.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: MemberRequest, slug: str) -> HttpResponse:
    """Joins at once, or asks to; the network says which."""
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    card = card_of(network, request.user, permissions.membership_of(request.user, network))
    verdict = card.can_ask if network.is_by_request else card.can_join
    if not verdict and card.membership and not card.membership.is_suspended:
        # Nothing to do any more: a second press of the button, or a page that was open for a while.
        messages.info(request, verdict.reason)
        return redirect(network)
    verdict.enforce()
    rules = GroundRules.objects.unanswered_by(request.user)
    # The button on another page does not show the rules: it leads to the form that does.
    is_answered = request.method == "POST" and (rules is None or "rules_shown" in request.POST)
    form = (AskToJoinForm if network.is_by_request else AgreeForm)(rules, request.POST if is_answered else None)
    try:
        if form.is_valid():
            if rules is not None:
                agree_to_rules(rules, by=request.user)
            if network.is_by_request:
                verbs.ask_to_join(network, by=request.user, reason=form.cleaned_data["reason"])
                messages.success(request, f"You have asked to join the {network}. The facilitators will decide.")
            else:
                verbs.join_network(network, by=request.user)
                messages.success(request, f"You have joined the {network}.")
            return redirect(network)
    except Refused as refused:
        # Another press of the same button came first.
        messages.info(request, str(refused))
        return redirect(network)
    return render(request, "network/join.html", {"network": network, "card": card, "form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: MemberRequest, slug: str) -> HttpResponse:
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    permissions.can_leave(request.user, network).enforce()
    if request.method == "POST":
        verbs.leave_network(network, by=request.user)
        messages.success(request, f"You have left the {network}.")
        return redirect("networks")
    return render(request, "network/leave.html", {"network": network})


def _requests(network: Network, viewer: Viewer) -> QuerySet[Membership]:
    return Membership.objects.visible_to(viewer).requested().filter(network=network).order_by("requested_at")


def _facilitated(request: HttpRequest, slug: str) -> Network:
    """The network of a page for its facilitators. For everybody else there is no such page."""
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    if not permissions.can_facilitate(request.user, network):
        raise Http404
    return network


@require_safe
def requests(request: HttpRequest, slug: str) -> HttpResponse:
    """Who asks to join, longest waiting first."""
    network = _facilitated(request, slug)
    queue = _requests(network, request.user).select_related("member__organisation", "member__admission__domain")
    rows = [(asked, permissions.can_be_approved(asked)) for asked in queue[:100]]
    return render(request, "network/requests.html", {"network": network, "rows": rows})


def _request(request: HttpRequest, network: Network, pk: int) -> Membership:
    asked = Membership.objects.visible_to(request.user).filter(network=network).exclude(requested_at=None)
    return get_object_or_404(asked.select_related("network", "member__organisation"), pk=pk)


@require_POST
def approve(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    network = _facilitated(request, slug)
    asked = _request(request, network, pk)
    try:
        verbs.approve_request(asked, by=request.user)
        messages.success(request, f"{asked.member} is now a member of the {network}.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("network_requests", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    network = _facilitated(request, slug)
    asked = _request(request, network, pk)
    verdict = permissions.can_decide(request.user, asked)
    form = DeclineForm(request.POST) if request.method == "POST" else DeclineForm()
    if verdict and form.is_bound and form.is_valid():
        try:
            verbs.decline_request(asked, by=request.user, words=form.cleaned_data["words"])
            messages.success(request, f"You have declined the request of {asked.member}.")
            return redirect("network_requests", slug)
        except Refused as refused:
            verdict = Verdict(str(refused))
    if not verdict:
        messages.error(request, verdict.reason)
        return redirect("network_requests", slug)
    return render(request, "network/decline.html", {"network": network, "asked": asked, "form": form})
