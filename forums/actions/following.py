"""What a member wants to hear more or less of, and what they keep for later."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from forums import limits, permissions
from forums.models import FollowLevel, MemberThread, Thread
from network.models import Member, Network, Theme
from network.permissions import can_read


def choose_level(thread: Thread, level: str, *, by: Member) -> MemberThread:
    """The member's own choice for a thread, which nothing they do overrides. Raises Refused, LimitReached."""
    can_read(by, thread.network).enforce()
    limits.FOLLOWING.spend(by)
    chosen = {"level": level, "level_reason": "", "level_chosen": True}
    reading, _ = MemberThread.objects.update_or_create(thread=thread, member=by, defaults=chosen)
    return reading


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
