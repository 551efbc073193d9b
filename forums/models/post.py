from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from network.models import Network, Viewer


class PostQuerySet(models.QuerySet["Post"]):
    def visible_to(self, viewer: Viewer) -> PostQuerySet:
        return self.filter(thread__network__in=Network.objects.of(viewer))

    def on_page(self, page: int) -> PostQuerySet:
        """Posts of one page of a thread, by arithmetic on the number: no OFFSET, no COUNT. Pages start at 1."""
        return self.filter(number__gt=(page - 1) * Post.PER_PAGE, number__lte=page * Post.PER_PAGE).order_by("number")


class Post(models.Model):
    """What a member wrote in a thread. The source is rendered and sanitised once, when it is written."""

    PER_PAGE = 20

    thread = models.ForeignKey("forums.Thread", on_delete=models.CASCADE, related_name="posts")
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

    objects = PostQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "number"], name="post_number_once"),
            models.UniqueConstraint(fields=["author", "submission"], name="post_submission_once"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="post_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.thread} #{self.number}"

    def get_absolute_url(self) -> str:
        """The permalink: by thread and number, which never change."""
        return reverse("post", args=[self.thread_id, self.number])

    @property
    def author_name(self) -> str:
        return str(self.author) if self.author else "The hub"

    @property
    def page(self) -> int:
        return self.page_of(self.number)

    @classmethod
    def page_of(cls, number: int) -> int:
        """The page of a thread on which post `number` stands; the first for a thread without posts."""
        return max(number - 1, 0) // cls.PER_PAGE + 1
