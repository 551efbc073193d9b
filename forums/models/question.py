from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from forums.models.message import Consent
from forums.models.room import Room, RoomEvent, shown_by_now
from forums.models.thread import Thread
from network.models import Viewer


class QuestionQuerySet(models.QuerySet["Question"]):
    def visible_to(self, viewer: Viewer) -> QuestionQuerySet:
        """Those of rooms that the viewer may enter. What has no number yet is seen by whoever asked it and by those who
        run the room; a refused one by them, and by everybody only if it had been published before."""
        own = models.Q(author=viewer.pk or 0)
        runs = models.Q(room__in=Room.objects.run_by(viewer).values("pk"))
        found = self.filter(room__in=Room.objects.visible_to(viewer).values("pk"))
        return found.filter(models.Q(number__isnull=False) & is_shown_to_all() | own | runs)

    def shown_to_all(self) -> QuestionQuerySet:
        """The published ones that everybody in their rooms sees by now: where there is a delay, those whose first line
        in the log is old enough."""
        return self.published().filter(is_shown_to_all())

    def numbered_for(self, viewer: Viewer) -> QuestionQuerySet:
        """Of what the viewer sees that of which they may know the number: by the number of one that others do not see
        yet, its own asker could count what others have asked meanwhile."""
        runs = models.Q(room__in=Room.objects.run_by(viewer).values("pk"))
        return self.published().filter(is_shown_to_all() | runs)

    def published(self) -> QuestionQuerySet:
        return self.filter(number__isnull=False)

    def held(self) -> QuestionQuerySet:
        """Those that wait for somebody who runs the room to publish them."""
        return self.filter(state=Question.State.HELD)

    def to_deal_with(self, now: datetime | None = None) -> QuestionQuerySet:
        """Those of sessions that are over that nobody has answered, refused or made a thread of."""
        over = self.published().filter(room__closes_at__lte=now or timezone.now(), thread=None).exclude(body="")
        return over.filter(state__in=Question.UNANSWERED)

    def open(self) -> QuestionQuerySet:
        """Published ones that nobody has dealt with."""
        return self.published().filter(state__in=Question.OPEN)

    def dealt_with(self) -> QuestionQuerySet:
        """Published ones that nobody waits for any more, those dealt with last first."""
        return self.published().exclude(state__in=Question.OPEN).order_by("-state_at", "-number")

    def by_votes(self) -> QuestionQuerySet:
        """What is being answered, then the most wanted, then in the order in which they were published."""
        being_answered = models.When(state=Question.State.ANSWERING, then=0)
        return self.order_by(models.Case(being_answered, default=1), "-votes", "number")

    def kept_from_others(self) -> QuestionQuerySet:
        """Those whose words only their asker and those who run the room may read."""
        kept = models.Q(number=None) | models.Q(state=Question.State.REFUSED)
        return self.filter(kept).exclude(state=Question.State.WITHDRAWN)

    def with_last_step(self) -> QuestionQuerySet:
        """Each with `last_step`, the number of the latest thing that was done with it: by it a form says what whoever
        filled it in had before them."""
        last = QuestionStep.objects.filter(question=models.OuterRef("pk")).order_by("-pk").values("pk")[:1]
        return self.annotate(last_step=models.Subquery(last))

    def with_asker(self) -> QuestionQuerySet:
        """With what the question's partial shows, in one query."""
        return self.select_related("room", "author", "organisation", "parked_for", "merged_into", "thread__network")


def is_shown_to_all() -> models.Q:
    """Of published questions: there is no delay, or a line in the log about it is old enough for everybody."""
    lines = RoomEvent.objects.filter(shown_by_now("at"), question=models.OuterRef("pk"))
    return models.Q(room__delay_seconds=0) | models.Q(models.Exists(lines))


