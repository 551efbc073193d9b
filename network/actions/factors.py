"""Second factors and passkeys: how a member gets one, names it, and takes it away."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt, encrypt
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.db import transaction
from django.utils import timezone

from network import limits, notifications, permissions
from network.actions.audit import record
from network.models import Member

KINDS: dict[str, str] = {
    Authenticator.Type.TOTP.value: "app",
    Authenticator.Type.WEBAUTHN.value: "passkey",
    Authenticator.Type.RECOVERY_CODES.value: "recovery codes",
}


def enrol_app(member: Member, secret: str, *, by: Member | None) -> Authenticator:
    """Keeps the secret that an authenticator app shares with us, encrypted. The member has shown a right code. `by`
    None: the site itself, for a demonstration. Raises Refused, LimitReached."""
    if by is not None:
        permissions.can_enrol_app(by, member).enforce()
        limits.SECURING.spend(by)
    with transaction.atomic():
        _lock(member)
        permissions.can_enrol_app(member, member).enforce()
        factor: Authenticator = TOTP.activate(member, secret).instance
        _record_new(factor, member, by=by, mail="app_added" if by else "")
    return factor


def add_passkey(name: str, credential: dict[str, Any], *, by: Member) -> Authenticator:
    """Keeps the public half of a passkey. The credential was checked against the challenge. Raises Refused,
    LimitReached."""
    permissions.can_add_passkey(by).enforce()
    limits.SECURING.spend(by)
    with transaction.atomic():
        _lock(by)
        permissions.can_add_passkey(by).enforce()
        passkey: Authenticator = WebAuthn.add(by, name, credential).instance
        _record_new(passkey, by, by=by, mail="passkey_added")
    return passkey


def rename_passkey(passkey: Authenticator, name: str, *, by: Member) -> None:
    """Raises Refused, LimitReached."""
    permissions.can_change_factor(by, passkey.user_id).enforce()
    limits.SECURING.spend(by)
    with transaction.atomic():
        passkey.data["name"] = name
        passkey.save(update_fields=["data"])
        record("renamed passkey", passkey, by=by)


def remove_factor(factor: Authenticator, *, by: Member) -> None:
    """Takes an app or a passkey away; with the last of them the recovery codes go too. Raises Refused, LimitReached."""
    permissions.can_change_factor(by, factor.user_id).enforce()
    limits.SECURING.spend(by)
    with transaction.atomic():
        record("removed second factor", factor, by=by, kind=KINDS[factor.type])
        kind = "app" if factor.type == Authenticator.Type.TOTP else "passkey"
        factor.delete()
        theirs = Authenticator.objects.filter(user=by)
        if not theirs.exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
            theirs.delete()
        notifications.account_changed(by, f"{kind}_removed", now=timezone.now())


def make_recovery_codes(*, by: Member) -> list[str]:
    """New codes, each good for one sign-in; the old ones end. They are given back this once. Raises Refused,
    LimitReached."""
    permissions.can_make_recovery_codes(by).enforce()
    limits.SECURING.spend(by)
    with transaction.atomic():
        _lock(by)
        had, _ = Authenticator.objects.filter(user=by, type=Authenticator.Type.RECOVERY_CODES).delete()
        made = RecoveryCodes.activate(by)
        record("made recovery codes", made.instance, by=by)
        if had:
            notifications.account_changed(by, "recovery_codes_made", now=timezone.now())
    codes: list[str] = made.generate_codes()
    return codes


def reencrypt_secrets() -> int:
    """Encrypts all secrets with the first of the keys; says how many. Raises WrongKey."""
    count = 0
    with transaction.atomic():
        for factor in Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN):
            for name in {"secret", "seed"} & factor.data.keys():
                factor.data[name] = encrypt(decrypt(factor.data[name]))
                count += 1
            factor.save(update_fields=["data"])
    return count


def _lock(member: Member) -> None:
    """Two presses of a button make one factor."""
    list(Member.objects.select_for_update(no_key=True).filter(pk=member.pk))


def _record_new(factor: Authenticator, member: Member, *, by: Member | None, mail: str) -> None:
    record("added second factor", factor, by=by, kind=KINDS[factor.type])
    if mail:
        notifications.account_changed(member, mail, now=timezone.now())
