"""What is mailed of posts minutes after they were written: to whom they speak, to whoever watches, and of new threads
to whoever wants every one. The posts of one thread that wait for the same member go in one mail. And of announcements
that their facilitators have mailed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from forums import markup
from forums.actions.following import mute_from_mail
from forums.digest import MAILED, OWED_BY, is_told_by_digest
from forums.models import Announcement, Level, MemberThread, Post, Thread
from forums.notifications import MENTIONED, POST_ANSWERED, POST_MAIL, audience_of
from forums.reply_address import reply_address
from network.actions import mail, mail_stops
from network.actions.mail import Composer, Mail, MailKind, Stop
from network.actions.mail_stops import StopKind
from network.models import MailLedger, Member, Membership, Notice
from network.notifications import named


def about_posts(row: MailLedger, member: Member | None) -> Mail | None:
    """Of what the row is about, of what an earlier try told of with it, and of all else in the thread that waits for
    this member: what they may see, have not read, and still want. Nothing where nothing of the first two is left."""
    if member is None:
        return None
    place = Post.objects.in_place(member).filter(pk=row.object_id or 0).values_list("thread", flat=True)
    here = Thread.objects.visible_to(member).filter(pk__in=place).select_related("network", "theme")
    thread = here.read_by(member).levelled_for(member).first()
    if thread is None:
        return None
    own = Membership.objects.active().get(member=member, network=thread.network_id)
    waiting = _waiting(row, thread, member)
    posts = Post.objects.visible_to(member).filter(pk__in=waiting).exclude(author=member)
    posts = posts.select_related("author", "organisation").with_has_files().order_by("number")
    spoken = dict(_spoken_to(member, waiting))
    wanted = [post for post in posts if _is_wanted(post, thread, member, own, spoken)]
    wanted = [
        post for post in wanted if not is_told_by_digest(post.written_at, waiting[post.pk].planned_at, member, own)
    ]
    wanted = [post for post in wanted if _is_ripe(waiting[post.pk], post, row)]
    told = [waiting[post.pk] for post in wanted]
    if not any(one.pk == row.pk or one.gathered_in_id == row.pk for one in told):
        return None
    return _mail(thread, wanted, member, spoken, gathers=tuple(one.pk for one in told if one.pk != row.pk))


def _waiting(row: MailLedger, thread: Thread, member: Member) -> dict[int, MailLedger]:
    """By post, the rows that may go together. Of an announcement that everybody is mailed nobody is told twice."""
    announced = MailLedger.objects.filter(member=member, stream=Announcement.STREAM, state__in=MAILED)
    together = Q(state=MailLedger.State.DUE) | Q(pk=row.pk) | Q(state=MailLedger.State.GATHERED, gathered_in=row.pk)
    rows = MailLedger.objects.filter(together, member=member, stream=POST_MAIL)
    rows = rows.filter(object_id__in=Post.objects.filter(thread=thread).values("pk"))
    rows = rows.exclude(object_id__in=announced.values("object_id"))
    return {one.object_id: one for one in rows if one.object_id}


def _is_ripe(waiting: MailLedger, post: Post, row: MailLedger) -> bool:
    """Whether a post may go with the row. One that the worker came to late waits for its own time: a digest that goes
    meanwhile may tell of it."""
    goes = waiting.pk == row.pk or waiting.gathered_in_id == row.pk or waiting.due_at <= timezone.now()
    return goes or waiting.planned_at < post.written_at + OWED_BY


def _spoken_to(member: Member, posts: Iterable[int]) -> Iterable[tuple[int, str]]:
    """The posts that mention the member or answer them, and which of the two they were told."""
    told = Notice.objects.filter(member=member, kind__in=(MENTIONED, POST_ANSWERED), object_id__in=list(posts))
    return told.values_list("object_id", "kind")


def _is_wanted(post: Post, thread: Thread, member: Member, own: Membership, spoken: dict[int, str]) -> bool:
    if own.mail == Membership.Mail.NOTHING or thread.level_for_reader.level == Level.MUTE:
        return False
    if not is_unread(post, thread, own):
        return False
    concerned = post.pk in spoken or thread.level_for_reader.level == Level.WATCH
    return (member.mails_at_once and concerned) or (own.mail == Membership.Mail.EACH and post.number == 1)


def is_unread(post: Post, thread: Thread, own: Membership) -> bool:
    """The thread comes from `read_by`. What a facilitator moved is mailed to nobody."""
    seen = thread.__dict__
    lifted = seen["unread_since"] is not None and seen["unread_since"] > own.read_before
    return not post.quiet and post.number > seen["last_read_number"] and (lifted or post.written_at > own.read_before)


def _mail(
    thread: Thread, posts: Sequence[Post], member: Member, spoken: dict[int, str], *, gathers: tuple[int, ...]
) -> Mail:
    network = thread.network
    why, stop = _why(thread, posts, member, spoken)
    context = {"network": network, "count": len(posts), "address": posts[0].get_absolute_url()}
    if not network.content_free_mail:
        shown = [{"post": post, "html": markup.with_whole_addresses(post.html, settings.SITE_URL)} for post in posts]
        context |= {"thread": thread, "posts": shown}
    return Mail(
        "forums/mail/posts.txt",
        context,
        html="forums/mail/posts.html",
        why=why,
        stop=stop,
        conversation=f"thread {thread.pk}",
        gathers=gathers,
        reply_to=reply_address(thread, member),
    )


def _why(thread: Thread, posts: Sequence[Post], member: Member, spoken: dict[int, str]) -> tuple[str, Stop]:
    told = {spoken.get(post.pk, "") for post in posts}
    stop = Stop("thread", thread.pk)
    if member.mails_at_once and MENTIONED in told:
        return "You get this because somebody mentioned you.", stop
    if member.mails_at_once and POST_ANSWERED in told:
        return "You get this because somebody answered what you wrote.", stop
    level = thread.level_for_reader
    if member.mails_at_once and level.level == Level.WATCH:
        if thread.network.content_free_mail or not level.reason:
            return "You get this because you watch this thread.", stop
        return f"You get this because you watch this thread: {level.reason}.", stop
    return f"You get this because you asked for every new thread of the {thread.network}.", Stop(
        "network", thread.network_id
    )


def _announcing(rows: Sequence[MailLedger]) -> Composer:
    """Reads each announcement once for all of the rows, and asks for every member whether it is for them still."""
    shown = Post.objects.shown().filter(pk__in={row.object_id or 0 for row in rows}, number=1)
    posts = shown.filter(thread__announcement__stopped_at=None, thread__announcement__declined_at=None)
    joined = posts.select_related("thread__network", "author", "organisation").with_has_files()
    by_pk = {post.pk: post for post in joined}

    def compose(row: MailLedger, member: Member | None) -> Mail | None:
        post = by_pk.get(row.object_id or 0)
        return None if post is None or member is None else _announcement_for(row, member, post)

    return compose


def _announcement_for(row: MailLedger, member: Member, post: Post) -> Mail | None:
    """None where the announcement is not for them any more, or they know of it: they read it, or had it from a digest,
    or in a mail as one who hears of every thread."""
    thread, network = post.thread, post.thread.network
    is_for_them = audience_of(thread).now.filter(pk=member.pk).exists()
    if not is_for_them or not Post.objects.visible_to(member).filter(pk=post.pk).exists():
        return None
    if MemberThread.objects.filter(member=member, thread=thread, last_read_number__gte=1).exists():
        return None
    state = MailLedger.State
    told = MailLedger.objects.filter(member=member, object_id=post.pk, stream=POST_MAIL)
    if told.filter(state__in=(state.SENT, state.SENDING, state.GATHERED)).exists():
        return None
    own = Membership.objects.active().get(member=member, network=network)
    if is_told_by_digest(post.written_at, row.planned_at, member, own):
        return None
    context = {"member": member, "network": network, "thread": thread, "content_free": network.content_free_mail}
    if not network.content_free_mail:
        context |= {
            "author": named(post.author) if post.author else post.author_name,
            "organisation": post.organisation,
            "source": post.source,
            "html": markup.with_whole_addresses(post.html, settings.SITE_URL),
            "has_files": post.has_files,  # type: ignore[attr-defined]  # annotated
        }
    return Mail(
        "forums/mail/announcement.txt",
        context,
        html="forums/mail/announcement.html",
        why=f"You get this because you belong to the {network}, whose facilitators sent it to its members.",
        stop=Stop("network", network.pk),
        conversation=f"thread {thread.pk}",
        reply_to=reply_address(thread, member),
    )


mail.register(MailKind(Announcement.STREAM, lambda row, member: _announcing([row])(row, member), prepare=_announcing))


mail.register(MailKind(POST_MAIL, about_posts))


mail_stops.register(
    StopKind(
        "thread",
        "mail about this thread",
        mute_from_mail,
        "It is then muted: no notice tells of it, and no digest, until you choose otherwise on its page.",
    )
)
