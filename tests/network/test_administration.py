"""The administrators' screens: for whom they are, what they cost, and what each button does."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django.fixtures import Settings

from network.actions import audit as audit_verbs
from network.actions.accounts import correct_account, look_up, reinstate_account, suspend_account
from network.actions.all_mail import stop_all_mail
from network.actions.audit import record
from network.actions.mail import owe_mail, send_due_mail
from network.actions.membership import appoint_facilitator
from network.actions.networks import change_network
from network.actions.organisations import add_organisation, change_organisation
from network.actions.sessions import count_sessions_of, end_sessions
from network.models import (
    AccountEvent,
    Admission,
    AdmissionRequest,
    AuditEvent,
    DueJob,
    Intake,
    MailLedger,
    MailStop,
    Member,
    Membership,
    MembershipEvent,
    Network,
    Organisation,
    OrganisationDomain,
    Theme,
    Worker,
)
from network.permissions import Refused, can_stop_administering, can_suspend_account
from network.signals import membership_ended
from network.tasks import send_mail
from network.urls import urlpatterns
from network.views import audit as audit_view
from tests.cast import Cast, sign_in
from tests.network.conftest import rows_of

# Not pages: files, and what only takes a form. The page of what merging does leads back where nothing is chosen.
NO_PAGES = {"people_csv", "audit_export", "organisations_merge_confirm", "administration", "mail_let_go"}
EVERYBODY_ELSE = ["fay", "bob", "olga", "amir", "lena", "sven", None]
HOME = "/administration/"
PEOPLE = "/administration/people/"
ORGANISATIONS = "/administration/organisations/"
NETWORKS = "/administration/networks/"
AUDIT = "/administration/audit/"
MAIL = "/administration/mail/"
WORKER = "/administration/worker/"


def addresses_without_numbers() -> list[str]:
    """Of the administrators' pages that stand alone: those of lists, and forms for something new."""
    routes = [(str(route.pattern), route.name) for route in urlpatterns if isinstance(route, URLPattern)]
    return [
        f"/{route}"
        for route, name in routes
        if route.startswith("administration/") and "<" not in route and name not in NO_PAGES
    ]


def browser_of(cast: Cast, who: str | None) -> Client:
    client = Client()
    if who:
        sign_in(client, getattr(cast, who))
    return client


@pytest.fixture
def ada(cast: Cast) -> Client:
    return browser_of(cast, "ada")


@pytest.fixture
def second(cast: Cast) -> Member:
    """Another administrator."""
    cast.olga.user_permissions.set(Permission.objects.filter(content_type__app_label="network"))
    return cast.olga


def page_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, (address, response.status_code)
    return str(response.content.decode())


def main_of(client: Client, address: str) -> str:
    return page_of(client, address).split("<main")[1].split("</main>")[0]


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def bulk_officers(cast: Cast, count: int) -> None:
    before = Member.objects.count()
    officers = Member.objects.bulk_create(
        Member(email=f"o{n}@exampleshire.example.org", name=f"Officer {n:05}", organisation=cast.council, password="!")
        for n in range(before, before + count)
    )
    Admission.objects.bulk_create(Admission(member=officer, rule=Admission.Rule.PERSON) for officer in officers)


def addresses(cast: Cast) -> list[str]:
    bob = f"{PEOPLE}{cast.bob.pk}/"
    return [
        *(HOME, PEOPLE, ORGANISATIONS, NETWORKS, AUDIT, MAIL, bob),
        *(f"{bob}{what}/" for what in ("suspend", "reinstate", "change", "sign-out", "facilitate", "roles")),
        f"{bob}facilitate/ai/stop/",
        *(f"{ORGANISATIONS}{what}" for what in ("add/", "exampleshire/", "exampleshire/change/")),
        *(f"{NETWORKS}{what}" for what in ("create/", "ai/")),
        f"{AUDIT}export/",
        f"{MAIL}{MailLedger.objects.create(recipient='x', stream='s', period='1').pk}/again/",
    ]


class TestWhomItIsFor:
    @pytest.mark.parametrize("who", EVERYBODY_ELSE)
    def test_for_everybody_else_there_is_no_such_page(self, cast: Cast, who: str | None) -> None:
        client = browser_of(cast, who)
        for address in addresses(cast):
            assert client.get(address).status_code in (404, 405), address
            assert client.post(address, {"reason": "No."}).status_code in (404, 405), address
        cast.bob.refresh_from_db()
        assert cast.bob.is_active

    def test_a_suspended_administrator_is_nobody(self, cast: Cast, ada: Client) -> None:
        Member.objects.filter(pk=cast.ada.pk).update(is_active=False)

        assert ada.get(HOME).status_code == 404

    @pytest.mark.parametrize(
        ("right", "open_to", "closed"),
        [
            ("view_member", PEOPLE, AUDIT),
            ("view_auditevent", AUDIT, PEOPLE),
            ("view_mailledger", MAIL, AUDIT),
            ("view_duejob", WORKER, MAIL),
            ("add_network", NETWORKS, PEOPLE),
            ("view_organisation", ORGANISATIONS, NETWORKS),
        ],
    )
    def test_each_screen_asks_for_a_right_of_its_own(self, cast: Cast, right: str, open_to: str, closed: str) -> None:
        cast.olga.user_permissions.add(Permission.objects.get(codename=right))
        olga = browser_of(cast, "olga")
        home = main_of(olga, HOME)

        assert f'href="{open_to}"' in home
        assert f'href="{closed}"' not in home
        assert olga.get(open_to).status_code == 200
        assert olga.get(closed).status_code == 404

    def test_who_may_only_look_can_change_nothing(self, cast: Cast) -> None:
        cast.olga.user_permissions.add(Permission.objects.get(codename="view_member"))
        olga, bob = browser_of(cast, "olga"), f"{PEOPLE}{cast.bob.pk}/"

        assert "Suspend" not in main_of(olga, bob)
        for what in ("suspend", "change", "sign-out", "facilitate", "roles"):
            assert olga.post(f"{bob}{what}/", {"reason": "R", "kind": "officer"}).status_code == 403, what


