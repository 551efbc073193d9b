"""What the reader of a mail can stop by its foot, without signing in: nothing is asked but the address itself, which
only they were sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from network.actions.mail import Stop
from network.models import Member

_signer = Signer(salt="network.mail_stops")


@dataclass(frozen=True, slots=True)
class StopKind:
    """One thing that can be stopped. `words` say which, for a reader who is not signed in: it names no thread, for the
    mail may have been handed on. `stop` is a verb, safe to call twice, which raises nothing where the thing is gone:
    `stop(member, object_id, now=...)`."""

    name: str
    words: str
    stop: Callable[..., None]


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
