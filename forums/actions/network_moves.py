"""Moving a thread to another network: only where everybody who wrote in it has agreed, for others can read it there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from forums import limits, notifications, permissions
from forums.actions.cases import move_cases
from forums.actions.journal import Journal
from forums.actions.merging import hold_threads
from forums.actions.posts import count_anew
from forums.models import (
    Case,
    Draft,
    HeldPost,
    ModerationAct,
    MoveAnswer,
    Post,
    Reaction,
    Thread,
    ThreadMove,
    ThreadNote,
)
from forums.search import index
from network.actions.audit import record
from network.models import Member, Membership, Network, Theme
from network.permissions import Refused

# By these posts come into a thread, or leave it.
CARRYING = (ModerationAct.Kind.MERGE, ModerationAct.Kind.SPLIT, ModerationAct.Kind.GATHER)


def ask_to_move(
    thread: Thread, network: Network, theme: Theme, *, by: Member, now: datetime | None = None
) -> ThreadMove:
    """Asks everybody who wrote in a thread whether it may move to another network; nothing moves yet. Asked already, it
    stays as it is. Whoever asks and wrote in it has agreed by asking. Raises Refused, LimitReached."""
    permissions.can_move_to_network(by, thread, network).enforce()
    permissions.can_use_theme(by, network, theme).enforce()
    limits.TIDYING.spend(by, now=now)
    now = now or timezone.now()
    with transaction.atomic():
        [thread] = hold_threads(thread)
        permissions.can_move_to_network(by, thread, network).enforce()
        if there := ThreadMove.objects.open(now).filter(thread=thread).first():
            if there.network_id == network.pk:
                return there
            raise Refused("Those who wrote in this thread are being asked about another network. Withdraw that first.")
        _enforce_decided(thread, by)
        authors = _authors_who_can_agree(thread)
        # One that nobody carried out in time makes room.
        ThreadMove.objects.filter(thread=thread, carried_out_at=None, withdrawn_at=None).update(withdrawn_at=now)
        move = ThreadMove.objects.create(thread=thread, network=network, theme=theme, asked_by=by, asked_at=now)
        for author in sorted(authors):
            is_own = author == by.pk
            answer = MoveAnswer(
                move=move, member_id=author, agreed=True if is_own else None, at=now if is_own else None
            )
            answer.save(force_insert=True)
            if not is_own:
                notifications.move_asked(answer, now=now)
        record("asked to move thread", thread, by=by, network=thread.network, to=network.pk, authors=len(authors))
    return move


def answer_move(answer: MoveAnswer, *, agreed: bool, by: Member, now: datetime | None = None) -> MoveAnswer:
    """Whoever wrote in the thread says whether it may move; until it has, they may say otherwise. Raises Refused,
    LimitReached."""
    permissions.can_answer_move(by, answer, now=now).enforce()
    limits.CONSENTING.spend(by, now=now)
    with transaction.atomic():
        move = ThreadMove.objects.select_for_update(of=("self",), no_key=True).get(pk=answer.move_id)
        answer = MoveAnswer.objects.select_related("move__thread__network").get(pk=answer.pk)
        answer.move = move
        permissions.can_answer_move(by, answer, now=now).enforce()
        answer.agreed, answer.at = agreed, now or timezone.now()
        answer.save(update_fields=["agreed", "at"])
        notifications.move_answered(answer)
    return answer


def withdraw_move(move: ThreadMove, *, by: Member, now: datetime | None = None) -> None:
    """Nobody is asked any more. Raises Refused, LimitReached."""
    permissions.can_tidy(by, move.thread).enforce()
    limits.TIDYING.spend(by, now=now)
    with transaction.atomic():
        waiting = ThreadMove.objects.filter(pk=move.pk, carried_out_at=None, withdrawn_at=None)
        if waiting.update(withdrawn_at=now or timezone.now()):
            record("withdrew move of thread", move.thread, by=by, network=move.thread.network)


def carry_out_move(move: ThreadMove, *, by: Member, now: datetime | None = None) -> Thread:
    """Moves the thread, if by now everybody who wrote in it has agreed. Its posts are unread for nobody there. Raises
    Refused, LimitReached."""
    permissions.can_move_to_network(by, move.thread, move.network).enforce()
    limits.TIDYING.spend(by, now=now)
    now = now or timezone.now()
    with transaction.atomic():
        [thread] = hold_threads(move.thread)
        held = ThreadMove.objects.select_for_update(of=("self",)).select_related("network", "theme").get(pk=move.pk)
        if held.carried_out_at is not None:
            return thread
        if not held.is_open(now):
            raise Refused("Too long ago, or withdrawn: ask again those who wrote in this thread.")
        permissions.can_move_to_network(by, thread, held.network).enforce()
        permissions.can_use_theme(by, held.network, held.theme).enforce()
        _enforce_decided(thread, by)
        carried = ModerationAct.objects.filter(Q(thread=thread) | Q(notes__thread=thread), kind__in=CARRYING)
        if carried.filter(Q(at__gt=held.asked_at) | Q(undone_at__gt=held.asked_at)).exists():
            raise Refused(
                "Posts were moved to this thread or from it since everybody was asked, and nobody has agreed to that. "
                "Stop asking, and ask again."
            )
        agreed = set(MoveAnswer.objects.filter(move=held, agreed=True).values_list("member", flat=True))
        missing = len(_authors_who_can_agree(thread) - agreed)
        if missing:
            raise Refused(
                "One of those who wrote in this thread has not agreed, so it stays."
                if missing == 1
                else f"{missing} of those who wrote in this thread have not agreed, so it stays."
            )
        _move(thread, held, by=by, now=now)
        held.carried_out_at = now
        held.save(update_fields=["carried_out_at"])
    return thread


def _enforce_decided(thread: Thread, by: Member) -> None:
    """What was reported is decided by those to whom it was reported. Of what `by` may know: else they would learn that
    their own words were. Raises Refused."""
    about = Q(post__thread=thread) | Q(attachment__post__thread=thread)
    if Case.objects.visible_to(by).waiting().filter(about).exists():
        raise Refused("Something that was reported in this thread is not decided. Decide it before the thread moves.")


def _authors_who_can_agree(thread: Thread) -> set[int]:
    """Everybody who wrote in it, also what is hidden or deleted. Raises Refused where one of them cannot be asked any
    more, or somebody is about to be one of them."""
    if HeldPost.objects.waiting().filter(thread=thread).exists():
        raise Refused("A reply to this thread waits for a facilitator. Decide on it before the thread moves.")
    authors = set(
        Post.objects.filter(thread=thread, author__isnull=False).order_by().values_list("author", flat=True).distinct()
    )
    here = Membership.objects.active().filter(network=thread.network_id, member__in=authors, member__is_active=True)
    gone = len(authors) - here.count()
    if gone:
        raise Refused(
            "Somebody who wrote in this thread has left the network or closed their account. They cannot agree any "
            "more, so it stays."
        )
    return authors


def _move(thread: Thread, move: ThreadMove, *, by: Member, now: datetime) -> None:
    """Part of the verb, with the thread held."""
    old = thread.network
    words = index.words_in_thread(thread)
    journal = Journal(ModerationAct.Kind.NETWORK, thread, by=by, now=now)
    journal.note(thread, ThreadNote.Kind.ARRIVED)
    posts = list(Post.objects.filter(thread=thread).order_by("number"))
    # Nobody learns of a post, or who wrote it, where they cannot read it.
    here = {post.pk for post in posts}
    beyond = {post.pk for post in posts if post.reply_to_id not in here}
    changes: list[tuple[Any, dict[str, Any]]] = [
        (post, {"quiet": True, "reply_to_id": None if post.pk in beyond else post.reply_to_id}) for post in posts
    ]
    journal.change_each(changes)
    answering = Post.objects.filter(reply_to__in=posts).exclude(thread=thread)
    journal.change_each([(post, {"reply_to_id": None}) for post in answering.order_by("pk")])
    there = Membership.objects.active().filter(network=move.network_id)
    for reaction in Reaction.objects.filter(post__in=posts).exclude(member__in=there.values("member")):
        journal.take(reaction)
    journal.change(thread, network=move.network, theme=move.theme, pinned_until=None)
    count_anew(thread)
    settle_network(thread, old, words)
    record("moved thread to network", thread, by=by, network=old, to=move.network_id)
    record("moved thread to network", thread, by=by, network=move.network, posts=len(posts))


def settle_network(thread: Thread, old: Network, words: set[str]) -> None:
    """What follows from a thread being in another network than before: drafts of those who are in both, and the search,
    where its words leave the one network's vocabulary unless others have written them."""
    here = Membership.objects.active().filter(network=thread.network_id)
    Draft.objects.filter(thread=thread, member__in=here.values("member")).update(network=thread.network)
    for post in Post.objects.filter(thread=thread).shown().select_related("thread"):
        index.index_post(post)
    index.forget_words(words, old.pk)
    move_cases(thread, now=timezone.now())
