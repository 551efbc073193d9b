from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from forums import limits, notifications
from forums.actions.weeks import remember_reading
from forums.models import MemberThread, Post, Thread
from forums.models.reading import LADDER
from network.models import Member, Membership, Network
from network.models.standing import standing_of
from network.permissions import can_read, can_take_part


def read_thread(thread: Thread, *, by: Member, up_to: int) -> None:
    """Remembers that the member has seen the posts up to a number, and that they read something in this week. Only ever
    moves forward; safe to repeat. The notices of what they have seen are read. Raises Refused, LimitReached."""
    can_read(by, thread.network).enforce()
    limits.READING.spend(by)
    with transaction.atomic():
        # At the end all that was marked as unread is read again. Lists look at every thread that is marked.
        ended = {"marked_unread_at": None} if up_to >= thread.highest_visible_number else {}
        _move_read_number(thread, by, min(up_to, thread.highest_number), **ended)
        notifications.thread_read(thread, by, up_to=up_to)
        remember_reading(thread.network, by)


def mark_unread_from(post: Post, *, by: Member, now: datetime | None = None) -> None:
    """This post and what comes after it are unread again, whatever the member has read or marked as read before. What
    is unread before it stays so. Raises Refused, LimitReached."""
    can_read(by, post.thread.network).enforce()
    limits.READING.spend(by)
    thread = Thread.objects.select_related("network").read_by(by).get(pk=post.thread_id)
    unread = first_unread(thread, by) or post.number
    marked = {"last_read_number": min(unread, post.number) - 1, "marked_unread_at": now or timezone.now()}
    MemberThread.objects.update_or_create(thread=thread, member=by, defaults=marked)


def read_everything(network: Network, *, by: Member, now: datetime | None = None) -> None:
    """Marks all threads of a network as read: one UPDATE, whatever their number. Raises Refused, LimitReached."""
    can_read(by, network).enforce()
    limits.READING.spend(by)
    Membership.objects.filter(member=by, network=network).update(read_before=now or timezone.now())


def read_everything_everywhere(*, by: Member, now: datetime | None = None) -> None:
    """The same for all networks of theirs at once: one UPDATE. Raises Refused, LimitReached."""
    can_take_part(by).enforce()
    limits.READING.spend(by)
    # Not for networks they have left: who comes back begins with what is new by then.
    Membership.objects.filter(member=by, state=Membership.State.ACTIVE).update(read_before=now or timezone.now())


def first_unread(thread: Thread, member: Member) -> int | None:
    """The number of the first post in a thread that is unread by the member, whether they follow or mute it; None where
    they have read it. The thread comes from `read_by`."""
    membership = standing_of(member).in_network(thread.network)
    if membership is None:
        return None
    seen = thread.__dict__
    posts = Post.objects.visible_to(member).filter(thread=thread, number__gt=seen["last_read_number"])
    marked_unread_at = seen["unread_since"]
    if marked_unread_at is None or marked_unread_at <= membership.read_before:
        posts = posts.filter(written_at__gt=membership.read_before, quiet=False)
    return posts.exclude(author=member).order_by("number").values_list("number", flat=True).first()


def follow_automatically(thread: Thread, member: Member, level: str, *, reason: str) -> None:
    """Raises the follow level because of something the member did. A level they chose themselves stays."""
    reading, _ = MemberThread.objects.get_or_create(thread=thread, member=member)
    if not reading.level_chosen and LADDER.index(level) > LADDER.index(reading.level):
        reading.level, reading.level_reason = level, reason
        reading.save(update_fields=["level", "level_reason"])


def read_own_post(post: Post, author: Member) -> None:
    """A writer has read what they wrote, unless posts of others that they have not seen stand before it."""
    reading = MemberThread.objects.filter(thread=post.thread_id, member=author).first()
    floor = Membership.objects.get(member=author, network=post.thread.network_id).read_before
    missed = Post.objects.shown().filter(
        thread=post.thread_id,
        number__lt=post.number,
        number__gt=reading.last_read_number if reading else 0,
    )
    if not (reading and reading.marked_unread_at and reading.marked_unread_at > floor):
        missed = missed.filter(written_at__gt=floor, quiet=False)
    if not missed.filter(Q(author=None) | ~Q(author=author)).exists():
        _move_read_number(post.thread, author, post.number)


def _move_read_number(thread: Thread, member: Member, number: int, **besides: None) -> None:
    own = MemberThread.objects.filter(thread=thread, member=member)
    forward = {"last_read_number": Greatest("last_read_number", Value(number)), **besides}
    if own.update(**forward):
        return
    try:
        with transaction.atomic():
            MemberThread.objects.create(thread=thread, member=member, last_read_number=number)
    except IntegrityError:  # another window was a moment faster
        own.update(**forward)
