"""What facilitators do about how somebody writes in their network, short of shutting them out
(`network.actions.membership.suspend_member`): a warning, and a time in which they read on and write nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from network import limits, notifications, permissions
from network.actions.audit import record
from network.actions.membership import forget_marks, hold_membership, keep_until, lock_own, remember
from network.models import Member, Membership, MembershipEvent, StandingSanction

Kind = MembershipEvent.Kind
SILENCED = StandingSanction.Kind.SILENCED

LONGEST = timedelta(days=30)  # whoever is to be silent for longer is suspended


def warn_member(membership: Membership, *, by: Member, words: str, now: datetime | None = None) -> Membership:
    """Tells somebody what was not right, in words that they read and that stay in the history of their membership; it
    changes nothing else. The same words of the same facilitator again are the same warning. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_end(by, membership).enforce()
    limits.MANAGING.spend(by, now=now)
    with transaction.atomic():
        membership = _hold(membership)
        permissions.can_end(by, membership).enforce()
        if _is_said(membership, Kind.WARNED, by=by, words=words):
            return membership
        event = remember(membership, Kind.WARNED, by=by, words=words, now=now)
        record("warned", membership, by=by, network=membership.network)
        notifications.membership_changed(event, now=now)
    return membership


def silence_member(
    membership: Membership, *, until: datetime, by: Member, words: str, now: datetime | None = None
) -> Membership:
    """Has somebody read on and write nothing in a network until then, with words that they read. It ends by itself. The
    button pressed twice is once. Raises Refused, LimitReached, ValidationError."""
    now = now or timezone.now()
    permissions.can_end(by, membership).enforce()
    limits.MANAGING.spend(by, now=now)
    if not now < until <= now + LONGEST + timedelta(minutes=1):
        raise ValidationError(f"Somebody can be asked not to write for at most {LONGEST.days} days")
    if not words.strip():
        raise ValidationError("Enter what we should tell them")
    with transaction.atomic():
        # Waits for what they are just writing: after this, nothing more of theirs comes.
        membership = _hold(membership)
        if membership.is_silent(now) and _is_said(membership, Kind.SILENCED, by=by, words=words):
            return membership
        permissions.can_silence(by, membership, now=now).enforce()
        membership.silent_until, membership.silent_reason = until, words
        membership.save(update_fields=["silent_until", "silent_reason"])
        keep_until(membership, SILENCED, until, now=now)
        event = remember(membership, Kind.SILENCED, by=by, words=words, until=until, now=now)
        record("silenced", membership, by=by, network=membership.network, until=until.isoformat())
        notifications.membership_changed(event, now=now)
    return membership


def lift_silence(membership: Membership, *, by: Member, words: str = "", now: datetime | None = None) -> Membership:
    """Lets somebody write again before the time is over. Safe to repeat. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_lift_silence(by, membership).enforce()
    limits.MANAGING.spend(by, now=now)
    with transaction.atomic():
        membership = hold_membership(membership)
        permissions.can_lift_silence(by, membership).enforce()
        if not membership.is_silent(now):
            return membership
        membership.silent_until, membership.silent_reason = None, ""
        membership.save(update_fields=["silent_until", "silent_reason"])
        forget_marks(membership, SILENCED)
        event = remember(membership, Kind.UNSILENCED, by=by, words=words, now=now)
        record("let write again", membership, by=by, network=membership.network)
        notifications.membership_changed(event, now=now)
    return membership


def _hold(membership: Membership) -> Membership:
    lock_own(membership.network, membership.member)
    return hold_membership(membership)


def _is_said(membership: Membership, kind: str, *, by: Member, words: str) -> bool:
    """Whether the last step of the membership is this one, by them and in these words."""
    last = MembershipEvent.objects.filter(membership=membership).last()
    return last is not None and (last.kind, last.by_id, last.words) == (kind, by.pk, words)
