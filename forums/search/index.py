"""The index of what is written in threads, kept in the transaction that writes. It is ours, in tables that Django does
not know (migrations 0002 and 0011): a tsvector with GIN on PostgreSQL, FTS5 with the porter stemmer on SQLite. Beside
it stands the vocabulary of each network: which words there are, so that one typed with a wrong letter still finds.

Each post's row says its network too, as one more word that nobody can type. Every search names the networks that it is
kept to, so the index itself gives no row of another: what is written where the searcher does not belong costs no time
that could be told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection, transaction

from forums import markup
from forums.models import Attachment, Post, PostVersion, Practice, Thread
from forums.search.words import LONGEST_WORD, indexed
from network.models import Member, Network

SHORTEST_MENDED = 5  # letters of a word that is found with one of them wrong
SHORTEST_TYPED = 4  # letters of one that may be such a word with one left out
AT_A_TIME = 1_000

_INDEX = {
    "postgresql": """
        INSERT INTO forums_post_index (post_id, words)
        SELECT post_id,
            setweight(to_tsvector('english', title), 'A') || to_tsvector('english', words) || place::tsvector
        FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS post (post_id, title, words, place)
        ON CONFLICT (post_id) DO UPDATE SET words = EXCLUDED.words
    """,
    "sqlite": "INSERT OR REPLACE INTO forums_post_index (rowid, title, words, place) VALUES (%s, %s, %s, %s)",
}

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

_LEARN = {
    "postgresql": """
        INSERT INTO forums_word (network_id, word, backwards)
        SELECT network_id, word, reverse(word) FROM unnest(%s::bigint[], %s::text[]) AS known (network_id, word)
        ON CONFLICT DO NOTHING
    """,
    "sqlite": "INSERT OR IGNORE INTO forums_word (network_id, word, backwards) VALUES (%s, %s, %s)",
}


STRETCH = 1 << 15  # keys of posts that have a word for their stretch in common: the newest are looked at first


def place_of(post: int, network: int, *, has_title: bool) -> str:
    """Where a post stands, as it is written into the index. The slash keeps it apart from whatever is typed; on SQLite,
    where a slash divides words, a column of its own does."""
    if connection.vendor != "postgresql":
        return f"in{network}"
    weight = ":1A" if has_title else ""  # the index of titles has only what carries it
    return f"in/{network}{weight} of/{post // STRETCH}"


def places(networks: Collection[int]) -> str:
    """The part of a query that keeps it to these networks."""
    if connection.vendor != "postgresql":
        return f"place : ({' OR '.join(f'in{network}' for network in networks)})"
    return " | ".join(f"in/{network}" for network in networks)


def index_post(post: Post) -> None:
    """Puts what is said in a post into the index, with the names of its files and the addresses that it leads to; and
    with its thread's first post what stands beside it: the title, and what a council did."""
    _write(_texts_of([post]))


def index_posts(posts: Iterable[tuple[Post, str]]) -> None:
    """`index_post` for many without files and practices, whose threads are at hand: each with its title, or an empty
    one."""
    _write([(post, indexed(title), _indexed_html(post.html)) for post, title in posts])


Texts = list[tuple[Post, str, str]]  # of posts whose threads are at hand, each with its title and words as indexed


def _texts_of(posts: Collection[Post]) -> Texts:
    practices, files = _told_beside(posts), _files_of(posts)
    texts = []
    for post in posts:
        more = [*practices.get(post.pk, ()), *files.get(post.pk, ())]
        words = " ".join(filter(None, [_indexed_html(post.html), indexed(" ".join(more))]))
        texts.append((post, indexed(post.thread.title) if post.number == 1 else "", words))
    return texts


def _told_beside(posts: Iterable[Post]) -> dict[int, list[str]]:
    begun = {post.thread_id: post.pk for post in posts if post.number == 1 and post.thread.kind == Thread.Kind.PRACTICE}
    practices = Practice.objects.filter(thread__in=begun) if begun else []
    return {begun[practice.thread_id]: [told for _, told in practice.told] for practice in practices}


