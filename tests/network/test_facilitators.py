"""Who looks after a network: who hears of an appointment, and that nobody is left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from network.actions.accounts import correct_account, reinstate_account, suspend_account
from network.actions.closing import close_account
from network.actions.mailbox import lapse_who_did_not_answer, return_to_use
from network.actions.membership import appoint_facilitator, leave_network, stand_down_facilitator
from network.models import Member, Membership, Notice
from network.notifications import unread_notices
from tests.cast import Cast, sign_in

AI = "The AI Network has no facilitator"
BOTH = ["The AI Network has no facilitator", "The AI Practitioners Network has no facilitator"]


def told(member: Member) -> list[str]:
    return sorted(notice.title for notice in unread_notices(Member.objects.get(pk=member.pk)))


def suspended(cast: Cast) -> None:
    suspend_account(cast.fay, by=cast.ada, reason="A reason")


def lapsed(cast: Cast) -> None:
    Member.objects.filter(pk=cast.fay.pk).update(mailbox_asked_at=timezone.now() - timedelta(days=31))
    assert lapse_who_did_not_answer() == 1


def reclassified(cast: Cast) -> None:
    correct_account(cast.fay, by=cast.ada, organisation=cast.council, kind=Member.Kind.PARTNER, reason="A reason")


# Nobody left

WAYS = [suspended, lapsed, reclassified]


@pytest.mark.parametrize("way", WAYS)
def test_administrators_hear_that_a_network_has_no_facilitator_and_nobody_else_does(
    cast: Cast, way: Callable[[Cast], None]
) -> None:
    way(cast)

    assert told(cast.ada) == BOTH
    assert Notice.objects.filter(kind="facilitator_missing").exclude(member=cast.ada).count() == 0
    for other in (cast.bob, cast.olga, cast.amir):
        Notice.objects.create(member=other, kind="facilitator_missing", object_id=cast.ai.pk)
        assert AI not in told(other)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_hears_of_it_where_another_facilitator_stays(cast: Cast, way: Callable[[Cast], None]) -> None:
    Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(role="facilitator")
    way(cast)

    assert told(cast.ada) == [AI]


def test_it_is_over_with_the_next_facilitator_and_opens_again_with_the_next_gap(cast: Cast) -> None:
    suspended(cast)
    appoint_facilitator(cast.ai, cast.bob, by=cast.ada)
    assert told(cast.ada) == BOTH[1:]

    suspend_account(cast.bob, by=cast.ada, reason="A reason")
    assert told(cast.ada) == BOTH


def test_it_is_over_when_the_account_is_in_use_again(cast: Cast) -> None:
    suspended(cast)
    reinstate_account(Member.objects.get(pk=cast.fay.pk), by=cast.ada, reason="A reason")
    assert told(cast.ada) == []

    lapsed(cast)
    assert told(cast.ada) == BOTH
    return_to_use(Member.objects.get(pk=cast.fay.pk))
    assert told(cast.ada) == []


def test_it_is_said_once_and_not_with_every_member_who_goes(cast: Cast) -> None:
    suspended(cast)
    Notice.objects.update(read_at=timezone.now())

    leave_network(cast.ai, by=cast.bob)

    assert told(cast.ada) == []


def test_whoever_goes_by_their_own_choice_leaves_another_behind(cast: Cast) -> None:
    for network in (cast.ai, cast.practitioners):
        appoint_facilitator(network, cast.bob, by=cast.ada)
    leave_network(cast.ai, by=cast.fay)
    close_account(by=cast.fay)

    assert told(cast.ada) == []


def test_the_notice_leads_to_the_network_which_says_what_to_do(cast: Cast) -> None:
    client = Client()
    sign_in(client, cast.ada)
    address = "/administration/networks/ai/"
    assert "has no facilitator" not in client.get(address).content.decode()
    suspended(cast)

    notice = Notice.objects.get(member=cast.ada, kind="facilitator_missing", object_id=cast.ai.pk)
    page = client.post(f"/notices/{notice.pk}/open/", follow=True)

    assert page.redirect_chain[-1][0] == address
    assert "This network has no facilitator." in page.content.decode()


# Appointing


def test_the_facilitators_hear_of_a_new_one_and_members_do_not(cast: Cast) -> None:
    appoint_facilitator(cast.practitioners, cast.bob, by=cast.ada)

    notice = "Ada Administers made Bob Belongs a facilitator of the AI Practitioners Network"
    assert told(cast.fay) == [notice]
    assert told(cast.bob) == ["You now facilitate the AI Practitioners Network"]
    assert told(cast.ada) == []
    event = Membership.objects.get(member=cast.bob, network=cast.practitioners).history.get()
    client = Client()
    sign_in(client, cast.fay)
    assert client.get(unread_notices(cast.fay)[0].address).status_code == 200
    for outsider in (cast.olga, cast.amir, cast.lena, cast.sven, cast.ada):
        Notice.objects.create(member=outsider, kind="facilitator_appointed", object_id=event.pk)
        assert notice not in told(outsider)


def test_of_who_appoints_themselves_the_other_administrators_hear_too(cast: Cast) -> None:
    cast.olga.user_permissions.set(cast.ada.user_permissions.all())
    appoint_facilitator(cast.practitioners, cast.ada, by=cast.ada)

    themselves = "Ada Administers made themselves a facilitator of the AI Practitioners Network"
    assert told(cast.olga) == [themselves]
    assert told(cast.fay) == [themselves]
    assert themselves not in told(cast.ada)
    client = Client()
    sign_in(client, cast.olga)
    shown = unread_notices(Member.objects.get(pk=cast.olga.pk))
    assert client.get(shown[0].address).status_code == 200
    event = Membership.objects.get(member=cast.ada, network=cast.practitioners).history.get()
    for other in (cast.bob, cast.lena, cast.amir):
        Notice.objects.create(member=other, kind="appointed_themselves", object_id=event.pk)
        assert themselves not in told(other)


def test_an_appointment_of_somebody_else_is_no_matter_of_the_other_administrators(cast: Cast) -> None:
    cast.olga.user_permissions.set(cast.ada.user_permissions.all())
    appoint_facilitator(cast.practitioners, cast.bob, by=cast.ada)
    stand_down_facilitator(cast.practitioners, cast.bob, by=cast.ada)

    assert told(cast.olga) == []
