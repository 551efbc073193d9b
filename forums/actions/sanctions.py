from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from forums import limits, markup, notifications, permissions
from forums.models import Room, RoomSanction
from forums.models.room import RoomSanctionQuerySet
from network.actions.audit import record
from network.models import Member, Network

SHORTEST, LONGEST = timedelta(seconds=10), timedelta(hours=24)


def give_time_out(
    room: Room, member: Member, *, lasts: timedelta, by: Member, reason: str, now: datetime | None = None
) -> RoomSanction:
    """A facilitator has somebody be silent in a room for a while, instead of any earlier time-out. They go on reading,
    and are told why. Raises Refused, LimitReached, ValidationError."""
    now = now or timezone.now()
    permissions.can_moderate_room(by, room).enforce()
    permissions.can_be_sanctioned(member, room).enforce()
    limits.MODERATING_ROOMS.spend(by, now=now)
    if not SHORTEST <= lasts <= LONGEST:
        raise ValidationError("A time-out lasts between 10 seconds and 24 hours")
    with transaction.atomic():
        _hold(room)
        _in_force(room, member, RoomSanction.Kind.TIME_OUT).update(lifted_at=now)
        given = RoomSanction.objects.create(
            room=room,
            member=member,
            kind=RoomSanction.Kind.TIME_OUT,
            until=now + lasts,
            reason=markup.legible(reason),
            by=by,
            at=now,
        )
        seconds = int(lasts.total_seconds())
        record("gave time-out", room, by=by, network=room.network, member=member.pk, seconds=seconds)
        notifications.room_sanctioned(given, now=now)
    return given


def remove_from_room(
    room: Room, member: Member, *, by: Member, reason: str, now: datetime | None = None
) -> RoomSanction:
    """A facilitator has somebody leave a room, for good or until they are let back in; in other rooms and in the
    network nothing changes. Their sockets are closed within a second or two. Removed already, they stay so with the
    reason of then. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_moderate_room(by, room).enforce()
    permissions.can_be_sanctioned(member, room).enforce()
    limits.MODERATING_ROOMS.spend(by, now=now)
    with transaction.atomic():
        ask_every_socket_again(room)
        _hold(room)
        if given := _in_force(room, member, RoomSanction.Kind.REMOVED).first():
            return given
        given = RoomSanction.objects.create(
            room=room, member=member, kind=RoomSanction.Kind.REMOVED, reason=markup.legible(reason), by=by, at=now
        )
        record("removed from room", room, by=by, network=room.network, member=member.pk)
        notifications.room_sanctioned(given, now=now)
    return given


def lift_sanction(given: RoomSanction, *, by: Member, now: datetime | None = None) -> None:
    """Ends a time-out, or lets somebody back in. Safe to repeat. Raises Refused, LimitReached."""
    now = now or timezone.now()
    room = given.room
    permissions.can_moderate_room(by, room).enforce()
    limits.MODERATING_ROOMS.spend(by, now=now)
    verb = "let back into room" if given.kind == RoomSanction.Kind.REMOVED else "lifted time-out"
    with transaction.atomic():
        if RoomSanction.objects.filter(pk=given.pk, lifted_at=None).update(lifted_at=now):
            record(verb, room, by=by, network=room.network, member=given.member_id)
            ask_every_socket_again(room)


def ask_every_socket_again(room: Room) -> None:
    """Part of a verb: within a second every process asks whether those in the network's rooms may still be there.
    Before the room is held, in the order in which closing an account takes the two."""
    Network.objects.filter(pk=room.network_id).update(access_version=F("access_version") + 1)


def _hold(room: Room) -> None:
    """Whoever speaks holds the room too: what they say comes before the sanction or is judged by it."""
    Room.objects.select_for_update(of=("self",)).get(pk=room.pk)


def _in_force(room: Room, member: Member, kind: str) -> RoomSanctionQuerySet:
    return RoomSanction.objects.filter(room=room, member=member, kind=kind, lifted_at=None)