class TestTheHeader:
    def test_leads_an_administrator_there_and_nobody_else(self, cast: Cast, ada: Client) -> None:
        assert 'href="/administration/"' in page_of(ada, "/networks/")
        for who in EVERYBODY_ELSE:
            page = page_of(browser_of(cast, who), "/networks/")
            assert "Administration" not in page
            assert "Publishing" not in page

    def test_leads_an_editor_to_publishing(self, cast: Cast) -> None:
        cast.bob.user_permissions.add(Permission.objects.get(codename="access_admin"))
        page = page_of(browser_of(cast, "bob"), "/networks/")

        assert 'href="/admin/"' in page
        assert "Administration" not in page

    @pytest.mark.parametrize("who", ["bob", "ada"])
    def test_costs_no_query_beside_the_one_that_reads_who_asks(self, cast: Cast, who: str) -> None:
        browser = browser_of(cast, who)
        browser.get("/networks/")
        with CaptureQueriesContext(connection) as captured:
            browser.get("/networks/")

        asked = [query["sql"] for query in captured if "auth_permission" in query["sql"]]
        assert all('"owes_agreement"' in sql for sql in asked)


class TestTheHome:
    def test_says_what_waits(self, cast: Cast, ada: Client) -> None:
        domain = cast.amir.admission.domain
        assert domain
        domain.confirmed_at = None
        domain.save()
        Member.objects.filter(pk=cast.lena.pk).update(organisation=None)
        MailLedger.objects.create(recipient="a", stream="s", period="1", state="failed")
        home = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main_of(ada, HOME)))

        assert "Email domains to confirm 1" in home
        assert "Accounts without an organisation 1" in home
        assert "Mail that failed 1" in home
        assert "Requests to be let in None" in home
        assert "Not running" in home

    def test_says_that_the_worker_lives(self, ada: Client) -> None:
        Worker.objects.all().delete()
        Worker.objects.create(name="one", seen_at=timezone.now())
        home = main_of(ada, HOME)

        assert "Running" in home
        assert "Not running" not in home

    def test_leads_to_whoever_asks_to_be_let_in(self, cast: Cast, ada: Client) -> None:
        AdmissionRequest.objects.create(member=cast.olga, works_for="A body", reason="R", asked_at=timezone.now())
        link = '<a class="govuk-link" href="/administration/admissions/">Requests to be let in</a>'

        assert link in main_of(ada, HOME)

    def test_leads_to_every_screen_there_is(self, ada: Client) -> None:
        home = main_of(ada, HOME)
        screens = {address for address in addresses_without_numbers() if address.count("/") == 3}

        of_above = {"/administration/live-rooms/", "/administration/reports/"}  # pages of another package

        linked = set(re.findall(r'href="(/administration/[^"]+)"', home))
        assert screens | {"/administration/people.csv"} | of_above == linked

    def test_takes_few_queries(self, ada: Client) -> None:
        assert queries(ada, HOME) <= 16


class TestTheWayBack:
    def test_leads_from_every_page_to_the_home(self, cast: Cast, ada: Client) -> None:
        domain, theme = OrganisationDomain.objects.get(), Theme.objects.get()
        asked = AdmissionRequest.objects.create(
            member=cast.olga, works_for="A body", reason="R", asked_at=timezone.now()
        )
        intake = Intake.objects.create(by=cast.ada)
        old = Organisation.objects.create(name="Old", short_name="Old", slug="old")
        person = f"{PEOPLE}{cast.bob.pk}/"
        deeper = [
            f"/administration/admissions/{asked.pk}/let-in/",
            f"/administration/admissions/{asked.pk}/decline/",
            f"/administration/domains/{domain.pk}/",
            f"/administration/intake/{intake.pk}/",
            f"/administration/merging/confirm/?old={old.slug}&into={cast.council.slug}",
            f"/administration/networks/{cast.ai.slug}/",
            f"/administration/organisations/{cast.council.slug}/",
            f"/administration/organisations/{cast.council.slug}/change/",
            f"/administration/themes/{theme.pk}/",
            f"/administration/themes/{theme.pk}/merge/",
            *(f"{person}{step}" for step in ("", "suspend/", "change/", "facilitate/", "roles/")),
        ]
        for address in [*addresses_without_numbers(), *deeper]:
            page = page_of(ada, address)
            trail = page[page.index("app-before-content") : page.index("<main")]
            assert 'href="/administration/">Administration</a>' in trail, address


class TestFindingPeople:
    @pytest.mark.parametrize("words", ["Bob", "bob@exam", "belongs"])
    def test_by_name_or_address(self, ada: Client, words: str) -> None:
        page = main_of(ada, f"{PEOPLE}?q={words}")

        assert "Bob Belongs" in page
        assert "Fay Facilitates" not in page

    def test_by_organisation_and_by_state(self, cast: Cast, ada: Client) -> None:
        assert main_of(ada, f"{PEOPLE}?q=Exampleshire").count("app-records__item") == 7
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False, inactive_because="suspended")
        Member.objects.filter(pk=cast.lena.pk).update(organisation=None)
        Admission.objects.filter(member=cast.amir).delete()
        for state, name in (("suspended", "Bob"), ("no_organisation", "Lena"), ("not_admitted", "Amir")):
            page = main_of(ada, f"{PEOPLE}?state={state}")
            assert name in page
            assert page.count("app-records__item") == 1, state
        assert main_of(ada, f"{PEOPLE}?state=in_use").count("app-records__item") == 5

    def test_says_so_where_there_is_nobody(self, ada: Client) -> None:
        assert "No account found" in main_of(ada, f"{PEOPLE}?q=%3Cscript%3E")
        assert "<title>Error: People" in page_of(ada, f"{PEOPLE}?state=kings")

    def test_page_by_page_by_name(self, cast: Cast, ada: Client) -> None:
        bulk_officers(cast, 60)
        address, seen = PEOPLE, []
        while address:
            page = main_of(ada, address)
            seen += re.findall(r'people/\d+/">([^<]+)</a>', page)
            onward = re.search(r'href="(\?[^"]+)" rel="next"', page)
            address = f"{PEOPLE}{onward[1].replace('&amp;', '&')}" if onward else ""
        assert seen == sorted(seen)
        assert len(seen) == len(set(seen)) == Member.objects.count()

        back = re.search(r'href="(\?[^"]+)" rel="prev"', page)
        assert back
        assert re.findall(r'people/\d+/">([^<]+)</a>', main_of(ada, f"{PEOPLE}{back[1]}")) == seen[25:50]

    @pytest.mark.parametrize("nonsense", ["after=x", "after=999999999", "before=-1", "after=99999999999999999999999"])
    def test_an_address_that_names_nothing_is_a_page_all_the_same(self, ada: Client, nonsense: str) -> None:
        for address in (PEOPLE, AUDIT, MAIL, ORGANISATIONS):
            assert ada.get(f"{address}?{nonsense}").status_code == 200

    def test_takes_as_many_queries_for_two_thousand_people_as_for_twenty(self, cast: Cast, ada: Client) -> None:
        bulk_officers(cast, 13)
        few = queries(ada, PEOPLE)
        bulk_officers(cast, 1_980)
        assert Member.objects.count() == 2_000

        assert queries(ada, PEOPLE) == few <= 12
        assert queries(ada, f"{PEOPLE}?q=Exampleshire&state=in_use") <= 12

    def test_is_written_down_once_in_an_hour_without_the_words(self, cast: Cast, ada: Client) -> None:
        for words in ("Bob", "Fay"):
            page_of(ada, f"{PEOPLE}?q={words}")
        event = AuditEvent.objects.get(verb="searched accounts")

        assert (event.actor_id, event.object_id, event.details) == (cast.ada.pk, "", {})


