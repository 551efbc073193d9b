"""Which mail goes out, for administrators: what is due, what arrived and what did not, and stopping all of it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network import permissions
from network.actions import all_mail
from network.actions.jobs import last_seen_worker
from network.actions.mail import is_sent_later, send_again
from network.forms.administration import StopMailForm
from network.models import MailLedger, MailStop, Worker
from network.permissions import Refused
from network.views import MemberRequest
from network.views.administration import page_by_key

ON_A_PAGE = 50
LISTS = {
    "failed": "Failed",
    "uncertain": "Perhaps sent",
    "bounced": "No such mailbox",
    "due": "Due",
    "sent": "Sent today",
}


def _administrators_only(request: HttpRequest) -> None:
    if not permissions.can_see_mail(request.user):
        raise Http404


@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    _administrators_only(request)
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    ledger = MailLedger.objects.visible_to(request.user)
    shown = {
        "failed": ledger.filter(state=MailLedger.State.FAILED),
        "uncertain": ledger.uncertain(),
        "bounced": ledger.filter(state=MailLedger.State.BOUNCED),
        "due": ledger.filter(state=MailLedger.State.DUE),
        "sent": ledger.filter(state=MailLedger.State.SENT, sent_at__gte=today),
    }
    which = request.GET.get("show", "")
    which = which if which in LISTS else "failed"
    seen = last_seen_worker()
    page = page_by_key(request, shown[which].select_related("member"), size=ON_A_PAGE)
    context = {
        "lists": [(name, title, shown[name].count()) for name, title in LISTS.items()],
        "which": which,
        "page": page,
        "rows": [(row, which in ("failed", "uncertain") and is_sent_later(row.stream)) for row in page.rows],
        "worker": seen,
        "worker_is_late": seen is None or Worker(seen_at=seen).is_late(),
        "stop": MailStop.objects.visible_to(request.user).in_force().select_related("by").first(),
        "can_stop": permissions.can_stop_all_mail(request.user),
        "within_an_hour": all_mail.sent_within_an_hour(),
        "most_in_an_hour": settings.MAIL_PER_HOUR,
        "sees_addresses": permissions.can_see_accounts(request.user),
    }
    return render(request, "network/administration/mail.html", context)


@require_POST
def again(request: MemberRequest, pk: int) -> HttpResponse:
    _administrators_only(request)
    row = get_object_or_404(MailLedger.objects.visible_to(request.user), pk=pk)
    try:
        send_again(row, by=request.user)
        messages.success(request, "The mail is tried again within a minute.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(f"{reverse('administration_mail')}?show={'uncertain' if row.is_uncertain() else 'failed'}")


@require_http_methods(["GET", "HEAD", "POST"])
def stop_all(request: MemberRequest) -> HttpResponse:
    _administrators_only(request)
    permissions.can_stop_all_mail(request.user).enforce()
    form = StopMailForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            all_mail.stop_all_mail(form.cleaned_data["why"], by=request.user)
            messages.success(request, "All mail is stopped, but for codes.")
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect("administration_mail")
    return render(request, "network/administration/mail_stop.html", {"form": form})


@require_POST
def let_go(request: MemberRequest) -> HttpResponse:
    _administrators_only(request)
    try:
        all_mail.let_mail_go(by=request.user)
        messages.success(request, "Mail goes again. What is due is sent within a minute.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("administration_mail")
