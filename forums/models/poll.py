from __future__ import annotations

from django.conf import settings
from django.db import models
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


class Poll(models.Model):
    """A question with answers to choose from, put to everybody in a live room. Its counts leave the server only where
    `shows_results_to` says so."""

    FEWEST_OPTIONS, MOST_OPTIONS = 2, 10

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
    # The room's `vote_version` when its votes last changed.
    voted = models.PositiveBigIntegerField(default=0, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = PollQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["room", "state"], name="poll_by_state")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("poll", args=[self.room_id, self.pk])

    @property
    def is_large_enough(self) -> bool:
        return self.voters >= self.smallest

    def shows_results_to_everybody(self) -> bool:
        is_time = self.state == self.State.CLOSED or (
            self.state == self.State.OPEN and self.results == self.Results.ALWAYS
        )
        return is_time and self.is_large_enough

    def shows_results_to(self, *, has_voted: bool) -> bool:
        own_time = self.state == self.State.OPEN and self.results == self.Results.VOTED and has_voted
        return self.shows_results_to_everybody() or (own_time and self.is_large_enough)


class PollOptionQuerySet(models.QuerySet["PollOption"]):
    def visible_to(self, viewer: Viewer) -> PollOptionQuerySet:
        """The words; whether the counts may be shown too is for the poll to say."""
        return self.filter(poll__in=Poll.objects.visible_to(viewer).values("pk"))


class PollOption(models.Model):
    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="options")
    order = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=120)
    votes = models.PositiveIntegerField(default=0, editable=False)

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
