"""What becomes of the mail of an announcement, for whoever looks after it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from forums import notifications, permissions
from forums.actions import announcements as verbs
from forums.forms import DeclineForm
from forums.models import Announcement, Post
from forums.views import member_or_404
from network.limits import LimitReached
from network.permissions import Refused
from network.views import second_factor_required


@second_factor_required
@require_safe
def announcement(request: HttpRequest, pk: int) -> HttpResponse:
    """Whether it waits for a second person; how much is queued, was sent and came back. As it stands when the page is
    loaded."""
    return _page(request, _found(request, pk), DeclineForm())


@second_factor_required
@require_POST
def announcement_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    found = _found(request, pk)
    try:
        verbs.confirm_announcement(found, by=member_or_404(request))
        messages.success(request, "The mail is confirmed. It goes out within minutes.")
    except Refused as no:
        messages.error(request, str(no))
    return redirect(found)


@second_factor_required
@require_POST
def announcement_decline(request: HttpRequest, pk: int) -> HttpResponse:
    found = _found(request, pk)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        verbs.decline_announcement(found, by=member_or_404(request), reason=form.cleaned_data["words"])
        messages.success(request, "Nobody is mailed. Whoever asked is told why.")
    except (LimitReached, Refused) as no:
        form.add_error(None, str(no))
        return _page(request, _found(request, pk), form)
    return redirect(found)


@second_factor_required
@require_POST
def announcement_stop(request: HttpRequest, pk: int) -> HttpResponse:
    found = _found(request, pk)
    stopped = verbs.stop_announcement(found, by=member_or_404(request))
    mails = "1 mail that waited is" if stopped == 1 else f"{stopped:,} mails that waited are"
    messages.success(request, f"Sending is stopped: {mails} not sent." if stopped else "Nothing more is sent.")
    return redirect(found)


def _found(request: HttpRequest, pk: int) -> Announcement:
    """Whoever does not look after it learns nothing but 404."""
    seen = Announcement.objects.visible_to(request.user)
    people = ("asked_by", "confirmed_by", "declined_by", "stopped_by")
    return get_object_or_404(seen.select_related("thread__network", *people), thread=pk)


def _page(request: HttpRequest, found: Announcement, form: DeclineForm) -> HttpResponse:
    member = member_or_404(request)
    first = Post.objects.visible_to(member).filter(thread=found.thread_id, number=1)
    counted = notifications.audience_of(found.thread).counted() if found.is_waiting else None
    delivery = found.delivery()
    can_decide = permissions.can_decide_announcement(member, found)
    # Whoever can say no to it has a button for that already.
    is_stoppable = not can_decide if found.is_waiting else found.planned_at is None or delivery.is_under_way
    context = {
        "announcement": found,
        "thread": found.thread,
        "network": found.thread.network,
        "words": first.select_related("author__profile", "organisation").first(),
        "counted": counted,
        "delivery": delivery,
        "not_reached": found.not_reached(member),
        "can_decide": can_decide,
        "can_stop": is_stoppable and not found.is_over and permissions.can_stop_announcement(member, found),
        "has_confirmer": not found.is_waiting or notifications.confirmers_of(found).exists(),
        "form": form,
    }
    return render(request, "forums/announcement.html", context)
