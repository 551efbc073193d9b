"""Who hears of what members say, and in what words."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from forums.models import MemberThread, Post, RoomRole, Thread
from network.actions import mail
from network.actions.mail import Mail, MailKind, owe_mail
from network.actions.notices import give_notice
from network.models import MailLedger, Member, Membership
from network.notifications import NoticeKind, named, register

THREAD_REPLIED = "thread_replied"
ROOM_ROLE_GIVEN = "room_role_given"
OUTSIDER_NAMED = "outsider_named"
SPEAKER_NAMED = "speaker_named"


def post_written(post: Post, *, now: datetime) -> None:
    """Whoever follows or watches the thread and still belongs to its network, but not the writer."""
    thread = post.thread
    followers = MemberThread.objects.filter(
        thread=thread, level__in=[MemberThread.Level.FOLLOW, MemberThread.Level.WATCH]
    ).exclude(member=post.author)
    here = Membership.objects.active().filter(network=thread.network_id, member__in=followers.values("member"))
    give_notice(THREAD_REPLIED, thread.pk, Member.objects.filter(pk__in=here.values("member")), now=now)


def room_role_given(given: RoomRole, *, now: datetime) -> None:
    """Whoever got it, a speaker by mail too; where they come from outside, the facilitators, whose network it is."""
    give_notice(ROOM_ROLE_GIVEN, given.pk, [given.member], now=now)
    if given.role == RoomRole.Role.SPEAKER:
        owe_mail(SPEAKER_NAMED, given.member, period=str(given.pk), object_id=given.pk, now=now)
    network = given.room.network
    if not Membership.objects.active().filter(network=network, member=given.member).exists():
        facilitators = Membership.objects.facilitators().filter(network=network).exclude(member=given.by)
        give_notice(OUTSIDER_NAMED, given.pk, Member.objects.filter(pk__in=facilitators.values("member")), now=now)


def _about_speaking(row: MailLedger, member: Member | None) -> Mail | None:
    """Where they speak there still, and it is not over."""
    if member is None:
        return None
    own = RoomRole.objects.visible_to(member).filter(member=member, role=RoomRole.Role.SPEAKER)
    given = own.filter(pk=row.object_id or 0, room__closes_at__gt=timezone.now()).select_related("room__network")
    for room in (role.room for role in given):
        title = "" if room.network.content_free_mail else room.title
        return Mail("forums/mail/speaker_named.txt", {"member": member, "room": room, "title": title})
    return None


mail.register(MailKind(SPEAKER_NAMED, _about_speaking))
register(
    NoticeKind(
        name=OUTSIDER_NAMED,
        visible_to=lambda viewer: RoomRole.objects.visible_to(viewer).select_related("member", "room"),
        title=lambda given: f"{named(given.member)}, from outside, may speak in the live room “{given.room.title}”",
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
