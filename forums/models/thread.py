from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Least
from django.db.models.lookups import GreaterThan
from django.urls import reverse
from django.utils import timezone
from taggit.managers import TaggableManager
from taggit.models import ItemBase

from forums.models.post import Post, PostQuerySet
from forums.models.reading import FollowLevel, Level, MemberThread, ReasonedLevel, level_of
from network.models import Member, MemberTheme, Network, Tag, Viewer
from network.models.standing import standing_of
from network.models.theme import ThemeUse, register_use


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, viewer: Viewer) -> ThreadQuerySet:
        """The threads of the networks the viewer belongs to now, but for those in which no word is left."""
        return self.in_place(viewer).filter(visible_count__gt=0)

    def in_place(self, viewer: Viewer) -> ThreadQuerySet:
        """With those whose every post was deleted or hidden: their address stays, their title is shown to nobody."""
        return self.filter(network__in_once=Network.objects.of(viewer))

    def reachable_by(self, viewer: Viewer) -> ThreadQuerySet:
        """With those that were merged into one of them: their address leads there."""
        into = Thread.objects.visible_to(viewer)
        return self.in_place(viewer).filter(models.Q(visible_count__gt=0) | models.Q(merged_into__in=into.values("pk")))

    def unread_by(self, member: Member) -> ThreadQuerySet:
        """Threads with something new by others since the member last looked: what the list shows, the badge counts."""
        # Those without a word left have no number above what was read, so their count need not be asked.
        within_reach = self.in_place(member)._active_since_floor_of(member)._not_read_to_the_end_by(member)
        return within_reach._beside_reading_of(member)._beside_floor_of(member).filter(_is_unread_by(member))

    def new_to(self, member: Member) -> ThreadQuerySet:
        """Those among the unread that began since the member marked everything as read, and that they never opened."""
        fresh = models.Q(pk__in=[])
        for membership in standing_of(member).active():
            fresh |= models.Q(network=membership.network_id, started_at__gt=membership.read_before)
        return self.unread_by(member).filter(fresh, number_read__lt=1)  # type: ignore[misc]  # an alias

    def followed_by(self, member: Member) -> ThreadQuerySet:
        """Those whose level for the member is follow or watch (`level_of` is the same rule in Python)."""
        found = self.visible_to(member)._beside_reading_of(member)
        return found.filter(_may_be_followed_by(member), _is_followed_by(member))

    def bookmarked_by(self, member: Member) -> ThreadQuerySet:
        kept = MemberThread.objects.filter(member=member.pk).bookmarked()
        return self.visible_to(member).filter(pk__in=kept.values("thread"))

    def chosen_by(self, member: Member) -> ThreadQuerySet:
        """Those for which the member chose a level of their own."""
        chosen = MemberThread.objects.filter(member=member.pk, level_chosen=True)
        return self.visible_to(member).filter(pk__in=chosen.values("thread"))

    def levelled_for(self, member: Member) -> ThreadQuerySet:
        """With what `Thread.level_for_reader` is made of. Stands beside `read_by`."""
        own = FollowLevel.objects.filter(member=member.pk)
        interests = MemberTheme.objects.filter(member=member.pk, theme=models.OuterRef("theme"))
        return self.annotate(
            level_here=Coalesce("reading__level", models.Value(Level.NORMAL.value)),
            level_reason_here=Coalesce("reading__level_reason", models.Value("")),
            is_level_chosen=Coalesce("reading__level_chosen", False),
            level_of_theme=models.Subquery(own.filter(theme=models.OuterRef("theme")).values("level")),
            level_of_network=models.Subquery(own.filter(network=models.OuterRef("network")).values("level")),
            is_theme_of_interest=models.Exists(interests),
        )

    def unanswered(self) -> ThreadQuerySet:
        """Questions of which nobody has marked the answer, and which can still be answered."""
        return self.filter(kind=Thread.Kind.QUESTION, answer=None, locked_at=None)

    def without_reply(self) -> ThreadQuerySet:
        """Those in which nobody can read a word but of whoever began it, or asked it in a session."""
        # The thread itself says who wrote last: only where it was they, the posts have to be looked at.
        return self.filter(models.Q(last_author=models.F("author")), ~models.Exists(_replies()))

    def with_first_reply(self) -> ThreadQuerySet:
        """With `first_reply`, when somebody else first wrote in it."""
        return self.annotate(first_reply=models.Subquery(_replies().order_by("written_at").values("written_at")[:1]))

    def replied_before(self, moment: datetime) -> ThreadQuerySet:
        return self.filter(models.Exists(_replies().filter(written_at__lt=moment)))

    def first_of_their_authors(self) -> ThreadQuerySet:
        """Those that are the first that a member began in the network, whatever became of it."""
        earlier = Thread.objects.filter(
            network=models.OuterRef("network"),
            author=models.OuterRef("author"),
            started_at__lt=models.OuterRef("started_at"),
        )
        return self.exclude(author=None).filter(~models.Exists(earlier))

    def marked_for(self, member: Member) -> ThreadQuerySet:
        """As `read_by`, and with `is_unread`."""
        is_unread = models.ExpressionWrapper(_is_unread_by(member), output_field=models.BooleanField())
        return self.read_by(member)._beside_floor_of(member).annotate(is_unread=is_unread)

    def read_by(self, member: Member) -> ThreadQuerySet:
        """With `last_read_number`, `unread_since` (when marked so), `bookmarked_at` and `remind_at`."""
        return self._beside_reading_of(member).annotate(
            last_read_number=models.F("number_read"),
            unread_since=models.F("reading__marked_unread_at"),
            bookmarked_at=models.F("reading__bookmarked_at"),
            remind_at=models.F("reading__remind_at"),
        )

    def _beside_reading_of(self, member: Member) -> ThreadQuerySet:
        """With what stands in the member's own row, to filter by: a name for each column, for a lookup through the
        relation would join the table once more. The member stands in the join's ON clause."""
        return self.alias(
            reading=models.FilteredRelation("readings", condition=models.Q(readings__member=member)),
            number_read=Coalesce("reading__last_read_number", 0),
            marked_unread_at=models.F("reading__marked_unread_at"),
            own_level=Coalesce("reading__level", models.Value(Level.NORMAL.value)),
            is_own_choice=Coalesce("reading__level_chosen", False),
        )

    def _beside_floor_of(self, member: Member) -> ThreadQuerySet:
        """With `floor`, the moment up to which they marked everything in its network as read."""
        floors = [
            models.When(network=membership.network_id, then=models.Value(membership.read_before))
            for membership in standing_of(member).active()
        ]
        return self.alias(floor=models.Case(*floors, output_field=models.DateTimeField()))

    def _active_since_floor_of(self, member: Member) -> ThreadQuerySet:
        """Bounds a walk from the newest thread down: below lies nothing that is unread. Takes away only what
        `_is_unread_by` would, and says where to stop."""
        earliest = standing_of(member).floor
        if earliest is None:
            return self.none()
        floor = models.Value(earliest, output_field=models.DateTimeField())
        lifted = MemberThread.objects.filter(member=member.pk, marked_unread_at__isnull=False)
        oldest = lifted.order_by().values("member").annotate(at=models.Min("thread__last_post_at")).values("at")
        return self.filter(last_post_at__gte=Least(floor, Coalesce(models.Subquery(oldest), floor)))

    def _not_read_to_the_end_by(self, member: Member) -> ThreadQuerySet:
        """Leaves out those whose last post is the last that the member has read. Takes away only what `_is_unread_by`
        would, but by one look into a table of what they read and not by one look-up for each thread: whoever has read
        fifty thousand threads waits for neither."""
        read = MemberThread.objects.filter(member=member.pk, marked_unread_at=None).order_by()
        read_to = read.values_list(_thread_and_number("thread_id", "last_read_number"), flat=True)
        last = _thread_and_number("pk", "highest_loud_number")
        return self.alias(thread_and_last=last).exclude(thread_and_last__in=read_to)

    def pinned(self, now: datetime | None = None) -> ThreadQuerySet:
        return self.filter(pinned_until__gt=now or timezone.now())

    def latest_first(self) -> ThreadQuerySet:
        return self.order_by("-last_post_at", "-pk")

    def for_rows(self) -> ThreadQuerySet:
        """With what a row of a list shows, in one query and one for the tags. What a council did goes out of sight with
        the first post: `is_first_post_shown`."""
        first = Post.objects.shown().filter(thread=models.OuterRef("pk"), number=1)
        joined = self.select_related("network", "theme", "author__profile", "organisation", "answer", "practice")
        return joined.annotate(is_first_post_shown=models.Exists(first)).prefetch_related(
            "tags"  # type: ignore[misc]  # a manager of taggit, which the plugin does not know
        )


