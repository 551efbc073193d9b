from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from forums import limits, markup, permissions, realtime
from forums.actions.votes import have_held_looked_at
from forums.held_words import HeldWords
from forums.live import access, log
from forums.models import HeldMessage, Message, Room, RoomEvent, TimeOut
from network.models import Member
from network.models.insertion import insert
from network.permissions import Refused


@dataclass(frozen=True, slots=True)
class Saying:
    """What a member wants to say. The same `client_id` twice is the same message, said once."""

    member_id: int
    body: str
    client_id: uuid.UUID
    reply_to: int | None = None  # the number of a message of the room

    @property
    def key(self) -> log.Key:
        return self.member_id, self.client_id


class Held(Exception):
    """There is no message yet: it has a word that the host wants to see first. Says so in the member's words."""

    def __init__(self, held: HeldMessage) -> None:
        super().__init__(held.words_for_author)
        self.message = held


# The message, or why there is none: Held, Refused, LimitReached, ValidationError.
Outcome = Message | Exception
Outcomes = dict[log.Key, Outcome]

SLOWEST = timedelta(seconds=max(Room.SLOW))


def say(
    room: Room,
    *,
    by: Member,
    body: str,
    reply_to: int | None = None,
    client_id: uuid.UUID | None = None,
    now: datetime | None = None,
) -> Message:
    """Says something in a live room. With a `client_id` that the member has used in this room before, nothing is
    written and the message of then comes back. Raises Held, where it is kept for the host to see first; Refused,
    LimitReached, ValidationError."""
    [outcome] = say_together(room.pk, [Saying(by.pk, body, client_id or uuid.uuid4(), reply_to)], now=now)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def say_together(room_id: int, sayings: Sequence[Saying], *, now: datetime | None = None) -> list[Outcome]:
    """What several members say in a room, in that order and in one transaction, each judged by itself: how sockets
    write. The outcomes stand in the order of the sayings. Raises Room.DoesNotExist."""
    now = now or timezone.now()
    wanted: dict[log.Key, Saying] = {}
    for saying in sayings:
        wanted.setdefault(saying.key, saying)
    outcomes: Outcomes = {}
    room = seen = Room.objects.select_related("network").get(pk=room_id)
    speakers = _speakers(room, {member_id for member_id, _ in wanted})
    _find_said(room, wanted, outcomes)
    _judge(room, speakers, wanted, outcomes, now=now)
    _spend(speakers, wanted, outcomes, now=now)
    answered = _answered(room, speakers, wanted, outcomes, now=now)
    if len(outcomes) == len(wanted):
        return [outcomes[saying.key] for saying in sayings]  # nobody waits for the room in vain
    with transaction.atomic():
        room = log.hold(room_id)
        # The room may have closed meanwhile, they may have left, or said it from another window.
        speakers = _speakers_still(room, speakers)
        if (room.last_seq, room.held_version) != (seen.last_seq, seen.held_version):  # else nobody said anything here
            _find_said(room, wanted, outcomes)
        _judge(room, speakers, wanted, outcomes, now=now)
        if room.slow_seconds:
            _slow_down(room, speakers, wanted, outcomes, now=now)
        _make_wait(room, wanted, outcomes, now=now)
        if room.held_words:
            _hold(room, speakers, wanted, answered, outcomes, now=now)
        lines = _write(room, speakers, wanted, answered, outcomes, now=now)
        if lines:
            transaction.on_commit(lambda: realtime.lines_written(room, lines), robust=True)
    too_many = [speakers[member_id] for (member_id, _), no in outcomes.items() if isinstance(no, limits.RoomBusy)]
    limits.SPEAKING.give_back(too_many, now=now)
    return [outcomes[saying.key] for saying in sayings]


def _speakers(room: Room, asking: set[int]) -> dict[int, Member]:
    """Those who asked and belong."""
    return access.speakers(room.pk, asking)


