"""Finding threads by their title and posts.

The search is bounded: it looks at matches of the title and the newest few hundred matching posts, never at every match
of a common word (2.3 s against 10-93 ms at a million posts, measured)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from django.db import connection

from forums import markup
from forums.models import Post, Thread
from forums.search.index import STRETCH, Vocabulary, is_plural, places, words_to_learn
from forums.search.similar import stem
from forums.search.words import EMPTY_WORDS, indexed, plain_letters, words_of
from network.models import Viewer
from network.models.standing import standing_of
from network.search import Filters, Hit, Line

TITLE_MATCHES = 100
NEWEST_MATCHES = 300
LINE_LENGTH = 200
LINES_OF_A_THREAD = 3

# What is looked for stands in a query of its own, so that PostgreSQL plans without knowing how common a word is
# anywhere: for one that is common in other networks it would walk through all posts. By `+ 0` it is kept from that too.
# First the newest stretch of posts is looked at, and the rest only where that did not give enough.
_SEARCH = {
    "postgresql": """
        WITH typed AS (
            SELECT %(places)s::tsquery AS place, to_tsquery('english', %(anywhere)s) AS words,
                (SELECT ('of/' || max(id) / {stretch} || ' | of/' || max(id) / {stretch} - 1)::tsquery FROM forums_post)
                    AS recent
        ), sought AS MATERIALIZED (
            SELECT words, place && words AS everywhere, place && recent && words AS recent,
                place && !!recent && words AS earlier
            FROM typed WHERE numnode(words) > 0
        ), matches AS MATERIALIZED (
            (SELECT entry.post_id, entry.words, true AS in_title FROM forums_post_index entry {joins}
             WHERE ts_filter(entry.words, '{{a}}') @@ (SELECT everywhere FROM sought)
                 AND ts_filter(entry.words, '{{a}}') <> ''::tsvector {filters}
             ORDER BY entry.post_id + 0 DESC LIMIT %(title_matches)s)
            UNION ALL
            (SELECT * FROM (
                (SELECT entry.post_id, entry.words, false FROM forums_post_index entry {joins}
                 WHERE entry.words @@ (SELECT recent FROM sought) {filters}
                 ORDER BY entry.post_id + 0 DESC LIMIT %(newest_matches)s)
                UNION ALL
                (SELECT entry.post_id, entry.words, false FROM forums_post_index entry {joins}
                 WHERE entry.words @@ (SELECT earlier FROM sought) {filters}
                 ORDER BY entry.post_id + 0 DESC LIMIT %(newest_matches)s)
             ) newest LIMIT %(newest_matches)s)
        ), found AS MATERIALIZED (
            SELECT matches.post_id, post.thread_id, post.written_at, bool_or(in_title) AS in_title,
                max(ts_rank(matches.words, (SELECT words FROM sought))) AS score
            FROM matches
            JOIN forums_post post ON post.id = matches.post_id
            JOIN forums_thread thread ON thread.id = post.thread_id
            WHERE thread.network_id = ANY(%(networks)s)
            GROUP BY matches.post_id, post.thread_id, post.written_at
        ), unfound AS (SELECT WHERE NOT EXISTS (SELECT FROM found))
        SELECT post_id, thread_id, written_at, in_title, score, NULL::text AS word FROM found
        {otherwise}
    """,
    # In the order of its rows FTS5 stops at the last that is wanted. Its own bm25 would go through all rows of all
    # networks that have a word, so the texts are given a score here (`_score`).
    "sqlite": """
        WITH found AS MATERIALIZED (
            SELECT post_id, thread_id, written_at, max(in_title) AS in_title, title, words FROM (
                SELECT * FROM (
                    SELECT forums_post_index.rowid AS post_id, post.thread_id, post.written_at, 1 AS in_title,
                        forums_post_index.title, forums_post_index.words
                    FROM forums_post_index
                    JOIN forums_post post ON post.id = forums_post_index.rowid
                    JOIN forums_thread thread ON thread.id = post.thread_id
                    WHERE forums_post_index MATCH %(in_title)s
                        AND thread.network_id IN (SELECT value FROM json_each(%(networks)s)) {filters}
                    ORDER BY forums_post_index.rowid DESC LIMIT %(title_matches)s
                )
                UNION ALL
                SELECT * FROM (
                    SELECT forums_post_index.rowid AS post_id, post.thread_id, post.written_at, 0,
                        forums_post_index.title, forums_post_index.words
                    FROM forums_post_index
                    JOIN forums_post post ON post.id = forums_post_index.rowid
                    JOIN forums_thread thread ON thread.id = post.thread_id
                    WHERE forums_post_index MATCH %(anywhere)s
                        AND thread.network_id IN (SELECT value FROM json_each(%(networks)s)) {filters}
                    ORDER BY forums_post_index.rowid DESC LIMIT %(newest_matches)s
                )
            ) GROUP BY post_id, thread_id, written_at
        ), unfound AS (SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM found))
        SELECT post_id, thread_id, written_at, in_title, title, words, NULL AS word FROM found
        {otherwise}
    """,
}
# Where that finds nothing, the same statement says what words are near to those that were typed.
_OTHERWISE = {
    "postgresql": "UNION ALL SELECT NULL, NULL, NULL, is_written, NULL, word FROM ({near}) near",
    "sqlite": "UNION ALL SELECT NULL, NULL, NULL, is_written, NULL, NULL, word FROM ({near}) near",
}
# Only what a search is kept to has to be asked of every match.
_JOINS = """JOIN forums_post post ON post.id = entry.post_id
            JOIN forums_thread thread ON thread.id = post.thread_id"""


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for: words that may stand anywhere in one post or its title, and phrases whose words stand in
    this order. All in plain letters. `mended` says what stands in for a word that nobody has written."""

    words: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    mended: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, typed: str) -> Query:
        """Reads what was typed: a phrase stands in quotation marks, and a mark without its second is no mark. Words
        that say nothing are left out unless they stand in a phrase."""
        typed = typed.translate({ord(mark): '"' for mark in "\u201c\u201d\u201e\u00ab\u00bb"})
        phrases = [tuple(words_of(indexed(phrase))) for phrase in re.findall(r'"([^"]+)"', typed)]
        loose = words_of(indexed(re.sub(r'"[^"]+"', " ", typed)))
        words = dict.fromkeys(word for word in loose if word not in EMPTY_WORDS)
        telling = (phrase for phrase in phrases if any(word not in EMPTY_WORDS for word in phrase))
        return cls(tuple(words), tuple(telling))

    def __bool__(self) -> bool:
        return bool(self.words or self.phrases)

    def alternatives(self) -> list[Sequence[str]]:
        """For each word those of which one has to be there."""
        return [(word, *self.mended.get(word, ())) for word in self.words]

    @property
    def is_mended(self) -> bool:
        """Whether a letter may be wrong in one of the words. None is in a plural, which stands in all the same: the
        index of pages on SQLite takes it for another word."""
        return any(not is_plural(word, other) for word, near in self.mended.items() for other in near)

    def mended_among(self, words: Collection[str]) -> Query:
        """With those alone that are among these words to stand in for others."""
        near = {word: [other for other in others if other in words] for word, others in self.mended.items()}
        return replace(self, mended={word: others for word, others in near.items() if others})

    def is_in(self, text: str) -> bool:
        """Whether the phrases stand in an indexed text, word for word: the index knows them only by their stems."""
        return all(f" {' '.join(phrase)} " in f" {text} " for phrase in self.phrases)

    def instead(self, hits: Iterable[Hit]) -> dict[str, str]:
        """What the words with a wrong letter were taken for, as far as it stands in what was found."""
        shown = " ".join(
            indexed(" ".join([hit.title, *("".join(piece for piece, _ in line.pieces) for line in hit.lines)]))
            for hit in hits
        )
        there = set(shown.split())
        taken = {}
        for word, near in self.mended.items():
            for candidate in near:
                if candidate in there and not is_plural(word, candidate):
                    taken[word] = candidate
                    break
        return taken

    def stems(self) -> frozenset[str]:
        """Of all that is to be marked where it was found."""
        loose = {stem(word) for words in self.alternatives() for word in words}
        return frozenset(loose | {stem(word) for phrase in self.phrases for word in phrase if word not in EMPTY_WORDS})


