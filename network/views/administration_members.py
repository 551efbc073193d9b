"""All accounts, for administrators: finding one, and deciding about it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network import permissions
from network.actions import accounts as verbs
from network.actions.membership import appoint_facilitator, stand_down_facilitator
from network.actions.sessions import count_sessions_of, end_sessions
from network.forms.administration import AppointForm, CorrectAccountForm, FindAccountForm, ReinstateForm, SuspendForm
from network.models import AccountEvent, Member, Membership, Network
from network.permissions import Refused
from network.views import MemberRequest
from network.views.administration import page_by_key

ON_A_PAGE = 25


def _administrators_only(request: HttpRequest) -> None:
    if not permissions.can_see_accounts(request.user):
        raise Http404


def _account(request: HttpRequest, pk: int) -> Member:
    accounts = Member.objects.administered_by(request.user).select_related("organisation", "admission")
    found: Member = get_object_or_404(accounts, pk=pk)
    return found


@require_safe
def members(request: MemberRequest) -> HttpResponse:
    """Everybody with an account, by name; what is looked for stands in the address."""
    _administrators_only(request)
    form = FindAccountForm(request.GET)
    found = Member.objects.administered_by(request.user).select_related("organisation", "admission")
    if form.is_valid():
        if words := form.cleaned_data["q"]:
            found = found.find(words)
        if state := form.cleaned_data["state"]:
            found = found.in_state(state)
    verbs.look_up(Member, by=request.user)
    context = {"form": form, "page": page_by_key(request, found, size=ON_A_PAGE, order="name")}
    return render(request, "network/administration/members.html", context)


@require_safe
def member(request: MemberRequest, pk: int) -> HttpResponse:
    """All that an administrator needs to know of an account, and nothing of what its owner wrote."""
    _administrators_only(request)
    account = _account(request, pk)
    verbs.look_up(account, by=request.user)
    viewer = request.user
    memberships = Membership.objects.administered_by(viewer).filter(member=account).select_related("network")
    admission = getattr(account, "admission", None)
    context = {
        "account": account,
        "admission": admission,
        "memberships": memberships.order_by("network__order", "network__name"),
        "roles": account.groups.order_by("name").values_list("name", flat=True),
        "sessions": count_sessions_of(account),
        "history": AccountEvent.objects.visible_to(viewer).filter(member=account).select_related("by")[:20],
        "can_suspend_account": permissions.can_suspend_account(viewer, account),
        "can_reinstate_account": permissions.can_reinstate_account(viewer, account),
        "can_change": permissions.can_change_accounts(viewer),
        "can_appoint": permissions.can_appoint_facilitators(viewer),
        "can_read_audit": permissions.can_read_audit(viewer),
    }
    return render(request, "network/administration/member.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: MemberRequest, pk: int) -> HttpResponse:
    _administrators_only(request)
    account = _account(request, pk)
    permissions.can_suspend_account(request.user, account).enforce()
    form = SuspendForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        verbs.suspend_account(account, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, f"The account of {account} is suspended. They are signed out everywhere.")
        return redirect("administration_member", pk)
    return render(request, "network/administration/suspend.html", {"account": account, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def reinstate(request: MemberRequest, pk: int) -> HttpResponse:
    _administrators_only(request)
    account = _account(request, pk)
    permissions.can_reinstate_account(request.user, account).enforce()
    form = ReinstateForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        verbs.reinstate_account(account, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, f"The account of {account} is in use again.")
        return redirect("administration_member", pk)
    return render(request, "network/administration/reinstate.html", {"account": account, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: MemberRequest, pk: int) -> HttpResponse:
    """For whom they work, and what they are."""
    _administrators_only(request)
    account = _account(request, pk)
    permissions.can_change_accounts(request.user).enforce()
    now = {"organisation": account.organisation, "kind": account.kind}
    form = CorrectAccountForm(request.POST if request.method == "POST" else None, initial=now, account=account)
    if form.is_valid():
        verbs.correct_account(account, by=request.user, **form.cleaned_data)
        messages.success(request, f"The account of {account} is changed.")
        return redirect("administration_member", pk)
    return render(request, "network/administration/correct.html", {"account": account, "form": form})


@require_POST
def sign_out(request: MemberRequest, pk: int) -> HttpResponse:
    """Ends all sessions of an account; somebody who ends their own is asked to sign in again."""
    _administrators_only(request)
    account = _account(request, pk)
    ended = end_sessions(account, by=request.user)
    if account != request.user:
        messages.success(request, f"{account} is signed out everywhere ({ended} session{'' if ended == 1 else 's'}).")
    return redirect("administration_member", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def appoint(request: MemberRequest, pk: int) -> HttpResponse:
    _administrators_only(request)
    account = _account(request, pk)
    permissions.can_appoint_facilitators(request.user).enforce()
    networks = Network.objects.visible_to(request.user).exclude(
        pk__in=Membership.objects.administered_by(request.user)
        .filter(member=account, role=Membership.Role.FACILITATOR)
        .values("network")
    )
    form = AppointForm(request.POST if request.method == "POST" else None, networks=networks)
    if form.is_valid():
        network: Network = form.cleaned_data["network"]
        try:
            appoint_facilitator(network, account, by=request.user)
            messages.success(request, f"{account} facilitates the {network} from now on.")
            return redirect("administration_member", pk)
        except Refused as refused:
            form.add_error("network", str(refused))
    return render(request, "network/administration/appoint.html", {"account": account, "form": form})


@require_POST
def stand_down(request: MemberRequest, pk: int, slug: str) -> HttpResponse:
    _administrators_only(request)
    account = _account(request, pk)
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    get_object_or_404(Membership.objects.administered_by(request.user), network=network, member=account)
    try:
        stand_down_facilitator(network, account, by=request.user)
        messages.success(request, f"{account} does not facilitate the {network} any more, and stays a member.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("administration_member", pk)
