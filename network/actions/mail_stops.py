"""What the reader of a mail can stop by its foot, without signing in: nothing is asked but the address itself, which
only they were sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse

from network.models import Member, Membership, Network

_signer = Signer(salt="network.mail_stops")


@dataclass(frozen=True, slots=True)
class Stop:
    """What the foot of a mail, and the button that mail programs make of its header, let its reader stop without
    signing in: a kind registered here, and which one of it."""

    kind: str
    object_id: int = 0


@dataclass(frozen=True, slots=True)
class StopKind:
    """One thing that can be stopped. `words` go on from "Stop" and say which, for a reader who is not signed in: "mail
    about this thread". They name no thread, for the mail may have been handed on. `stop` is a verb, safe to call
    twice, which raises nothing where the thing is gone: `stop(member, object_id, now=...)`. `about`: a sentence, where
    stopping it stops more than the words say."""

    name: str
    words: str
    stop: Callable[..., None]
    about: str = ""


_kinds: dict[str, StopKind] = {}


def register(kind: StopKind) -> None:
    """Called once per kind when a package starts. Raises ValueError for a name already taken."""
    if kind.name in _kinds:
        raise ValueError(f"The kind of stop {kind.name!r} is registered twice.")
    _kinds[kind.name] = kind


def address_of(stop: Stop, member: Member) -> str:
    """The whole address, for the foot of a mail and its header (RFC 8058)."""
    assert stop.kind in _kinds, f"nothing to stop is called {stop.kind!r}"
    return settings.SITE_URL + reverse("mail_stop", args=[_signer.sign(f"{member.pk}-{stop.kind}-{stop.object_id}")])


def words_of(stop: Stop) -> str:
    return _kinds[stop.kind].words


def read_token(token: str) -> tuple[Member, StopKind, int] | None:
    """Whose mail, what, and which one of it; None for an address that we never made, or of an account that is gone."""
    try:
        pk, kind, object_id = _signer.unsign(token).split("-")
    except (BadSignature, ValueError):
        return None
    member = Member.objects.filter(pk=int(pk)).first()
    return (member, _kinds[kind], int(object_id)) if member and kind in _kinds else None


def stop_mail(token: str, *, now: datetime | None = None) -> bool:
    """Stops what the address says, for the member it was made for; whether it was one of ours."""
    found = read_token(token)
    if found is None:
        return False
    member, kind, object_id = found
    kind.stop(member, object_id, now=now)
    return True


@dataclass(frozen=True, slots=True)
class Choice:
    """What some networks may send: "A digest each week"."""

    words: str
    networks: list[Network]


@dataclass(frozen=True, slots=True)
class LeftOn:
    """`at_once`: whether what concerns them is mailed at once, by those networks that may write at all."""

    choices: list[Choice]
    at_once: bool


def what_is_left_on(member: Member) -> LeftOn:
    """As the member chose it, in words."""
    rows = Membership.objects.active().filter(member=member).exclude(mail=Membership.Mail.NOTHING)
    rows = rows.select_related("network").order_by("network__name")
    by_choice: dict[str, list[Network]] = {}
    for row in rows:
        by_choice.setdefault(row.mail, []).append(row.network)
    choices = [Choice(words, by_choice[choice]) for choice, words in Membership.Mail.choices if choice in by_choice]
    mails_at_once = Member.objects.filter(pk=member.pk, mails_at_once=True).exists()
    return LeftOn(choices, bool(choices) and mails_at_once)


# What this storey's mail lets its reader stop. What they choose by it they can choose otherwise on their own page.


def stop_network(member: Member, network: int, *, now: datetime | None = None) -> None:
    Membership.objects.filter(member=member, network=network).update(mail=Membership.Mail.NOTHING)


def stop_digest(member: Member, _: int = 0, *, now: datetime | None = None) -> None:
    """Of every network that is in it, so with it the mail of these networks that comes at once."""
    in_digest = (Membership.Mail.WEEKLY, Membership.Mail.DAILY)
    Membership.objects.filter(member=member, mail__in=in_digest).update(mail=Membership.Mail.NOTHING)


def stop_at_once(member: Member, _: int = 0, *, now: datetime | None = None) -> None:
    """What concerns them waits for the digest."""
    Member.objects.filter(pk=member.pk).update(mails_at_once=False)


def stop_all(member: Member, _: int = 0, *, now: datetime | None = None) -> None:
    """Everything but mail about the account and about their own requests to join."""
    with transaction.atomic():
        Membership.objects.filter(member=member).update(mail=Membership.Mail.NOTHING)
        stop_at_once(member)


register(StopKind("network", "mail from this network", stop_network))
register(
    StopKind(
        "digest",
        "this digest",
        stop_digest,
        "The networks in it then mail you nothing at all, at once or later.",
    )
)
register(
    StopKind("at_once", "mail that comes at once", stop_at_once, "What would have come at once waits for the digest.")
)
register(StopKind("all", "all mail but that about your account", stop_all))
