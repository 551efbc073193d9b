from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions, search
from forums.actions.reading import follow_automatically, read_own_post
from forums.models import MemberThread, Post, Thread
from network.actions.access import hold_account
from network.models import Member


def reply(
    thread: Thread, *, by: Member, source: str, form_id: uuid.UUID | None = None, now: datetime | None = None
) -> Post:
    """Adds a post of a member to a thread. The same words in the same form (`form_id`) are one post, and the one of
    then comes back. Raises Refused, LimitReached, and ValueError for a source longer than `markup.MAX_LENGTH`."""
    now = now or timezone.now()
    permissions.can_reply(by, thread).enforce()
    limits.REPLIES.spend(by, now=now)
    submission = submission_of(form_id, source)
    with transaction.atomic():
        hold_account(by)
        thread = Thread.objects.select_for_update(of=("self",)).select_related("network").get(pk=thread.pk)
        permissions.can_reply(by, thread).enforce()  # it may have been locked meanwhile
        if there := submitted(by, submission):
            return there
        post = add_post(thread, author=by, source=source, submission=submission, now=now)
        follow_automatically(thread, by, MemberThread.Level.FOLLOW, reason="you replied")
        notifications.post_written(post, now=now)
    return post


def submission_of(form_id: uuid.UUID | None, *words: str) -> uuid.UUID | None:
    """What makes sending a form twice one thing. The words belong to it, for the browser's back button brings back the
    same form, and other words in it are another post."""
    return uuid.uuid5(form_id, "\n".join(words)) if form_id else None


def submitted(by: Member, submission: uuid.UUID | None) -> Post | None:
    """The post that came of this submission before."""
    return Post.objects.filter(author=by, submission=submission).first() if submission else None


def add_post(
    thread: Thread, *, author: Member | None, source: str, now: datetime, submission: uuid.UUID | None = None
) -> Post:
    """Writes the next post of a thread and moves the thread's numbers. Part of a verb: stands in its transaction, with
    the thread locked or just made there, so that numbers have no gaps and are never given twice."""
    source = markup.legible(source)
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
        submission=submission,
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
