"""Invitations: the facilitators' list of them, and the page to which the mail leads."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network import permissions
from network.actions import invitations as verbs
from network.actions.rules import agree_to_rules
from network.forms import AgreeForm, InviteForm
from network.models import GroundRules, Invitation
from network.models.organisation import domain_of
from network.permissions import Refused
from network.views import MemberRequest, ask_how_to_write, second_factor_required
from network.views.networks import ON_A_PAGE, facilitated

# For facilitators


@second_factor_required
@require_safe
def invitations(request: HttpRequest, slug: str) -> HttpResponse:
    """All of a network, newest first."""
    network = facilitated(request, slug)
    found = Invitation.objects.visible_to(request.user).filter(network=network)
    found = found.select_related("network", "organisation", "by", "accepted_by").order_by("-at", "-pk")
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    waiting = permissions.waiting_for_domains(page)
    rows = [(invitation, invitation.is_open() and invitation.pk in waiting) for invitation in page]
    return render(request, "network/invitations.html", {"network": network, "page": page, "rows": rows})


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: MemberRequest, slug: str) -> HttpResponse:
    """Two steps where the domain of the address is none that we know."""
    network = facilitated(request, slug)
    form = InviteForm(request.POST if request.method == "POST" else None, network=network)
    if form.is_bound and form.is_valid():
        try:
            invitation = verbs.invite(network, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("email", str(refused))
        else:
            said = f"We are sending an invitation to {invitation.email}."
            if permissions.waiting_for_domains([invitation]):
                said += f" They can accept it once an administrator has confirmed {domain_of(invitation.email)}."
            messages.success(request, said)
            return redirect("network_invitations", slug)
    return render(request, "network/invite.html", {"network": network, "form": form})


def _invitation(request: HttpRequest, slug: str, pk: int) -> Invitation:
    found = Invitation.objects.visible_to(request.user).filter(network=facilitated(request, slug))
    return get_object_or_404(found.select_related("network"), pk=pk)


@second_factor_required
@require_POST
def resend(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    try:
        invitation = verbs.resend_invitation(_invitation(request, slug, pk), by=request.user)
        messages.success(request, f"We are sending the invitation to {invitation.email} again.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("network_invitations", slug)


@second_factor_required
@require_POST
def revoke(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    try:
        invitation = verbs.revoke_invitation(_invitation(request, slug, pk), by=request.user)
        messages.success(request, f"The invitation to {invitation.email} is withdrawn.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("network_invitations", slug)


# For the invited


def invitation_at(address: str | None) -> Invitation | None:
    """The open invitation whose page has this address, on which somebody goes on after signing up."""
    try:
        found = resolve(address or "")
    except Resolver404:
        return None
    if found.url_name != "invitation":
        return None
    return Invitation.objects.named_by(found.kwargs["token"]).open().first()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where the mail leads. Looking changes nothing, for programs follow links in mail; accepting is a POST. Whoever is
    not proved to be the invited reads of the network what everybody may."""
    found = Invitation.objects.named_by(token).select_related("network", "by").first()
    if found is None or found.revoked_at or (not found.is_open() and not found.accepted_at):
        return render(request, "network/invitation_over.html", status=404)
    verdict = permissions.can_accept(request.user, found)
    if permissions.can_read(request.user, found.network) and verdict is not permissions.ANOTHER_MAILBOX:
        messages.info(request, f"You belong to the {found.network}.")
        return redirect(found.network)
    if found.accepted_at:
        return render(request, "network/invitation_over.html", status=404)
    rules = GroundRules.objects.unanswered_by(request.user) if verdict else None
    form = AgreeForm(rules, request.POST if request.method == "POST" else None)
    if verdict and request.user.is_authenticated and form.is_valid():
        try:
            if rules is not None:
                agree_to_rules(rules, by=request.user)
            verbs.accept_invitation(found, by=request.user)
            messages.success(request, f"You are now a member of the {found.network}.")
            return ask_how_to_write(then=found.network.get_absolute_url())
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("invitation", token)
    is_theirs = verdict is not permissions.ANOTHER_MAILBOX and request.user.is_authenticated
    context = {
        "invitation": found,
        "network": found.network,
        "verdict": verdict,
        "is_theirs": is_theirs,
        "form": form,
    }
    status = 403 if verdict is permissions.ANOTHER_MAILBOX else 200
    return render(request, "network/invitation.html", context, status=status)
