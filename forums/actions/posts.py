from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from forums import limits, markup, notifications, permissions, signals
from forums.actions import answers, attachments, cases, first_posts, mentions
from forums.actions.attachments import give_to
from forums.actions.journal import Journal
from forums.actions.reading import follow_automatically, read_own_post
from forums.models import Draft, Level, ModerationAct, Post, PostVersion, Practice, Thread
from forums.search import index
from forums.search.words import indexed
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member


def reply(
    thread: Thread,
    *,
    by: Member,
    source: str,
    reply_to: Post | None = None,
    quoting: str = Post.Quoting.ASK,
    form_id: uuid.UUID | None = None,
    ends_draft: bool = True,
    now: datetime | None = None,
) -> Post:
    """Adds a post of a member to a thread; `reply_to` is the post of the same thread that it answers. The same words in
    the same form (`form_id`) are one post, and the one of then comes back. Without `ends_draft` what they have begun on
    the site stays, for it is not this. Raises Held, where a facilitator sees it first; Refused (NotMentioned about whom
    they name), LimitReached, and ValueError for a source longer than `markup.MAX_LENGTH` or a post of another
    thread."""
    now = now or timezone.now()
    permissions.can_reply(by, thread).enforce()
    if reply_to is not None and reply_to.thread_id != thread.pk:
        raise ValueError("A post answers one of its own thread.")
    limits.POSTS.spend(by, now=now)
    submission = submission_of(form_id, source)
    written: dict[str, Any] = {
        "source": source,
        "reply_to": reply_to,
        "quoting": quoting,
        "submission": submission,
        "form_id": form_id,
        "now": now,
    }
    with transaction.atomic():
        hold_account(by)
        thread = hold_thread(thread)
        permissions.can_reply(by, thread).enforce()  # it may have been locked meanwhile
        if there := submitted(by, submission):
            return there
        post = None
        if permissions.can_post_at_once(by, thread.network):
            post = write_reply(thread, author=by, **written)
        else:
            held = first_posts.waiting(by, submission) or first_posts.keep_reply(thread, by=by, **written)
        if ends_draft:
            Draft.objects.filter(member=by, thread=thread, post=None).delete()
    if post is None:
        raise first_posts.Held(held)  # when it is certain that it is kept
    return post


def write_reply(
    thread: Thread,
    *,
    author: Member,
    source: str,
    reply_to: Post | None,
    quoting: str,
    submission: uuid.UUID | None,
    form_id: uuid.UUID | None,
    now: datetime,
) -> Post:
    """Part of a verb, with the thread held: the next post of a member, with its files, and everybody told who wants to
    hear of it."""
    post = add_post(
        thread, author=author, source=source, reply_to=reply_to, quoting=quoting, submission=submission, now=now
    )
    give_to(post, by=author, form_id=form_id)
    follow_automatically(thread, author, Level.FOLLOW, reason="you replied")
    notifications.post_written(post, now=now)
    signals.post_written.send(Post, post=post)
    return post


class EditedMeanwhile(Exception):
    """The author changed the post elsewhere since they opened the form. `post` holds the words of now."""

    def __init__(self, post: Post) -> None:
        super().__init__("You changed this post in another window while you were writing.")
        self.post = post


def edit_post(
    post: Post,
    *,
    by: Member,
    source: str,
    quoting: str | None = None,
    practice: Practice | None = None,
    seen: str = "",
    now: datetime | None = None,
) -> Post:
    """Gives a post other words and keeps the earlier ones. Nobody is told, nothing moves up or is unread by it. The
    same words again change nothing. `quoting` None leaves it as it is. `practice`, not saved: what is told beside the
    first post from now on. `seen`: the `edition` that the writer had before them. Raises Refused, LimitReached,
    EditedMeanwhile, and ValueError for a source longer than `markup.MAX_LENGTH` or a practice where there is none."""
    permissions.can_edit(by, post).enforce()
    permissions.can_change_announcement(by, post).enforce()
    limits.EDITING.spend(by, now=now)
    now = now or timezone.now()
    source = markup.legible(source)
    with transaction.atomic():
        hold_account(by)
        post = hold_post(post)
        thread = post.thread
        permissions.can_edit(by, post).enforce()  # it may have been hidden meanwhile
        if thread.kind == Thread.Kind.ANNOUNCEMENT:
            permissions.can_change_what_is_mailed(post).enforce()
        told = Practice.objects.beside(post)
        if practice is not None and told is None:
            raise ValueError("What a council did is told beside the first post of a thread of the kind for it.")
        telling = {name: markup.legible(words) for name, words in practice.fields.items()} if practice else {}
        has_new_words = source != post.source
        tells_otherwise = bool(told and practice and telling != told.fields)
        if not has_new_words and not tells_otherwise and quoting in (None, post.quoting):
            return post
        if seen and seen != post.edition:
            raise EditedMeanwhile(post)
        written = mentions.write(source, thread.network, by=by, before=post.html)
        post.quoting = quoting or post.quoting
        if has_new_words or tells_otherwise:
            _keep_version(post, told)
            post.source, post.html, post.renderer_version, post.edited_at = source, written.html, markup.VERSION, now
        post.save(update_fields=["source", "html", "renderer_version", "edited_at", "quoting"])
        mentions.remember(post, written)
        if tells_otherwise:
            Practice.objects.filter(thread=thread).update(**telling)
        index.index_post(post)
        Draft.objects.filter(member=by, post=post).delete()
    return post


