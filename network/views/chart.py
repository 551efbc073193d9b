"""A chart of bars, drawn on the server: what is in it stands in its table too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.template.defaultfilters import floatformat


@dataclass(frozen=True, slots=True)
class Value:
    """What stands at one place of a chart: how high its bar is, and what its table says. No height, no bar."""

    at: str
    words: str
    height: float | None


@dataclass(frozen=True, slots=True)
class Bar:
    """In hundredths of the chart's height, and in tenths of a place from its left."""

    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """`name` is its place on the page, `at` and `what` the heads of its table's columns; `when` is read between a value
    and where it stands, such as "in the week of"."""

    WIDTH: ClassVar[int] = 10  # of one place: the bar and the space beside it
    BAR: ClassVar[int] = 8

    name: str
    title: str
    about: str
    at: str
    what: str
    when: str
    values: Sequence[Value]

    @property
    def highest(self) -> float:
        return max((value.height for value in self.values if value.height is not None), default=0)

    @property
    def top(self) -> str:
        """The number that the highest bar stands for."""
        return floatformat(self.highest, -1)

    @property
    def width(self) -> int:
        return self.WIDTH * len(self.values)

    @property
    def bars(self) -> list[Bar]:
        highest = self.highest
        found = []
        for place, value in enumerate(self.values):
            if value.height and highest:
                # However small, it is seen.
                height = max(round(100 * value.height / highest), 2)
                found.append(Bar(place * self.WIDTH, 100 - height, height))
        return found

    @property
    def first(self) -> Value:
        return self.values[0]

    @property
    def last(self) -> Value:
        return self.values[-1]

    @property
    def in_words(self) -> str:
        """For those who do not see it."""
        return (
            f"{len(self.values)} bars, the highest {self.top}. The last, {self.when} {self.last.at}: {self.last.words}."
        )
