from datetime import timedelta

import pytest

from network.actions.membership import (
    appoint_facilitator,
    approve_request,
    ask_to_join,
    decline_request,
    join_network,
    leave_network,
)
from network.actions.themes import pick_themes
from network.limits import in_words
from network.models import AuditEvent, Member, Membership, Network, NetworkTheme, Theme
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast


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


def test_nobody_is_let_in_whose_account_was_closed_while_they_waited(cast: Cast) -> None:
    Member.objects.filter(pk=cast.amir.pk).update(is_active=False)

    with pytest.raises(Refused, match="account is closed"):
        approve_request(Membership.objects.get(member=cast.amir), by=cast.fay)


def test_being_appointed_is_no_way_round_an_unconfirmed_domain(cast: Cast) -> None:
    domain = cast.olga.admission.domain
    domain.confirmed_at = None
    domain.save()

    with pytest.raises(Refused, match="confirm this officer's email domain"):
        appoint_facilitator(cast.practitioners, cast.olga, by=cast.ada)
    assert appoint_facilitator(cast.ai, cast.olga, by=cast.ada).is_active


def test_who_was_let_in_and_left_again_is_not_told_that_they_were_declined(cast: Cast) -> None:
    approve_request(Membership.objects.get(member=cast.amir), by=cast.fay)
    leave_network(cast.practitioners, by=cast.amir)

    assert unread_notices(cast.amir) == []


def test_who_was_declined_is_told_so(cast: Cast) -> None:
    decline_request(Membership.objects.get(member=cast.amir), by=cast.fay, words="Not yet.")

    assert [notice.title for notice in unread_notices(cast.amir)] == [
        "Your request to join the AI Practitioners Network was declined"
    ]


def test_a_network_cannot_pick_a_theme_that_is_private_to_another(cast: Cast) -> None:
    own = Theme.objects.create(name="Prototypes", slug="prototypes", private_to=cast.practitioners)

    with pytest.raises(Refused, match="private to another network"):
        pick_themes(cast.ai, [own], by=cast.fay)
    pick_themes(cast.practitioners, [own], by=cast.fay)
    assert list(Theme.objects.of_network(cast.practitioners)) == [cast.theme, own]


def test_a_picked_theme_that_became_private_to_another_network_is_listed_no_more(cast: Cast) -> None:
    own = Theme.objects.create(name="Prototypes", slug="prototypes", private_to=cast.practitioners)
    NetworkTheme.objects.create(network=cast.ai, theme=own, order=5)

    assert list(Theme.objects.of_network(cast.ai)) == [cast.theme]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "a second"), (30, "30 seconds"), (60, "a minute"), (61, "2 minutes"), (3_600, "an hour"), (172_800, "2 days")],
)
def test_how_long_to_wait_is_said_in_one_unit(seconds: int, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words


def test_leaving_ends_access_and_moves_the_access_version(cast: Cast) -> None:
    before = cast.ai.access_version

    leave_network(cast.ai, by=cast.bob)

    cast.ai.refresh_from_db()
    assert cast.ai not in Network.objects.of(cast.bob)
    assert cast.ai.access_version == before + 1
