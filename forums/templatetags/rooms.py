"""The live room wherever a page wants it: `{% load rooms %}{% live_room room %}`."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe

from forums.actions.questions import officer_at
from forums.forms import MessageForm, QuestionForm
from forums.models import (
    HeldMessage,
    Message,
    MessageReaction,
    Poll,
    PollResults,
    Question,
    Reaction,
    Room,
    RoomPresence,
    RoomSanction,
    SeenPoll,
)
from forums.models.message import MessagePage
from forums.models.message_reaction import MessageReactionQuerySet, Tally
from forums.models.poll import Result
from forums.models.question import QuestionBoard
from forums.permissions import (
    ROOM_IS_LOCKED,
    can_ask_as,
    can_enter,
    can_moderate_room,
    can_speak,
    can_vote_as,
)
from network.models import Network, Viewer
from network.numbers import number_in
from network.permissions import Verdict, can_facilitate, can_read
from network.templatetags.components import clock

register = template.Library()


@register.simple_tag(takes_context=True)
def own_room_sanctions(context: Context) -> dict[str, Any]:
    """What is not over of the viewer's own, in rooms that they may know of; and whether there is any in others."""
    viewer = context["request"].user
    own = RoomSanction.objects.in_force().filter(member=viewer.pk or 0)
    known = list(RoomSanction.objects.visible_to(viewer).filter(pk__in=own).select_related("room").order_by("pk"))
    return {"known": known, "others": own.exclude(pk__in=[given.pk for given in known]).exists()}


@register.inclusion_tag("forums/live_room.html", takes_context=True)
def live_room(
    context: Context,
    room: Room,
    form: MessageForm | None = None,
    before: int | None = None,
    question_form: QuestionForm | None = None,
    only_talk: bool = False,
) -> dict[str, Any]:
    """The room as the viewer may have it: nothing, when it opens, the room itself, or its transcript. Never put it
    in a cached block, for it depends on the viewer. `form`: one that was refused, with what was typed in it. `before`:
    an earlier part of the transcript. `question_form` as `form`. `only_talk`: without the questions, where they stand
    beside it in another way."""
    request = context["request"]
    # Read anew: the position that a socket goes on from has to be at least as old as the messages beside it.
    entered = Room.objects.visible_to(request.user).select_related("network").filter(pk=room.pk).first()
    if entered is None:
        known = Room.objects.known_to(request.user).filter(pk=room.pk).exists()
        why = can_enter(request.user, room).reason if known else ""
        return {"room": room, "request": request, "why_shut_out": why}
    verdict = can_speak(request.user, entered)
    # What was said before a session was moved further away can be read by members until it begins again.
    has_words = entered.last_seq > 0 and not entered.is_open() and not entered.is_over()
    was_moved = has_words and bool(can_read(request.user, entered.network))
    has_begun = entered.is_open() or entered.is_over() or was_moved
    page = MessagePage.of(entered, request.user, before=before) if has_begun else None
    is_live = entered.is_open() and before is None
    answered = _answered(entered, request, form) if verdict and page else None
    initial = {"return_to": request.path, "reply_to": answered.seq if answered else None}
    reactions = MessageReaction.objects.visible_to(request.user).of_messages(page.messages if page else [])
    runs_it = Room.objects.run_by(request.user).filter(pk=entered.pk).exists()
    return {
        **(_polls(entered, request, runs=is_live and runs_it) if has_begun else {}),
        "room": entered,
        "room_address": entered.get_absolute_url(),
        "entered": True,
        "page": page,
        "pinned": _pinned(entered, request.user) if page and before is None else [],
        "held": _own_held(entered, request.user) if page and before is None else [],
        "before": before,
        "is_live": is_live,
        "can_speak": verdict,
        "why_not": _why_not(entered, verdict, was_moved=was_moved),
        "why_locked": ROOM_IS_LOCKED.reason,
        "runs": before is None and runs_it,
        "only_talk": only_talk,
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
        **(_questions(entered, request, question_form, verdict) if page and before is None and not only_talk else {}),
        "request": request,
    }


