"""The live room wherever a page wants it: `{% load rooms %}{% live_room room %}`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context

from forums.forms import MessageForm
from forums.models import Message, MessageReaction, Reaction, Room, RoomPresence
from forums.models.message import MessagePage
from forums.models.message_reaction import MessageReactionQuerySet, Tally
from forums.permissions import ROOM_IS_LOCKED, ROOM_IS_OVER, can_enter, can_moderate_room, can_speak
from network.models import Viewer

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
        known = Room.objects.known_to(request.user).filter(pk=room.pk).exists()
        why = can_enter(request.user, room).reason if known else ""
        return {"room": room, "request": request, "why_shut_out": why}
    verdict = can_speak(request.user, entered)
    has_begun = entered.is_open() or entered.is_over()
    page = MessagePage.of(entered, request.user, before=before) if has_begun else None
    is_live = entered.is_open() and before is None
    answered = _answered(entered, request, form) if verdict and page else None
    initial = {"return_to": request.path, "reply_to": answered.seq if answered else None}
    reactions = MessageReaction.objects.visible_to(request.user).of_messages(page.messages if page else [])
    return {
        "room": entered,
        "room_address": entered.get_absolute_url(),
        "entered": True,
        "page": page,
        "before": before,
        "is_live": is_live,
        "can_speak": verdict,
        "why_not": (ROOM_IS_OVER if verdict else verdict).reason,  # with the form shown, what follows it one day
        "why_locked": ROOM_IS_LOCKED.reason,
        "runs": is_live and Room.objects.run_by(request.user).filter(pk=entered.pk).exists(),
        "can_moderate": can_moderate_room(request.user, entered),
        # Whoever reads this is one of them, before their socket has said so.
        "present": len(
            RoomPresence.objects.visible_to(request.user).filter(room=entered).fresh().member_ids() | {request.user.pk}
        ),
        "tally": _in_words(reactions.tally()),
        "own_reactions": _own(reactions, request.user),
        "reaction_kinds": Reaction.Kind.choices,
        "answered": answered,
        "blank": Message(room=entered, seq=0, author_id=0),
        "longest": Message.MAX_LENGTH,
        "form": form or MessageForm(initial=initial, auto_id="message_%s"),
        "request": request,
    }


def _answered(room: Room, request: HttpRequest, form: MessageForm | None) -> Message | None:
    """The message that the form replies to: `?reply=N`, or what a form that was refused says."""
    typed = str((form["reply_to"].value() if form else request.GET.get("reply")) or "")
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 16):
        return None
    found = Message.objects.visible_to(request.user).filter(room=room, seq=int(typed))
    return found.select_related("author").defer("body", "hidden_reason").first()


def _in_words(tally: Tally) -> dict[int, str]:
    """Such as "Helpful 2, Agree 1"."""
    labels = dict(Reaction.Kind.choices)
    return {
        seq: ", ".join(f"{labels[kind]} {counts[kind]}" for kind in labels if kind in counts)
        for seq, counts in tally.items()
    }


def _own(reactions: MessageReactionQuerySet, viewer: Viewer) -> dict[int, str]:
    own: defaultdict[int, list[str]] = defaultdict(list)
    for seq, kind in reactions.filter(member=viewer.pk or 0).values_list("message__seq", "kind"):
        own[seq].append(kind)
    return {seq: " ".join(kinds) for seq, kinds in own.items()}


@register.filter
def at_key(mapping: dict[Any, Any], key: Any) -> Any:
    """What stands in a mapping under a key that the template holds in a variable."""
    return mapping.get(key, "")
