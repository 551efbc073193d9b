"""The shape of what a search finds, whichever package found it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found, already known to be visible to the person who asked."""

    kind: str  # in words, such as "Thread" or "Guidance"
    title: str
    address: str
    excerpt: str  # plain text, at most a few lines
    where: str  # the network or section it stands in
    at: datetime
    score: float  # higher is better; comparable within one package only
