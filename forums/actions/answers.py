"""Which post answers a question, and whether it worked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, notifications, permissions
from forums.actions.journal import Journal
from forums.models import Answer, Post, Thread
from network.actions.audit import record
from network.models import Member
from network.permissions import Refused


def mark_answer(post: Post, *, by: Member, now: datetime | None = None) -> Answer:
    """Says that this post answers the question of its thread, in place of any other. Marked already, it stays as it is.
    Its author is told; nothing moves up or is unread by it. Raises Refused, LimitReached."""
    permissions.can_mark_answer(by, post).enforce()
    limits.ANSWERS.spend(by, now=now)
    now = now or timezone.now()
    with transaction.atomic():
        post = _locked(post)
        permissions.can_mark_answer(by, post).enforce()  # it may have been hidden meanwhile
        marked = Answer.objects.filter(thread=post.thread, post=post).select_related("post", "thread", "by").first()
        if marked:
            return marked
        # Who asked in a session is said nowhere, nor that they were the one who marked this.
        shown = None if by.pk == post.thread.asker_id else by
        answer, _ = Answer.objects.update_or_create(
            thread=post.thread,
            defaults={"post": post, "by": shown, "at": now, "asked_at": None, "worked": "", "worked_at": None},
        )
        record("marked answer", post, by=shown, network=post.thread.network)
        notifications.answer_marked(answer, now=now)
    return answer


def unmark_answer(post: Post, *, by: Member) -> None:
    """The question is open again. Not marked, it stays so. Raises Refused, LimitReached."""
    permissions.can_mark_answer(by, post).enforce()
    limits.ANSWERS.spend(by)
    with transaction.atomic():
        post = _locked(post)
        if Answer.objects.filter(thread=post.thread, post=post).delete()[0]:
            shown = None if by.pk == post.thread.asker_id else by
            record("took mark off answer", post, by=shown, network=post.thread.network)


def take_mark_away(post: Post, journal: Journal | None = None) -> None:
    """What nobody can read answers nothing. Part of a verb, which takes the post out of sight, with its thread
    locked."""
    for answer in Answer.objects.filter(post=post):
        if journal is None:
            answer.delete()
        else:
            journal.take(answer)


def tell_whether_it_worked(answer: Answer, worked: str, *, by: Member, now: datetime | None = None) -> Answer:
    """Whoever asked says how it went; they may say something else later. Raises Refused, LimitReached, and ValueError
    for what is none of Answer.Worked."""
    permissions.can_tell_whether_it_worked(by, answer).enforce()
    limits.ANSWERS.spend(by, now=now)
    worked = Answer.Worked(worked)
    with transaction.atomic():
        # Of the post that they speak of: the mark may have moved to another meanwhile.
        told = Answer.objects.filter(thread=answer.thread_id, post=answer.post_id)
        if not told.update(worked=worked, worked_at=now or timezone.now()):
            raise Refused("This post is no longer marked as the answer.")
        notifications.told_whether_it_worked(answer, by)
    answer.refresh_from_db(fields=["worked", "worked_at"])
    return answer


def ask_whether_it_worked(*, now: datetime | None = None) -> int:
    """The site asks those whose questions were answered a month ago, once; returns how many it asked. Whoever has told
    already, or left, or muted the thread, is not asked. Where no word of the question's thread is left, the mark waits:
    what a facilitator moved may come back."""
    now = now or timezone.now()
    due = Answer.objects.filter(asked_at=None, at__lte=now - Answer.ASKED_AFTER, thread__visible_count__gt=0)
    asked = 0
    for pk in list(due.order_by("at").values_list("pk", flat=True)[:AT_A_TIME]):
        with transaction.atomic():
            # Whoever changes the row is the one who asks: two workers ask once.
            if not due.filter(pk=pk).update(asked_at=now):
                continue
            answer = Answer.objects.select_related("thread").get(pk=pk)
            if not answer.worked:
                asked += notifications.asked_whether_it_worked(answer, now=now)
    return asked


AT_A_TIME = 500


def _locked(post: Post) -> Post:
    """The post as it is now; its thread, as nobody else changes it until the transaction ends."""
    Thread.objects.select_for_update(of=("self",)).get(pk=post.thread_id)
    return Post.objects.select_related("thread__network", "author").get(pk=post.pk)
