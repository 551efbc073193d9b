"""Posts that a facilitator moves to another thread of the same network: as old as they were, and unread for nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from forums import limits, markup, permissions
from forums.actions.journal import Journal
from forums.actions.posts import count_anew
from forums.models import Answer, Draft, FormerPlace, Level, MemberThread, ModerationAct, Post, Thread, ThreadNote
from forums.models.post import PostQuerySet
from forums.search import index
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member, Theme
from network.permissions import Refused

NOT_HERE = "Somebody has moved or deleted one of these posts meanwhile. Look at the thread again."


def merge_threads(source: Thread, into: Thread, *, by: Member, now: datetime | None = None) -> Thread:
    """All posts of a thread become the next ones of another, to which its address leads from then on; returns that
    other. Followers, bookmarks and replies that somebody has begun go with them. Nobody is told. Merged into it
    already, nothing changes. Raises Refused, LimitReached."""
    if _is_merged(source, into):
        return into
    permissions.can_merge(by, source, into).enforce()
    limits.TIDYING.spend(by, now=now)
    with transaction.atomic():
        source, into, *earlier = hold_threads(source, into, *Thread.objects.filter(merged_into=source))
        if _is_merged(source, into):
            return into
        permissions.can_merge(by, source, into).enforce()
        journal = Journal(ModerationAct.Kind.MERGE, source, by=by, now=now or timezone.now())
        journal.note(into, ThreadNote.Kind.CAME, other=source)
        numbers = _carry(list(_posts_of(source)), source, into, journal)
        journal.change(source, merged_into=into)
        for merged in (one for one in earlier if one.merged_into_id == source.pk):
            # Readers are led one step, so what was merged into the one before leads to the other. Where that is the
            # other itself, in which there are words again, it leads nowhere.
            journal.change(merged, by_the_way=True, merged_into=None if merged.pk == into.pk else into)
        _hand_on_levels(source, into, journal, with_bookmarks=True)
        _hand_on_drafts(source, into, journal, numbers)
        about = {"into": into.pk, "posts": len(numbers), "act": journal.act.pk}
        record("merged threads", source, by=by, network=into.network, **about)
    return into


def split_thread(
    thread: Thread,
    numbers: Collection[int],
    *,
    by: Member,
    title: str,
    theme: Theme,
    now: datetime | None = None,
) -> Thread:
    """The posts with these numbers become a thread of their own, begun by whoever wrote the first of them. Whoever
    follows the one follows the other too. Nobody is told. Raises Refused, LimitReached."""
    permissions.can_tidy(by, thread).enforce()
    permissions.can_use_theme(by, thread.network, theme).enforce()
    limits.MODERATING.spend(by, count=len(set(numbers)), now=now)
    with transaction.atomic():
        hold_account(by)  # the title is theirs
        [thread] = hold_threads(thread)
        permissions.can_tidy(by, thread).enforce()
        posts = _chosen(thread, numbers)
        if not any(post.is_shown for post in posts):
            raise Refused("None of these posts can be read, so they cannot begin a thread.")
        made = _begun_by(posts[0], thread, title=title, theme=theme)
        journal = Journal(ModerationAct.Kind.SPLIT, thread, by=by, now=now or timezone.now())
        journal.note(thread, ThreadNote.Kind.WENT, other=made, after=posts[0].number - 1)
        journal.note(made, ThreadNote.Kind.CAME, other=thread)
        _carry(posts, thread, made, journal)
        _hand_on_levels(thread, made, journal, with_bookmarks=False)
        about = {"into": made.pk, "posts": len(posts), "act": journal.act.pk}
        record("split thread", thread, by=by, network=thread.network, **about)
    return made


def gather_posts(
    thread: Thread, numbers: Collection[int], into: Thread, *, by: Member, now: datetime | None = None
) -> Thread:
    """The posts with these numbers become the next ones of another thread. Nobody is told. Raises Refused,
    LimitReached."""
    permissions.can_put_posts_into(by, thread, into).enforce()
    limits.MODERATING.spend(by, count=len(set(numbers)), now=now)
    with transaction.atomic():
        thread, into = hold_threads(thread, into)
        permissions.can_put_posts_into(by, thread, into).enforce()
        posts = _chosen(thread, numbers)
        journal = Journal(ModerationAct.Kind.GATHER, thread, by=by, now=now or timezone.now())
        journal.note(thread, ThreadNote.Kind.WENT, other=into, after=posts[0].number - 1)
        journal.note(into, ThreadNote.Kind.CAME, other=thread)
        _carry(posts, thread, into, journal)
        about = {"into": into.pk, "posts": len(posts), "act": journal.act.pk}
        record("moved posts", thread, by=by, network=thread.network, **about)
    return into


def hold_threads(*threads: Thread) -> list[Thread]:
    """Part of a verb: as they are now, in the order asked, and as nobody else changes them until the transaction ends.
    Taken in the order of their keys, so that two who move posts both ways do not wait for each other; and not so hard
    that somebody who begins to read one, or keeps a draft, would wait while this waits for them."""
    keys = {thread.pk for thread in threads}
    rows = Thread.objects.select_for_update(of=("self",), no_key=True).select_related("network", "theme")
    held = {thread.pk: thread for thread in rows.filter(pk__in=keys).order_by("pk")}
    return [held[thread.pk] for thread in threads]


def _is_merged(source: Thread, into: Thread) -> bool:
    return source.merged_into_id == into.pk and not Post.objects.filter(thread=source).exists()


def _posts_of(thread: Thread) -> PostQuerySet:
    return Post.objects.filter(thread=thread).select_related("author").order_by("number")


def _chosen(thread: Thread, numbers: Collection[int]) -> list[Post]:
    """Raises Refused for what cannot be moved alone."""
    posts = list(_posts_of(thread).filter(number__in=set(numbers), deleted_at=None))
    if not posts or len(posts) != len(set(numbers)):
        raise Refused(NOT_HERE)
    if posts[0].number == 1:
        raise Refused("The first post says what the thread is about, so it stays. You can merge the whole thread.")
    answer = Answer.objects.filter(thread=thread, post__in=posts).select_related("post").first()
    if answer is not None:
        raise Refused(f"Post {answer.post.number} is marked as the answer. Take the mark off before you move it.")
    return posts


def _begun_by(first: Post, beside: Thread, *, title: str, theme: Theme) -> Thread:
    """A thread without posts yet, as if it had been begun with this one."""
    title = markup.legible(title)
    return Thread.objects.create(
        network=beside.network,
        theme=theme,
        title=title,
        slug=slugify(title)[:80].strip("-") or "thread",
        author=first.author,
        organisation_id=first.organisation_id,
        started_at=first.written_at,
        last_post_at=first.written_at,
    )


def _carry(posts: list[Post], source: Thread, into: Thread, journal: Journal) -> dict[int, int]:
    """Moves posts, in their order, to the end of another thread; both are held. Returns the new numbers by the old.
    What stands at a post, such as reactions, files and notices, goes with it, for it hangs on the post alone."""
    numbers = {post.number: into.highest_number + step for step, post in enumerate(posts, start=1)}
    remember_places(posts)
    changes: list[tuple[Post, dict[str, Any]]] = [
        (post, {"thread": into, "number": numbers[post.number], "quiet": True}) for post in posts
    ]
    begins = {post.pk for post in posts if 1 in (post.number, numbers[post.number])}
    journal.change_each(changes)
    into.highest_number += len(posts)
    into.save(update_fields=["highest_number"])
    for thread in (source, into):
        count_anew(thread)
    Draft.objects.filter(post__in=posts).update(thread=into)
    for post in posts:
        # The title stands in the index with the first post.
        if post.pk in begins and post.is_shown:
            index.index_post(post)
    return numbers


def remember_places(posts: Iterable[Post]) -> None:
    """Where posts stand, before they are moved."""
    places = [FormerPlace(thread_id=post.thread_id, number=post.number, post=post) for post in posts]
    FormerPlace.objects.bulk_create(places, ignore_conflicts=True)  # they stood there before


def _hand_on_levels(source: Thread, into: Thread, journal: Journal, *, with_bookmarks: bool) -> None:
    """Whoever follows or watches the one, or has bookmarked it, does so with the other, as far as they have chosen
    nothing there. Who muted the one has not muted the other. How far they have read stays as it is in both."""
    there = {row.member_id: row for row in MemberThread.objects.filter(thread=into)}
    for reading in MemberThread.objects.filter(thread=source).order_by("member"):
        own = there.get(reading.member_id) or MemberThread(thread=into, member_id=reading.member_id)
        values = _handed_on(reading, own, with_bookmarks=with_bookmarks)
        if values and own.pk:
            journal.change(own, by_the_way=True, **values)
        elif values:
            for name, value in values.items():
                setattr(own, name, value)
            try:
                with transaction.atomic():
                    journal.make(own, by_the_way=True)
            except IntegrityError:
                continue  # they have begun to read it at this moment; what they do with it is theirs


def _handed_on(reading: MemberThread, own: MemberThread, *, with_bookmarks: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if reading.level in (Level.FOLLOW, Level.WATCH) and own.level == Level.NORMAL and not own.level_chosen:
        values = {name: getattr(reading, name) for name in ("level", "level_reason", "level_chosen")}
    if with_bookmarks and reading.bookmarked_at and not own.bookmarked_at:
        values |= {name: getattr(reading, name) for name in ("bookmarked_at", "remind_at")}
    return values


def _hand_on_drafts(source: Thread, into: Thread, journal: Journal, numbers: dict[int, int]) -> None:
    """Replies that somebody has begun, where they have begun none in the other thread."""
    begun_there = Draft.objects.filter(thread=into, post=None)
    drafts = Draft.objects.filter(thread=source, post=None).exclude(member__in=begun_there.values("member"))
    for draft in drafts.order_by("member"):
        try:
            with transaction.atomic():
                journal.change(draft, by_the_way=True, thread=into)
                answer_by_number(draft, numbers)
        except IntegrityError:
            continue  # they have begun one there at this moment


def answer_by_number(draft: Draft, numbers: dict[int, int]) -> None:
    """The post that a begun reply answers has another number now. What is typed is no part of what is written down of
    an act, so this is done beside it."""
    number = str(draft.fields.get("reply_to", ""))
    if number.isdecimal() and int(number) in numbers:
        draft.fields["reply_to"] = str(numbers[int(number)])
        draft.save(update_fields=["fields"])