@dataclass(frozen=True, slots=True)
class Found:
    """The hits, best first, and the words that were looked for instead of what was typed: only where they found
    something that the viewer may see. `by` is what found them: the vocabulary also has words of posts that were hidden
    or deleted, and those of it that stand in no post that was found are not among the mended, so that no page tells
    of them."""

    hits: list[Hit]
    instead: dict[str, str]
    by: Query = Query()


NOTHING = Found([], {})


@dataclass(frozen=True, slots=True)
class _Match:
    """A post in which all of it stands, as the index knows it."""

    post: int
    thread: int
    written_at: Any  # comparable; a text on SQLite
    is_in_title: bool
    score: float


def search_posts(
    viewer: Viewer,
    typed: str,
    *,
    filters: Filters = Filters(),  # noqa: B008  # it cannot be changed
    newest_first: bool = False,
    limit: int = 20,
) -> Found:
    """The matching threads that the viewer may see, one hit each: those whose title matches first, then by how well.
    All words must occur in one post or its title; where that finds nothing, one with a wrong letter stands for the
    words that are near it. An outsider gets nothing, whatever exists. Two queries; one more where a word could be
    mended, and one less where nothing is found."""
    query = Query.of(typed)
    networks = [network.pk for network in standing_of(viewer).networks] if viewer.is_authenticated else []
    if filters.network is not None:
        networks = [network for network in networks if network == filters.network]
    if not query or not networks:
        return NOTHING
    found, near = _matches(query, networks, filters)
    query = replace(query, mended=near)
    if query.is_mended:
        found, _ = _matches(query, networks, filters)
    if newest_first:
        found.sort(key=lambda match: (match.written_at, match.post), reverse=True)
    else:
        found.sort(key=lambda match: (match.is_in_title, match.score, match.post), reverse=True)
    # Only what can be shown is read, unless the words have to be compared.
    texts = _Texts.of(viewer, [match.post for match in (found if query.phrases else _of_first_threads(found, limit))])
    stems = query.stems()
    hits: dict[int, Hit] = {}
    for match in found:
        post = texts.posts.get(match.post)
        if post is None or not query.is_in(texts.indexed(post)):
            continue
        if match.thread not in hits and len(hits) == limit:
            break
        hit = hits.setdefault(match.thread, _hit(post, match.score))
        if len(hit.lines) < LINES_OF_A_THREAD:
            hits[match.thread] = replace(hit, lines=(*hit.lines, _line(post, texts.shown(post), stems)))
    if query.mended and hits:
        query = query.mended_among(texts.words())
    return Found(list(hits.values()), query.instead(hits.values()), query)


