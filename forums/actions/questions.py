from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from forums import limits, markup, permissions, realtime
from forums.actions.question_votes import recount
from forums.actions.votes import have_held_looked_at
from forums.held_words import HeldWords
from forums.live import access, log
from forums.models import Question, QuestionStep, QuestionVote, Room, RoomEvent
from forums.models.attendance import FEWEST
from network.models import Member, Viewer
from network.models.organisation import KINDS
from network.permissions import NOT_A_MEMBER

# Kinds of which there are so few that naming one names the council.
SINGULAR = {"city_of_london", "isles_of_scilly"}


@dataclass(frozen=True, slots=True)
class Inquiring:
    """What a member wants to ask. The same `client_id` twice is the same question, asked once."""

    member_id: int
    body: str
    client_id: uuid.UUID
    is_unnamed: bool = False


def ask_question(
    room: Room,
    *,
    by: Member,
    body: str,
    is_unnamed: bool = False,
    client_id: uuid.UUID | None = None,
    now: datetime | None = None,
) -> Question:
    """Asks a question in a session, by name or, where the host allows that, as an officer of some kind of council.
    Where the host holds questions, or for a word in it, it has no number, and nobody but the asker and those who run
    the room hear of it.
    With a `client_id` that the member has used in this room before, nothing is written and the question of then comes
    back. Raises Refused, LimitReached, ValidationError."""
    now = now or timezone.now()
    body = check_question(body)
    client_id = client_id or uuid.uuid4()
    asked = Question.objects.filter(room=room, author=by, client_id=client_id)
    if done := asked.first():
        return done
    permissions.can_ask(by, room, is_unnamed=is_unnamed, now=now).enforce()
    limits.ASKING.spend(by, now=now)
    with transaction.atomic():
        room = log.hold(room.pk)
        if done := asked.first():
            return done
        # Asked of the database again: an account that was closed meanwhile leaves no words behind.
        if not access.belonging(room.pk).filter(pk=by.pk).exists():
            NOT_A_MEMBER.enforce()
        permissions.can_ask(by, room, is_unnamed=is_unnamed, now=now).enforce()
        is_held = room.holds_questions
        if room.held_words and not permissions.can_run_room(by, room):
            is_held = is_held or HeldWords(room.held_words).are_in(body)
        question = Question.objects.create(
            room=room,
            author=by,
            organisation=by.organisation,
            unnamed_as=officer_at(by, room) if is_unnamed else "",
            client_id=client_id,
            body=body,
            asked_at=now,
            state=Question.State.HELD if is_held else Question.State.WAITING,
            state_at=now,
            number=None if is_held else _next_number(room),
        )
        QuestionStep.objects.create(question=question, state=question.state, at=now)
        if question.number is not None:
            tell_of_question(room, question, RoomEvent.Kind.QUESTION, by=None, now=now)
        else:
            have_held_looked_at(room)
    return question


def withdraw_question(question: Question, *, by: Member, now: datetime | None = None) -> Question:
    """Whoever asked a question takes it back, while nobody has dealt with it: its place says so, and its words and the
    votes for it are gone; twice is once. Raises Refused, LimitReached."""
    now = now or timezone.now()
    if question.state == Question.State.WITHDRAWN and question.author == by:
        return question
    permissions.can_withdraw_question(by, question).enforce()
    limits.TAKING_QUESTIONS_BACK.spend(by, now=now)
    with transaction.atomic():
        room = log.hold(question.room_id)
        held = Question.objects.with_asker().get(pk=question.pk)
        held.room = room
        if held.state == Question.State.WITHDRAWN and held.author == by:
            return held
        permissions.can_withdraw_question(by, held).enforce()
        waited = held.state == Question.State.HELD
        held.body, held.state, held.state_at = "", Question.State.WITHDRAWN, now
        held.save(update_fields=["body", "state", "state_at"])
        # Who asked stands in no step, nor in a line.
        QuestionStep.objects.create(question=held, state=held.state, at=now)
        if QuestionVote.objects.filter(question=held).delete()[0]:
            recount(room, {held.pk})
        if waited:
            have_held_looked_at(room)
        if held.number is not None:
            tell_of_question(room, held, RoomEvent.Kind.QUESTION_STATE, by=None, now=now)
    return held


