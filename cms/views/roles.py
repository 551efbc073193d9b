"""Which roles somebody has in the hub: the administrators' screen for it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from cms import permissions
from cms.actions.roles import ROLES, give_roles
from cms.forms import RolesForm
from network.models import Member
from network.permissions import Refused, can_see_accounts
from network.views import MemberRequest


@require_http_methods(["GET", "HEAD", "POST"])
def roles(request: MemberRequest, pk: int) -> HttpResponse:
    if not can_see_accounts(request.user):
        raise Http404
    accounts = Member.objects.administered_by(request.user).select_related("organisation")
    account: Member = get_object_or_404(accounts, pk=pk)
    permissions.can_give_roles(request.user).enforce()
    has = list(account.groups.filter(name__in=ROLES).values_list("name", flat=True))
    form = RolesForm(request.POST if request.method == "POST" else None, initial={"roles": has})
    if form.is_valid():
        try:
            give_roles(account, form.cleaned_data["roles"], by=request.user)
            messages.success(request, f"The roles of {account} are changed.")
            return redirect("administration_member", pk)
        except Refused as refused:
            form.add_error("roles", str(refused))
    return render(request, "cms/roles.html", {"account": account, "form": form})