def suggest_threads(viewer: Viewer, words: Sequence[str], *, limit: int) -> list[Hit]:
    """Threads that the viewer may see and whose title has all the words, in plain letters and the last of them perhaps
    only begun; the newest first. Two queries."""
    networks = [network.pk for network in standing_of(viewer).networks] if viewer.is_authenticated else []
    if not words or not networks:
        return []
    whole, begun = words[:-1], words[-1]
    if connection.vendor == "postgresql":
        sought = " & ".join([*whole, f"{begun}:*"])
    else:
        sought = f"title : ({' AND '.join([*(_quoted(word) for word in whole), f'{_quoted(begun)}*'])})"
        sought = f"{sought} AND {places(networks)}"
    values = {"networks": _listed(networks), "sought": sought, "places": places(networks), "most": limit}
    with connection.cursor() as cursor:
        cursor.execute(_SUGGEST[connection.vendor], values)
        found = [thread for (thread,) in cursor.fetchall()]
    threads = Thread.objects.visible_to(viewer).select_related("network").in_bulk(found)
    return [
        Hit(
            kind=threads[pk].get_kind_display(),
            title=threads[pk].title,
            address=threads[pk].get_absolute_url(),
            excerpt="",
            where=threads[pk].network.name,
            at=threads[pk].last_post_at,
            score=0.0,
        )
        for pk in found
        if pk in threads
    ]


# Only first posts have a title.
_SUGGEST = {
    "postgresql": """
        WITH typed AS MATERIALIZED (
            SELECT %(places)s::tsquery && words AS words
            FROM (SELECT to_tsquery('english', %(sought)s) AS words) given WHERE numnode(words) > 0
        ), found AS MATERIALIZED (
            SELECT post_id FROM forums_post_index
            WHERE ts_filter(words, '{a}') @@ (SELECT words FROM typed) AND ts_filter(words, '{a}') <> ''::tsvector
            ORDER BY post_id + 0 DESC LIMIT %(most)s
        )
        SELECT post.thread_id FROM found
        JOIN forums_post post ON post.id = found.post_id
        JOIN forums_thread thread ON thread.id = post.thread_id
        WHERE thread.network_id = ANY(%(networks)s)
        ORDER BY found.post_id DESC
    """,
    "sqlite": """
        SELECT post.thread_id FROM forums_post_index
        JOIN forums_post post ON post.id = forums_post_index.rowid
        JOIN forums_thread thread ON thread.id = post.thread_id
        WHERE forums_post_index MATCH %(sought)s
            AND thread.network_id IN (SELECT value FROM json_each(%(networks)s))
        ORDER BY forums_post_index.rowid DESC LIMIT %(most)s
    """,
}


