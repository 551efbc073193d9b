"""Questions that every page asks of the database, written down once.

Django spends longer on making the SQL of a query than the database on answering it: two thirds of a thread's page went
there (measured). A prepared query is an ordinary queryset, from `visible_to` like every other. Its SQL is made with
marks in place of the values the first time that a process asks it; every further time only the values are new.

    @prepared
    def _latest(reader: Member, theme: int) -> ThreadQuerySet:
        return Thread.objects.visible_to(reader).filter(theme=theme).latest_first()[:5]

    _latest(member, theme.pk)  # a list

The function sees the marks only, never the values, so it cannot decide anything by them: to compare a mark or to
reckon with it raises TypeError, and so does a member's right or the clock; to ask for a column of its member raises
DoesNotExist.

PostgreSQL plans such a query for longer than it takes to answer it, so it keeps the plan too, once for a connection.
"""

from __future__ import annotations

import copy
import re
import sqlite3
from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Generic, NoReturn, Protocol, TypeVar, runtime_checkable

import psycopg
import psycopg.sql
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet, prefetch_related_objects
from django.db.models.sql.compiler import SQLCompiler
from psycopg.types.numeric import Int8

from network.models.member import Member

Row = TypeVar("Row")
Bound = int | datetime | str


class Word(str):
    """Text that is a value. Other text decides how a query is written."""


@runtime_checkable
class Preparable(Protocol):
    """What a prepared query can be asked with, beside numbers, moments and members."""

    def shape(self) -> Hashable:
        """What of it decides how the query is written."""

    def bound(self) -> list[Bound]:
        """The values that stand in the query, in the order in which `marked` takes their marks."""

    def marked(self, marks: Marks) -> Preparable:
        """The like of it, made of marks."""


class Prepared(Generic[Row]):
    """Asked with values of these sorts: whole numbers and aware moments, a Word, lists of numbers, members, and what is
    `Preparable`. Everything else, such as a bool or a word out of a few, decides how the query is written."""

    MOST_WAYS = 200  # in which one query is written; beyond, the oldest is forgotten

    def __init__(self, build: Callable[..., QuerySet[Any, Row]]) -> None:
        self._build = build
        self._written: dict[Hashable, _Written[Row]] = {}

    def __call__(self, *values: Any) -> list[Row]:
        shape = tuple(_shape(value) for value in values)
        bound = [one for value in values for one in _bound(value)]
        if not all(-_MOST <= one <= _MOST for one in bound if isinstance(one, int)):
            # No column holds such a number. Django knows what that means for each comparison.
            return list(self._build(*values))
        written = self._written.get(shape)
        if written is None:
            marks = Marks()
            written = _Written(self._build(*[_marked(value, marks) for value in values]), marks)
            for oldest in list(self._written)[: max(len(self._written) + 1 - self.MOST_WAYS, 0)]:
                self._written.pop(oldest, None)
            self._written[shape] = written
        return written.ask(bound)


prepared = Prepared

_MOST = 2**63 - 1


def _shape(value: Any) -> Hashable:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | datetime | Word):
        return (type(value).__name__,)
    if isinstance(value, list):
        return list, len(_padded(value))
    if isinstance(value, Member):
        return Member, value.is_active, value.is_superuser
    return value.shape() if isinstance(value, Preparable) else value


def _bound(value: Any) -> list[Bound]:
    if isinstance(value, bool):
        return []
    if isinstance(value, int | datetime | Word):
        return [value]
    if isinstance(value, list):
        return _padded(value)
    if isinstance(value, Member):
        return [value.pk]
    return value.bound() if isinstance(value, Preparable) else []


def _marked(value: Any, marks: Marks) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return marks.number()
    if isinstance(value, datetime):
        return marks.moment()
    if isinstance(value, Word):
        return marks.word()
    if isinstance(value, list):
        return [marks.number() for _ in _padded(value)]
    if isinstance(value, Member):
        return marks.member(value)
    return value.marked(marks) if isinstance(value, Preparable) else value


