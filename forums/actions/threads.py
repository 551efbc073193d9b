from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from forums import limits, markup, notifications, permissions, signals
from forums.actions import first_posts
from forums.actions.announcements import ask_to_mail
from forums.actions.attachments import give_to
from forums.actions.journal import Journal
from forums.actions.posts import add_post, submission_of, submitted
from forums.actions.reading import follow_automatically
from forums.models import Draft, Level, ModerationAct, Practice, Thread, ThreadNote
from forums.models.post import Post
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member, Network, Theme
from network.models.tag import clean_tags


def start_thread(
    network: Network,
    *,
    by: Member,
    theme: Theme,
    title: str,
    source: str,
    kind: str = Thread.Kind.DISCUSSION,
    tags: Iterable[str] = (),
    practice: Practice | None = None,
    quoting: str = Post.Quoting.ASK,
    by_mail: bool = False,
    form_id: uuid.UUID | None = None,
    now: datetime | None = None,
) -> Thread:
    """Begins a conversation; `source` (Markdown) becomes post 1. `practice`, not saved and without its thread, belongs
    to the kind "We did this" and to no other. `by_mail`: an announcement goes to the members by mail too. The same
    words in the same form (`form_id`) are one thread, and the one of then comes back. Whoever watches is told a moment
    later. Raises Held, where a facilitator sees it first; Refused (NotMailed, NotMentioned), LimitReached, and
    ValueError for a source longer than `markup.MAX_LENGTH`, a practice where there must be none, or none where there
    must, and mail of what is no announcement."""
    now = now or timezone.now()
    permissions.can_start_kind(by, network, kind).enforce()
    permissions.can_use_theme(by, network, theme).enforce()
    if (practice is not None) != (kind == Thread.Kind.PRACTICE):
        raise ValueError("What a council did is told in threads of the kind for it, and in every one of them.")
    if by_mail and kind != Thread.Kind.ANNOUNCEMENT:
        raise ValueError("Only an announcement goes by mail to all.")
    limits.POSTS.spend(by, now=now)
    limits.THREADS.spend(by, now=now)
    submission = submission_of(form_id, title, source)
    if there := submitted(by, submission):
        return there.thread
    written: dict[str, Any] = {
        "theme": theme,
        "title": title,
        "source": source,
        "kind": kind,
        "tags": tags,
        "practice": practice,
        "quoting": quoting,
        "submission": submission,
        "form_id": form_id,
        "now": now,
    }
    thread = None
    try:
        with transaction.atomic():
            hold_account(by)
            permissions.can_start_kind(by, network, kind).enforce()  # they may have left meanwhile
            if permissions.can_post_at_once(by, network):
                thread = write_thread(network, author=by, **written).thread
            else:
                held = first_posts.waiting(by, submission) or first_posts.keep_thread(network, by=by, **written)
            Draft.objects.filter(member=by, network=network, thread=None).delete()
            if thread and by_mail:
                ask_to_mail(thread, by=by, now=now)
    except IntegrityError:
        if there := submitted(by, submission):  # the other press of the button was a moment faster
            return there.thread
        raise
    if thread is None:
        raise first_posts.Held(held)  # when it is certain that it is kept
    return thread


def write_thread(
    network: Network,
    *,
    author: Member,
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
) -> Post:
    """Part of a verb: the thread of a member with its first post, which comes back, and its files, and everybody told
    who wants to hear of it."""
    thread = begin(
        network,
        author=author,
        theme=theme,
        title=title,
        source=source,
        kind=kind,
        tags=tags,
        practice=practice,
        quoting=quoting,
        submission=submission,
        now=now,
    )
    first = thread.posts.get()
    give_to(first, by=author, form_id=form_id)
    follow_automatically(thread, author, Level.WATCH, reason="you started it")
    notifications.thread_started(thread, now=now)
    signals.post_written.send(Post, post=first)
    return first


