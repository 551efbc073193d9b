"""Questions of a session that were published, out of sight for what they say, and back: what is decided about reports.
Those who run the session take questions away and put them back by verbs of their own (`actions.hosting`)."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile

from forums import markup, notifications
from forums.actions import cases
from forums.actions.question_votes import take_votes_back
from forums.actions.questions import write_step
from forums.actions.session_threads import hide_in_thread, show_in_thread
from forums.actions.votes import have_held_looked_at
from forums.live import log
from forums.models import Question, QuestionStep
from network.actions.audit import record
from network.models import Member

State = Question.State

# What a question is again when it is shown again. Any other waits: the session has gone on.
KEPT = (State.ANSWERED, State.WRITTEN, State.PARKED)


def hide_held_question(question: Question, *, by: Member | None, reason: str, now: datetime) -> None:
    """Part of a verb: takes a published question out of sight, with what a thread says of it, and tells whoever asked
    it why. Its number and its votes stay. Out of sight by now, it stays so, for this reason, and the others in the room
    learn nothing of that. `by` None: the site itself, until a facilitator has looked."""
    room = log.hold(question.room_id)
    held = Question.objects.with_asker().get(pk=question.pk)
    held.room = room
    if held.number is None or held.state == State.WITHDRAWN:
        return
    was_shown = held.state != State.REFUSED
    if was_shown:
        held.state, held.state_at, held.merged_into = State.REFUSED, now, None
    held.reason = markup.legible(reason)
    held.save(update_fields=["state", "state_at", "merged_into", "reason"])
    record("hid question", held, by=by, network=room.network)
    notifications.question_refused(held, now=now)
    if by is not None:
        cases.note_hidden(held, room.network, by=by, reason=reason, now=now)
    hide_in_thread(held, by=by, now=now)
    if was_shown:
        write_step(room, held, by=by, now=now)
    else:
        have_held_looked_at(room)  # those who run the session, who may not read it any more


def show_held_question(question: Question, *, by: Member | None, now: datetime) -> None:
    """Part of a verb: brings it back as it was before, and tells whoever asked it. Merged into another one, it stands
    by itself again, with the votes that it brought. `by` None: nobody is to learn who answered an appeal."""
    room = log.hold(question.room_id)
    held = Question.objects.with_asker().get(pk=question.pk)
    held.room = room
    if held.number is None or held.state != State.REFUSED:
        return
    notifications.question_shown(held, now=now)
    held.state, held.state_at = _state_before(held) or (State.WAITING, now)
    held.reason = ""
    take_votes_back(room, held)
    held.save(update_fields=["state", "state_at", "reason"])
    record("restored question", held, by=by, network=room.network)
    cases.note_shown(held, by=by, now=now)
    show_in_thread(held, by=by, now=now)
    write_step(room, held, by=by, now=now)


def _state_before(held: Question) -> tuple[State, datetime] | None:
    """In which it was out of what is KEPT, and since when: a later step may have added to an answer."""
    steps = QuestionStep.objects.filter(question=held).exclude(state=State.REFUSED).order_by("-pk")
    last = steps.first()
    if last is None or last.state not in KEPT:
        return None
    since = [step.at for step in takewhile(lambda step: step.state == last.state, steps)][-1]
    return State(last.state), since
