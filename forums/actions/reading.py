from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits
from forums.models import MemberThread, Post, Thread
from forums.notifications import THREAD_REPLIED
from network.actions.notices import settle_notices
from network.models import Member, Membership, Network
from network.permissions import can_read


def read_thread(thread: Thread, *, by: Member, up_to: int) -> None:
    """Remembers that the member has seen the posts up to a number. Only ever moves forward; safe to repeat.
    Raises Refused, LimitReached."""
    can_read(by, thread.network).enforce()
    limits.READING.spend(by)
    with transaction.atomic():
        _move_read_number(thread, by, min(up_to, thread.highest_number))
        if up_to >= thread.highest_number:
            settle_notices(by, kind=THREAD_REPLIED, object_id=thread.pk)


def read_everything(network: Network, *, by: Member, now: datetime | None = None) -> None:
    """Marks all threads of a network as read: one UPDATE, whatever their number. Raises Refused, LimitReached."""
    can_read(by, network).enforce()
    limits.READING.spend(by)
    Membership.objects.filter(member=by, network=network).update(read_before=now or timezone.now())


def follow_automatically(thread: Thread, member: Member, level: str, *, reason: str) -> None:
    """Raises the follow level because of something the member did. A level they chose themselves stays."""
    reading, _ = MemberThread.objects.get_or_create(thread=thread, member=member)
    ladder = MemberThread.Level.values
    if not reading.level_chosen and ladder.index(level) > ladder.index(reading.level):
        reading.level, reading.level_reason = level, reason
        reading.save(update_fields=["level", "level_reason"])


def read_own_post(post: Post, author: Member) -> None:
    """A writer has read what they wrote, unless posts of others that they have not seen stand before it."""
    reading = MemberThread.objects.filter(thread=post.thread_id, member=author).first()
    floor = Membership.objects.get(member=author, network=post.thread.network_id).read_before
    missed = (
        Post.objects.filter(
            thread=post.thread_id,
            number__lt=post.number,
            number__gt=reading.last_read_number if reading else 0,
            written_at__gt=floor,
        )
        .exclude(author=author)
        .exists()
    )
    if not missed:
        _move_read_number(post.thread, author, post.number)


def _move_read_number(thread: Thread, member: Member, number: int) -> None:
    _, made = MemberThread.objects.get_or_create(thread=thread, member=member, defaults={"last_read_number": number})
    if not made:
        MemberThread.objects.filter(thread=thread, member=member, last_read_number__lt=number).update(
            last_read_number=number
        )
