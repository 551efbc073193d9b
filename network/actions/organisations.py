from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from network import limits, permissions
from network.actions.audit import record
from network.actions.domains import confirm_domain
from network.models import Member, Organisation, OrganisationDomain
from network.models.organisation import domain_of


@dataclass(frozen=True, slots=True)
class LoadedRegister:
    councils: int
    new_councils: int
    new_domains: int


def load_register(rows: Iterable[Mapping[str, str]]) -> LoadedRegister:
    """Brings the councils and their unconfirmed domains up to date with a register, whose columns are those of
    `management/data/councils.csv`. A council is known by its `la_code`; its address here stays what it was. A confirmed
    domain is never touched; an unconfirmed one that the register no longer gives goes, unless somebody came by it.
    Raises ValueError for a row without code or name, or with a domain that is none."""
    rows = list(rows)
    with transaction.atomic():
        before = set(Organisation.objects.exclude(la_code=None).values_list("la_code", flat=True))
        councils = [_council(row) for row in rows]
        Organisation.objects.bulk_create(
            councils,
            update_conflicts=True,
            unique_fields=["la_code"],
            update_fields=[
                "name",
                "short_name",
                "gss_code",
                "kind",
                "tier",
                "nation",
                "region",
                "combined_authority",
                "homepage",
                "starts_on",
                "ends_on",
            ],
        )
        ids = dict(Organisation.objects.exclude(la_code=None).values_list("la_code", "pk"))
        given = {(ids[row["la_code"]], domain) for row in rows for domain in _domains(row)}
        ours = OrganisationDomain.objects.filter(organisation__in={ids[row["la_code"]] for row in rows})
        there = set(ours.values_list("organisation_id", "domain"))
        new = sorted(given - there)
        OrganisationDomain.objects.bulk_create(
            OrganisationDomain(organisation_id=organisation, domain=domain, source=OrganisationDomain.Source.REGISTER)
            for organisation, domain in new
        )
        untouched = ours.unconfirmed().filter(source=OrganisationDomain.Source.REGISTER, admissions=None)
        gone = [domain.pk for domain in untouched if (domain.organisation_id, domain.domain) not in given]
        OrganisationDomain.objects.filter(pk__in=gone).delete()
        loaded = LoadedRegister(len(rows), len({row["la_code"] for row in rows} - before), len(new))
        if loaded.new_councils or loaded.new_domains or gone:
            record(
                "loaded the register",
                Organisation,
                by=None,
                new_councils=loaded.new_councils,
                new_domains=loaded.new_domains,
                domains_gone=len(gone),
            )
    return loaded


def add_organisation(
    *,
    slug: str,
    name: str,
    short_name: str,
    by: Member | None,
    domains: Sequence[str] = (),
    kind: str = "",
    region: str = "",
    starts_on: date | None = None,
    ends_on: date | None = None,
    now: datetime | None = None,
) -> Organisation:
    """Makes an organisation that is not of the register, its domains confirmed by whoever adds it; or gives back the
    one that has this slug, as it is. `by` None is the site's own set-up. Raises Refused, LimitReached."""
    if by is not None:
        permissions.can_add_organisation(by).enforce()
        limits.CREATING.spend(by, now=now)
    with transaction.atomic():
        organisation, is_new = Organisation.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "short_name": short_name,
                "kind": kind,
                "region": region,
                "starts_on": starts_on,
                "ends_on": ends_on,
            },
        )
        if is_new:
            record("added organisation", organisation, by=by)
            for domain in domains:
                row = OrganisationDomain.objects.create(
                    organisation=organisation, domain=domain.lower(), source=OrganisationDomain.Source.PERSON
                )
                confirm_domain(row, by=by, now=now)
    return organisation


CHANGEABLE = ("name", "short_name", "kind", "region", "starts_on", "ends_on")


def change_organisation(organisation: Organisation, *, by: Member, **fields: Any) -> Organisation:
    """Changes some of the facts of an organisation, those in CHANGEABLE. Changes nothing where nothing differs. Raises
    Refused, LimitReached, TypeError for another field."""
    permissions.can_change_organisation(by).enforce()
    limits.CHANGING.spend(by)
    if unknown := fields.keys() - set(CHANGEABLE):
        raise TypeError(f"This is not changed here: {', '.join(sorted(unknown))}.")
    with transaction.atomic():
        organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        changed = sorted(name for name, value in fields.items() if getattr(organisation, name) != value)
        if changed:
            for name in changed:
                setattr(organisation, name, fields[name])
            organisation.save(update_fields=changed)
            record("changed organisation", organisation, by=by, fields=changed)
    return organisation


def _council(row: Mapping[str, str]) -> Organisation:
    if not row["la_code"] or not row["name"]:
        raise ValueError(f"A council needs a code and a name: {dict(row)}")
    return Organisation(
        la_code=row["la_code"],
        slug=row["govuk_slug"],
        name=row["name"],
        short_name=row["short_name"],
        gss_code=row["gss_code"],
        kind=row["type"],
        tier=row["tier"],
        nation=row["nation"],
        region=row["region"],
        combined_authority=row["combined_authority"],
        homepage=f"https://{row['homepage_host']}/" if row["homepage_host"] else "",
        starts_on=date.fromisoformat(row["start_date"]) if row["start_date"] else None,
        ends_on=date.fromisoformat(row["ends_on"]) if row["ends_on"] else None,
    )


def _domains(row: Mapping[str, str]) -> list[str]:
    """Those of the council's own site: a guess at its mail, which is why they load as unconfirmed."""
    domains = []
    for written in filter(None, (row["web_domain"], row["web_domain_other"])):
        domain = domain_of(f"anybody@{written}")
        if not domain:
            raise ValueError(f"{row['name']} has a domain that is none: {written!r}")
        domains.append(domain)
    return domains