def _padded(numbers: list[int]) -> list[Bound]:
    """To the next power of two by repeating the last, so that lists of any length are few queries."""
    longer = 1 << (len(numbers) - 1).bit_length() if numbers else 0
    return [*numbers, *numbers[-1:] * (longer - len(numbers))]


def _nothing_to_reckon_with(*_: object) -> NoReturn:
    raise TypeError("A prepared query was about to depend on a value. Give it what is reckoned as a value of its own.")


def _rights_of_a_mark(*_: object) -> NoReturn:
    raise TypeError("A prepared query was about to depend on what somebody has a right to.")


class _Number(int):
    __lt__ = __le__ = __gt__ = __ge__ = _nothing_to_reckon_with
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _nothing_to_reckon_with


class _Moment(datetime):
    __lt__ = __le__ = __gt__ = __ge__ = _nothing_to_reckon_with
    __radd__ = __sub__ = __rsub__ = _nothing_to_reckon_with


class Marks:
    """Values that stand nowhere else, each good for every column of its sort, in the order in which they are asked
    for."""

    FIRST_NUMBER, FIRST_MOMENT = 1_913_047_551, datetime(1913, 4, 7, 5, 51, tzinfo=UTC)

    def __init__(self) -> None:
        self.given: list[Bound] = []
        self.not_needed: set[int] = set()  # the places of members: who may see everything is asked for nowhere

    def number(self) -> int:
        mark = _Number(self.FIRST_NUMBER + len(self.given))
        self.given.append(mark)
        return mark

    def moment(self) -> datetime:
        at = self.FIRST_MOMENT + timedelta(days=len(self.given))
        mark = _Moment.fromtimestamp(at.timestamp(), tz=UTC)
        self.given.append(mark)
        return mark

    def word(self) -> str:
        mark = f"the value at {len(self.given)}"
        self.given.append(mark)
        return mark

    def member(self, like: Member) -> Member:
        """Whoever it is: of the columns only the number, and what `_shape` tells apart."""
        self.not_needed.add(len(self.given))
        names = ["id", "is_superuser", "is_active"]
        member = Member.from_db(None, names, [self.number(), like.is_superuser, like.is_active])
        member.has_perm = _rights_of_a_mark  # type: ignore[method-assign, assignment]
        return member


