"""What becomes of a message after it was said: other words, taken back, hidden, brought back. Each is a line of the log
of its own, and says nothing but which message it is about."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions, realtime
from forums.actions import cases
from forums.actions.messages import check_words
from forums.held_words import HeldWords
from forums.live import access, log
from forums.models import Message, Room, RoomEvent
from network.actions.audit import record
from network.models import Member
from network.permissions import NOT_A_MEMBER

Kind = RoomEvent.Kind


def edit_message(
    message: Message, *, by: Member, body: str, client_id: uuid.UUID | None = None, now: datetime | None = None
) -> int:
    """Gives a message other words. Returns the number in the log by which every reader has them; with a `client_id`
    that was used before, that of then. Raises Refused, LimitReached, ValidationError."""
    now = now or timezone.now()
    body = check_words(body)
    if done := _done(message, by, client_id):
        return done
    permissions.can_change_message(by, message, now=now).enforce()
    limits.CHANGING_MESSAGES.spend(by, now=now)

    def change(held: Message) -> bool:
        # Asked of the database again: an account that was closed meanwhile leaves no words behind.
        if not access.belonging(held.room_id).filter(pk=by.pk).exists():
            NOT_A_MEMBER.enforce()
        permissions.can_change_message(by, held, now=now).enforce()
        if held.body == body:
            return False
        words = held.room.held_words
        if words and HeldWords(words).are_in(body) and not permissions.can_run_room(by, held.room):
            # The place among the others stays with its old words; what waits for the host is a new message.
            raise ValidationError(
                "This has a word in it that the host wants to see first. Send it as a new message, and the host will "
                "look at it."
            )
        held.body, held.edited_at = body, now
        held.save(update_fields=["body", "edited_at"])
        return True

    return amend(message, Kind.EDIT, by, change, client_id=client_id, now=now)


def delete_message(
    message: Message, *, by: Member, client_id: uuid.UUID | None = None, now: datetime | None = None
) -> int:
    """Takes a message back: its place says so, and its words are gone. Returns a number as `edit_message` does. Raises
    Refused, LimitReached."""
    now = now or timezone.now()
    if done := _done(message, by, client_id):
        return done
    permissions.can_delete_message(by, message, now=now).enforce()
    limits.CHANGING_MESSAGES.spend(by, now=now)

    def change(held: Message) -> bool:
        permissions.can_delete_message(by, held, now=now).enforce()
        held.body, held.deleted_at, held.pinned_at = "", now, None
        held.save(update_fields=["body", "deleted_at", "pinned_at"])
        return True

    return amend(message, Kind.DELETE, by, change, client_id=client_id, now=now)


def hide_message(message: Message, *, by: Member, reason: str, now: datetime | None = None) -> int:
    """A facilitator takes a message out of sight; its author is told why. Hidden already, it stays with the reason that
    it has. Reports of it are decided by that. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_moderate_room(by, message.room).enforce()
    limits.MODERATING_ROOMS.spend(by, now=now)
    return hide_held_message(message, by=by, reason=reason, now=now)


def hide_held_message(message: Message, *, by: Member, reason: str, now: datetime) -> int:
    """Part of a verb: a facilitator takes a message out of sight, or one that the site has hidden for now stays so."""

    def change(held: Message) -> bool:
        is_hidden = held.hidden_at is not None
        if held.deleted_at is not None or (is_hidden and held.hidden_by_id is not None):
            return False
        _hide(held, by=by, reason=reason, now=now)
        cases.note_hidden(held, held.room.network, by=by, reason=reason, now=now)
        return True

    return amend(message, Kind.HIDE, by, change, now=now)


def hide_by_site(message: Message, *, reason: str, now: datetime) -> None:
    """Part of a verb: the site itself takes a message out of sight, until a facilitator has looked."""

    def change(held: Message) -> bool:
        if held.is_shown:
            _hide(held, by=None, reason=reason, now=now)
            return True
        return False

    amend(message, Kind.HIDE, None, change, now=now)


def _hide(held: Message, *, by: Member | None, reason: str, now: datetime) -> None:
    held.hidden_at, held.hidden_by, held.hidden_reason = now, by, markup.legible(reason)
    held.pinned_at = None
    held.save(update_fields=["hidden_at", "hidden_by", "hidden_reason", "pinned_at"])
    record("hid message", held, by=by, network=held.room.network)
    notifications.message_hidden(held, now=now)


def restore_message(message: Message, *, by: Member, now: datetime | None = None) -> int:
    """Brings a hidden message back. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_restore_message(by, message).enforce()
    limits.MODERATING_ROOMS.spend(by, now=now)
    with transaction.atomic():
        log.hold(message.room_id)
        # Somebody else may have hidden it meanwhile.
        permissions.can_restore_message(by, Message.objects.with_author().get(pk=message.pk)).enforce()
        return show_held_message(message, by=by, now=now)


def show_held_message(message: Message, *, by: Member | None, now: datetime) -> int:
    """Part of a verb: brings a hidden message back, and tells its author. `by` None: nobody is to learn who answered an
    appeal."""

    def change(held: Message) -> bool:
        if held.hidden_at is None:
            return False
        held.hidden_at, held.hidden_by, held.hidden_reason = None, None, ""
        held.save(update_fields=["hidden_at", "hidden_by", "hidden_reason"])
        record("restored message", held, by=by, network=held.room.network)
        cases.note_shown(held, by=by, now=now)
        notifications.message_shown(held, by=by, now=now)
        return True

    return amend(message, Kind.RESTORE, by, change, now=now)


def amend(
    message: Message,
    kind: RoomEvent.Kind,
    by: Member | None,
    change: Callable[[Message], bool],
    *,
    client_id: uuid.UUID | None = None,
    now: datetime,
) -> int:
    """Part of a verb: `change` is given the message with its room held, and says whether there was anything to do. Then
    the log has a line about it, the number of which comes back, and those who listen are told."""
    with transaction.atomic():
        room = log.hold(message.room_id)
        if done := _done(message, by, client_id):
            return done
        held = Message.objects.with_author().get(pk=message.pk)
        held.room = room
        if not change(held):
            return message.seq
        event = RoomEvent(kind=kind, actor=by, client_id=client_id, target_seq=held.seq, at=now)
        log.append(room, [event])
        _tell(room, log.Line(event, held))
    return event.seq


def _tell(room: Room, line: log.Line) -> None:
    transaction.on_commit(lambda: realtime.lines_written(room, [line]), robust=True)


def _done(message: Message, by: Member | None, client_id: uuid.UUID | None) -> int | None:
    if client_id is None or by is None:
        return None
    return log.written(message.room_id, [(by.pk, client_id)]).get((by.pk, client_id))
