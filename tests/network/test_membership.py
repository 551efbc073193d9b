from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from network.actions.membership import approve_request, ask_to_join, decline_request, join_network, leave_network
from network.models import AuditEvent, Membership, Network
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, make_cast


def test_an_officer_joins_an_open_network_at_once(cast: Cast) -> None:
    membership = join_network(cast.ai, by=cast.olga)

    assert membership.is_active
    assert cast.ai in Network.objects.of(cast.olga)
    assert AuditEvent.objects.get().verb == "joined"


def test_nobody_joins_the_practitioners_without_being_let_in(cast: Cast) -> None:
    with pytest.raises(Refused, match="by request"):
        join_network(cast.practitioners, by=cast.olga)


def test_a_suspended_member_does_not_join_again(cast: Cast) -> None:
    with pytest.raises(Refused, match="suspended"):
        join_network(cast.ai, by=cast.sven)


def test_asking_tells_the_facilitators_and_nobody_else(cast: Cast) -> None:
    ask_to_join(cast.practitioners, by=cast.olga, reason="We build things.")

    assert [notice.title for notice in unread_notices(cast.fay)] == [
        "Olga Outside asks to join the AI Practitioners Network"
    ]
    assert unread_notices(cast.bob) == []


def test_asking_twice_is_refused_with_the_reason(cast: Cast) -> None:
    with pytest.raises(Refused, match="already asked"):
        ask_to_join(cast.practitioners, by=cast.amir, reason="Again.")


def test_a_facilitator_approves_and_the_applicant_hears_of_it(cast: Cast) -> None:
    request = Membership.objects.get(member=cast.amir)

    approve_request(request, by=cast.fay)

    assert cast.practitioners in Network.objects.of(cast.amir)
    assert [notice.title for notice in unread_notices(cast.amir)] == [
        "You are now a member of the AI Practitioners Network"
    ]


def test_the_second_decision_on_a_request_is_refused(cast: Cast) -> None:
    request = Membership.objects.get(member=cast.amir)
    approve_request(request, by=cast.fay)

    with pytest.raises(Refused, match="already been decided"):
        decline_request(request, by=cast.fay, words="Too late.")


@pytest.mark.parametrize("who", ["bob", "olga", "amir", "lena", "sven", "ada"])
def test_nobody_but_a_facilitator_approves(cast: Cast, who: str) -> None:
    request = Membership.objects.get(member=cast.amir)

    with pytest.raises(Refused):
        approve_request(request, by=getattr(cast, who))


def test_an_unconfirmed_domain_has_to_be_confirmed_before_approval(cast: Cast) -> None:
    domain = cast.amir.admission.domain
    domain.confirmed_at = None
    domain.save()

    with pytest.raises(Refused, match="confirm this officer's email domain"):
        approve_request(Membership.objects.get(member=cast.amir), by=cast.fay)


def test_leaving_ends_access_and_moves_the_access_version(cast: Cast) -> None:
    before = cast.ai.access_version

    leave_network(cast.ai, by=cast.bob)

    cast.ai.refresh_from_db()
    assert cast.ai not in Network.objects.of(cast.bob)
    assert cast.ai.access_version == before + 1


@pytest.mark.django_db(transaction=True)
def test_of_two_facilitators_who_decide_at_the_same_moment_one_is_told_it_is_decided() -> None:
    cast = make_cast()
    request = Membership.objects.select_related("network", "member").get(member=cast.amir)
    Membership.objects.filter(member=cast.bob).update(role=Membership.Role.FACILITATOR)
    together = Barrier(2)

    def decide(approves: bool) -> str:
        try:
            together.wait(timeout=10)
            if approves:
                approve_request(request, by=cast.fay)
            else:
                decline_request(request, by=cast.bob, words="Not now.")
            return "decided"
        except Refused as refused:
            return str(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(decide, (True, False)))

    assert said == ["This request has already been decided.", "decided"]
    assert AuditEvent.objects.filter(object_id=str(request.pk)).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_presses_of_the_button_at_the_same_moment_one_joins() -> None:
    cast = make_cast()
    together = Barrier(2)

    def join(_: int) -> str:
        try:
            together.wait(timeout=10)
            join_network(cast.ai, by=cast.olga)
            return "joined"
        except Refused as refused:
            return str(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(join, range(2)))

    assert said == ["You already belong to this network.", "joined"]
    assert Membership.objects.filter(member=cast.olga).count() == 1
