"""How quick the search is, and its suggestions, in a hub of the size that the settings' database is filled to.

    make bench SCALE=100
    make bench SCALE=100 TO=docs/speed.md

What is typed is taken from what was written: words that many posts have and words that few have, two together, phrases,
words of which two letters changed places, and words that nobody wrote. Times are of the whole search as its page calls
it, over threads, pages, live rooms and people, and of the database's part in it: the 95th of a hundred. Where the
machine does other things at the same time, the processor's time says more."""

from __future__ import annotations

import argparse
import functools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.benchmarks import threads  # first: it sets Django up
from tests.benchmarks.threads import Measured, database_cpu, machine, queries, say, sql_time

# isort: split

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.urls import reverse

from cms.search import search_everything, suggest
from forums import markup
from forums.actions.posts import reply
from forums.models import Post, Thread
from forums.search.words import EMPTY_WORDS, indexed
from network.models import Member, Membership, Network

OF_EACH = 12  # queries of each sort
ROUNDS = 3
READ = 2_000  # posts whose words are counted
SEARCH, SUGGESTIONS = 150, 50  # milliseconds: the goals at a million posts
# Written into one post each, so that there are words that next to nobody wrote.
RARE = (
    *("astrolabe", "barnacle", "chrysalis", "dulcimer", "espalier", "filigree"),
    *("gargoyle", "harpsichord", "isthmus", "juniper", "kestrel", "lodestone"),
)
NOWHERE = tuple(f"{word}ish" for word in ("quagga", "zeugma", "oxymoron", "sphagnum", "tamarisk", "vellum"))


@dataclass
class Took:
    """Milliseconds of each run; and of the processor, for web and database together, of all of them."""

    whole: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    processor: float = 0.0

    def __iadd__(self, other: Took) -> Took:
        self.whole += other.whole
        self.database += other.database
        self.processor += other.processor
        return self


def ninety_fifth(times: Sequence[float]) -> float:
    return sorted(times)[min(len(times) - 1, round(len(times) * 0.95))]


def write_rare_words(viewer: Member, thread: Thread) -> None:
    """Once for a database."""
    if not Post.objects.filter(thread=thread, source__contains=RARE[0]).exists():
        for word in RARE:
            reply(thread, by=viewer, source=f"One of us calls it the {word} of the work.")


def what_is_typed(dice: random.Random) -> dict[str, list[str]]:
    posts = list(Post.objects.order_by("-pk").values_list("html", flat=True)[:READ])
    texts = [indexed(markup.plain(html)).split() for html in posts]
    counted = Counter(word for text in texts for word in set(text))
    telling = [
        word
        for word, _ in counted.most_common()
        if len(word) > 4 and word.isalpha() and word not in EMPTY_WORDS and word not in RARE
    ]
    common = telling[:OF_EACH]
    long = [text for text in texts if len(text) > 4] or [["nothing", "was", "written"]]
    places = [(text, dice.randrange(len(text) - 2)) for text in (dice.choice(long) for _ in range(OF_EACH))]
    return {
        "common words": common,
        "rare words": list(RARE),
        "two words": [f"{one} {other}" for one, other in zip(common, reversed(telling[: 3 * OF_EACH]), strict=False)],
        "phrases": [f'"{" ".join(text[place : place + 3])}"' for text, place in places],
        "misspelt words": [word[:2] + word[3] + word[2] + word[4:] for word in (*common[:6], *RARE[:6])],
        "words of nobody": list(NOWHERE),
    }


def took(work: Callable[[str], Any], typed: Sequence[str]) -> Took:
    """Each once for nothing, and then some rounds."""
    taken = Took()
    used = 0.0
    for number in range(ROUNDS + 1):
        if number == 1:
            used = time.process_time() + database_cpu()
        for words in typed:
            began = time.perf_counter()
            with sql_time() as statements:
                work(words)
            if number:
                taken.whole.append((time.perf_counter() - began) * 1000)
                taken.database.append(sum(statements) * 1000)
    taken.processor = (time.process_time() + database_cpu() - used) * 1000
    return taken


def measure(viewer: Member, thread: Thread) -> Iterator[Measured]:
    """`viewer`: who searches, and may write in `thread`."""
    write_rare_words(viewer, thread)
    is_large = connection.vendor == "postgresql"
    goal = SEARCH if is_large else None
    mix = what_is_typed(random.Random(1))
    overall = Took()
    for sort, typed in mix.items():
        taken = took(lambda words: search_everything(viewer, words), typed)
        overall += taken
        yield Measured(f"Search for {sort}, p95", ninety_fifth(taken.whole), "ms")
    yield Measured("Search for all of these, p95", ninety_fifth(overall.whole), "ms", goal)
    yield Measured("Of it in the database, p95", ninety_fifth(overall.database), "ms SQL", goal)
    yield Measured("Of it for web and database, mean", overall.processor / len(overall.whole), "ms CPU")
    begun = [word[:length] for word in (*mix["common words"], *RARE) for length in (3, 5)]
    taken = took(lambda words: suggest(viewer, words), begun)
    yield Measured("Suggestions, p95", ninety_fifth(taken.whole), "ms", SUGGESTIONS if is_large else None)

    client = Client(headers={"host": settings.SITE_HOST})
    client.force_login(viewer)
    for sort, typed in mix.items():
        page = f"{reverse('search')}?{urlencode({'q': typed[0] if typed else 'nothing'})}"
        yield Measured(f"Search page for {sort}", queries(functools.partial(client.get, page)), "queries", 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--to", type=Path, help="a file in Markdown, with the marks of this database in it")
    parser.add_argument("--as-it-is", action="store_true", help="the database is filled already")
    options = parser.parse_args()
    if not options.as_it_is:
        threads.fill(options.scale)
    thread = Thread.objects.select_related("network").order_by("-highest_number").first()
    assert thread
    here = Membership.objects.active().filter(network=thread.network)
    viewer = (
        Member.objects.filter(pk__in=here.values("member"), email__startswith="synthetic-")
        .annotate(known=Count("memberships"))
        .order_by("-known", "pk")
        .first()
    )
    assert viewer
    networks = Network.objects.of(viewer).count()
    about = [machine(), f"{Post.objects.count():,} posts; who searches belongs to {networks} of the networks."]
    say("\n" + "\n".join(about) + "\n")
    lines = []
    for measured in measure(viewer, thread):
        lines.append(measured.line())
        say(lines[-1])
    if options.to:
        threads.put_in(options.to, "search", [*about, "", *(line.rstrip() for line in lines)])


if __name__ == "__main__":
    main()
