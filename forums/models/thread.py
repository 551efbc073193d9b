from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan
from django.urls import reverse
from taggit.managers import TaggableManager
from taggit.models import ItemBase

from forums.models.post import Post
from forums.models.reading import FollowLevel, Level
from network.models import Member, MemberTheme, Network, Tag, Viewer
from network.models.standing import standing_of
from network.models.theme import ThemeUse, register_use


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, viewer: Viewer) -> ThreadQuerySet:
        """The threads of the networks the viewer belongs to now, but for those in which no word is left."""
        return self.in_place(viewer).filter(visible_count__gt=0)

    def in_place(self, viewer: Viewer) -> ThreadQuerySet:
        """With those whose every post was deleted or hidden: their address stays, their title is shown to nobody."""
        return self.filter(network__in=Network.objects.of(viewer))

    def unread_by(self, member: Member) -> ThreadQuerySet:
        """Threads with something new by others since the member last looked: what the list shows, the badge counts."""
        marked = self.visible_to(member).marked_for(member)
        return marked.filter(is_unread=True)  # type: ignore[misc]  # annotated

    def new_to(self, member: Member) -> ThreadQuerySet:
        """Those among the unread that began since the member marked everything as read, and that they never opened."""
        fresh = models.Q(pk__in=[])
        for membership in standing_of(member).active():
            fresh |= models.Q(network=membership.network_id, started_at__gt=membership.read_before)
        return self.unread_by(member).filter(fresh, last_read_number=0)  # type: ignore[misc]  # annotated

    def followed_by(self, member: Member) -> ThreadQuerySet:
        """Those whose level for the member is follow or watch (`level_of` is the same rule in Python)."""
        return self.visible_to(member).marked_for(member).filter(_is_followed_by(member))

    def unanswered(self) -> ThreadQuerySet:
        """Questions of which nobody has marked the answer, and which can still be answered."""
        return self.filter(kind=Thread.Kind.QUESTION, answer=None, locked_at=None)

    def marked_for(self, member: Member) -> ThreadQuerySet:
        """With `last_read_number`, and `is_unread`, for each thread. The member stands in the join's ON clause."""
        return self.annotate(
            reading=models.FilteredRelation("readings", condition=models.Q(readings__member=member)),
            last_read_number=Coalesce("reading__last_read_number", 0),
            is_unread=models.ExpressionWrapper(_is_unread_by(member), output_field=models.BooleanField()),
        )

    def latest_first(self) -> ThreadQuerySet:
        return self.order_by("-last_post_at", "-pk")

    def for_rows(self) -> ThreadQuerySet:
        """With what a row of a list shows, in one query and one for the tags."""
        return self.select_related(
            "network", "theme", "author__profile", "organisation", "last_author", "answer", "practice"
        ).prefetch_related(
            "tags"  # type: ignore[misc]  # a manager of taggit, which the plugin does not know
        )


def _is_unread_by(member: Member) -> models.Q:
    """The one rule of what is unread: a post that can be read, by somebody else, above the number the member has read
    and above the floor below which they marked everything. Needs `reading` and `last_read_number`. Left out is what the
    site itself began and nobody has answered (`quiet`), and what the member muted."""
    unread = models.Q(pk__in=[])
    for membership in standing_of(member).active():
        # A plain bound value: inside GREATEST() PostgreSQL would scan the table.
        floor = membership.read_before
        # "Mark unread from here" lifts the floor off one thread, until everything is marked as read again.
        lifted = GreaterThan(models.OuterRef("reading__marked_unread_at"), models.Value(floor))
        posts = Post.objects.shown().filter(
            models.Q(written_at__gt=floor) | models.Q(lifted),
            thread=models.OuterRef("pk"),
            number__gt=models.OuterRef("last_read_number"),
        )
        by_others = models.Q(author=None) | ~models.Q(author=member.pk)
        # The columns of the thread stand first: they leave few threads of which the posts have to be looked at.
        unread |= (
            models.Q(network=membership.network_id)
            & (models.Q(last_post_at__gt=floor) | models.Q(reading__marked_unread_at__gt=floor))
            & models.Q(models.Exists(posts.filter(by_others)))
        )
    quick = models.Q(quiet=False, highest_visible_number__gt=models.F("last_read_number"))
    return quick & ~_is_muted_by(member) & unread


def _is_muted_by(member: Member) -> models.Q:
    """The thread itself; or, where the member chose nothing for it, its theme, or its network and not the theme."""
    own = FollowLevel.objects.filter(member=member.pk)
    muted = own.filter(level=Level.MUTE)
    above = models.Q(theme__in=muted.exclude(theme=None).values("theme")) | (
        models.Q(network__in=muted.exclude(network=None).values("network"))
        & ~models.Q(theme__in=own.exclude(theme=None).values("theme"))
    )
    return _chose(Level.MUTE) | (~_chose() & above)


def _is_followed_by(member: Member) -> models.Q:
    strong = [Level.FOLLOW, Level.WATCH]
    own = FollowLevel.objects.filter(member=member.pk)
    followed = own.filter(level__in=strong)
    above = models.Q(theme__in=followed.exclude(theme=None).values("theme")) | (
        (
            models.Q(network__in=followed.exclude(network=None).values("network"))
            | models.Q(theme__in=MemberTheme.objects.filter(member=member.pk).values("theme"))
        )
        & ~models.Q(theme__in=own.exclude(theme=None).values("theme"))
    )
    automatic = models.Q(reading__level__in=strong)
    return _chose(*strong) | (~_chose() & ~_is_muted_by(member) & (automatic | above))


