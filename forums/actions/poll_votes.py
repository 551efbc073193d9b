"""Choosing in polls: many at once, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone

from forums import permissions
from forums.actions.votes import Outcome, next_vote_version, spend_votes
from forums.live import access, log
from forums.models import Poll, PollOption, PollVote, Room
from network.models import Member
from network.permissions import Refused


@dataclass(frozen=True, slots=True)
class Choosing:
    """What a member chooses in a poll: all of it, instead of what they chose before."""

    member_id: int
    poll: int
    options: tuple[int, ...]


def choose(poll: Poll, options: Sequence[int], *, by: Member, now: datetime | None = None) -> None:
    """Chooses options, by their numbers, in an open poll, instead of what the member chose before; twice is once.
    Raises Refused, LimitReached, ValidationError."""
    [outcome] = choose_together(poll.room_id, [Choosing(by.pk, poll.pk, tuple(options))], now=now)
    if outcome is not None:
        raise outcome


def choose_together(room_id: int, choosings: Sequence[Choosing], *, now: datetime | None = None) -> list[Outcome]:
    """What several members choose, in that order and in one transaction, each judged by itself: how sockets vote.
    Raises Room.DoesNotExist."""
    now = now or timezone.now()
    outcomes = spend_votes([choosing.member_id for choosing in choosings], now=now)
    with transaction.atomic():
        room = log.hold(room_id)
        polls = (
            Poll.objects.published()
            .filter(room=room, pk__in={choosing.poll for choosing in choosings})
            .prefetch_related("options")
            .in_bulk()
        )
        belonging = access.members(room_id, {choosing.member_id for choosing in choosings})
        chosen: dict[tuple[int, int], frozenset[int]] = {}
        for place, choosing in enumerate(choosings):
            if outcomes[place] is not None:
                continue
            poll = polls.get(choosing.poll)
            if poll is None:
                outcomes[place] = ValidationError("This poll is not in the room")
                continue
            poll.room = room
            try:
                permissions.can_choose_in_as(choosing.member_id in belonging, poll, now=now).enforce()
                chosen[poll.pk, choosing.member_id] = _checked(poll, choosing.options)
            except (Refused, ValidationError) as no:
                outcomes[place] = no
        if chosen:
            _write(room, polls, chosen, now=now)
    return outcomes


def _checked(poll: Poll, options: Sequence[int]) -> frozenset[int]:
    """Raises ValidationError."""
    chosen = frozenset(options)
    if not chosen:
        raise ValidationError("Choose an answer")
    if not chosen <= {option.pk for option in poll.options.all()}:
        raise ValidationError("This answer is not in the poll. Choose one of those below")
    if len(chosen) > 1 and not poll.is_multiple:
        raise ValidationError("Choose one answer")
    return chosen


def _write(room: Room, polls: dict[int, Poll], chosen: dict[tuple[int, int], frozenset[int]], *, now: datetime) -> None:
    touched = {poll for poll, _ in chosen}
    before: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    members = {member for _, member in chosen}
    rows = PollVote.objects.filter(poll__in=touched, member__in=members).values_list("poll", "member", "option")
    for poll, member, option in rows:
        before[poll, member].add(option)
    for (poll, member), options in chosen.items():
        if gone := before[poll, member] - options:
            PollVote.objects.filter(poll=poll, member=member, option__in=gone).delete()
    PollVote.objects.bulk_create(
        PollVote(poll_id=poll, option_id=option, member_id=member, is_only=not polls[poll].is_multiple, at=now)
        for (poll, member), options in chosen.items()
        for option in sorted(options - before[poll, member])
    )
    _count(room, [polls[pk] for pk in sorted(touched)])


def _count(room: Room, polls: Sequence[Poll]) -> None:
    """Counts the votes anew. With the room held."""
    given = PollVote.objects.filter(poll__in=polls).order_by()
    counts = dict(given.values_list("option").annotate(Count("pk")))
    voters = dict(given.values_list("poll").annotate(Count("member", distinct=True)))
    version = next_vote_version(room)
    for poll in polls:
        for each in poll.options.all():
            PollOption.objects.filter(pk=each.pk).update(votes=F("former_votes") + counts.get(each.pk, 0))
        Poll.objects.filter(pk=poll.pk).update(voters=F("former_voters") + voters.get(poll.pk, 0), voted=version)


def forget_votes(member: Member) -> None:
    """Part of closing an account: it is no longer known what the member chose. It counts all the same: what was missing
    from the results at that moment would tell everybody who sees them."""
    votes = PollVote.objects.filter(member=member)
    with transaction.atomic():
        # Whoever counts a poll anew, as long as it takes votes, holds its room.
        open_still = votes.filter(poll__room__closes_at__gt=timezone.now()).order_by("poll__room")
        for room_id in open_still.values_list("poll__room", flat=True).distinct():
            log.hold(room_id)
        chosen = list(votes.values_list("poll", "option"))
        Poll.objects.filter(pk__in={poll for poll, _ in chosen}).update(former_voters=F("former_voters") + 1)
        options = PollOption.objects.filter(pk__in=[option for _, option in chosen])
        options.update(former_votes=F("former_votes") + 1)
        votes.delete()