def _of_first_threads(found: Sequence[_Match], limit: int) -> list[_Match]:
    """Those of the first threads, of each as many as it shows lines."""
    lines: Counter[int] = Counter()
    wanted = []
    for match in found:
        if match.thread not in lines and len(lines) == limit:
            continue
        lines[match.thread] += 1
        if lines[match.thread] <= LINES_OF_A_THREAD:
            wanted.append(match)
    return wanted


@dataclass(frozen=True, slots=True)
class _Texts:
    """What stands in some posts, and beside them: as far as the viewer may read it."""

    posts: dict[int, Post]

    @classmethod
    def of(cls, viewer: Viewer, keys: Sequence[int]) -> _Texts:
        found = Post.objects.visible_to(viewer).with_file_names()
        about = ("thread__network", "thread__answer", "thread__practice", "author", "organisation")
        return cls(found.select_related(*about).in_bulk(keys))

    def shown(self, post: Post) -> list[str]:
        """Its words, and what stands beside them, each a text of its own."""
        texts = [markup.plain(post.html)]
        practice = getattr(post.thread, "practice", None) if post.number == 1 else None
        if practice is not None:
            texts += [told for _, told in practice.told]
        names: str | None = post.file_names  # type: ignore[attr-defined]  # annotated
        return texts + (names or "").splitlines() + markup.linked(post.html)

    def words(self) -> set[str]:
        """Of those that the vocabulary has, the ones that stand there."""
        return {word for post in self.posts.values() for word in words_to_learn(self.indexed(post))}

    def indexed(self, post: Post) -> str:
        title = post.thread.title if post.number == 1 else ""
        return indexed(" ".join([title, *self.shown(post)]))


def _matches(query: Query, networks: list[int], filters: Filters) -> tuple[list[_Match], Mapping[str, Sequence[str]]]:
    """The posts; and where there are none what could stand for the words, unless that was already looked for."""
    conditions, values = _conditions(filters)
    is_postgresql = connection.vendor == "postgresql"
    anywhere, in_title = _tsquery(query), ""
    if not is_postgresql:
        anywhere = f"{{title words}} : ({_fts5(query)}) AND {places(networks)}"
        in_title = f"title : ({_fts5(query)}) AND {places(networks)}"
    vocabulary = Vocabulary.beside(() if query.mended else query.words)
    statement = _SEARCH[connection.vendor].format(
        filters=" ".join(f"AND {condition}" for condition in conditions),
        joins=_JOINS if conditions else "",
        stretch=STRETCH,
        otherwise=_OTHERWISE[connection.vendor].format(near=vocabulary.sql) if vocabulary.typed else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "networks": _listed(networks),
                "places": places(networks),
                "anywhere": anywhere,
                "in_title": in_title,
                "title_matches": TITLE_MATCHES,
                "newest_matches": NEWEST_MATCHES,
                **values,
                **vocabulary.values(networks),
            },
        )
        rows = cursor.fetchall()
    near = vocabulary.near((word, bool(is_written)) for _, _, _, is_written, *_, word in rows if word is not None)
    score = _Score(query).of if connection.vendor == "sqlite" else float
    found = [
        _Match(post, thread, at, bool(in_title), score(*scored))
        for post, thread, at, in_title, *scored, word in rows
        if word is None
    ]
    return found, near


def _listed(networks: list[int]) -> list[int] | str:
    return networks if connection.vendor == "postgresql" else f"[{','.join(map(str, networks))}]"


class _Score:
    """How well an indexed text fits a query, by itself: how often its words stand there, each time counting for less,
    and the more the shorter the text is. How rare a word is elsewhere has no part in it."""

    def __init__(self, query: Query) -> None:
        wanted = [*query.alternatives(), *([word] for phrase in query.phrases for word in phrase)]
        self.each = [re.compile(rf"\b(?:{'|'.join(sorted({stem(word) for word in words}))})") for words in wanted]

    def of(self, title: str, words: str) -> float:
        usual = 0.3 + 0.9 * len(words) / 600  # characters of a usual post
        score = 0.0
        for one in self.each:
            times = len(one.findall(words)) + 10 * len(one.findall(title))
            score += times / (times + usual)
        return score


