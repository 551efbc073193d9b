"""Slow mode stands on two screens: that of whoever runs a session, and that of whoever looks after the room."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from forums import permissions
from forums.actions.rooms import set_slow_mode
from forums.forms import SlowModeForm
from forums.views import member_or_404, room_run_by
from forums.views.hosting import host_screen
from forums.views.room_care import care_page
from network.views import second_factor_required


@second_factor_required
@require_POST
def room_slow(request: HttpRequest, pk: int) -> HttpResponse:
    """`screen`: "care" where it was asked for by whoever looks after the room."""
    member = member_or_404(request)
    found = room_run_by(member, pk)
    cares = request.POST.get("screen") == "care" and bool(permissions.can_moderate_room(member, found))
    form = SlowModeForm(request.POST)
    if form.is_valid():
        found = set_slow_mode(found, seconds=form.cleaned_data["seconds"], by=member)
        messages.success(request, "Slow mode is on." if found.slow_seconds else "Slow mode is off.")
        return redirect("room_care" if cares else "room_host", pk)
    return (care_page if cares else host_screen)(request, member, found, slow_form=form)
