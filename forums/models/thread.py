from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.urls import reverse
from taggit.managers import TaggableManager
from taggit.models import ItemBase

from network.models import Member, Network, Tag, Viewer
from network.models.standing import standing_of
from network.models.theme import ThemeUse, register_use


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, viewer: Viewer) -> ThreadQuerySet:
        """The threads of the networks the viewer belongs to now."""
        return self.filter(network__in=Network.objects.of(viewer))

    def unread_by(self, member: Member) -> ThreadQuerySet:
        """Threads with something new by others since the member last looked: what the list shows, the badge counts."""
        marked = self.visible_to(member).marked_for(member)
        return marked.filter(is_unread=True)  # type: ignore[misc]  # annotated

    def marked_for(self, member: Member) -> ThreadQuerySet:
        """With `last_read_number` and `is_unread` for each thread. The member stands in the join's ON clause."""
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
            "network", "theme", "author__profile", "organisation", "last_author"
        ).prefetch_related(
            "tags"  # type: ignore[misc]  # a manager of taggit, which the plugin does not know
        )


def _is_unread_by(member: Member) -> models.Q:
    """The one rule of what is unread. Needs `last_read_number`. Left out is what the site itself began and nobody has
    answered (`quiet`). A member's own posts do not count: writing moves their number (`read_own_post`)."""
    above_floor = models.Q(pk__in=[])
    for membership in standing_of(member).active():
        # A plain bound value: inside GREATEST() PostgreSQL would scan the table.
        above_floor |= models.Q(network=membership.network_id, last_post_at__gt=membership.read_before)
    return above_floor & models.Q(quiet=False, highest_number__gt=models.F("last_read_number"))


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
    visible_count = models.PositiveIntegerField(default=0)
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
                condition=models.Q(visible_count__lte=models.F("highest_number")), name="thread_counts_agree"
            )
        ]
        indexes = [
            models.Index(fields=["network", "-last_post_at"], name="thread_by_network"),
            models.Index(fields=["network", "theme", "-last_post_at"], name="thread_by_theme"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("thread", args=[self.pk, self.slug])

    @property
    def is_locked(self) -> bool:
        return self.locked_at is not None

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
        return self.filter(content_object__network__in=Network.objects.of(viewer))

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
