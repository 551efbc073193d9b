from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from network import limits, permissions
from network.actions.audit import record
from network.models import Member

AT_A_TIME = 500  # databases limit how many values one query may name


def end_sessions(member: Member, *, by: Member) -> int:
    """Signs somebody out everywhere; returns how many sessions that were. Their sockets close within a second or two,
    for each asks about its session. Raises Refused, LimitReached."""
    permissions.can_end_sessions(by, member).enforce()
    limits.CHANGING_ACCOUNTS.spend(by)
    with transaction.atomic():
        ended = delete_sessions_of(member)
        record("ended sessions", member, by=by, sessions=ended)
    return ended


def delete_sessions_of(member: Member) -> int:
    """Part of a verb: whoever used one is signed out with their next request."""
    keys = list(_keys_of(member))
    for start in range(0, len(keys), AT_A_TIME):
        Session.objects.filter(session_key__in=keys[start : start + AT_A_TIME]).delete()
    return len(keys)


def count_sessions_of(member: Member) -> int:
    return sum(1 for _ in _keys_of(member))


def _keys_of(member: Member) -> Iterator[str]:
    """Whose a session is stands inside it, so each that has not ended is opened."""
    store = SessionStore()
    sessions = Session.objects.filter(expire_date__gt=timezone.now()).values_list("session_key", "session_data")
    for key, data in sessions.iterator(chunk_size=AT_A_TIME):
        if store.decode(data).get(SESSION_KEY) == str(member.pk):
            yield key
