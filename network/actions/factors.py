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
from network.adapters import WrongKey
from network.models import Member


class SecretsOfAnotherKey(Exception):
    """The database was made with an encryption key that this process does not have."""

    def __init__(self) -> None:
        super().__init__(
            "Secrets of second factors in this database were encrypted with another key, so nobody who has one could "
            "sign in. Put that key into GUILDHALL_ENCRYPTION_KEY, or its file encryption-key into GUILDHALL_VAR; where "
            "it is lost for good, run `manage.py reencrypt_secrets --forget-unreadable`, and those members set up "
            "theirs anew."
        )


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


def _secrets_of(factor: Authenticator) -> set[str]:
    return {name for name in ("secret", "seed") if name in factor.data}


def check_secrets() -> None:
    """Raises SecretsOfAnotherKey where one cannot be read."""
    for factor in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).iterator():
        try:
            for name in _secrets_of(factor):
                decrypt(factor.data[name])
        except WrongKey as problem:
            raise SecretsOfAnotherKey from problem


def reencrypt_secrets(*, forget_unreadable: bool = False) -> tuple[int, int]:
    """The site's own upkeep: encrypts all secrets with the first of the keys; says how many, and how many factors were
    forgotten because no key reads them. Raises SecretsOfAnotherKey where there are such and they are to be kept."""
    done = forgotten = 0
    with transaction.atomic():
        for factor in Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN):
            try:
                factor.data |= {name: encrypt(decrypt(factor.data[name])) for name in _secrets_of(factor)}
            except WrongKey as problem:
                if not forget_unreadable:
                    raise SecretsOfAnotherKey from problem
                record("removed second factor", factor, by=None, kind=KINDS[factor.type], reason="key lost")
                factor.delete()
                forgotten += 1
                continue
            factor.save(update_fields=["data"])
            done += 1
    return done, forgotten


def _lock(member: Member) -> None:
    """Two presses of a button make one factor."""
    list(Member.objects.select_for_update(no_key=True).filter(pk=member.pk))


def _record_new(factor: Authenticator, member: Member, *, by: Member | None, mail: str) -> None:
    record("added second factor", factor, by=by, kind=KINDS[factor.type])
    if mail:
        notifications.account_changed(member, mail, now=timezone.now())
