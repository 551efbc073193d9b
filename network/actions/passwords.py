"""A password, for members who want one. Nobody needs it, and nobody resets it: a code from the mail always lets in."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from network import limits, notifications, permissions
from network.actions.audit import record
from network.actions.sessions import sign_out_elsewhere
from network.models import Member


def set_password(password: str, *, by: Member, this_session: str | None) -> None:
    """Sets or changes a member's own password, which passed the validators, and signs them out everywhere but in
    `this_session`. Raises Refused, LimitReached."""
    permissions.can_take_part(by).enforce()
    limits.SECURING.spend(by)
    with transaction.atomic():
        had = by.has_usable_password()
        by.set_password(password)
        by.save(update_fields=["password"])
        sign_out_elsewhere(by, this_one=this_session)
        record("changed password" if had else "set password", by, by=by)
        notifications.account_changed(by, "password_changed" if had else "password_set", now=timezone.now())


def remove_password(*, by: Member, this_session: str | None) -> None:
    """Leaves the code from the mail, and passkeys, as ways to sign in. Raises Refused, LimitReached."""
    permissions.can_remove_password(by).enforce()
    limits.SECURING.spend(by)
    with transaction.atomic():
        by.set_unusable_password()
        by.save(update_fields=["password"])
        sign_out_elsewhere(by, this_one=this_session)
        record("removed password", by, by=by)
        notifications.account_changed(by, "password_removed", now=timezone.now())