def tell_of_question(
    room: Room, question: Question, kind: RoomEvent.Kind, *, by: Member | None, now: datetime
) -> RoomEvent:
    """Part of a verb: writes a line about a question into the log and tells those who listen, after commit. `room`
    comes from `log.hold`. `by`: who runs the room, or None of what its asker does, who stands in no line."""
    event = RoomEvent(kind=kind, question=question, actor=by, at=now)
    log.append(room, [event])
    shown = Question.objects.with_asker().get(pk=question.pk)
    transaction.on_commit(lambda: realtime.lines_written(room, [log.Line(event, question=shown)]), robust=True)
    return event


def write_step(room: Room, question: Question, *, by: Member | None, is_new: bool = False, now: datetime) -> None:
    """Part of a verb: that a question has come to the state that it is in. Of one that has no number yet nobody else
    hears. With the room held; `by` None: the site itself."""
    QuestionStep.objects.create(question=question, state=question.state, by=by, at=now)
    if question.number is not None:
        kind = RoomEvent.Kind.QUESTION if is_new else RoomEvent.Kind.QUESTION_STATE
        tell_of_question(room, question, kind, by=by, now=now)


def _next_number(room: Room) -> int:
    """With the room held."""
    room.last_question += 1
    room.save(update_fields=["last_question"])
    return room.last_question


def publish(room: Room, question: Question) -> None:
    """Part of a verb: gives a held question its number. With the room held."""
    question.number = _next_number(room)


def officer_at(member: Viewer, room: Room) -> str:
    """Who asks without a name in a room, as everybody reads it: never which council, nor a kind by which whoever knows
    who belongs there would know them. Nobody from outside the councils passes for an officer."""
    if member.is_authenticated and member.kind != Member.Kind.OFFICER:
        return "Somebody from outside the councils"
    organisation = member.organisation if member.is_authenticated else None
    # In a room in which everybody asks by name nobody is shown so, and nothing is counted.
    if organisation is None or not room.allows_unnamed or organisation.kind not in _kinds_told(room):
        return "An officer"
    kind = KINDS[organisation.kind]
    if not kind.startswith(("London", "Scottish", "Welsh", "Northern")):
        kind = kind[0].lower() + kind[1:]
    return f"An officer at a {kind}"


def _kinds_told(room: Room) -> set[str]:
    """Kinds of which at least FEWEST councils have somebody who may come in. The councils of which no kind is told are
    as many, or none: were there one, "an officer" would be somebody from there."""
    here = Member.objects.filter(pk__in=access.belonging(room.pk).values("pk"), kind=Member.Kind.OFFICER)
    rows = here.order_by().values_list("organisation__kind").annotate(Count("organisation", distinct=True))
    counts = {kind: councils or 1 for kind, councils in rows}  # those of no council have no kind
    told = sorted(
        (kind for kind, councils in counts.items() if kind in KINDS and kind not in SINGULAR and councils >= FEWEST),
        key=lambda kind: (-counts[kind], kind),
    )
    others = sum(councils for kind, councils in counts.items() if kind not in told)
    while told and 0 < others < FEWEST:
        others += counts[told.pop()]
    return set(told)


def check_question(body: str) -> str:
    """The question as it is kept, on one line: without what nobody sees, or what turns the direction of writing around
    for all that stands after it. Raises ValidationError for one that is empty or too long."""
    body = " ".join(markup.legible(body).split())
    if not markup.is_seen(body):
        raise ValidationError("Enter your question")
    if len(body) > Question.MAX_LENGTH:
        raise ValidationError(f"Your question is too long: it can have at most {Question.MAX_LENGTH} characters")
    return body
