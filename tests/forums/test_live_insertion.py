"""Many new rows at once are the rows that Django writes."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from forums.models import Message, Room, RoomEvent
from network.models.insertion import insert
from tests.cast import Cast
from tests.forums.test_live_log import room_of

NOW = datetime(2026, 3, 4, 5, 6, 7, 891_011, tzinfo=UTC)


def messages(room: Room, cast: Cast, first: int, last: int) -> list[Message]:
    return [
        Message(
            room=room,
            seq=seq,
            author=cast.bob,
            organisation=cast.bob.organisation if seq % 2 else None,
            body=f"100 % of {seq}, 'quoted' and %s",
            written_at=NOW,
            edited_at=NOW if seq % 3 == 0 else None,
        )
        for seq in range(first, last + 1)
    ]


def columns(room: Room, first: int, last: int) -> list[dict[str, object]]:
    found = Message.objects.filter(room=room, seq__range=(first, last)).order_by("seq").values()
    return [{name: value for name, value in row.items() if name not in ("id", "seq", "body")} for row in found]


def test_each_column_is_what_bulk_create_writes_and_each_row_has_its_own_key(cast: Cast) -> None:
    room = room_of(cast)
    ours = messages(room, cast, 1, 300)
    insert(ours)
    Message.objects.bulk_create(messages(room, cast, 301, 600))

    assert columns(room, 1, 300) == columns(room, 301, 600)
    kept = dict(Message.objects.filter(room=room).values_list("pk", "seq"))
    assert [kept[message.pk] for message in ours] == list(range(1, 301))
    assert Message.objects.get(room=room, seq=7).body == "100 % of 7, 'quoted' and %s"
    assert not any(message._state.adding for message in ours)


@pytest.mark.parametrize(
    "words",
    ["", "NULL", "null", "{}", "{a,b}", "a,b", '"', "'", "\\", '\\"', "\n", " ", "%", "%s", "{%s}", "é 🐑 \u202f"],
)
def test_words_are_kept_whatever_they_are_made_of(cast: Cast, words: str) -> None:
    room = room_of(cast)
    said = messages(room, cast, 1, 2)
    for message in said:
        message.body = words
    insert(said)
    assert list(Message.objects.filter(room=room).values_list("body", flat=True)) == [words, words]


def test_what_is_too_long_for_its_column_is_never_cut_off(cast: Cast) -> None:
    room = room_of(cast)
    too_long = messages(room, cast, 1, 2)
    too_long[1].role = "x" * 500
    if connection.vendor == "sqlite":  # which knows no lengths of columns
        insert(too_long)
        assert Message.objects.get(room=room, seq=2).role == "x" * 500
        return
    with pytest.raises(DataError), transaction.atomic():
        insert(too_long)


def test_what_browsers_called_their_events_is_kept(cast: Cast) -> None:
    room = room_of(cast)
    event = RoomEvent(room=room, seq=1, kind=RoomEvent.Kind.MESSAGE, actor=cast.bob, client_id=uuid.uuid4(), at=NOW)
    insert([event])
    assert RoomEvent.objects.get(pk=event.pk, client_id=event.client_id).at == NOW


def test_one_row_that_cannot_stand_takes_all_with_it(cast: Cast) -> None:
    room = room_of(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([*messages(room, cast, 1, 200), *messages(room, cast, 200, 200)])
    assert not Message.objects.filter(room=room).exists()


def test_a_few_rows_are_one_query_and_none_are_none(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    room = room_of(cast)
    with django_assert_num_queries(1):
        insert(messages(room, cast, 1, 5))
    with django_assert_num_queries(0):
        insert([])