def _tsquery(query: Query) -> str:
    """Words are letters and digits alone, so none of them is an operator."""
    parts = [f"({' | '.join(words)})" for words in query.alternatives()]
    parts += [f"({' <-> '.join(phrase)})" for phrase in query.phrases]
    return " & ".join(parts)


def _fts5(query: Query) -> str:
    parts = [f"({' OR '.join(map(_quoted, words))})" for words in query.alternatives()]
    parts += [_quoted(" ".join(phrase)) for phrase in query.phrases]
    return " AND ".join(parts)


def _quoted(words: str) -> str:
    return f'"{words}"'


def _conditions(filters: Filters) -> tuple[list[str], dict[str, Any]]:
    """Of what somebody wants to find among, in SQL of ours with places for their values."""
    known: list[tuple[str, str, Any]] = [
        ("thread.theme_id = %(theme)s", "theme", filters.theme),
        ("post.organisation_id = %(council)s", "council", filters.council),
        ("thread.id = %(thread)s", "thread", filters.thread),
        ("post.written_at >= %(since)s", "since", filters.begins),
        ("post.written_at < %(until)s", "until", filters.ends),
        (
            "EXISTS (SELECT 1 FROM forums_threadtag tagged JOIN network_tag tag ON tag.id = tagged.tag_id "
            "WHERE tagged.content_object_id = thread.id AND tag.name = %(tag)s)",
            "tag",
            filters.tag or None,
        ),
    ]
    conditions = [condition for condition, _, value in known if value is not None]
    values = {name: value for _, name, value in known if value is not None}
    if filters.news is not None:
        conditions.append("post.id > %(after_post)s AND post.id <= %(last_post)s")
        conditions.append("(post.author_id IS NULL OR post.author_id <> %(not_by)s)")
        news = filters.news
        values |= {"after_post": news.after_post, "last_post": news.last_post, "not_by": news.not_by}
    if filters.authors:
        places = ", ".join(f"%(author{place})s" for place in range(len(filters.authors)))
        conditions.append(f"post.author_id IN ({places})")
        values |= {f"author{place}": author for place, author in enumerate(filters.authors)}
    if filters.is_answered is not None:
        answered = "EXISTS (SELECT 1 FROM forums_answer answer WHERE answer.thread_id = thread.id)"
        conditions.append(answered if filters.is_answered else f"thread.kind = 'question' AND NOT {answered}")
    return conditions, values


def _hit(post: Post, score: float) -> Hit:
    thread = post.thread
    return Hit(
        kind=thread.get_kind_display(),
        title=thread.title,
        address=thread.get_absolute_url(),
        excerpt="",
        where=thread.network.name,
        at=thread.last_post_at,
        score=score,
        is_answered=getattr(thread, "answer", None) is not None,
    )


def _line(post: Post, texts: Sequence[str], stems: frozenset[str]) -> Line:
    """The part of a post around the first of the words that were looked for; its beginning where none is in it."""
    best = next((text for text in texts if any(is_marked for _, is_marked in marked(text, stems))), texts[0])
    return Line(address=post.get_absolute_url(), by=post.author_name, pieces=excerpt(best, stems), at=post.written_at)


def excerpt(text: str, stems: frozenset[str]) -> tuple[tuple[str, bool], ...]:
    """At most 200 characters of a text, from a little before the first match on, in pieces with whether each is one."""
    places = [found.start() for found in re.finditer(r"[^\W_]+", text) if _is_match(found[0], stems)]
    start = max(0, (places[0] if places else 0) - LINE_LENGTH // 4)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    shown = text[start : start + LINE_LENGTH]
    shown = ("… " if start else "") + shown + (" …" if start + LINE_LENGTH < len(text) else "")
    return marked(shown, stems)


def marked(text: str, stems: frozenset[str]) -> tuple[tuple[str, bool], ...]:
    """A text in pieces, each with whether it is a word that was looked for."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in re.finditer(r"[^\W_]+", text):
        if _is_match(found[0], stems):
            if found.start() > end:
                pieces.append((text[end : found.start()], False))
            pieces.append((found[0], True))
            end = found.end()
    if end < len(text) or not pieces:
        pieces.append((text[end:], False))
    return tuple(pieces)


def _is_match(word: str, stems: frozenset[str]) -> bool:
    return _stem_of(word) in stems


@lru_cache(maxsize=50_000)  # the same words stand in most of what is shown
def _stem_of(word: str) -> str:
    return stem(plain_letters(word))