class TestAnAccount:
    def test_shows_who_they_are_and_no_words_of_theirs(self, cast: Cast, ada: Client) -> None:
        page = main_of(ada, f"{PEOPLE}{cast.amir.pk}/")

        for shown in ("Amir Applied", cast.amir.email, "Exampleshire County Council", "AI Practitioners", "Requested"):
            assert shown in page
        assert "Address at a confirmed domain: exampleshire.example.org" in page
        assert "I would like to" not in page

    def test_is_written_down_once_in_an_hour(self, cast: Cast, ada: Client) -> None:
        for pk in (cast.bob.pk, cast.bob.pk, cast.fay.pk):
            page_of(ada, f"{PEOPLE}{pk}/")
        looked = AuditEvent.objects.filter(verb="looked at account", actor_id=cast.ada.pk)
        assert sorted(looked.values_list("object_id", flat=True)) == sorted([str(cast.bob.pk), str(cast.fay.pk)])

        look_up(cast.bob, by=cast.ada, now=timezone.now() + timedelta(minutes=61))
        assert looked.count() == 3

    def test_takes_as_many_queries_whatever_hangs_on_it(self, cast: Cast, ada: Client) -> None:
        few = queries(ada, f"{PEOPLE}{cast.olga.pk}/")
        for n in range(10):
            network = Network.objects.create(name=f"N{n}", slug=f"n{n}", purpose="P", joining="at_once")
            Membership.objects.create(
                member=cast.olga, network=network, state="active", role="facilitator", joined_at=timezone.now()
            )
            AccountEvent.objects.create(member=cast.olga, kind="corrected", by=cast.ada, words="W")
            browser_of(cast, "olga")
        assert queries(ada, f"{PEOPLE}{cast.olga.pk}/") == few <= 17


class TestSuspending:
    def test_ends_every_session_tells_every_network_and_writes_to_them(self, cast: Cast, ada: Client) -> None:
        bob, elsewhere, fay = browser_of(cast, "bob"), browser_of(cast, "bob"), browser_of(cast, "fay")
        versions = dict(Network.objects.values_list("pk", "access_version"))
        ended: list[Network] = []

        def hear(sender: object, membership: Membership, **_: Any) -> None:
            ended.append(membership.network)

        membership_ended.connect(hear)
        try:
            page = ada.post(f"{PEOPLE}{cast.bob.pk}/suspend/", {"reason": "Shared a password."}, follow=True)
        finally:
            membership_ended.disconnect(hear)

        assert "The account of Bob Belongs is suspended" in page.content.decode()
        assert ended and set(ended) == {cast.ai, cast.practitioners}
        assert all(version > versions[pk] for pk, version in Network.objects.values_list("pk", "access_version"))
        for client in (bob, elsewhere):
            assert client.get("/notices/").status_code == 302
        assert fay.get("/notices/").status_code == 200
        cast.bob.refresh_from_db()
        assert (cast.bob.is_active, cast.bob.inactive_because) == (False, "suspended")
        assert count_sessions_of(cast.bob) == 0
        assert AuditEvent.objects.get(verb="suspended account").details == {}

        assert send_due_mail() == 1
        assert mail.outbox[0].to == [cast.bob.email]
        assert mail.outbox[0].subject == "Your Guildhall account is suspended"
        assert "Shared a password." in str(mail.outbox[0].body)

    def test_leaves_nothing_to_be_seen_of_them_and_reinstating_brings_it_back(self, cast: Cast, second: Member) -> None:
        suspend_account(cast.bob, by=cast.ada, reason="R")
        assert not Network.objects.of(Member.objects.get(pk=cast.bob.pk)).exists()
        assert cast.bob not in Member.objects.visible_to(cast.fay)

        reinstate_account(Member.objects.get(pk=cast.bob.pk), by=second, reason="A mistake")
        bob = Member.objects.get(pk=cast.bob.pk)
        assert Network.objects.of(bob).count() == 2
        assert bob.inactive_because == ""
        assert [event.kind for event in AccountEvent.objects.filter(member=bob)] == ["reinstated", "suspended"]
        send_due_mail()
        # What held when the mail was planned and holds no more is not sent.
        assert [message.subject for message in mail.outbox] == ["Your Guildhall account is yours again"]

    def test_needs_a_reason(self, cast: Cast, ada: Client) -> None:
        page = ada.post(f"{PEOPLE}{cast.bob.pk}/suspend/", {"reason": " "}).content.decode()

        assert "<title>Error: Suspend" in page
        assert "Enter why you are suspending this account" in page
        assert Member.objects.get(pk=cast.bob.pk).is_active

    def test_is_shown_with_its_reason_to_administrators(self, cast: Cast, ada: Client) -> None:
        suspend_account(cast.bob, by=cast.ada, reason="Shared a password.")
        page = main_of(ada, f"{PEOPLE}{cast.bob.pk}/")

        assert "Shared a password." in page
        assert "Give the account back" in page

    def test_nobody_suspends_themselves(self, cast: Cast, second: Member, ada: Client) -> None:
        assert ada.post(f"{PEOPLE}{cast.ada.pk}/suspend/", {"reason": "R"}).status_code == 403
        assert "You cannot suspend your own account" in main_of(ada, f"{PEOPLE}{cast.ada.pk}/")

    def test_the_last_administrator_stays_one(self, cast: Cast, second: Member) -> None:
        assert can_stop_administering(cast.ada)
        suspend_account(second, by=cast.ada, reason="R")
        assert not can_stop_administering(cast.ada)

    def test_of_two_who_suspend_each_other_at_once_one_stays(self, cast: Cast, second: Member) -> None:
        """Both were shown the button; the second press comes when its right is gone."""
        old = Member.objects.get(pk=second.pk)
        assert can_suspend_account(old, cast.ada)
        suspend_account(second, by=cast.ada, reason="R")
        with pytest.raises(Refused):
            suspend_account(cast.ada, by=old, reason="R")
        assert Member.objects.get(pk=cast.ada.pk).is_active

    @pytest.mark.parametrize("because", ["closed", "lapsed"])
    def test_an_account_that_ended_otherwise_is_not_given_back(self, cast: Cast, ada: Client, because: str) -> None:
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False, inactive_because=because)

        assert ada.post(f"{PEOPLE}{cast.bob.pk}/reinstate/", {"reason": "R"}).status_code == 403
        assert ada.post(f"{PEOPLE}{cast.bob.pk}/suspend/", {"reason": "R"}).status_code == 403

    @pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven"])
    def test_no_verb_of_it_is_anybody_elses(self, cast: Cast, who: str) -> None:
        by = getattr(cast, who)
        suspended = Member.objects.create_user("s@example.org", is_active=False, inactive_because="suspended")
        for verb in (
            lambda: suspend_account(cast.ada, by=by, reason="R"),
            lambda: reinstate_account(suspended, by=by, reason="R"),
            lambda: correct_account(cast.ada, by=by, organisation=None, kind="partner", reason="R"),
            lambda: end_sessions(cast.ada, by=by),
            lambda: look_up(cast.ada, by=by),
            lambda: change_network(cast.ai, by=by, name="Mine"),
            lambda: change_organisation(cast.council, by=by, name="Mine"),
            lambda: add_organisation(slug="x", name="X", short_name="X", by=by),
        ):
            with pytest.raises(Refused):
                verb()


