from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse

from network.models import Membership, Network, Viewer
from network.models.lines import Lines


class PostQuerySet(models.QuerySet["Post"]):
    def visible_to(self, viewer: Viewer) -> PostQuerySet:
        """Posts whose words the viewer may read."""
        return self.in_place(viewer).shown()

    def in_place(self, viewer: Viewer) -> PostQuerySet:
        """With those of which only the place is left, deleted or hidden. For pages that show a tombstone instead of the
        words, and for nothing else."""
        return self.filter(thread__network__in_once=Network.objects.of(viewer))

    def hidden_shown_to(self, viewer: Viewer) -> PostQuerySet:
        """Hidden posts for those who still read their words: the author, and the facilitators of the network."""
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0).values("network")
        own = models.Q(author=viewer.pk or 0)
        hidden = self.in_place(viewer).filter(deleted_at=None).exclude(hidden_at=None)
        return hidden.filter(own | models.Q(thread__network__in=facilitated))

    def shown(self) -> PostQuerySet:
        """Neither deleted by their author nor hidden by a facilitator."""
        return self.filter(deleted_at=None, hidden_at=None)

    def with_has_files(self) -> PostQuerySet:
        """With `has_files`, whether a file stands with it: few posts have one, and then only they are asked for."""
        return self.annotate(
            has_files=models.Exists(Post.attachments.rel.related_model._base_manager.filter(post=models.OuterRef("pk")))
        )

    def with_file_names(self) -> PostQuerySet:
        """With `file_names`, of the files that stand with it and are shown: a line each, None where there are none."""
        attachment: Any = Post.attachments.rel.related_model
        files = attachment.objects.shown().filter(post=models.OuterRef("pk")).order_by()
        return self.annotate(file_names=models.Subquery(files.values("post").annotate(n=Lines("name")).values("n")))

    def on_page(self, page: int) -> PostQuerySet:
        """Posts of one page of a thread, by arithmetic on the number: no OFFSET, no COUNT. Pages start at 1."""
        return self.after((page - 1) * Post.PER_PAGE, up_to=page * Post.PER_PAGE)

    def standing_at(self, thread: int, number: int) -> PostQuerySet:
        """The post with this number; where it was moved, wherever it stands now."""
        there = self.filter(thread=thread, number=number)
        if there.exists():
            return there
        return self.filter(pk__in=FormerPlace.objects.filter(thread=thread, number=number).values("post"))

    def after(self, number: int, *, up_to: int) -> PostQuerySet:
        return self.filter(number__gt=number, number__lte=up_to).order_by("number")


