"""What a member may do with their own data: take it along, or close the account."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from network.actions.closing import close_account
from network.actions.exports import ask_for_data, digest_of, take_data
from network.forms import CloseAccountForm
from network.models import DataExport, Membership
from network.permissions import can_close_account
from network.views import MemberRequest, confirmation_required, streamed_file


def _session_key(request: HttpRequest) -> str:
    key = request.session.session_key
    assert key is not None  # somebody signed in has one
    return key


@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def own_data(request: MemberRequest) -> HttpResponse:
    """Asks for the data, and shows whether they are ready."""
    if request.method == "POST":
        ask_for_data(by=request.user, session_key=_session_key(request))
        messages.success(request, "We are packing your data. We will email you when it is ready.")
        return redirect("own_data")
    kept = timezone.now() - DataExport.KEPT
    exports = list(DataExport.objects.visible_to(request.user).filter(requested_at__gt=kept))
    digest = digest_of(_session_key(request))
    own = [export for export in exports if export.session_digest == digest]
    context = {
        "ready": next((export for export in own if export.ready_at), None),
        "waiting": next((export for export in own if not export.ready_at), None),
        "elsewhere": [export for export in exports if export.session_digest != digest],
    }
    return render(request, "network/own_data/download.html", context)


@confirmation_required
@require_safe
def download(request: MemberRequest, pk: int) -> HttpResponseBase:
    """The file itself, for the session that asked. For every other there is none."""
    digest = digest_of(_session_key(request))
    found = get_object_or_404(DataExport.objects.visible_to(request.user), pk=pk, session_digest=digest)
    if found.is_over() or found.ready_at is None:
        raise Http404
    file = take_data(found, by=request.user, session_key=_session_key(request))
    name = f"guildhall-data-{found.requested_at:%Y-%m-%d}.zip"
    return streamed_file(request, file, "application/zip", to_keep_as=name)


@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: MemberRequest) -> HttpResponse:
    verdict = can_close_account(request.user)
    form = CloseAccountForm(request.POST if request.method == "POST" else None)
    if verdict and form.is_valid():
        close_account(by=request.user, erase=form.cleaned_data["written"] == "erase")
        logout(request)
        return redirect("account_close_done")
    own = Membership.objects.visible_to(request.user).filter(member=request.user).select_related("network")
    context = {"form": form, "can_close": verdict, "sanctions": own.sanctioned().order_by("network")}
    return render(request, "network/own_data/close.html", context)


@require_safe
def closed(request: HttpRequest) -> HttpResponse:
    return render(request, "network/own_data/closed.html")