class Question(models.Model):
    """What somebody asked in a live room. Its number is given when it is published, so what is held back leaves no gap
    that others could see. Asked without a name, only `unnamed_as` may be shown of who asked it."""

    MAX_LENGTH = 300
    LONGEST_ANSWER = 2_000

    class State(models.TextChoices):
        HELD = "held", "Waiting to be published"
        WAITING = "waiting", "Waiting"
        ANSWERING = "answering", "Being answered"
        ANSWERED = "answered", "Answered live"
        WRITTEN = "written", "Answered in writing"
        PARKED = "parked", "Parked"
        MERGED = "merged", "Merged"
        REFUSED = "refused", "Not published"
        WITHDRAWN = "withdrawn", "Taken back"

    # Nobody has dealt with them yet.
    OPEN = (State.WAITING, State.ANSWERING)
    # Nobody has answered them yet.
    UNANSWERED = (State.WAITING, State.ANSWERING, State.PARKED)
    # What no thread is made of: what was not published, and what is asked in another one.
    WITHOUT_THREAD = (State.HELD, State.REFUSED, State.WITHDRAWN, State.MERGED)
    # Their words are gone for those who have read them.
    GONE = (State.REFUSED, State.WITHDRAWN)

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="questions")
    # In its addresses, published or not: tells neither an order nor how many there are.
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveIntegerField(null=True, editable=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="questions")
    organisation = models.ForeignKey("network.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    # Such as "An officer at a county council", written when it was asked. Empty: asked by name.
    unnamed_as = models.CharField(max_length=100, blank=True)
    # Made by the asker's browser: a resend with the same one is the same question. Never sent to anybody.
    client_id = models.UUIDField(default=uuid.uuid4, editable=False)
    # Empty where the asker had it erased.
    body = models.CharField(max_length=MAX_LENGTH, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)

    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    state_at = models.DateTimeField(default=timezone.now)
    # When it was first being answered: its place in the recording.
    answering_at = models.DateTimeField(null=True, blank=True)
    # Of one answered in writing, or the gist of what was said live.
    answer = models.TextField(max_length=LONGEST_ANSWER, blank=True)
    # Who wrote it: with their account it is erased.
    answer_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    parked_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="parked_questions"
    )
    # Of one not published, told to its asker.
    reason = models.CharField(max_length=300, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")

    votes = models.PositiveIntegerField(default=0, editable=False)
    # The room's `vote_version` when its votes last changed.
    voted = models.PositiveBigIntegerField(default=0, editable=False)

    consent = models.CharField(max_length=3, choices=Consent.choices, default=Consent.NOT_ASKED, blank=True)
    # Made of it after the session.
    thread = models.ForeignKey(
        "forums.Thread", on_delete=models.SET_NULL, null=True, blank=True, related_name="session_questions"
    )
    # Whether that thread was made of this one. The others with the same thread were merged into it then: the thread
    # quotes them, wherever they stand by now.
    begins_thread = models.BooleanField(default=False, editable=False)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "number"], name="question_number_once"),
            models.UniqueConstraint(fields=["room", "author", "client_id"], name="question_client_id_once"),
            models.CheckConstraint(
                condition=~models.Q(state="held") | models.Q(number__isnull=True), name="question_held_has_no_number"
            ),
            models.CheckConstraint(
                condition=models.Q(number__isnull=False) | models.Q(state__in=["held", "refused", "withdrawn"]),
                name="question_published_has_number",
            ),
            models.CheckConstraint(
                condition=models.Q(state="merged") & models.Q(merged_into__isnull=False)
                | ~models.Q(state="merged") & models.Q(merged_into__isnull=True),
                name="question_merged_into_one",
            ),
            models.UniqueConstraint(
                fields=["room"], condition=models.Q(state="answering"), name="question_answered_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["thread"], condition=models.Q(begins_thread=True), name="question_thread_made_of_one"
            ),
        ]
        indexes = [
            models.Index(fields=["room", "state"], name="question_by_state"),
            models.Index(fields=["room", "voted"], name="question_by_voted"),
        ]

    def __str__(self) -> str:
        return f"{self.room_id} question {self.number or 'without a number'}"

    def get_absolute_url(self) -> str:
        return reverse("question", args=[self.room_id, self.uid])

    @property
    def is_shown(self) -> bool:
        """Whether everybody in the room may read its words."""
        return self.number is not None and self.state not in self.GONE

    @property
    def state_in_words(self) -> str:
        """As everybody may read it. Where nobody answered it in the session, the network goes on with it in its
        thread."""
        if self.thread_id is not None and self.state in self.UNANSWERED:
            return "Goes on in a thread"
        if self.state == self.State.PARKED and self.parked_for and self.names_asker:
            return f"Parked for {self.parked_for}"
        return str(self.get_state_display())

    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def names_asker(self) -> bool:
        """Whether it is shown who asked, or at least at what kind of council."""
        return not self.room.hides_names_of(self.asked_at)

    @property
    def asker(self) -> str:
        """Who asked, as everybody may read it."""
        return (self.unnamed_as or str(self.author)) if self.names_asker else "A member"

    @property
    def shown_answer(self) -> str:
        """The answer as everybody may read it: nothing of one that was taken back since, though its words are kept."""
        is_answered = self.state in (self.State.ANSWERED, self.State.WRITTEN)
        return self.answer if is_answered and self.is_shown else ""


