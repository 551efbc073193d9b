from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from network import limits, permissions
from network.actions.audit import record
from network.actions.domains import confirm_domain
from network.models import Admission, Invitation, Member, Organisation, OrganisationDomain
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
    A council that was merged into another here is left as it is, for the register may not know of that yet.
    Raises ValueError for a row without code or name, or with a domain that is none."""
    rows = list(rows)
    with transaction.atomic():
        merged = set(Organisation.objects.exclude(succeeded_by=None).values_list("la_code", flat=True))
        rows = [row for row in rows if row["la_code"] not in merged]
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
    name: str,
    *,
    by: Member | None,
    short_name: str = "",
    slug: str = "",
    domains: Sequence[str] = (),
    kind: str = "",
    region: str = "",
    starts_on: date | None = None,
    ends_on: date | None = None,
    now: datetime | None = None,
) -> Organisation:
    """Makes an organisation that is not of the register, its domains confirmed by whoever adds it. Gives back the one
    that is there, as it is: that has this slug or, where none is given, the current one of this name. `by` None is the
    site's own set-up. Raises Refused, LimitReached."""
    if by is not None:
        permissions.can_add_organisation(by).enforce()
        limits.CREATING.spend(by, now=now)
    with transaction.atomic():
        there = None if slug else Organisation.objects.current().filter(name__iexact=name).first()
        if there is not None:
            return there
        organisation, is_new = Organisation.objects.get_or_create(
            slug=slug or _free_slug(short_name or name),
            defaults={
                "name": name,
                "short_name": short_name or name[:100],
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


def _free_slug(name: str) -> str:
    wanted = slugify(name)[:100] or "organisation"
    taken = set(Organisation.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (wanted, *numbered) if slug not in taken)


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


@dataclass(frozen=True, slots=True)
class Merged:
    """What merging moved."""

    organisations: int
    members: int
    domains: int


@dataclass(frozen=True, slots=True)
class Ending:
    """An organisation that would end, and how much would move."""

    organisation: Organisation
    members: int
    domains: int
    confirmed: int


def what_would_merge(old: Sequence[Organisation], *, into: Organisation) -> list[Ending]:
    """What merging would do to each; nothing for those that were merged into it already. Raises Refused where they
    cannot be merged."""
    for organisation in old:
        permissions.can_be_succeeded(organisation, into).enforce()
    ending = [organisation for organisation in old if organisation.succeeded_by_id is None]
    members = Counter(Member.objects.filter(organisation__in=ending).values_list("organisation", flat=True))
    domains = list(OrganisationDomain.objects.filter(organisation__in=ending))
    return [
        Ending(
            organisation,
            members=members[organisation.pk],
            domains=sum(domain.organisation_id == organisation.pk for domain in domains),
            confirmed=sum(domain.organisation_id == organisation.pk and domain.is_confirmed for domain in domains),
        )
        for organisation in ending
    ]


def merge_organisations(
    old: Sequence[Organisation], *, into: Organisation, by: Member | None, ends_on: date | None = None
) -> Merged:
    """Several organisations end in one, which their members work for from now on and whose domains theirs become, as
    confirmed as they are. Of a domain that more than one of them has, one row stays, confirmed where one was. What was
    written stays with the organisation that its author had then. `ends_on`: the first day on which they are no more,
    not after today; without, today, or the day that the register gave where that has passed. Merging again changes
    nothing. `by` None is the command line. Raises Refused, LimitReached."""
    if by is not None:
        permissions.can_change_organisation(by).enforce()
        limits.MERGING.spend(by)
    today = timezone.localdate()
    with transaction.atomic():
        # All in one order, so that two merges at once cannot lock each other out.
        keys = {organisation.pk for organisation in (*old, into)}
        locked = {one.pk: one for one in Organisation.objects.select_for_update().filter(pk__in=keys).order_by("pk")}
        into = locked[into.pk]
        ending = [locked[key] for key in dict.fromkeys(organisation.pk for organisation in old)]
        for organisation in ending:
            permissions.can_be_succeeded(organisation, into).enforce()
        ending = [organisation for organisation in ending if organisation.succeeded_by_id is None]
        members = Member.objects.filter(organisation__in=ending).update(organisation=into)
        Invitation.objects.open().filter(organisation__in=ending).update(organisation=into)
        domains = sum(_move_domains(organisation, into) for organisation in ending)
        for organisation in ending:
            organisation.succeeded_by = into
            last = organisation.ends_on if organisation.ends_on and organisation.ends_on <= today else today
            organisation.ends_on = min(ends_on, today) if ends_on else last
            organisation.save(update_fields=["succeeded_by", "ends_on"])
            record("merged organisation", organisation, by=by, into=into.pk)
    return Merged(len(ending), members, domains)


def _move_domains(old: Organisation, into: Organisation) -> int:
    """How many domains `into` has more, or confirmed, than before. A moved one counts as added by a person: the
    register gives it to the old organisation, and would take it away again."""
    moved = 0
    has = {row.domain: row for row in OrganisationDomain.objects.select_for_update().filter(organisation=into)}
    for row in OrganisationDomain.objects.select_for_update().filter(organisation=old):
        there = has.get(row.domain)
        if there is None:
            row.organisation, row.source = into, OrganisationDomain.Source.PERSON
            row.save(update_fields=["organisation", "source"])
            moved += 1
            continue
        if row.is_confirmed and not there.is_confirmed:
            there.confirmed_at, there.confirmed_by = row.confirmed_at, row.confirmed_by
            there.save(update_fields=["confirmed_at", "confirmed_by"])
            moved += 1
        Admission.objects.filter(domain=row).update(domain=there)
        row.delete()
    return moved


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
