"""Polls of a live room, as those who run it make, open and close them. Choosing in them is in `poll_votes`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from forums import limits, permissions, realtime
from forums.actions.votes import next_vote_version
from forums.live import log
from forums.models import Poll, PollOption, Room, RoomEvent
from network.actions.audit import record
from network.models import Member
from network.permissions import Refused


@dataclass(frozen=True, slots=True)
class PollWords:
    """What a poll asks. `options`: the answers in their order. `smallest`: with fewer voters nobody sees results."""

    title: str
    options: Sequence[str]
    is_multiple: bool = False
    results: str = Poll.Results.VOTED
    smallest: int = 5


def make_poll(
    room: Room, words: PollWords, *, by: Member, form_id: uuid.UUID | None = None, now: datetime | None = None
) -> Poll:
    """Prepares a poll, which nobody sees but those who run the room until it is opened. The same form twice is one
    poll. Raises Refused, LimitReached, ValidationError."""
    permissions.can_write_as_host(by, room, now=now).enforce()
    limits.HOSTING.spend(by, now=now)
    check_poll(words)
    form_id = form_id or uuid.uuid4()
    with transaction.atomic():
        room = log.hold(room.pk)
        permissions.can_write_as_host(by, room, now=now).enforce()
        polls = Poll.objects.filter(room=room)
        if done := polls.filter(made_by=by, form_id=form_id).first():
            return done
        if no := why_no_more(polls.count()):
            raise ValidationError(no)
        poll = Poll(room=room, made_by=by, form_id=form_id, made_at=now or timezone.now())
        _say(poll, words)
    return poll


def change_poll(poll: Poll, words: PollWords, *, by: Member) -> Poll:
    """Other words for a poll that was not opened yet. Raises Refused, LimitReached, ValidationError."""
    permissions.can_change_poll(by, poll).enforce()
    limits.HOSTING.spend(by)
    check_poll(words)
    with transaction.atomic():
        poll = _held(poll)
        permissions.can_change_poll(by, poll).enforce()
        _say(poll, words)
    return poll


def delete_poll(poll: Poll, *, by: Member) -> None:
    """Deletes a poll that was not opened yet; twice is once. Raises Refused, LimitReached."""
    permissions.can_change_poll(by, poll).enforce()
    limits.HOSTING.spend(by)
    with transaction.atomic():
        log.hold(poll.room_id)
        for found in Poll.objects.filter(pk=poll.pk).select_related("room__network"):
            permissions.can_change_poll(by, found).enforce()
            found.delete()


def open_poll(poll: Poll, *, by: Member, now: datetime | None = None) -> Poll:
    """Lets everybody in the room vote, who sees the poll at once. Safe to repeat. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_open_poll(by, poll, now=now).enforce()
    limits.HOSTING.spend(by, now=now)
    with transaction.atomic():
        poll = _held(poll)
        permissions.can_open_poll(by, poll, now=now).enforce()
        if poll.state == Poll.State.DRAFT:
            poll.state, poll.opened_at = Poll.State.OPEN, now
            poll.save(update_fields=["state", "opened_at"])
            record("opened poll", poll.room, by=by, network=poll.room.network, poll=poll.pk)
            _tell(poll, by=by, now=now)
    return poll


def close_poll(poll: Poll, *, by: Member, now: datetime | None = None) -> Poll:
    """Ends the voting: what was chosen until now counts, and everybody sees the results, if enough have voted. Safe to
    repeat. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_close_poll(by, poll).enforce()
    limits.HOSTING.spend(by, now=now)
    with transaction.atomic():
        poll = _held(poll)
        permissions.can_close_poll(by, poll).enforce()
        if poll.state == Poll.State.OPEN:
            poll.state, poll.closed_at = Poll.State.CLOSED, now
            # The counts are told with everything else that is voted for: they have to be news once more.
            poll.voted = next_vote_version(poll.room)
            poll.save(update_fields=["state", "closed_at", "voted"])
            record("closed poll", poll.room, by=by, network=poll.room.network, poll=poll.pk)
            _tell(poll, by=by, now=now)
    return poll


def why_no_more(there: int) -> str:
    """Where a session has as many polls as it can have; empty otherwise."""
    full = f"A session can have at most {Poll.MOST_IN_ROOM} polls. Delete one that you have not opened."
    return full if there >= Poll.MOST_IN_ROOM else ""


def check_poll(words: PollWords) -> None:
    """Raises ValidationError, by the field."""
    wrong: dict[str, str] = {}
    if not words.title:
        wrong["title"] = "Enter what the poll asks"
    if no := what_is_wrong_with(words.options):
        wrong["options"] = no
    if words.results not in Poll.Results:
        wrong["results"] = "Select who sees the results"
    if not 1 <= words.smallest <= Poll.LARGEST_SMALLEST:
        wrong["smallest"] = f"Enter a number from 1 to {Poll.LARGEST_SMALLEST}"
    if wrong:
        raise ValidationError(wrong)


def what_is_wrong_with(options: Sequence[str]) -> str:
    """Of the answers of a poll, for whoever wrote them; nothing where nothing is."""
    longest = PollOption._meta.get_field("text").max_length
    assert longest is not None
    if len(options) < Poll.FEWEST_OPTIONS:
        return f"Enter at least {Poll.FEWEST_OPTIONS} answers, each on a line of its own"
    if len(options) > Poll.MOST_OPTIONS:
        return f"A poll can have at most {Poll.MOST_OPTIONS} answers: you have entered {len(options)}"
    seen: set[str] = set()
    for option in options:
        if len(option) > longest:
            return f"Each answer can have at most {longest} characters: “{option[:30]}…” has {len(option)}"
        if option.casefold() in seen:
            return f"Two answers are the same: “{option}”"
        seen.add(option.casefold())
    return ""


def _say(poll: Poll, words: PollWords) -> None:
    poll.title = words.title
    poll.is_multiple, poll.results, poll.smallest = words.is_multiple, words.results, words.smallest
    poll.save()
    poll.options.all().delete()
    PollOption.objects.bulk_create(
        PollOption(poll=poll, order=place, text=text) for place, text in enumerate(words.options)
    )


def _held(poll: Poll) -> Poll:
    """The poll as it is, with its room held. Raises Refused where somebody has deleted it."""
    room = log.hold(poll.room_id)
    found = Poll.objects.filter(pk=poll.pk, room=room).prefetch_related("options").first()
    if found is None:
        raise Refused("Somebody has deleted this poll.")
    found.room = room
    return found


def _tell(poll: Poll, *, by: Member, now: datetime) -> None:
    event = RoomEvent(kind=RoomEvent.Kind.POLL, poll=poll, actor=by, at=now)
    log.append(poll.room, [event])
    transaction.on_commit(lambda: realtime.lines_written(poll.room, [log.Line(event, poll=poll)]), robust=True)
