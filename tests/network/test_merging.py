"""Councils end and others succeed them. Of local government reorganisation in Somerset: on 1 April 2023 the county and
four districts became one council."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from forums.actions.threads import start_thread
from network.actions.admission import begin_sign_up, open_account
from network.actions.domains import confirm_domain
from network.actions.membership import join_network
from network.actions.organisations import add_organisation, load_register, merge_organisations
from network.forms import SignUpForm
from network.models import AuditEvent, Invitation, Member, Membership, Organisation, OrganisationDomain
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.network.conftest import Queries
from tests.network.test_register import row

VESTING = date(2023, 4, 1)
ENDED = {
    "SOM": ("Somerset County Council", "somerset-county", "somerset.gov.uk"),
    "MEN": ("Mendip District Council", "mendip", "mendip.gov.uk"),
    "SEG": ("Sedgemoor District Council", "sedgemoor", "sedgemoor.gov.uk"),
    "SSO": ("South Somerset District Council", "south-somerset", "southsomerset.gov.uk"),
    "SWT": ("Somerset West and Taunton Council", "somerset-west-and-taunton", "somersetwestandtaunton.gov.uk"),
}


@pytest.fixture
def old(cast: Cast) -> list[Organisation]:
    """The five, each with an officer; of their domains only the county's is confirmed."""
    councils = []
    for code, (name, slug, domain) in ENDED.items():
        council = Organisation.objects.create(name=name, short_name=name.split(" Council")[0], slug=slug, la_code=code)
        confirmed = timezone.now() if code == "SOM" else None
        OrganisationDomain.objects.create(
            organisation=council, domain=domain, source="register", confirmed_at=confirmed
        )
        open_account(f"officer@{domain}", name=f"Officer of {slug}")
        councils.append(council)
    return councils


@pytest.fixture
def somerset(cast: Cast) -> Organisation:
    """The one council, which took over the county's domain."""
    council = Organisation.objects.create(
        name="Somerset Council", short_name="Somerset", slug="somerset", la_code="SMT"
    )
    OrganisationDomain.objects.create(organisation=council, domain="somerset.gov.uk", source="register")
    return council


@pytest.fixture
def ada(cast: Cast) -> Client:
    client = Client()
    sign_in(client, cast.ada)
    return client


def test_members_and_domains_move_and_what_was_written_stays(
    old: list[Organisation], somerset: Organisation, cast: Cast
) -> None:
    mendip = old[1]
    officer = Member.objects.get(email="officer@mendip.gov.uk")
    join_network(cast.ai, by=officer)
    thread = start_thread(cast.ai, by=officer, theme=cast.theme, title="From Mendip", source="Before")

    merged = merge_organisations(old, into=somerset, by=cast.ada, ends_on=VESTING)

    assert (merged.organisations, merged.members) == (5, 5)
    officer.refresh_from_db()
    assert officer.organisation == somerset
    assert Membership.objects.get(member=officer, network=cast.ai).is_active
    thread.refresh_from_db()
    assert thread.organisation == mendip
    client = Client()
    sign_in(client, cast.bob)
    assert "Mendip District Council" in client.get(thread.get_absolute_url()).content.decode()
    mendip.refresh_from_db()
    assert (mendip.succeeded_by, mendip.ends_on, mendip.is_current) == (somerset, VESTING, False)
    assert 'href="/organisations/somerset/"' in client.get("/organisations/mendip/").content.decode()
    after = start_thread(cast.ai, by=officer, theme=cast.theme, title="From Somerset", source="After")
    assert after.organisation == somerset


def test_a_domain_of_both_is_one_and_stays_confirmed(
    old: list[Organisation], somerset: Organisation, cast: Cast
) -> None:
    county = Member.objects.get(email="officer@somerset.gov.uk")
    assert SignUpForm({"email": "new@somerset.gov.uk", "name": "New"}).asks_for_council is False  # not asked yet
    merge_organisations(old, into=somerset, by=None)

    rows = {domain.domain: domain for domain in OrganisationDomain.objects.filter(organisation=somerset)}
    assert set(rows) == {domain for _, _, domain in ENDED.values()}
    assert [domain for domain, row in rows.items() if row.is_confirmed] == ["somerset.gov.uk"]
    assert county.admission.is_confirmed
    county.admission.refresh_from_db()
    assert county.admission.domain == rows["somerset.gov.uk"]
    assert not OrganisationDomain.objects.filter(organisation__in=old).exists()


