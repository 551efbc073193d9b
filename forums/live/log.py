"""The log of a room: events numbered from 1 without gaps. The number is given in the transaction that writes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from forums.models import Message, MessageReaction, Poll, Question, Room, RoomEvent
from forums.models.message_reaction import Tally
from forums.models.room import is_open_at, without_names
from network.models.insertion import insert

# Whose event, and what their browser called it: unique in a room.
Key = tuple[int, uuid.UUID]


@dataclass(frozen=True, slots=True)
class Line:
    """One event with the message, question or poll that it is about, as that is now."""

    event: RoomEvent
    message: Message | None = None
    question: Question | None = None
    poll: Poll | None = None


@dataclass(frozen=True, slots=True)
class Tail:
    """How far a room's log has come, and what else its hub watches. Read in one query for many rooms."""

    room_id: int
    network_id: int
    epoch: uuid.UUID
    last_seq: int
    access_version: int
    opens_at: datetime
    closes_at: datetime
    slow_seconds: int = 0
    lock: str = Room.Lock.NONE
    reaction_version: int = 0
    vote_version: int = 0
    delay_seconds: int = 0
    takes_questions: bool = True
    is_chatham_house: bool = False
    held_version: int = 0

    def is_open(self, now: datetime) -> bool:
        return is_open_at(now, self.opens_at, self.closes_at)


def hold(room_id: int) -> Room:
    """The room, locked until the transaction ends: writers of one room wait for each other, and that is the order.
    Raises Room.DoesNotExist."""
    return Room.objects.select_for_update(of=("self",)).select_related("network").get(pk=room_id)


def written(room_id: int, keys: Iterable[Key]) -> dict[Key, int]:
    """The numbers of those events that stand in the log already. Asked with the room held, the answer stays true."""
    wanted = set(keys)
    found = RoomEvent.objects.filter(
        room=room_id,
        actor__in={actor for actor, _ in wanted},
        client_id__in={client_id for _, client_id in wanted},
    ).values_list("actor", "client_id", "seq")
    numbers = {(actor, client_id): seq for actor, client_id, seq in found}
    return {key: numbers[key] for key in wanted if key in numbers}


def append(room: Room, events: Sequence[RoomEvent]) -> None:
    """Numbers the events and writes them. `room` comes from `hold`, in the same transaction: a transaction that fails
    gives its numbers back, so there are no gaps."""
    for seq, event in enumerate(events, start=room.last_seq + 1):
        event.room, event.seq = room, seq
    insert(events)
    room.last_seq += len(events)
    room.save(update_fields=["last_seq"])


def after(room_id: int, seq: int, limit: int) -> list[Line]:
    """What comes after N, with the words as they stand now."""
    return _lines(room_id, RoomEvent.objects.filter(room=room_id).after(seq)[:limit])


def _lines(room_id: int, found: Iterable[RoomEvent]) -> list[Line]:
    events = list(found)
    numbers = {event.target_seq or event.seq for event in events if not (event.question_id or event.poll_id)}
    messages = {message.seq: message for message in Message.objects.filter(room=room_id, seq__in=numbers).with_author()}
    questions = Question.objects.with_asker().in_bulk({event.question_id for event in events if event.question_id})
    polls = Poll.objects.whole().in_bulk({event.poll_id for event in events if event.poll_id})
    return [
        Line(
            event,
            messages.get(event.target_seq or event.seq),
            questions.get(event.question_id),
            polls.get(event.poll_id),
        )
        for event in events
    ]


def shown_to_all(room_id: int, *, now: datetime | None = None) -> int:
    """How far everybody may read in a room: up to the first event that is younger than its delay. 0 where there is no
    such room."""
    room = Room.objects.filter(pk=room_id).first()
    return room.shown_to_all(now) if room else 0


def tails(room_ids: Iterable[int]) -> dict[int, Tail]:
    """How far the rooms have come; a room that is gone is missing."""
    rows = Room.objects.filter(pk__in=list(room_ids)).values_list(
        "pk",
        "network",
        "epoch",
        "last_seq",
        F("network__access_version"),
        "opens_at",
        "closes_at",
        "slow_seconds",
        "lock",
        "reaction_version",
        "vote_version",
        "delay_seconds",
        "takes_questions",
        "is_chatham_house",
        "held_version",
    )
    return {row[0]: _as_now(Tail(*row)) for row in rows}


def _as_now(tail: Tail) -> Tail:
    """With the epoch as browsers know it, which is another once the room's lines say no names."""
    is_nameless = tail.is_chatham_house and timezone.now() >= tail.closes_at
    return replace(tail, epoch=without_names(tail.epoch)) if is_nameless else tail


# As many questions, or polls, as one frame tells the votes of.
VOTED = 300


# As many messages as one frame tells the reactions of.
REACTED = 150


def reactions_since(room_id: int, version: int) -> Tally:
    """How often the messages were reacted to that anybody reacted to since: nothing, where all was taken back. Of very
    many only the latest."""
    changed = Message.objects.filter(room=room_id, reacted__gt=version).order_by("-reacted", "-seq")
    numbers = dict(changed.values_list("seq", "pk")[:REACTED])
    given = MessageReaction.objects.filter(message__in=numbers.values()).tally()
    return {seq: given.get(seq, {}) for seq in numbers}


def votes_since(room_id: int, version: int) -> dict[str, dict[str, Any]]:
    """What has changed of what people vote for, as everybody may know it: by "q", how many want to know a question's
    answer; by "p", of a poll how many have voted, and how often each option was chosen where everybody may see that."""
    questions = Question.objects.filter(room=room_id, voted__gt=version).published().order_by("-voted")
    polls = Poll.objects.filter(room=room_id, voted__gt=version).published().whole()
    return {
        "q": {str(number): votes for number, votes in questions.values_list("number", "votes")[:VOTED]},
        "p": {str(poll.pk): poll_counts(poll) for poll in polls.order_by("-voted")[:VOTED]},
    }


def poll_counts(poll: Poll) -> dict[str, Any]:
    """`n`: how many have voted; `o`: each option's votes, by its number, only where everybody may see them."""
    counts: dict[str, Any] = {"n": poll.voters}
    if poll.shows_results_to_everybody():
        counts["o"] = {str(option.pk): option.votes for option in poll.options.all()}
    return counts
