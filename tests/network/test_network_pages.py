"""What the pages of a network show, to whom, and at what price."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from network.actions.membership import ask_to_join, decline_request, join_network
from network.models import Member, Membership, Network, Viewer
from tests.cast import Cast, sign_in

EVERYBODY = ["fay", "bob", "olga", "amir", "lena", "sven", "ada", None]
OUTSIDERS = ["olga", "amir", "lena", "sven", "ada", None]


@pytest.fixture
def as_(cast: Cast) -> Callable[[str | None], Client]:
    """A browser of somebody of the cast; None is somebody who has not signed in."""

    def browser_of(who: str | None) -> Client:
        client = Client()
        if who:
            sign_in(client, getattr(cast, who))
        return client

    return browser_of


As = Callable[[str | None], Client]


def page_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, (address, response.status_code)
    return str(response.content.decode())


def queries(client: Client, address: str) -> int:
    client.get(address)  # what is cached for good is cached now
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


class TestTheListOfNetworks:
    @pytest.mark.parametrize("who", EVERYBODY)
    def test_everybody_sees_which_there_are(self, as_: As, who: str | None) -> None:
        page = page_of(as_(who), "/networks/")

        assert "AI Network" in page
        assert "AI Practitioners Network" in page

    def test_a_member_sees_where_they_belong_and_an_applicant_that_they_have_asked(self, as_: As) -> None:
        assert page_of(as_("bob"), "/networks/").count("You are a member") == 2
        assert page_of(as_("amir"), "/networks/").count("You have asked to join") == 1
        assert "You are a member" not in page_of(as_("olga"), "/networks/")

    def test_a_published_number_stands_with_its_source_and_no_other_number(self, cast: Cast, as_: As) -> None:
        Network.objects.filter(pk=cast.ai.pk).update(published_members=450, published_source="Slides of 2024")
        page = page_of(as_(None), "/networks/")

        assert "450 officers (Slides of 2024)" in page

    def test_takes_as_many_queries_for_twenty_networks_as_for_two(self, as_: As) -> None:
        few = queries(as_("olga"), "/networks/")
        for n in range(18):
            Network.objects.create(name=f"N{n}", slug=f"n{n}", purpose="P", joining="at_once")

        assert queries(as_("olga"), "/networks/") == few <= 10
        assert queries(as_(None), "/networks/") <= 4


class TestAnOutsidersViewOfANetwork:
    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_shows_nothing_of_its_inside(self, cast: Cast, as_: As, who: str | None) -> None:
        page = page_of(as_(who), "/networks/ai/")

        assert "Every officer with an interest." in page
        for private in ("Fay Facilitates", "Bob Belongs", "Adult social care", "/threads/", "/requests/"):
            assert private not in page

    def test_is_the_same_whether_anybody_belongs(self, cast: Cast, as_: As) -> None:
        before = page_of(as_(None), "/networks/ai/")
        Membership.objects.all().delete()

        assert page_of(as_(None), "/networks/ai/") == before

    def test_somebody_not_signed_in_gets_no_cookie(self, as_: As) -> None:
        client = as_(None)
        page_of(client, "/networks/")
        page_of(client, "/networks/ai/")

        assert not client.cookies

    def test_an_applicant_reads_where_the_request_stands(self, cast: Cast, as_: As) -> None:
        assert "You asked to join on" in page_of(as_("amir"), "/networks/ai-practitioners/")
        decline_request(Membership.objects.get(member=cast.amir), by=cast.fay, words="Tell us what you <b>build</b>.")
        page = page_of(as_("amir"), "/networks/ai-practitioners/")

        assert "Your request was declined on" in page
        assert "Tell us what you &lt;b&gt;build&lt;/b&gt;." in page
        assert "Ask again" in page

    def test_a_suspended_member_reads_why_there_is_no_button(self, as_: As) -> None:
        page = page_of(as_("sven"), "/networks/ai/")

        assert "Your membership of this network is suspended." in page
        assert "Join" not in page.split("<main")[1].replace("How to join", "")

    def test_a_network_that_is_not_there_is_not_found(self, as_: As) -> None:
        assert as_("bob").get("/networks/none/").status_code == 404


class TestAMembersViewOfANetwork:
    def test_shows_who_facilitates_and_the_themes(self, as_: As) -> None:
        page = page_of(as_("bob"), "/networks/ai/")

        assert "Fay Facilitates" in page
        assert "Adult social care" in page
        assert "Requests to join" not in page

    def test_shows_a_facilitator_how_many_wait(self, as_: As) -> None:
        waiting = (
            'Requests to join <span class="app-count">1<span class="govuk-visually-hidden"> waiting</span></span></a>'
        )

        assert waiting in page_of(as_("fay"), "/networks/ai-practitioners/")
        assert waiting not in page_of(as_("fay"), "/networks/ai/")

    def test_leads_facilitators_to_their_pages_and_each_of_those_to_the_others(self, as_: As) -> None:
        fay, network = as_("fay"), "/networks/ai-practitioners/"
        pages = [
            f"{network}{page}/"
            for page in (
                *("worklist", "requests", "reports", "members", "invitations", "themes", "tags", "held", "questions"),
                *("figures", "audit", "settings"),
            )
        ]
        for page in [network, *pages, f"{network}requests/decided/"]:
            main = page_of(fay, page).split('aria-label="For facilitators"')[1].split("</nav>")[0]
            assert re.findall(r'href="([^"]+)"', main) == pages, page
            assert "1<span" in main, page
            assert main.count("aria-current") == (page != network), page
        assert "For facilitators" not in page_of(as_("bob"), network)


class TestJoining:
    def test_an_officer_joins_an_open_network_with_one_button(self, cast: Cast, as_: As) -> None:
        olga = as_("olga")
        assert 'action="/networks/ai/join/"' in page_of(olga, "/networks/ai/")
        page = olga.post("/networks/ai/join/", follow=True).content.decode()

        assert "You have joined the AI Network." in page
        assert cast.ai in Network.objects.of(cast.olga)

    def test_pressing_the_button_twice_is_joining_once(self, cast: Cast, as_: As) -> None:
        olga = as_("olga")
        olga.post("/networks/ai/join/")
        page = olga.post("/networks/ai/join/", follow=True).content.decode()

        assert "You already belong to this network." in page
        assert Membership.objects.filter(member=cast.olga).count() == 1

    def test_a_press_that_comes_while_another_is_under_way_leads_on_with_a_message(
        self, cast: Cast, as_: As, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def first_join(network: Network, *, by: Member) -> Membership:
            join_network(network, by=by)
            return join_network(network, by=by)

        def first_ask(network: Network, *, by: Member, reason: str, job: str) -> Membership:
            ask_to_join(network, by=by, reason=reason, job=job)
            return ask_to_join(network, by=by, reason=reason, job=job)

        monkeypatch.setattr("network.views.networks.verbs.join_network", first_join)
        monkeypatch.setattr("network.views.networks.verbs.ask_to_join", first_ask)
        olga = as_("olga")
        joined = olga.post("/networks/ai/join/", follow=True)
        asked = olga.post("/networks/ai-practitioners/join/", {"job": "Developer", "reason": "We build."}, follow=True)

        assert (joined.status_code, asked.status_code) == (200, 200)
        assert "You already belong to this network." in joined.content.decode()
        assert "You have already asked to join." in asked.content.decode()

    def test_following_a_link_to_it_joins_nothing(self, cast: Cast, as_: As) -> None:
        assert "Join the AI Network" in page_of(as_("olga"), "/networks/ai/join/")
        assert cast.ai not in Network.objects.of(cast.olga)

    def test_an_officer_asks_with_a_reason(self, cast: Cast, as_: As) -> None:
        olga = as_("olga")
        assert "What are you building?" in page_of(olga, "/networks/ai-practitioners/join/")
        page = olga.post(
            "/networks/ai-practitioners/join/", {"job": "Developer", "reason": "We build."}, follow=True
        ).content.decode()

        assert "You have asked to join" in page
        request = Membership.objects.get(member=cast.olga)
        assert (request.state, request.reason) == ("requested", "We build.")

    def test_a_request_without_a_reason_is_an_error_beside_the_field(self, cast: Cast, as_: As) -> None:
        page = (
            as_("olga").post("/networks/ai-practitioners/join/", {"job": "Developer", "reason": "  "}).content.decode()
        )

        assert "<title>Error: Ask to join" in page
        assert 'href="#id_reason"' in page
        assert not Membership.objects.filter(member=cast.olga).exists()

    def test_a_reason_that_is_too_long_is_an_error_and_stays_typed(self, cast: Cast, as_: As) -> None:
        page = (
            as_("olga")
            .post("/networks/ai-practitioners/join/", {"job": "Developer", "reason": "word " * 500})
            .content.decode()
        )

        assert "Your reason must be 2,000 characters or fewer" in page
        assert "word word word" in page

    def test_asking_twice_is_one_request_and_says_so(self, cast: Cast, as_: As) -> None:
        page = (
            as_("amir")
            .post("/networks/ai-practitioners/join/", {"job": "Developer", "reason": "Again"}, follow=True)
            .content.decode()
        )

        assert "You have already asked to join." in page
        assert Membership.objects.get(member=cast.amir).reason == "I would like to."

    def test_a_suspended_member_is_told_why_not(self, cast: Cast, as_: As) -> None:
        response = as_("sven").post("/networks/ai/join/")

        assert response.status_code == 403
        assert "Your membership of this network is suspended." in response.content.decode()
        assert cast.ai not in Network.objects.of(cast.sven)

    def test_somebody_nobody_has_admitted_is_told_why_not(self, cast: Cast) -> None:
        client = Client()
        sign_in(client, Member.objects.create_user("x@unknown.example.org"))
        response = client.post("/networks/ai/join/")

        assert response.status_code == 403
        page = response.content.decode()
        assert "We do not recognise your email address" in page
        assert 'href="/welcome/ask/"' in page

    def test_somebody_not_signed_in_is_asked_to_and_comes_back(self, as_: As) -> None:
        response = as_(None).post("/networks/ai/join/")

        assert response["Location"] == "/account/login/code/?next=/networks/ai/join/"


class TestLeaving:
    def test_is_asked_first_and_done_on_post(self, cast: Cast, as_: As) -> None:
        bob = as_("bob")
        assert "Do you want to leave the AI Network?" in page_of(bob, "/networks/ai/leave/")
        assert cast.ai in Network.objects.of(cast.bob)
        page = bob.post("/networks/ai/leave/", follow=True).content.decode()

        assert "You have left the AI Network." in page
        assert cast.ai not in Network.objects.of(cast.bob)
        assert "Fay Facilitates" not in page_of(bob, "/networks/ai/")

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
    def test_nobody_leaves_what_they_do_not_belong_to(self, as_: As, who: str) -> None:
        assert as_(who).get("/networks/ai/leave/").status_code == 403
        assert as_(who).post("/networks/ai/leave/").status_code == 403


REQUESTS = "/networks/ai-practitioners/requests/"


class TestTheQueueOfRequests:
    @pytest.fixture
    def request_of_amir(self, cast: Cast) -> Membership:
        return Membership.objects.get(member=cast.amir)

    def test_shows_a_facilitator_who_asks_and_why(self, as_: As) -> None:
        page = page_of(as_("fay"), REQUESTS)

        assert "Amir Applied" in page
        assert "Exampleshire County Council" in page
        assert "I would like to." in page

    @pytest.mark.parametrize("who", ["bob", "olga", "amir", "lena", "sven", "ada", None])
    def test_is_not_there_for_anybody_else(self, as_: As, request_of_amir: Membership, who: str | None) -> None:
        for address in (REQUESTS, f"{REQUESTS}{request_of_amir.pk}/decline/"):
            assert as_(who).get(address).status_code == 404
        for step in ("approve", "decline"):
            response = as_(who).post(f"{REQUESTS}{request_of_amir.pk}/{step}/", {"words": "No."})
            assert response.status_code == 404
        request_of_amir.refresh_from_db()
        assert request_of_amir.is_requested

    def test_a_facilitator_of_another_network_cannot_decide_here(
        self, cast: Cast, as_: As, request_of_amir: Membership
    ) -> None:
        Membership.objects.filter(member=cast.bob, network=cast.ai).update(role="facilitator")

        assert as_("bob").post(f"/networks/ai/requests/{request_of_amir.pk}/approve/").status_code == 404
        assert as_("bob").post(f"{REQUESTS}{request_of_amir.pk}/approve/").status_code == 404

    def test_approving_lets_the_applicant_in_and_tells_them(
        self, cast: Cast, as_: As, request_of_amir: Membership
    ) -> None:
        fay, amir = as_("fay"), as_("amir")
        page = fay.post(f"{REQUESTS}{request_of_amir.pk}/approve/", follow=True).content.decode()

        assert "Amir Applied is now a member" in page
        assert "Nobody is waiting" in page
        assert "You are now a member of the AI Practitioners Network" in page_of(amir, "/notices/")
        assert "Fay Facilitates" in page_of(amir, "/networks/ai-practitioners/")

    def test_declining_needs_words(self, as_: As, request_of_amir: Membership) -> None:
        page = as_("fay").post(f"{REQUESTS}{request_of_amir.pk}/decline/", {"words": ""}).content.decode()

        assert "<title>Error: Decline" in page
        assert "Enter what we should tell them" in page

    def test_declining_tells_the_applicant_the_words(self, as_: As, request_of_amir: Membership) -> None:
        as_("fay").post(f"{REQUESTS}{request_of_amir.pk}/decline/", {"words": "Tell us more."})
        amir = as_("amir")

        assert "was declined" in page_of(amir, "/notices/")
        assert "Tell us more." in page_of(amir, "/networks/ai-practitioners/")

    def test_the_second_facilitator_is_told_that_it_is_decided(self, as_: As, request_of_amir: Membership) -> None:
        fay = as_("fay")
        fay.post(f"{REQUESTS}{request_of_amir.pk}/approve/")
        for step in ("approve", "decline"):
            page = fay.post(f"{REQUESTS}{request_of_amir.pk}/{step}/", {"words": "No."}, follow=True).content.decode()
            assert "This request has already been decided." in page
        request_of_amir.refresh_from_db()
        assert request_of_amir.is_active

    def test_where_the_domain_is_not_confirmed_it_says_what_is_missing(
        self, cast: Cast, as_: As, request_of_amir: Membership
    ) -> None:
        domain = cast.amir.admission.domain
        assert domain
        domain.confirmed_at = None
        domain.save()
        page = page_of(as_("fay"), REQUESTS)

        assert "An administrator has to confirm this officer&#x27;s email domain first." in page
        assert f"{REQUESTS}{request_of_amir.pk}/approve/" not in page
        page = as_("fay").post(f"{REQUESTS}{request_of_amir.pk}/approve/", follow=True).content.decode()
        assert "An administrator has to confirm" in page

    def test_takes_as_many_queries_for_twenty_requests_as_for_two(
        self, cast: Cast, as_: As, make_officers: Callable[[int], list[Member]]
    ) -> None:
        def ask(count: int) -> None:
            for officer in make_officers(count):
                Membership.objects.create(
                    member=officer,
                    network=cast.practitioners,
                    state="requested",
                    reason="R",
                    requested_at=officer.date_joined,
                )

        ask(1)
        few = queries(as_("fay"), REQUESTS)
        ask(18)
        # Four of them for the numbers of reports and of first posts in the navigation.
        assert queries(as_("fay"), REQUESTS) == few <= 16


class TestPeople:
    @pytest.mark.parametrize("who", ["fay", "bob"])
    def test_members_of_a_network_see_each_other(self, cast: Cast, as_: As, who: str) -> None:
        page = page_of(as_(who), f"/people/{cast.bob.pk}/")

        assert "Bob Belongs" in page
        assert "AI Practitioners Network" in page

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_for_everybody_else_there_is_no_such_page(self, cast: Cast, as_: As, who: str | None) -> None:
        assert as_(who).get(f"/people/{cast.bob.pk}/").status_code == 404

    @pytest.mark.parametrize("whom", ["amir", "lena", "sven", "olga", "ada"])
    def test_somebody_who_does_not_belong_is_not_shown_to_members(self, cast: Cast, as_: As, whom: str) -> None:
        assert as_("bob").get(f"/people/{getattr(cast, whom).pk}/").status_code == 404

    def test_an_address_is_shown_to_its_owner_alone(self, cast: Cast, as_: As) -> None:
        assert cast.bob.email in page_of(as_("bob"), f"/people/{cast.bob.pk}/")
        assert cast.bob.email not in page_of(as_("fay"), f"/people/{cast.bob.pk}/")

    def test_networks_that_are_not_shared_are_not_named(self, cast: Cast, as_: As) -> None:
        Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(state="left")
        page = page_of(as_("bob"), f"/people/{cast.fay.pk}/").split("<main")[1]

        assert "AI Network" in page
        assert "AI Practitioners Network" not in page

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
    def test_everybody_signed_in_has_a_page_of_their_own(self, cast: Cast, as_: As, who: str) -> None:
        assert "Works for" in page_of(as_(who), f"/people/{getattr(cast, who).pk}/")


class TestACouncilsPage:
    @pytest.mark.parametrize("who", EVERYBODY)
    def test_its_public_facts_are_public(self, as_: As, who: str | None) -> None:
        assert "Exampleshire County Council" in page_of(as_(who), "/organisations/exampleshire/")

    def test_names_the_sources_of_the_register(self, as_: As) -> None:
        page = page_of(as_(None), "/organisations/exampleshire/").split("<main")[1].split("<footer")[0]

        assert "mySociety" in page
        assert "Office for National Statistics" in page

    def test_a_member_sees_the_people_of_their_networks(self, as_: As) -> None:
        page = page_of(as_("bob"), "/organisations/exampleshire/").split("<main")[1]

        assert "Fay Facilitates" in page
        for hidden in ("Olga Outside", "Amir Applied", "Lena Left", "Sven Suspended", "Ada Administers"):
            assert hidden not in page

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_an_outsider_sees_nobody_but_themselves(self, cast: Cast, as_: As, who: str | None) -> None:
        page = page_of(as_(who), "/organisations/exampleshire/").split("<main")[1]
        for name in ("fay", "bob", "olga", "amir", "lena", "sven", "ada"):
            assert (getattr(cast, name).name in page) is (name == who)

    def test_takes_as_many_queries_for_twenty_people_as_for_two(
        self, cast: Cast, as_: As, make_officers: Callable[[int], list[Member]]
    ) -> None:
        few = queries(as_("bob"), "/organisations/exampleshire/")
        for officer in make_officers(18):
            Membership.objects.create(member=officer, network=cast.ai, state="active", joined_at=officer.date_joined)
        assert queries(as_("bob"), "/organisations/exampleshire/") == few


class TestNotices:
    def test_a_member_reads_their_own(self, as_: As) -> None:
        assert "Nothing new" in page_of(as_("bob"), "/notices/")

    def test_nobody_else_reads_them(self, cast: Cast, as_: As) -> None:
        as_("olga").post("/networks/ai-practitioners/join/", {"job": "Developer", "reason": "We build."})

        assert "Olga Outside asks to join" in page_of(as_("fay"), "/notices/")
        for who in ("bob", "olga", "amir", "ada"):
            assert "Olga Outside asks to join" not in page_of(as_(who), "/notices/")

    def test_reading_the_page_changes_nothing_and_opening_one_marks_it(self, cast: Cast, as_: As) -> None:
        as_("olga").post("/networks/ai-practitioners/join/", {"job": "Developer", "reason": "We build."})
        fay = as_("fay")
        page_of(fay, "/notices/")
        notice = cast.fay.notices.get()
        assert notice.read_at is None
        assert fay.get(f"/notices/{notice.pk}/open/").status_code == 405

        response = fay.post(f"/notices/{notice.pk}/open/")
        assert response["Location"] == REQUESTS
        notice.refresh_from_db()
        assert notice.read_at is not None

    @pytest.mark.parametrize("who", ["bob", "olga", "amir", "lena", "sven", "ada"])
    def test_nobody_opens_the_notice_of_somebody_else(self, cast: Cast, as_: As, who: str) -> None:
        as_("olga").post("/networks/ai-practitioners/join/", {"job": "Developer", "reason": "We build."})
        notice = cast.fay.notices.get()

        assert as_(who).post(f"/notices/{notice.pk}/open/").status_code == 404
        notice.refresh_from_db()
        assert notice.read_at is None

    def test_all_are_marked_at_once(self, cast: Cast, as_: As) -> None:
        as_("olga").post("/networks/ai-practitioners/join/", {"job": "Developer", "reason": "We build."})
        page = as_("fay").post("/notices/read/", follow=True).content.decode()

        assert "All notices are marked as read." in page
        assert "Nothing new" in page

    def test_a_notice_about_what_can_no_longer_be_seen_is_not_shown_or_counted(self, cast: Cast, as_: As) -> None:
        as_("olga").post("/networks/ai-practitioners/join/", {"job": "Developer", "reason": "We build."})
        Membership.objects.filter(member=cast.fay).update(role="member")
        page = page_of(as_("fay"), "/notices/")

        assert "Olga Outside" not in page

    def test_somebody_not_signed_in_is_asked_to(self, as_: As) -> None:
        assert as_(None).get("/notices/")["Location"] == "/account/login/code/?next=/notices/"


class TestTheListOfDomains:
    ADDRESS = "/administration/domains/"

    @pytest.fixture(autouse=True)
    def unconfirmed(self, cast: Cast) -> Any:
        domain = cast.amir.admission.domain
        assert domain
        domain.confirmed_at = None
        domain.save()
        return domain

    @pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven", None])
    def test_is_not_there_for_anybody_but_administrators(self, as_: As, unconfirmed: Any, who: str | None) -> None:
        assert as_(who).get(self.ADDRESS).status_code == 404
        for method in ("get", "post"):
            assert getattr(as_(who), method)(f"{self.ADDRESS}{unconfirmed.pk}/confirm/").status_code == 404
        unconfirmed.refresh_from_db()
        assert not unconfirmed.is_confirmed

    def test_those_that_people_came_by_stand_first_with_who(self, cast: Cast, as_: As) -> None:
        cast.council.domains.create(domain="aaa.example.org", source="register")
        page = page_of(as_("ada"), self.ADDRESS).split("<main")[1]

        assert page.index("exampleshire.example.org") < page.index("aaa.example.org")
        assert "7 people" in page
        assert "Fay Facilitates" in page
        assert "and others" in page

    def test_an_administrator_reads_what_confirming_does_before_it_is_done(self, as_: As, unconfirmed: Any) -> None:
        page = page_of(as_("ada"), f"{self.ADDRESS}{unconfirmed.pk}/confirm/")

        assert "7 people: " in page
        assert "1 request to join a network waits for this" in page
        assert "can be let into the networks that people join by request: AI Practitioners Network." in page
        unconfirmed.refresh_from_db()
        assert not unconfirmed.is_confirmed

    def test_an_administrator_confirms_one(self, as_: As, unconfirmed: Any) -> None:
        page = as_("ada").post(f"{self.ADDRESS}{unconfirmed.pk}/confirm/", follow=True).content.decode()

        assert "exampleshire.example.org is confirmed for Exampleshire County Council." in page
        assert "No domain to confirm" in page

    def test_is_searched_by_domain_and_by_organisation(self, cast: Cast, as_: As) -> None:
        cast.council.domains.create(domain="other.example.org", source="register")
        ada = as_("ada")

        assert "exampleshire.example.org" not in page_of(ada, f"{self.ADDRESS}?q=other")
        assert "other.example.org" in page_of(ada, f"{self.ADDRESS}?q=County")
        assert "No domain to confirm" in page_of(ada, f"{self.ADDRESS}?q=<script>")

    def test_stands_on_several_pages(self, cast: Cast, as_: As) -> None:
        for n in range(40):
            cast.council.domains.create(domain=f"d{n:02}.example.org", source="register")
        ada = as_("ada")

        assert "d39.example.org" not in page_of(ada, self.ADDRESS)
        assert "d39.example.org" in page_of(ada, f"{self.ADDRESS}?page=2")

    def test_takes_as_many_queries_for_twenty_domains_as_for_two(
        self, cast: Cast, as_: As, make_officers: Callable[[int], list[Member]]
    ) -> None:
        cast.council.domains.create(domain="second.example.org", source="register")
        few = queries(as_("ada"), self.ADDRESS)
        for n in range(18):
            cast.council.domains.create(domain=f"d{n}.example.org", source="register")
        make_officers(10)
        assert queries(as_("ada"), self.ADDRESS) == few <= 12


def test_the_welcome_page_offers_what_can_be_joined(cast: Cast, as_: As) -> None:
    page = page_of(as_("olga"), "/welcome/")

    assert 'action="/networks/ai/join/"' in page
    assert 'href="/networks/ai-practitioners/join/"' in page
    assert "still to confirm" not in page


def test_nobody_is_somebody(cast: Cast) -> None:
    viewer: Viewer = AnonymousUser()

    assert not Member.objects.visible_to(viewer).exists()
