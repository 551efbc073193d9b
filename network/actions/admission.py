"""How an address becomes an account, and an account an officer: asked for, proved, let in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypedDict

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from network import notifications, permissions
from network.actions.audit import record
from network.actions.membership import restore_suspensions
from network.models import Admission, AdmissionRequest, Invitation, Member, Organisation, OrganisationDomain
from network.models.member import mailbox_of


class HasAccount(Exception):
    """Somebody has proved this address already: they sign in instead."""

    def __init__(self, member: Member) -> None:
        super().__init__(f"{member.email} has an account")
        self.member = member


class SignUp(TypedDict):
    """What was typed when signing up. It stays in that browser's session until the mailbox is proved there, so that a
    name which a stranger gives for somebody else's address goes nowhere."""

    email: str
    name: str
    organisation: int | None


def begin_sign_up(email: str, *, invitation: Invitation | None = None) -> Member:
    """Keeps an address that somebody typed, with nothing else about them and no right to anything, until it is proved.
    `invitation`: the one whose mail they came by. Raises Refused for a domain that nobody knows; HasAccount."""
    email = mailbox_of(email)
    permissions.can_sign_up(email, invitation).enforce()
    with transaction.atomic():
        known: Member | None = Member.objects.filter(email__iexact=email).first()
        if known is None:
            known, _ = Member.objects.get_or_create(email=email, defaults={"password": make_password(None)})
            EmailAddress.objects.get_or_create(user=known, email=email, defaults={"primary": True})
        elif not Member.objects.unproved().filter(pk=known.pk).exists():
            raise HasAccount(known)
    return known


def forget_unproved(*, now: datetime | None = None) -> int:
    """Deletes addresses that were typed more than a day ago and never proved; returns how many. Their codes ended after
    ten minutes."""
    long_ago = (now or timezone.now()) - timedelta(days=1)
    _, deleted = Member.objects.unproved().filter(date_joined__lt=long_ago).delete()
    return int(deleted.get("network.Member", 0))


def prove_mailbox(member: Member, told: SignUp | None) -> Admission | None:
    """Somebody has shown that a mailbox is theirs. Lets them in where its domain does. None: they may sign in, ask an
    administrator, and no more."""
    told = told if told and told["email"] == member.email else None
    name = told["name"] if told else ""
    chosen = told["organisation"] if told else None
    organisation = Organisation.objects.filter(pk=chosen).first() if chosen else None
    if not permissions.can_be_admitted(member, organisation):
        if name and not member.name:
            # An invitation, or a person, may let them in later; then they have a name.
            member.name = name
            member.save(update_fields=["name"])
        return None
    return admit(member, name=name, organisation=organisation)


def admit(
    member: Member, *, name: str = "", organisation: Organisation | None = None, now: datetime | None = None
) -> Admission:
    """Lets in somebody whose mailbox is proved, by the rule for its domain, and says of which organisation and as what.
    `organisation` None where the domain leaves no choice. Once: a second time gives back the first admission. Raises
    Refused."""
    return _admit(member, name=name, organisation=organisation, by=None, note="", now=now)


def admit_listed(member: Member, *, name: str, organisation: Organisation, by: Member | None, note: str) -> Admission:
    """Part of a verb: like `admit`, for somebody who has still to prove the mailbox; `by` answers for that, with a
    note. Raises Refused."""
    return _admit(member, name=name, organisation=organisation, by=by, note=note, now=None)


def _admit(
    member: Member, *, name: str, organisation: Organisation | None, by: Member | None, note: str, now: datetime | None
) -> Admission:
    now = now or timezone.now()
    permissions.can_be_admitted(member, organisation).enforce()
    with transaction.atomic():
        domains = OrganisationDomain.objects.for_address(member.email).select_related("organisation")
        domain = domains.get(organisation=organisation) if organisation else domains.get()
        rule = Admission.Rule.CONFIRMED_DOMAIN if domain.is_confirmed else Admission.Rule.UNCONFIRMED_DOMAIN
        admission, is_new = Admission.objects.get_or_create(
            member=member, defaults={"rule": rule, "domain": domain, "by": by, "note": note, "at": now}
        )
        if is_new:
            member.name = name or member.name
            member.organisation = domain.organisation
            member.kind = domain.kind
            member.save(update_fields=["name", "organisation", "kind"])
            record("admitted", member, by=by, rule=str(rule), domain=domain.domain, kind=domain.kind)
            _settle_request(member, now)
            restore_suspensions(member, now=now)
    return admission


def admit_invited(invitation: Invitation, member: Member, *, now: datetime | None = None) -> Admission:
    """Part of a verb: lets in somebody whose domain is none that we know, because a facilitator invited them and said
    why. They are what the invitation calls them: officer, partner or supplier."""
    now = now or timezone.now()
    admission = Admission.objects.create(
        member=member,
        rule=Admission.Rule.INVITATION,
        invitation=invitation,
        by=invitation.by,
        note=invitation.note,
        at=now,
    )
    member.kind, member.organisation = invitation.kind, invitation.organisation or member.organisation
    member.save(update_fields=["kind", "organisation"])
    waiting = AdmissionRequest.objects.filter(member=member, state=AdmissionRequest.State.WAITING)
    waiting.update(state=AdmissionRequest.State.ADMITTED, decided_at=now, decided_by=invitation.by)
    record("admitted", member, by=None, rule=str(admission.rule), invitation=invitation.pk, kind=str(member.kind))
    restore_suspensions(member, now=now)
    return admission


def _settle_request(member: Member, now: datetime) -> None:
    """They had asked an administrator; meanwhile a rule has come to know their domain."""
    asked = AdmissionRequest.objects.filter(member=member, state=AdmissionRequest.State.WAITING).first()
    if asked is not None:
        asked.state, asked.decided_at = AdmissionRequest.State.ADMITTED, now
        asked.save(update_fields=["state", "decided_at"])
        notifications.admission_decided(asked, now=now)


def open_account(
    email: str,
    *,
    name: str,
    organisation: Organisation | None = None,
    job_title: str = "",
    now: datetime | None = None,
) -> Member:
    """An account that the site itself opens, its mailbox taken for proved: demonstration content and first set-up. An
    account already there is given back as it is. Raises Refused for a domain that nobody knows."""
    with transaction.atomic():
        try:
            member = begin_sign_up(email)
        except HasAccount as known:
            return known.member
        EmailAddress.objects.filter(user=member).update(verified=True)
        member.date_joined = now or timezone.now()
        member.mailbox_proved_at = timezone.now()
        member.job_title = job_title
        member.save(update_fields=["date_joined", "mailbox_proved_at", "job_title"])
        admit(member, name=name, organisation=organisation, now=now)
    return member
