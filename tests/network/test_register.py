"""The council register: what loading it makes, and what it leaves alone."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from network.actions.domains import confirm_domain
from network.actions.organisations import load_register
from network.management.commands.load_councils import REGISTER
from network.models import Admission, AuditEvent, Member, Organisation, OrganisationDomain


def row(**changes: str) -> dict[str, str]:
    with REGISTER.open(newline="") as file:
        empty = dict.fromkeys(next(csv.reader(file)), "")
    return empty | {"la_code": "XEX", "name": "Exampleshire", "short_name": "E", "govuk_slug": "exampleshire"} | changes


def test_the_register_has_382_councils_and_every_domain_waits_to_be_confirmed(db: None) -> None:
    call_command("load_councils", verbosity=0)

    assert Organisation.objects.count() == 382
    assert {nation: Organisation.objects.filter(nation=nation).count() for nation in ("England", "Wales")} == {
        "England": 317,
        "Wales": 22,
    }
    assert OrganisationDomain.objects.count() == 391
    assert OrganisationDomain.objects.unconfirmed().count() == 391
    assert AuditEvent.objects.get().verb == "loaded the register"


def test_loading_it_again_changes_nothing(db: None) -> None:
    call_command("load_councils", verbosity=0)
    first = list(OrganisationDomain.objects.order_by("pk").values_list("pk", "organisation", "domain"))
    call_command("load_councils", verbosity=0)

    assert list(OrganisationDomain.objects.order_by("pk").values_list("pk", "organisation", "domain")) == first
    assert Organisation.objects.count() == 382
    assert AuditEvent.objects.count() == 1


def test_three_pairs_of_councils_share_a_domain(db: None) -> None:
    call_command("load_councils", verbosity=0)

    for domain in ("adur-worthing.gov.uk", "southnorfolkandbroadland.gov.uk", "lewes-eastbourne.gov.uk"):
        assert Organisation.objects.with_address(f"a@{domain}").count() == 2


def test_a_council_that_changed_is_brought_up_to_date_at_its_old_address(db: None) -> None:
    load_register([row()])
    load_register([row(name="Exampleshire Council", gss_code="E10000099", govuk_slug="a-new-slug")])

    council = Organisation.objects.get()
    assert (council.name, council.gss_code, council.slug) == ("Exampleshire Council", "E10000099", "exampleshire")


def test_a_confirmed_domain_is_never_touched(db: None) -> None:
    load_register([row(web_domain="exampleshire.example.org")])
    domain = confirm_domain(OrganisationDomain.objects.get(), by=None)
    load_register([row(web_domain="other.example.org")])

    assert set(OrganisationDomain.objects.values_list("domain", "confirmed_at")) == {
        ("exampleshire.example.org", domain.confirmed_at),
        ("other.example.org", None),
    }


def test_a_domain_that_the_register_no_longer_gives_goes_unless_somebody_came_by_it(db: None) -> None:
    load_register([row(web_domain="one.example.org", web_domain_other="two.example.org")])
    two = OrganisationDomain.objects.get(domain="two.example.org")
    member = Member.objects.create_user("a@two.example.org")
    Admission.objects.create(member=member, rule=Admission.Rule.UNCONFIRMED_DOMAIN, domain=two, at=timezone.now())
    load_register([row()])

    assert [domain.domain for domain in OrganisationDomain.objects.all()] == ["two.example.org"]


def test_a_domain_in_capitals_is_kept_in_small_letters(db: None) -> None:
    load_register([row(web_domain="Exampleshire.Example.ORG")])

    assert OrganisationDomain.objects.get().domain == "exampleshire.example.org"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name\nA council\n", "no column"),
        ("la_code,name\n,A council\n", "needs a code"),
    ],
)
def test_a_file_that_is_no_register_says_what_is_wrong_and_changes_nothing(
    db: None, tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "councils.csv"
    file.write_text(text)

    with pytest.raises(CommandError, match=says):
        call_command("load_councils", str(file))
    assert not Organisation.objects.exists()


def test_a_domain_that_is_none_stops_the_whole_load(db: None) -> None:
    with pytest.raises(ValueError, match="has a domain that is none"):
        load_register([row(), row(la_code="XYY", govuk_slug="y", web_domain="not a domain")])
    assert not Organisation.objects.exists()
