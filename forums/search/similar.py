"""Finding threads whose title says much the same as one that is being typed."""

from __future__ import annotations

import re

from django.db import connection

from forums.models import Post, Thread
from forums.search.index import places
from forums.search.words import plain_letters, words_of
from network.models import Viewer
from network.models.standing import standing_of
from network.search import Hit

SIMILAR_WORDS = 8  # of a title that are looked for
SIMILAR_MATCHES = 200  # titles with each of them

# Of each word of a title the newest of the viewer's networks that have it, whatever else they say. PostgreSQL is not
# told how common a word is, and is kept by `+ 0` from walking all posts backwards.
_SIMILAR = {
    "postgresql": """
        (SELECT post_id FROM forums_post_index
         WHERE ts_filter(words, '{{a}}') @@ (
             SELECT %(places)s::tsquery && one FROM (SELECT to_tsquery('english', %({word})s) AS one) typed
             WHERE numnode(one) > 0
         ) AND ts_filter(words, '{{a}}') <> ''::tsvector
         ORDER BY post_id + 0 DESC LIMIT %(matches)s)
    """,
    "sqlite": """
        SELECT * FROM (
            SELECT rowid FROM forums_post_index WHERE forums_post_index MATCH %({word})s
            ORDER BY rowid DESC LIMIT %(matches)s
        )
    """,
}


def similar_threads(viewer: Viewer, title: str, *, limit: int = 5) -> list[Hit]:
    """Threads that the viewer may see whose title says much the same, the most alike first. An outsider gets an empty
    list, whatever exists."""
    stems = stems_of(title)
    words = [word for word in words_of(title.lower()) if stems_of(word)][:SIMILAR_WORDS]
    networks = [network.pk for network in standing_of(viewer).networks] if viewer.is_authenticated else []
    if not words or not networks:
        return []
    begun = Post.objects.visible_to(viewer).filter(pk__in=_posts_with_any(words, networks), number=1)
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
    return frozenset(stem(word) for word in words_of(plain_letters(title)) if word not in STOP_WORDS)


def stem(word: str) -> str:
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


def _posts_with_any(words: list[str], networks: list[int]) -> list[int]:
    """The keys of first posts of threads in these networks with any of the words in their title: bounded, the newest of
    each word."""
    names = [f"word_{position}" for position in range(len(words))]
    form = "{}" if connection.vendor == "postgresql" else f'title : "{{}}" AND {places(networks)}'
    sought = {name: form.format(word) for name, word in zip(names, words, strict=True)}
    statement = " UNION ".join(_SIMILAR[connection.vendor].format(word=name) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(statement, {"matches": SIMILAR_MATCHES, "places": places(networks), **sought})
        return [post for (post,) in cursor.fetchall()]