def _speakers_still(room: Room, speakers: dict[int, Member]) -> dict[int, Member]:
    """Those of them who belong now, each with what they are in the room now."""
    still = {}
    for pk, (role, runs) in access.roles_of(room.pk, speakers).items():
        still[pk] = speakers[pk]
        still[pk].room_role, still[pk].runs_room = role, runs  # type: ignore[attr-defined]  # as `belonging` annotates
    return still


def _find_said(room: Room, wanted: dict[log.Key, Saying], outcomes: Outcomes) -> None:
    """Finds what has been said already, or waits for the host."""
    open_keys = [key for key in wanted if key not in outcomes]
    numbers = log.written(room.pk, open_keys)
    if numbers:
        messages = Message.objects.filter(room=room, seq__in=numbers.values()).with_author()
        by_number = {message.seq: message for message in messages}
        # Their browser gave the name to something else, such as an edit: it is that, and no message.
        taken = ValidationError("This was sent before, and was no message")
        outcomes |= {key: by_number.get(seq, taken) for key, seq in numbers.items()}
    if room.held_version:  # else nothing ever waited here
        outcomes |= {held.key: Held(held) for held in held_of(room, open_keys) if held.key not in outcomes}


def _judge(
    room: Room, speakers: dict[int, Member], wanted: dict[log.Key, Saying], outcomes: Outcomes, *, now: datetime
) -> None:
    """Finds what may not be said."""
    silenced = TimeOut.each(room, speakers, now)
    for key in wanted:
        if key not in outcomes:
            member = speakers.get(key[0])
            runs = bool(member and member.runs_room)  # type: ignore[attr-defined]  # annotated by `belonging`
            try:
                permissions.can_speak_as(
                    member is not None, room, runs=runs, silenced=silenced.get(key[0]), now=now
                ).enforce()
            except Refused as refused:
                outcomes[key] = refused


def _spend(speakers: dict[int, Member], wanted: dict[log.Key, Saying], outcomes: Outcomes, *, now: datetime) -> None:
    fit: list[log.Key] = []
    for key, saying in wanted.items():
        if key not in outcomes:
            try:
                check_words(saying.body)
            except ValidationError as error:
                outcomes[key] = error
            else:
                fit.append(key)
    problems = limits.SPEAKING.spend_together([speakers[member_id] for member_id, _ in fit], now=now)
    outcomes |= {key: problem for key, problem in zip(fit, problems, strict=True) if problem is not None}


def _answered(
    room: Room, speakers: dict[int, Member], wanted: dict[log.Key, Saying], outcomes: Outcomes, *, now: datetime
) -> dict[int, Message]:
    """The messages that are replied to, by number. One that is not there, or that the speaker is yet to see, is no
    message to reply to."""
    numbers = {saying.reply_to for key, saying in wanted.items() if key not in outcomes and saying.reply_to is not None}
    if not numbers:
        return {}
    found = Message.objects.filter(room=room, seq__in=numbers).select_related("author").defer("body", "hidden_reason")
    answered = {message.seq: message for message in found}
    for key, saying in wanted.items():
        if key in outcomes or saying.reply_to is None:
            continue
        message = answered.get(saying.reply_to)
        if message is None or not (
            room.is_shown_to_all(message.written_at, now)
            or message.author_id == saying.member_id
            or speakers[saying.member_id].runs_room  # type: ignore[attr-defined]  # annotated by `belonging`
        ):
            outcomes[key] = ValidationError("The message that you reply to is not in this room")
    return answered


def _slow_down(
    room: Room, speakers: dict[int, Member], wanted: dict[log.Key, Saying], outcomes: Outcomes, *, now: datetime
) -> None:
    """In slow mode everybody but those who run the room waits between two messages. Asked with the room held."""
    lately = {"room": room, "author__in": list(speakers), "written_at__gt": now - SLOWEST}
    # What waited for the host was said when it was sent, not when it was shown.
    said = Message.objects.filter(**lately, was_held=None).order_by().values_list("author")
    held = HeldMessage.objects.filter(**lately).order_by().values_list("author")
    latest = dict(held.annotate(Max("written_at")))
    for author, at in said.annotate(Max("written_at")):
        latest[author] = max(at, latest.get(author, at))
    for key, saying in wanted.items():
        member = speakers.get(saying.member_id)
        if key in outcomes or member is None or member.runs_room:  # type: ignore[attr-defined]
            continue
        wait = 0.0
        if saying.member_id in latest:
            wait = room.slow_seconds - (now - latest[saying.member_id]).total_seconds()
        if wait > 0:
            outcomes[key] = limits.SlowMode(room.slow_seconds, ceil(wait))
        else:
            latest[saying.member_id] = now


