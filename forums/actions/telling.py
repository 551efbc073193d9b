"""What the worker does about a post, after those whom it speaks to were told with it: everybody else who wants to know,
and whoever is to have it by mail."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import notifications
from forums.models import Post


def tell_of_post(pk: int, *, now: datetime | None = None) -> None:
    """Tells whoever watches the thread, the theme or the network, and of a new thread whoever follows its theme; and
    writes down whom it is to be mailed. The site itself does it. Safe to run again, also where it ran half-way or runs
    elsewhere at the same moment: one at a time for each post, and nobody is told twice."""
    with transaction.atomic():
        # Nobody who writes waits for this lock: their answer holds the key of the post that it answers, and no more.
        rows = Post.objects.shown().select_for_update(of=("self",), no_key=True)
        post = rows.select_related("thread__network", "thread__theme").filter(pk=pk).first()
        if post is None or post.quiet:
            return  # taken back meanwhile, or hidden, or moved to where it is unread for nobody
        notifications.tell_watchers(post)
        notifications.owe_mail_of_post(post, now=now or timezone.now())