def begin_site_discussion(
    network: Network, *, theme: Theme, title: str, source: str, now: datetime | None = None
) -> Thread:
    """Begins the discussion of something the hub published. Nobody asks for it, so nobody is told: it has no author
    and stays out of everybody's New and Unread until a member replies."""
    now = now or timezone.now()
    with transaction.atomic():
        thread = begin(network, author=None, theme=theme, title=title, source=source, quiet=True, now=now)
        record("began discussion", thread, by=None, network=network)
    return thread


def lock_thread(thread: Thread, *, by: Member | None, now: datetime | None = None) -> Thread:
    """Stops replies. `by` None is the site itself, as when the page discussed is taken down. Raises Refused,
    LimitReached."""
    return _set_lock(thread, is_locked=True, by=by, now=now)


def unlock_thread(thread: Thread, *, by: Member | None, now: datetime | None = None) -> Thread:
    """Lets members reply again. Raises Refused, LimitReached."""
    return _set_lock(thread, is_locked=False, by=by, now=now)


def move_thread(thread: Thread, theme: Theme, *, by: Member, now: datetime | None = None) -> Thread:
    """Puts a thread under another theme of its network. Nobody is told, nothing moves up and nothing is unread by it.
    Raises Refused, LimitReached."""
    permissions.can_move(by, thread).enforce()
    permissions.can_use_theme(by, thread.network, theme).enforce()
    limits.MOVING.spend(by)
    with transaction.atomic():
        thread = Thread.objects.select_for_update(of=("self",)).select_related("network", "theme").get(pk=thread.pk)
        if thread.theme_id != theme.pk:
            before = thread.theme_id
            journal = Journal(ModerationAct.Kind.MOVE, thread, by=by, now=now or timezone.now())
            journal.change(thread, theme=theme)
            journal.note(thread, ThreadNote.Kind.THEMED)
            record("moved thread", thread, by=by, network=thread.network, before=before, after=theme.pk)
    return thread


def begin(
    network: Network,
    *,
    author: Member | None,
    theme: Theme,
    title: str,
    source: str,
    now: datetime,
    kind: str = Thread.Kind.DISCUSSION,
    tags: Iterable[str] = (),
    practice: Practice | None = None,
    quoting: str = Post.Quoting.ASK,
    quiet: bool = False,
    submission: uuid.UUID | None = None,
) -> Thread:
    """Part of a verb: the thread and its first post."""
    title = markup.legible(title)
    thread = Thread.objects.create(
        network=network,
        theme=theme,
        kind=kind,
        title=title,
        slug=slugify(title)[:80].strip("-") or "thread",
        author=author,
        organisation_id=author.organisation_id if author else None,
        started_at=now,
        last_post_at=now,
        quiet=quiet,
    )
    if tags:
        thread.tags.set(clean_tags(tags))
    if practice is not None:
        practice.thread = thread
        practice.save(force_insert=True)
    add_post(thread, author=author, source=source, quoting=quoting, submission=submission, now=now)
    return thread


def _set_lock(thread: Thread, *, is_locked: bool, by: Member | None, now: datetime | None) -> Thread:
    now = now or timezone.now()
    if by is not None:
        permissions.can_lock(by, thread).enforce()
        limits.LOCKING.spend(by)
    with transaction.atomic():
        thread = Thread.objects.select_for_update(of=("self",)).select_related("network").get(pk=thread.pk)
        if thread.is_locked != is_locked:
            kinds = ModerationAct.Kind.LOCK, ThreadNote.Kind.LOCKED
            if not is_locked:
                kinds = ModerationAct.Kind.UNLOCK, ThreadNote.Kind.UNLOCKED
            journal = Journal(kinds[0], thread, by=by, now=now)
            journal.change(thread, locked_at=now if is_locked else None)
            journal.note(thread, kinds[1])
            record("locked" if is_locked else "unlocked", thread, by=by, network=thread.network)
            if is_locked:
                notifications.thread_locked(thread, by, now=now)
    return thread
