"""Who hears of what members say, and in what words."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from forums.models import FollowLevel, Level, MemberThread, Post, RoomRole, Thread
from network.actions.notices import give_notice, settle_notices
from network.models import Member, Membership
from network.notifications import NoticeKind, register

POST_ANSWERED = "post_answered"
POST_HIDDEN = "post_hidden"
THREAD_REPLIED = "thread_replied"
THREAD_STARTED = "thread_started"
ROOM_ROLE_GIVEN = "room_role_given"
OUTSIDER_NAMED = "outsider_named"
BOOKMARK_DUE = "bookmark_due"


def thread_started(thread: Thread, *, now: datetime) -> None:
    """Whoever watches all of its network, or its theme, but not who began it."""
    watchers = watchers_of(thread)
    if thread.author_id:
        watchers = watchers.exclude(pk=thread.author_id)
    give_notice(THREAD_STARTED, thread.pk, watchers, now=now)


def post_written(post: Post, *, now: datetime) -> None:
    """Whoever watches the thread and still belongs to its network; but not the writer, and each of them once: whose
    post is answered hears of that."""
    thread = post.thread
    told = [post.author_id] if post.author_id else []
    answered = post.reply_to.author_id if post.reply_to else None
    if answered and answered not in told and _hears_of(thread).filter(pk=answered).exists():
        give_notice(POST_ANSWERED, post.pk, Member.objects.filter(pk=answered), now=now)
        told.append(answered)
    give_notice(THREAD_REPLIED, thread.pk, watchers_of(thread).exclude(pk__in=told), now=now)


def post_hidden(post: Post, *, now: datetime) -> None:
    """Its author, with the reason."""
    if post.author_id:
        give_notice(POST_HIDDEN, post.pk, Member.objects.filter(pk=post.author_id), now=now)


def thread_read(thread: Thread, member: Member, *, up_to: int) -> None:
    """What the member has now seen needs no telling any more: one UPDATE."""
    seen = Post.objects.filter(thread=thread, number__lte=up_to).values("pk")
    about = Q(kind=POST_ANSWERED, object_id__in=seen) | Q(kind__in=(THREAD_STARTED, BOOKMARK_DUE), object_id=thread.pk)
    if up_to >= thread.highest_visible_number:
        about |= Q(kind=THREAD_REPLIED, object_id=thread.pk)
    settle_notices(member, about)


def watchers_of(thread: Thread) -> QuerySet[Member]:
    """Members of its network for whom its level is watch (`models.reading.level_of`)."""
    watched = Level.WATCH
    chosen = MemberThread.objects.filter(thread=thread, level_chosen=True)
    automatic = MemberThread.objects.filter(thread=thread, level_chosen=False, level=watched)
    of_theme = FollowLevel.objects.filter(theme=thread.theme_id)
    of_network = FollowLevel.objects.filter(network=thread.network_id)
    above = Q(pk__in=of_theme.filter(level=watched).values("member")) | (
        Q(pk__in=of_network.filter(level=watched).values("member")) & ~Q(pk__in=of_theme.values("member"))
    )
    raised = Q(pk__in=automatic.values("member")) & Q(pk__in=_hears_of(thread).values("pk"))
    return _here(thread).filter(
        Q(pk__in=chosen.filter(level=watched).values("member"))
        | (~Q(pk__in=chosen.values("member")) & (above | raised))
    )


def _hears_of(thread: Thread) -> QuerySet[Member]:
    """Members of its network who have not muted it, or its theme, or all of the network."""
    own = MemberThread.objects.filter(thread=thread)
    of_theme = FollowLevel.objects.filter(theme=thread.theme_id)
    of_network = FollowLevel.objects.filter(network=thread.network_id)
    muted_above = Q(pk__in=of_theme.filter(level=Level.MUTE).values("member")) | (
        Q(pk__in=of_network.filter(level=Level.MUTE).values("member")) & ~Q(pk__in=of_theme.values("member"))
    )
    chosen = own.filter(level_chosen=True)
    return (
        _here(thread)
        .exclude(pk__in=chosen.filter(level=Level.MUTE).values("member"))
        .exclude(muted_above & ~Q(pk__in=chosen.values("member")))
    )


def _here(thread: Thread) -> QuerySet[Member]:
    here = Membership.objects.active().filter(network=thread.network_id)
    found: QuerySet[Member] = Member.objects.filter(pk__in=here.values("member"), is_active=True)
    return found


def room_role_given(given: RoomRole, *, now: datetime) -> None:
    """Whoever got it; and where they come from outside, the facilitators, whose network it is."""
    give_notice(ROOM_ROLE_GIVEN, given.pk, [given.member], now=now)
    network = given.room.network
    if not Membership.objects.active().filter(network=network, member=given.member).exists():
        facilitators = Membership.objects.facilitators().filter(network=network).exclude(member=given.by)
        give_notice(OUTSIDER_NAMED, given.pk, Member.objects.filter(pk__in=facilitators.values("member")), now=now)


register(
    NoticeKind(
        name=OUTSIDER_NAMED,
        visible_to=lambda viewer: RoomRole.objects.visible_to(viewer).select_related("member", "room"),
        title=lambda given: f"{given.member}, from outside, may speak in the live room “{given.room.title}”",
        address=lambda given: given.room.get_absolute_url(),
    )
)
register(
    NoticeKind(
        name=ROOM_ROLE_GIVEN,
        visible_to=lambda viewer: RoomRole.objects.visible_to(viewer).filter(member=viewer.pk).select_related("room"),
        title=lambda given: f"You are a {given.get_role_display().lower()} in the live room “{given.room.title}”",
        address=lambda given: given.room.get_absolute_url(),
    )
)
register(
    NoticeKind(
        name=THREAD_REPLIED,
        visible_to=lambda viewer: Thread.objects.visible_to(viewer).select_related("network"),
        title=lambda thread: f"New replies in “{thread.title}”",
        address=lambda thread: thread.get_absolute_url(),
    )
)
register(
    NoticeKind(
        name=THREAD_STARTED,
        visible_to=lambda viewer: Thread.objects.visible_to(viewer).select_related("network"),
        title=lambda thread: f"New thread in the {thread.network}: “{thread.title}”",
        address=lambda thread: thread.get_absolute_url(),
    )
)
register(
    NoticeKind(
        name=POST_ANSWERED,
        visible_to=lambda viewer: Post.objects.visible_to(viewer).select_related("thread", "author"),
        title=lambda post: f"{post.author_name} answered you in “{post.thread.title}”",
        address=lambda post: post.get_absolute_url(),
    )
)
register(
    NoticeKind(
        name=POST_HIDDEN,
        visible_to=lambda viewer: (
            Post.objects.in_place(viewer)
            .filter(author=viewer.pk or 0, thread__in=Thread.objects.in_place(viewer))
            .exclude(hidden_at=None)
            .select_related("thread")
        ),
        title=lambda post: f"A facilitator hid post {post.number} that you wrote: {post.hidden_reason}",
        address=lambda post: post.get_absolute_url(),
    )
)


def bookmark_due(bookmark: MemberThread, *, now: datetime) -> None:
    """Whoever asked to be reminded of the thread."""
    give_notice(BOOKMARK_DUE, bookmark.thread_id, [bookmark.member], now=now)


register(
    NoticeKind(
        name=BOOKMARK_DUE,
        visible_to=lambda viewer: Thread.objects.visible_to(viewer).select_related("network"),
        title=lambda thread: f"You asked to be reminded of “{thread.title}”",
        address=lambda thread: thread.get_absolute_url(),
    )
)
