"""Finding threads by their title and posts. The index is ours, in a table that Django does not know (migration 0002):
a tsvector with GIN on PostgreSQL, FTS5 with the porter stemmer on SQLite.

The search is bounded: it ranks matches of the title and the newest few hundred matching posts, never every match of a
common word (2.3 s against 10-93 ms at a million posts, measured)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import ClassVar
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from forums import markup
from forums.live.access import belonging
from forums.models import Message, Post, Practice, Question, Room, Thread
from forums.models.mention import ways_to_write
from network.models import Member, Membership, Network, Viewer
from network.search import Hit

TITLE_MATCHES = 100
NEWEST_MATCHES = 300
EXCERPT_LENGTH = 200
SIMILAR_WORDS = 8  # of a title that are looked for
SIMILAR_MATCHES = 200  # titles with each of them

_INDEX = {
    "postgresql": """
        INSERT INTO forums_post_index (post_id, words)
        VALUES (%s, setweight(to_tsvector('english', %s), 'A') || to_tsvector('english', %s))
        ON CONFLICT (post_id) DO UPDATE SET words = EXCLUDED.words
    """,
    "sqlite": "INSERT OR REPLACE INTO forums_post_index (rowid, title, words) VALUES (%s, %s, %s)",
}

_INDEX_MANY = """
    INSERT INTO forums_post_index (post_id, words)
    SELECT post_id, setweight(to_tsvector('english', title), 'A') || to_tsvector('english', words)
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS post (post_id, title, words)
"""

_FORGET = {
    "postgresql": [
        "DELETE FROM forums_post_index WHERE post_id IN (SELECT id FROM forums_post WHERE author_id = %s)",
    ],
    "sqlite": [
        "DELETE FROM forums_post_index WHERE rowid IN (SELECT id FROM forums_post WHERE author_id = %s)",
        # FTS5 only marks words as deleted until it rewrites its pages.
        "INSERT INTO forums_post_index (forums_post_index) VALUES ('optimize')",
    ],
}

_FORGET_ONE = {
    "postgresql": "DELETE FROM forums_post_index WHERE post_id = %s",
    "sqlite": "DELETE FROM forums_post_index WHERE rowid = %s",
}

_SEARCH = {
    "postgresql": """
        WITH inside AS (
            SELECT entry.post_id, entry.words FROM forums_post_index entry
            JOIN forums_post post ON post.id = entry.post_id
            JOIN forums_thread thread ON thread.id = post.thread_id
            WHERE thread.network_id = ANY(%(networks)s)
        ), matches AS (
            (SELECT * FROM inside WHERE words @@ to_tsquery('english', %(in_title)s)
             ORDER BY post_id DESC LIMIT %(title_matches)s)
            UNION
            (SELECT * FROM inside WHERE words @@ to_tsquery('english', %(anywhere)s)
             ORDER BY post_id DESC LIMIT %(newest_matches)s)
        )
        SELECT post_id, ts_rank(words, to_tsquery('english', %(anywhere)s)) AS score FROM matches
        ORDER BY score DESC, post_id DESC
    """,
    # Lower bm25 is better, hence the sign. FTS5 wants its table named in MATCH and bm25, so it cannot stand in a CTE.
    "sqlite": """
        SELECT post_id, max(score) FROM (
            SELECT * FROM (
                SELECT forums_post_index.rowid AS post_id, -bm25(forums_post_index, 10.0, 1.0) AS score
                FROM forums_post_index
                JOIN forums_post post ON post.id = forums_post_index.rowid
                JOIN forums_thread thread ON thread.id = post.thread_id
                WHERE forums_post_index MATCH %(in_title)s
                    AND thread.network_id IN (SELECT value FROM json_each(%(networks)s))
                ORDER BY forums_post_index.rowid DESC LIMIT %(title_matches)s
            )
            UNION ALL
            SELECT * FROM (
                SELECT forums_post_index.rowid AS post_id, -bm25(forums_post_index, 10.0, 1.0) AS score
                FROM forums_post_index
                JOIN forums_post post ON post.id = forums_post_index.rowid
                JOIN forums_thread thread ON thread.id = post.thread_id
                WHERE forums_post_index MATCH %(anywhere)s
                    AND thread.network_id IN (SELECT value FROM json_each(%(networks)s))
                ORDER BY forums_post_index.rowid DESC LIMIT %(newest_matches)s
            )
        ) GROUP BY post_id ORDER BY 2 DESC, post_id DESC
    """,
}


# Of each word of a title the newest that have it, whatever else they say and whoever may see them: that is asked of the
# few that are found. By `+ 0` PostgreSQL is kept from walking all posts backwards, for it cannot know how few of them
# have a title.
_SIMILAR = {
    "postgresql": """
        (SELECT post_id FROM forums_post_index
         WHERE ts_filter(words, '{{a}}') @@ to_tsquery('english', %({word})s)
             AND ts_filter(words, '{{a}}') <> ''::tsvector
         ORDER BY post_id + 0 DESC LIMIT %(matches)s)
    """,
    "sqlite": """
        SELECT * FROM (
            SELECT rowid FROM forums_post_index WHERE forums_post_index MATCH %({word})s
            ORDER BY rowid DESC LIMIT %(matches)s
        )
    """,
}


def index_post(post: Post) -> None:
    """Puts the words of a post into the index, and with its thread's first post what stands beside it: the title, and
    what a council did."""
    title, words = "", markup.plain(post.html)
    if post.number == 1:
        title = post.thread.title
        practice = Practice.objects.beside(post)
        told = " ".join(words for _, words in practice.told) if practice else ""
        words = f"{told} {words}".strip()
    with connection.cursor() as cursor:
        cursor.execute(_INDEX[connection.vendor], [post.pk, title, words])


def index_posts(posts: Iterable[tuple[Post, str]]) -> None:
    """`index_post` for many: each with its title, or an empty one."""
    rows = [(post.pk, title, _plain(post.html)) for post, title in posts]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_INDEX_MANY, [list(column) for column in zip(*rows, strict=True)])
        else:
            cursor.executemany(_INDEX["sqlite"], rows)


def forget_post(post: Post) -> None:
    """Takes a post out of the index, and with a first post the thread's title."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_ONE[connection.vendor], [post.pk])


