"""Several posts at once out of sight."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, permissions
from forums.actions.journal import Journal
from forums.actions.merging import hold_threads
from forums.actions.posts import hide_held
from forums.models import ModerationAct, Post, Thread
from network.models import Member
from network.permissions import Refused


def hide_posts(
    thread: Thread, numbers: Collection[int], *, by: Member, reason: str, now: datetime | None = None
) -> int:
    """A facilitator takes posts out of sight, all for one reason, which their authors are told; says how many. What is
    hidden or deleted by now stays as it is. Raises Refused, LimitReached."""
    permissions.can_tidy(by, thread).enforce()
    limits.MODERATING.spend(by, count=len(set(numbers)), now=now)
    with transaction.atomic():
        [thread] = hold_threads(thread)
        permissions.can_tidy(by, thread).enforce()
        posts = Post.objects.filter(thread=thread, number__in=set(numbers)).select_related("author")
        if posts.count() != len(set(numbers)):
            raise Refused("Somebody has moved one of these posts meanwhile. Look at the thread again.")
        found = list(posts.shown().order_by("number"))
        if found:
            journal = Journal(ModerationAct.Kind.HIDE, thread, by=by, now=now or timezone.now())
        for post in found:
            post.thread = thread
            hide_held(post, journal, by=by, reason=reason)
    return len(found)
