"""The ground rules: read by everybody, agreed to when joining, asked again when they change."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cms.actions.pages import publish_page, set_up_site
from cms.models import InformationPage
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.models import Post
from network.actions.intake import Listed, begin_intake, look_at_list, run_intakes
from network.actions.invitations import accept_invitation, invite
from network.actions.membership import ask_to_join, join_network
from network.actions.rules import FIRST_RULES, ChangedMeanwhile, agree_to_rules, publish_rules, set_up_rules
from network.models import AuditEvent, GroundRules, Member, Membership, Network, RulesAcceptance
from network.permissions import Refused
from tests.cast import Cast, sign_in


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


@pytest.fixture
def rules(cast: Cast) -> GroundRules:
    return set_up_rules("Be kind.\nBe brief.\n")


# Versions


def test_an_administrator_publishes_a_version_and_it_is_written_down(cast: Cast, rules: GroundRules) -> None:
    second = publish_rules(text="Be kind.", change="One rule fewer.", by=cast.ada, after=1)

    assert (second.number, GroundRules.objects.current()) == (2, second)
    assert AuditEvent.objects.latest("pk").details == {"number": 2}


@pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven"])
def test_nobody_else_publishes_one(cast: Cast, rules: GroundRules, who: str) -> None:
    with pytest.raises(Refused):
        publish_rules(text="Anything goes.", change="All.", by=getattr(cast, who), after=1)
    assert client_of(getattr(cast, who)).get("/administration/ground-rules/").status_code == 404


def test_of_two_who_publish_from_the_same_version_the_second_is_told(cast: Cast, rules: GroundRules) -> None:
    publish_rules(text="Be kind.", change="One fewer.", by=cast.ada, after=1)

    with pytest.raises(ChangedMeanwhile):
        publish_rules(text="Be brief.", change="Another fewer.", by=cast.ada, after=1)


def test_everybody_reads_the_rules_with_their_number_date_and_change(cast: Cast, rules: GroundRules) -> None:
    publish_rules(text="Be kind.", change="Brevity is no rule any more.", by=cast.ada, after=1)

    page = Client().get("/ground-rules/")
    html = page.content.decode()
    assert "Version 2, <time" in html
    assert "Brevity is no rule any more." in html
    assert "Be brief." not in html
    assert not page.cookies
    earlier = Client().get("/ground-rules/1/").content.decode()
    assert "Be brief." in earlier
    assert "These rules are no longer in force." in earlier
    assert Client().get("/ground-rules/3/").status_code == 404


def test_without_any_version_there_is_a_page_that_says_so_and_nothing_is_asked(cast: Cast) -> None:
    assert "No ground rules have been published yet" in Client().get("/ground-rules/").content.decode()
    assert client_of(cast.bob).get("/networks/ai/").status_code == 200


# Joining


def test_joining_and_asking_to_join_need_agreement(cast: Cast, rules: GroundRules) -> None:
    with pytest.raises(Refused, match="Agree to the ground rules first"):
        join_network(cast.ai, by=cast.olga)
    with pytest.raises(Refused, match="Agree to the ground rules first"):
        ask_to_join(cast.practitioners, by=cast.olga, reason="We build.")

    agree_to_rules(rules, by=cast.olga)

    assert join_network(cast.ai, by=cast.olga).is_active
    assert ask_to_join(cast.practitioners, by=cast.olga, reason="We build.").is_requested


def test_the_button_on_a_networks_page_leads_to_the_rules_and_the_tick_joins(cast: Cast, rules: GroundRules) -> None:
    olga = client_of(cast.olga)
    page = olga.post("/networks/ai/join/").content.decode()
    assert "Be brief." in page
    assert "<title>Error" not in page
    assert not Membership.objects.filter(member=cast.olga).exists()

    page = olga.post("/networks/ai/join/", {"rules_shown": "1"}).content.decode()
    assert "<title>Error: Join" in page
    assert "Select that you agree to the ground rules" in page

    page = olga.post("/networks/ai/join/", {"rules_shown": "1", "agree": "1"}, follow=True).content.decode()
    assert "You have joined the AI Network." in page
    assert RulesAcceptance.objects.get(member=cast.olga).rules == rules


def test_a_tick_under_rules_that_changed_meanwhile_agrees_to_nothing(cast: Cast, rules: GroundRules) -> None:
    publish_rules(text="Be kind.", change="One fewer.", by=cast.ada, after=1)

    page = client_of(cast.olga).post("/networks/ai/join/", {"rules_shown": "1", "agree": "1"}).content.decode()

    assert "The ground rules have just changed" in page
    assert not RulesAcceptance.objects.exists()


def test_whoever_has_agreed_is_not_asked_again_when_they_ask_to_join(cast: Cast, rules: GroundRules) -> None:
    agree_to_rules(rules, by=cast.olga)
    olga = client_of(cast.olga)

    assert "I agree to the ground rules" not in olga.get("/networks/ai-practitioners/join/").content.decode()
    page = olga.post(
        "/networks/ai-practitioners/join/", {"job": "Analyst", "reason": "We build."}, follow=True
    ).content.decode()
    assert "You have asked to join" in page


def test_accepting_an_invitation_is_agreeing_to_the_rules(cast: Cast, rules: GroundRules) -> None:
    EmailAddress.objects.create(user=cast.olga, email=cast.olga.email, verified=True, primary=True)
    invitation = invite(cast.practitioners, cast.olga.email, by=cast.fay, kind="officer", organisation=cast.council)
    with pytest.raises(Refused, match="Agree to the ground rules first"):
        accept_invitation(invitation, by=cast.olga)
    olga, address = client_of(cast.olga), invitation.get_absolute_url()
    assert "Be brief." in olga.get(address).content.decode()

    page = olga.post(address, {"rules_shown": "1"}).content.decode()
    assert "<title>Error: You are invited" in page
    assert "Select that you agree to the ground rules" in page
    assert not RulesAcceptance.objects.exists()

    page = olga.post(address, {"rules_shown": "1", "agree": "1"}, follow=True).content.decode()
    assert "You are now a member of the AI Practitioners Network." in page
    assert RulesAcceptance.objects.get(member=cast.olga).rules == rules


def test_whoever_has_agreed_accepts_by_one_button(cast: Cast, rules: GroundRules) -> None:
    EmailAddress.objects.create(user=cast.olga, email=cast.olga.email, verified=True, primary=True)
    invitation = invite(cast.practitioners, cast.olga.email, by=cast.fay, kind="officer", organisation=cast.council)
    agree_to_rules(rules, by=cast.olga)
    olga, address = client_of(cast.olga), invitation.get_absolute_url()

    assert "I agree to the ground rules" not in olga.get(address).content.decode()
    assert "You are now a member" in olga.post(address, follow=True).content.decode()


def test_whoever_is_not_the_invited_is_shown_no_rules_to_agree_to(cast: Cast, rules: GroundRules) -> None:
    invitation = invite(cast.practitioners, cast.olga.email, by=cast.fay, kind="officer", organisation=cast.council)
    for member in (cast.amir, None):
        page = client_of(member) if member else Client()
        assert "I agree" not in page.get(invitation.get_absolute_url()).content.decode()


def test_whoever_a_list_put_into_a_network_is_asked_at_its_first_page(cast: Cast, rules: GroundRules) -> None:
    row = Listed(2, "new@exampleshire.example.org", "Nora New")
    intake = look_at_list([row], by=cast.ada, network=cast.ai)
    begin_intake(intake, by=cast.ada)
    run_intakes()
    nora = Member.objects.get(email="new@exampleshire.example.org")
    assert cast.ai in Network.objects.of(nora)
    assert not RulesAcceptance.objects.exists()

    answer = client_of(nora).get("/networks/ai/", follow=True)

    assert answer.redirect_chain[0][0].startswith("/ground-rules/agree/?next=%2Fnetworks%2Fai%2F")
    assert "Be brief." in answer.content.decode()


# Asked again


@pytest.fixture
def places(cast: Cast) -> list[str]:
    now = timezone.now()
    thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="A thread", source="Words")
    room = schedule_room(cast.ai, title="A room", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    return [
        "/networks/ai/",
        "/networks/ai/threads/?theme=adult-social-care",
        "/networks/ai/threads/new/",
        thread.get_absolute_url(),
        room.get_absolute_url(),
        "/unread/",
    ]


def test_a_member_who_has_not_agreed_is_led_to_the_rules_and_on_again(
    cast: Cast, rules: GroundRules, places: list[str]
) -> None:
    bob = client_of(cast.bob)
    for place in places:
        answer = bob.get(place, follow=True)
        assert answer.redirect_chain[0][0].startswith("/ground-rules/agree/?next=%2F"), place
        assert "Agree to the ground rules" in answer.content.decode()

    answer = bob.get(places[1], follow=True)
    on = bob.post(answer.redirect_chain[0][0], {"rules_shown": "1", "agree": "1"})
    assert on["Location"] == places[1]
    for place in places:
        assert bob.get(place).status_code == 200


def test_a_new_version_is_asked_with_what_is_new(cast: Cast, rules: GroundRules, places: list[str]) -> None:
    agree_to_rules(rules, by=cast.bob)
    assert client_of(cast.bob).get("/networks/ai/").status_code == 200
    publish_rules(text="Be kind.", change="Brevity is no rule any more.", by=cast.ada, after=1)

    page = client_of(cast.bob).get(places[0], follow=True).content.decode()

    assert "The ground rules have changed" in page
    assert "Brevity is no rule any more." in page


def test_what_they_were_writing_is_not_lost(cast: Cast, rules: GroundRules, places: list[str]) -> None:
    answer = client_of(cast.bob).post(
        "/networks/ai/threads/new/",
        {"title": "Written before", "kind": "discussion", "theme": cast.theme.pk, "source": "Long and thoughtful"},
    )

    assert answer.status_code == 302
    assert Post.objects.filter(source="Long and thoughtful").exists()


def test_the_hub_the_notices_leaving_and_the_feed_stay_free(cast: Cast, rules: GroundRules) -> None:
    set_up_site()
    for place in (
        "/",
        "/networks/",
        "/notices/",
        "/networks/ai/leave/",
        "/networks/ai/feed/",
        f"/people/{cast.bob.pk}/",
    ):
        assert client_of(cast.bob).get(place).status_code == 200, place


@pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
def test_who_belongs_to_no_network_is_not_asked(cast: Cast, rules: GroundRules, who: str) -> None:
    assert client_of(getattr(cast, who)).get("/networks/ai/").status_code == 200
    assert client_of(getattr(cast, who)).get("/networks/ai/threads/").status_code == 404


def test_asking_costs_one_query(cast: Cast, rules: GroundRules) -> None:
    def asked() -> int:
        client = client_of(cast.bob)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/networks/ai/").status_code == 200
        return len([query for query in captured if "groundrules" in query["sql"]])

    agree_to_rules(rules, by=cast.bob)
    assert asked() == 1
    for number in range(1, 5):
        publish_rules(text="Be kind.", change="Nothing.", by=cast.ada, after=number)
        agree_to_rules(GroundRules.objects.get(number=number + 1), by=cast.bob)
    assert asked() == 1


def test_only_the_version_that_holds_is_agreed_to_and_once(cast: Cast, rules: GroundRules) -> None:
    agree_to_rules(rules, by=cast.bob)
    agree_to_rules(rules, by=cast.bob)
    assert RulesAcceptance.objects.filter(member=cast.bob).count() == 1
    publish_rules(text="Be kind.", change="One fewer.", by=cast.ada, after=1)

    with pytest.raises(Refused, match="have changed since"):
        agree_to_rules(rules, by=cast.fay)


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "evil"])
def test_onward_is_an_address_of_this_site(cast: Cast, rules: GroundRules, onward: str) -> None:
    answer = client_of(cast.bob).post(f"/ground-rules/agree/?next={onward}", {"rules_shown": "1", "agree": "1"})

    assert answer["Location"] == "/"


# The administrator's page


def test_a_version_is_looked_at_before_it_is_published(cast: Cast, rules: GroundRules) -> None:
    ada = client_of(cast.ada)
    assert "Be brief." in ada.get("/administration/ground-rules/").content.decode()
    given = {"after": "1", "text": "Be kind.\nListen.", "change": "Listening is new."}
    page = ada.post("/administration/ground-rules/", given | {"preview": "1"}).content.decode()
    assert "Version 2, as members will read it" in page
    assert GroundRules.objects.count() == 1
    assert len(re.findall(r' id="id_text"', page)) == 1

    ada.post("/administration/ground-rules/", given | {"publish": "1"})
    assert GroundRules.objects.get(number=2).rules == ["Be kind.", "Listen."]


def test_what_is_new_has_to_be_said_and_a_version_between_is_told(cast: Cast, rules: GroundRules) -> None:
    ada = client_of(cast.ada)
    page = ada.post(
        "/administration/ground-rules/", {"after": "1", "text": "Be kind.", "publish": "1"}
    ).content.decode()
    assert "Enter what is new in this version" in page
    publish_rules(text="Be kind.", change="One fewer.", by=cast.ada, after=1)

    given = {"after": "1", "text": "Be brief.", "change": "Other.", "publish": "1"}
    page = ada.post("/administration/ground-rules/", given).content.decode()
    assert "Somebody has published another version meanwhile" in page
    assert 'name="after" value="2"' in page


# Setting up


def test_a_new_hub_has_its_first_version(db: None) -> None:
    call_command("set_up")
    call_command("set_up")

    assert [(rules.number, rules.text) for rules in GroundRules.objects.all()] == [(1, FIRST_RULES)]


def test_the_page_that_once_held_the_rules_becomes_their_first_version(db: None) -> None:
    page = publish_page(
        set_up_site(),
        InformationPage(title="Ground rules", slug="ground-rules", body=[("list", ["Ours.", "And ours."])]),
        by=None,
    )

    call_command("set_up")

    assert GroundRules.objects.get().rules == ["Ours.", "And ours."]
    page.refresh_from_db()
    assert not page.live
    assert "And ours." in Client().get("/ground-rules/").content.decode()