def _questions(room: Room, request: HttpRequest, form: QuestionForm | None, speaks: Verdict) -> dict[str, Any]:
    """What the room's questions take; nothing of a transcript in which nothing was asked."""
    board = QuestionBoard.of(room, request.user)
    if room.is_over() and not board.count and not board.own and form is None:
        return {}
    return {
        "questions": board,
        "can_ask": can_ask_as(speaks, room),
        "can_vote": can_vote_as(True, room),
        "question_form": form
        or QuestionForm(initial={"return_to": request.path}, shown_as=officer_at(request.user, room)),
        "longest_question": Question.MAX_LENGTH,
        "blank_question": Question(room=room, number=0, author_id=0, uid=uuid.UUID(int=0)),  # the same each time
    }


@register.simple_tag(takes_context=True)
def unanswered_questions(context: Context, network: Network) -> int:
    """How many questions of sessions that are over wait for the facilitators; 0 for everybody else."""
    viewer = context["request"].user
    if not can_facilitate(viewer, network):
        return 0
    return Question.objects.visible_to(viewer).filter(room__network=network).to_deal_with().count()


CLOSED_SHOWN = 5  # polls, beside those that are open


@register.inclusion_tag("forums/polls_section.html", takes_context=True)
def room_polls(context: Context, room: Room, runs: bool = False) -> dict[str, Any]:
    """The polls of a room that the viewer is in. Never put it in a cached block, for it depends on the viewer. `runs`:
    with what those who run the room may do to them."""
    request = context["request"]
    return {"room": room, "request": request, "runs": runs, **_polls(room, request, runs=runs)}


def _polls(room: Room, request: HttpRequest, *, runs: bool) -> dict[str, Any]:
    """What the section of polls takes: those that are open, in the order they were opened, and the latest of those that
    have ended."""
    found = Poll.objects.visible_to(request.user).published().filter(room=room).whole()
    polls = list(found.order_by("-opened_at", "-pk"))
    open_now = [poll for poll in reversed(polls) if not poll.has_ended]
    ended = [poll for poll in polls if poll.has_ended]
    return {
        "polls": SeenPoll.all_of([*open_now, *ended[:CLOSED_SHOWN]], request.user),
        "has_open_poll": bool(open_now),
        "has_more_polls": len(ended) > CLOSED_SHOWN,
        "poll_controls": "forums/poll_controls.html" if runs else "",
        "no_results": PollResults("", [Result(0, "", 0, 0, False)], 0, False),
        "no_poll": Poll(pk=0, room=room, state=Poll.State.OPEN),
        "return_to": request.path,
    }


def _why_not(room: Room, verdict: Verdict, *, was_moved: bool) -> str:
    """Why nobody can write; where they can, what stands there once they cannot any more."""
    if verdict:
        return "This room has closed: its session is over, or was moved. What was said in it can still be read."
    if was_moved:
        at = timezone.localtime(room.early_at)
        return f"The session was moved. Its room opens again on {format_date(at, 'j F Y')} at {clock(at)}."
    return verdict.reason


def _answered(room: Room, request: HttpRequest, form: MessageForm | None) -> Message | None:
    """The message that the form replies to: `?reply=N`, or what a form that was refused says."""
    seq = number_in(str((form["reply_to"].value() if form else request.GET.get("reply")) or ""))
    if seq is None:
        return None
    found = Message.objects.visible_to(request.user).filter(room=room, seq=seq)
    return found.select_related("author").defer("body", "hidden_reason").first()


def _pinned(room: Room, viewer: Viewer) -> list[Message]:
    return list(Message.objects.visible_to(viewer).filter(room=room).pinned().with_author())


def _own_held(room: Room, viewer: Viewer) -> list[HeldMessage]:
    """What the viewer has said that the host sees first, and what the host did not show."""
    own = HeldMessage.objects.visible_to(viewer).filter(room=room, author=viewer.pk or 0)
    return list(own.exclude(decision=HeldMessage.Decision.RELEASED).order_by("written_at", "pk"))


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


@register.filter
def wanted_by(votes: int) -> str:
    """How many want to know a question's answer, in words; nothing where nobody said so."""
    if not votes:
        return ""
    return "1 person wants to know this" if votes == 1 else f"{votes:,} people want to know this"


@register.filter
def marked(text: str, words: list[str]) -> SafeString:
    """Words that somebody looked for, marked wherever they stand in a text."""
    if not words:
        return conditional_escape(text)
    pieces = re.split(f"({'|'.join(map(re.escape, words))})", text, flags=re.IGNORECASE)
    shown = [format_html("<mark>{}</mark>", piece) if odd % 2 else escape(piece) for odd, piece in enumerate(pieces)]
    return mark_safe("".join(shown))  # noqa: S308  # each piece was escaped