def test_signing_up_afterwards_offers_the_new_council_alone(
    old: list[Organisation], somerset: Organisation, cast: Cast
) -> None:
    form = SignUpForm({"email": "new@somerset.gov.uk", "name": "New"})
    assert form.is_valid() and form.asks_for_council  # both have the domain

    merge_organisations(old, into=somerset, by=None)

    form = SignUpForm({"email": "new@somerset.gov.uk", "name": "New"})
    assert form.is_valid() and not form.asks_for_council
    assert open_account("new@mendip.gov.uk", name="New").organisation == somerset


def test_twice_is_once(old: list[Organisation], somerset: Organisation, cast: Cast) -> None:
    merge_organisations([*old, old[0]], into=somerset, by=cast.ada, ends_on=VESTING)
    ends = [council.ends_on for council in Organisation.objects.filter(pk__in=[one.pk for one in old])]
    again = merge_organisations(old, into=somerset, by=cast.ada)

    assert (again.organisations, again.members, again.domains) == (0, 0, 0)
    assert [council.ends_on for council in Organisation.objects.filter(pk__in=[one.pk for one in old])] == ends
    assert AuditEvent.objects.filter(verb="merged organisation").count() == 5


def test_chains_and_circles_are_refused_and_nothing_is_done(
    old: list[Organisation], somerset: Organisation, cast: Cast
) -> None:
    first, second, third, *_ = old
    merge_organisations([first], into=somerset, by=None)
    for ending, into, why in (
        ([somerset], somerset, "cannot succeed itself"),
        ([somerset], first, "has ended"),  # a circle
        ([second], first, "has ended"),  # a chain
        ([first], second, "already"),  # a second successor
        ([third, first], second, "already"),  # half of it
    ):
        with pytest.raises(Refused, match=why):
            merge_organisations([Organisation.objects.get(pk=one.pk) for one in ending], into=into, by=None)
    third.refresh_from_db()
    assert third.succeeded_by is None
    assert Member.objects.filter(organisation=third).count() == 1


def test_a_council_that_succeeded_others_may_itself_end(
    old: list[Organisation], somerset: Organisation, cast: Cast
) -> None:
    merge_organisations(old, into=somerset, by=None)
    wessex = add_organisation("Wessex Council", by=cast.ada)
    merge_organisations([somerset], into=wessex, by=None)

    assert Member.objects.filter(organisation=wessex).count() == 5
    assert Organisation.objects.get(slug="mendip").succeeded_by == somerset
    assert Organisation.objects.get(slug="somerset").succeeded_by == wessex


def test_loading_the_register_again_brings_nothing_back(somerset: Organisation, cast: Cast) -> None:
    listed = [row(la_code="MEN", name="Mendip", govuk_slug="mendip", web_domain="mendip.gov.uk"), row(la_code="SMT")]
    load_register(listed)
    merge_organisations([Organisation.objects.get(slug="mendip")], into=somerset, by=None)
    load_register(listed)

    mendip = Organisation.objects.get(slug="mendip")
    assert not mendip.is_current
    assert not mendip.domains.exists()
    assert somerset.domains.filter(domain="mendip.gov.uk").exists()


def test_open_invitations_name_the_new_council(old: list[Organisation], somerset: Organisation, cast: Cast) -> None:
    until = timezone.now() + timedelta(days=9)
    invitation = Invitation.objects.create(
        network=cast.ai, email="x@mendip.gov.uk", organisation=old[1], expires_at=until
    )
    merge_organisations(old, into=somerset, by=None)
    invitation.refresh_from_db()
    assert invitation.organisation == somerset


def test_an_organisation_is_added_once_at_an_address_of_its_own(cast: Cast) -> None:
    west = add_organisation("West Surrey Council", by=cast.ada, short_name="West Surrey")

    assert add_organisation("west surrey council", by=cast.ada) == west
    assert west.slug == "west-surrey"
    assert add_organisation("West Surrey", by=cast.ada).slug == "west-surrey-2"


