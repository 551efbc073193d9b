from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions, search, signals
from forums.actions.reading import follow_automatically, read_own_post
from forums.models import MemberThread, Post, Thread
from network.models import Member


def reply(thread: Thread, *, by: Member, source: str, now: datetime | None = None) -> Post:
    """Adds a post of a member to a thread. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_reply(by, thread).enforce()
    limits.REPLIES.spend(by, now=now)
    with transaction.atomic():
        thread = Thread.objects.select_for_update(of=("self",)).select_related("network").get(pk=thread.pk)
        permissions.can_reply(by, thread).enforce()  # it may have been locked meanwhile
        post = add_post(thread, author=by, source=source, now=now)
        follow_automatically(thread, by, MemberThread.Level.FOLLOW, reason="you replied")
        signals.post_written.send(Post, post=post)
        notifications.post_written(post, now=now)
    return post


def add_post(thread: Thread, *, author: Member | None, source: str, now: datetime) -> Post:
    """Writes the next post of a thread and moves the thread's numbers. Part of a verb: stands in its transaction, with
    the thread locked or just made there, so that numbers have no gaps and are never given twice."""
    thread.highest_number += 1
    post = Post.objects.create(
        thread=thread,
        number=thread.highest_number,
        author=author,
        organisation=author.organisation if author else None,
        source=source,
        html=markup.render(source),
        renderer_version=markup.VERSION,
        written_at=now,
    )
    thread.visible_count += 1
    thread.last_post_at = max(thread.last_post_at, now)
    thread.last_author = author
    thread.quiet = thread.quiet and author is None
    thread.save(update_fields=["highest_number", "visible_count", "last_post_at", "last_author", "quiet"])
    search.index_post(post, title=thread.title if post.number == 1 else "")
    if author is not None:
        read_own_post(post, author)
    return post
