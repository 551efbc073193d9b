"""Where a network sees first posts before others do: what is kept until a facilitator has read it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from forums import markup, notifications
from forums.actions import mentions
from forums.models import Attachment, HeldPost, Post, Practice, Thread
from network.models import Member, Network, Theme
from network.models.tag import clean_tags


class Held(Exception):
    """There is no post yet: a facilitator sees it first. Says so in the member's words; `post` is what waits."""

    def __init__(self, post: HeldPost) -> None:
        super().__init__("Your post waits for a facilitator, because it is your first here.")
        self.post = post


def waiting(by: Member, submission: uuid.UUID | None) -> HeldPost | None:
    """What waits and came of this submission before."""
    return HeldPost.objects.waiting().filter(author=by, submission=submission).first() if submission else None


def keep_thread(
    network: Network,
    *,
    by: Member,
    theme: Theme,
    title: str,
    source: str,
    kind: str,
    tags: Iterable[str],
    practice: Practice | None,
    quoting: str,
    submission: uuid.UUID | None,
    form_id: uuid.UUID | None,
    now: datetime,
) -> HeldPost:
    """Part of a verb: a new thread waits. Raises NotMentioned, ValueError."""
    held = HeldPost(
        network=network,
        kind=kind,
        theme=theme,
        title=markup.legible(title),
        tags=clean_tags(tags),
        practice={name: markup.legible(words) for name, words in practice.fields.items()} if practice else {},
    )
    return _keep(held, by=by, source=source, quoting=quoting, submission=submission, form_id=form_id, now=now)


def keep_reply(
    thread: Thread,
    *,
    by: Member,
    source: str,
    reply_to: Post | None,
    quoting: str,
    submission: uuid.UUID | None,
    form_id: uuid.UUID | None,
    now: datetime,
) -> HeldPost:
    """Part of a verb: a reply waits. Raises NotMentioned, ValueError."""
    held = HeldPost(network=thread.network, thread=thread, reply_to=reply_to)
    return _keep(held, by=by, source=source, quoting=quoting, submission=submission, form_id=form_id, now=now)


def _keep(
    held: HeldPost,
    *,
    by: Member,
    source: str,
    quoting: str,
    submission: uuid.UUID | None,
    form_id: uuid.UUID | None,
    now: datetime,
) -> HeldPost:
    held.author, held.organisation_id, held.written_at = by, by.organisation_id, now
    held.source, held.quoting, held.submission = markup.legible(source), quoting, submission
    # Its writer is told now of a name that is nobody's, and not the facilitator later. Nothing of it is kept.
    mentions.write(held.source, held.network, by=by)
    held.save(force_insert=True)
    if form_id is not None:
        # Under another name: what is sent by the same form once more takes no file away, and adds none to this.
        Attachment.objects.held_in(form_id, by).update(form_id=held.form_id)
    notifications.post_held(held, now=now)
    return held
