"""What a session knows of whoever signed in: how long it lives, and what they have proved in it.

Django's own sessions in the database, with two times instead of one: idle and longest. The row's `expire_date` is the
earlier of both, so that everything that looks at it, open sockets too, sees the same end.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from network.models import Member, Viewer
from network.models.prepared import Word, prepared

Value = TypeVar("Value")

SIGNED_IN_AT = "signed_in_at"  # seconds since 1970
USED_AT = "used_at"  # likewise, no older than SESSION_USE_NOTED_EVERY
IS_STAFFS = "is_staffs"


class SessionStore(db.SessionStore):
    """Of somebody signed in, ends when it was idle for long or is old; of a visitor, after SESSION_COOKIE_AGE."""

    def _get_session_from_db(self) -> Session | None:
        """As Django does, with SQL that is written once: every request asks this."""
        found = next(iter(_alive(Word(self.session_key), timezone.now())), None)
        if found is None:
            self._session_key = None
        return found

    def get_expiry_age(self, **given: Any) -> int:
        now: datetime = given.get("modification") or timezone.now()
        return max(int((self.get_expiry_date(modification=now) - now).total_seconds()), 1)

    def get_expiry_date(self, **given: Any) -> datetime:
        now: datetime = given.get("modification") or timezone.now()
        signed_in_at = self.get(SIGNED_IN_AT)
        if not isinstance(signed_in_at, int | float):
            return now + timedelta(seconds=settings.SESSION_COOKIE_AGE)
        idle, longest = times(is_staffs=bool(self.get(IS_STAFFS)))
        return min(now + idle, datetime.fromtimestamp(signed_in_at, tz=now.tzinfo) + longest)

    def get_expire_at_browser_close(self) -> bool:
        return False


@prepared
def _alive(key: Word, now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


def times(*, is_staffs: bool) -> tuple[timedelta, timedelta]:
    """How long a session may be idle, and how long it may last."""
    if is_staffs:
        return settings.STAFF_SESSION_IDLE, settings.STAFF_SESSION_LONGEST
    return settings.MEMBER_SESSION_IDLE, settings.MEMBER_SESSION_LONGEST


def begin(request: HttpRequest, *, is_staffs: bool) -> None:
    """Starts the clocks, when somebody has signed in."""
    request.session[SIGNED_IN_AT] = request.session[USED_AT] = time.time()
    request.session[IS_STAFFS] = is_staffs


def is_use_due(request: HttpRequest) -> bool:
    """Whether it is time to write down that the session is used: not with every request."""
    idle, _ = times(is_staffs=bool(request.session.get(IS_STAFFS)))
    every = min(settings.SESSION_USE_NOTED_EVERY, idle / 6)
    return bool(time.time() - request.session.get(USED_AT, 0) >= every.total_seconds())


def note_use(request: HttpRequest, *, is_staffs: bool) -> None:
    request.session[USED_AT] = time.time()
    request.session[IS_STAFFS] = is_staffs
    request.session.setdefault(SIGNED_IN_AT, time.time())


def signed_in(keys: Collection[str], *, at_a_time: int = 500) -> dict[str, Member]:
    """Whose the sessions are, by key; without those that have ended, in the database or by another password. It is what
    Django asks with every request, asked once for many."""
    data = {
        row.session_key: SessionStore().decode(row.session_data)
        for some in batched(keys, at_a_time)
        for row in Session.objects.filter(session_key__in=some, expire_date__gt=timezone.now())
    }
    numbers = {
        key: Member._meta.pk.to_python(held[SESSION_KEY])
        for key, held in data.items()
        if held.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS and SESSION_KEY in held
    }
    members: dict[int, Member] = {
        member.pk: member
        for some in batched(set(numbers.values()), at_a_time)
        for member in Member.objects.filter(pk__in=some, is_active=True)
    }
    return {
        key: members[number]
        for key, number in numbers.items()
        if number in members
        and constant_time_compare(data[key].get(HASH_SESSION_KEY, ""), members[number].get_session_auth_hash())
    }


def batched(values: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Databases limit how many values one query may name."""
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


# What was proved


def has_second_factor(member: Viewer) -> bool:
    """Whether there is anything to ask them for. Recovery codes alone are none: they stand in for another."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user_id=member.pk, type__in=kinds).exists())


def has_shown_second_factor(request: HttpRequest) -> bool:
    """Whether a second factor was used in this session, not too long ago. The proof is the session's, not the
    account's: another browser of the same person proves nothing for this one."""
    return _has_record(request, settings.SECOND_FACTOR_LASTS.total_seconds(), only_second_factor=True)


def has_confirmed_lately(request: HttpRequest, member: Member, *, grace: int = 0) -> bool:
    """Whether they signed in or confirmed that it is them just now, with a second factor where they have one. `grace`
    in seconds."""
    return _has_record(request, settings.CONFIRMATION_LASTS + grace, only_second_factor=has_second_factor(member))


def _has_record(request: HttpRequest, seconds: float, *, only_second_factor: bool) -> bool:
    if not request.user.is_authenticated:
        return False
    return any(
        time.time() - record.get("at", 0) < seconds
        for record in get_authentication_records(request, request.user)
        if record.get("method") == "mfa" or not only_second_factor
    )
