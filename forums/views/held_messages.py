"""Messages that wait for those who run a room: they see them first, and decide."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums.actions.held_messages import refuse_message, release_message
from forums.forms.editing import RefuseForm
from forums.models import HeldMessage, Room
from forums.views import member_or_404, room_run_by
from network.limits import LimitReached
from network.models import Member
from network.permissions import Refused
from network.views import second_factor_required

DECIDED = 50  # as many of those decided lately as the page shows


@second_factor_required
@require_safe
def room_held(request: HttpRequest, pk: int) -> HttpResponse:
    """Those that wait, oldest first, and what was decided lately."""
    member = member_or_404(request)
    found = room_run_by(member, pk)
    held = HeldMessage.objects.visible_to(member).filter(room=found).with_author()
    context = {
        "room": found,
        "network": found.network,
        "waiting": held.waiting().order_by("written_at", "pk"),
        "decided": held.exclude(decision=HeldMessage.Decision.NONE).order_by("-decided_at", "-pk")[:DECIDED],
    }
    return render(request, "forums/room_held.html", context)


@second_factor_required
@require_POST
def release(request: HttpRequest, pk: int, held: int) -> HttpResponse:
    member = member_or_404(request)
    found = _held(member, room_run_by(member, pk), held)
    try:
        release_message(found, by=member)
    except (LimitReached, Refused) as no:
        messages.error(request, str(no))
    else:
        messages.success(request, "Everybody in the room sees the message now.")
    return redirect("room_held", pk)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request: HttpRequest, pk: int, held: int) -> HttpResponse:
    """Whoever runs the room says why, and the message is not shown."""
    member = member_or_404(request)
    room = room_run_by(member, pk)
    found = _held(member, room, held)
    form = RefuseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            refuse_message(found, by=member, reason=form.cleaned_data["words"])
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "The message is not shown. Its author is told why.")
            return redirect("room_held", pk)
    context = {"room": room, "network": room.network, "held": found, "form": form}
    return render(request, "forums/room_held_refuse.html", context)


def _held(member: Member, room: Room, pk: int) -> HeldMessage:
    return get_object_or_404(HeldMessage.objects.visible_to(member).filter(room=room).with_author(), pk=pk)