def _files_of(posts: Iterable[Post]) -> dict[int | None, list[str]]:
    files: dict[int | None, list[str]] = {}
    for post, name in Attachment.objects.shown().filter(post__in=posts).values_list("post", "name"):
        files.setdefault(post, []).append(name)
    return files


def _write(texts: Texts) -> None:
    rows = [
        (post.pk, title, words, place_of(post.pk, post.thread.network_id, has_title=bool(title)))
        for post, title, words in texts
    ]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_INDEX["postgresql"], [list(column) for column in zip(*rows, strict=True)])
        else:
            cursor.executemany(_INDEX["sqlite"], rows)
    learn_words(_words_in(texts))


def _words_in(texts: Texts) -> set[tuple[int, str]]:
    return {
        (post.thread.network_id, word)
        for post, title, words in texts
        for text in (title, words)
        for word in words_to_learn(text)
    }


@lru_cache(maxsize=10_000)  # many posts at once repeat themselves
def _indexed_html(html: str) -> str:
    return indexed(" ".join([markup.plain(html), *markup.linked(html)]))


@lru_cache(maxsize=10_000)
def words_to_learn(text: str) -> frozenset[str]:
    """Of an indexed text those that can be meant with a letter wrong, and of what may be a plural the singular too.
    Numbers cannot."""
    words = {word for word in text.split() if len(word) <= LONGEST_WORD and word.isalpha()}
    words |= {word.removesuffix("s") for word in words}
    return frozenset(word for word in words if len(word) >= SHORTEST_MENDED)


def learn_words(known: Collection[tuple[int, str]]) -> None:
    """Adds words to the vocabulary of networks, each by the network's key."""
    if not known:
        return
    in_order = sorted(known)  # two who write at once take their rows in the same order
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_LEARN["postgresql"], [list(column) for column in zip(*in_order, strict=True)])
        else:
            cursor.executemany(_LEARN["sqlite"], [(network, word, word[::-1]) for network, word in in_order])


def forget_post(post: Post) -> None:
    """Takes a post out of the index, and with a first post the thread's title."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_ONE[connection.vendor], [post.pk])


def forget_posts_of(member: Member) -> None:
    """Takes all posts of a member out of the index, and with a first post the title of its thread. Their words leave
    the vocabulary too, unless others have written them."""
    written = _words_by(member)
    with connection.cursor() as cursor:
        for statement in _FORGET[connection.vendor]:
            cursor.execute(statement, [member.pk] if "%s" in statement else None)
    for network, words in written.items():
        forget_words(words, network)


def forget_name_of(member: Member) -> None:
    """The words of a member's name leave the vocabulary, unless they stand in what is written."""
    for network in Network.objects.values_list("pk", flat=True):
        forget_words(words_to_learn(indexed(member.name)), network)


def forget_words(words: Iterable[str], network: int) -> None:
    with connection.cursor() as cursor:
        for word in sorted(words):
            if not _is_written(network, word):
                cursor.execute("DELETE FROM forums_word WHERE network_id = %s AND word = %s", [network, word])


def _words_by(member: Member) -> dict[int, set[str]]:
    """All that a member ever wrote, by network: what their posts said before they were changed, too."""
    written: dict[int, set[str]] = {}

    def add(network: int, *texts: str) -> None:
        written.setdefault(network, set()).update(words_to_learn(indexed(" ".join(texts))))

    for network, title in Thread.objects.filter(author=member).values_list("network", "title"):
        add(network, title)
    for posts, network_of in (
        (Post.objects.filter(author=member), "thread__network"),
        (PostVersion.objects.filter(post__author=member), "post__thread__network"),
    ):
        for network, html in posts.values_list(network_of, "html").iterator():
            add(network, markup.plain(html), *markup.linked(html))
    for practice in Practice.objects.filter(thread__author=member).select_related("thread"):
        add(practice.thread.network_id, *(told for _, told in practice.told))
    files = Attachment.objects.filter(member=member, post__isnull=False)
    for network, name in files.values_list("post__thread__network", "name"):
        add(network, name)
    return written