def _replies() -> PostQuerySet:
    """Of the thread outside, what members wrote that neither began it nor asked it."""
    posts = Post.objects.shown().exclude(author=None).filter(thread=models.OuterRef("pk"))
    return posts.exclude(author=Coalesce(models.OuterRef("author"), 0))


def _thread_and_number(thread: str, number: str) -> models.Expression:
    """A post of a thread as one number, for the databases' tables of what is read have one column."""
    one = models.F(thread) * _ABOVE_EVERY_NUMBER + models.F(number)
    return models.ExpressionWrapper(one, output_field=models.BigIntegerField())


_ABOVE_EVERY_NUMBER = 2**31


def _is_unread_by(member: Member) -> models.Q:
    """The one rule of what is unread: a post that can be read, by somebody else, above the number the member has read
    and above the floor below which they marked everything. Left out is what the site itself began and nobody has
    answered, what a facilitator moved (both are `quiet`), and what the member muted. Stands beside
    `_beside_reading_of`, as all rules here do, and `_beside_floor_of`."""
    floor = models.F("floor")
    # "Mark unread from here" lifts the floor off one thread, until everything is marked as read again.
    is_lifted = GreaterThan(models.F("marked_unread_at"), floor)
    posts = Post.objects.shown().filter(
        models.Q(written_at__gt=models.OuterRef("floor"), quiet=False)
        | models.Q(GreaterThan(models.OuterRef("marked_unread_at"), models.OuterRef("floor"))),
        ~models.Q(author=member.pk),
        thread=models.OuterRef("pk"),
        number__gt=models.OuterRef("number_read"),
    )
    # What a facilitator moved here is unread only for whoever marked it so.
    last = models.Case(
        models.When(marked_unread_at=None, then="highest_loud_number"), default=models.F("highest_visible_number")
    )
    unread = (
        models.Q(quiet=False)
        & models.Q(GreaterThan(last, models.F("number_read")))
        & ~_is_muted_by(member)
        & (models.Q(GreaterThan(models.F("last_post_at"), floor)) | models.Q(is_lifted))
        # The thread itself says when its last post was written and by whom. Only where that was the member, who may
        # have answered without having seen what stands before, the posts have to be looked at.
        & (~models.Q(last_author=member.pk) | models.Q(models.Exists(posts)))
    )
    # As one value and not as conditions, of which PostgreSQL would believe that together they leave next to nothing:
    # it would sort what it could walk.
    return models.Q(Coalesce(models.ExpressionWrapper(unread, output_field=models.BooleanField()), False))


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
    automatic = models.Q(own_level__in=strong)
    return _chose(*strong) | (~_chose() & ~_is_muted_by(member) & (automatic | above))


