"""What an act of moderation changes, written down row by row, so that it can be undone. Part of verbs: everything here
stands in their transaction, with the threads concerned locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import IntegrityError, models, transaction

from forums.models import ActChange, MemberThread, ModerationAct, Thread, ThreadNote
from network.models import Member
from network.permissions import Refused

Columns = dict[str, Any]

# What a member has of one thread and gets of another with the posts: each goes back as a whole, or stays.
HANDED_ON = (("level", "level_reason", "level_chosen"), ("bookmarked_at", "remind_at"))
AT_A_TIME = 100  # rows of one statement
CHANGED_SINCE = "Somebody has changed this again since, so it can only be undone after that."


class Journal:
    """Changes rows for one act. The counts of threads are not in it: they follow from the posts
    (`actions.posts.count_anew`). Nor is `highest_number`, which never goes down: a number that was given once stays
    that post's, or what somebody has read up to would speak of another."""

    def __init__(self, kind: str, thread: Thread, *, by: Member | None, now: datetime) -> None:
        self.now = now
        self.act = ModerationAct.objects.create(network=thread.network, thread=thread, kind=kind, by=by, at=now)

    def change(self, row: models.Model, *, by_the_way: bool = False, **values: Any) -> None:
        """Sets and saves columns of a row, each row once. `by_the_way`: what somebody makes of it later stays when this
        is undone."""
        before = _columns(row, values)
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))
        self._write(row, before=before, after=_columns(row, values), by_the_way=by_the_way)

    def change_each(self, changes: Sequence[tuple[models.Model, Mapping[str, Any]]]) -> None:
        """The same for many rows of one table, of each the same columns, in as many queries as for a few."""
        written = []
        for row, values in changes:
            before = _columns(row, values)
            for name, value in values.items():
                setattr(row, name, value)
            label, after = row._meta.label_lower, _columns(row, values)
            written.append(ActChange(act=self.act, table=label, row=row.pk, before=before, after=after))
        if changes:
            rows = [row for row, _ in changes]
            type(rows[0])._default_manager.bulk_update(rows, list(changes[0][1]), batch_size=AT_A_TIME)
            ActChange.objects.bulk_create(written, batch_size=AT_A_TIME)

    def make(self, row: models.Model, *, by_the_way: bool = False) -> None:
        row.save(force_insert=True)
        self._write(row, before=None, after=_columns(row), by_the_way=by_the_way)

    def take(self, row: models.Model) -> None:
        """Deletes a row on which nothing else hangs."""
        self._write(row, before=_columns(row), after=None, by_the_way=False)
        row.delete()

    def note(self, thread: Thread, kind: str, *, other: Thread | None = None, after: int | None = None) -> None:
        """A line between the posts, after the last or the one with the number `after`; gone from sight when the act is
        undone."""
        after = thread.highest_number if after is None else after
        ThreadNote.objects.create(thread=thread, after_number=after, kind=kind, other=other, at=self.now, act=self.act)

    def _write(self, row: models.Model, *, before: Columns | None, after: Columns | None, by_the_way: bool) -> None:
        ActChange.objects.create(
            act=self.act,
            table=row._meta.label_lower,
            row=row.pk,
            before=before,
            after=after,
            is_by_the_way=by_the_way,
        )


def put_back(act: ModerationAct) -> list[models.Model]:
    """Puts every row back to what it was before the act, last change first; returns the rows as they are then. Raises
    Refused where somebody has changed one since."""
    return [row for change in act.changes.order_by("-pk") if (row := _put_one_back(change)) is not None]


def _put_one_back(change: ActChange) -> models.Model | None:
    model: type[models.Model] = apps.get_model(change.table)
    row = model._default_manager.filter(pk=change.row).first()
    if change.before is None:
        if row is None:
            return None
        return _take_back(row, change)
    if change.after is None:
        return _make_again(model, change, row)
    if row is None or _columns(row, change.after) != change.after:
        if change.is_by_the_way:
            return row
        raise Refused(CHANGED_SINCE)
    values = {name: _value(model, name, plain) for name, plain in change.before.items()}
    if change.is_by_the_way:
        return _put_by_the_way(row, values)
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
    return row


def _put_by_the_way(row: models.Model, values: Columns) -> models.Model:
    """Where something else has taken its place since, it stays where it is."""
    try:
        with transaction.atomic():
            type(row)._default_manager.filter(pk=row.pk).update(**values)
    except IntegrityError:
        return row
    row.refresh_from_db()
    return row


def _take_back(row: models.Model, change: ActChange) -> models.Model | None:
    if _columns(row, change.after) != change.after:
        if change.is_by_the_way:
            return _take_back_what_was_given(row, change)
        raise Refused(CHANGED_SINCE)
    row.delete()
    return None


def _take_back_what_was_given(row: models.Model, change: ActChange) -> models.Model:
    """Whoever has read there since keeps that, and a level or a bookmark that they have changed. What the act alone
    gave them goes."""
    for names in HANDED_ON if isinstance(row, MemberThread) else ():
        given = {name: (change.after or {})[name] for name in names}
        if _columns(row, names) == given:
            usual = MemberThread()
            for name in names:
                setattr(row, name, getattr(usual, name))
            row.save(update_fields=names)
    return row


def _make_again(model: type[models.Model], change: ActChange, row: models.Model | None) -> models.Model | None:
    if row is not None:  # somebody has put another in its place
        return row
    made = model(pk=change.row, **{name: _value(model, name, plain) for name, plain in (change.before or {}).items()})
    made.save(force_insert=True)
    return made


def _columns(row: models.Model, names: Any = None) -> Columns:
    """By the columns' names, such as `thread_id`; all of them but the key, or those of the fields that are named."""
    fields = row._meta.concrete_fields
    wanted = None if names is None else set(names)
    return {
        field.attname: _plain(getattr(row, field.attname))
        for field in fields
        if not field.primary_key and (wanted is None or wanted & {field.name, field.attname})
    }


def _plain(value: Any) -> Any:
    """As JSON keeps it, moments to the microsecond."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _value(model: type[models.Model], name: str, plain: Any) -> Any:
    field = next(field for field in model._meta.concrete_fields if field.attname == name)
    return field.to_python(plain)
