"""Which mail goes out, for administrators: what is due, what arrived and what did not."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from network import permissions
from network.actions.jobs import last_seen_worker
from network.actions.mail import is_sent_later, send_again
from network.models import MailLedger
from network.permissions import Refused
from network.views import MemberRequest
from network.views.administration import page_by_key

ON_A_PAGE = 50
LISTS = {
    "failed": "Failed",
    "uncertain": "Perhaps sent",
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
        "due": ledger.filter(state=MailLedger.State.DUE),
        "sent": ledger.filter(state=MailLedger.State.SENT, sent_at__gte=today),
    }
    which = request.GET.get("show", "")
    which = which if which in LISTS else "failed"
    page = page_by_key(request, shown[which].select_related("member"), size=ON_A_PAGE)
    context = {
        "lists": [(name, title, shown[name].count()) for name, title in LISTS.items()],
        "which": which,
        "page": page,
        "rows": [(row, row.is_failed and is_sent_later(row.stream)) for row in page.rows],
        "worker": last_seen_worker(),
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
    return redirect(f"{reverse('administration_mail')}?show=failed")
