"""The record of an event's session: who spoke in it decides what may be public, and an editor approves that."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from cms.actions.session_record import approve_item, decide_over_item, draft_record, take_off_item
from cms.models import EventPage, EventRoom, RecordItem
from cms.models.page import pages_visible_to
from cms.permissions import can_approve_record, can_draft_record
from forums.views import member_or_404
from network.limits import LimitReached
from network.numbers import number_in
from network.permissions import Refused
from network.views import second_factor_required


@second_factor_required
@require_POST
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    links = EventRoom.objects.visible_to(member).select_related("page", "room__network")
    link = get_object_or_404(links, page=pk)
    if not can_draft_record(member, link.room, now=link.room.closes_at):
        raise Http404
    draft_record(link, by=member)
    messages.success(request, "The record is drafted. Whoever asked or said it is asked whether it may be public.")
    return redirect("event_by_number", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """Each thing that somebody asked or said themselves: whether it may stand on the public page of the event."""
    member = member_or_404(request)
    own = list(RecordItem.objects.said_by(member).shown().of_page(pk).with_words())
    if not own:
        raise Http404
    errors: list[str] = []
    if request.method == "POST":
        try:
            for item in own:
                answer = request.POST.get(f"item-{item.pk}", "")
                if answer in ("yes", "no") and answer != item.thing.consent:
                    decide_over_item(item, by=member, agrees=answer == "yes")
        except (LimitReached, Refused) as no:
            errors.append(str(no))
        else:
            messages.success(request, "Your answer is saved. You can change it here at any time.")
            return redirect("record_agree", pk)
    context = {
        "items": own,
        "room": own[0].thing.room,
        "errors": errors,
        "page": pages_visible_to(member).filter(pk=pk).first(),
    }
    return render(request, "cms/record_agree.html", context)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """For an editor: what its author agreed to, and nothing else of the session."""
    member = member_or_404(request)
    page = get_object_or_404(EventPage.objects.filter(live=True), pk=pk)
    if not can_approve_record(member, page):
        raise Http404
    agreed = RecordItem.objects.agreed().of_page(pk).with_words().select_related("record__event_room__page")
    if request.method == "POST":
        # The author may have taken it back since the page was loaded: then there is nothing to approve, and it says so.
        chosen = RecordItem.objects.of_page(pk).select_related(
            "record__event_room__page", "record__event_room__room__network"
        )
        item = get_object_or_404(chosen, pk=number_in(request.POST.get("item", "")) or 0)
        try:
            if "take_off" in request.POST:
                take_off_item(item, by=member)
                messages.success(request, "It no longer stands on the public page.")
            else:
                approve_item(item, by=member)
                messages.success(request, "Everybody can read it on the page of the event.")
        except (LimitReached, Refused) as no:
            messages.error(request, str(no))
        return redirect("record_approve", pk)
    return render(request, "cms/record_approve.html", {"page": page, "items": agreed})