def hide_version(version: PostVersion, *, by: Member) -> PostVersion:
    """Nobody reads these earlier words of a post any more. Raises Refused, LimitReached."""
    permissions.can_hide_version(by, version).enforce()
    limits.MODERATING.spend(by)
    with transaction.atomic():
        hidden = PostVersion.objects.filter(pk=version.pk, hidden_at=None)
        if hidden.update(hidden_at=timezone.now(), hidden_by=by):
            record("hid version", version.post, by=by, network=version.post.thread.network, version=version.number)
            notifications.version_hidden(version, now=timezone.now())
    version.refresh_from_db()
    return version


def delete_post(post: Post, *, by: Member) -> Post:
    """Its author takes a post back: its place and number stay, its words are shown to nobody. Twice is once. Raises
    Refused, LimitReached."""
    permissions.can_delete(by, post).enforce()
    permissions.can_change_announcement(by, post).enforce()
    limits.EDITING.spend(by)
    with transaction.atomic():
        post = hold_post(post)
        thread = post.thread
        permissions.can_delete(by, post).enforce()  # somebody may have answered meanwhile
        if post.deleted_at is None:
            # The same words may be sent again by the same form.
            post.deleted_at, post.submission = timezone.now(), None
            post.save(update_fields=["deleted_at", "submission"])
            for attached in post.attachments.all():
                attachments.take_from(post, attached)
            index.forget_post(post)
            answers.take_mark_away(post)
            count_anew(thread)
    return post


def hide_post(post: Post, *, by: Member, reason: str, now: datetime | None = None) -> Post:
    """A facilitator takes a post out of sight; its author is told why. Hidden already, it stays with the reason that it
    has. Raises Refused, LimitReached."""
    permissions.can_hide(by, post).enforce()
    limits.MODERATING.spend(by)
    now = now or timezone.now()
    with transaction.atomic():
        post = hold_post(post)
        if post.hidden_at is None:
            journal = Journal(ModerationAct.Kind.HIDE, post.thread, by=by, now=now)
            hide_held(post, journal, by=by, reason=reason)
    return post


def hide_held(post: Post, journal: Journal, *, by: Member | None, reason: str) -> None:
    """Part of a verb: takes a post out of sight that is held and not hidden, and tells its author. `by` None: the site
    itself, until a facilitator has looked."""
    journal.change(post, hidden_at=journal.now, hidden_by=by, hidden_reason=markup.legible(reason))
    index.forget_post(post)
    answers.take_mark_away(post, journal)
    count_anew(post.thread)
    record("hid post", post, by=by, network=post.thread.network)
    if by is not None:
        cases.note_hidden(post, post.thread.network, by=by, reason=reason, now=journal.now)
    notifications.post_hidden(post, now=journal.now)


def restore_post(post: Post, *, by: Member, now: datetime | None = None) -> Post:
    """Brings a hidden post back. Raises Refused, LimitReached."""
    permissions.can_restore(by, post).enforce()
    limits.MODERATING.spend(by)
    with transaction.atomic():
        post = hold_post(post)
        permissions.can_restore(by, post).enforce()  # somebody else may have hidden it meanwhile
        if post.hidden_at is not None:
            journal = Journal(ModerationAct.Kind.RESTORE, post.thread, by=by, now=now or timezone.now())
            show_held(post, journal, by=by)
    return post


def show_held(post: Post, journal: Journal, *, by: Member | None) -> None:
    """Part of a verb: brings a post back that is held and hidden, and tells its author."""
    journal.change(post, hidden_at=None, hidden_by=None, hidden_reason="")
    if post.is_shown:
        index.index_post(post)
    count_anew(post.thread)
    record("restored post", post, by=by, network=post.thread.network)
    cases.note_shown(post, by=by, now=journal.now)
    notifications.post_shown(post, by=by, now=journal.now)


def submission_of(form_id: uuid.UUID | None, *words: str) -> uuid.UUID | None:
    """What makes sending a form twice one thing. The words belong to it, for the browser's back button brings back the
    same form, and other words in it are another post."""
    return uuid.uuid5(form_id, "\n".join(words)) if form_id else None


