"""What a member wants to hear more or less of, and what they keep for later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, notifications, permissions
from forums.actions.reading import follow_automatically
from forums.models import FollowLevel, Level, MemberThread, Post, Thread
from forums.models.reading import USUAL
from network.models import Member, Network, Theme
from network.permissions import can_read

AT_ONCE = 500  # reminders; the next run takes the rest


def choose_level(thread: Thread, level: str, *, by: Member) -> MemberThread:
    """The member's own choice for a thread, which nothing they do overrides. Raises Refused, LimitReached."""
    can_read(by, thread.network).enforce()
    limits.FOLLOWING.spend(by)
    chosen = {"level": level, "level_reason": "", "level_chosen": True}
    reading, _ = MemberThread.objects.update_or_create(thread=thread, member=by, defaults=chosen)
    return reading


def mute_from_mail(member: Member, thread: int, *, now: datetime | None = None) -> None:
    """The foot of a mail was followed, perhaps signed out: what a mail may do is no more than to write less. Twice is
    once; a thread that they no longer see stays as it is."""
    chosen = {"level": Level.MUTE, "level_reason": "", "level_chosen": True}
    for found in Thread.objects.in_place(member).filter(pk=thread):
        MemberThread.objects.update_or_create(thread=found, member=member, defaults=chosen)


def use_usual_level(thread: Thread, *, by: Member) -> None:
    """Takes the member's own choice for a thread back: what they did in it counts again. Raises Refused,
    LimitReached."""
    can_read(by, thread.network).enforce()
    limits.FOLLOWING.spend(by)
    with transaction.atomic():
        chosen = MemberThread.objects.filter(thread=thread, member=by, level_chosen=True)
        if not chosen.update(level=Level.NORMAL, level_reason="", level_chosen=False):
            return
        if thread.author_id == by.pk:
            follow_automatically(thread, by, Level.WATCH, reason="you started it")
        elif Post.objects.filter(thread=thread, author=by).exists():
            follow_automatically(thread, by, Level.FOLLOW, reason="you replied")
        elif thread.asker_id == by.pk:
            follow_automatically(thread, by, Level.FOLLOW, reason="you asked this in a session")


def use_usual_network_level(network: Network, *, by: Member) -> None:
    """Raises Refused, LimitReached."""
    can_read(by, network).enforce()
    limits.FOLLOWING.spend(by)
    FollowLevel.objects.filter(member=by, network=network).delete()


def use_usual_theme_level(theme: Theme, *, by: Member) -> None:
    """A theme that interests them is followed again. Raises Refused, LimitReached."""
    permissions.can_follow_theme(by, theme).enforce()
    limits.FOLLOWING.spend(by)
    FollowLevel.objects.filter(member=by, theme=theme).delete()


def choose_network_level(network: Network, level: str, *, by: Member) -> None:
    """For all of a network, but for themes and threads for which they chose another. Raises Refused, LimitReached."""
    can_read(by, network).enforce()
    limits.FOLLOWING.spend(by)
    FollowLevel.objects.update_or_create(member=by, network=network, defaults={"level": level})


def choose_theme_level(theme: Theme, level: str, *, by: Member) -> None:
    """For a theme in every network of theirs. Raises Refused, LimitReached."""
    permissions.can_follow_theme(by, theme).enforce()
    limits.FOLLOWING.spend(by)
    FollowLevel.objects.update_or_create(member=by, theme=theme, defaults={"level": level})


@transaction.atomic
def choose_levels(chosen: Iterable[tuple[Network | Theme | Thread, str]], *, by: Member) -> None:
    """Many choices at once, all of them or none; USUAL takes one back. Raises Refused, LimitReached."""
    for thing, level in chosen:
        is_usual = level == USUAL
        match thing:
            case Network():
                use_usual_network_level(thing, by=by) if is_usual else choose_network_level(thing, level, by=by)
            case Theme():
                use_usual_theme_level(thing, by=by) if is_usual else choose_theme_level(thing, level, by=by)
            case Thread():
                use_usual_level(thing, by=by) if is_usual else choose_level(thing, level, by=by)


def bookmark(
    thread: Thread, *, by: Member, remind_at: datetime | None = None, now: datetime | None = None
) -> MemberThread:
    """Keeps a thread for later; with a time, they are reminded of it then. Raises Refused, LimitReached."""
    can_read(by, thread.network).enforce()
    limits.FOLLOWING.spend(by)
    kept = {"bookmarked_at": now or timezone.now(), "remind_at": remind_at}
    reading, _ = MemberThread.objects.update_or_create(thread=thread, member=by, defaults=kept)
    return reading


def remove_bookmark(thread: Thread, *, by: Member) -> None:
    """Raises Refused, LimitReached."""
    can_read(by, thread.network).enforce()
    limits.FOLLOWING.spend(by)
    MemberThread.objects.filter(thread=thread, member=by).update(bookmarked_at=None, remind_at=None)


def remind_of_bookmarks(*, now: datetime | None = None) -> int:
    """The site's own work: gives each reminder that is due, once, to whoever still belongs to the network; returns how
    many."""
    now = now or timezone.now()
    with transaction.atomic():
        due = list(
            MemberThread.objects.select_for_update(of=("self",))
            .filter(remind_at__lte=now)
            .select_related("member", "thread__network")
            .order_by("remind_at")[:AT_ONCE]
        )
        told = [row for row in due if can_read(row.member, row.thread.network)]
        for row in told:
            notifications.bookmark_due(row, now=now)
        MemberThread.objects.filter(pk__in=[row.pk for row in due]).update(remind_at=None)
    return len(told)
