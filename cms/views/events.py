"""Having an event in one's events."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from cms.actions.attendance import add_event, take_out_event
from cms.models import EventPage
from network.views import MemberRequest


@login_required
@require_POST
def add(request: MemberRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(EventPage.objects.visible_to(request.user).select_related("network"), pk=pk)
    add_event(event, by=request.user)
    messages.success(request, "This event is in your events. We will remind you the day before.")
    return redirect(event.url)


@login_required
@require_POST
def take_out(request: MemberRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(EventPage.objects.visible_to(request.user), pk=pk)
    take_out_event(event, by=request.user)
    messages.success(request, "This event is no longer in your events. You get no mail or notices about it.")
    return redirect(event.url)
