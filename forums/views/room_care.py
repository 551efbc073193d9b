"""Looking after a live room: what its facilitators do while people talk in it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import permissions
from forums.actions.rooms import lock_room
from forums.actions.sanctions import give_time_out, lift_sanction, remove_from_room
from forums.forms import LockForm, SanctionForm, SlowModeForm
from forums.forms.room import REMOVE
from forums.live import access
from forums.models import Case, Message, Room, RoomSanction
from forums.views import member_or_404, room_of
from network.limits import LimitReached
from network.models import Member
from network.permissions import Refused
from network.views import second_factor_required


@second_factor_required
@require_safe
def room_care(request: HttpRequest, pk: int) -> HttpResponse:
    """Slow mode, the lock, who is silent or was removed, and what was reported."""
    member = member_or_404(request)
    return care_page(request, member, _room(member, pk))


@second_factor_required
@require_POST
def room_lock(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    found = _room(member, pk)
    form = LockForm(request.POST)
    if form.is_valid():
        found = lock_room(found, lock=form.cleaned_data["lock"], by=member)
        messages.success(request, "The room is locked." if found.lock else "The room is not locked.")
        return redirect("room_care", pk)
    return care_page(request, member, found, lock_form=form)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def room_sanction(request: HttpRequest, pk: int, member: int) -> HttpResponse:
    """Has somebody be silent in the room for a while, or leave it."""
    by = member_or_404(request)
    found = _room(by, pk)
    person = get_object_or_404(access.belonging(found.pk), pk=member)
    permissions.can_be_sanctioned(person, found).enforce()
    form = SanctionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        reason, kind = form.cleaned_data["words"], form.cleaned_data["kind"]
        try:
            if kind == REMOVE:
                remove_from_room(found, person, by=by, reason=reason)
            else:
                give_time_out(found, person, lasts=timedelta(seconds=int(kind)), by=by, reason=reason)
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            done = "was removed from this room" if kind == REMOVE else "is in a time-out"
            messages.success(request, f"{person} {done}, and is told why.")
            return redirect("room_care", pk)
    context = {"room": found, "network": found.network, "person": person, "form": form}
    return render(request, "forums/room_sanction.html", context)


@second_factor_required
@require_POST
def room_sanction_lift(request: HttpRequest, pk: int, sanction: int) -> HttpResponse:
    member = member_or_404(request)
    room = _room(member, pk)
    sanctions = RoomSanction.objects.visible_to(member).filter(room=room).select_related("room__network", "member")
    given = get_object_or_404(sanctions, pk=sanction)
    lift_sanction(given, by=member)
    done = "can come in again" if given.kind == RoomSanction.Kind.REMOVED else "can write again"
    messages.success(request, f"{given.member} {done}.")
    return redirect("room_care", pk)


def _room(member: Member, pk: int) -> Room:
    """A room that the member looks after; 403 with the reason for whoever may only enter it."""
    found = room_of(member, pk)
    permissions.can_moderate_room(member, found).enforce()
    return found


def care_page(
    request: HttpRequest,
    member: Member,
    found: Room,
    *,
    slow_form: SlowModeForm | None = None,
    lock_form: LockForm | None = None,
) -> HttpResponse:
    sanctions = RoomSanction.objects.visible_to(member).in_force().filter(room=found).select_related("member", "by")
    about = Q(message__room=found) | Q(question__room=found)
    cases = Case.objects.visible_to(member).waiting().filter(about).in_order().with_things()
    hidden = Message.objects.hidden_shown_to(member).filter(room=found).with_author().order_by("-seq")
    context = {
        "room": found,
        "network": found.network,
        "slow_form": slow_form or SlowModeForm(initial={"seconds": found.slow_seconds}),
        "lock_form": lock_form or LockForm(initial={"lock": found.lock}),
        "sanctions": sanctions.order_by("at", "pk"),
        "cases": cases.prefetch_related("reports"),
        "hidden": hidden[:50],
    }
    return render(request, "forums/room_care.html", context)
