"""What of somebody's own data stands in the forums. The title of a thread belongs to whoever began it, so other threads
are named by their address."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from forums.models import MemberThread, Message, Post, RoomRole, Thread
from network.export import Part, Row, register
from network.models import Member


def _threads(member: Member) -> Iterable[Row]:
    """What they wrote is theirs wherever they belong by now."""
    begun = Thread.objects.filter(author=member).for_rows()
    for thread in begun.order_by("started_at", "pk"):
        yield {
            "Started": thread.started_at,
            "Network": str(thread.network),
            "Title": thread.title,
            "Kind": str(thread.get_kind_display()),
            "Tags": [tag.name for tag in thread.tags.all()],
            "Address": settings.SITE_URL + thread.get_absolute_url(),
        }


def _posts(member: Member) -> Iterable[Row]:
    written = Post.objects.filter(author=member).select_related("thread__network", "organisation")
    for post in written.order_by("written_at", "pk").iterator():
        yield {
            "Written": post.written_at,
            "Network": str(post.thread.network),
            "Text": post.source,
            "Council at the time": str(post.organisation or ""),
            "Address": settings.SITE_URL + post.get_absolute_url(),
        }


def _messages(member: Member) -> Iterable[Row]:
    said = Message.objects.filter(author=member).select_related("room__network", "organisation")
    for message in said.order_by("written_at", "pk").iterator():
        yield {
            "Said": message.written_at,
            "Network": str(message.room.network),
            "Text": message.body,
            "As": str(message.get_role_display()),
            "Council at the time": str(message.organisation or ""),
            "Address": settings.SITE_URL + message.room.get_absolute_url(),
        }


def _roles(member: Member) -> Iterable[Row]:
    for given in RoomRole.objects.filter(member=member).select_related("room").order_by("at"):
        yield {
            "Since": given.at,
            "Role": str(given.get_role_display()),
            "Address": settings.SITE_URL + given.room.get_absolute_url(),
        }


def _reading(member: Member) -> Iterable[Row]:
    for row in MemberThread.objects.visible_to(member).order_by("thread").iterator():
        yield {
            "Thread": row.thread_id,
            "Read up to post": row.last_read_number,
            "Follow level": str(row.get_level_display()),
            "Because": row.level_reason,
        }


register(Part("threads", "Threads you started", _threads))
register(Part("posts", "Posts you wrote", _posts))
register(Part("messages", "What you said in live rooms", _messages))
register(Part("room_roles", "Live rooms you host or speak in", _roles))
register(Part("reading", "Threads you have read", _reading))