class TestTheCommand:
    def test_merges_by_address_or_code(self, old: list[Organisation], somerset: Organisation) -> None:
        call_command("merge_organisations", "mendip", "SEG", "--into", "somerset", "--dry-run")
        assert not Organisation.objects.exclude(succeeded_by=None).exists()
        call_command("merge_organisations", "mendip", "SEG", "--into", "somerset", "--ends-on", "2023-04-01")

        assert set(somerset.predecessors.values_list("slug", "ends_on")) == {
            ("mendip", VESTING),
            ("sedgemoor", VESTING),
        }
        assert AuditEvent.objects.filter(verb="merged organisation", actor_id=None).count() == 2

    def test_says_what_it_cannot_do(self, old: list[Organisation], somerset: Organisation) -> None:
        with pytest.raises(CommandError, match="No organisation is called 'atlantis'"):
            call_command("merge_organisations", "atlantis", "--into", "somerset")
        with pytest.raises(CommandError, match="cannot succeed itself"):
            call_command("merge_organisations", "somerset", "--into", "somerset")


class TestTheScreen:
    @pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven"])
    def test_is_for_administrators_only(
        self, old: list[Organisation], somerset: Organisation, cast: Cast, who: str
    ) -> None:
        client = Client()
        sign_in(client, getattr(cast, who))
        query = "?old=mendip&into=somerset"
        for address in (query, f"confirm/{query}"):
            assert client.get(f"/administration/merging/{address}").status_code == 404
        assert client.post(f"/administration/merging/confirm/{query}").status_code == 404
        with pytest.raises(Refused):
            merge_organisations(old, into=somerset, by=getattr(cast, who))
        with pytest.raises(Refused):
            add_organisation("X", by=getattr(cast, who))

    def test_shows_what_will_happen_and_does_it(
        self, old: list[Organisation], somerset: Organisation, ada: Client
    ) -> None:
        confirm_domain(OrganisationDomain.objects.get(domain="mendip.gov.uk"), by=None)
        address = "/administration/merging/confirm/?old=mendip&old=sedgemoor&into=somerset"
        page = ada.get(address).content.decode()
        assert "2 organisations end in Somerset Council" in page
        assert "1 (1 confirmed)" in page

        tomorrow = timezone.localdate() + timedelta(days=1)
        assert "<title>Error:" in ada.post(address, {"ends_on": tomorrow.isoformat()}).content.decode()
        assert ada.post(address, {"ends_on": "2023-04-01"})["Location"] == "/organisations/somerset/"
        assert Member.objects.filter(organisation=somerset).count() == 2
        assert "merged already" in ada.get(address).content.decode()

    def test_what_cannot_be_merged_is_said(self, old: list[Organisation], somerset: Organisation, ada: Client) -> None:
        merge_organisations([old[1]], into=somerset, by=None)
        answer = ada.get("/administration/merging/confirm/?old=somerset&into=mendip", follow=True)
        assert "has ended" in answer.content.decode()
        answer = ada.get("/administration/merging/confirm/?old=somerset", follow=True)
        assert answer.redirect_chain

    def test_lists_take_as_many_queries_however_long_they_are(self, cast: Cast, ada: Client, queries: Queries) -> None:
        picking: list[int] = []
        merging: list[int] = []
        for size in (3, 20):
            for number in range(Organisation.objects.count(), size):
                council = Organisation.objects.create(
                    name=f"Council {number}", short_name="C", slug=f"c{number}", succeeded_by=None
                )
                OrganisationDomain.objects.create(organisation=council, domain=f"c{number}.example.org")
                begin_sign_up(f"x@c{number}.example.org")
            picking.append(queries(ada, "/administration/merging/?q=council"))
            picked = "&".join(f"old=c{number}" for number in range(1, size))
            merging.append(queries(ada, f"/administration/merging/confirm/?{picked}&into={cast.council.slug}"))
        for taken in (picking, merging):
            assert taken[0] == taken[1] <= 16
