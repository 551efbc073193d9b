from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cms.models.event import EventRoom
from cms.models.page import pages_visible_to
from forums.models import Consent, Message, Question
from network.models import Member, Viewer


class SessionRecordQuerySet(models.QuerySet["SessionRecord"]):
    def visible_to(self, viewer: Viewer) -> SessionRecordQuerySet:
        """Those of rooms that the viewer may enter: of what was agreed to and approved, everybody sees the items
        alone."""
        return self.filter(event_room__in=EventRoom.objects.visible_to(viewer).values("pk"))


class SessionRecord(models.Model):
    """What is kept of the session of an event: drafted from its live room when that is over. A row of its own, for
    publishing an older draft or copying the page must not touch it."""

    event_room = models.OneToOneField(EventRoom, on_delete=models.CASCADE, related_name="session_record")
    drafted_at = models.DateTimeField(default=timezone.now)
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = SessionRecordQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Record of {self.event_room_id}"


class RecordItemQuerySet(models.QuerySet["RecordItem"]):
    def visible_to(self, viewer: Viewer) -> RecordItemQuerySet:
        """Those of records that the viewer may read, their own, and those that stand on a public page which they may
        open."""
        public = self.public().filter(record__event_room__page__in=pages_visible_to(viewer).values("pk"))
        readable = Q(record__in=SessionRecord.objects.visible_to(viewer).values("pk"))
        return self.filter(readable | Q(pk__in=public.values("pk")) | _said_by(viewer.pk or 0))

    def said_by(self, member: Member) -> RecordItemQuerySet:
        """What they asked or said themselves, whether or not they still belong to the network."""
        return self.filter(_said_by(member.pk))

    def shown(self) -> RecordItemQuerySet:
        """Those that stand in the record, and whose words everybody in the room may read still."""
        return self.readable().filter(left_out_at=None)

    def left_out(self) -> RecordItemQuerySet:
        return self.readable().exclude(left_out_at=None)

    def readable(self) -> RecordItemQuerySet:
        """Whose words everybody in the room may read still."""
        question = ~Q(question__number=None) & ~Q(question__state__in=Question.GONE) & ~Q(question__body="")
        message = Q(message__hidden_at=None, message__deleted_at=None) & ~Q(message__body="")
        return self.filter(Q(question__isnull=False) & question | Q(message__isnull=False) & message)

    def agreed(self) -> RecordItemQuerySet:
        """Those that whoever asked or said it lets stand on a public page, and could still take back."""
        agreed = Q(question__consent=Consent.YES, question__author__is_active=True)
        return self.shown().filter(agreed | Q(message__consent=Consent.YES, message__author__is_active=True))

    def public(self) -> RecordItemQuerySet:
        """Those of them that an editor has approved, as it stands now."""
        unchanged = Q(message=None) | Q(message__edited_at=None) | Q(message__edited_at__lte=F("approved_at"))
        return self.agreed().filter(unchanged, approved_at__isnull=False)

    def of_page(self, page: int) -> RecordItemQuerySet:
        """Of the record of an event, in the order in which it was asked and said."""
        return self.filter(record__event_room__page=page).order_by("at", "pk")

    def with_words(self) -> RecordItemQuerySet:
        about = ("room", "author", "organisation")
        things = (f"{thing}__{column}" for thing in ("question", "message") for column in about)
        return self.select_related(*things)


def _said_by(member: int) -> Q:
    return Q(question__author=member) | Q(message__author=member)


class RecordItem(models.Model):
    """A question with its answer, or a pinned message, in the record of a session. Its words stand once, in the room.
    On the public page it stands without any name."""

    record = models.ForeignKey(SessionRecord, on_delete=models.CASCADE, related_name="items")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, null=True, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField()  # when it was asked or said
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    # The answer as it was approved: a host may write another one, which nobody has approved.
    approved_answer = models.TextField(max_length=Question.LONGEST_ANSWER, blank=True)
    # Whoever ran the session has taken it out of the record. The row stays, or the next draft would bring it back.
    left_out_at = models.DateTimeField(null=True)

    objects = RecordItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "question"], name="record_item_question_once"),
            models.UniqueConstraint(fields=["record", "message"], name="record_item_message_once"),
            models.CheckConstraint(
                condition=Q(question=None, message__isnull=False) | Q(question__isnull=False, message=None),
                name="record_item_of_one_thing",
            ),
        ]
        indexes = [models.Index(fields=["record", "at"], name="record_item_in_order")]

    def __str__(self) -> str:
        return f"{self.record_id}: {self.thing}"

    @property
    def thing(self) -> Question | Message:
        found = self.question or self.message
        assert found is not None
        return found

    @property
    def is_public(self) -> bool:
        """Of one that is `agreed`, whether an editor has approved it too."""
        edited_at = self.message.edited_at if self.message else None
        return self.approved_at is not None and (edited_at is None or edited_at <= self.approved_at)

    @property
    def agreed(self) -> bool:
        return self.thing.consent == Consent.YES