class TestSessions:
    def test_are_ended_all_at_once_and_those_of_others_stay(self, cast: Cast, ada: Client) -> None:
        bob, elsewhere, fay = browser_of(cast, "bob"), browser_of(cast, "bob"), browser_of(cast, "fay")
        page = ada.post(f"{PEOPLE}{cast.bob.pk}/sign-out/", follow=True).content.decode()

        assert "Bob Belongs is signed out everywhere (2 sessions)." in page
        assert bob.get("/notices/").status_code == elsewhere.get("/notices/").status_code == 302
        assert fay.get("/notices/").status_code == 200
        assert AuditEvent.objects.get(verb="ended sessions").details == {"sessions": 2}

    def test_of_their_own_are_anybodys_to_end(self, cast: Cast) -> None:
        bob = browser_of(cast, "bob")

        assert end_sessions(cast.bob, by=cast.bob) == 1
        assert bob.get("/notices/").status_code == 302


class TestWhomTheyWorkForAndWhatTheyAre:
    def test_is_changed_with_a_reason(self, cast: Cast, ada: Client) -> None:
        other = Organisation.objects.create(name="Sampleton", short_name="Sampleton", slug="sampleton")
        sent = {"organisation": "sampleton", "kind": "officer", "reason": "She moved."}
        ada.post(f"{PEOPLE}{cast.bob.pk}/change/", sent)
        cast.bob.refresh_from_db()

        assert cast.bob.organisation == other
        assert Network.objects.of(cast.bob).count() == 2
        assert AccountEvent.objects.get(member=cast.bob).words == "She moved."
        assert AuditEvent.objects.get(verb="corrected account").details == {
            "had": {"organisation": cast.council.pk, "kind": "officer"},
            "has": {"organisation": other.pk, "kind": "officer"},
        }

    def test_who_is_an_officer_no_more_leaves_all_networks(self, cast: Cast) -> None:
        with patch.object(membership_ended, "send") as told:
            correct_account(cast.bob, by=cast.ada, organisation=cast.council, kind="supplier", reason="R")
            correct_account(cast.amir, by=cast.ada, organisation=cast.council, kind="partner", reason="R")

        assert told.call_count == 2  # amir had only asked
        assert not Network.objects.of(cast.bob).exists()
        assert not Membership.objects.requested().filter(member=cast.amir).exists()
        assert MembershipEvent.objects.filter(kind="removed", by=cast.ada).count() == 3

    def test_nothing_changed_is_nothing_written(self, cast: Cast) -> None:
        correct_account(cast.bob, by=cast.ada, organisation=cast.council, kind="officer", reason="R")

        assert not AccountEvent.objects.exists()

    def test_what_is_missing_is_said(self, cast: Cast, ada: Client) -> None:
        page = ada.post(f"{PEOPLE}{cast.bob.pk}/change/", {"organisation": "", "kind": ""}).content.decode()

        assert "<title>Error: Change" in page
        assert "Select what they are" in page
        assert "Enter why you are changing this" in page

    def test_an_organisation_that_has_ended_is_not_offered_but_to_who_is_in_it(self, cast: Cast, ada: Client) -> None:
        Organisation.objects.create(name="Gone", short_name="Gone", slug="gone", ends_on=timezone.localdate())
        Organisation.objects.filter(pk=cast.council.pk).update(ends_on=timezone.localdate())
        page = main_of(ada, f"{PEOPLE}{cast.bob.pk}/change/")

        assert ">Gone<" not in page
        assert "Exampleshire County Council" in page


