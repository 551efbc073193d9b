"""Finding what was said and asked in live rooms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Lower, StrIndex
from django.db.models.lookups import GreaterThan
from django.urls import reverse
from django.utils import timezone

from forums.models import Message, Question, Room, RoomEvent, RoomRole
from forums.search.posts import excerpt
from forums.search.similar import stem
from forums.search.words import plain_letters, words_of
from network.models import Viewer
from network.models.prepared import Word, prepared
from network.search import Hit

Rows = TypeVar("Rows", bound=QuerySet[Any, Any])

SAID_LOOKED_AT = 20_000  # of the newest messages, and questions, of the viewer's rooms
SAID_MATCHES = 300
# Until then a message may be held back from the others in its room.
SAID_SINCE = timedelta(seconds=max(Room.DELAYS))


def search_rooms(viewer: Viewer, query: str, *, network: int | None = None, limit: int = 20) -> list[Hit]:
    """The live rooms that the viewer may enter in which somebody said or asked it, the latest first, one hit each; who
    said it is not part of it. All words must occur in one message or question. Without an index of its own, so bounded:
    it looks at the newest twenty thousand messages and as many questions that the viewer may read, and takes the newest
    three hundred that match. What is hidden, taken back, erased or held is not looked at. `network`: the key of the one
    to keep to."""
    words = words_of(query)
    if not words:
        return []
    now = timezone.now()
    found = _said(viewer, network, now - RoomRole.READS_FOR, now - SAID_SINCE, *map(Word, words))
    stems = frozenset(stem(plain_letters(word)) for word in words)
    hits: dict[int, Hit] = {}
    for room, title, where, body, at in found:
        if room not in hits:
            hits[room] = Hit(
                kind="Live room",
                title=title,
                address=f"{reverse('room', args=[room])}?{urlencode({'q': query})}#found",
                excerpt="".join(piece for piece, _ in excerpt(body, stems)),
                where=where,
                at=at,
                score=at.timestamp(),
            )
    return list(hits.values())[:limit]


@prepared
def _said(
    viewer: Viewer, network: int | None, closed_after: datetime, until: datetime, *words: str
) -> QuerySet[Any, Any]:
    """In the rooms that the viewer may enter: the room, its title, its network's name, the words, and when they were
    said. All of it is old enough to be shown to everybody there."""
    entered = Room.objects.visible_to(viewer, closed_after=closed_after)
    rooms = (entered if network is None else entered.filter(network=network)).values("pk")
    said = Message.objects.shown().filter(room__in=rooms, written_at__lte=until)
    lines = RoomEvent.objects.filter(question=OuterRef("pk"), at__lte=until)
    asked = Question.objects.published().filter(Q(room__delay_seconds=0) | Exists(lines), room__in=rooms)
    asked = asked.exclude(state__in=Question.GONE)
    messages = _newest(said).filter(*(_has(word) for word in words)).annotate(said_at=F("written_at"))
    questions = _newest(asked).filter(*(_has(word) for word in words)).annotate(said_at=F("asked_at"))
    about = ("room", "room__title", "room__network__name", "body", "said_at")
    said_in = messages.order_by().values_list(*about)
    return said_in.union(questions.order_by().values_list(*about), all=True).order_by("-said_at")[:SAID_MATCHES]


def _has(word: str) -> Any:
    """As `icontains` does, which no prepared query can be asked with."""
    return GreaterThan(StrIndex(Lower("body"), Lower(Value(word))), 0)


def _newest(rows: Rows) -> Rows:
    """As many as are looked at, from the number of the last one on: PostgreSQL would compare a list of
    numbers with every row there is."""
    last = rows.order_by("-pk").values("pk")[SAID_LOOKED_AT - 1 : SAID_LOOKED_AT]
    return rows.filter(pk__gte=Coalesce(Subquery(last), 0))


@dataclass(frozen=True, slots=True)
class FoundInRoom:
    """What of a room's transcript has the words that somebody looks for."""

    MOST: ClassVar[int] = 100  # of either

    query: str
    words: list[str]
    messages: list[Message]
    questions: list[Question]
    is_more: bool

    @classmethod
    def of(cls, room: Room, viewer: Viewer, query: str) -> FoundInRoom:
        """In the order in which it was said. What those who run the room see a little earlier is found as late as it is
        said to all."""
        query = query.strip()[:200]
        words = words_of(query)
        if not words:
            return cls(query, [], [], [], is_more=False)
        said = Message.objects.visible_to(viewer).shown().filter(room=room)
        if not room.is_over():
            said = said.filter(written_at__lte=timezone.now() - SAID_SINCE)
        asked = Question.objects.visible_to(viewer).shown_to_all().filter(room=room)
        asked = asked.exclude(state__in=Question.GONE)
        in_answer = Q(_has_all(words, "answer"), state__in=(Question.State.ANSWERED, Question.State.WRITTEN))
        messages = list(said.filter(_has_all(words)).with_author().order_by("seq")[: cls.MOST + 1])
        questions = list(asked.filter(_has_all(words) | in_answer).with_asker().order_by("number")[: cls.MOST + 1])
        is_more = len(messages) > cls.MOST or len(questions) > cls.MOST
        return cls(query, words, messages[: cls.MOST], questions[: cls.MOST], is_more=is_more)


def _has_all(words: list[str], column: str = "body") -> Q:
    wanted = Q()
    for word in words:
        wanted &= Q(**{f"{column}__icontains": word})
    return wanted
