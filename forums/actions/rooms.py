from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from forums import limits, permissions, realtime
from forums.actions.sanctions import ask_every_socket_again
from forums.models import Room, RoomRole
from network.actions.audit import record
from network.models import Member, Membership, Network


def schedule_room(
    network: Network,
    *,
    title: str,
    opens_at: datetime,
    closes_at: datetime,
    by: Member | None,
    now: datetime | None = None,
) -> Room:
    """Makes the live room of a session of a network. `opens_at` is when the session starts; members may come in
    `Room.EARLY` before. `by` None is the site itself, as when an event is published. Raises Refused, LimitReached,
    and IntegrityError when it would close before it opens."""
    if by is not None:
        permissions.can_schedule_room(by, network).enforce()
        limits.SCHEDULING.spend(by, now=now)
    with transaction.atomic():
        room = Room.objects.create(network=network, title=title, opens_at=opens_at, closes_at=closes_at)
        if by is not None:
            RoomRole.objects.create(room=room, member=by, role=RoomRole.Role.HOST, by=by)
        record("scheduled room", room, by=by, network=network)
    return room


def reschedule_room(room: Room, *, title: str, opens_at: datetime, closes_at: datetime, by: Member | None) -> Room:
    """Gives a room another title or other times; what was said in it stays, and sockets open in it hear of it within a
    second. Names that were gone, as the session was over, do not come back. Safe to repeat: with nothing new nothing is
    written. `by` None is the site itself. Raises Refused, LimitReached, and IntegrityError when it would close before
    it opens."""
    if by is not None:
        permissions.can_schedule_room(by, room.network).enforce()
        limits.SCHEDULING.spend(by)
    with transaction.atomic():
        room = Room.objects.select_for_update(of=("self",)).select_related("network").get(pk=room.pk)
        if (room.title, room.opens_at, room.closes_at) != (title, opens_at, closes_at):
            if room.is_nameless():
                room.nameless_until = timezone.now()
            room.title, room.opens_at, room.closes_at = title, opens_at, closes_at
            # Never `last_seq`: that number belongs to the log.
            room.save(update_fields=["title", "opens_at", "closes_at", "nameless_until"])
            record("rescheduled room", room, by=by, network=room.network)
    return room


def close_room(room: Room, *, by: Member | None) -> Room:
    """Ends a room now, as when its event is called off; what was said in it stays, and rescheduling opens it again.
    Safe to repeat: a room that is over stays as it is. `by` None is the site itself. Raises Refused, LimitReached."""
    if by is not None:
        permissions.can_schedule_room(by, room.network).enforce()
        limits.SCHEDULING.spend(by)
    with transaction.atomic():
        room = Room.objects.select_for_update(of=("self",)).select_related("network").get(pk=room.pk)
        now = timezone.now()
        if room.closes_at > now:
            room.closes_at = now
            # A room that had not begun is over too, and every room opens before it closes.
            room.opens_at = min(room.opens_at, now - timedelta(seconds=1))
            room.save(update_fields=["opens_at", "closes_at"])
            record("closed room", room, by=by, network=room.network)
    return room


def set_slow_mode(room: Room, *, seconds: int, by: Member) -> Room:
    """Everybody but those who run the room waits so long between two messages; 0 ends it. Raises Refused,
    LimitReached, ValidationError."""
    permissions.can_run_room(by, room).enforce()
    limits.MODERATING_ROOMS.spend(by)
    if seconds not in Room.SLOW:
        raise ValidationError("Select how long people wait between two messages")
    with transaction.atomic():
        room = Room.objects.select_for_update(of=("self",)).select_related("network").get(pk=room.pk)
        if room.slow_seconds != seconds:
            room.slow_seconds = seconds
            room.save(update_fields=["slow_seconds"])
            record("set slow mode", room, by=by, network=room.network, seconds=seconds)
    return room


def lock_room(room: Room, *, lock: str, by: Member) -> Room:
    """Says who may write in a room, or read in it too; `Room.Lock.NONE` unlocks it. Those who may no longer read are
    shut out within a second or two. Raises Refused, LimitReached, ValidationError."""
    permissions.can_moderate_room(by, room).enforce()
    limits.MODERATING_ROOMS.spend(by)
    if lock not in Room.Lock:
        raise ValidationError("Select who may write in this room")
    with transaction.atomic():
        ask_every_socket_again(room)
        room = Room.objects.select_for_update(of=("self",)).select_related("network").get(pk=room.pk)
        if room.lock != lock:
            room.lock = lock
            room.save(update_fields=["lock"])
            record("locked room" if lock else "unlocked room", room, by=by, network=room.network, lock=lock)
    return room


def shut_out(membership: Membership) -> None:
    """Closes the sockets that a former member still has in rooms of the network. Those of other processes see the
    network's access version move within a second."""
    transaction.on_commit(lambda: realtime.shut_out(membership.member_id, membership.network_id), robust=True)


def end_listening(session_key: str) -> None:
    """Closes the sockets of a session that was ended. Those of other processes find out within seconds."""
    transaction.on_commit(lambda: realtime.session_ended(session_key), robust=True)
