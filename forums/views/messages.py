"""One message of a live room: where it stands, and what somebody may do to it. All of it works without a script; with
one, most of it happens in the room itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import permissions
from forums.actions import amendments as verbs
from forums.actions.message_reactions import react_to_message
from forums.actions.pins import pin_message, unpin_message
from forums.forms import EditMessageForm
from forums.forms.editing import HideForm
from forums.models import Message, MessageReaction, Reaction, Room
from forums.models.message import MessagePage
from forums.views import case_of, member_or_404, room_of
from network.limits import LimitReached
from network.models import Member
from network.permissions import Refused
from network.views import second_factor_required


@dataclass(frozen=True, slots=True)
class Counted:
    """One kind of reaction to a message."""

    kind: str
    label: str
    count: int
    is_own: bool


@require_safe
def message(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    """The message by itself, with all that the reader may do to it."""
    member = member_or_404(request)
    found = _message(member, pk, seq)
    tally = MessageReaction.objects.visible_to(member).of_messages([found]).tally().get(found.seq, {})
    own = set(
        MessageReaction.objects.visible_to(member).filter(message=found, member=member).values_list("kind", flat=True)
    )
    kinds = [Counted(kind.value, str(kind.label), tally.get(kind, 0), kind in own) for kind in Reaction.Kind]
    context = _context(found) | {
        "in_room": _place(found),
        "can_speak": permissions.can_speak(member, found.room),
        "can_change": permissions.can_change_message(member, found),
        "can_delete": permissions.can_delete_message(member, found),
        "can_react": permissions.can_react_to_message(member, found),
        "can_report": permissions.can_report_message(member, found),
        "can_moderate": permissions.can_moderate_room(member, found.room),
        "can_run": permissions.can_run_room(member, found.room),
        "may_read_hidden": Message.objects.hidden_shown_to(member).filter(pk=found.pk).exists(),
        "is_own": found.author_id == member.pk,
        "kinds": kinds,
    }
    return render(request, "forums/room_message.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    member = member_or_404(request)
    found = _message(member, pk, seq)
    form = EditMessageForm(request.POST if request.method == "POST" else None, initial={"body": found.body})
    status = 200
    if not form.is_bound:
        permissions.can_change_message(member, found).enforce()
    elif form.is_valid():
        try:
            verbs.edit_message(found, by=member, body=form.cleaned_data["body"])
        except (LimitReached, Refused) as no:
            # Too late, perhaps: what was typed is given back with the reason.
            form.add_error("body", str(no))
            status = 429 if isinstance(no, LimitReached) else 403
        except ValidationError as error:
            form.add_error("body", error)
        else:
            return redirect(_place(found))
    return render(request, "forums/room_message_edit.html", _context(found) | {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    member = member_or_404(request)
    found = _message(member, pk, seq)
    permissions.can_delete_message(member, found).enforce()
    if request.method == "POST":
        verbs.delete_message(found, by=member)
        messages.success(request, "Your message was deleted.")
        return redirect(_place(found))
    return render(request, "forums/room_message_delete.html", _context(found))


@require_POST
def give_reaction(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    """`give` or `take` is one of the reactions."""
    member = member_or_404(request)
    found = _message(member, pk, seq)
    is_given = "take" not in request.POST
    try:
        react_to_message(found, request.POST.get("give" if is_given else "take", ""), by=member, is_given=is_given)
    except (LimitReached, Refused) as no:
        messages.error(request, str(no))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(found)


# For those who run the room


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def pin(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    """Puts a message above the log. The page of one that stands there offers to take it down."""
    member = member_or_404(request)
    found = _message(member, pk, seq)
    permissions.can_run_room(member, found.room).enforce()
    if request.method == "POST":
        try:
            pin_message(found, by=member)
        except (LimitReached, Refused) as no:
            messages.error(request, str(no))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, "The message is pinned.")
            return redirect(_place(found))
    context = _context(found) | {"can_pin": permissions.can_pin(member, found), "most": Room.MOST_PINNED}
    return render(request, "forums/room_message_pin.html", context)


@second_factor_required
@require_POST
def unpin(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    member = member_or_404(request)
    found = _message(member, pk, seq)
    unpin_message(found, by=member)
    messages.success(request, "The message is no longer pinned.")
    return redirect(_place(found))


# For facilitators


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def hide(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    """A facilitator says why, and the message is out of sight."""
    member = member_or_404(request)
    found = _message(member, pk, seq)
    permissions.can_moderate_room(member, found.room).enforce()
    form = HideForm(request.POST if request.method == "POST" else None)
    if not found.is_shown:
        messages.error(request, "This message is already out of sight.")
        return redirect(_place(found))
    if form.is_valid():
        try:
            verbs.hide_message(found, by=member, reason=form.cleaned_data["words"])
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "The message is hidden. Its author is told why.")
            return redirect(_place(found))
    return render(request, "forums/room_message_hide.html", _context(found) | {"form": form})


@second_factor_required
@require_safe
def hidden(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    """Why a message is hidden and what it said, for its author and for facilitators; for others there is no such
    page."""
    member = member_or_404(request)
    found = get_object_or_404(
        Message.objects.hidden_shown_to(member).with_author().select_related("room__network", "hidden_by"),
        room=pk,
        seq=seq,
    )
    is_own = found.author_id == member.pk
    context = _context(found) | {
        "is_own": is_own,
        "can_moderate": permissions.can_moderate_room(member, found.room),
        "can_restore": permissions.can_restore_message(member, found),
        "case": case_of(member, found, is_own=is_own),
    }
    return render(request, "forums/room_message_hidden.html", context)


@second_factor_required
@require_POST
def restore(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    member = member_or_404(request)
    found = _message(member, pk, seq)
    verbs.restore_message(found, by=member)
    messages.success(request, "Everybody in the room can read the message again.")
    return redirect(_place(found))


def _message(member: Member, pk: int, seq: int) -> Message:
    room = room_of(member, pk)
    messages_here = Message.objects.visible_to(member).with_author().select_related("room__network")
    return get_object_or_404(messages_here, room=room, seq=seq)


def _place(found: Message) -> str:
    """Where the message stands among the others: on the latest page of its room, or on an earlier one."""
    room = found.room
    is_late = Message.objects.filter(room=room, seq__gt=found.seq).count() < MessagePage.LENGTH
    earlier = "" if is_late else f"?before={found.seq + MessagePage.LENGTH // 2}"
    return f"{room.get_absolute_url()}{earlier}#message-{found.seq}"


def _context(found: Message) -> dict[str, Any]:
    return {"message": found, "room": found.room, "network": found.room.network}
