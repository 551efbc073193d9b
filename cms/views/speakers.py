"""Who hosts the live room of an event and who speaks in it, for the event's editors."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from cms.actions.events import drop_speaker, name_speaker
from cms.limits import LOOKING_FOR_SPEAKERS
from cms.models import EventRoom
from cms.permissions import CANNOT_BE_NAMED, can_name_speakers
from forums.forms import RoomRoleForm
from forums.models import RoomRole
from network.limits import LimitReached
from network.permissions import Refused, can_read
from network.views import MemberRequest, second_factor_required


def _room_of_editor(request: HttpRequest, pk: int) -> EventRoom:
    """The room of event `pk`. An editor sees who runs it even where they may not enter; others learn nothing."""
    link = get_object_or_404(EventRoom.objects.select_related("page", "room__network"), page=pk)
    if not can_name_speakers(request.user, link.page):
        raise Http404
    return link


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def speakers(request: MemberRequest, pk: int) -> HttpResponse:
    link = _room_of_editor(request, pk)
    nobody = "" if can_read(request.user, link.room.network) else CANNOT_BE_NAMED.reason
    form = RoomRoleForm(link.room, request.user, request.POST if request.method == "POST" else None, nobody=nobody)
    if form.is_bound:
        LOOKING_FOR_SPEAKERS.spend(request.user)  # before anybody is looked up
    if form.is_valid():
        try:
            given = name_speaker(link, form.cleaned_data["who"], role=form.cleaned_data["role"], by=request.user)
        except (LimitReached, Refused) as no:
            form.add_error("who", str(no))
        else:
            messages.success(request, f"{given.member} is now a {given.get_role_display().lower()} in the live room.")
            return redirect("event_speakers", pk)
    context = {
        "page": link.page,
        "room": link.room,
        "roles": link.room.roles.select_related("member__organisation").order_by("role", "at", "pk"),
        "role_form": form,
    }
    return render(request, "cms/speakers.html", context)


@second_factor_required
@require_POST
def remove(request: MemberRequest, pk: int, role: int) -> HttpResponse:
    link = _room_of_editor(request, pk)
    given = get_object_or_404(RoomRole.objects.select_related("room__network", "member"), room=link.room, pk=role)
    drop_speaker(link, given, by=request.user)
    messages.success(request, f"{given.member} is no longer a {given.get_role_display().lower()} in the live room.")
    return redirect("event_speakers", pk)
