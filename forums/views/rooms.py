from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from forums.actions.messages import say
from forums.forms import MessageForm
from forums.models import Room
from network.limits import LimitReached
from network.permissions import Refused


@require_safe
def room(request: HttpRequest, pk: int) -> HttpResponse:
    """The live room, or the transcript of one that is over. `?before=N`: what was said before message N."""
    before = request.GET.get("before", "")
    return _room_page(request, _room_of_member(request, pk), before=int(before) if _is_number(before) else None)


@require_POST
def room_send(request: HttpRequest, pk: int) -> HttpResponse:
    """The plain way to say something. The form sent twice is one message; another text in it is another message, for a
    page that the browser's back button brings back has the same form in it."""
    found = _room_of_member(request, pk)
    assert request.user.is_authenticated
    form = MessageForm(request.POST, auto_id="message_%s")
    status = 200
    if form.is_valid():
        form_id = form.cleaned_data["form_id"] or uuid.uuid4()
        body = form.cleaned_data["body"]
        try:
            message = say(found, by=request.user, body=body, client_id=uuid.uuid5(form_id, body))
        except (LimitReached, Refused) as error:
            form.add_error("body", str(error))
            status = 429 if isinstance(error, LimitReached) else 403
        except ValidationError as error:
            form.add_error("body", error)
        else:
            return redirect(f"{_where_from(request, form) or found.get_absolute_url()}#message-{message.seq}")
    return _room_page(request, found, form=form, status=status)


def _room_of_member(request: HttpRequest, pk: int) -> Room:
    return get_object_or_404(Room.objects.visible_to(request.user).select_related("network"), pk=pk)


def _room_page(
    request: HttpRequest, found: Room, *, form: MessageForm | None = None, before: int | None = None, status: int = 200
) -> HttpResponse:
    context = {"room": found, "network": found.network, "form": form, "before": before}
    return render(request, "forums/room.html", context, status=status)


def _where_from(request: HttpRequest, form: MessageForm) -> str:
    """The page of ours that the form stood on, which may be that of an event."""
    address: str = form.cleaned_data["return_to"]
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours and address.startswith("/") else ""


def _is_number(typed: str) -> bool:
    return typed.isascii() and typed.isdecimal() and len(typed) < 16
