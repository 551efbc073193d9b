"""Queries that are written once and asked often: what they give is what Django gives, and they cannot depend on more
than their values."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from network import notifications
from network.models import Member, Membership, Network, Notice
from network.models.prepared import Marks, Prepared, Word, prepared
from network.models.standing import Standing
from tests.cast import Cast


@prepared
def shared(viewer: Any, networks: list[int], is_newest_first: bool) -> QuerySet[Membership]:
    found = Membership.objects.visible_to(viewer).filter(network__in=networks)
    order = "-pk" if is_newest_first else "pk"
    return found.select_related("network", "member__organisation").annotate(same=F("member")).order_by(order)


def test_rows_are_what_the_queryset_gives_for_each_who_asks(cast: Cast) -> None:
    networks = list(Network.objects.values_list("pk", flat=True))
    everybody = [*Member.objects.all(), AnonymousUser()]
    assert len(everybody) > 4

    for viewer in everybody * 2:
        for some in (networks, networks[:1], [], [*networks, 2**40]):
            for is_newest_first in (True, False):
                expected = list(shared._build(viewer, some, is_newest_first))
                assert shared(viewer, some, is_newest_first) == expected

    given = shared(cast.bob, networks, False)
    assert [row.same for row in given] == [row.member_id for row in given]  # type: ignore[attr-defined]


def test_a_number_that_no_column_holds_is_nobodys(cast: Cast) -> None:
    named = prepared(lambda number: Member.objects.filter(pk=number))

    assert named(cast.bob.pk) == [cast.bob]
    assert named(2**63) == named(-(2**70)) == []


def test_text_is_a_value_where_it_is_said_to_be_one(cast: Cast) -> None:
    named = prepared(lambda name: Member.objects.filter(name=name))

    for name in ("Bob Belongs", "Fay Facilitates", "50% of ' \" $1 ?", "Bob Belongs"):
        assert named(Word(name)) == list(Member.objects.filter(name=name))
    assert len(named._written) == 1


def test_what_is_joined_is_read_with_it(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    shared(cast.bob, [cast.ai.pk], True)

    with django_assert_num_queries(1):
        assert {row.member.organisation for row in shared(cast.bob, [cast.ai.pk], True)} >= {cast.bob.organisation}


def test_sql_is_written_once_for_each_way_to_ask(cast: Cast) -> None:
    built: list[int] = []

    @prepared
    def those(numbers: list[int], after: datetime, upside_down: bool) -> QuerySet[Any, int]:
        built.append(len(numbers))
        found = Membership.objects.filter(pk__in=numbers, joined_at__gt=after)
        return found.order_by("-pk" if upside_down else "pk").values_list("pk", flat=True)

    numbers = list(Membership.objects.active().order_by("pk").values_list("pk", flat=True))
    long_ago, soon = datetime(1999, 1, 1, tzinfo=UTC), timezone.now() + timedelta(days=1)

    assert those(numbers, long_ago, False) == numbers
    assert those(numbers, long_ago, False) == numbers
    assert those(numbers, soon, False) == []
    assert those(numbers[:-1], long_ago, True) == numbers[-2::-1]
    assert those([], long_ago, True) == []
    assert len(built) <= 3


def test_the_oldest_way_is_forgotten_when_there_are_very_many(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    named = prepared(lambda name: Member.objects.filter(name=name).values_list("name", flat=True))
    monkeypatch.setattr(Prepared, "MOST_WAYS", 2)

    for member in Member.objects.all():
        assert member.name in named(member.name)

    assert len(named._written) == 2


@pytest.mark.parametrize(
    "build",
    [
        lambda viewer, number, at: Member.objects.filter(pk=number + 1),
        lambda viewer, number, at: Member.objects.filter(pk=number) if number > 3 else Member.objects.all(),
        lambda viewer, number, at: Member.objects.filter(date_joined__gt=at - timedelta(days=1)),
        lambda viewer, number, at: Member.objects.filter(date_joined__gt=min([at, timezone.now()])),
        lambda viewer, number, at: Member.objects.filter(date_joined__gt=timezone.now()),
        lambda viewer, number, at: Member.objects.filter(pk=viewer.pk if viewer.has_perm("network.view_member") else 0),
        lambda viewer, number, at: Member.objects.administered_by(viewer),
        lambda viewer, number, at: Member.objects.filter(pk=viewer.pk),  # forgets the others
    ],
)
def test_a_query_that_would_depend_on_its_first_values_is_refused(
    cast: Cast, build: Callable[..., QuerySet[Member]]
) -> None:
    with pytest.raises(TypeError):
        prepared(build)(cast.bob, 7, timezone.now())


def test_what_is_not_said_of_a_member_is_not_known(cast: Cast) -> None:
    of_same_name = prepared(lambda viewer: Member.objects.filter(name=viewer.name))

    with pytest.raises(Member.DoesNotExist):
        of_same_name(cast.bob)


def test_a_member_who_is_out_of_use_is_asked_for_otherwise(cast: Cast) -> None:
    networks = [cast.ai.pk]
    assert shared(cast.bob, networks, False)

    cast.bob.is_active = False

    assert shared(cast.bob, networks, False) == []


def test_a_standing_is_marked_as_its_member_stands(cast: Cast) -> None:
    for member in Member.objects.all():
        standing, marks = Standing(member), Marks()
        marked = standing.marked(marks)
        assert len(marks.given) == len(standing.bound())
        assert marked.shape() == standing.shape()
        assert marked.member.standing is marked


@pytest.mark.parametrize("kind", sorted(notifications._kinds))
def test_every_kind_of_notice_is_asked_about_in_a_way_that_holds(cast: Cast, kind: str) -> None:
    Notice.objects.create(member=cast.bob, kind=kind, object_id=1)
    Notice.objects.create(member=cast.fay, kind=kind, object_id=2)

    for member in (cast.bob, cast.fay):
        assert notifications.unread(member).number == len(notifications.unread_notices(member))


def plans() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        (kept,) = cursor.fetchone()
    return int(kept)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="what PostgreSQL alone keeps")
def test_one_plan_serves_numbers_of_every_size(cast: Cast) -> None:
    those = prepared(lambda viewer, numbers: Member.objects.filter(pk__in=numbers).exclude(pk=viewer.pk).order_by("pk"))
    before = plans()

    for many in (3, 40_000, 2**40):
        assert those(cast.bob, [cast.bob.pk, cast.fay.pk, many, many + 1]) == [cast.fay]

    assert plans() == before + 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="what PostgreSQL alone keeps")
def test_a_plan_outlives_what_was_undone(cast: Cast) -> None:
    found = prepared(lambda name, number: Member.objects.filter(name__contains=name).exclude(pk=number))

    with suppress(Warning), transaction.atomic():
        cast.bob.name = "50% of Bob's day"
        cast.bob.save()
        assert found("50% of Bob's", cast.fay.pk) == [cast.bob]
        raise Warning

    assert found("50% of Bob's", cast.fay.pk) == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="what PostgreSQL alone keeps")
def test_a_query_is_planned_once_whoever_asks(cast: Cast) -> None:
    those = prepared(lambda viewer: Member.objects.exclude(pk=viewer.pk).order_by("pk").values_list("pk"))

    for asker in [cast.bob, cast.fay] * 5:
        assert asker.pk not in [pk for (pk,) in those(asker)]

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements ORDER BY prepare_time DESC LIMIT 1"
        )
        assert cursor.fetchone() == (10, 0)


class TestInOnce:
    @pytest.mark.parametrize("is_excluded", [False, True])
    def test_finds_what_in_finds(self, cast: Cast, is_excluded: bool) -> None:
        for viewer in (*Member.objects.all(), AnonymousUser()):
            own = Network.objects.of(viewer)
            once, each = Q(network__in_once=own), Q(network__in=own)
            rows = Membership.objects.order_by("pk")

            found = rows.filter(~once if is_excluded else once)
            assert list(found) == list(rows.filter(~each if is_excluded else each))

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite asks once by itself")
    def test_is_no_join(self, cast: Cast) -> None:
        assert "= ANY (ARRAY(SELECT" in str(
            Membership.objects.filter(network__in_once=Network.objects.of(cast.bob)).query
        )
