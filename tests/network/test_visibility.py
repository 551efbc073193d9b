"""Reading is reach: what each table of this storey shows to people outside, all tables at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models, transaction

from network.actions.audit import record
from network.models import (
    Admission,
    AuditEvent,
    Member,
    Membership,
    Network,
    NetworkTheme,
    Notice,
    Organisation,
    OrganisationDomain,
    Theme,
    Viewer,
)
from network.notifications import join_requested
from tests.cast import Cast

# No reader reaches these: the site's own book of jobs and workers, and words that mean nothing without a carrier.
WITHOUT_READERS = {"DueJob", "Worker", "Tag"}

OUTSIDE = ["olga", "amir", "lena", "sven", "nobody", "closed"]


@pytest.fixture
def secret(cast: Cast) -> Theme:
    """Something of every table: above what the cast brings, a private theme, a notice and an audit event."""
    theme = Theme.objects.create(name="A private theme", slug="private", private_to=cast.practitioners)
    request = Membership.objects.get(member=cast.amir)
    with transaction.atomic():
        join_requested(request, now=request.requested_at)  # type: ignore[arg-type]
        record("asked to join", request, by=cast.amir, network=cast.practitioners)
    return theme


def viewer_of(cast: Cast, who: str) -> Viewer:
    if who == "nobody":
        return AnonymousUser()
    if who == "closed":  # belonged to both and facilitated, until the account was closed
        cast.fay.is_active = False
        cast.fay.save()
        return Member.objects.get(pk=cast.fay.pk)
    member: Member = getattr(cast, who)
    return member


def own(kind: type[models.Model], viewer: Viewer) -> Iterable[Any]:
    """What somebody outside every network may see of a table: what is public, and what is their own."""
    public: dict[type[models.Model], Callable[[], Iterable[Any]]] = {
        Network: Network.objects.all,  # that they exist, what they are for, how to join
        Organisation: Organisation.objects.all,  # the public register
        Theme: lambda: Theme.objects.filter(private_to=None),
    }
    if kind in public:
        return public[kind]()
    if not viewer.is_authenticated or not viewer.is_active:
        return []
    if kind is Member:
        return Member.objects.filter(pk=viewer.pk)
    if kind in (Membership, Admission, Notice):
        return kind._default_manager.filter(member=viewer)
    return []


def tables() -> list[type[models.Model]]:
    return [model for model in apps.get_app_config("network").get_models() if model.__name__ not in WITHOUT_READERS]


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize("table", tables(), ids=lambda table: table.__name__)
def test_somebody_outside_sees_what_is_public_and_what_is_their_own(
    cast: Cast, secret: Theme, table: type[models.Model], who: str
) -> None:
    viewer = viewer_of(cast, who)
    seen = table._default_manager.visible_to(viewer)  # type: ignore[attr-defined]

    assert table._default_manager.exists(), "nothing to see, so nothing is tested"
    assert set(seen) == set(own(table, viewer))


def test_members_see_each_other_and_a_facilitator_sees_all_of_the_network(cast: Cast, secret: Theme) -> None:
    assert set(Member.objects.visible_to(cast.bob)) == {cast.fay, cast.bob}
    assert {m.member for m in Membership.objects.visible_to(cast.bob)} == {cast.fay, cast.bob}
    assert {m.member for m in Membership.objects.visible_to(cast.fay)} == {
        cast.fay,
        cast.bob,
        cast.amir,
        cast.lena,
        cast.sven,
    }
    assert secret in Theme.objects.visible_to(cast.bob)
    assert NetworkTheme.objects.visible_to(cast.bob).count() == 2


def test_a_member_of_one_network_sees_nothing_of_the_other(cast: Cast, secret: Theme) -> None:
    Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(state="left")

    assert secret not in Theme.objects.visible_to(cast.bob)
    assert {theme.network for theme in NetworkTheme.objects.visible_to(cast.bob)} == {cast.ai}
    others = Membership.objects.visible_to(cast.bob).exclude(member=cast.bob)
    assert {membership.network for membership in others} == {cast.ai}


def test_the_book_of_what_was_done_and_the_domains_are_for_administrators(cast: Cast, secret: Theme) -> None:
    for who in (cast.fay, cast.bob):
        assert not AuditEvent.objects.visible_to(who).exists()
        assert not OrganisationDomain.objects.visible_to(who).exists()
        assert set(Admission.objects.visible_to(who)) == {who.admission}
    assert AuditEvent.objects.visible_to(cast.ada).exists()
    assert OrganisationDomain.objects.visible_to(cast.ada).exists()
    assert Admission.objects.visible_to(cast.ada).count() == 7


def test_an_administrator_sees_nothing_of_the_inside_of_a_network(cast: Cast, secret: Theme) -> None:
    assert set(Member.objects.visible_to(cast.ada)) == {cast.ada}
    assert not Membership.objects.visible_to(cast.ada).exists()
    assert secret not in Theme.objects.visible_to(cast.ada)
    assert not NetworkTheme.objects.visible_to(cast.ada).exists()


def test_an_audit_event_is_never_changed_or_deleted(cast: Cast, secret: Theme) -> None:
    event = AuditEvent.objects.latest("pk")
    for change in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(verb="x"),
    ):
        with pytest.raises(TypeError):
            change()
