from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from forums import limits, markup, notifications, permissions
from forums.models import Room, RoomSanction, StandingRoomSanction
from forums.models.room import RoomSanctionQuerySet, StandingRoomSanctionQuerySet
from network.actions.audit import record
from network.models import Member, Membership, Network

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
        earlier = _in_force(room, member, RoomSanction.Kind.TIME_OUT)
        of_former_addresses = list(StandingRoomSanction.objects.filter(given__in=earlier).in_force(now))
        earlier.update(lifted_at=now)
        given = RoomSanction.objects.create(
            room=room,
            member=member,
            kind=RoomSanction.Kind.TIME_OUT,
            until=now + lasts,
            reason=markup.legible(reason),
            by=by,
            at=now,
        )
        for mark in of_former_addresses:
            mark.given, mark.until = given, given.until
            mark.save(update_fields=["given", "until"])
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
        ask_every_socket_again(room)
        if RoomSanction.objects.filter(pk=given.pk, lifted_at=None).update(lifted_at=now):
            StandingRoomSanction.objects.filter(given=given).delete()  # of addresses that they had before
            record(verb, room, by=by, network=room.network, member=given.member_id)


def keep_room_sanctions(member: Member, address: str, *, now: datetime | None = None) -> None:
    """The site's own part of a verb by which an address is a member's no more: neither closing the account nor another
    address is a way round a time-out, or back into a room from which they were removed. Of each that is not over a mark
    of the mailbox stays: of a time-out until it ends, of a removal as long as there is the room, and of the reason
    nothing."""
    now = now or timezone.now()
    own = RoomSanction.objects.in_force(now).filter(member=member).select_related("room__network").order_by("pk")
    with transaction.atomic():
        for given in own.select_for_update(of=("self",)):  # a facilitator may be lifting it
            earlier = StandingRoomSanction.objects.filter(given=given).first()
            kept, is_new = StandingRoomSanction.objects.get_or_create(
                room=given.room,
                kind=given.kind,
                mailbox_digest=StandingRoomSanction.digest_of(address),
                defaults={
                    "until": given.until,
                    "at": now,
                    "given": given,
                    "sanction": earlier.sanction if earlier else uuid4(),
                },
            )
            if not is_new and kept.given_id != given.pk:  # of another account, not come back to: the later end counts
                if kept.until and given.until and given.until > kept.until:
                    kept.until = given.until
                kept.given = kept.sanction = None
                kept.save(update_fields=["until", "given", "sanction"])
            record("kept room sanction", given.room, by=None, network=given.room.network, kind=given.kind)


def restore_in_network(membership: Membership, *, now: datetime | None = None) -> None:
    """Part of a verb by which somebody comes to belong to a network: in its rooms goes on what was not over when a
    mailbox like theirs left."""
    _restore(StandingRoomSanction.objects.filter(room__network=membership.network_id), membership.member, now=now)


def restore_in_room(room: Room, member: Member, *, now: datetime) -> None:
    """Part of a verb that lets somebody into one room: likewise, there."""
    _restore(StandingRoomSanction.objects.filter(room=room), member, now=now)


def _restore(marks: StandingRoomSanctionQuerySet, member: Member, *, now: datetime | None) -> None:
    now = now or timezone.now()
    waiting = marks.waiting_for(member).in_force(now).select_related("room__network").order_by("pk")
    for mark in waiting.select_for_update(of=("self",)):
        given = _in_force(mark.room, member, mark.kind).first()
        if given and mark.until and given.until and given.until < mark.until:
            RoomSanction.objects.filter(pk=given.pk).update(lifted_at=now)
            given = None
        if given is None:
            given = RoomSanction.objects.create(
                room=mark.room, member=member, kind=mark.kind, until=mark.until, reason=Membership.GOES_ON, at=now
            )
            # Its row goes with the account. The number of the member, and when it ends, would say for ever which
            # account had it first.
            record("restored room sanction", mark.room, by=None, network=mark.room.network, sanction=given.pk)
            notifications.room_sanctioned(given, now=now)
        # What waits for other addresses of the closed account ends with this.
        StandingRoomSanction.objects.others_of(mark).filter(given=None).update(given=given)
        mark.delete()


def forget_room_sanctions(*, now: datetime | None = None) -> int:
    """Deletes the marks of time-outs that are over; returns how many. The site itself does."""
    return StandingRoomSanction.objects.over(now or timezone.now()).delete()[0]


def ask_every_socket_again(room: Room) -> None:
    """Part of a verb: within a second every process asks whether those in the network's rooms may still be there.
    Before the room or a sanction is held, in the order in which closing an account takes the two."""
    Network.objects.filter(pk=room.network_id).update(access_version=F("access_version") + 1)


def _hold(room: Room) -> None:
    """Whoever speaks holds the room too: what they say comes before the sanction or is judged by it."""
    Room.objects.select_for_update(of=("self",)).get(pk=room.pk)


def _in_force(room: Room, member: Member, kind: str) -> RoomSanctionQuerySet:
    return RoomSanction.objects.filter(room=room, member=member, kind=kind, lifted_at=None)