def _make_wait(room: Room, wanted: dict[log.Key, Saying], outcomes: Outcomes, *, now: datetime) -> None:
    """A room takes so many messages a second, whoever speaks and by whichever process. Asked with the room held."""
    most = limits.MESSAGES_A_SECOND
    recent = Message.objects.filter(room=room, seq__gt=room.last_seq - most, written_at__gt=now - timedelta(seconds=1))
    left = most - recent.filter(written_at__lte=now).count()
    for key in wanted:
        if key not in outcomes:
            if left <= 0:
                outcomes[key] = limits.RoomBusy()
            left -= 1


def _hold(
    room: Room,
    speakers: dict[int, Member],
    wanted: dict[log.Key, Saying],
    answered: dict[int, Message],
    outcomes: Outcomes,
    *,
    now: datetime,
) -> None:
    """What has one of the room's words in it is kept for the host, but for what those say who run the room."""
    words = HeldWords(room.held_words)
    is_news = False
    for key, saying in wanted.items():
        speaker = speakers.get(saying.member_id)
        if key in outcomes or speaker is None or speaker.runs_room or not words.are_in(saying.body):  # type: ignore[attr-defined]
            continue
        held = HeldMessage.objects.create(
            room=room,
            author=speaker,
            organisation=speaker.organisation,
            role=speaker.room_role or "",  # type: ignore[attr-defined]
            body=check_words(saying.body),
            reply_to=answered.get(saying.reply_to or 0),
            client_id=saying.client_id,
            written_at=now,
        )
        outcomes[key] = Held(held)
        is_news = True
    if is_news:
        have_held_looked_at(room)


def held_of(room: Room, keys: Iterable[log.Key]) -> list[HeldMessage]:
    """What was sent under these names and kept for the host."""
    wanted = set(keys)
    found = HeldMessage.objects.filter(
        room=room,
        author__in={author for author, _ in wanted},
        client_id__in={client_id for _, client_id in wanted},
    )
    return [held for held in found if held.key in wanted]


def _write(
    room: Room,
    speakers: dict[int, Member],
    wanted: dict[log.Key, Saying],
    answered: dict[int, Message],
    outcomes: Outcomes,
    *,
    now: datetime,
) -> list[log.Line]:
    said = [saying for key, saying in wanted.items() if key not in outcomes]
    events = [
        RoomEvent(kind=RoomEvent.Kind.MESSAGE, actor=speakers[saying.member_id], client_id=saying.client_id, at=now)
        for saying in said
    ]
    log.append(room, events)
    messages = [
        Message(
            room=room,
            seq=event.seq,
            author=speakers[saying.member_id],
            organisation=speakers[saying.member_id].organisation,
            role=speakers[saying.member_id].room_role or "",  # type: ignore[attr-defined]  # annotated by `belonging`
            body=check_words(saying.body),
            written_at=now,
            reply_to=answered.get(saying.reply_to or 0),
        )
        for saying, event in zip(said, events, strict=True)
    ]
    insert(messages)
    outcomes |= {saying.key: message for saying, message in zip(said, messages, strict=True)}
    return [log.Line(event, message) for event, message in zip(events, messages, strict=True)]


def check_words(body: str) -> str:
    """The body as it is kept: without what nobody sees, or what turns the direction of writing around. Raises
    ValidationError for one that is empty or too long."""
    body = markup.legible(body).strip()
    if not markup.is_seen(body):
        raise ValidationError("Enter a message")
    if len(body) > Message.MAX_LENGTH:
        raise ValidationError(f"Your message is too long: it can have at most {Message.MAX_LENGTH:,} characters")
    return body
