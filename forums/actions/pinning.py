"""Threads that stand above the others in their network for a while."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from forums import limits, permissions
from forums.actions.journal import Journal
from forums.models import ModerationAct, Thread
from network.actions.audit import record
from network.models import Member, Network
from network.permissions import Refused

MOST = 3  # in one network: what is pinned beside many others stands out no more
LONGEST = timedelta(days=366)


def pin_thread(thread: Thread, *, until: date, by: Member, now: datetime | None = None) -> Thread:
    """Has a thread stand above the others in the list of its network, to the end of that day. Raises Refused,
    LimitReached."""
    permissions.can_pin_thread(by, thread).enforce()
    limits.PINNING.spend(by, now=now)
    now = now or timezone.now()
    today = timezone.localdate(now)
    if not today <= until <= today + LONGEST:
        raise Refused("A thread can be pinned until a day within the next year.")
    # Its last second, so that the day is the same wherever it is shown.
    end = timezone.make_aware(datetime.combine(until, time(23, 59, 59)))
    with transaction.atomic():
        thread = _held(thread)
        permissions.can_pin_thread(by, thread).enforce()
        if thread.pinned_until != end:
            hold_pins(thread.network, beside=thread, now=now)
            journal = Journal(ModerationAct.Kind.PIN, thread, by=by, now=now)
            journal.change(thread, pinned_until=end)
            record("pinned thread", thread, by=by, network=thread.network, until=until.isoformat())
    return thread


def unpin_thread(thread: Thread, *, by: Member, now: datetime | None = None) -> Thread:
    """Puts it back among the others. Raises Refused, LimitReached."""
    permissions.can_tidy(by, thread).enforce()
    limits.PINNING.spend(by, now=now)
    with transaction.atomic():
        thread = _held(thread)
        if thread.pinned_until is not None:
            journal = Journal(ModerationAct.Kind.UNPIN, thread, by=by, now=now or timezone.now())
            journal.change(thread, pinned_until=None)
            record("unpinned thread", thread, by=by, network=thread.network)
    return thread


def hold_pins(network: Network, *, beside: Thread, now: datetime | None = None) -> None:
    """Part of a verb that pins a thread: nobody else pins one in the network until it is done. Raises Refused where
    there is no room."""
    Network.objects.select_for_update(of=("self",), no_key=True).get(pk=network.pk)
    pinned = Thread.objects.filter(network=network, visible_count__gt=0).pinned(now)
    if pinned.exclude(pk=beside.pk).count() >= MOST:
        raise Refused(f"This network has {MOST} pinned threads, and can have no more. Unpin one of them first.")


def _held(thread: Thread) -> Thread:
    return Thread.objects.select_for_update(of=("self",)).select_related("network").get(pk=thread.pk)