class QuestionStepQuerySet(models.QuerySet["QuestionStep"]):
    def visible_to(self, viewer: Viewer) -> QuestionStepQuerySet:
        return self.filter(question__in=Question.objects.visible_to(viewer).values("pk"))


class QuestionStep(models.Model):
    """A state that a question came to, and when. Never changed."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="steps")
    state = models.CharField(max_length=10, choices=Question.State.choices)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = QuestionStepQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.question_id} {self.state}"


class QuestionVoteQuerySet(models.QuerySet["QuestionVote"]):
    def visible_to(self, viewer: Viewer) -> QuestionVoteQuerySet:
        """One's own: of the others everybody sees how many."""
        return self.filter(member=viewer.pk or 0, question__in=Question.objects.visible_to(viewer).values("pk"))


class QuestionVote(models.Model):
    """A member wants to know this too."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="given_votes")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="question_votes")
    at = models.DateTimeField(default=timezone.now)
    # They wanted to know another question's answer, or asked it, and that one was merged into this: goes with it again.
    came_with = models.ForeignKey(Question, on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    objects = QuestionVoteQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "member"], name="question_vote_once")]

    def __str__(self) -> str:
        return f"{self.member_id} for {self.question_id}"


@dataclass(frozen=True, slots=True)
class QuestionBoard:
    """The questions of a room as one reader has them: the open ones by votes, those that are dealt with, and what else
    they asked themselves. `voted`: the numbers of those that they want to know too; `threads`: of the threads made of
    them, those that the reader may open, for a speaker from outside may not know what goes on in the network."""

    MOST: ClassVar[int] = 100

    open: list[Question]
    dealt_with: list[Question]
    own: list[Question]
    voted: set[int]
    threads: set[int]
    asked: list[int]  # the numbers of their own
    open_count: int
    dealt_count: int

    @classmethod
    def of(cls, room: Room, viewer: Viewer, *, most: int = MOST) -> QuestionBoard:
        """At most `most` of either kind: a page of a room that is full of questions stays light."""
        visible = Question.objects.visible_to(viewer).filter(room=room)
        # Their own that others see in a few seconds stands apart until then, without its number.
        shown = visible.numbered_for(viewer) if room.delay_seconds else visible
        is_open = models.Q(state__in=Question.OPEN)
        counts = shown.published().aggregate(
            open=models.Count("pk", filter=is_open), dealt=models.Count("pk", filter=~is_open)
        )
        found = list(shown.open().with_asker().by_votes()[:most])
        dealt_with = list(shown.dealt_with().with_asker()[:most])
        own = visible.filter(author=viewer.pk or 0)
        kept = own.kept_from_others()
        if room.delay_seconds:
            kept |= own.exclude(pk__in=shown.values("pk")).exclude(state=Question.State.WITHDRAWN)
        votes = QuestionVote.objects.visible_to(viewer).filter(question__room=room, question__number__isnull=False)
        made = [question.thread_id for question in (*found, *dealt_with) if question.thread_id]
        return cls(
            open=found,
            dealt_with=dealt_with,
            own=list(kept.with_asker().order_by("asked_at", "pk")[:most]),
            voted={number or 0 for number in votes.values_list("question__number", flat=True)},
            threads=set(Thread.objects.reachable_by(viewer).filter(pk__in=made).values_list("pk", flat=True))
            if made
            else set(),
            asked=[question.number or 0 for question in (*found, *dealt_with) if question.author_id == viewer.pk],
            open_count=counts["open"],
            dealt_count=counts["dealt"],
        )

    @property
    def count(self) -> int:
        return self.open_count + self.dealt_count

    @property
    def has_more(self) -> bool:
        return self.open_count > len(self.open) or self.dealt_count > len(self.dealt_with)