def submitted(by: Member, submission: uuid.UUID | None) -> Post | None:
    """The post that came of this submission before."""
    return Post.objects.filter(author=by, submission=submission).first() if submission else None


def add_post(
    thread: Thread,
    *,
    author: Member | None,
    source: str,
    now: datetime,
    reply_to: Post | None = None,
    quoting: str = Post.Quoting.ASK,
    submission: uuid.UUID | None = None,
) -> Post:
    """Writes the next post of a thread and moves the thread's numbers. Part of a verb: stands in its transaction, with
    the thread locked or just made there, so that numbers have no gaps and are never given twice."""
    source = markup.legible(source)
    written = mentions.write(source, thread.network, by=author)
    # A clock that is a little behind writes nothing before the post it follows: the thread's last time is that of its
    # last post, by which lists say what is unread.
    now = max(now, thread.last_post_at)
    thread.highest_number += 1
    post = Post.objects.create(
        thread=thread,
        number=thread.highest_number,
        author=author,
        organisation_id=author.organisation_id if author else None,
        source=source,
        html=written.html,
        renderer_version=markup.VERSION,
        written_at=now,
        reply_to=reply_to,
        quoting=quoting,
        submission=submission,
    )
    mentions.remember(post, written)
    thread.visible_count += 1
    thread.highest_visible_number = thread.highest_loud_number = post.number
    thread.last_post_at = now
    thread.last_author = author
    thread.quiet = thread.quiet and author is None
    thread.save(update_fields=[*COUNTED, "highest_number", "quiet"])
    index.index_post(post)
    if author is not None:
        read_own_post(post, author)
    return post


# What a thread says of the posts that can be read.
COUNTED = ["visible_count", "highest_visible_number", "highest_loud_number", "last_post_at", "last_author"]


def count_anew(thread: Thread) -> None:
    """Puts a thread's figures right after a post went out of sight, came back or was moved. Part of a verb, with the
    thread locked. What was moved here makes it no younger."""
    shown = Post.objects.filter(thread=thread).shown().order_by("-number")
    loud = shown.filter(quiet=False).first()
    last = loud or shown.order_by("-written_at", "-number").first()
    thread.visible_count = shown.count()
    thread.highest_visible_number = shown.values_list("number", flat=True).first() or 0
    thread.highest_loud_number = loud.number if loud else 0
    thread.last_post_at = last.written_at if last else thread.started_at
    thread.last_author = last.author if last else None
    thread.save(update_fields=COUNTED)


def rewrite(thread: Thread, *, source: str, title: str) -> None:
    """Part of erasing what somebody said, of which somebody else began this thread: its first post and its title say
    something else, and no earlier words of them are kept, nor in the search. Where the first post is gone already, only
    the title."""
    gone = [thread.title]
    entitle(thread, title)
    # With the whole thread it may have been moved to another.
    posts = Post.objects.standing_at(thread.pk, 1).exclude(source="").select_related("author", "thread")
    post = posts.first()
    if post is None:
        return
    gone += [markup.plain(html) for html in (post.html, *post.versions.values_list("html", flat=True))]
    PostVersion.objects.filter(post=post).delete()
    post.source, post.html, post.renderer_version = source, markup.render(source), markup.VERSION
    post.save(update_fields=["source", "html", "renderer_version"])
    if post.is_shown:
        index.index_post(post)
    index.forget_words(index.words_to_learn(indexed(" ".join(gone))), post.thread.network_id)
    index.forget_what_was_replaced()


def entitle(thread: Thread, title: str) -> None:
    """Part of a verb: another title, in the address too. In the search it stands with the first post."""
    thread.title, thread.slug = title, slugify(title)[:80].strip("-") or "thread"
    thread.save(update_fields=["title", "slug"])


def _keep_version(post: Post, told: Practice | None) -> None:
    """The words as they are, all that stands in the post, become an earlier version of it."""
    beside = told.source if told else ""
    PostVersion.objects.create(
        post=post,
        number=post.versions.count() + 1,
        source=f"{beside}\n\n{post.source}" if beside else post.source,
        html=markup.render(beside) + post.html,
        renderer_version=post.renderer_version,
        written_at=post.edited_at or post.written_at,
    )


def hold_post(post: Post) -> Post:
    """Part of a verb: the post as it is now, with its thread, and as nobody else changes either until the transaction
    ends. A facilitator may have moved it to another thread since it was looked up."""
    thread = hold_thread(post.thread)
    while True:
        held = Post.objects.select_for_update(of=("self",)).select_related("author").get(pk=post.pk)
        if held.thread_id == thread.pk:
            held.thread = thread
            return held
        thread = hold_thread(held.thread)


def hold_thread(thread: Thread) -> Thread:
    """Part of a verb: the thread as it is now, and as nobody else changes it until the transaction ends."""
    return Thread.objects.select_for_update(of=("self",)).select_related("network").get(pk=thread.pk)
