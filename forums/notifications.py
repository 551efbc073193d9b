"""Who hears of what members say, and in what words."""

from __future__ import annotations

from datetime import datetime

from forums.models import MemberThread, Post, Thread
from network.actions.notices import give_notice
from network.models import Member, Membership
from network.notifications import NoticeKind, register

THREAD_REPLIED = "thread_replied"


def post_written(post: Post, *, now: datetime) -> None:
    """Whoever follows or watches the thread and still belongs to its network, but not the writer."""
    thread = post.thread
    followers = MemberThread.objects.filter(
        thread=thread, level__in=[MemberThread.Level.FOLLOW, MemberThread.Level.WATCH]
    ).exclude(member=post.author)
    here = Membership.objects.active().filter(network=thread.network_id, member__in=followers.values("member"))
    give_notice(THREAD_REPLIED, thread.pk, Member.objects.filter(pk__in=here.values("member")), now=now)


register(
    NoticeKind(
        name=THREAD_REPLIED,
        visible_to=lambda viewer: Thread.objects.visible_to(viewer).select_related("network"),
        title=lambda thread: f"New replies in “{thread.title}”",
        address=lambda thread: thread.get_absolute_url(),
    )
)
