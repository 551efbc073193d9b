"""What those who run a session do with its questions. Two of them may do something with one question at once: with the
room held the first one's decision stands, and the second is told what was decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions
from forums.actions import cases
from forums.actions.question_votes import recount, take_votes_back
from forums.actions.questions import publish, tell_of_question, write_step
from forums.actions.session_threads import hide_in_thread, show_in_thread
from forums.actions.votes import have_held_looked_at
from forums.live import access, log
from forums.models import Question, QuestionStep, QuestionVote, Room, RoomEvent
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member
from network.permissions import Refused, Verdict
from network.templatetags.components import clock

State = Question.State

# From which states a question comes to which. Answering one in writing also adds to what was answered already.
FROM = {
    State.ANSWERING: {State.WAITING, State.PARKED},
    State.ANSWERED: {State.WAITING, State.ANSWERING, State.PARKED},
    State.WRITTEN: {State.WAITING, State.ANSWERING, State.PARKED, State.ANSWERED, State.WRITTEN},
    State.PARKED: {State.WAITING, State.ANSWERING, State.PARKED},
    State.MERGED: {State.WAITING, State.ANSWERING, State.PARKED},
    State.REFUSED: set(State) - {State.REFUSED, State.WITHDRAWN},
    State.WAITING: set(State) - {State.WAITING, State.HELD, State.WITHDRAWN},
}
# What somebody has done with a question that is in a state.
DONE = {
    State.HELD: "taken this question back, to look at it again",
    State.WAITING: "put this question among those that wait",
    State.ANSWERING: "begun to answer this question",
    State.ANSWERED: "marked this question as answered live",
    State.WRITTEN: "answered this question in writing",
    State.PARKED: "parked this question",
    State.MERGED: "merged this question into another",
    State.REFUSED: "decided not to publish this question",
    State.WITHDRAWN: "taken this question back",
}
# What a decision may change of a question.
DECIDED = (
    "state",
    "state_at",
    "number",
    "answering_at",
    "answer",
    "answer_by",
    "parked_for",
    "merged_into",
    "reason",
)


class Overtaken(Refused):
    """Somebody else has done something with the question meanwhile; the message says who, what and when."""


def begin_answering(
    question: Question, *, by: Member, seen: int | None = None, now: datetime | None = None
) -> Question:
    """The speakers turn to a question. There is one at a time: what was being answered until now counts as answered
    live. `seen`, here and in the other verbs: the `last_step` that `by` had before them. Raises Overtaken, which is
    Refused, where somebody else was faster; Refused, LimitReached."""

    def change(room: Room, held: Question, now: datetime) -> State:
        for former in Question.objects.filter(room=room, state=State.ANSWERING).exclude(pk=held.pk):
            _count_as_answered(room, former, by=by, now=now)
        held.answering_at = held.answering_at or now
        return State.ANSWERING

    return _decide(question, State.ANSWERING, change, by=by, seen=seen, now=now)


def mark_answered(question: Question, *, by: Member, seen: int | None = None, now: datetime | None = None) -> Question:
    """A question was answered live. Raises Refused, LimitReached."""

    def change(room: Room, held: Question, now: datetime) -> State:
        # With nobody having said when it began, this is the nearest place in the recording.
        held.answering_at = held.answering_at or now
        return State.ANSWERED

    return _decide(question, State.ANSWERED, change, by=by, seen=seen, now=now)


def write_answer(
    question: Question, answer: str, *, by: Member, seen: int | None = None, now: datetime | None = None
) -> Question:
    """Answers a question in writing, for everybody to read; of one that was answered live, the gist of what was said,
    and it stays answered live. Raises Refused, LimitReached, ValidationError."""
    answer = _legible(answer, Question.LONGEST_ANSWER, "answer", "Enter the answer", "The answer")

    def change(room: Room, held: Question, now: datetime) -> State:
        held.answer, held.answer_by = answer, by
        return State.ANSWERED if held.state == State.ANSWERED else State.WRITTEN

    def is_again(held: Question) -> bool:
        return held.shown_answer == answer

    may = permissions.can_write_as_host
    return _decide(question, State.WRITTEN, change, by=by, seen=seen, now=now, is_again=is_again, may=may)


def park_question(
    question: Question, person: Member, *, by: Member, seen: int | None = None, now: datetime | None = None
) -> Question:
    """Parks a question for somebody who is to answer it later, and tells them. It has to be somebody who may come
    into the room, for they are to read it. Raises Refused, LimitReached, ValidationError."""

    def change(room: Room, held: Question, now: datetime) -> State:
        if not access.belonging(room.pk).filter(pk=person.pk).exists():
            words = f"{person} cannot come into this room, so they could not read the question"
            raise ValidationError(words, code="outside")
        held.parked_for = person
        if person != by:
            notifications.question_parked(held, now=now)
        return State.PARKED

    def is_again(held: Question) -> bool:
        return held.state == State.PARKED and held.parked_for == person

    return _decide(question, State.PARKED, change, by=by, seen=seen, now=now, is_again=is_again)


def merge_question(
    question: Question, into: Question, *, by: Member, seen: int | None = None, now: datetime | None = None
) -> Question:
    """Lets a question be asked by another one of its room. Whoever wants to know its answer, or asked it, counts there
    from now on, each of them once, and what was merged into it goes with it. Where one of the two was asked without a
    name, whoever asked does not count. Raises Refused, LimitReached, ValidationError."""

    def change(room: Room, held: Question, now: datetime) -> State:
        target = Question.objects.published().filter(room=room, pk=into.pk).exclude(pk=held.pk).first()
        if target is None or target.state in (State.MERGED, *Question.GONE):
            raise ValidationError("Select another question that stands in this room", code="target")
        if not Question.objects.shown_to_all().filter(pk=target.pk).exists():
            # The line of this question would tell the other's number, and the votes that there is one.
            raise ValidationError("Others do not see that question yet. Try again in a few seconds", code="target")
        held.merged_into = target
        for other in Question.objects.filter(merged_into=held):
            _merge_too(room, other, target, by=by, now=now)
        _take_votes_along(room, held, target, now=now)
        record("merged question", held, by=by, network=room.network, into=target.pk)
        return State.MERGED

    def is_again(held: Question) -> bool:
        return held.state == State.MERGED and held.merged_into == into

    return _decide(question, State.MERGED, change, by=by, seen=seen, now=now, is_again=is_again)


def publish_question(
    question: Question, *, by: Member, seen: int | None = None, now: datetime | None = None
) -> Question:
    """Lets everybody read a question that waited for it, or was not to be published at first: only now it gets its
    number. Raises Refused, LimitReached."""

    def change(room: Room, held: Question, now: datetime) -> State:
        if held.number is not None:
            raise Refused("This question was published already. It can be put back among those that wait.")
        publish(room, held)
        held.reason = ""
        record("published question", held, by=by, network=room.network)
        return State.WAITING

    return _decide(question, State.WAITING, change, by=by, seen=seen, now=now, allowed={State.HELD, State.REFUSED})


def refuse_question(
    question: Question, reason: str, *, by: Member, seen: int | None = None, now: datetime | None = None
) -> Question:
    """Does not publish a question, and tells whoever asked it why. Of one that everybody has read, its words are gone
    for them within a second or two; taken away by a facilitator, that decides what was reported of it, and can be
    appealed against. Raises Refused, LimitReached, ValidationError."""
    reason = _legible(reason, 300, "words", "Enter why it is not published", "The reason")

    def change(room: Room, held: Question, now: datetime) -> State:
        held.reason = reason
        record("refused question", held, by=by, network=room.network)
        notifications.question_refused(held, now=now)
        if held.number is not None and permissions.can_moderate_room(by, room):
            cases.note_hidden(held, room.network, by=by, reason=reason, now=now)
            hide_in_thread(held, by=by, now=now)
        return State.REFUSED

    over = permissions.can_take_question_away
    return _decide(question, State.REFUSED, change, by=by, seen=seen, now=now, over=over)


def put_back(question: Question, *, by: Member, seen: int | None = None, now: datetime | None = None) -> Question:
    """Undoes what was decided: the question waits again, or, where nobody has read it yet, waits to be published. What
    came with it into another question goes with it again. An answer that was written is kept for whoever writes the
    next one, and shown to nobody. What was decided about a report, or waits for that, only a facilitator puts back.
    Raises Refused, LimitReached."""

    def change(room: Room, held: Question, now: datetime) -> State:
        if held.state in (State.MERGED, State.REFUSED):
            record("put question back", held, by=by, network=room.network)
        if held.state == State.REFUSED and held.number is not None:
            notifications.question_shown(held, now=now)
            cases.note_shown(held, by=by, now=now)
            show_in_thread(held, by=by, now=now)
        take_votes_back(room, held)
        held.reason = ""
        return State.WAITING if held.number is not None else State.HELD

    over = permissions.can_restore_question
    return _decide(question, State.WAITING, change, by=by, seen=seen, now=now, over=over)


def reveal_asker(question: Question, *, by: Member, now: datetime | None = None) -> Member:
    """Who asked a question without their name, for a facilitator: each look is written down, and can be read by whoever
    else may look. Raises Refused, LimitReached."""
    permissions.can_see_asker(by, question).enforce()
    limits.HOSTING.spend(by, now=now)
    with transaction.atomic():
        record("looked at who asked", question, by=by, network=question.room.network)
        return question.author


def _count_as_answered(room: Room, former: Question, *, by: Member, now: datetime) -> None:
    former.state, former.state_at = State.ANSWERED, now
    former.save(update_fields=["state", "state_at"])
    write_step(room, former, by=by, now=now)


def _merge_too(room: Room, other: Question, target: Question, *, by: Member, now: datetime) -> None:
    other.merged_into = target
    other.save(update_fields=["merged_into"])
    tell_of_question(room, other, RoomEvent.Kind.QUESTION_STATE, by=by, now=now)


def _take_votes_along(room: Room, held: Question, target: Question, *, now: datetime) -> None:
    given = QuestionVote.objects.filter(question=held).values_list("member", "came_with", "came_with__author")
    # Askers are known by name: were they counted, a number that does not go up would say that the same person has asked
    # the other one without their name.
    counts_askers = not (held.unnamed_as or target.unnamed_as)
    wanting = {held.author_id: held.pk} if counts_askers else {}
    wanting |= {member: came_with or held.pk for member, came_with, asker in given if counts_askers or member != asker}
    wanting.pop(target.author_id, None)
    QuestionVote.objects.bulk_create(
        [
            QuestionVote(question=target, member_id=member, came_with_id=came_with, at=now)
            for member, came_with in sorted(wanting.items())
        ],
        ignore_conflicts=True,
    )
    recount(room, {target.pk})


def _decide(
    question: Question,
    wanted: State,
    change: Callable[[Room, Question, datetime], State],
    *,
    by: Member,
    seen: int | None,
    now: datetime | None,
    allowed: set[State] | None = None,
    is_again: Callable[[Question], bool] | None = None,
    may: Callable[[Member, Room], Verdict] = permissions.can_run_room,
    over: Callable[[Member, Question], Verdict] | None = None,
) -> Question:
    """`change` is given the question with its room held, and says which state it comes to. `over`: whether they may do
    it with this question. The same host wanting the same twice (`is_again`) is a double click: nothing is written the
    second time."""
    now = now or timezone.now()
    may(by, question.room).enforce()
    limits.HOSTING.spend(by, now=now)
    with transaction.atomic():
        hold_account(by)
        room = log.hold(question.room_id)
        # Asked with the room held: whoever has just stopped being a host decides nothing any more.
        may(by, room).enforce()
        held = Question.objects.with_asker().get(pk=question.pk)
        last = held.steps.select_related("by").order_by("pk").last()
        is_done = held.state == wanted if is_again is None else is_again(held)
        if is_done and last and last.by == by:
            return held
        if seen is not None and last and last.pk != seen:
            raise Overtaken(_what_was_done(last, by))
        if held.state not in (FROM[wanted] if allowed is None else allowed):
            raise Overtaken(_what_was_done(last, by) if last else "This cannot be done with the question as it is.")
        if over is not None:
            over(by, held).enforce()
        was, is_new = held.state, held.number is None
        held.parked_for = held.merged_into = None
        held.state = change(room, held, now)
        if held.state != was:
            held.state_at = now
        held.save(update_fields=DECIDED)
        if is_new:
            have_held_looked_at(room)
        write_step(room, held, by=by, is_new=is_new, now=now)
    return held


def _what_was_done(last: QuestionStep, by: Member) -> str:
    who = "You have" if last.by == by else f"{last.by} has" if last.by else "Somebody has"
    return f"{who} already {DONE[State(last.state)]}, at {clock(timezone.localtime(last.at))}. Nothing was changed."


def _legible(words: str, longest: int, field: str, missing: str, called: str) -> str:
    """Raises ValidationError, which belongs beside the field."""
    words = markup.legible(words).strip()
    if not markup.is_seen(words):
        raise ValidationError({field: missing})
    if len(words) > longest:
        raise ValidationError({field: f"{called} can have at most {longest:,} characters"})
    return words