class TestFacilitators:
    def test_are_appointed_and_stand_down(self, cast: Cast, ada: Client) -> None:
        page = ada.post(f"{PEOPLE}{cast.olga.pk}/facilitate/", {"network": cast.ai.pk}, follow=True).content.decode()
        assert "Olga Outside facilitates the AI Network from now on." in page
        membership = Membership.objects.get(member=cast.olga, network=cast.ai)
        assert (membership.state, membership.role) == ("active", "facilitator")

        ada.post(f"{PEOPLE}{cast.olga.pk}/facilitate/ai/stop/")
        membership.refresh_from_db()
        assert (membership.state, membership.role) == ("active", "member")
        assert AuditEvent.objects.filter(verb="stood down facilitator", network=cast.ai).count() == 1
        assert membership.history.get(kind="stood_down").by == cast.ada

        ada.post(f"{PEOPLE}{cast.olga.pk}/facilitate/ai/stop/")
        assert AuditEvent.objects.filter(verb="stood down facilitator").count() == 1

    def test_the_last_one_of_a_network_stays(self, cast: Cast, ada: Client) -> None:
        page = ada.post(f"{PEOPLE}{cast.fay.pk}/facilitate/ai/stop/", follow=True).content.decode()

        assert "A network needs a facilitator. Appoint another before you stand this one down." in page
        assert Membership.objects.get(member=cast.fay, network=cast.ai).is_facilitator
        assert ada.post(f"{PEOPLE}{cast.ada.pk}/facilitate/ai/stop/").status_code == 404  # belongs to no network

    def test_a_partner_is_never_one(self, cast: Cast, ada: Client) -> None:
        Member.objects.filter(pk=cast.olga.pk).update(kind=Member.Kind.PARTNER)
        page = ada.post(f"{PEOPLE}{cast.olga.pk}/facilitate/", {"network": cast.ai.pk}).content.decode()

        assert "Only officers facilitate a network." in page
        assert not Membership.objects.filter(member=cast.olga).exists()

    def test_who_cannot_be_one_is_named_the_reason(self, cast: Cast, ada: Client) -> None:
        page = ada.post(f"{PEOPLE}{cast.sven.pk}/facilitate/", {"network": cast.ai.pk}).content.decode()

        assert "<title>Error: Appoint" in page
        assert "Their membership of this network is suspended." in page

    def test_the_networks_they_facilitate_are_not_offered(self, cast: Cast, ada: Client) -> None:
        appoint_facilitator(cast.ai, cast.bob, by=None)
        page = main_of(ada, f"{PEOPLE}{cast.bob.pk}/facilitate/")

        assert "AI Practitioners Network" in page
        assert "AI Network<" not in page


class TestOrganisations:
    def test_are_found_by_what_they_are(self, cast: Cast, ada: Client) -> None:
        Organisation.objects.create(
            name="Gone District Council",
            short_name="Gone",
            slug="gone",
            region="Elsewhere",
            kind="non_metropolitan_district",
            ends_on=timezone.localdate(),
        )
        for query, found, missing in (
            ("q=exam", "Exampleshire", "Gone"),
            ("region=Elsewhere", "Gone", "Exampleshire"),
            ("kind=non_metropolitan_district", "Gone", "Exampleshire"),
            ("state=current", "Exampleshire", "Gone"),
            ("state=ended", "Gone", "Exampleshire"),
        ):
            names = re.findall(r'organisations/[\w-]+/">([^<]+)</a>', main_of(ada, f"{ORGANISATIONS}?{query}"))
            assert [name for name in names if found in name], query
            assert not [name for name in names if missing in name], query

    def test_have_a_page_with_facts_and_numbers(self, cast: Cast, ada: Client) -> None:
        old = Organisation.objects.create(name="Old", short_name="Old", slug="old", succeeded_by=cast.council)
        page = main_of(ada, f"{ORGANISATIONS}exampleshire/")

        assert "XEX" in page
        assert "exampleshire.example.org, 7 came by it" in page
        assert re.search(r"Accounts in use</dt>\s*<dd[^>]*>7<", page)
        assert old.name in page
        assert "Bob" not in page
        assert "Exampleshire County Council" in main_of(ada, f"{ORGANISATIONS}old/")

    def test_are_added(self, ada: Client) -> None:
        sent = {"name": "Local Bodies Association", "short_name": "LBA", "kind": "", "region": ""}
        page = ada.post(f"{ORGANISATIONS}add/", sent, follow=True).content.decode()
        assert "Local Bodies Association is added." in page
        assert AuditEvent.objects.filter(verb="added organisation").count() == 1

        page = ada.post(f"{ORGANISATIONS}add/", sent).content.decode()
        assert "There is an organisation with this short name" in page
        page = ada.post(f"{ORGANISATIONS}add/", sent | {"short_name": "?"}).content.decode()
        assert "Short name must have letters or numbers" in page

    def test_are_changed_and_the_log_says_which_facts(self, cast: Cast, ada: Client) -> None:
        sent = {
            "name": "Exampleshire Council",
            "short_name": "Exampleshire",
            "kind": "unitary",
            "starts_on": "2026-04-01",
            "ends_on": "",
        }
        ada.post(f"{ORGANISATIONS}exampleshire/change/", sent)
        cast.council.refresh_from_db()

        assert (cast.council.name, cast.council.kind) == ("Exampleshire Council", "unitary")
        event = AuditEvent.objects.get(verb="changed organisation")
        assert event.details == {"fields": ["kind", "name", "starts_on"]}
        ada.post(f"{ORGANISATIONS}exampleshire/change/", sent)
        assert AuditEvent.objects.filter(verb="changed organisation").count() == 1

    def test_end_after_they_begin(self, ada: Client) -> None:
        sent = {"name": "N", "short_name": "N", "starts_on": "2026-04-01", "ends_on": "2026-04-01"}
        page = ada.post(f"{ORGANISATIONS}exampleshire/change/", sent).content.decode()

        assert "<title>Error: Change Exampleshire County Council" in page
        assert "must be after" in page

    def test_take_as_many_queries_for_many_as_for_few(self, cast: Cast, ada: Client) -> None:
        few = queries(ada, ORGANISATIONS)
        Organisation.objects.bulk_create(
            Organisation(name=f"O{n}", short_name=f"O{n}", slug=f"o{n}") for n in range(99)
        )
        assert queries(ada, ORGANISATIONS) == few <= 12


