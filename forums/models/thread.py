from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.urls import reverse
from taggit.managers import TaggableManager
from taggit.models import ItemBase

from network.models import Member, Membership, Network, Tag, Viewer


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, viewer: Viewer) -> ThreadQuerySet:
        """The threads of the networks the viewer belongs to now."""
        return self.filter(network__in=Network.objects.of(viewer))

    def with_reading(self, member: Member) -> ThreadQuerySet:
        """Joins the member's own row of each thread as `reading` (the member stands in the join's ON clause)."""
        return self.annotate(
            reading=models.FilteredRelation("readings", condition=models.Q(readings__member=member)),
            last_read_number=Coalesce("reading__last_read_number", 0),
        )

    def unread_by(self, member: Member) -> ThreadQuerySet:
        """Threads with something new by others since the member last looked. The badge counts this, the list shows
        this. Leaves out threads nobody has answered yet that the site itself made (`quiet`)."""
        floors = Membership.objects.active().filter(member=member).values_list("network", "read_before")
        if not floors:
            return self.none()
        above_floor = models.Q()
        for network, read_before in floors:
            # A plain bound value: inside GREATEST() PostgreSQL would scan the table.
            above_floor |= models.Q(network=network, last_post_at__gt=read_before)
        return (
            self.visible_to(member)
            .with_reading(member)
            .filter(above_floor, quiet=False, highest_number__gt=models.F("last_read_number"))
            # A writer has read what they wrote: replying moves their own number, so this is the thread they began.
        )

    def latest_first(self) -> ThreadQuerySet:
        return self.order_by("-last_post_at", "-pk")

    def for_rows(self) -> ThreadQuerySet:
        """With what a row of a list shows, in one query and one for the tags."""
        return self.select_related("network", "theme", "author", "organisation", "last_author").prefetch_related(
            "tags"  # type: ignore[misc]  # a manager of taggit, which the plugin does not know
        )


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


class ThreadTagQuerySet(models.QuerySet["ThreadTag"]):
    def visible_to(self, viewer: Viewer) -> ThreadTagQuerySet:
        return self.filter(content_object__network__in=Network.objects.of(viewer))


class ThreadTag(ItemBase):
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="thread_tags")
    content_object = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="thread_tags")

    objects = ThreadTagQuerySet.as_manager()  # type: ignore[misc, assignment]  # narrows that of taggit

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "content_object"], name="thread_tag_once")]

    def __str__(self) -> str:
        return f"{self.tag} on {self.content_object}"
