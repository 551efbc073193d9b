"""From an address that somebody typed to an officer who is let in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone

from network.actions.admission import (
    HasAccount,
    admit,
    begin_sign_up,
    forget_unproved,
    open_account,
    prove_mailbox,
)
from network.actions.domains import confirm_domain
from network.actions.membership import approve_request, ask_to_join, join_network
from network.models import Admission, AuditEvent, Member, Membership, Organisation, OrganisationDomain
from network.permissions import Refused
from tests.cast import Cast

EMAIL = "nora@newtown.example.org"


@pytest.fixture
def newtown(cast: Cast) -> OrganisationDomain:
    """A council of the register, its domain not confirmed."""
    council = Organisation.objects.create(name="Newtown Council", short_name="Newtown", slug="newtown", la_code="XNT")
    return OrganisationDomain.objects.create(organisation=council, domain="newtown.example.org", source="register")


def test_an_address_that_was_only_typed_has_no_name_no_council_and_no_right(newtown: OrganisationDomain) -> None:
    member = begin_sign_up(EMAIL)

    assert member in Member.objects.unproved()
    assert (member.name, member.organisation) == ("", None)
    assert not member.has_usable_password()
    assert not Admission.objects.filter(member=member).exists()


def test_typing_it_again_makes_no_second_account(newtown: OrganisationDomain) -> None:
    assert begin_sign_up(EMAIL) == begin_sign_up(EMAIL)
    assert EmailAddress.objects.filter(email=EMAIL).count() == 1


def test_an_address_at_an_unknown_domain_makes_no_account(cast: Cast) -> None:
    with pytest.raises(Refused, match=r"We do not know evil\.example as one"):
        begin_sign_up("a@evil.example")
    assert not Member.objects.filter(email="a@evil.example").exists()


def test_an_address_that_has_an_account_is_never_begun_again(cast: Cast) -> None:
    """What is begun may be signed in to once it is proved: this must never be somebody else's."""
    for member in (cast.bob, cast.sven, cast.ada):
        with pytest.raises(HasAccount):
            begin_sign_up(member.email.upper())


def test_an_address_that_nobody_proved_is_forgotten_after_a_day(newtown: OrganisationDomain) -> None:
    begin_sign_up(EMAIL)
    open_account("otto@newtown.example.org", name="Otto", now=timezone.now() - timedelta(days=9))
    before = Member.objects.count()

    assert forget_unproved() == 0
    assert forget_unproved(now=timezone.now() + timedelta(days=1, minutes=1)) == 1
    assert not Member.objects.filter(email=EMAIL).exists()
    assert Member.objects.count() == before - 1


def test_a_proved_mailbox_is_admitted_by_its_domain(newtown: OrganisationDomain) -> None:
    member = begin_sign_up(EMAIL)
    admission = prove_mailbox(member, {"email": EMAIL, "name": "Nora New", "organisation": None})

    member.refresh_from_db()
    assert admission is not None
    assert (admission.rule, admission.domain) == (Admission.Rule.UNCONFIRMED_DOMAIN, newtown)
    assert (member.name, member.organisation) == ("Nora New", newtown.organisation)
    event = AuditEvent.objects.get(verb="admitted")
    assert (event.object_id, event.details) == (
        str(member.pk),
        {"rule": "unconfirmed_domain", "domain": "newtown.example.org", "kind": "officer"},
    )


def test_what_was_typed_for_another_address_is_not_believed(newtown: OrganisationDomain) -> None:
    member = begin_sign_up(EMAIL)
    prove_mailbox(member, {"email": "somebody@else.example.org", "name": "Mallory", "organisation": None})

    member.refresh_from_db()
    assert member.name == ""
    assert member.organisation == newtown.organisation


def test_being_admitted_twice_is_being_admitted_once(newtown: OrganisationDomain) -> None:
    member = begin_sign_up(EMAIL)
    first = admit(member, name="Nora New")
    confirm_domain(newtown, by=None)

    assert admit(member, name="Somebody Else") == first
    assert Member.objects.get(pk=member.pk).name == "Nora New"
    assert AuditEvent.objects.filter(verb="admitted").count() == 1


def test_a_closed_account_is_not_admitted(newtown: OrganisationDomain) -> None:
    member = begin_sign_up(EMAIL)
    member.is_active = False
    member.save()

    with pytest.raises(Refused):
        admit(member)
    assert prove_mailbox(member, None) is None