def words_in_thread(thread: Thread) -> set[str]:
    """All that was ever written in a thread, its title and what its posts said before they were changed, too."""
    texts = [thread.title]
    posts = Post.objects.filter(thread=thread)
    for said in (posts, PostVersion.objects.filter(post__in=posts)):
        for html in said.values_list("html", flat=True).iterator():
            texts += [markup.plain(html), *markup.linked(html)]
    for practice in Practice.objects.filter(thread=thread):
        texts += [told for _, told in practice.told]
    texts += Attachment.objects.filter(post__in=posts).values_list("name", flat=True)
    return set(words_to_learn(indexed(" ".join(texts))))


def _is_written(network: int, word: str) -> bool:
    found = {
        "postgresql": """
            SELECT EXISTS (
                SELECT 1 FROM forums_post_index entry JOIN forums_post post ON post.id = entry.post_id
                JOIN forums_thread thread ON thread.id = post.thread_id
                WHERE thread.network_id = %s AND entry.words @@ plainto_tsquery('english', %s)
            )
        """,
        "sqlite": """
            SELECT EXISTS (
                SELECT 1 FROM forums_post_index JOIN forums_post post ON post.id = forums_post_index.rowid
                JOIN forums_thread thread ON thread.id = post.thread_id
                WHERE thread.network_id = %s AND forums_post_index MATCH %s
            )
        """,
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(found, [network, word if connection.vendor == "postgresql" else f'"{word}"'])
        return bool(cursor.fetchone()[0])


def forget_what_was_replaced() -> None:
    """The words that posts had before: FTS5 only marks them as deleted until it rewrites its pages."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO forums_post_index (forums_post_index) VALUES ('optimize')")


def rebuild() -> Iterator[tuple[int, int]]:
    """Makes the index and the vocabulary anew from what is written, a thousand posts at a time, each time saying how
    many are done and how many there are. What is looked for meanwhile finds what is there already. What is written
    meanwhile waits for no more than a thousand, and is indexed by whoever writes it: each thousand is held while it is
    read and indexed. What was forgotten by nobody, such as the words of a post that no longer is, goes at the end."""
    shown = Post.objects.filter(deleted_at=None, hidden_at=None)
    total, done, last = shown.count(), 0, 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT network_id, word FROM forums_word")
        known = set(cursor.fetchall())
    while True:
        with transaction.atomic():
            held = shown.select_for_update(of=("self",), no_key=True).filter(pk__gt=last).order_by("pk")
            found = list(held.select_related("thread")[:AT_A_TIME])
            if not found:
                break
            texts = _texts_of(found)
            _write(texts)
        known -= _words_in(texts)
        last, done = found[-1].pk, done + len(found)
        yield done, total
    key = "post_id" if connection.vendor == "postgresql" else "rowid"
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM forums_post_index WHERE {key} NOT IN "  # noqa: S608  # names of ours
            "(SELECT id FROM forums_post WHERE deleted_at IS NULL AND hidden_at IS NULL)"
        )
    for network in {network for network, _ in known}:
        forget_words({word for there, word in known if there == network}, network)
    forget_what_was_replaced()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a search asks of the vocabulary of some networks in its own statement, for where it finds nothing: the words
    near those that were typed, so that one with a letter wrong still finds.

    A single mistake leaves either the first or the last part of a word as it is, so only words that share one of them
    are looked at: by an index, and with no mistake missed. (Trigrams miss two letters that changed places in a short
    word: "plnas" and "plans" have two of ten in common.)"""

    typed: tuple[str, ...]  # such as may have a letter wrong

    @classmethod
    def beside(cls, typed: Iterable[str]) -> Vocabulary:
        return cls(tuple(word for word in typed if len(word) >= SHORTEST_TYPED and word.isalpha()))

    @property
    def sql(self) -> str:
        """Gives words, each with whether it is one that was typed and that stands in a post that is shown: the
        vocabulary keeps those of posts that were hidden or deleted, and that they were ever written is not to be found
        out by typing them. Gives none unless there is a row in `unfound`. Takes `networks` as a search does, on
        PostgreSQL the place and the newest stretch from its `typed`, and `values`."""
        parts = []
        for place in range(len(self.typed)):
            for column in ("word", "backwards"):
                part = f"{column} >= %({column}{place})s AND {column} < %({column}{place}_after)s"
                parts.append(_NEAR[connection.vendor].format(part=part))
            parts.append(_IS_WRITTEN[connection.vendor].format(typed=f"%(typed{place})s", sought=f"%(sought{place})s"))
        return " UNION ALL ".join(parts)

    def values(self, networks: Collection[int]) -> dict[str, str]:
        values: dict[str, str] = {}
        for place, word in enumerate(self.typed):
            part = (len(word) - 1) // 2
            for column, start in (("word", word[:part]), ("backwards", word[::-1][:part])):
                values |= {f"{column}{place}": start, f"{column}{place}_after": _after(start)}
            sought = word if connection.vendor == "postgresql" else f'{{title words}} : "{word}" AND {places(networks)}'
            values |= {f"typed{place}": word, f"sought{place}": sought}
        return values

    def near(self, rows: Iterable[tuple[str, bool]]) -> dict[str, list[str]]:
        """Of what `sql` gave: for each of the words those that differ by one letter, another one, one too many, one too
        few or two that changed places. Those that are written as they are typed, and those that nothing is near, are
        not among the keys."""
        rows = list(rows)
        written = {word for word, is_written in rows if is_written}
        known = sorted({word for word, _ in rows})
        near = {word: [other for other in known if is_near(word, other)] for word in self.typed if word not in written}
        return {word: others[:MOST_NEAR] for word, others in near.items() if others}


MOST_NEAR = 6

# `unfound` comes first, so that the others are not looked at where it has no row. Any post in which a word stands would
# do: PostgreSQL, told so, goes through all posts until it meets one, which for a rare word takes a fifth of a second at
# a million; told to put them in order, it asks the index. The newest stretch first, as with a search.
_NEAR = {
    "postgresql": """
        SELECT word, false AS is_written FROM forums_word
        WHERE EXISTS (SELECT FROM unfound) AND network_id = ANY(%(networks)s) AND {part}
    """,
    "sqlite": """
        SELECT word, 0 AS is_written FROM unfound CROSS JOIN forums_word
        WHERE network_id IN (SELECT value FROM json_each(%(networks)s)) AND {part}
    """,
}
_IS_WRITTEN = {
    "postgresql": """
        SELECT {typed}::text, true
        WHERE EXISTS (SELECT FROM unfound)
            AND EXISTS (SELECT FROM forums_word WHERE network_id = ANY(%(networks)s) AND word = {typed})
            AND (EXISTS (SELECT FROM (
                SELECT FROM forums_post_index entry
                WHERE entry.words @@ (SELECT place && recent && plainto_tsquery('english', {sought}) FROM typed)
                ORDER BY entry.post_id + 0 DESC LIMIT 1
            ) recent) OR EXISTS (SELECT FROM (
                SELECT FROM forums_post_index entry
                WHERE entry.words @@ (SELECT place && !!recent && plainto_tsquery('english', {sought}) FROM typed)
                ORDER BY entry.post_id + 0 DESC LIMIT 1
            ) earlier))
    """,
    "sqlite": """
        SELECT {typed}, 1 FROM unfound
        WHERE EXISTS (
            SELECT 1 FROM forums_word
            WHERE network_id IN (SELECT value FROM json_each(%(networks)s)) AND word = {typed}
        ) AND EXISTS (SELECT 1 FROM forums_post_index WHERE forums_post_index MATCH {sought})
    """,
}


def _after(start: str) -> str:
    """The first text that no longer begins so."""
    return start[:-1] + chr(ord(start[-1]) + 1)


def is_near(one: str, other: str) -> bool:
    """Whether two words differ by one letter: another one, one too many or too few, or two that changed places."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, rest_of_other = one[start:], other[start:]
    if len(one) == len(other):
        swapped = rest[:2] == rest_of_other[1::-1] if start + 1 < len(one) else False
        return rest[1:] == rest_of_other[1:] or (swapped and rest[2:] == rest_of_other[2:])
    return rest[1:] == rest_of_other if len(one) > len(other) else rest == rest_of_other[1:]


def is_plural(one: str, other: str) -> bool:
    """Whether one of two words is the other with an s: both are written right."""
    return one == f"{other}s" or other == f"{one}s"
