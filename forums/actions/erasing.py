"""What becomes of what somebody said when their account is closed."""

from __future__ import annotations

import uuid

from django.db import transaction

from forums import search
from forums.actions.attachments import forget
from forums.models import Attachment, Message, Post, PostVersion, Practice, Room, Thread, ThreadTag
from network.models import Member, Tag

TITLE = "A thread by a former member"


def settle_closed_account(member: Member, *, erase: bool) -> None:
    """The site's own part of closing an account: part of its transaction. With `erase` no word of theirs is left in a
    post, a title, a tag, a live room or the search; where they stood, it says so. In either case live rooms that are
    open somewhere are read anew, for their old name stands in what was sent."""
    with transaction.atomic():
        if erase:
            _erase_posts(member)
            _erase_threads(member)
            Message.objects.filter(author=member).update(body="", organisation=None)
        for pk in Room.objects.filter(messages__author=member).values_list("pk", flat=True).distinct():
            # With another epoch every process lets go of what it holds of the room, and every browser starts afresh.
            Room.objects.filter(pk=pk).update(epoch=uuid.uuid4())


def _erase_posts(member: Member) -> None:
    search.forget_posts_of(member)
    own = Post.objects.filter(author=member)
    PostVersion.objects.filter(post__in=own).delete()
    for attachment in Attachment.objects.filter(member=member):
        forget(attachment)
    own.filter(hidden_at=None).update(hidden_reason="")
    own.exclude(hidden_at=None).update(hidden_reason="Erased by its author")
    own.update(source="", html="", organisation=None, submission=None)


def _erase_threads(member: Member) -> None:
    """What others answered stays, so the threads do, under a title of the site's."""
    own = ThreadTag.objects.filter(content_object__author=member)
    tags = set(own.values_list("tag", flat=True))
    own.delete()
    unused = Tag.objects.filter(pk__in=tags)
    for relation in Tag._meta.related_objects:
        if relation.one_to_many:
            unused = unused.exclude(pk__in=relation.related_model._base_manager.values(relation.field.name))
    unused.delete()
    Practice.objects.filter(thread__author=member).update(tool="", outcome="", differently="")
    Thread.objects.filter(author=member).update(title=TITLE, slug="former-member", organisation=None)