class TestWhereCouncilsShareADomain:
    @pytest.fixture
    def neighbour(self, newtown: OrganisationDomain) -> OrganisationDomain:
        council = Organisation.objects.create(name="Oldtown Council", short_name="Oldtown", slug="oldtown")
        return OrganisationDomain.objects.create(organisation=council, domain=newtown.domain, source="register")

    def test_the_officer_has_to_say_which(self, neighbour: OrganisationDomain) -> None:
        member = begin_sign_up(EMAIL)

        with pytest.raises(Refused, match="Say which"):
            admit(member, name="Nora New")

    def test_the_officer_is_of_the_council_they_chose(self, neighbour: OrganisationDomain) -> None:
        member = begin_sign_up(EMAIL)
        admit(member, name="Nora New", organisation=neighbour.organisation)

        assert member.organisation == neighbour.organisation
        assert member.admission.domain == neighbour

    def test_no_council_outside_the_domain_can_be_chosen(self, neighbour: OrganisationDomain, cast: Cast) -> None:
        with pytest.raises(Refused, match="does not use this email domain"):
            admit(begin_sign_up(EMAIL), organisation=cast.council)

    def test_confirming_it_for_one_council_says_nothing_about_the_other(
        self, newtown: OrganisationDomain, neighbour: OrganisationDomain
    ) -> None:
        nora, otto = begin_sign_up(EMAIL), begin_sign_up("otto@newtown.example.org")
        admit(nora, organisation=newtown.organisation)
        admit(otto, organisation=neighbour.organisation)
        confirm_domain(newtown, by=None)

        assert Admission.objects.get(member=nora).is_confirmed
        assert not Admission.objects.get(member=otto).is_confirmed


class TestAnUnconfirmedDomain:
    @pytest.fixture
    def nora(self, newtown: OrganisationDomain) -> Member:
        return open_account(EMAIL, name="Nora New")

    def test_admits_to_the_network_that_is_joined_at_once(self, nora: Member, cast: Cast) -> None:
        assert join_network(cast.ai, by=nora).is_active

    def test_and_no_further_until_an_administrator_has_confirmed_it(
        self, nora: Member, cast: Cast, newtown: OrganisationDomain
    ) -> None:
        request = ask_to_join(cast.practitioners, by=nora, reason="We build things.")
        with pytest.raises(Refused, match="confirm this officer's email domain"):
            approve_request(request, by=cast.fay)

        confirm_domain(newtown, by=cast.ada)

        assert approve_request(Membership.objects.get(pk=request.pk), by=cast.fay).is_active


class TestConfirmingADomain:
    @pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven"])
    def test_is_for_administrators_only(self, cast: Cast, newtown: OrganisationDomain, who: str) -> None:
        with pytest.raises(Refused):
            confirm_domain(newtown, by=getattr(cast, who))
        newtown.refresh_from_db()
        assert not newtown.is_confirmed

    def test_is_written_down(self, cast: Cast, newtown: OrganisationDomain) -> None:
        confirm_domain(newtown, by=cast.ada)
        confirm_domain(newtown, by=cast.ada)

        newtown.refresh_from_db()
        assert newtown.confirmed_by == cast.ada
        event = AuditEvent.objects.get(verb="confirmed domain")
        assert event.actor_id == cast.ada.pk


def test_an_account_that_the_site_opens_can_sign_in_and_is_opened_once(newtown: OrganisationDomain) -> None:
    nora = open_account(EMAIL, name="Nora New")

    assert open_account(EMAIL, name="Somebody Else") == nora
    assert EmailAddress.objects.get(user=nora).verified
    assert Member.objects.get(pk=nora.pk).name == "Nora New"


def test_an_account_made_on_the_command_line_is_not_forgotten(db: None) -> None:
    made = Member.objects.create_superuser("root@example.org", "a long enough password")
    EmailAddress.objects.create(user=made, email=made.email, verified=False, primary=True)

    assert forget_unproved(now=timezone.now() + timedelta(days=2)) == 0
    assert Member.objects.filter(pk=made.pk).exists()


def test_the_database_keeps_one_address_for_each_member(cast: Cast) -> None:
    """Whoever held the mailbox of a second one would hold the account. The index is ours on allauth's table: a later
    migration of allauth may lose it."""
    EmailAddress.objects.create(user=cast.bob, email=cast.bob.email, verified=True, primary=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        EmailAddress.objects.create(user=cast.bob, email="bob@elsewhere.example.org")
    assert EmailAddress.objects.filter(user=cast.bob).count() == 1
