from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from network import limits, permissions
from network.actions.audit import record
from network.models import Member, OrganisationDomain


def confirm_domain(domain: OrganisationDomain, *, by: Member | None, now: datetime | None = None) -> OrganisationDomain:
    """Says that addresses at this domain are those of this organisation's officers. Confirming again changes nothing.
    `by` None is the site's own set-up. Raises Refused, LimitReached."""
    if by is not None:
        permissions.can_confirm_domains(by).enforce()
        limits.CONFIRMING.spend(by, now=now)
    with transaction.atomic():
        domain = OrganisationDomain.objects.select_for_update(of=("self",)).get(pk=domain.pk)
        if not domain.is_confirmed:
            domain.confirmed_at, domain.confirmed_by = now or timezone.now(), by
            domain.save(update_fields=["confirmed_at", "confirmed_by"])
            record("confirmed domain", domain, by=by, domain=domain.domain, organisation=domain.organisation_id)
    return domain
