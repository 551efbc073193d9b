"""Undoing what a facilitator did to a thread: every row becomes what it was, as long as nobody has changed it since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from forums import limits, notifications, permissions
from forums.actions import answers, cases
from forums.actions.journal import CHANGED_SINCE, put_back
from forums.actions.merging import answer_by_number, hold_threads, remember_places
from forums.actions.network_moves import CARRYING, settle_network
from forums.actions.pinning import hold_pins
from forums.actions.posts import count_anew
from forums.models import ActChange, Answer, Draft, MemberThread, ModerationAct, Post, Thread
from forums.search import index
from network.actions.audit import record
from network.models import Member, Membership, Theme
from network.permissions import Refused

Kind = ModerationAct.Kind
POSTS = Post._meta.label_lower
THEME_IS_GONE = "The theme that it was under is gone."
STILL_UNDER_WAY = timedelta(hours=1)  # nobody has been undoing for longer, by whatever clock
AT_A_TIME = 1_000  # rows of one statement


def undo_act(act: ModerationAct, *, by: Member, now: datetime | None = None) -> ModerationAct:
    """Puts back what an act changed, once and within 30 days. Where acts overlap, the newest has to be undone first.
    `highest_number` stays: numbers are not given twice. Raises Refused, LimitReached."""
    permissions.can_undo(by, act, now=now).enforce()
    limits.TIDYING.spend(by, now=now)
    now = now or timezone.now()
    with transaction.atomic():
        concerned = _threads_of(act)
        threads = {thread.pk: thread for thread in hold_threads(*concerned)}
        act = ModerationAct.objects.select_for_update(of=("self",)).select_related("network").get(pk=act.pk)
        permissions.can_undo(by, act, now=now).enforce()
        if {thread.pk for thread in _threads_of(act)} - threads.keys():
            raise Refused(CHANGED_SINCE)
        for thread in threads.values():
            # Moved to another network since: what is done there is for those who facilitate it.
            permissions.can_tidy(by, thread).enforce()
        if act.kind in CARRYING and len({thread.network_id for thread in threads.values()}) > 1:
            # Whoever wrote what was moved has agreed to be read in one of the networks, and not in the other.
            raise Refused("One of these threads is in another network now, so what was moved stays where it is.")
        moved = list(act.changes.filter(table=POSTS)) if act.kind in CARRYING else []
        _enforce(act, moved, by)
        _enforce_sight(act, by)
        if act.kind == Kind.NETWORK:
            _enforce_network(act, by)
        words = index.words_in_thread(act.thread) if act.kind == Kind.NETWORK else set()
        stood = list(Post.objects.filter(pk__in=[change.row for change in moved]))
        remember_places(stood)
        rows = put_back(act)
        act.undone_at, act.undone_by = now, by
        act.save(update_fields=["undone_at", "undone_by"])
        _settle(act, rows, threads, by=by, now=now)
        if moved:
            _settle_moved(act, moved, stood)
        if act.kind == Kind.NETWORK:
            there = threads[act.thread_id].network
            settle_network(Thread.objects.select_related("network").get(pk=act.thread_id), there, words)
        record("undid", act.thread, by=by, network=act.network, what=act.kind, act=act.pk)
    return act


def forget_changes(*, now: datetime | None = None) -> int:
    """Deletes what rows were before acts that can no longer be undone; returns how many. The site itself does; safe to
    repeat. The acts stay, with their notes between the posts, and so does where posts stood, for their authors."""
    over = ModerationAct.objects.past_undoing((now or timezone.now()) - STILL_UNDER_WAY)
    changes = ActChange.objects.filter(act__in=over)
    found = changes.exclude(pk__in=changes.of_places().values("pk")).order_by("pk").values_list("pk", flat=True)
    forgotten = 0
    # A merged thread may have thousands: none of the statements takes long.
    while keys := list(found[:AT_A_TIME]):
        forgotten += ActChange.objects.filter(pk__in=keys).delete()[0]
    return forgotten


def _threads_of(act: ModerationAct) -> list[Thread]:
    """All that an act concerned, and those in which its posts stand by now."""
    keys = {act.thread_id, *act.changes.filter(table=Thread._meta.label_lower).values_list("row", flat=True)}
    for note in act.notes.all():
        keys |= {note.thread_id, note.other_id or note.thread_id}
    changes = list(act.changes.filter(table=POSTS))
    keys |= {change.before["thread_id"] for change in changes if change.before and "thread_id" in change.before}
    keys |= set(Post.objects.filter(pk__in=[change.row for change in changes]).values_list("thread", flat=True))
    return list(Thread.objects.filter(pk__in=keys))


def _enforce(act: ModerationAct, moved: list[ActChange], by: Member) -> None:
    """What stands in the way of it beside what has changed since. Raises Refused."""
    if act.kind == Kind.HIDE:
        hidden = act.changes.filter(table=POSTS).values("row")
        for post in Post.objects.filter(pk__in=hidden, author=by).select_related("thread__network"):
            permissions.can_restore(by, post).enforce()
    if act.kind == Kind.MOVE:
        for change in act.changes.all():
            theme = Theme.objects.filter(pk=(change.before or {}).get("theme_id") or 0).first()
            if theme is None:
                raise Refused(THEME_IS_GONE)
            permissions.can_use_theme(by, act.network, theme).enforce()
    if act.kind in (Kind.PIN, Kind.UNPIN):
        for change in act.changes.all():
            if change.before and change.before.get("pinned_until"):
                hold_pins(act.network, beside=act.thread)
    posts = [change.row for change in moved]
    answer = Answer.objects.filter(post__in=posts, thread__in=_taken_by(moved)).select_related("post").first()
    if answer is not None:
        raise Refused(f"Post {answer.post.number} is marked as the answer where it is now. Take the mark off first.")
    if act.kind == Kind.SPLIT and Post.objects.filter(thread__in=_taken_by(moved)).exclude(pk__in=posts).exists():
        raise Refused("Somebody has written in the new thread since, so it stays. You can merge it into the other.")


def _enforce_sight(act: ModerationAct, by: Member) -> None:
    """What is hidden or shown again by undoing is so for whoever could do it anyway. Raises Refused."""
    if act.kind not in (Kind.HIDE, Kind.RESTORE):
        return
    posts = Post.objects.filter(pk__in=act.changes.filter(table=POSTS).values("row"))
    for post in posts.select_related("thread__network"):
        (permissions.can_restore if act.kind == Kind.HIDE else permissions.can_hide)(by, post).enforce()


def _tell_of_sight(post: Post, *, by: Member, now: datetime) -> None:
    """As when it is hidden or brought back by itself."""
    network = post.thread.network
    if post.hidden_at is None:
        record("restored post", post, by=by, network=network)
        cases.note_shown(post, by=by, now=now)
        notifications.post_shown(post, by=by, now=now)
    else:
        answers.take_mark_away(post)
        record("hid post", post, by=by, network=network)
        if post.hidden_by_id is not None:
            cases.note_hidden(post, network, by=by, reason=post.hidden_reason, now=now)
        else:
            cases.wait_for_decision(post, network, by=by, now=now)
        notifications.post_hidden(post, now=now)


def _enforce_network(act: ModerationAct, by: Member) -> None:
    """Back to where its words could be read before; what was written since could be read only where it is. Raises
    Refused."""
    written = act.changes.filter(table=POSTS).values("row")
    if Post.objects.filter(thread=act.thread).exclude(pk__in=written).exists():
        raise Refused(
            "Somebody has written in the thread since, in the network where it is now, so it stays. You can ask "
            "everybody who wrote in it to agree that it moves back."
        )
    if Post.objects.filter(thread=act.thread, edited_at__gt=act.at).exists():
        raise Refused(
            "Somebody has changed what they wrote since, for those who read it where it is now, so the thread stays. "
            "You can ask everybody who wrote in it to agree that it moves back."
        )
    for change in act.changes.filter(table=Thread._meta.label_lower):
        theme = Theme.objects.filter(pk=(change.before or {}).get("theme_id") or 0).first()
        if theme is None:
            raise Refused(THEME_IS_GONE)
        permissions.can_use_theme(by, act.network, theme).enforce()


def _taken_by(moved: list[ActChange]) -> set[int]:
    """The threads that posts were moved to."""
    return {change.after["thread_id"] for change in moved if change.after}


def _settle(
    act: ModerationAct, rows: Sequence[models.Model], threads: dict[int, Thread], *, by: Member, now: datetime
) -> None:
    """What follows from the rows: the figures of the threads, the search, what was reported, and who is told."""
    held = Thread.objects.select_related("network", "theme").in_bulk(threads)
    posts = [row for row in rows if isinstance(row, Post)]
    for post in posts:
        post.thread = held[post.thread_id]
    for thread in held.values():
        count_anew(thread)
    for post in posts:
        if post.is_shown:
            index.index_post(post)
        else:
            index.forget_post(post)
        if act.kind in (Kind.HIDE, Kind.RESTORE):
            _tell_of_sight(post, by=by, now=now)
    for answer in (row for row in rows if isinstance(row, Answer)):
        # The post that was the answer may have been moved since; with the whole thread, it comes back with it.
        if answer.post.thread_id != answer.thread_id and not answer.thread.merged_into_id:
            answer.delete()


def _settle_moved(act: ModerationAct, moved: list[ActChange], stood: list[Post]) -> None:
    """`stood`: the posts as they were until now."""
    old = {change.row: change.before["number"] for change in moved if change.before}
    numbers = {post.number: old[post.pk] for post in stood}
    drafts = act.changes.filter(table=Draft._meta.label_lower).values("row")
    for draft in Draft.objects.filter(pk__in=drafts, thread=act.thread):
        answer_by_number(draft, numbers)
    Draft.objects.filter(post__in=stood).update(thread=act.thread)
    if act.kind == Kind.SPLIT:
        # Nobody has written in it, so it is empty again: its address leads to the thread that it was made of.
        _take_begun_replies(act.thread, _taken_by(moved), numbers)
        Thread.objects.filter(pk__in=_taken_by(moved)).update(merged_into=act.thread)
    by_thread: dict[int, dict[int, int]] = defaultdict(dict)
    for post in stood:
        by_thread[post.thread_id][post.number] = old[post.pk]
    for thread, places in by_thread.items():
        _read_where_they_were(act.thread, thread, places)


def _take_begun_replies(thread: Thread, made: set[int], numbers: dict[int, int]) -> None:
    """Replies that somebody has begun in a thread that is empty again, where they have begun none in this one."""
    begun = Draft.objects.filter(thread=thread, post=None).values("member")
    for draft in Draft.objects.filter(thread__in=made, post=None).exclude(member__in=begun).order_by("member"):
        draft.thread = thread
        try:
            with transaction.atomic():
                draft.save(update_fields=["thread"])
                answer_by_number(draft, numbers)
        except IntegrityError:
            continue  # they have begun one here at this moment


def _read_where_they_were(thread: Thread, meanwhile: int, places: dict[int, int]) -> None:
    """Whoever read posts where they stood meanwhile has read them where they stand again: as far as nothing that they
    have not read stands before them, for then the thread was unread already. `places`: the old numbers by those of
    meanwhile."""
    posts = list(Post.objects.filter(thread=thread).order_by("number"))
    readers = MemberThread.objects.filter(thread=meanwhile, last_read_number__gte=min(places)).order_by("member")
    own = {row.member_id: row for row in MemberThread.objects.filter(thread=thread)}
    floors = dict(Membership.objects.filter(network=thread.network_id).values_list("member", "read_before"))
    for reader in readers:
        seen = {old for now, old in places.items() if now <= reader.last_read_number}
        row = own.get(reader.member_id) or MemberThread(thread=thread, member_id=reader.member_id)
        floor = floors.get(reader.member_id)
        is_lifted = bool(row.marked_unread_at and floor and row.marked_unread_at > floor)
        read_to = row.last_read_number
        for post in posts:
            if post.number <= read_to:
                continue
            is_old = not is_lifted and (post.quiet or (floor is not None and post.written_at <= floor))
            if not (post.number in seen or not post.is_shown or post.author_id == reader.member_id or is_old):
                break
            read_to = post.number
        if read_to > row.last_read_number:
            MemberThread.objects.update_or_create(
                thread=thread, member_id=reader.member_id, defaults={"last_read_number": read_to}
            )
