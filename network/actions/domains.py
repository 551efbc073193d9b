from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from network import limits, notifications, permissions
from network.actions.admission import admit
from network.actions.audit import record
from network.models import AdmissionRequest, Member, Organisation, OrganisationDomain


def confirm_domain(domain: OrganisationDomain, *, by: Member | None, now: datetime | None = None) -> OrganisationDomain:
    """Says that addresses at this domain are those of this organisation's officers, and tells those who came by it.
    Confirming again changes nothing. `by` None is the site's own set-up. Raises Refused, LimitReached."""
    now = now or timezone.now()
    if by is not None:
        permissions.can_confirm_domains(by).enforce()
        limits.CONFIRMING.spend(by, now=now)
    with transaction.atomic():
        domain = _locked(domain)
        if not domain.is_confirmed:
            domain.confirmed_at, domain.confirmed_by = now, by
            domain.save(update_fields=["confirmed_at", "confirmed_by"])
            record("confirmed domain", domain, by=by, domain=domain.domain, organisation=domain.organisation_id)
            notifications.domain_confirmed(domain, now=now)
    return domain


def take_confirmation_back(domain: OrganisationDomain, *, by: Member) -> OrganisationDomain:
    """It was confirmed by mistake. Whoever came by it is let into no further network that is joined by request; where
    facilitators have let them in meanwhile, they stay. Raises Refused, LimitReached."""
    permissions.can_confirm_domains(by).enforce()
    limits.DOMAINS.spend(by)
    with transaction.atomic():
        domain = _locked(domain)
        if domain.is_confirmed:
            domain.confirmed_at = domain.confirmed_by = None
            domain.save(update_fields=["confirmed_at", "confirmed_by"])
            record("took confirmation back", domain, by=by, domain=domain.domain, organisation=domain.organisation_id)
    return domain


def add_domain(
    organisation: Organisation,
    domain: str,
    *,
    by: Member,
    kind: str = Member.Kind.OFFICER,
    is_confirmed: bool = False,
    now: datetime | None = None,
) -> OrganisationDomain:
    """Gives an organisation a mail domain, as `domain_of` writes it. Lets in at once those who wait for an
    administrator's answer with an address there, where the domain leaves no choice of organisation. One that it has
    already is given back as it is, but for being confirmed. Raises Refused, LimitReached."""
    permissions.can_confirm_domains(by).enforce()
    permissions.can_work_for(organisation).enforce()
    limits.DOMAINS.spend(by, now=now)
    with transaction.atomic():
        row, is_new = OrganisationDomain.objects.get_or_create(
            organisation=organisation,
            domain=domain,
            defaults={"source": OrganisationDomain.Source.PERSON, "kind": kind},
        )
        if is_new:
            record("added domain", row, by=by, domain=domain, organisation=organisation.pk, kind=str(kind))
        if is_confirmed:
            row = confirm_domain(row, by=by, now=now)
        if is_new:
            _let_in_who_waits(row, now=now)
    return row


def _let_in_who_waits(domain: OrganisationDomain, *, now: datetime | None) -> None:
    waiting = AdmissionRequest.objects.waiting().filter(member__email__iendswith=f"@{domain.domain}")
    for request in waiting.select_related("member"):
        if permissions.can_be_admitted(request.member, None):
            admit(request.member, now=now)


def set_domain_kind(domain: OrganisationDomain, kind: str, *, by: Member) -> OrganisationDomain:
    """Says what whoever comes by this domain is: an officer, a partner or a supplier. Holds for those who came by it
    already too; their memberships stay. Raises Refused, LimitReached."""
    permissions.can_confirm_domains(by).enforce()
    limits.DOMAINS.spend(by)
    with transaction.atomic():
        domain = _locked(domain)
        if domain.kind != kind:
            had = domain.kind
            domain.kind = kind
            domain.save(update_fields=["kind"])
            people = Member.objects.filter(admission__domain=domain).exclude(kind=kind).update(kind=kind)
            record("set kind of domain", domain, by=by, domain=domain.domain, had=had, has=str(kind), people=people)
    return domain


def remove_domain(domain: OrganisationDomain, *, by: Member) -> None:
    """Takes away a domain by which nobody came. Raises Refused, LimitReached."""
    permissions.can_remove_domain(by, domain).enforce()
    limits.DOMAINS.spend(by)
    with transaction.atomic():
        domain = _locked(domain)
        permissions.can_remove_domain(by, domain).enforce()
        record("removed domain", domain, by=by, domain=domain.domain, organisation=domain.organisation_id)
        domain.delete()


def _locked(domain: OrganisationDomain) -> OrganisationDomain:
    """Raises DoesNotExist where somebody removed it meanwhile."""
    return OrganisationDomain.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=domain.pk)
