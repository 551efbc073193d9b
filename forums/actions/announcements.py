"""Announcements that go by mail too: asked for by a facilitator, over a set number confirmed by a second person, and
mailed by the worker."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions
from forums.models import Announcement, Post, Thread
from network.actions.audit import record
from network.actions.mail import owe_mails
from network.models import MailLedger, Member, Network
from network.permissions import Refused


class NotMailed(Refused):
    """It may be posted, but not go by mail. Belongs beside the field that asks for it."""

    field = "by_mail"


def ask_to_mail(thread: Thread, *, by: Member, now: datetime) -> Announcement:
    """Part of a verb, which begins the thread: has it go by mail too, at once or, where it is to very many, when a
    second person has confirmed it. Raises NotMailed."""
    network = Network.objects.select_for_update(no_key=True).get(pk=thread.network_id)  # two at once are counted
    if not (verdict := permissions.can_mail_announcement(by, network, now=now)):
        raise NotMailed(verdict.reason)
    audience = notifications.audience_of(thread).counted()
    asked = Announcement.objects.create(
        thread=thread,
        asked_by=by,
        asked_at=now,
        people_now=audience.now,
        people_digest=audience.digest,
        needs_confirmation=audience.is_for_two,
    )
    record("asked to mail announcement", thread, by=by, network=network, now=audience.now, digest=audience.digest)
    if asked.needs_confirmation:
        notifications.announcement_waits(asked, now=now)
    return asked


def confirm_announcement(announcement: Announcement, *, by: Member, now: datetime | None = None) -> Announcement:
    """A second person has so many people written to. Confirmed already, it stays as it is. Raises Refused,
    LimitReached."""
    permissions.can_decide_announcement(by, announcement).enforce()
    limits.ANNOUNCING.spend(by, now=now)
    now = now or timezone.now()
    with transaction.atomic():
        announcement = _held(announcement)
        permissions.can_decide_announcement(by, announcement).enforce()
        if announcement.confirmed_at is None:
            _enforce_waiting(announcement)
            announcement.confirmed_by, announcement.confirmed_at = by, now
            announcement.save(update_fields=["confirmed_by", "confirmed_at"])
            thread = announcement.thread
            record("confirmed announcement", thread, by=by, network=thread.network)
            notifications.announcement_confirmed(announcement, now=now)
    return announcement


def decline_announcement(
    announcement: Announcement, *, by: Member, reason: str, now: datetime | None = None
) -> Announcement:
    """Nobody is mailed; whoever asked is told why. The thread stays. Raises Refused, LimitReached."""
    permissions.can_decide_announcement(by, announcement).enforce()
    limits.ANNOUNCING.spend(by, now=now)
    now = now or timezone.now()
    with transaction.atomic():
        announcement = _held(announcement)
        permissions.can_decide_announcement(by, announcement).enforce()
        if announcement.declined_at is None:
            _enforce_waiting(announcement)
            announcement.declined_by, announcement.declined_at = by, now
            announcement.declined_reason = markup.legible(reason)
            announcement.save(update_fields=["declined_by", "declined_at", "declined_reason"])
            record("declined announcement", announcement.thread, by=by, network=announcement.thread.network)
            notifications.announcement_declined(announcement, now=now)
    return announcement


def stop_announcement(announcement: Announcement, *, by: Member, now: datetime | None = None) -> int:
    """No more of it is mailed; returns how many mails were waiting. What is being sent at this moment still goes.
    Raises Refused, LimitReached."""
    permissions.can_stop_announcement(by, announcement).enforce()
    limits.ANNOUNCING.spend(by, now=now)
    with transaction.atomic():
        announcement = _held(announcement)
        permissions.can_stop_announcement(by, announcement).enforce()
        if announcement.is_over:
            return 0
        announcement.stopped_by, announcement.stopped_at = by, now or timezone.now()
        announcement.save(update_fields=["stopped_by", "stopped_at"])
        waiting = announcement.rows().filter(state=MailLedger.State.DUE)
        stopped = waiting.update(state=MailLedger.State.DROPPED)
        thread = announcement.thread
        record("stopped announcement", thread, by=by, network=thread.network, stopped=stopped)
    return stopped


def is_announcement_due() -> bool:
    return Announcement.objects.ready().exists()


def mail_announcements(*, now: datetime | None = None) -> int:
    """The worker's own: writes down who is owed a mail of what was asked for and needs no further word. Returns how
    many announcements that were. Run twice, or by two at once, it is done once."""
    done = 0
    for pk in list(Announcement.objects.ready().order_by("asked_at", "pk").values_list("pk", flat=True)):
        with transaction.atomic():
            found = Announcement.objects.ready().select_for_update(of=("self",))
            announcement = found.select_related("thread__network").filter(pk=pk).first()
            if announcement is not None:
                _mail(announcement, now or timezone.now())
                done += 1
    return done


def _mail(announcement: Announcement, now: datetime) -> None:
    thread = announcement.thread
    first = Post.objects.shown().filter(thread=thread, number=1).first()
    if first is None:  # taken back meanwhile, so that there is nothing to announce
        announcement.stopped_at = now
    else:
        people = notifications.audience_of(thread).now
        owe_mails(Announcement.STREAM, people, period=str(thread.pk), object_id=first.pk, now=now)
    announcement.planned_at = now
    announcement.save(update_fields=["planned_at", "stopped_at"])


def _held(announcement: Announcement) -> Announcement:
    """As it is now, and as nobody else changes it until the transaction ends."""
    found = Announcement.objects.select_for_update(of=("self",)).select_related("thread__network", "asked_by")
    return found.get(pk=announcement.pk)


def _enforce_waiting(announcement: Announcement) -> None:
    if announcement.confirmed_at is not None:
        raise Refused("Somebody else has confirmed this mail meanwhile. You can still stop what has not been sent.")
    if not announcement.is_waiting:
        raise Refused("This mail no longer waits to be confirmed: it was declined or stopped meanwhile.")
