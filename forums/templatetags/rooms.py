"""The live room wherever a page wants it: `{% load rooms %}{% live_room room %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from forums.forms import MessageForm
from forums.models import Message, Room
from forums.models.message import MessagePage
from forums.permissions import ROOM_IS_OVER, can_speak

register = template.Library()


@register.inclusion_tag("forums/live_room.html", takes_context=True)
def live_room(
    context: Context, room: Room, form: MessageForm | None = None, before: int | None = None
) -> dict[str, Any]:
    """The room as the viewer may have it: nothing, when it opens, the room itself, or its transcript. Never put it
    in a cached block, for it depends on the viewer. `form`: one that was refused, with what was typed in it. `before`:
    an earlier part of the transcript."""
    request = context["request"]
    # Read anew: the position that a socket goes on from has to be at least as old as the messages beside it.
    entered = Room.objects.visible_to(request.user).select_related("network").filter(pk=room.pk).first()
    if entered is None:
        return {"room": room, "request": request}
    verdict = can_speak(request.user, entered)
    has_begun = entered.is_open() or entered.is_over()
    page = MessagePage.of(entered, request.user, before=before) if has_begun else None
    return {
        "room": entered,
        "entered": True,
        "page": page,
        "before": before,
        "is_live": entered.is_open() and before is None,
        "can_speak": verdict,
        "why_not": (ROOM_IS_OVER if verdict else verdict).reason,  # with the form shown, what follows it one day
        "longest": Message.MAX_LENGTH,
        "form": form or MessageForm(initial={"return_to": request.path}, auto_id="message_%s"),
        "request": request,
    }