def _may_be_followed_by(member: Member) -> models.Q:
    """Takes away only what `_is_followed_by` would, and asks of the thread alone, so that a walk down the list need not
    look up a row for each."""
    strong = [Level.FOLLOW, Level.WATCH]
    own = FollowLevel.objects.filter(member=member.pk, level__in=strong)
    return (
        models.Q(pk__in=MemberThread.objects.filter(member=member.pk, level__in=strong).values("thread"))
        | models.Q(theme__in=own.exclude(theme=None).values("theme"))
        | models.Q(theme__in=MemberTheme.objects.filter(member=member.pk).values("theme"))
        | models.Q(network__in=own.exclude(network=None).values("network"))
    )


def _chose(*levels: str) -> models.Q:
    """The member chose one of these levels for the thread, or any."""
    chosen = models.Q(is_own_choice=True)
    return chosen & models.Q(own_level__in=levels) if levels else chosen


@dataclass(frozen=True)
class ThreadPage:
    """A page of a list of threads, latest first. Paged by the key of the last row, so that page 500 costs what page 1
    costs and nothing is shown twice when a thread moves up."""

    SIZE = 25

    threads: list[Thread]
    next_key: str  # empty on the last page
    pinned: list[Thread] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        threads: ThreadQuerySet,
        member: Member,
        *,
        after: str = "",
        levelled: bool = False,
        pinned_in: Network | None = None,
    ) -> ThreadPage:
        """Marked for the member, and `levelled_for` them if asked to. `after` is the `next_key` of the page before;
        anything else gives the first page, above which those stand that are pinned in the network; on no page do they
        stand among the others."""
        now = timezone.now()
        if pinned_in:
            threads = threads.exclude(pinned_until__gt=now)
        last_post_at, _, pk = after.partition("_")
        is_first = not (re.fullmatch(r"[0-9]{1,19}", last_post_at) and re.fullmatch(r"[0-9]{1,18}", pk))
        if not is_first:
            moment = _EPOCH + timedelta(microseconds=min(int(last_post_at), _LAST_MOMENT))
            # The first of the two bounds the walk, the second leaves out what the page before has shown.
            threads = threads.filter(last_post_at__lte=moment).exclude(last_post_at=moment, pk__gte=int(pk))
        found = list(threads.latest_first().values_list("pk", flat=True)[: cls.SIZE + 1])
        # First which threads, then what their rows show: beside all that, a database would not walk down an index.
        marked = Thread.objects.visible_to(member).marked_for(member).for_rows()
        wanted = models.Q(pk__in=found)
        if pinned_in and is_first:
            wanted |= models.Q(network=pinned_in, pinned_until__gt=now)
        rows = {row.pk: row for row in (marked.levelled_for(member) if levelled else marked).filter(wanted)}
        shown = [rows.pop(pk) for pk in found[: cls.SIZE] if pk in rows]
        pins = [row for row in rows.values() if row.pk not in found]
        pins.sort(key=lambda row: (row.pinned_until or now, row.pk))
        return cls(shown, _key(shown[-1]) if shown and len(found) > cls.SIZE else "", pins)


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
    # Of the posts that can be read: how many, the number of the last, and of the last that was not moved here.
    visible_count = models.PositiveIntegerField(default=0)
    highest_visible_number = models.PositiveIntegerField(default=0)
    highest_loud_number = models.PositiveIntegerField(default=0)
    # When the last of those was written, and by whom; with none, of all that can be read.
    last_post_at = models.DateTimeField()
    last_author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    locked_at = models.DateTimeField(null=True, blank=True)
    # Above the others in the lists of its network until then.
    pinned_until = models.DateTimeField(null=True, blank=True)
    # Where its posts are now, if a facilitator moved all of them: its address leads there.
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    # Whoever asked it in a session, where somebody else made the thread of it. Shown to nobody: they may have asked
    # without their name.
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    # Begun by the site and not yet answered: in nobody's New or Unread.
    quiet = models.BooleanField(default=False)

    tags = TaggableManager(through="forums.ThreadTag", blank=True)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(visible_count__lte=models.F("highest_visible_number"))
                & models.Q(highest_loud_number__lte=models.F("highest_visible_number"))
                & models.Q(highest_visible_number__lte=models.F("highest_number")),
                name="thread_counts_agree",
            )
        ]
        indexes = [
            models.Index(fields=["-last_post_at", "-id"], name="thread_by_activity"),
            models.Index(fields=["network", "-last_post_at"], name="thread_by_network"),
            models.Index(fields=["network", "theme", "-last_post_at"], name="thread_by_theme"),
            models.Index(
                fields=["network", "pinned_until"],
                name="thread_pinned",
                condition=models.Q(pinned_until__isnull=False),
            ),
            models.Index(
                fields=["network", "started_at"],
                name="question_by_age",
                condition=models.Q(kind="question", locked_at=None),
            ),
            models.Index(fields=["network", "started_at"], name="thread_by_start"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("thread", args=[self.pk, self.shown_slug])

    @property
    def shown_title(self) -> str:
        """The title, or what stands in its place where no word of the thread is left."""
        if self.visible_count:
            return self.title
        return "A thread that was merged into another" if self.merged_into_id else "A thread that was taken back"

    @property
    def shown_slug(self) -> str:
        """The title's words in the address go with the title."""
        return self.slug if self.visible_count else "taken-back"

    @property
    def goes_on_in(self) -> Thread:
        """Where its posts are now: itself, or the thread that it was merged into, however often."""
        thread, passed = self, set()
        # Acts undone in another order than they were done can leave two threads that lead to each other.
        while thread.merged_into is not None and not thread.visible_count and thread.pk not in passed:
            passed.add(thread.pk)
            thread = thread.merged_into
        return thread

    @property
    def is_locked(self) -> bool:
        return self.locked_at is not None

    def is_pinned(self, now: datetime | None = None) -> bool:
        return self.pinned_until is not None and self.pinned_until > (now or timezone.now())

    @property
    def is_answered(self) -> bool:
        return getattr(self, "answer", None) is not None

    @property
    def level_for_reader(self) -> ReasonedLevel:
        """What the member wants to hear of it, and why. Needs `levelled_for`."""
        told: dict[str, Any] = self.__dict__
        own = MemberThread(
            level=told["level_here"], level_reason=told["level_reason_here"], level_chosen=told["is_level_chosen"]
        )
        return level_of(
            own,
            theme=self.theme,
            network=self.network,
            of_theme=told["level_of_theme"],
            of_network=told["level_of_network"],
            interested=told["is_theme_of_interest"],
        )

    @property
    def asked_by_id(self) -> int | None:
        """Who asks, where it is a question: the site tells nobody."""
        return self.asker_id or self.author_id

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
        own = Network.objects.of(viewer)
        return self.filter(content_object__network__in_once=own, content_object__visible_count__gt=0)

    def counted(self, network: Network) -> models.QuerySet[Any, Any]:
        """The tags on a network's threads, as dicts: `pk`, `name`, and `threads`, how many carry it. The most used
        first."""
        here = self.filter(content_object__network=network)
        named = here.values(pk=models.F("tag"), name=models.F("tag__name"))
        return named.annotate(threads=models.Count("content_object")).order_by("-threads", "name")

    LATELY = 1_000  # threads

    def counted_lately(self, network: Network) -> models.QuerySet[Any, Any]:
        """The same of its latest threads only, so that a list waits no longer in a network that has very many."""
        threads = Thread.objects.filter(network=network, visible_count__gt=0).latest_first()
        return self.filter(content_object__in=threads.values("pk")[: self.LATELY]).counted(network)


class ThreadTag(ItemBase):
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="thread_tags")
    content_object = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="thread_tags")

    objects = ThreadTagQuerySet.as_manager()  # type: ignore[misc, assignment]  # narrows that of taggit

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "content_object"], name="thread_tag_once")]

    def __str__(self) -> str:
        return f"{self.tag} on {self.content_object}"
