"""What administrators decide about an account. Each decision has its reason, in `AccountEvent`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from network import limits, permissions
from network.actions.access import end_access_of, shut_out
from network.actions.audit import record
from network.actions.mail import owe_mail
from network.actions.membership import remember
from network.models import (
    AccountEvent,
    AuditEvent,
    Member,
    Membership,
    MembershipEvent,
    Organisation,
)

LOOK_LASTS = timedelta(hours=1)


def suspend_account(member: Member, *, by: Member, reason: str, now: datetime | None = None) -> Member:
    """Ends somebody's access to everything, in open windows too, and tells them why by mail. Memberships stay as they
    are and hold again with the account. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_suspend_account(by, member).enforce()
    limits.CHANGING_ACCOUNTS.spend(by, now=now)
    with transaction.atomic():
        by, member = _locked(by, member)
        permissions.can_suspend_account(by, member).enforce()
        member.is_active, member.inactive_because = False, Member.Inactive.SUSPENDED
        member.save(update_fields=["is_active", "inactive_because"])
        event = _decided(member, AccountEvent.Kind.SUSPENDED, by=by, words=reason, now=now)
        record("suspended account", member, by=by)
        end_access_of(member)
        owe_mail("account_suspended", member, period=str(event.pk), object_id=event.pk, now=now)
    return member


def reinstate_account(member: Member, *, by: Member, reason: str, now: datetime | None = None) -> Member:
    """Gives a suspended account back to its owner, with the memberships that it had, and tells them by mail. Raises
    Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_reinstate_account(by, member).enforce()
    limits.CHANGING_ACCOUNTS.spend(by, now=now)
    with transaction.atomic():
        by, member = _locked(by, member)
        permissions.can_reinstate_account(by, member).enforce()
        member.is_active, member.inactive_because = True, ""
        member.save(update_fields=["is_active", "inactive_because"])
        event = _decided(member, AccountEvent.Kind.REINSTATED, by=by, words=reason, now=now)
        record("reinstated account", member, by=by)
        owe_mail("account_reinstated", member, period=str(event.pk), object_id=event.pk, now=now)
    return member


def correct_account(
    member: Member,
    *,
    by: Member,
    organisation: Organisation | None,
    kind: str,
    reason: str,
    now: datetime | None = None,
) -> Member:
    """Says for whom somebody works, and what they are: officer, partner or supplier. What they wrote keeps the
    organisation of its time. Who is no officer any more leaves all networks, for such people come by invitation alone.
    Changes nothing where nothing differs. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_change_accounts(by).enforce()
    limits.CHANGING_ACCOUNTS.spend(by, now=now)
    with transaction.atomic():
        by, member = _locked(by, member)
        permissions.can_change_accounts(by).enforce()
        before = {"organisation": member.organisation_id, "kind": str(member.kind)}
        after = {"organisation": organisation.pk if organisation else None, "kind": str(kind)}
        if before == after:
            return member
        member.organisation, member.kind = organisation, kind
        member.save(update_fields=["organisation", "kind"])
        _decided(member, AccountEvent.Kind.CORRECTED, by=by, words=reason, now=now)
        record("corrected account", member, by=by, had=before, has=after)
        if before["kind"] == Member.Kind.OFFICER != after["kind"]:
            _leave_all_networks(member, by=by, now=now)
    return member


def look_up(what: Member | type[Member], *, by: Member, now: datetime | None = None) -> None:
    """Writes down that an administrator looked at an account, or through the list of all: once in an hour each. Raises
    Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_see_accounts(by).enforce()
    limits.LOOKING_UP.spend(by, now=now)
    verb = "searched accounts" if isinstance(what, type) else "looked at account"
    seen = AuditEvent.objects.filter(actor_id=by.pk, verb=verb, at__gt=now - LOOK_LASTS)
    if not isinstance(what, type):
        seen = seen.filter(object_id=str(what.pk))
    if not seen.exists():
        with transaction.atomic():
            record(verb, what, by=by)


def _leave_all_networks(member: Member, *, by: Member, now: datetime) -> None:
    held = (Membership.State.ACTIVE, Membership.State.REQUESTED)
    for membership in Membership.objects.select_for_update().filter(member=member, state__in=held).order_by("network"):
        was_active, facilitated = membership.is_active, membership.is_facilitator
        membership.state, membership.role = Membership.State.LEFT, Membership.Role.MEMBER
        membership.save(update_fields=["state", "role"])
        remember(membership, MembershipEvent.Kind.REMOVED, by=by, now=now)
        if was_active:
            shut_out(membership, facilitated=facilitated)


def _locked(by: Member, member: Member) -> tuple[Member, Member]:
    """Both as they are now. All administrators are locked, so that of two who take each other's rights at once the
    second has lost its own by then."""
    list(Member.objects.administrators().select_for_update(no_key=True).order_by("pk"))
    member = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    return Member.objects.get(pk=by.pk), member


def _decided(member: Member, kind: str, *, by: Member, words: str, now: datetime) -> AccountEvent:
    return AccountEvent.objects.create(member=member, kind=kind, by=by, words=words, at=now)
