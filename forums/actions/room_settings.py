"""What the host of a session decides for it: its rules."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from forums import limits, markup, permissions
from forums.live import log
from forums.models import Room
from network.actions.audit import record
from network.models import Member
from network.permissions import Refused

MOST_HELD_WORDS = 200
LONGEST_HELD_WORD = 50


@dataclass(frozen=True, slots=True)
class RoomRules:
    takes_questions: bool
    allows_unnamed: bool
    holds_questions: bool
    is_chatham_house: bool
    delay_seconds: int
    held_words: str  # one to a line

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in fields(cls)]

    @classmethod
    def of(cls, room: Room) -> RoomRules:
        return cls(**{name: getattr(room, name) for name in cls.names()})

    @property
    def stamp(self) -> str:
        """Another one for other rules."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()


class RulesChanged(Refused):
    """Somebody else has changed the rules since `by` opened them."""


def set_room_rules(room: Room, rules: RoomRules, *, by: Member, seen: str = "", now: datetime | None = None) -> Room:
    """Sets all the rules of a session at once; what was asked or said before stays as it came. The Chatham House rule
    cannot be lifted once anybody has said or asked anything: they relied on it. `seen`: the stamp of those that `by`
    had before them. Raises RulesChanged, which is Refused, where they are others by now; Refused, LimitReached;
    ValidationError by field."""
    permissions.can_run_room(by, room).enforce()
    limits.HOSTING.spend(by, now=now)
    held_words = check_held_words(rules.held_words)
    if rules.delay_seconds not in Room.DELAYS:
        raise ValidationError({"delay_seconds": "Select how long others wait for what is said"})
    with transaction.atomic():
        room = log.hold(room.pk)
        permissions.can_run_room(by, room).enforce()
        if seen and seen != RoomRules.of(room).stamp:
            raise RulesChanged("Somebody else has just changed these rules. Look at them again before you save yours.")
        if room.is_chatham_house and not rules.is_chatham_house and (room.last_seq or room.questions.exists()):
            words = "People have spoken here under the Chatham House rule, so it stays"
            raise ValidationError({"is_chatham_house": words})
        wanted = replace(rules, held_words=held_words)
        changed = [name for name in RoomRules.names() if getattr(room, name) != getattr(wanted, name)]
        if changed:
            for name in changed:
                setattr(room, name, getattr(wanted, name))
            room.save(update_fields=changed)
            record("set room rules", room, by=by, network=room.network, rules=sorted(changed))
    return room


def check_held_words(typed: str) -> str:
    """One word, or some that follow each other, to a line; each once, whatever its capitals. Raises ValidationError."""
    lines = (" ".join(line.split()) for line in markup.legible(typed).splitlines())
    words = list({line.casefold(): line for line in lines if line}.values())
    if len(words) > MOST_HELD_WORDS:
        raise ValidationError({"held_words": f"There can be at most {MOST_HELD_WORDS} words to wait for"})
    if too_long := next((word for word in words if len(word) > LONGEST_HELD_WORD), None):
        shown = f"{too_long[:LONGEST_HELD_WORD]}…"
        raise ValidationError({"held_words": f"“{shown}” is longer than {LONGEST_HELD_WORD} characters"})
    return "\n".join(words)