def forget_posts_of(member: Member) -> None:
    """Takes all posts of a member out of the index, and with a first post the title of its thread."""
    with connection.cursor() as cursor:
        for statement in _FORGET[connection.vendor]:
            cursor.execute(statement, [member.pk] if "%s" in statement else None)


def forget_what_was_replaced() -> None:
    """The words that posts had before: FTS5 only marks them as deleted until it rewrites its pages."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO forums_post_index (forums_post_index) VALUES ('optimize')")


def search_posts(viewer: Viewer, query: str, *, limit: int = 20) -> list[Hit]:
    """The best matching threads that the viewer may see, one hit each, best first. All words must occur in one post.
    An outsider gets an empty list, whatever exists."""
    words = words_of(query)
    networks = list(Network.objects.of(viewer).values_list("pk", flat=True))
    if not words or not networks:
        return []
    scores = _scores(words, networks)
    posts = Post.objects.visible_to(viewer).filter(pk__in=scores).select_related("thread__network")
    hits: dict[int, Hit] = {}
    for post in sorted(posts, key=lambda post: (-scores[post.pk], -post.pk)):
        hits.setdefault(post.thread_id, _hit(post, words, scores[post.pk]))
    return list(hits.values())[:limit]


SAID_LOOKED_AT = 20_000  # of the newest messages, and questions, of the viewer's rooms
SAID_MATCHES = 300
# Until then a message may be held back from the others in its room.
SAID_SINCE = timedelta(seconds=max(Room.DELAYS))


def search_rooms(viewer: Viewer, query: str, *, limit: int = 20) -> list[Hit]:
    """The live rooms that the viewer may enter in which somebody said or asked it, the latest first, one hit each; who
    said it is not part of it. All words must occur in one message or question. Without an index of its own, so bounded:
    it looks at the newest twenty thousand messages and as many questions that the viewer may read, and takes the newest
    three hundred that match. What is hidden, taken back, erased or held is not looked at."""
    words = words_of(query)
    if not words:
        return []
    until = timezone.now() - SAID_SINCE
    said = Message.objects.visible_to(viewer).shown().filter(written_at__lte=until).order_by("-pk")
    asked = Question.objects.visible_to(viewer).published().exclude(state=Question.State.REFUSED).order_by("-pk")
    found: list[Message | Question] = []
    for things in (
        Message.objects.filter(_has_all(words), pk__in=said.values("pk")[:SAID_LOOKED_AT]),
        Question.objects.filter(_has_all(words), pk__in=asked.values("pk")[:SAID_LOOKED_AT]),
    ):
        found += things.select_related("room__network").order_by("-pk")[:SAID_MATCHES]
    hits: dict[int, Hit] = {}
    for one in sorted(found, key=_said_at, reverse=True):
        room = one.room
        hits.setdefault(
            room.pk,
            Hit(
                kind="Live room",
                title=room.title,
                address=f"{room.get_absolute_url()}?{urlencode({'q': query})}#found",
                excerpt=_excerpt(one.body, words),
                where=room.network.name,
                at=_said_at(one),
                score=_said_at(one).timestamp(),
            ),
        )
    return list(hits.values())[:limit]


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
        asked = Question.objects.visible_to(viewer).published().filter(room=room).exclude(state=Question.State.REFUSED)
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


def _said_at(one: Message | Question) -> datetime:
    return one.written_at if isinstance(one, Message) else one.asked_at


_plain = lru_cache(maxsize=10_000)(markup.plain)  # of many posts at once, which repeat themselves


def similar_threads(viewer: Viewer, title: str, *, limit: int = 5) -> list[Hit]:
    """Threads that the viewer may see whose title says much the same, the most alike first. An outsider gets an empty
    list, whatever exists."""
    stems = stems_of(title)
    words = [word for word in words_of(title.lower()) if stems_of(word)][:SIMILAR_WORDS]
    begun = Post.objects.visible_to(viewer).filter(pk__in=_posts_with_any(words), number=1)
    scores = {
        pk: score
        for pk, there in begun.values_list("thread", "thread__title")
        if (score := likeness(stems, stems_of(there)))
    }
    best = sorted(scores, key=lambda pk: (scores[pk], pk), reverse=True)[:limit]
    found = Thread.objects.visible_to(viewer).select_related("network").in_bulk(best)
    return [
        Hit(
            kind=thread.get_kind_display(),
            title=thread.title,
            address=thread.get_absolute_url(),
            excerpt="",
            where=thread.network.name,
            at=thread.last_post_at,
            score=scores[thread.pk],
        )
        for thread in (found[pk] for pk in best if pk in found)
    ]


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How alike two titles are by their stems: from 0, not similar, to 1. Of the shorter one half the words have to
    stand in the other and two at least, unless it has only one. The same on every database, which only finds what may
    be similar."""
    shared = len(one & other)
    least = min(len(one), len(other))
    if not shared or (least > 1 and (shared < 2 or shared / least < 0.5)):
        return 0.0
    return shared / len(one | other)


