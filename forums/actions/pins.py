"""What stands above the log of a room for everybody to see: up to three of its messages."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone

from forums import limits, permissions
from forums.actions.amendments import amend
from forums.models import Message, Room, RoomEvent
from network.actions.audit import record
from network.models import Member


def pin_message(message: Message, *, by: Member, now: datetime | None = None) -> int:
    """Puts a message above the log; one that stands there already stays where it is. Hiding or deleting it takes it
    down. Returns a number as `edit_message` does. Raises Refused, LimitReached, and ValidationError where there are
    as many as there may be."""
    now = now or timezone.now()
    permissions.can_pin(by, message, now=now).enforce()
    limits.HOSTING.spend(by, now=now)

    def change(held: Message) -> bool:
        if held.pinned_at is not None:
            return False
        permissions.can_pin(by, held, now=now).enforce()
        if Message.objects.filter(room=held.room).pinned().count() >= Room.MOST_PINNED:
            raise ValidationError(
                f"{Room.MOST_PINNED} messages are pinned already, and there can be no more. Unpin one of them first."
            )
        held.pinned_at = now
        held.save(update_fields=["pinned_at"])
        record("pinned message", held, by=by, network=held.room.network)
        return True

    return amend(message, RoomEvent.Kind.PIN, by, change, now=now)


def unpin_message(message: Message, *, by: Member, now: datetime | None = None) -> int:
    """Takes a message down from above the log; it stays in it. Returns a number as `edit_message` does. Raises
    Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_run_room(by, message.room).enforce()
    limits.HOSTING.spend(by, now=now)

    def change(held: Message) -> bool:
        if held.pinned_at is None:
            return False
        held.pinned_at = None
        held.save(update_fields=["pinned_at"])
        record("unpinned message", held, by=by, network=held.room.network)
        return True

    return amend(message, RoomEvent.Kind.UNPIN, by, change, now=now)
