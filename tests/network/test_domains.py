"""The email domains by which people are let in, as administrators keep them; and what comes by each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from forums.actions.messages import say
from forums.actions.posts import reply
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from network.actions.admission import open_account
from network.actions.domains import (
    add_domain,
    confirm_domain,
    remove_domain,
    set_domain_kind,
    take_confirmation_back,
)
from network.actions.membership import appoint_facilitator, join_network
from network.actions.notices import give_notice
from network.models import Admission, AdmissionRequest, AuditEvent, Member, Membership, Organisation, OrganisationDomain
from network.notifications import named, unread_notices
from network.permissions import BY_INVITATION, Refused, can_ask_to_join, can_join
from tests.cast import Cast, sign_in
from tests.network.conftest import Queries


@pytest.fixture
def newtown(cast: Cast) -> OrganisationDomain:
    """A council of the register, its domain not confirmed."""
    council = Organisation.objects.create(name="Newtown Council", short_name="Newtown", slug="newtown", la_code="XNT")
    return OrganisationDomain.objects.create(organisation=council, domain="newtown.example.org", source="register")


@pytest.fixture
def ada(cast: Cast) -> Client:
    client = Client()
    sign_in(client, cast.ada)
    return client


@pytest.fixture
def sam(cast: Cast) -> Member:
    """A supplier."""
    firm = Organisation.objects.create(name="Software Ltd", short_name="Software", slug="software")
    add_domain(firm, "software.example.org", by=cast.ada, kind="supplier", is_confirmed=True)
    return open_account("sam@software.example.org", name="Sam Supplier")


def titles(member: Member) -> list[str]:
    return [shown.title for shown in unread_notices(Member.objects.get(pk=member.pk))]


class TestTheList:
    @pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven"])
    def test_is_for_administrators_only(self, cast: Cast, newtown: OrganisationDomain, who: str) -> None:
        member = getattr(cast, who)
        client = Client()
        sign_in(client, member)
        for address in ("", "add/", f"{newtown.pk}/"):
            assert client.get(f"/administration/domains/{address}").status_code == 404
        for address in ("confirm", "take-back", "remove"):
            assert client.post(f"/administration/domains/{newtown.pk}/{address}/").status_code == 404
        for write in (
            lambda: take_confirmation_back(newtown, by=member),
            lambda: add_domain(cast.council, "x.example.org", by=member),
            lambda: set_domain_kind(newtown, "supplier", by=member),
            lambda: remove_domain(newtown, by=member),
        ):
            with pytest.raises(Refused):
                write()
        assert not AuditEvent.objects.exists()

    def test_a_confirmation_by_mistake_is_taken_back(
        self, cast: Cast, newtown: OrganisationDomain, ada: Client
    ) -> None:
        nora = open_account("nora@newtown.example.org", name="Nora New")
        ada.post(f"/administration/domains/{newtown.pk}/confirm/")
        assert titles(nora) == ["Your council's email domain is confirmed: you can now ask to join every network"]
        assert titles(cast.bob) == []

        page = ada.get("/administration/domains/?show=confirmed").content.decode()
        assert f"/administration/domains/{newtown.pk}/take-back/" in page
        ada.post(f"/administration/domains/{newtown.pk}/take-back/")

        newtown.refresh_from_db()
        assert (newtown.is_confirmed, newtown.confirmed_by) == (False, None)
        assert not Admission.objects.get(member=nora).is_confirmed
        assert titles(nora) == []
        assert AuditEvent.objects.first().verb == "took confirmation back"  # type: ignore[union-attr]

    def test_a_domain_is_added_in_the_letters_that_mail_travels_by(self, cast: Cast, ada: Client) -> None:
        posted = {"organisation": cast.council.name, "domain": "@Café.Example.org", "kind": "partner"}
        for wrong in ("", "a b", "gov", "x@y.example.org"):
            page = ada.post("/administration/domains/add/", posted | {"domain": wrong}).content.decode()
            assert "<title>Error: Add an email domain" in page
        ada.post("/administration/domains/add/", posted)

        domain = OrganisationDomain.objects.get(organisation=cast.council, kind="partner")
        assert (domain.domain, domain.source, domain.is_confirmed) == ("xn--caf-dma.example.org", "person", False)

    def test_adding_one_twice_is_adding_it_once(self, cast: Cast) -> None:
        first = add_domain(cast.council, "new.example.org", by=cast.ada)
        second = add_domain(cast.council, "new.example.org", by=cast.ada, kind="supplier", is_confirmed=True)

        assert first == second
        assert (second.kind, second.is_confirmed) == ("officer", True)
        assert AuditEvent.objects.filter(verb="added domain").count() == 1

    def test_an_unused_domain_is_removed_and_a_used_one_stays(
        self, cast: Cast, newtown: OrganisationDomain, ada: Client
    ) -> None:
        used = cast.council.domains.get()
        assert "so it stays" in ada.get(f"/administration/domains/{used.pk}/").content.decode()
        ada.post(f"/administration/domains/{used.pk}/remove/")
        ada.post(f"/administration/domains/{newtown.pk}/remove/")

        assert list(OrganisationDomain.objects.all()) == [used]
        event = AuditEvent.objects.get(verb="removed domain")
        assert event.details["domain"] == "newtown.example.org"

    def test_takes_as_many_queries_however_long_it_is(
        self, cast: Cast, newtown: OrganisationDomain, ada: Client, queries: Queries
    ) -> None:
        counts: dict[str, list[int]] = {"": [], "?show=confirmed": []}
        for size in (2, 20):
            for number in range(OrganisationDomain.objects.count(), size * 2):
                at = timezone.now() if number % 2 else None
                domain = OrganisationDomain.objects.create(
                    organisation=newtown.organisation,
                    domain=f"d{number}.example.org",
                    confirmed_at=at,
                    confirmed_by=cast.ada if at else None,
                )
                member = Member.objects.create_user(f"m@d{number}.example.org", name=f"M{number}")
                Admission.objects.create(member=member, rule="confirmed_domain", domain=domain)
            for address, taken in counts.items():
                taken.append(queries(ada, f"/administration/domains/{address}"))

        for taken in counts.values():
            assert taken[0] == taken[1] <= 16


class TestWhatComesByADomain:
    def test_a_supplier_is_one_from_the_start(self, sam: Member) -> None:
        assert (sam.kind, sam.label) == ("supplier", "Supplier")

    def test_a_line_of_text_says_so_after_the_name(self, sam: Member, cast: Cast) -> None:
        give_notice("admission_requested", AdmissionRequest.objects.create(member=sam, works_for="X").pk, [cast.ada])

        assert titles(cast.ada) == ["Sam Supplier (supplier) asks to be let in, for X"]
        assert named(cast.bob) == "Bob Belongs"

    def test_saying_so_later_holds_for_those_who_came(self, newtown: OrganisationDomain, cast: Cast) -> None:
        nora = open_account("nora@newtown.example.org", name="Nora New")
        join_network(cast.ai, by=nora)
        set_domain_kind(newtown, "partner", by=cast.ada)

        nora.refresh_from_db()
        assert nora.label == "Partner"
        assert Membership.objects.get(member=nora).is_active
        assert AuditEvent.objects.get(verb="set kind of domain").details["people"] == 1

    def test_partners_and_suppliers_join_nothing_by_themselves(self, sam: Member, cast: Cast) -> None:
        assert can_join(sam, cast.ai) == BY_INVITATION
        assert can_ask_to_join(sam, cast.practitioners) == BY_INVITATION
        client = Client()
        sign_in(client, sam)
        assert "when one of its facilitators invites them" in client.get("/welcome/").content.decode()
        answer = client.post("/networks/ai/join/")
        assert answer.status_code == 403
        assert "when one of its facilitators invites them" in answer.content.decode()
        with pytest.raises(Refused):
            appoint_facilitator(cast.ai, sam, by=None)

    def test_cards_of_networks_take_as_many_queries_however_many_there_are(
        self, sam: Member, cast: Cast, queries: Queries
    ) -> None:
        client = Client()
        sign_in(client, sam)
        before = queries(client, "/networks/")
        for number in range(20):
            type(cast.ai).objects.create(name=f"N{number}", slug=f"n{number}", purpose="x", joining="at_once")
        assert queries(client, "/networks/") == before

    def test_the_label_stands_wherever_the_name_does(self, sam: Member, cast: Cast) -> None:
        now = timezone.now()
        Membership.objects.create(member=sam, network=cast.ai, state="active", joined_at=now)
        thread = start_thread(cast.ai, by=sam, theme=cast.theme, title="From a supplier", source="Hello")
        reply(thread, by=sam, source="And more")
        room = schedule_room(cast.ai, title="Now", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
        say(room, by=sam, body="Said")
        client = Client()
        sign_in(client, cast.bob)
        for address in (
            "/networks/ai/",
            thread.get_absolute_url(),
            f"/rooms/{room.pk}/",
            sam.get_absolute_url(),
            "/organisations/software/",
        ):
            page = client.get(address).content.decode()
            assert page.count("Sam Supplier") >= 1, address
            assert ">Supplier</strong>" in page, address
        confirm_domain(cast.council.domains.get(), by=None)
        assert ">Supplier</strong>" not in client.get(cast.fay.get_absolute_url()).content.decode()
