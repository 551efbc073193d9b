"""Who gives roles in the hub, to whom, and who hears of it."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from cms.actions.roles import ADMINISTRATORS, EDITORS, PUBLISHERS, ROLES, give_roles, set_up_roles
from cms.forms import ABOUT_ROLES
from network.actions.mail import send_due_mail
from network.models import AuditEvent, Member
from network.permissions import Refused
from tests.cast import Cast, sign_in


@pytest.fixture(autouse=True)
def roles(cast: Cast) -> None:
    """Ada administers by her role alone."""
    set_up_roles()
    cast.ada.user_permissions.clear()
    give_roles(cast.ada, [ADMINISTRATORS], by=None)


def fresh(member: Member) -> Member:
    """As the next request reads them: rights are looked up once per object."""
    return Member.objects.get(pk=member.pk)


@pytest.fixture
def ada(cast: Cast) -> Client:
    client = Client()
    sign_in(client, cast.ada)
    return client


def roles_of(member: Member) -> set[str]:
    return set(member.groups.values_list("name", flat=True))


def test_an_administrator_gives_and_takes_roles(cast: Cast, ada: Client) -> None:
    address = f"/administration/people/{cast.bob.pk}/roles/"
    assert "Editor: writes pages" in ada.get(address).content.decode()

    page = ada.post(address, {"roles": [EDITORS, PUBLISHERS]}, follow=True).content.decode()
    assert "The roles of Bob Belongs are changed." in page
    assert "Editors, Publishers" in page
    ada.post(address, {"roles": [EDITORS]})
    assert roles_of(cast.bob) == {EDITORS}


def test_every_role_is_explained(cast: Cast) -> None:
    assert tuple(ABOUT_ROLES) == ROLES


@pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven", None])
def test_for_everybody_else_there_is_no_such_page(cast: Cast, who: str | None) -> None:
    client = Client()
    if who:
        sign_in(client, getattr(cast, who))
    address = f"/administration/people/{cast.bob.pk}/roles/"

    assert client.get(address).status_code == 404
    assert client.post(address, {"roles": [ADMINISTRATORS]}).status_code == 404
    assert roles_of(cast.bob) == set()


def test_every_administrator_hears_of_a_role_that_is_given(cast: Cast, ada: Client) -> None:
    give_roles(cast.olga, [ADMINISTRATORS], by=None)
    ada.post(f"/administration/people/{cast.bob.pk}/roles/", {"roles": [ADMINISTRATORS]})
    send_due_mail()

    assert sorted(message.to[0] for message in mail.outbox) == sorted(m.email for m in (cast.ada, cast.bob, cast.olga))
    assert {message.subject for message in mail.outbox} == {
        "Bob Belongs was given the role Administrator by Ada Administers"
    }
    assert f"/administration/people/{cast.bob.pk}/" in str(mail.outbox[0].body)


def test_nobody_hears_of_a_role_that_is_taken_or_set_up(cast: Cast) -> None:
    give_roles(cast.bob, [EDITORS], by=None)
    give_roles(cast.bob, [], by=cast.ada)

    assert send_due_mail() == 0


def test_who_is_no_administrator_any_more_does_not_hear_of_it(cast: Cast) -> None:
    give_roles(cast.olga, [ADMINISTRATORS], by=None)
    give_roles(cast.bob, [EDITORS], by=cast.ada)
    give_roles(cast.olga, [], by=cast.ada)
    send_due_mail()

    assert [message.to for message in mail.outbox] == [[cast.ada.email]]


def test_nobody_takes_a_role_from_themselves(cast: Cast, ada: Client) -> None:
    give_roles(cast.olga, [ADMINISTRATORS], by=None)
    page = ada.post(f"/administration/people/{cast.ada.pk}/roles/", {"roles": []}).content.decode()

    assert "<title>Error: Roles of Ada Administers" in page
    assert "You cannot take a role from yourself." in page
    assert roles_of(cast.ada) == {ADMINISTRATORS}


def test_of_two_who_demote_each_other_at_once_one_stays(cast: Cast) -> None:
    give_roles(cast.olga, [ADMINISTRATORS], by=None)
    ada, olga = fresh(cast.ada), fresh(cast.olga)
    assert ada.has_perm("network.change_member")
    assert olga.has_perm("network.change_member")

    give_roles(olga, [], by=ada)
    with pytest.raises(Refused):
        give_roles(ada, [], by=olga)
    assert roles_of(cast.ada) == {ADMINISTRATORS}


def test_an_account_that_is_not_in_use_is_given_no_role(cast: Cast) -> None:
    Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
    with pytest.raises(Refused):
        give_roles(fresh(cast.bob), [EDITORS], by=cast.ada)


def test_roles_are_written_down(cast: Cast) -> None:
    give_roles(cast.bob, [EDITORS], by=cast.ada)
    event = AuditEvent.objects.filter(verb="gave roles").latest("pk")

    assert (event.actor_id, event.details) == (cast.ada.pk, {"had": [], "has": [EDITORS]})


def test_an_editor_sees_the_way_to_publishing_and_an_administrator_both(cast: Cast, ada: Client) -> None:
    give_roles(cast.bob, [EDITORS], by=None)
    bob = Client()
    sign_in(bob, cast.bob)
    for client, shown in ((bob, {"Publishing"}), (ada, {"Administration", "Publishing"})):
        page = client.get("/networks/").content.decode()
        assert {word for word in ("Administration", "Publishing") if f">{word}</a>" in page} == shown