class Post(models.Model):
    """What a member wrote in a thread. The source is rendered and sanitised once, when it is written."""

    class Quoting(models.TextChoices):
        """Where others may quote it, as its author says."""

        PUBLICLY = "public", "Publicly"
        MEMBERS = "members", "To members"
        ASK = "ask", "Ask me first"

    PER_PAGE = 20

    # Found by the index of `post_number_once`: with one of its own, PostgreSQL reads a whole thread for its first page.
    thread = models.ForeignKey("forums.Thread", on_delete=models.CASCADE, related_name="posts", db_index=False)
    number = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="posts")
    organisation = models.ForeignKey("network.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    # Empty where the author had it erased.
    source = models.TextField()
    html = models.TextField()
    renderer_version = models.PositiveSmallIntegerField()
    written_at = models.DateTimeField()
    # Made of the form and the words in it: the same form sent twice is one post.
    submission = models.UUIDField(null=True, editable=False)
    # The post of the same thread that this one answers. The order stays flat.
    reply_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="replies")
    quoting = models.CharField(max_length=7, choices=Quoting.choices, default=Quoting.ASK)
    edited_at = models.DateTimeField(null=True)
    # The author took it back; the place stays, and so does its number.
    deleted_at = models.DateTimeField(null=True)
    # Moved here by a facilitator, from another thread: as old as it was, and unread for nobody.
    quiet = models.BooleanField(default=False)
    # A facilitator hid it, and the author is told why.
    hidden_at = models.DateTimeField(null=True)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    hidden_reason = models.CharField(max_length=300, blank=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "number"], name="post_number_once"),
            models.UniqueConstraint(fields=["author", "submission"], name="post_submission_once"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="post_number_from_one"),
            models.CheckConstraint(
                condition=models.Q(hidden_at=None) | ~models.Q(hidden_reason=""), name="post_hidden_with_reason"
            ),
        ]
        indexes = [models.Index(fields=["written_at"], name="post_by_time")]

    def __str__(self) -> str:
        return f"{self.thread} #{self.number}"

    def get_absolute_url(self) -> str:
        """The permalink: by thread and number, which never change."""
        return reverse("post", args=[self.thread_id, self.number])

    @staticmethod
    def addresses_in(thread_id: int, numbers: Iterable[int]) -> dict[int, str]:
        """The permalinks of many, by their numbers, for the price of one."""
        start, _, end = reverse("post", args=[thread_id, 0]).rpartition("0")
        return {number: f"{start}{number}{end}" for number in numbers}

    @property
    def is_shown(self) -> bool:
        """Whether its words can be read."""
        return self.deleted_at is None and self.hidden_at is None

    @property
    def author_name(self) -> str:
        return str(self.author) if self.author else "The hub"

    @property
    def quoting_words(self) -> str:
        """Where others may quote it, for them to read; nothing where they have to ask, as they do everywhere else."""
        return {
            self.Quoting.PUBLICLY.value: "May be quoted publicly",
            self.Quoting.MEMBERS.value: "May be quoted to members",
        }.get(self.quoting, "")

    @property
    def edition(self) -> str:
        """Says which words these are: another after every change by the author."""
        return f"{(self.edited_at or self.written_at).isoformat()} {self.quoting}"

    @property
    def address_answered(self) -> str:
        """Where the post that this one answers stands, seen from here."""
        if self.reply_to is None:
            return ""
        is_here = self.reply_to.thread_id == self.thread_id and self.reply_to.page == self.page
        return f"#post-{self.reply_to.number}" if is_here else self.reply_to.get_absolute_url()

    @property
    def page(self) -> int:
        return self.page_of(self.number)

    @classmethod
    def page_of(cls, number: int) -> int:
        """The page of a thread on which post `number` stands; the first for a thread without posts."""
        return max(number - 1, 0) // cls.PER_PAGE + 1


class FormerPlace(models.Model):
    """Where a post stood before it was moved: addresses from then lead to where it stands now. Stays when the move is
    undone, and then so does the place that the post had meanwhile: no number is given twice. Says nothing by itself;
    whoever follows one asks whether the post is theirs to read."""

    thread = models.ForeignKey("forums.Thread", on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="former_places")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["thread", "number"], name="former_place_once")]

    def __str__(self) -> str:
        return f"{self.thread_id} #{self.number}, now {self.post_id}"


class PostVersionQuerySet(models.QuerySet["PostVersion"]):
    def visible_to(self, viewer: Viewer) -> PostVersionQuerySet:
        """Earlier words of posts that the viewer may read, but for those that a facilitator hid."""
        return self.filter(post__in=Post.objects.visible_to(viewer), hidden_at=None)

    def in_place(self, viewer: Viewer) -> PostVersionQuerySet:
        """With those of which only the place is left."""
        return self.filter(post__in=Post.objects.visible_to(viewer))


class PostVersion(models.Model):
    """What a post said before it was edited. The words of now stand in the post alone."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()  # from 1, the first
    source = models.TextField()
    html = models.TextField()
    renderer_version = models.PositiveSmallIntegerField()
    written_at = models.DateTimeField()
    hidden_at = models.DateTimeField(null=True)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = PostVersionQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["post", "number"], name="post_version_number_once")]

    def __str__(self) -> str:
        return f"{self.post_id} as version {self.number}"
