"""Where somebody is signed in, and how that ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string

from network import limits, notifications, permissions, signals
from network.actions.audit import record
from network.models import AuditEvent, Browser, Member
from network.models.browser import browser_in_words
from network.sessions import SessionStore

AT_A_TIME = 500  # databases limit how many values one query may name
BROWSERS_KEPT = timedelta(days=400)  # as long as a browser keeps the cookie


def end_session(session: UserSession, *, by: Member) -> None:
    """Signs a browser of their own out. Raises Refused, LimitReached."""
    permissions.can_end_session(by, session.user_id).enforce()
    limits.SECURING.spend(by)
    with transaction.atomic():
        _end([session.session_key])
        record("ended a session", by, by=by)


def end_other_sessions(*, by: Member, this_one: str | None) -> int:
    """Signs all browsers of theirs out but the one whose session key is `this_one`; says how many. Raises Refused,
    LimitReached."""
    permissions.can_end_session(by, by.pk).enforce()
    limits.SECURING.spend(by)
    with transaction.atomic():
        ended = sign_out_elsewhere(by, this_one=this_one)
        record("ended other sessions", by, by=by, sessions=ended)
    return ended


def end_sessions(member: Member, *, by: Member) -> int:
    """Signs somebody out everywhere; returns how many sessions that were. Raises Refused, LimitReached."""
    permissions.can_end_sessions(by, member).enforce()
    limits.CHANGING_ACCOUNTS.spend(by)
    with transaction.atomic():
        ended = delete_sessions_of(member)
        record("ended sessions", member, by=by, sessions=ended)
    return ended


def delete_sessions_of(member: Member) -> int:
    """Part of a verb that takes an account out of use: no session outlives it, be it in the list of those that are
    used or not; says how many there were."""
    ended = _end(_keys_of(member))
    signals.signed_out_everywhere.send(Member, member=member)
    return ended


def count_sessions_of(member: Member) -> int:
    return sum(1 for _ in _keys_of(member))


def _keys_of(member: Member) -> Iterator[str]:
    """Whose a session is stands inside it, so each that has not ended is opened."""
    store = SessionStore()
    sessions = Session.objects.filter(expire_date__gt=timezone.now()).values_list("session_key", "session_data")
    for key, data in sessions.iterator(chunk_size=AT_A_TIME):
        if store.decode(data).get(SESSION_KEY) == str(member.pk):
            yield key


def sign_out_elsewhere(member: Member, *, this_one: str | None = None) -> int:
    """Part of a verb, such as a change of password or the closing of an account: ends all sessions of a member but
    `this_one`; says how many. Their open sockets close with them."""
    keys = UserSession.objects.filter(user=member).exclude(session_key=this_one or "")
    ended = _end(list(keys.values_list("session_key", flat=True)))
    signals.signed_out_everywhere.send(Member, member=member)
    return ended


def was_signed_out_since(member: Member, moment: datetime, *, of_one_is_enough: bool = True) -> bool:
    """Whether they were signed out at that moment or later, everywhere or elsewhere, other than by time. Without
    `of_one_is_enough`: of more than one browser that they picked."""
    told = AuditEvent.objects.filter(object_kind=Member._meta.label_lower, object_id=str(member.pk))
    verbs = SIGNS_OUT if of_one_is_enough else SIGNS_OUT[1:]
    return told.filter(verb__in=verbs, at__gte=moment).exists()


# Verbs of the audit log about a member, some of whose sessions end with it.
SIGNS_OUT = (
    *("ended a session", "ended other sessions", "ended sessions"),
    *("set password", "changed password", "removed password", "changed address"),
    *("suspended account", "closed account", "lapsed"),
)


def _end(keys: Iterable[str]) -> int:
    keys = list(keys)
    for start in range(0, len(keys), AT_A_TIME):
        some = keys[start : start + AT_A_TIME]
        Session.objects.filter(session_key__in=some).delete()
        UserSession.objects.filter(session_key__in=some).delete()
    for key in keys:
        signals.session_ended.send(Session, session_key=key)
    return len(keys)


def note_session(member: Member, *, session_key: str, address: str, user_agent: str, now: datetime) -> None:
    """The site's own bookkeeping: that a session was used just now, from which network address and by what kind of
    browser."""
    UserSession.objects.update_or_create(
        session_key=session_key,
        defaults={
            "user": member,
            "ip": address,
            "user_agent": user_agent[: UserSession._meta.get_field("user_agent").max_length],
            "last_seen_at": now,
        },
    )


def move_session(old_key: str, new_key: str) -> None:
    """The site's own bookkeeping: a session goes on under another key."""
    UserSession.objects.filter(session_key=old_key).update(session_key=new_key)


def know_browser(member: Member, token: str | None, *, user_agent: str, now: datetime | None = None) -> str:
    """The site's own bookkeeping when somebody has signed in: remembers the browser by a random token, the one it has
    or a new one, which is returned. Mails the member when they have signed in before, but never with this browser."""
    now = now or timezone.now()
    token = token if token and len(token) == TOKEN_LENGTH else get_random_string(TOKEN_LENGTH)
    with transaction.atomic():
        has_others = Browser.objects.filter(member=member).exists()
        browser, is_new = Browser.objects.get_or_create(
            member=member, digest=Browser.digest_of(token), defaults={"first_used_at": now, "last_used_at": now}
        )
        if is_new and has_others:
            notifications.account_changed(member, "new_browser", browser=browser_in_words(user_agent), now=now)
        if not is_new:
            browser.last_used_at = now
            browser.save(update_fields=["last_used_at"])
    return token


TOKEN_LENGTH = 43  # letters and figures: 256 bits


def forget_sessions_and_browsers(*, now: datetime | None = None) -> None:
    """Clears what stands of sessions that have ended, and browsers that nobody signed in with for very long."""
    now = now or timezone.now()
    with transaction.atomic():
        alive = Session.objects.filter(expire_date__gt=now).values("session_key")
        UserSession.objects.filter(last_seen_at__lt=now - timedelta(days=1)).exclude(session_key__in=alive).delete()
        Browser.objects.filter(last_used_at__lt=now - BROWSERS_KEPT).delete()