class TestNetworks:
    NEW: dict[str, Any] = {  # noqa: RUF012
        "name": "Planning Network",
        "slug": "planning",
        "purpose": "For planners.",
        "joining": "by_request",
        "question": "What do you plan?",
        "order": 3,
        "content_free_mail": "on",
        "reports_to_hide": 3,
    }

    def test_are_listed_with_who_looks_after_them(self, cast: Cast, ada: Client) -> None:
        Network.objects.create(name="Empty", slug="empty", purpose="P", joining="at_once")
        page = main_of(ada, NETWORKS)

        assert "2 members, 1 facilitator" in page
        assert page.count("Needs a facilitator") == 1

    def test_take_as_many_queries_for_many_as_for_few(self, cast: Cast, ada: Client) -> None:
        few = queries(ada, NETWORKS)
        for n in range(18):
            Network.objects.create(name=f"N{n}", slug=f"n{n}", purpose="P", joining="at_once")
        assert queries(ada, NETWORKS) == few <= 12

    def test_are_created(self, ada: Client) -> None:
        page = ada.post(f"{NETWORKS}create/", self.NEW, follow=True).content.decode()

        assert "The Planning Network is created." in page
        network = Network.objects.get(slug="planning")
        assert (network.is_by_request, network.question, network.order) == (True, "What do you plan?", 3)
        assert network.content_free_mail
        assert AuditEvent.objects.filter(verb="created network", network=network).exists()

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("name", "AI Network", "There is another network with this name"),
            ("slug", "ai", "There is a network with this address"),
            ("slug", "Planning", "Use small letters, numbers and hyphens only"),
            ("slug", "a b", "Use small letters, numbers and hyphens only"),
            ("purpose", "", "Enter what the network is for"),
            ("joining", "", "Select how officers join"),
            ("published_members", 250, "Enter where the number was published, and when"),
            ("published_members", "many", "Number of members must be a whole number"),
            ("order", "", "Enter a number for its place"),
        ],
    )
    def test_say_what_is_wrong(self, ada: Client, field: str, value: Any, words: str) -> None:
        page = ada.post(f"{NETWORKS}create/", self.NEW | {field: value}).content.decode()

        assert "<title>Error: Create a network" in page
        assert words in page
        assert not Network.objects.filter(name="Planning Network").exists()

    def test_are_changed_and_the_log_names_the_fields_and_not_the_words(self, cast: Cast, ada: Client) -> None:
        sent = {"name": "AI Network", "purpose": "New words.", "joining": "at_once", "order": 5, "reports_to_hide": 3}
        ada.post(f"{NETWORKS}ai/", sent)
        cast.ai.refresh_from_db()

        assert (cast.ai.purpose, cast.ai.order, cast.ai.slug) == ("New words.", 5, "ai")
        event = AuditEvent.objects.get(verb="changed network")
        assert (event.network, event.details) == (cast.ai, {"fields": ["order", "purpose"]})
        page = ada.post(f"{NETWORKS}ai/", sent | {"name": ""}).content.decode()
        assert "Change the AI Network" in page

    def test_a_field_that_is_not_theirs_is_not_changed(self, cast: Cast) -> None:
        for field in ("slug", "access_version", "pk"):
            with pytest.raises(TypeError):
                change_network(cast.ai, by=cast.ada, **{field: 1})
            with pytest.raises(TypeError):
                change_organisation(cast.council, by=cast.ada, **{field: 1})


