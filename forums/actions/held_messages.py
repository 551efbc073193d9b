"""What becomes of messages that wait for the host. Two of those who run a room may decide at once: with the room held
the first decision stands, and the second is told of it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions, realtime
from forums.actions.votes import have_held_looked_at
from forums.live import log
from forums.models import HeldMessage, Message, RoomEvent
from network.actions.audit import record
from network.models import Member


def release_message(held: HeldMessage, *, by: Member, now: datetime | None = None) -> Message:
    """Shows everybody a message that waited: it is said now, by its author, under the next number. One that was shown
    already comes back as it is. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_run_room(by, held.room).enforce()
    limits.HOSTING.spend(by, now=now)
    with transaction.atomic():
        room = log.hold(held.room_id)
        held = HeldMessage.objects.select_related("author", "organisation", "message").get(pk=held.pk)
        held.room = room
        if held.message is not None:
            return held.message
        permissions.can_release(by, held, now=now).enforce()
        # Named as its author's browser named it, which waits for it.
        event = RoomEvent(kind=RoomEvent.Kind.MESSAGE, actor=held.author, client_id=held.client_id, at=now)
        log.append(room, [event])
        message = Message.objects.create(
            room=room,
            seq=event.seq,
            author=held.author,
            organisation=held.organisation,
            role=held.role,
            body=held.body,
            written_at=now,
            reply_to=held.reply_to,
        )
        held.message, held.body = message, ""
        _decide(held, HeldMessage.Decision.RELEASED, by=by, now=now)
        have_held_looked_at(room)
        record("released message", message, by=by, network=room.network)
        line = log.Line(event, Message.objects.with_author().get(pk=message.pk))
        transaction.on_commit(lambda: realtime.lines_written(room, [line]), robust=True)
    return message


def refuse_message(held: HeldMessage, *, by: Member, reason: str, now: datetime | None = None) -> HeldMessage:
    """Decides that a message which waited is not shown; its author is told why, and nobody else learns of it. Refused
    already, it stays with the reason that it has. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_run_room(by, held.room).enforce()
    limits.HOSTING.spend(by, now=now)
    with transaction.atomic():
        room = log.hold(held.room_id)
        held = HeldMessage.objects.select_related("author").get(pk=held.pk)
        held.room = room
        if held.decision == HeldMessage.Decision.REFUSED:
            return held
        permissions.can_decide_held(by, held, now=now).enforce()
        held.reason = markup.legible(reason)
        _decide(held, HeldMessage.Decision.REFUSED, by=by, now=now)
        have_held_looked_at(room)
        record("refused held message", held, by=by, network=room.network)
        notifications.held_message_refused(held, now=now)
    return held


def _decide(held: HeldMessage, decision: HeldMessage.Decision, *, by: Member, now: datetime) -> None:
    held.decision, held.decided_by, held.decided_at = decision, by, now
    held.save(update_fields=["decision", "decided_by", "decided_at", "reason", "message", "body"])
