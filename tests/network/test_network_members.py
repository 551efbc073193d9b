"""What facilitators do about the members of their network, and how it takes effect everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.threads import start_thread
from forums.models import Thread
from network.actions.mail import send_due_mail
from network.actions.membership import (
    appoint_facilitator,
    approve_request,
    ask_to_join,
    join_network,
    leave_network,
    reinstate_member,
    remove_member,
    stand_down_facilitator,
    suspend_member,
)
from network.actions.networks import change_network
from network.models import AuditEvent, Member, Membership, MembershipEvent, Network, Profile
from network.notifications import unread_notices
from network.permissions import Refused
from network.signals import membership_ended
from tests.cast import Cast, sign_in

MEMBERS = "/networks/ai-practitioners/members/"
SETTINGS = "/networks/ai-practitioners/settings/"
NOT_FACILITATORS = ["bob", "olga", "amir", "lena", "sven", "ada", None]


@pytest.fixture
def bobs(cast: Cast) -> Membership:
    return Membership.objects.get(member=cast.bob, network=cast.practitioners)


def client_of(member: Member | None) -> Client:
    client = Client()
    if member:
        sign_in(client, member)
    return client


def page_of(member: Member, address: str) -> str:
    response = client_of(member).get(address)
    assert response.status_code == 200, (address, response.status_code)
    return str(response.content.decode())


def subjects() -> list[str]:
    mail.outbox.clear()
    send_due_mail(now=timezone.now() + timedelta(minutes=1))
    return [message.subject for message in mail.outbox]


End = Callable[..., Membership]


@pytest.mark.parametrize("end", [remove_member, suspend_member])
def test_being_removed_or_suspended_takes_effect_everywhere_at_once(cast: Cast, bobs: Membership, end: End) -> None:
    start_thread(cast.practitioners, by=cast.fay, theme=cast.theme, title="Inside", source="Inside")
    ended: list[int] = []

    def heard(membership: Membership, **news: object) -> None:
        ended.append(membership.pk)

    membership_ended.connect(heard)
    try:
        end(bobs, by=cast.fay, words="You wrote an advertisement.")
    finally:
        membership_ended.disconnect(heard)

    assert ended == [bobs.pk]
    assert cast.practitioners not in Network.objects.of(cast.bob)
    assert not Thread.objects.visible_to(cast.bob).filter(network=cast.practitioners).exists()
    assert client_of(cast.bob).get("/networks/ai-practitioners/threads/").status_code == 404
    assert "Inside" not in page_of(cast.bob, "/search/?q=Inside").split("<main")[1].split("Nothing")[-1]
    assert Network.objects.get(pk=cast.practitioners.pk).access_version == cast.practitioners.access_version + 1


def test_whoever_is_removed_reads_why_by_mail_in_notices_and_outside_and_may_ask_again(
    cast: Cast, bobs: Membership
) -> None:
    remove_member(bobs, by=cast.fay, words="You moved on.")

    assert [notice.title for notice in unread_notices(cast.bob)] == [
        "You are no longer a member of the AI Practitioners Network"
    ]
    assert subjects() == ["You are no longer a member of the AI Practitioners Network"]
    assert "You moved on." in mail.outbox[0].body
    assert "You moved on." in page_of(cast.bob, "/networks/ai-practitioners/")
    assert ask_to_join(cast.practitioners, by=cast.bob, reason="I am back.").is_requested


def test_whoever_is_suspended_reads_why_and_comes_back_only_when_let_in_again(cast: Cast, bobs: Membership) -> None:
    read_before = bobs.read_before
    suspend_member(bobs, by=cast.fay, words="Until we have talked.")

    assert subjects() == ["Your membership of the AI Practitioners Network is suspended"]
    assert "Until we have talked." in page_of(cast.bob, "/networks/ai-practitioners/")
    with pytest.raises(Refused, match="suspended"):
        ask_to_join(cast.practitioners, by=cast.bob, reason="Please.")

    reinstate_member(Membership.objects.get(pk=bobs.pk), by=cast.fay)

    assert cast.practitioners in Network.objects.of(cast.bob)
    assert Membership.objects.get(pk=bobs.pk).read_before == read_before
    assert subjects() == ["You are a member of the AI Practitioners Network again"]
    assert [event.kind for event in MembershipEvent.objects.filter(membership=bobs)] == ["suspended", "reinstated"]


def test_a_mail_about_a_suspension_that_ended_at_once_is_not_sent(cast: Cast, bobs: Membership) -> None:
    suspend_member(bobs, by=cast.fay, words="A mistake.")
    reinstate_member(Membership.objects.get(pk=bobs.pk), by=cast.fay)

    assert subjects() == ["You are a member of the AI Practitioners Network again"]


@pytest.mark.parametrize("who", [who for who in NOT_FACILITATORS if who])
@pytest.mark.parametrize("end", [remove_member, suspend_member])
def test_nobody_but_a_facilitator_ends_a_membership(cast: Cast, bobs: Membership, end: End, who: str) -> None:
    with pytest.raises(Refused):
        end(bobs, by=getattr(cast, who), words="No.")
    with pytest.raises(Refused):
        reinstate_member(Membership.objects.get(member=cast.sven, network=cast.ai), by=getattr(cast, who))


def test_a_facilitator_removes_neither_themselves_nor_another_facilitator(cast: Cast, bobs: Membership) -> None:
    own = Membership.objects.get(member=cast.fay, network=cast.practitioners)
    with pytest.raises(Refused, match="to yourself"):
        remove_member(own, by=cast.fay, words="Bye.")
    Membership.objects.filter(pk=bobs.pk).update(role="facilitator")
    with pytest.raises(Refused, match="stand them down first"):
        suspend_member(Membership.objects.get(pk=bobs.pk), by=cast.fay, words="Bye.")


def test_the_second_of_two_facilitators_is_told(cast: Cast, bobs: Membership) -> None:
    fay = client_of(cast.fay)
    fay.post(f"{MEMBERS}{bobs.pk}/remove/", {"words": "Bye."})
    second = fay.post(f"{MEMBERS}{bobs.pk}/sanction/", {"what": "suspend", "words": "Bye, then."})

    assert second.status_code == 403
    assert "Bob Belongs does not belong to this network any more." in second.content.decode()
    assert "Bye, then." in second.content.decode()


def test_leaving_is_not_being_removed(cast: Cast, bobs: Membership) -> None:
    approve_request(Membership.objects.get(member=cast.amir), by=cast.fay, words="Welcome.")
    leave_network(cast.practitioners, by=cast.amir)

    membership = Membership.objects.get(member=cast.amir)
    assert not membership.was_removed
    assert "Welcome." not in page_of(cast.amir, "/networks/ai-practitioners/")


# Facilitators


def test_an_administrator_appoints_and_stands_down_and_both_hear_of_it(cast: Cast, bobs: Membership) -> None:
    appoint_facilitator(cast.practitioners, cast.bob, by=cast.ada)
    stand_down_facilitator(cast.practitioners, cast.fay, by=cast.ada)

    assert client_of(cast.fay).get(MEMBERS).status_code == 404
    assert client_of(cast.bob).get(MEMBERS).status_code == 200
    assert [notice.title for notice in unread_notices(cast.fay)] == [
        "You no longer facilitate the AI Practitioners Network"
    ]
    assert [notice.title for notice in unread_notices(cast.bob)] == ["You now facilitate the AI Practitioners Network"]
    assert [event.verb for event in AuditEvent.objects.order_by("pk")] == [
        "appointed facilitator",
        "stood down facilitator",
    ]


def test_the_last_facilitator_neither_leaves_nor_is_stood_down(cast: Cast) -> None:
    with pytest.raises(Refused, match="only facilitator"):
        leave_network(cast.practitioners, by=cast.fay)
    with pytest.raises(Refused, match="Appoint another"):
        stand_down_facilitator(cast.practitioners, cast.fay, by=cast.ada)
    assert "only facilitator" in client_of(cast.fay).get("/networks/ai/leave/").content.decode()

    appoint_facilitator(cast.practitioners, cast.bob, by=cast.ada)
    assert leave_network(cast.practitioners, by=cast.fay).state == "left"


@pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven"])
def test_nobody_but_an_administrator_stands_down(cast: Cast, bobs: Membership, who: str) -> None:
    Membership.objects.filter(pk=bobs.pk).update(role="facilitator")
    with pytest.raises(Refused):
        stand_down_facilitator(cast.practitioners, cast.fay, by=getattr(cast, who))


# Their list


@pytest.mark.parametrize("who", NOT_FACILITATORS)
def test_the_pages_are_not_there_for_anybody_else(cast: Cast, bobs: Membership, who: str | None) -> None:
    client = client_of(getattr(cast, who) if who else None)
    for address in (MEMBERS, f"{MEMBERS}{bobs.pk}/", SETTINGS):
        assert client.get(address).status_code == 404
    for step in ("remove", "sanction", "write", "reinstate"):
        assert client.post(f"{MEMBERS}{bobs.pk}/{step}/", {"what": "warn", "words": "No."}).status_code == 404
    bobs.refresh_from_db()
    assert bobs.is_active


def test_the_list_is_filtered_by_state_and_searched_by_name(cast: Cast) -> None:
    active = page_of(cast.fay, MEMBERS).split("<main")[1]
    assert "Bob Belongs" in active
    assert "Sven Suspended" not in active
    assert "Sven Suspended" in page_of(cast.fay, f"{MEMBERS}?state=suspended")
    everybody = page_of(cast.fay, f"{MEMBERS}?state=any")
    for name in ("Bob Belongs", "Amir Applied", "Lena Left", "Sven Suspended"):
        assert name in everybody
    assert "Olga Outside" not in everybody
    found = page_of(cast.fay, f"{MEMBERS}?state=any&q=sven").split("<main")[1]
    assert "Sven Suspended" in found
    assert "Lena Left" not in found
    assert "Nobody found" in page_of(cast.fay, f"{MEMBERS}?q=<script>&state=nonsense&after=x")


def test_the_list_goes_on_by_key_and_back(cast: Cast, make_officers: Callable[[int], list[Member]]) -> None:
    for n, officer in enumerate(make_officers(50)):
        Member.objects.filter(pk=officer.pk).update(name=f"Name {n // 2:02}")  # two of each name
        Membership.objects.create(
            member=officer, network=cast.practitioners, state="active", joined_at=officer.date_joined
        )
    fay = client_of(cast.fay)
    seen: list[int] = []
    address = MEMBERS
    while True:
        response = fay.get(address)
        seen += [membership.pk for membership in response.context["page"]]
        if not response.context["next"]:
            break
        address = MEMBERS + response.context["next"]

    assert len(seen) == len(set(seen)) == 52
    back = fay.get(MEMBERS + response.context["previous"])
    assert [membership.pk for membership in back.context["page"]] == seen[25:50]


def test_the_list_takes_as_many_queries_for_twenty_members_as_for_two(
    cast: Cast, bobs: Membership, make_officers: Callable[[int], list[Member]]
) -> None:
    fay = client_of(cast.fay)

    def queries(address: str) -> int:
        fay.get(address)  # what is cached for good is cached now
        with CaptureQueriesContext(connection) as captured:
            assert fay.get(address).status_code == 200
        return len(captured)

    few = queries(MEMBERS), queries(f"{MEMBERS}{bobs.pk}/")
    for officer in make_officers(20):
        Membership.objects.create(
            member=officer, network=cast.practitioners, state="active", joined_at=officer.date_joined
        )
        MembershipEvent.objects.create(membership=bobs, kind="answer", by=officer, words="W")

    assert (queries(MEMBERS), queries(f"{MEMBERS}{bobs.pk}/")) == few
    assert max(few) <= 12


def test_a_facilitator_sees_the_whole_history_of_a_membership(cast: Cast, bobs: Membership) -> None:
    suspend_member(bobs, by=cast.fay, words="Until we have talked.")
    page = page_of(cast.fay, f"{MEMBERS}{bobs.pk}/")

    assert "Suspended</strong>, Fay Facilitates" in page
    assert "Until we have talked." in page
    assert "Let in again" in page


def test_removing_from_an_open_network_says_that_they_can_come_back_at_once(cast: Cast) -> None:
    row = Membership.objects.get(member=cast.bob, network=cast.ai)

    assert "suspend them instead" in page_of(cast.fay, f"/networks/ai/members/{row.pk}/remove/")


# Settings


def settings_of(network: Network, **other: object) -> dict[str, object]:
    return {
        "purpose": network.purpose,
        "audience": network.audience,
        "question": network.question,
        "published_members": "",
        "published_source": "",
        "reports_to_hide": network.reports_to_hide,
    } | other


def test_a_facilitator_changes_the_settings_and_which_is_written_down(cast: Cast) -> None:
    page = (
        client_of(cast.fay)
        .post(
            SETTINGS, settings_of(cast.practitioners, question="What do you run?", content_free_mail="on"), follow=True
        )
        .content.decode()
    )

    assert "The settings are saved." in page
    cast.practitioners.refresh_from_db()
    assert cast.practitioners.question == "What do you run?"
    assert cast.practitioners.content_free_mail
    event = AuditEvent.objects.get()
    assert (event.verb, event.details) == ("changed network", {"fields": ["content_free_mail", "question"]})


def test_saving_without_a_change_writes_nothing(cast: Cast) -> None:
    client_of(cast.fay).post(SETTINGS, settings_of(cast.practitioners))

    assert not AuditEvent.objects.exists()


def test_a_published_number_needs_its_source(cast: Cast) -> None:
    page = client_of(cast.fay).post(SETTINGS, settings_of(cast.practitioners, published_members="450")).content.decode()

    assert "<title>Error: Settings" in page
    assert "Enter where the number was published, and when" in page


def test_name_and_joining_are_the_administrators(cast: Cast) -> None:
    with pytest.raises(Refused, match="Only administrators"):
        change_network(cast.practitioners, by=cast.fay, joining=Network.Joining.AT_ONCE)
    client_of(cast.fay).post(SETTINGS, settings_of(cast.practitioners, name="Ours", joining="at_once"))
    cast.practitioners.refresh_from_db()
    assert (cast.practitioners.name, cast.practitioners.joining) == ("AI Practitioners Network", "by_request")

    changed = change_network(cast.practitioners, by=cast.ada, joining=Network.Joining.AT_ONCE, name="Practitioners")
    assert (changed.name, changed.joining) == ("Practitioners", "at_once")
    with pytest.raises(Refused, match="another network with this name"):
        change_network(cast.practitioners, by=cast.ada, name="AI Network")
    with pytest.raises(TypeError):
        change_network(cast.practitioners, by=cast.ada, access_version=0)


@pytest.mark.parametrize("who", ["bob", "olga", "amir", "lena", "sven"])
def test_nobody_else_changes_a_network(cast: Cast, who: str) -> None:
    with pytest.raises(Refused):
        change_network(cast.practitioners, by=getattr(cast, who), purpose="Mine")


def test_a_network_that_is_joined_at_once_asks_no_question(cast: Cast) -> None:
    assert "What do you ask applicants?" not in page_of(cast.fay, "/networks/ai/settings/")


def test_each_way_in_and_out_is_a_step_of_the_history(cast: Cast) -> None:
    join_network(cast.ai, by=cast.olga)
    leave_network(cast.ai, by=cast.olga)

    assert [event.kind for event in MembershipEvent.objects.filter(membership__member=cast.olga)] == ["joined", "left"]


def test_words_of_a_profile_find_nobody_who_does_not_show_it_to_the_facilitator(cast: Cast) -> None:
    for member in (cast.amir, cast.bob):
        Profile.objects.create(member=member, about="Zebracrossing")
    page = client_of(cast.fay).get(f"{MEMBERS}?state=any&q=zebracrossing").content.decode()

    assert "Bob Belongs" in page
    assert "Amir Applied" not in page
