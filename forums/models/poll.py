from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from forums.models.room import Room
from network.models import Viewer


class PollQuerySet(models.QuerySet["Poll"]):
    def visible_to(self, viewer: Viewer) -> PollQuerySet:
        """Those of rooms that the viewer may enter; drafts only of rooms that they run."""
        found = self.filter(room__in=Room.objects.visible_to(viewer).values("pk"))
        runs = models.Q(room__in=Room.objects.run_by(viewer).values("pk"))
        return found.filter(~models.Q(state=Poll.State.DRAFT) | runs)

    def published(self) -> PollQuerySet:
        return self.exclude(state=Poll.State.DRAFT)

    def newest_on_the_wall(self, since: datetime) -> PollQuerySet:
        """Those that are open, and those that have closed since then: what happened last comes first."""
        shown = models.Q(state=Poll.State.OPEN) | models.Q(state=Poll.State.CLOSED, closed_at__gt=since)
        return self.filter(shown).order_by(Coalesce("closed_at", "opened_at").desc(), "-pk")

    def whole(self) -> PollQuerySet:
        """With all that a page says of each."""
        return self.select_related("room__network").prefetch_related("options")


class Poll(models.Model):
    """A question with answers to choose from, put to everybody in a live room. Its counts leave the server only where
    `shows_results_to` says so."""

    FEWEST_OPTIONS, MOST_OPTIONS = 2, 10
    MOST_IN_ROOM = 50
    LARGEST_SMALLEST = 100

    class State(models.TextChoices):
        DRAFT = "draft", "Not opened yet"
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    class Results(models.TextChoices):
        ALWAYS = "always", "Everybody, at any time"
        VOTED = "voted", "Those who have voted, and everybody once it is closed"
        CLOSED = "closed", "Everybody, once it is closed"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="polls")
    title = models.CharField(max_length=200)
    is_multiple = models.BooleanField(default=False)
    state = models.CharField(max_length=6, choices=State.choices, default=State.DRAFT)
    results = models.CharField(max_length=6, choices=Results.choices, default=Results.VOTED)
    # With fewer voters no counts are shown to anybody: in a small group they would say who chose what.
    smallest = models.PositiveSmallIntegerField(default=5)
    voters = models.PositiveIntegerField(default=0, editable=False)
    # How many of them have closed their account since: they count, and what each of them chose is not known.
    former_voters = models.PositiveIntegerField(default=0, editable=False)
    # The room's `vote_version` when its votes last changed.
    voted = models.PositiveBigIntegerField(default=0, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # The form that it was made with: sent twice it is one poll.
    form_id = models.UUIDField(default=uuid.uuid4, editable=False)

    objects = PollQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "made_by", "form_id"], name="poll_made_once")]
        indexes = [models.Index(fields=["room", "state"], name="poll_by_state")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("poll", args=[self.room_id, self.pk])

    def takes_votes(self, now: datetime | None = None) -> bool:
        """A poll that nobody closed has ended with its session."""
        return self.state == self.State.OPEN and not self.room.is_over(now)

    @property
    def has_ended(self) -> bool:
        return self.state == self.State.CLOSED or (self.state == self.State.OPEN and self.room.is_over())

    @property
    def is_large_enough(self) -> bool:
        # Nobody's choices are no results, whatever group is large enough.
        return self.voters >= max(1, self.smallest)

    def shows_results_to_everybody(self) -> bool:
        is_time = self.has_ended or (self.state == self.State.OPEN and self.results == self.Results.ALWAYS)
        return is_time and self.is_large_enough

    def shows_results_to(self, *, has_voted: bool) -> bool:
        own_time = self.state == self.State.OPEN and self.results == self.Results.VOTED and has_voted
        return self.shows_results_to_everybody() or (own_time and self.is_large_enough)

    def results_for(self, own: Collection[int]) -> PollResults | None:
        """What somebody may see who chose the options with these numbers; None while they may see nothing."""
        if not self.shows_results_to(has_voted=bool(own)):
            return None
        options = list(self.options.all())
        shares = shares_of([option.votes for option in options], self.voters, is_multiple=self.is_multiple)
        rows = [
            Result(option.pk, option.text, option.votes, share, option.pk in own)
            for option, share in zip(options, shares, strict=True)
        ]
        return PollResults(self.title, rows, self.voters, self.is_multiple)

    def why_no_results(self, *, has_voted: bool = False) -> str:
        """For whoever sees none: when they will; empty for whoever sees them. Says nothing that the number of voters
        does not."""
        if self.state == self.State.DRAFT or self.shows_results_to(has_voted=has_voted):
            return ""
        if self.has_ended:
            few = (
                f"Fewer than {self.smallest} people voted, so the results are not shown: they could say who chose what."
            )
            return few if self.voters else "Nobody voted."
        if self.results == self.Results.CLOSED:
            return "The results show when the poll has closed."
        if self.results == self.Results.VOTED and not has_voted:
            return "You see the results once you have voted."
        if self.smallest <= 1:
            return "Nobody has voted yet."
        return f"The results show once {self.smallest} people have voted."


@dataclass(frozen=True, slots=True)
class Result:
    """How often one option was chosen. `share` in per cent."""

    pk: int
    text: str
    votes: int
    share: int
    is_own: bool


@dataclass(frozen=True, slots=True)
class PollResults:
    title: str
    rows: list[Result]
    voters: int
    is_multiple: bool


@dataclass(frozen=True, slots=True)
class SeenPoll:
    """A poll as one reader has it: what they chose, and the results if they may see them; else why not."""

    poll: Poll
    own: frozenset[int] = frozenset()
    results: PollResults | None = None
    why_none: str = ""

    @classmethod
    def of(cls, poll: Poll, own: Collection[int] = ()) -> SeenPoll:
        return cls(poll, frozenset(own), poll.results_for(own), poll.why_no_results(has_voted=bool(own)))

    @classmethod
    def on_the_wall(cls, poll: Poll) -> SeenPoll:
        """As a whole hall reads it, those who have voted and those who have not."""
        waits = poll.state == poll.State.OPEN and not poll.has_ended and poll.results == poll.Results.VOTED
        why = "The results show here when the poll has closed." if waits else poll.why_no_results()
        return cls(poll, results=poll.results_for(()), why_none=why)

    @classmethod
    def by_everybody(cls, poll: Poll) -> SeenPoll:
        """What is the same for every reader and stays true: nobody's choice, and no count."""
        return cls(poll, why_none=poll.why_no_results())

    @classmethod
    def all_of(cls, polls: Iterable[Poll], viewer: Viewer) -> list[SeenPoll]:
        """As the viewer has them. `polls` come with what `whole` brings."""
        found = list(polls)
        own: defaultdict[int, set[int]] = defaultdict(set)
        chosen = PollVote.objects.visible_to(viewer).filter(poll__in=found)
        for poll, option in chosen.values_list("poll", "option"):
            own[poll].add(option)
        return [cls.of(poll, own[poll.pk]) for poll in found]


def shares_of(votes: Sequence[int], voters: int, *, is_multiple: bool) -> list[int]:
    """Each option's share in whole per cent. Of a single choice they add up to 100: what is left over after rounding
    down goes to the largest remainders, of equal ones to the first. Of several choices each is of the voters, rounded.
    `forums/live/polls.js` has the same, number for number."""
    if is_multiple:
        return [(200 * count + voters) // (2 * voters) if voters else 0 for count in votes]
    total = sum(votes)
    if not total:
        return [0] * len(votes)
    shares = [100 * count // total for count in votes]
    by_remainder = sorted(range(len(votes)), key=lambda place: -(100 * votes[place] % total))
    for place in by_remainder[: 100 - sum(shares)]:
        shares[place] += 1
    return shares


class PollOptionQuerySet(models.QuerySet["PollOption"]):
    def visible_to(self, viewer: Viewer) -> PollOptionQuerySet:
        """The words; whether the counts may be shown too is for the poll to say."""
        return self.filter(poll__in=Poll.objects.visible_to(viewer).values("pk"))


class PollOption(models.Model):
    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="options")
    order = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=120)
    votes = models.PositiveIntegerField(default=0, editable=False)
    former_votes = models.PositiveIntegerField(default=0, editable=False)  # those of them by former voters

    objects = PollOptionQuerySet.as_manager()

    class Meta:
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["poll", "order"], name="poll_option_order_once")]

    def __str__(self) -> str:
        return self.text


class PollVoteQuerySet(models.QuerySet["PollVote"]):
    def visible_to(self, viewer: Viewer) -> PollVoteQuerySet:
        """One's own: nobody is shown what somebody else chose."""
        return self.filter(member=viewer.pk or 0, poll__in=Poll.objects.visible_to(viewer).values("pk"))


class PollVote(models.Model):
    """An option that a member chose. Of a poll with one choice there is one for each member."""

    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="given_votes")
    option = models.ForeignKey(PollOption, on_delete=models.CASCADE, related_name="given_votes")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="poll_votes")
    # As the poll has it: what the constraint asks for.
    is_only = models.BooleanField()
    at = models.DateTimeField(default=timezone.now)

    objects = PollVoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["option", "member"], name="poll_vote_once"),
            models.UniqueConstraint(
                fields=["poll", "member"], condition=models.Q(is_only=True), name="poll_vote_single_choice"
            ),
        ]
        indexes = [models.Index(fields=["poll", "member"], name="poll_vote_by_member")]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.poll_id}"
