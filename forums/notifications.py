"""Who hears of what members say, and in what words."""

from __future__ import annotations

from datetime import datetime

from forums.models import MemberThread, Post, RoomRole, Thread
from network.actions.notices import give_notice
from network.models import Member, Membership
from network.notifications import NoticeKind, register

THREAD_REPLIED = "thread_replied"
ROOM_ROLE_GIVEN = "room_role_given"
OUTSIDER_NAMED = "outsider_named"


def post_written(post: Post, *, now: datetime) -> None:
    """Whoever follows or watches the thread and still belongs to its network, but not the writer."""
    thread = post.thread
    followers = MemberThread.objects.filter(
        thread=thread, level__in=[MemberThread.Level.FOLLOW, MemberThread.Level.WATCH]
    ).exclude(member=post.author)
    here = Membership.objects.active().filter(network=thread.network_id, member__in=followers.values("member"))
    give_notice(THREAD_REPLIED, thread.pk, Member.objects.filter(pk__in=here.values("member")), now=now)


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
