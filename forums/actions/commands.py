"""What sockets ask for, many at once: what is said is written together, everything else by its own verb."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError

from forums.actions.amendments import delete_message, edit_message
from forums.actions.message_reactions import react_to_message
from forums.actions.messages import Saying, say_together
from forums.actions.poll_votes import Choosing, choose_together
from forums.actions.question_votes import Voting, vote_together
from forums.actions.questions import Inquiring, ask_question
from forums.models import Message, Room, RoomEvent
from network.limits import LimitReached
from network.models import Member
from network.permissions import Refused


@dataclass(frozen=True, slots=True)
class Editing:
    member_id: int
    seq: int
    body: str
    client_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Deleting:
    member_id: int
    seq: int
    client_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Reacting:
    member_id: int
    seq: int
    kind: str
    is_given: bool


Command = Saying | Editing | Deleting | Reacting | Inquiring | Voting | Choosing


def carry_out(room_id: int, commands: Sequence[Command]) -> list[int | Exception]:
    """For each command the number in the log by which every reader has what came of it (0: it is no matter of the log),
    or why nothing did: Held, Refused, LimitReached, ValidationError. Raises Room.DoesNotExist."""
    sayings = [command for command in commands if isinstance(command, Saying)]
    votings = [command for command in commands if isinstance(command, Voting)]
    choosings = [command for command in commands if isinstance(command, Choosing)]
    said = iter(say_together(room_id, sayings) if sayings else [])
    voted = iter(vote_together(room_id, votings) if votings else [])
    chosen = iter(choose_together(room_id, choosings) if choosings else [])
    outcomes: list[int | Exception] = []
    for command in commands:
        match command:
            case Saying():
                outcome = next(said)
                outcomes.append(outcome.seq if isinstance(outcome, Message) else outcome)
            case Voting():
                outcomes.append(next(voted) or 0)
            case Choosing():
                outcomes.append(next(chosen) or 0)
            case _:
                outcomes.append(_one(room_id, command))
    return outcomes


def _one(room_id: int, command: Editing | Deleting | Reacting | Inquiring) -> int | Exception:
    try:
        member = Member.objects.select_related("organisation").get(pk=command.member_id)
        if isinstance(command, Inquiring):
            return _ask(room_id, command, member)
        found = Message.objects.visible_to(member).select_related("room__network")
        message = found.filter(room=room_id, seq=command.seq).first()
        if message is None:
            return ValidationError("This message is not in the room")
        match command:
            case Editing():
                return edit_message(message, by=member, body=command.body, client_id=command.client_id)
            case Deleting():
                return delete_message(message, by=member, client_id=command.client_id)
            case Reacting():
                react_to_message(message, command.kind, by=member, is_given=command.is_given)
                return 0
    except (OperationalError, InterfaceError):
        raise  # the whole batch is tried again: what was done already is done once
    except (Refused, LimitReached, ValidationError) as no:
        return no


def _ask(room_id: int, command: Inquiring, member: Member) -> int:
    """The line in which everybody has the question; 0 where it waits for the host."""
    room = Room.objects.select_related("network").get(pk=room_id)
    asked = ask_question(room, by=member, body=command.body, is_unnamed=command.is_unnamed, client_id=command.client_id)
    lines = RoomEvent.objects.filter(question=asked, kind=RoomEvent.Kind.QUESTION).values_list("seq", flat=True)
    return lines.first() or 0
