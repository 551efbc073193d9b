"""What wanting to know an answer and choosing in a poll have in common; and by what every process hears of that, and of
what waits for those who run a room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from forums import limits
from forums.models import Room
from network.models import Member

# What became of a vote; None: it stands as it was wanted, whether it did before or not.
Outcome = Exception | None


def spend_votes(member_ids: Sequence[int], *, now: datetime) -> list[Outcome]:
    """Part of a verb: counts a vote of each, in one trip to the cache. Whose limit is reached, for them that."""
    members = Member.objects.in_bulk(set(member_ids))
    return [*limits.VOTING.spend_together([members[member_id] for member_id in member_ids], now=now)]


def next_vote_version(room: Room) -> int:
    """Part of a verb: the version by which every process hears within a second what has changed of questions and polls.
    With the room held."""
    room.vote_version += 1
    room.save(update_fields=["vote_version"])
    return room.vote_version


def have_held_looked_at(room: Room) -> None:
    """Part of a verb: those who run the room are told within a second or two that something waits for them, or does no
    more. With the room held."""
    room.held_version += 1
    room.save(update_fields=["held_version"])