def stems_of(title: str) -> frozenset[str]:
    """The stems of the words of a title that say what it is about."""
    return frozenset(_stem(word) for word in words_of(_plain_letters(title)) if word not in STOP_WORDS)


def _plain_letters(text: str) -> str:
    """Lower case, without accents and apostrophes."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'").replace("'s", ""))
    return "".join(letter for letter in letters if letter != "'" and not unicodedata.combining(letter))


def _stem(word: str) -> str:
    """What remains the same when a word is in the plural, a tense or the name of its doing. Coarse: it only ever
    compares titles."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiousl":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word[-1] in "ey" else word


ENDINGS = (
    *("isations", "izations", "isation", "ization", "ising", "izing", "ised", "ized", "ises", "izes", "ments", "ment"),
    *("ings", "ing", "ions", "ion", "ers", "er", "ed", "ies", "ise", "ize", "ss", "es", "s"),
)
# What titles are full of whatever they are about.
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    a about advice all am an and any anybody anyone are as ask asking at be been being best but by can could council
    councils currently did do does doing done dont else ever everyone examples experience experiences find first for
    from get getting give good got had has have having help hello hi how i if im in into is it its just know like
    looking lot make many may me more most much my need needed needs new no not of off on one only or other others our
    out over people please question questions recommend recommendations should so some somebody someone something such
    take tell than thank thanks that the their them then there these they thing things think this those thoughts to
    tried try trying up us use used useful uses using very want wanted was we were what when where whether which while
    who why will with within without work working works would you your yours
        """,
    )
)


def _posts_with_any(words: list[str]) -> list[int]:
    """The keys of first posts of threads with any of the words in their title: bounded, the newest of each word."""
    if not words:
        return []
    names = [f"word_{position}" for position in range(len(words))]
    form = "{}" if connection.vendor == "postgresql" else 'title : "{}"'
    sought = {name: form.format(word) for name, word in zip(names, words, strict=True)}
    statement = " UNION ".join(_SIMILAR[connection.vendor].format(word=name) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(statement, {"matches": SIMILAR_MATCHES, **sought})
        return [post for (post,) in cursor.fetchall()]


def words_of(query: str) -> list[str]:
    """The words of a query, without the operators of any search language: at most 12 of at most 40 characters."""
    return [word[:40] for word in re.findall(r"[^\W_]+", query)][:12]


def _scores(words: list[str], networks: list[int]) -> dict[int, float]:
    if connection.vendor == "postgresql":
        anywhere = " & ".join(words)
        in_title = " & ".join(f"{word}:A" for word in words)
        places: list[int] | str = networks
    else:
        anywhere = " ".join(f'"{word}"' for word in words)
        in_title = " ".join(f'title : "{word}"' for word in words)
        places = f"[{','.join(map(str, networks))}]"
    with connection.cursor() as cursor:
        cursor.execute(
            _SEARCH[connection.vendor],
            {
                "networks": places,
                "anywhere": anywhere,
                "in_title": in_title,
                "title_matches": TITLE_MATCHES,
                "newest_matches": NEWEST_MATCHES,
            },
        )
        return dict(cursor.fetchall())


def _hit(post: Post, words: list[str], score: float) -> Hit:
    return Hit(
        kind=post.thread.get_kind_display(),
        title=post.thread.title,
        address=post.get_absolute_url(),
        excerpt=_excerpt(markup.plain(post.html), words),
        where=post.thread.network.name,
        at=post.written_at,
        score=score,
    )


def _excerpt(text: str, words: list[str]) -> str:
    found = re.search("|".join(map(re.escape, words)), text, re.IGNORECASE)
    start = max(0, (found.start() if found else 0) - EXCERPT_LENGTH // 4)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    shown = text[start : start + EXCERPT_LENGTH]
    return ("… " if start else "") + shown + (" …" if start + EXCERPT_LENGTH < len(text) else "")


@dataclass(frozen=True, slots=True)
class PersonToMention:
    name: str
    label: str  # of whoever is no officer
    council: str
    words: str  # what to write after the @, so that nobody else is meant


PEOPLE_OFFERED = 8
MOST_WORDS_OF_A_NAME = 4


def find_people_to_mention(viewer: Viewer, network: Network, typed: str) -> list[PersonToMention]:
    """Of those who can read what is written in a network, the ones of whose name each typed word begins a word; by
    name. Nobody for somebody who does not belong to it, and nobody but for at least a letter. One query."""
    here = (
        Membership.objects.visible_to(viewer).active().filter(network__in=Network.objects.of(viewer), network=network)
    )
    return _people_named(Member.objects.filter(pk__in=here.values("member")), typed)


def find_people_in_room(viewer: Viewer, room: Room, typed: str) -> list[PersonToMention]:
    """Of those who may come into a room, likewise. Nobody for somebody who may not."""
    if not Room.objects.visible_to(viewer).filter(pk=room.pk).exists():
        return []
    return _people_named(Member.objects.filter(pk__in=belonging(room.pk).values("pk")), typed)


def _people_named(people: QuerySet[Member], typed: str) -> list[PersonToMention]:
    words = typed.split()
    if not words or len(words) > MOST_WORDS_OF_A_NAME:
        return []
    people = people.exclude(name="")
    namesakes = people.filter(name__iexact=OuterRef("name")).exclude(pk=OuterRef("pk"))
    found = people.annotate(
        has_namesake=Exists(namesakes),
        has_namesake_in_council=Exists(namesakes.filter(organisation=OuterRef("organisation"))),
    )
    for word in words:
        begins = Q(name__istartswith=word)
        for divider in " -'\N{RIGHT SINGLE QUOTATION MARK}":
            begins |= Q(name__icontains=divider + word)
        found = found.filter(begins)
    rows = found.order_by("name", "pk").values_list(
        "pk", "name", "kind", "organisation__short_name", "has_namesake", "has_namesake_in_council"
    )
    result = []
    for pk, name, kind, council, has_namesake, has_namesake_in_council in rows[:PEOPLE_OFFERED]:
        ways = ways_to_write(name, council or "", pk)
        words_of = ways[0] if not has_namesake else ways[-1] if has_namesake_in_council or not council else ways[1]
        result.append(PersonToMention(name, Member(kind=kind).label, council or "", words_of))
    return result
