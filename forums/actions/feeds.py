"""The private addresses of a member's feeds."""

from __future__ import annotations

import uuid

from django.core.signing import Signer
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from forums import limits
from forums.models import FeedKey
from network.actions.audit import record
from network.models import Member
from network.permissions import can_take_part


def make_feed_key(*, by: Member) -> FeedKey:
    """Another key: what was made with the one before opens nothing any more. Raises Refused, LimitReached."""
    can_take_part(by).enforce()
    limits.FEED_KEYS.spend(by)
    made = {"key": uuid.uuid4(), "made_at": timezone.now()}
    with transaction.atomic():
        record("made feed key", by, by=by)
        return FeedKey.objects.update_or_create(member=by, defaults=made)[0]


def forget_feed_key(member: Member) -> None:
    """Part of a verb that signs somebody out everywhere: what opens without signing in ends with it."""
    FeedKey.objects.filter(member=member).delete()


SALT = "forums.feeds"


def token_of(key: FeedKey, *, salt: str = SALT) -> str:
    """What stands in the addresses: whose they are, and the signature of that and of the key. `salt` is another for
    what another storey gives out: one key ends all of them, and none opens what another does."""
    return f"{key.member_id}-{_signature(key, salt)}"


def reader_of(token: str, *, salt: str = SALT) -> Member | None:
    """The member whose addresses have this token, if their account is in use."""
    pk, _, signature = token.partition("-")
    if not pk.isascii() or not pk.isdecimal() or len(pk) > 18:
        return None
    key = FeedKey.objects.filter(member=int(pk), member__is_active=True).select_related("member").first()
    return key.member if key and constant_time_compare(signature, _signature(key, salt)) else None


def _signature(key: FeedKey, salt: str) -> str:
    return Signer(salt=salt).signature(f"{key.member_id} {key.key}")
