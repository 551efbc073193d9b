"""The address that a member signs in with: how it becomes another. The member stays who they are."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from network import limits, notifications, permissions, signals
from network.actions.admission import admit
from network.actions.audit import record
from network.actions.membership import keep_sanctions
from network.actions.sessions import sign_out_elsewhere
from network.models import Admission, Member, Organisation, OrganisationDomain
from network.models.organisation import domain_of
from network.permissions import Refused


def change_address(
    email: str,
    *,
    by: Member,
    this_session: str | None,
    organisation: Organisation | None = None,
    now: datetime | None = None,
) -> Member:
    """Gives a member the address that they have just proved to be theirs, and the organisation to which its domain
    belongs; signs them out everywhere but in `this_session`, for whoever came by the old mailbox is not asked again.
    `organisation` None where the domain leaves no choice. Tells the old address. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_move_to(by, email, organisation).enforce()
    limits.MOVING.spend(by, now=now)
    with transaction.atomic():
        member: Member = Member.objects.select_for_update(no_key=True).get(pk=by.pk)
        permissions.can_move_to(member, email, organisation).enforce()
        # Whoever typed it into the sign-up form has not proved it, and now somebody else has.
        Member.objects.unproved().filter(email__iexact=email).delete()
        if Member.objects.filter(email__iexact=email).exists():
            raise Refused("There is another account with this address.")
        domains = OrganisationDomain.objects.for_address(email).select_related("organisation")
        domain = domains.get(organisation=organisation) if organisation else domains.get()
        was, had = member.email, member.organisation_id
        member.email, member.organisation = email, domain.organisation
        member.mailbox_proved_at, member.mailbox_asked_at, member.mail_bounced_at = now, None, None
        proof = ["mailbox_proved_at", "mailbox_asked_at", "mail_bounced_at"]
        member.save(update_fields=["email", "organisation", *proof])
        EmailAddress.objects.filter(user=member).delete()
        EmailAddress.objects.create(user=member, email=email, verified=True, primary=True)
        if Admission.objects.filter(member=member).exists():
            _readmit(member, domain, now=now)
        else:
            admit(member, organisation=organisation, now=now)
        keep_sanctions(member, was, now=now)
        signals.address_changed.send(Member, member=member, was=was)
        sign_out_elsewhere(member, this_one=this_session)
        record(
            "changed address",
            member,
            by=by,
            from_domain=domain_of(was),
            to_domain=domain.domain,
            from_organisation=had,
            to_organisation=domain.organisation_id,
        )
        notifications.account_changed(member, "address_changed", to=was, now=now)
    return member


def _readmit(member: Member, domain: OrganisationDomain, *, now: datetime) -> None:
    """They are here by the new domain from now on; with one that nobody has confirmed, no further than it admits."""
    rule = Admission.Rule.CONFIRMED_DOMAIN if domain.is_confirmed else Admission.Rule.UNCONFIRMED_DOMAIN
    Admission.objects.filter(member=member).update(rule=rule, domain=domain, by=None, note="", at=now)
