"""The record of an event's session: drafted from its live room, agreed to by whoever spoke, approved by an editor."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cms import limits, notifications, permissions
from cms.models import EventRoom, RecordItem, SessionRecord
from forums.actions.consents import keep_consent
from forums.limits import CONSENTING
from forums.models import Consent, Message, Question
from forums.permissions import can_answer_consent
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member
from network.permissions import Refused

ANSWERED = (Question.State.ANSWERED, Question.State.WRITTEN)


def draft_record(link: EventRoom, *, by: Member, now: datetime | None = None) -> SessionRecord:
    """Whoever ran the session has its record drafted: the questions that were answered, and what is pinned. Drafted
    again, it gains what is new. Whoever asked or said something of it is asked once whether it may stand on the public
    page. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_draft_record(by, link.room, now=now).enforce()
    limits.RECORDING.spend(by, now=now)
    with transaction.atomic():
        EventRoom.objects.select_for_update(of=("self",)).get(pk=link.pk)  # two who press at once make one
        drafted, _ = SessionRecord.objects.get_or_create(
            event_room=link, defaults={"drafted_at": now, "drafted_by": by}
        )
        questions = Question.objects.published().filter(room=link.room, state__in=ANSWERED).exclude(body="")
        pinned = Message.objects.shown().filter(room=link.room).exclude(pinned_at=None)
        new = [
            RecordItem(record=drafted, question=question, at=question.asked_at)
            for question in questions.exclude(pk__in=drafted.items.exclude(question=None).values("question"))
        ]
        new += [
            RecordItem(record=drafted, message=message, at=message.written_at)
            for message in pinned.exclude(pk__in=drafted.items.exclude(message=None).values("message"))
        ]
        RecordItem.objects.bulk_create(new)
        record("drafted record", link, by=by, network=link.room.network, items=len(new))
        authors = {item.thing.author_id for item in new if item.thing.consent == Consent.NOT_ASKED}
        notifications.asked_for_consent(drafted, authors, now=now)
    return drafted


def leave_out_item(item: RecordItem, *, by: Member, now: datetime | None = None) -> RecordItem:
    """Whoever ran the session takes something out of its record, and off the public page; twice is once. Drafting
    again does not bring it back. Raises Refused, LimitReached."""
    return _settle_item(item, "left out of record", by=by, at=now or timezone.now())


def put_item_back(item: RecordItem, *, by: Member) -> RecordItem:
    """What was left out stands in the record again; to be public, it needs to be approved anew. Raises Refused,
    LimitReached."""
    return _settle_item(item, "put back into record", by=by, at=None)


def _settle_item(item: RecordItem, verb: str, *, by: Member, at: datetime | None) -> RecordItem:
    room = item.record.event_room.room
    permissions.can_draft_record(by, room).enforce()
    limits.RECORDING.spend(by)
    with transaction.atomic():
        held = RecordItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
        if (held.left_out_at is None) != (at is None):
            held.left_out_at = at
            held.save(update_fields=["left_out_at"])
            if held.approved_at is not None:
                _take_approval(held)
            record(verb, held, by=by, network=room.network)
    return held


def decide_over_item(item: RecordItem, *, by: Member, agrees: bool) -> None:
    """Whoever asked or said it agrees that it stands on the public page, or does not: then it is gone from there at
    once, and needs to be approved anew. Raises Refused, LimitReached."""
    can_answer_consent(by, item.thing).enforce()
    CONSENTING.spend(by)
    with transaction.atomic():
        hold_account(by)
        # Whoever approves holds it too: an approval never comes after the author has taken back what it rests on.
        item = (
            RecordItem.objects.select_for_update(of=("self",))
            .select_related("question__room", "message__room")
            .get(pk=item.pk)
        )
        keep_consent(item.thing, agrees=agrees)
        if not agrees:
            _take_approval(item)
        notifications.consent_answered(item.record_id, by)


def approve_item(item: RecordItem, *, by: Member, now: datetime | None = None) -> RecordItem:
    """An editor lets an item that its author agreed to stand on the public page, with its answer as it is now. Approved
    already, it stays. Raises Refused, LimitReached."""
    now = now or timezone.now()
    page = item.record.event_room.page
    permissions.can_approve_record(by, page).enforce()
    limits.RECORDING.spend(by, now=now)
    with transaction.atomic():
        held = RecordItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
        agreed = RecordItem.objects.agreed().with_words().filter(pk=held.pk).first()
        if agreed is None:
            raise Refused("Whoever asked or said this does not agree, or it can no longer be read.")
        if not agreed.is_public or (agreed.question and agreed.approved_answer != agreed.question.shown_answer):
            agreed.approved_at, agreed.approved_by = now, by
            agreed.approved_answer = agreed.question.shown_answer if agreed.question else ""
            agreed.save(update_fields=["approved_at", "approved_by", "approved_answer"])
            record("approved record item", agreed, by=by, network=agreed.thing.room.network)
    return agreed


def take_off_item(item: RecordItem, *, by: Member) -> None:
    """An editor takes an item off the public page. Raises Refused, LimitReached."""
    permissions.can_approve_record(by, item.record.event_room.page).enforce()
    limits.RECORDING.spend(by)
    with transaction.atomic():
        held = RecordItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
        if held.approved_at is not None:
            _take_approval(held)
            record("took record item off", held, by=by, network=item.record.event_room.room.network)


def forget_in_records(member: Member, *, erase: bool) -> None:
    """Part of closing an account: what they asked or said stands on no public page any more, and with `erase` nor does
    what they answered."""
    theirs = Q(question__author=member) | Q(message__author=member)
    if erase:
        theirs |= Q(question__answer_by=member)
    for item in RecordItem.objects.filter(theirs):
        _take_approval(item)


def _take_approval(item: RecordItem) -> None:
    item.approved_at, item.approved_by, item.approved_answer = None, None, ""
    item.save(update_fields=["approved_at", "approved_by", "approved_answer"])
