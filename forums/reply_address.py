"""The address to which a member answers a mail about a thread: whose answer it is, and to what, is signed in it."""

from __future__ import annotations

import re
from base64 import b32encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import base36_to_int, int_to_base36

from forums.models import Thread
from network.actions.sessions import was_signed_out_since
from network.models import Member, Membership

GOOD_FOR = timedelta(days=30)
# Mail systems may not keep capitals, so there are none.
_TOKEN = re.compile(r"([0-9a-z]{1,12})-([0-9a-z]{1,12})-([0-9a-z]{1,8})-([a-z2-7]{20})")


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """What a reply address says: the numbers of a member and a thread, and when the mail was written."""

    member: int
    thread: int
    made_at: datetime


def reply_address(thread: Thread, member: Member, *, now: datetime | None = None) -> str:
    """Where this member's answer to a mail about the thread goes; empty where the site takes none. It opens nothing
    that they cannot do by signing in, and is good for `GOOD_FOR`."""
    if not settings.REPLY_ADDRESS:
        return ""
    made_at = int((now or timezone.now()).timestamp())
    local, _, domain = settings.REPLY_ADDRESS.partition("@")
    what = "-".join(int_to_base36(number) for number in (member.pk, thread.pk, made_at))
    return f"{local}+{what}-{_signature(what)}@{domain}"


def read_reply_address(address: str) -> ReplyTo | None:
    """None for an address that we did not make."""
    local, _, domain = address.strip().strip("<>").lower().rpartition("@")
    ours, _, our_domain = settings.REPLY_ADDRESS.partition("@")
    name, _, token = local.partition("+")
    found = _TOKEN.fullmatch(token)
    if not settings.REPLY_ADDRESS or (name, domain) != (ours, our_domain) or found is None:
        return None
    member, thread, made_at, signature = found.groups()
    if not constant_time_compare(signature, _signature(f"{member}-{thread}-{made_at}")):
        return None
    made = datetime.fromtimestamp(base36_to_int(made_at), tz=UTC)
    return ReplyTo(base36_to_int(member), base36_to_int(thread), made)


def is_good_still(said: ReplyTo, member: Member, thread: Thread, *, now: datetime | None = None) -> bool:
    """Whether the address is not too old, and its member was not signed out everywhere and did not leave the network,
    and perhaps come back, since the mail was written. Whether they may write there is another question."""
    if (now or timezone.now()) - said.made_at > GOOD_FOR:
        return False
    since = said.made_at + timedelta(seconds=1)  # the address has whole seconds
    come_back = Membership.objects.filter(member=member, network=thread.network_id, joined_at__gt=since)
    return not come_back.exists() and not was_signed_out_since(member, said.made_at, of_one_is_enough=False)


def _signature(what: str) -> str:
    """96 bits of it, in letters and figures that mean the same in capitals."""
    digest = salted_hmac("forums.reply_address", what, algorithm="sha256").digest()
    return b32encode(digest[:12]).decode().rstrip("=").lower()
