"""The record of an event's session: who spoke in it decides what may be public, and an editor approves that."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from cms.actions.recording import set_recording
from cms.actions.session_record import (
    approve_item,
    decide_over_item,
    draft_record,
    leave_out_item,
    put_item_back,
    take_off_item,
)
from cms.models import EventPage, EventRecording, EventRoom, RecordItem
from cms.models.page import pages_visible_to
from cms.permissions import can_approve_record, can_draft_record, can_set_recording
from forums.forms.after import RecordingForm
from forums.models import Room
from forums.views import member_or_404
from network.limits import LimitReached
from network.models import Member
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


@second_factor_required
@require_POST
def leave_out(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    member = member_or_404(request)
    found = _item_of_host(member, pk, item)
    leave_out_item(found, by=member)
    messages.success(request, "It is left out of the record.")
    return redirect("event_by_number", pk)


@second_factor_required
@require_POST
def put_back(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    member = member_or_404(request)
    found = _item_of_host(member, pk, item)
    put_item_back(found, by=member)
    messages.success(request, "It stands in the record again.")
    return redirect("event_by_number", pk)


def _item_of_host(member: Member, pk: int, item: int) -> RecordItem:
    """An item of a record that the member may draft; for everybody else there is none."""
    rooms = EventRoom.objects.visible_to(member).filter(room__in=Room.objects.run_by(member).values("pk"))
    found = RecordItem.objects.visible_to(member).filter(record__event_room__in=rooms.values("pk")).of_page(pk)
    return get_object_or_404(found.select_related("record__event_room__room__network"), pk=item)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def recording(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the recording of an event is, for its editors and for those who run its room."""
    member = member_or_404(request)
    page = get_object_or_404(EventPage.objects.filter(live=True).select_related("network"), pk=pk)
    if not can_set_recording(member, page):
        raise Http404
    # An editor from outside may not enter the room; the link is theirs to set all the same.
    room = Room.objects.filter(event_room__page=page.pk).first()
    kept = EventRecording.objects.filter(page=page.pk).first()
    initial: dict[str, Any] = {"link": kept.link if kept else ""}
    if room is not None:
        initial = {"link": room.recording_link, "began_at": room.recording_began_at or room.opens_at}
    form = RecordingForm(request.POST if request.method == "POST" else None, initial=initial, has_room=room is not None)
    status = 200
    if form.is_valid():
        try:
            set_recording(page, by=member, link=form.cleaned_data["link"], began_at=form.cleaned_data.get("began_at"))
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
            status = 429 if isinstance(no, LimitReached) else 403
        else:
            said = "The recording is noted." if form.cleaned_data["link"] else "There is no recording of this event."
            messages.success(request, said)
            return redirect("event_by_number", pk)
    return render(request, "cms/recording.html", {"page": page, "form": form}, status=status)


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