class TestTheAuditLog:
    @pytest.fixture(autouse=True)
    def events(self, cast: Cast) -> None:
        record("joined", Membership.objects.get(member=cast.bob, network=cast.ai), by=cast.bob, network=cast.ai)
        record("admitted", cast.bob, by=None, domain="exampleshire.example.org")
        record("gave roles", cast.fay, by=cast.ada, had=[], has=["Editors"])

    def test_names_who_and_what(self, cast: Cast, ada: Client) -> None:
        table = main_of(ada, AUDIT).split("<tbody")[1].split("</tbody>")[0]
        page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", table))

        assert page.index("changed the hub roles of") < page.index("let in") < page.index("joined a network")
        assert "Ada Administers changed the hub roles of Fay Facilitates had: none, has: Editors" in page
        assert "The site itself let in Bob Belongs domain: exampleshire.example.org" in page
        assert "Bob Belongs joined a network Membership" in page

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("verb=joined", ["joined a network"]),
            ("verb=Joined+a+network", ["joined a network"]),
            ("actor=Ada", ["changed the hub roles of"]),
            ("actor=bob@", ["joined a network"]),
            ("network=ai", ["joined a network"]),
            ("kind=network.member", ["changed the hub roles of", "let in"]),
            ("kind=Member", ["changed the hub roles of", "let in"]),
            ("since=2000-01-01&until=2000-12-31", []),
            ("since=2000-01-01", ["changed the hub roles of", "let in", "joined a network"]),
            ("since=yesterday", []),
            ("network=kings", []),
        ],
    )
    def test_is_narrowed(self, ada: Client, query: str, found: list[str]) -> None:
        page = main_of(ada, f"{AUDIT}?{query}")

        assert (
            re.findall(r'<td class="govuk-table__cell">(joined a network|let in|changed the hub roles of)</td>', page)
            == found
        )

    def test_has_words_for_every_verb_of_this_storey_that_is_no_plain_english_by_itself(self) -> None:
        actions = Path(audit_verbs.__file__).parent
        verbs = {
            verb for file in actions.glob("*.py") for verb in re.findall(r'record\(\s*"([^"]+)"', file.read_text())
        }

        assert len(verbs) > 60
        assert verbs - audit_verbs.WORDS.keys() == {"asked to be let in", "exported the audit log"}
        assert len(set(audit_verbs.WORDS.values())) == len(audit_verbs.WORDS), "no two verbs have the same words"

    @pytest.mark.parametrize("storey", ["forums", "cms"])
    def test_has_words_for_every_verb_of_the_storeys_above(self, storey: str) -> None:
        actions = Path(audit_verbs.__file__).parents[2] / storey / "actions"
        verbs = {
            verb for file in actions.glob("*.py") for verb in re.findall(r'record\(\s*"([^"]+)"', file.read_text())
        }

        assert verbs
        assert verbs <= audit_verbs.WORDS.keys()

    def test_says_which_filter_it_does_not_understand(self, ada: Client) -> None:
        page = page_of(ada, f"{AUDIT}?since=yesterday")

        assert "<title>Error: Audit log" in page
        assert "Enter the first day, like 2026-04-01" in page

    def test_an_account_that_is_gone_is_a_number(self, cast: Cast, ada: Client) -> None:
        record("left", cast.ai, by=cast.olga, network=cast.ai)
        number = cast.olga.pk
        cast.olga.delete()

        assert f"Member {number}" in main_of(ada, AUDIT)

    def test_who_may_read_the_log_and_not_the_accounts_sees_numbers(self, cast: Cast) -> None:
        cast.olga.user_permissions.add(Permission.objects.get(codename="view_auditevent"))
        page = main_of(browser_of(cast, "olga"), AUDIT)

        assert f"Member {cast.bob.pk}" in page
        assert "Bob" not in page

    def test_takes_as_many_queries_for_two_thousand_events_as_for_twenty(self, cast: Cast, ada: Client) -> None:
        def more(count: int) -> None:
            AuditEvent.objects.bulk_create(
                AuditEvent(
                    verb="did",
                    actor_id=[cast.bob.pk, cast.fay.pk, None][n % 3],
                    network=[cast.ai, None][n % 2],
                    object_kind="network.member",
                    object_id=str(cast.olga.pk),
                )
                for n in range(count)
            )

        more(17)
        few = queries(ada, AUDIT)
        more(1_980)
        assert queries(ada, AUDIT) == few <= 12
        assert main_of(ada, AUDIT).count("<tr") == 51

    def test_is_taken_away_as_a_file_in_which_nothing_is_a_formula(self, cast: Cast, ada: Client) -> None:
        Member.objects.filter(pk=cast.bob.pk).update(name="=HYPERLINK(1)")
        response: Any = ada.post(f"{AUDIT}export/", {"kind": "network.member"})
        rows = rows_of(response)

        assert response["Content-Type"].startswith("text/csv")
        assert "attachment" in response["Content-Disposition"]
        assert rows[0] == list(audit_view.HEADER)
        assert [row[4] for row in rows[1:]] == ["gave roles", "admitted"]
        assert rows[2][8] == "'=HYPERLINK(1)"
        event = AuditEvent.objects.get(verb="exported the audit log")
        assert (event.actor_id, event.details) == (cast.ada.pk, {"filters": ["kind"]})

    def test_a_file_that_is_cut_off_says_so(self, ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(audit_view, "IN_A_FILE", 2)
        monkeypatch.setattr(audit_view, "AT_A_TIME", 1)
        rows = rows_of(ada.post(f"{AUDIT}export/"))

        assert len(rows) == 4
        assert rows[-1][0].startswith("This file ends after 2 rows.")

    def test_filters_that_are_not_understood_give_an_empty_file(self, ada: Client) -> None:
        assert len(rows_of(ada.post(f"{AUDIT}export/", {"since": "yesterday"}))) == 1

    def test_is_not_taken_away_by_a_mere_link(self, ada: Client) -> None:
        assert ada.get(f"{AUDIT}export/").status_code == 405


class TestMail:
    @pytest.fixture
    def failed(self, cast: Cast) -> MailLedger:
        owe_mail("account_reinstated", cast.bob, period="1", object_id=1)
        MailLedger.objects.update(state="failed", attempts=6, error="SMTPServerDisconnected: gone")
        return MailLedger.objects.get()

    def test_shows_what_failed_and_sends_it_again(self, cast: Cast, ada: Client, failed: MailLedger) -> None:
        page = main_of(ada, MAIL)
        assert "Account reinstated" in page
        assert "Bob Belongs" in page
        assert "6 tries" in page

        page = ada.post(f"{MAIL}{failed.pk}/again/", follow=True).content.decode()
        assert "The mail is tried again within a minute." in page
        failed.refresh_from_db()
        assert (failed.state, failed.attempts, failed.error) == ("due", 6, "")
        assert AuditEvent.objects.get(verb="sent mail again").object_id == str(failed.pk)

        page = ada.post(f"{MAIL}{failed.pk}/again/", follow=True).content.decode()
        assert "Only mail that failed, or was perhaps not sent, can be sent again." in page

    def test_that_somebody_waited_for_is_not_sent_late(self, cast: Cast, ada: Client) -> None:
        row = MailLedger.objects.create(recipient="x", stream="login_code", period="1", state="failed")

        assert "Try again" not in main_of(ada, MAIL)
        assert "It would come too late." in ada.post(f"{MAIL}{row.pk}/again/", follow=True).content.decode()

    def test_has_a_list_for_each_state(self, cast: Cast, ada: Client) -> None:
        now = timezone.now()
        for n, (state, what) in enumerate(
            [("due", {}), ("sent", {"sent_at": now}), ("sent", {"sent_at": now - timedelta(days=2)}), ("dropped", {})]
        ):
            MailLedger.objects.create(recipient="x", stream=f"kind_{n}", period="1", state=state, **what)
        for n, minutes in ((4, 11), (5, 1)):
            claimed = now - timedelta(minutes=minutes)
            MailLedger.objects.create(
                recipient="x", stream=f"kind_{n}", period="1", state="sending", claimed_at=claimed
            )
        for show, kinds in (("due", ["0"]), ("sent", ["1"]), ("uncertain", ["4"]), ("failed", []), ("kings", [])):
            assert re.findall(r"<p>Kind (\d)</p>", main_of(ada, f"{MAIL}?show={show}")) == kinds, show

    def test_that_was_perhaps_sent_is_sent_again_once_a_person_says_so(self, cast: Cast, ada: Client) -> None:
        row = self.perhaps_sent(cast)
        assert "Send again" in main_of(ada, f"{MAIL}?show=uncertain")
        ada.post(f"{MAIL}{row.pk}/again/")

        row.refresh_from_db()
        assert row.state == "due"
        assert AuditEvent.objects.get(verb="sent mail again").details["perhaps_sent"] is True

    def test_that_is_just_being_sent_is_not_sent_again(self, cast: Cast, ada: Client) -> None:
        row = self.perhaps_sent(cast)
        MailLedger.objects.update(claimed_at=timezone.now())
        page = ada.post(f"{MAIL}{row.pk}/again/", follow=True).content.decode()

        assert "Only mail that failed, or was perhaps not sent, can be sent again." in page
        row.refresh_from_db()
        assert row.state == "sending"

    def perhaps_sent(self, cast: Cast) -> MailLedger:
        claimed = timezone.now() - timedelta(hours=1)
        return MailLedger.objects.create(
            recipient=f"member {cast.bob.pk}",
            member=cast.bob,
            stream="account_reinstated",
            period="1",
            state="sending",
            attempts=1,
            claimed_at=claimed,
        )

    def test_that_came_back_has_a_list_of_its_own_and_no_way_to_send_it_again(self, cast: Cast, ada: Client) -> None:
        MailLedger.objects.create(recipient="x", stream="account_reinstated", period="1", state="bounced")
        page = main_of(ada, f"{MAIL}?show=bounced")

        assert "Account reinstated" in page
        assert "Try again" not in page

    def test_is_all_stopped_with_a_reason_and_let_go(self, cast: Cast, ada: Client) -> None:
        assert "Enter why you are stopping all mail" in ada.post(f"{MAIL}stop/", {"why": " "}).content.decode()
        assert not MailStop.objects.exists()
        ada.post(f"{MAIL}stop/", {"why": "The digest names the wrong people."})
        page = main_of(ada, MAIL)
        assert "The digest names the wrong people." in page
        assert "Ada Administers stopped all mail" in page
        assert "All mail is stopped" in main_of(ada, HOME)

        again = ada.post(f"{MAIL}stop/", {"why": "Once more."}, follow=True).content.decode()
        assert "All mail is stopped already." in again
        ada.post(f"{MAIL}go/")
        assert not MailStop.objects.in_force().exists()
        assert "Mail is not stopped." in ada.post(f"{MAIL}go/", follow=True).content.decode()

    def test_who_may_only_look_stops_nothing(self, cast: Cast) -> None:
        cast.olga.user_permissions.add(Permission.objects.get(codename="view_mailledger"))
        olga = browser_of(cast, "olga")

        assert "Stop all mail" not in main_of(olga, MAIL)
        assert olga.get(f"{MAIL}stop/").status_code == 403
        assert olga.post(f"{MAIL}stop/", {"why": "Because."}).status_code == 403
        stop_all_mail("A mistake.", by=cast.ada)
        assert "Let mail go" not in main_of(olga, MAIL)
        olga.post(f"{MAIL}go/")
        assert MailStop.objects.in_force().exists()

    def test_says_how_much_of_the_hour_is_left(self, cast: Cast, ada: Client, settings: Settings) -> None:
        MailLedger.objects.create(recipient="x", stream="s", period="1", state="sent", sent_at=timezone.now())
        assert "1 mail went out in the last hour." in main_of(ada, MAIL)
        settings.MAIL_PER_HOUR = 500
        assert "1 mail went out in the last hour. At most 500 may;" in main_of(ada, MAIL)

    def test_names_no_address_to_who_may_not_see_accounts(self, cast: Cast, failed: MailLedger) -> None:
        MailLedger.objects.create(recipient="nora@example.org", stream="s", period="1", state="failed")
        cast.olga.user_permissions.add(Permission.objects.get(codename="view_mailledger"))
        olga = browser_of(cast, "olga")
        page = main_of(olga, MAIL)

        assert "nora@" not in page
        assert "Bob" not in page
        assert "SMTP" not in page
        assert olga.post(f"{MAIL}{failed.pk}/again/", follow=True).content.decode().count("Only administrators") == 1

    def test_takes_as_many_queries_for_many_as_for_few(self, cast: Cast, ada: Client, failed: MailLedger) -> None:
        few = queries(ada, MAIL)
        MailLedger.objects.bulk_create(
            MailLedger(recipient=f"{n}", stream="s", period="1", member=cast.fay, state="failed") for n in range(99)
        )
        assert queries(ada, MAIL) == few <= 17


class TestTheWorker:
    @pytest.fixture(autouse=True)
    def empty_book(self, cast: Cast) -> None:
        for model in (DueJob, Worker, DBTaskResult):
            model.objects.all().delete()

    def failed_task(self) -> DBTaskResult:
        send_mail.enqueue()
        task = DBTaskResult.objects.get()
        task.claim("one")
        task.set_failed(ValueError("Bob's private words"))
        return task

    def test_that_is_alive_is_said_to_be(self, ada: Client) -> None:
        Worker.objects.create(name="machine:1", seen_at=timezone.now())
        page = main_of(ada, WORKER)

        assert "On time" in page
        assert "Late" not in page

    def test_that_was_not_seen_for_a_minute_is_late_in_words_and_in_red(self, ada: Client) -> None:
        Worker.objects.create(name="machine:1", seen_at=timezone.now() - timedelta(seconds=61))
        page = page_of(ada, WORKER)

        assert page.count('app-status--red">Late') == 2
        assert "No worker was seen for a minute" in page

    def test_that_was_never_seen_is_late(self, ada: Client) -> None:
        page = main_of(ada, WORKER)
        assert "Late" in page
        assert "None was seen" in page

    def test_beside_one_that_died_is_running(self, ada: Client) -> None:
        Worker.objects.create(name="machine:1", seen_at=timezone.now())
        Worker.objects.create(name="machine:2", seen_at=timezone.now() - timedelta(hours=1))
        page = page_of(ada, WORKER)

        assert 'app-status--green">Running' in page
        assert page.count('app-status--red">Late') == 1

    def test_has_jobs_with_when_they_ran_and_when_they_will_and_what_went_wrong(self, ada: Client) -> None:
        now = timezone.now()
        DueJob.objects.create(name="clear sessions that have ended", due_at=now + timedelta(hours=3), finished_at=now)
        DueJob.objects.create(
            name="look for mail that is due", due_at=now - timedelta(hours=1), error="ValueError: the printer"
        )
        DueJob.objects.create(name="lapse accounts whose mailbox was not proved again", due_at=now - timedelta(hours=1))
        DueJob.objects.create(name="of yesterday", due_at=now)
        page = main_of(ada, WORKER)

        assert re.search(r"Clear sessions that have ended.*?Last run on.*?next on.*?Done", page, re.DOTALL)
        assert re.search(r"Look for mail that is due.*?Not run yet.*?ValueError: the printer.*?Failed", page, re.DOTALL)
        assert re.search(r"Lapse accounts[^L]*Late", page)
        assert "Of yesterday" not in page

    def test_runs_a_task_that_failed_again(self, cast: Cast, ada: Client) -> None:
        task = self.failed_task()
        page = main_of(ada, WORKER)
        assert "Send mail" in page
        assert "ValueError" in page
        assert "private words" not in page

        ada.post(f"{WORKER}{task.pk}/again/")
        task.refresh_from_db()
        assert (task.status, task.worker_ids, task.traceback) == ("READY", [], "")
        assert AuditEvent.objects.get(verb="ran task again").actor_id == cast.ada.pk
        assert "Only a task that failed" in ada.post(f"{WORKER}{task.pk}/again/", follow=True).content.decode()

    def test_shows_itself_to_who_may_look_and_lets_them_run_nothing(self, cast: Cast) -> None:
        task = self.failed_task()
        cast.olga.user_permissions.add(Permission.objects.get(codename="view_duejob"))
        olga = browser_of(cast, "olga")

        assert "Run again" not in main_of(olga, WORKER)
        olga.post(f"{WORKER}{task.pk}/again/")
        task.refresh_from_db()
        assert task.status == "FAILED"

    def test_takes_as_many_queries_for_many_as_for_few(self, ada: Client) -> None:
        self.failed_task()
        few = queries(ada, WORKER)
        for _ in range(20):
            send_mail.enqueue()
        DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())
        for number in range(5):
            Worker.objects.create(name=f"machine:{number}", seen_at=timezone.now())

        assert queries(ada, WORKER) == few <= 15