def _chose(*levels: str) -> models.Q:
    """The member chose one of these levels for the thread, or any. Needs `reading`; false, not NULL, without one."""
    chosen = models.Q(reading__isnull=False, reading__level_chosen=True)
    return chosen & models.Q(reading__level__in=levels) if levels else chosen


@dataclass(frozen=True)
class ThreadPage:
    """A page of a list of threads, latest first. Paged by the key of the last row, so that page 500 costs what page 1
    costs and nothing is shown twice when a thread moves up."""

    SIZE = 25

    threads: list[Thread]
    next_key: str  # empty on the last page

    @classmethod
    def of(cls, threads: ThreadQuerySet, *, after: str = "") -> ThreadPage:
        """`after` is the `next_key` of the page before; anything else gives the first page."""
        last_post_at, _, pk = after.partition("_")
        if re.fullmatch(r"[0-9]{1,19}", last_post_at) and re.fullmatch(r"[0-9]{1,18}", pk):
            moment = _EPOCH + timedelta(microseconds=min(int(last_post_at), _LAST_MOMENT))
            threads = threads.filter(models.Q(last_post_at__lt=moment) | models.Q(last_post_at=moment, pk__lt=int(pk)))
        found = list(threads.latest_first()[: cls.SIZE + 1])
        shown = found[: cls.SIZE]
        return cls(shown, _key(shown[-1]) if len(found) > cls.SIZE else "")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MOMENT = 253_370_764_800_000_000  # the year 9999 in microseconds


def _key(thread: Thread) -> str:
    return f"{(thread.last_post_at - _EPOCH) // timedelta(microseconds=1)}_{thread.pk}"


class Thread(models.Model):
    """A conversation of one network under one theme. Its first words are post number 1."""

    class Kind(models.TextChoices):
        DISCUSSION = "discussion", "Discussion"
        QUESTION = "question", "Question"
        ANNOUNCEMENT = "announcement", "Announcement"
        PRACTICE = "practice", "We did this"

    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="threads")
    theme = models.ForeignKey("network.Theme", on_delete=models.PROTECT, related_name="threads")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.DISCUSSION)
    title = models.CharField(max_length=150)
    slug = models.SlugField(max_length=80)
    # None: the hub itself began it, to discuss something it published.
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="threads")
    # The author's organisation when this was written; people move.
    organisation = models.ForeignKey("network.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    # The number last given to a post; never goes down.
    highest_number = models.PositiveIntegerField(default=0)
    # Of the posts that can be read: how many, the number of the last, and when it was written.
    visible_count = models.PositiveIntegerField(default=0)
    highest_visible_number = models.PositiveIntegerField(default=0)
    last_post_at = models.DateTimeField()
    last_author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    locked_at = models.DateTimeField(null=True, blank=True)
    # Begun by the site and not yet answered: in nobody's New or Unread.
    quiet = models.BooleanField(default=False)

    tags = TaggableManager(through="forums.ThreadTag", blank=True)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(visible_count__lte=models.F("highest_visible_number"))
                & models.Q(highest_visible_number__lte=models.F("highest_number")),
                name="thread_counts_agree",
            )
        ]
        indexes = [
            models.Index(fields=["network", "-last_post_at"], name="thread_by_network"),
            models.Index(fields=["network", "theme", "-last_post_at"], name="thread_by_theme"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("thread", args=[self.pk, self.shown_slug])

    @property
    def shown_title(self) -> str:
        """The title, or what stands in its place where no word of the thread is left."""
        return self.title if self.visible_count else "A thread that was taken back"

    @property
    def shown_slug(self) -> str:
        """The title's words in the address go with the title."""
        return self.slug if self.visible_count else "taken-back"

    @property
    def is_locked(self) -> bool:
        return self.locked_at is not None

    @property
    def is_answered(self) -> bool:
        return getattr(self, "answer", None) is not None

    @property
    def reply_count(self) -> int:
        return max(self.visible_count - 1, 0)

    @property
    def author_name(self) -> str:
        return str(self.author) if self.author else "The hub"


register_use(
    ThemeUse(
        one="thread",
        many="threads",
        count=lambda theme: Thread.objects.filter(theme=theme).count(),
        count_outside=lambda theme, network: Thread.objects.filter(theme=theme).exclude(network=network).count(),
    )
)


class ThreadTagQuerySet(models.QuerySet["ThreadTag"]):
    def visible_to(self, viewer: Viewer) -> ThreadTagQuerySet:
        return self.filter(content_object__network__in=Network.objects.of(viewer), content_object__visible_count__gt=0)

    def counted(self, network: Network) -> models.QuerySet[Any, Any]:
        """The tags on a network's threads, as dicts: `pk`, `name`, and `threads`, how many carry it. The most used
        first."""
        here = self.filter(content_object__network=network)
        named = here.values(pk=models.F("tag"), name=models.F("tag__name"))
        return named.annotate(threads=models.Count("content_object")).order_by("-threads", "name")


class ThreadTag(ItemBase):
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="thread_tags")
    content_object = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="thread_tags")

    objects = ThreadTagQuerySet.as_manager()  # type: ignore[misc, assignment]  # narrows that of taggit

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "content_object"], name="thread_tag_once")]

    def __str__(self) -> str:
        return f"{self.tag} on {self.content_object}"
