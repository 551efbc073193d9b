"""What becomes of posts that wait for a facilitator. Two of them may decide at once: with the row held the first
decision stands, and the second is told of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions
from forums.actions.drafts import give_back
from forums.actions.posts import hold_thread, write_reply
from forums.actions.threads import write_thread
from forums.models import Draft, HeldPost, Post, Practice
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member
from network.permissions import Refused


def release_post(held: HeldPost, *, by: Member, now: datetime | None = None) -> Post:
    """Posts what waited: its author writes it now, as anything else that they write, and everybody who would hear of
    that hears of it. One that was released already comes back as it is. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_decide_held_posts(by, held.network).enforce()
    limits.MODERATING.spend(by, now=now)
    with transaction.atomic():
        hold_account(held.author)
        held = _hold(held)
        if held.post is not None:
            return held.post
        permissions.can_release_post(by, held).enforce()
        post = _written(held, now=now)
        _decide(held, HeldPost.Decision.RELEASED, by=by, now=now, post=post)
        record("released post", post, by=by, network=held.network)
        notifications.held_post_released(post, now=now)
    return post


def refuse_post(held: HeldPost, *, by: Member, reason: str, now: datetime | None = None) -> HeldPost:
    """Decides that what waited is not posted: its author is told why and has the words back as a draft, and nobody else
    learns of it. Refused already, it stays with the reason that it has. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_decide_held_posts(by, held.network).enforce()
    limits.MODERATING.spend(by, now=now)
    with transaction.atomic():
        # As `hold_account`, also where the account is suspended: what they have back is kept for them.
        Member.objects.select_for_update(no_key=True).get(pk=held.author_id)
        held = _hold(held)
        if held.decision == HeldPost.Decision.REFUSED:
            return held
        permissions.can_decide_held_post(by, held).enforce()
        _give_back(held, now=now)
        held.reason = markup.legible(reason)
        _decide(held, HeldPost.Decision.REFUSED, by=by, now=now)
        record("refused post", held, by=by, network=held.network)
        notifications.held_post_refused(held, now=now)
    return held


def withdraw_post(held: HeldPost, *, by: Member, now: datetime | None = None) -> HeldPost:
    """Its author takes back what waits, and has the words as a draft. Twice is once. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_withdraw_post(by, held).enforce()
    limits.EDITING.spend(by, now=now)
    with transaction.atomic():
        hold_account(by)
        held = _hold(held)
        if held.decision == HeldPost.Decision.WITHDRAWN:
            return held
        permissions.can_withdraw_post(by, held).enforce()  # it may have been decided meanwhile
        _give_back(held, now=now)
        _decide(held, HeldPost.Decision.WITHDRAWN, by=by, now=now)
    return held


def draft_of(held: HeldPost, *, by: Member) -> Draft | None:
    """Where the words are that somebody had back, while they are still there."""
    is_reply = held.goes_to is not None and not held.is_moved
    of_place = {"thread": held.goes_to} if is_reply else {"network": held.network_id, "thread": None}
    return Draft.objects.visible_to(by).filter(post=None, **of_place).select_related("network", "thread").first()


def _hold(held: HeldPost) -> HeldPost:
    """As it is now, and as nobody else changes it until the transaction ends. Raises Refused."""
    if not HeldPost.objects.select_for_update().filter(pk=held.pk).values_list("pk"):
        raise Refused("Its author has closed their account.")
    return HeldPost.objects.with_author().get(pk=held.pk)


def _written(held: HeldPost, *, now: datetime) -> Post:
    shared: dict[str, Any] = {
        "author": held.author,
        "source": held.source,
        "quoting": held.quoting,
        "submission": held.submission,
        "form_id": held.form_id,
        "now": now,
    }
    if held.goes_to is not None:
        thread = hold_thread(held.goes_to)
        permissions.can_reply(held.author, thread).enforce()  # it may have been locked meanwhile
        answered = held.reply_to if held.reply_to and held.reply_to.thread_id == thread.pk else None
        return write_reply(thread, reply_to=answered, **shared)
    assert held.theme is not None  # asked a moment ago, by `can_release_post`
    return write_thread(
        held.network,
        theme=held.theme,
        title=held.title,
        kind=held.kind,
        tags=held.tags,
        practice=Practice(**held.practice) if held.practice else None,
        **shared,
    )


def _give_back(held: HeldPost, *, now: datetime) -> None:
    place = held.network if held.is_moved else held.goes_to or held.network
    give_back(place, held.fields, to=held.author, now=now)


def _decide(
    held: HeldPost, decision: HeldPost.Decision, *, by: Member, now: datetime, post: Post | None = None
) -> None:
    """The words are elsewhere from now on."""
    held.decision, held.decided_by, held.decided_at, held.post = decision, by, now, post
    held.title, held.source, held.tags, held.practice = "", "", [], {}
    held.save()
