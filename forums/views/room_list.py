"""The live rooms of a network, and opening one for a session of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import permissions
from forums.actions.rooms import close_room, reschedule_room, schedule_room
from forums.forms import RoomForm
from forums.models import Room
from forums.views import member_or_404, network_of, room_of
from network.limits import LimitReached
from network.models import Member
from network.permissions import Refused
from network.views import second_factor_required

PAST = 50  # as many rooms that are over as the list shows


@require_safe
def network_rooms(request: HttpRequest, slug: str) -> HttpResponse:
    """Those that are open or will be, the soonest first; and those that are over, with their transcripts."""
    member = member_or_404(request)
    network = network_of(member, slug)
    rooms = Room.objects.visible_to(member).filter(network=network)
    now = timezone.now()
    context = {
        "network": network,
        "coming": rooms.filter(closes_at__gt=now).order_by("opens_at", "pk"),
        "past": rooms.filter(closes_at__lte=now).order_by("-opens_at", "-pk")[:PAST],
        "can_schedule": permissions.can_schedule_room(member, network),
    }
    return render(request, "forums/rooms.html", context)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def room_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A facilitator opens a room for a session, without an editor."""
    member = member_or_404(request)
    network = network_of(member, slug)
    permissions.can_schedule_room(member, network).enforce()
    form = RoomForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            room = schedule_room(network, by=member, **form.cleaned_data)
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "The room is scheduled. You are its host.")
            return redirect(room)
    return render(request, "forums/room_form.html", {"network": network, "form": form})


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def room_change(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    room = _room(member, pk)
    now_are = {"title": room.title, "opens_at": room.opens_at, "closes_at": room.closes_at}
    form = RoomForm(request.POST if request.method == "POST" else None, initial=now_are)
    if form.is_valid():
        try:
            reschedule_room(room, by=member, **form.cleaned_data)
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "The room was changed. Everybody in it sees it at once.")
            return redirect(room)
    return render(request, "forums/room_form.html", {"network": room.network, "room": room, "form": form})


@second_factor_required
@require_POST
def room_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a room now."""
    member = member_or_404(request)
    room = _room(member, pk)
    close_room(room, by=member)
    messages.success(request, "The room has closed. What was said in it can still be read.")
    return redirect(room)


def _room(member: Member, pk: int) -> Room:
    """A room that the member may give other times; 403 with the reason for whoever may only enter it."""
    found = room_of(member, pk)
    permissions.can_schedule_room(member, found.network).enforce()
    return found
