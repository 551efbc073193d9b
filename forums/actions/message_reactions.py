from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from forums import limits, permissions
from forums.models import Message, MessageReaction, Reaction, Room
from network.models import Member


def react_to_message(
    message: Message, kind: str, *, by: Member, is_given: bool = True, now: datetime | None = None
) -> None:
    """Gives a message a word of one of the kinds, or takes it back; twice is once. No line of the log: everybody sees
    how many there are by now, within a second or two, and nobody is told. Raises Refused, LimitReached,
    ValidationError."""
    now = now or timezone.now()
    permissions.can_react_to_message(by, message, now=now).enforce()
    if kind not in Reaction.Kind:
        raise ValidationError("There is no such reaction")
    limits.REACTING_LIVE.spend(by, now=now)
    with transaction.atomic():
        # In this order everywhere: the room, then what is in it.
        Room.objects.filter(pk=message.room_id).update(reaction_version=F("reaction_version") + 1)
        version = Room.objects.values_list("reaction_version", flat=True).get(pk=message.room_id)
        if is_given:
            given = MessageReaction(message=message, member=by, kind=kind, at=now)
            MessageReaction.objects.bulk_create([given], ignore_conflicts=True)
        else:
            MessageReaction.objects.filter(message=message, member=by, kind=kind).delete()
        Message.objects.filter(pk=message.pk).update(reacted=version)
