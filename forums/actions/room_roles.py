from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from forums import limits, notifications, permissions
from forums.actions.sanctions import restore_in_room
from forums.models import Room, RoomRole
from network.actions.audit import record
from network.models import Member, Membership, Network


def give_room_role(
    room: Room, member: Member, *, role: str, by: Member | None, now: datetime | None = None
) -> RoomRole:
    """Makes somebody host or speaker of one room, instead of what they were there before. `by` None is the site itself,
    as when the editor of an event names its speakers. Raises Refused, LimitReached."""
    now = now or timezone.now()
    if by is not None:
        permissions.can_give_room_roles(by, room).enforce()
    permissions.can_have_room_role(member, room, role).enforce()
    if by is not None:
        limits.GIVING_ROOM_ROLES.spend(by, now=now)
    with transaction.atomic():
        given, _ = RoomRole.objects.update_or_create(
            room=room, member=member, defaults={"role": role, "by": by, "at": now}
        )
        record("gave room role", given, by=by, network=room.network, role=role, member=member.pk)
        restore_in_room(room, member, now=now)
        notifications.room_role_given(given, now=now)
        # Whoever runs the room from now on may see more of it.
        Network.objects.filter(pk=room.network_id).update(access_version=F("access_version") + 1)
    return given


def take_room_role(given: RoomRole, *, by: Member | None) -> None:
    """Takes back what somebody was in a room; what they said there stays, labelled as it was. A speaker who is no
    member is shut out within a second. Raises Refused, LimitReached."""
    room = given.room
    if by is not None:
        permissions.can_give_room_roles(by, room).enforce()
        limits.GIVING_ROOM_ROLES.spend(by)
    with transaction.atomic():
        record("took back room role", given, by=by, network=room.network, role=given.role, member=given.member_id)
        given.delete()
        # Every open socket of the network's rooms is asked again.
        Network.objects.filter(pk=room.network_id).update(access_version=F("access_version") + 1)


def end_room_roles(membership: Membership) -> None:
    """Who leaves a network, or is shut out of it, hosts none of its rooms and speaks in none: being a speaker must not
    be a way to stay."""
    RoomRole.objects.filter(member=membership.member_id, room__network=membership.network_id).delete()
