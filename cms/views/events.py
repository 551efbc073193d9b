"""Having an event in one's events, and signing up for it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cms.actions.attendance import add_event, take_out_event
from cms.actions.events import see_page
from cms.models import EventAttendance, EventPage, events_called_off
from cms.models.attendance import place_in_line
from network.views import MemberRequest


@never_cache
@require_safe
def by_number(request: HttpRequest, pk: int) -> HttpResponse:
    """Where mail leads that must not have the words of an address in it. Whoever had an event in theirs that was taken
    down reads that it does not take place."""
    event = EventPage.objects.visible_to(request.user).filter(pk=pk).first()
    if event is not None:
        return redirect(event.url)
    called_off = events_called_off(request.user).select_related("edition")
    event = get_object_or_404(called_off, pk=pk)
    if request.user.is_authenticated:
        see_page(event, by=request.user)
    return render(request, "cms/event_called_off.html", {"event": event, "told": event.edition})


@login_required
@require_POST
def add(request: MemberRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(EventPage.objects.visible_to(request.user).select_related("network"), pk=pk)
    row = add_event(event, by=request.user)
    messages.success(request, _where_they_stand(row, event))
    return redirect(f"{event.url}#own-event")


@login_required
@require_POST
def take_out(request: MemberRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(EventPage.objects.visible_to(request.user), pk=pk)
    take_out_event(event, by=request.user)
    if event.needs_sign_up:
        messages.success(request, "You are no longer signed up. You get no mail or notices about this event.")
    else:
        messages.success(request, "This event is no longer in your events. You get no mail or notices about it.")
    return redirect(event.url)


def _where_they_stand(row: EventAttendance, event: EventPage) -> str:
    if not event.needs_sign_up:
        return "This event is in your events. We will remind you the day before."
    if not row.is_waiting:
        return "You have a place. We will remind you the day before."
    return f"All places are taken. You are number {place_in_line(row)} on the waiting list."
