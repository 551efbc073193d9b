"""Saying that one wants to know something too: many at once, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from forums import permissions
from forums.actions.votes import Outcome, next_vote_version, spend_votes
from forums.live import access, log
from forums.models import Question, QuestionVote, Room
from network.models import Member
from network.permissions import Refused


@dataclass(frozen=True, slots=True)
class Voting:
    member_id: int
    question: int  # its number in the room
    is_given: bool  # or taken back


def vote_for(question: Question, *, by: Member, is_given: bool = True, now: datetime | None = None) -> None:
    """Counts a member among those who want to know, or takes that back; twice is once. Everybody sees how many they are
    within a second or two. Raises Refused, LimitReached, ValidationError."""
    voting = Voting(by.pk, question.number or 0, is_given)
    [outcome] = vote_together(question.room_id, [voting], now=now)
    if outcome is not None:
        raise outcome


def vote_together(room_id: int, votings: Sequence[Voting], *, now: datetime | None = None) -> list[Outcome]:
    """What several members want, in that order and in one transaction, each judged by itself: how sockets vote. Raises
    Room.DoesNotExist."""
    now = now or timezone.now()
    outcomes = spend_votes([voting.member_id for voting in votings], now=now)
    with transaction.atomic():
        room = log.hold(room_id)
        wanted = {voting.question for voting in votings}
        # What not everybody sees yet has no votes, for their number would tell that it is there.
        found = Question.objects.shown_to_all().filter(room=room, number__in=wanted)
        questions = {question.number: question for question in found}
        belonging = access.members(room_id, {voting.member_id for voting in votings})
        # The last word of each counts.
        decided: dict[tuple[int, int], bool] = {}
        for place, voting in enumerate(votings):
            if outcomes[place] is not None:
                continue
            question = questions.get(voting.question)
            if question is None:
                outcomes[place] = ValidationError("This question is not in the room")
                continue
            question.room = room
            try:
                permissions.can_vote_for_as(
                    voting.member_id in belonging, voting.member_id, question, now=now
                ).enforce()
            except Refused as refused:
                outcomes[place] = refused
            else:
                decided[question.pk, voting.member_id] = voting.is_given
        if decided:
            _write(room, decided, now=now)
    return outcomes


def _write(room: Room, decided: dict[tuple[int, int], bool], *, now: datetime) -> None:
    given = [key for key, is_given in decided.items() if is_given]
    QuestionVote.objects.bulk_create(
        [QuestionVote(question_id=question, member_id=member, at=now) for question, member in given],
        ignore_conflicts=True,
    )
    for (question, member), is_given in decided.items():
        if not is_given:
            QuestionVote.objects.filter(question=question, member=member).delete()
    recount(room, {question for question, _ in decided})


def recount(room: Room, questions: set[int]) -> None:
    """Part of a verb that changed who wants to know: counts anew, and has every process look. With the room held."""
    rows = QuestionVote.objects.filter(question__in=questions).order_by().values_list("question").annotate(Count("pk"))
    counts, version = dict(rows), next_vote_version(room)
    for question in sorted(questions):
        Question.objects.filter(pk=question).update(votes=counts.get(question, 0), voted=version)


def take_votes_back(room: Room, question: Question) -> None:
    """Part of a verb: what came with a question into another one goes with it again. With the room held."""
    moved = QuestionVote.objects.filter(came_with=question)
    if targets := set(moved.values_list("question", flat=True)):
        moved.delete()
        recount(room, targets)
