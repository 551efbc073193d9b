"""What the host of a session decides for it: its rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from forums import limits, markup, permissions
from forums.live import log
from forums.models import Room
from network.actions.audit import record
from network.models import Member

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
    def of(cls, room: Room) -> RoomRules:
        return cls(
            takes_questions=room.takes_questions,
            allows_unnamed=room.allows_unnamed,
            holds_questions=room.holds_questions,
            is_chatham_house=room.is_chatham_house,
            delay_seconds=room.delay_seconds,
            held_words=room.held_words,
        )


def set_room_rules(room: Room, rules: RoomRules, *, by: Member, now: datetime | None = None) -> Room:
    """Sets all the rules of a session at once; what was asked or said before stays as it came. The Chatham House rule
    cannot be lifted once anybody has said or asked anything: they relied on it. Raises Refused, LimitReached,
    ValidationError by field."""
    permissions.can_run_room(by, room).enforce()
    limits.HOSTING.spend(by, now=now)
    held_words = check_held_words(rules.held_words)
    if rules.delay_seconds not in Room.DELAYS:
        raise ValidationError({"delay_seconds": "Select how long others wait for what is said"})
    with transaction.atomic():
        room = log.hold(room.pk)
        permissions.can_run_room(by, room).enforce()
        if room.is_chatham_house and not rules.is_chatham_house and (room.last_seq or room.questions.exists()):
            words = "People have spoken here under the Chatham House rule, so it stays"
            raise ValidationError({"is_chatham_house": words})
        before = RoomRules.of(room)
        room.takes_questions = rules.takes_questions
        room.allows_unnamed = rules.allows_unnamed
        room.holds_questions = rules.holds_questions
        room.is_chatham_house = rules.is_chatham_house
        room.delay_seconds = rules.delay_seconds
        room.held_words = held_words
        after = RoomRules.of(room)
        changed = [name for name in RoomRules.__slots__ if getattr(before, name) != getattr(after, name)]
        if changed:
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