class _Written(Generic[Row]):
    """The SQL of a queryset, and where in it which value stands."""

    def __init__(self, queryset: QuerySet[Any, Row], marks: Marks) -> None:
        self._queryset: Any = queryset
        self._numbered: tuple[bytes, list[int]] | None = None
        self._compiler: SQLCompiler = queryset.query.get_compiler(using=queryset.db)
        try:
            self._sql, parameters = self._compiler.as_sql()
        except EmptyResultSet:  # such as of `none()`, whatever the values are
            self._sql, parameters = "", ()
        else:
            # How columns become values is the same for every connection.
            columns = [column for column, *_ in self._compiler.select[: self._compiler.col_count]]
            self._converters = self._compiler.get_converters(columns)
        ops = connections[queryset.db].ops
        places = {_as_parameter(mark, ops): place for place, mark in enumerate(marks.given)}
        # Each a constant or the place of a value; and the sort of number that PostgreSQL is told it is.
        self._parameters: list[tuple[Any, int | None, Callable[[Any], Any]]] = []
        for parameter in parameters:
            place = places.get(parameter) if isinstance(parameter, int | str | datetime) else None
            if place is None and (isinstance(parameter, datetime) or _MOMENT.match(str(parameter))):
                raise TypeError("A moment that nobody gave stands in a prepared query: it would be the same for ever.")
            self._parameters.append((parameter, place, type(parameter) if isinstance(parameter, int) else _as_it_is))
        found = {place for _, place, _ in self._parameters} | marks.not_needed
        if self._sql and (missing := set(places.values()) - found):
            raise TypeError(f"Values {sorted(missing)} of a prepared query are not in it as they were given.")

    def ask(self, bound: list[Bound]) -> list[Row]:
        if not self._sql:
            return []
        connection = connections[self._queryset.db]
        ready = [_as_parameter(one, connection.ops) for one in bound]
        parameters = [constant if place is None else sort(ready[place]) for constant, place, sort in self._parameters]
        compiler: Any = copy.copy(self._compiler)
        compiler.connection = connection
        compiler.execute_sql = lambda *_, **__: [self._answer(connection, parameters)]
        compiler.get_converters = lambda _: self._converters
        rows: list[Row] = list(self._queryset._iterable_class(_Asked(self._queryset, compiler)))
        if rows and self._queryset._prefetch_related_lookups:
            prefetch_related_objects(rows, *self._queryset._prefetch_related_lookups)  # type: ignore[type-var]
        return rows

    def _answer(self, connection: Any, parameters: list[Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            # Django, when it logs queries, asks the cursor for their words, with the values in them.
            if not connection.queries_logged:
                cursor.cursor = self._ready(connection)
            cursor.execute(self._sql, parameters)
            answer: list[tuple[Any, ...]] = cursor.fetchall()
        # What Django orders by beside what it was asked for comes last in a row.
        return [row[: self._compiler.col_count] for row in answer] if self._compiler.has_extra_select else answer

    def _ready(self, connection: Any) -> Any:
        if connection.vendor == "postgresql":
            if self._numbered is None:
                self._numbered = self._written_for(connection)
            return _Ready(connection.connection, *self._numbered)
        cursor = connection.connection.cursor(_ReadyInSQLite)
        cursor.written = self._marked_for_sqlite
        return cursor

    @cached_property
    def _marked_for_sqlite(self) -> str:
        return str(self._sql % (("?",) * len(self._parameters)))

    def _written_for(self, connection: Any) -> tuple[bytes, list[int]]:
        """For PostgreSQL: the SQL with its constants, and a number for each value; and which of the parameters have
        the values, one for each number."""
        first: dict[int, int] = {}  # where each value stands first
        written = []
        for at, (constant, place, _) in enumerate(self._parameters):
            if place is None:
                written.append(psycopg.sql.quote(constant, connection.connection))
            else:
                first.setdefault(place, at)
                written.append(f"${list(first).index(place) + 1}")
        return (self._sql % tuple(written)).encode(), list(first.values())


class _Ready(psycopg.RawCursor[Any]):
    """Has PostgreSQL plan a query once for a connection. Takes it as Django writes it, so that whatever stands around
    the execution of queries reads it so, and sends it as PostgreSQL keeps it."""

    def __init__(self, connection: psycopg.Connection[Any], numbered: bytes, values: list[int]) -> None:
        super().__init__(connection)
        self._numbered, self._values = numbered, values

    def execute(self, query: Any, params: Any = None, **_: Any) -> _Ready:
        values = [params[at] for at in self._values]
        # Numbers are of one sort whatever their size: else there would be another plan for each sort.
        super().execute(self._numbered, [Int8(one) if isinstance(one, int) else one for one in values], prepare=True)
        return self


class _ReadyInSQLite(sqlite3.Cursor):
    """Sends a query as SQLite takes it, which Django works out anew each time."""

    written: str

    def execute(self, _: str, parameters: Any = ()) -> _ReadyInSQLite:
        super().execute(self.written, parameters)
        return self


class _Asked:
    """What Django, when it makes rows of what the database gave, asks of the queryset and of its query."""

    def __init__(self, queryset: Any, compiler: SQLCompiler) -> None:
        self.db, self.model = queryset.db, queryset.model
        self._fields, self._known_related_objects = queryset._fields, queryset._known_related_objects
        self.query = self
        query = queryset.query
        self.selected, self.values_select = query.selected, query.values_select
        self.extra_select, self.annotation_select = query.extra_select, query.annotation_select
        self._compiler = compiler

    def get_compiler(self, *_: object, **__: object) -> SQLCompiler:
        return self._compiler


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")


def _as_parameter(value: Bound, ops: Any) -> Any:
    if isinstance(value, datetime):
        return ops.adapt_datetimefield_value(value)
    return int(value) if isinstance(value, int) else str(value)


def _as_it_is(value: Any) -> Any:
    return value
