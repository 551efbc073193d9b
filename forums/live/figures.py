"""What this process counts of its live rooms, for those who look after the site. Nothing of it says who said what."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from network.live.close import Close

# Upper ends of the steps that delays are counted in, in milliseconds; the last step has none.
STEPS_MS = (10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)


@dataclass(slots=True)
class Delays:
    """How many took how long."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(STEPS_MS) + 1))

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(STEPS_MS, seconds * 1000)] += 1

    def steps(self) -> list[tuple[str, int]]:
        """Each step in words, and how many are in it."""
        words = [f"up to {end} ms" for end in STEPS_MS] + [f"more than {STEPS_MS[-1]} ms"]
        return list(zip(words, self.counts, strict=True))


@dataclass(slots=True)
class LastMinute:
    """How many there were in each of the last sixty seconds, by a clock that only goes on."""

    seconds: list[int] = field(default_factory=lambda: [-1] * 60)
    counts: list[int] = field(default_factory=lambda: [0] * 60)

    def add(self, now: float) -> None:
        place = int(now) % 60
        if self.seconds[place] != int(now):
            self.seconds[place], self.counts[place] = int(now), 0
        self.counts[place] += 1

    def most(self, now: float) -> int:
        """In the fullest second."""
        return max(self._counts(now), default=0)

    def total(self, now: float) -> int:
        return sum(self._counts(now))

    def _counts(self, now: float) -> list[int]:
        return [count for second, count in zip(self.seconds, self.counts, strict=True) if 0 <= now - second < 60]


@dataclass(slots=True)
class Figures:
    """Since the process began. Counted on the threads of event loops and of the writer, each count on one of them."""

    opened: int = 0  # sockets and waiting requests that were let in
    opened_lately: LastMinute = field(default_factory=LastMinute)
    closed: Counter[Close] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)  # what browsers asked for, by the code that they were told
    resets: int = 0  # browsers that could not go on from where they were, and read the page again
    lag: Delays = field(default_factory=Delays)  # by how much the event loop was late for its look at the log
    told: Delays = field(default_factory=Delays)  # from the commit until all listeners of a room had been handed it
    ring_misses: int = 0  # pages that had to be read from the log
    holes: int = 0  # times that something was missing between two hints
    rescues: int = 0  # times that the look at the log found what no hint had said
    batches: int = 0
    written: int = 0
    refused_busy: int = 0
    written_in: Delays = field(default_factory=Delays)  # a batch, from its beginning until after the commit


here = Figures()
