from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from network.actions.notices import read_all_notices, read_notice
from network.models import Notice
from network.notifications import NoticePage, shown, unread_notices
from network.views import MemberRequest

IN_MENU = 6


@login_required
@require_safe
def notices(request: MemberRequest) -> HttpResponse:
    """What is new, and what was; opening one, or reading what it is about, makes it one that was."""
    page = NoticePage.of(request.user, after=request.GET.get("after", ""))
    return render(request, "network/notices.html", {"page": page, "older": f"?after={page.next_key}"})


@login_required
@require_safe
def menu(request: MemberRequest) -> HttpResponse:
    """The newest of what is new, put into the header's menu when somebody opens it."""
    newest = unread_notices(request.user, IN_MENU)
    return render(request, "components/notice_menu_list.html", {"newest": newest})


@login_required
@require_POST
def open_notice(request: MemberRequest, pk: int) -> HttpResponse:
    """Marks one as read, and goes where it leads."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    read_notice(notice, by=request.user)
    leads = shown([notice], request.user)
    return redirect(leads[0].address if leads else "notices")


@login_required
@require_POST
def read_all(request: MemberRequest) -> HttpResponse:
    read_all_notices(by=request.user)
    messages.success(request, "All notices are marked as read.")
    return redirect("notices")
