from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from forums.models.post import Post
from forums.models.practice import Practice
from forums.models.thread import Thread
from network.models import Membership, Network, Viewer


class HeldPostQuerySet(models.QuerySet["HeldPost"]):
    def visible_to(self, viewer: Viewer) -> HeldPostQuerySet:
        """One's own, and those of networks that one facilitates."""
        found = self.filter(network__in_once=Network.objects.of(viewer))
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0).values("network")
        return found.filter(models.Q(author=viewer.pk or 0) | models.Q(network__in=facilitated))

    def waiting(self) -> HeldPostQuerySet:
        return self.filter(decision=HeldPost.Decision.NONE)

    def with_author(self) -> HeldPostQuerySet:
        """With what a list of them shows, in one query."""
        return self.select_related(
            *("network", "thread__merged_into", "theme", "author__profile", "organisation", "reply_to"),
            *("post__thread", "decided_by"),
        )


class HeldPost(models.Model):
    """What somebody wrote in a network that sees first posts before others do. No post, and so no number, before a
    facilitator releases it: then it is written like any other."""

    class Decision(models.TextChoices):
        NONE = "", "Waiting"
        RELEASED = "released", "Posted"
        REFUSED = "refused", "Not posted"
        WITHDRAWN = "withdrawn", "Taken back"

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="held_posts")
    # None where it is to begin one; then it says what kind, about what, and under which title.
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, null=True, related_name="held_posts")
    kind = models.CharField(max_length=12, choices=Thread.Kind.choices, blank=True)
    theme = models.ForeignKey("network.Theme", on_delete=models.SET_NULL, null=True, related_name="+")
    title = models.CharField(max_length=150, blank=True)
    tags = models.JSONField(default=list)
    # What a council did, by the names of the columns of Practice.
    practice = models.JSONField(default=dict)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="held_posts")
    organisation = models.ForeignKey("network.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    # All words are empty once it is decided: they stand in the post, or in a draft of the author's.
    source = models.TextField(blank=True)
    quoting = models.CharField(max_length=7, choices=Post.Quoting.choices, default=Post.Quoting.ASK)
    reply_to = models.ForeignKey(Post, on_delete=models.SET_NULL, null=True, related_name="+")
    # Its files are held under this, which no form knows.
    form_id = models.UUIDField(default=uuid.uuid4, editable=False)
    # As Post.submission: the same form sent twice waits once.
    submission = models.UUIDField(null=True, editable=False)
    written_at = models.DateTimeField(default=timezone.now)
    decision = models.CharField(max_length=9, choices=Decision.choices, default=Decision.NONE, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    post = models.OneToOneField(Post, on_delete=models.CASCADE, null=True, related_name="was_held")

    objects = HeldPostQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["author", "submission"], condition=models.Q(decision=""), name="held_post_submission_once"
            )
        ]
        indexes = [models.Index(fields=["network", "decision"], name="held_post_by_decision")]

    def __str__(self) -> str:
        return f"Held post {self.pk} of member {self.author_id}"

    def get_absolute_url(self) -> str:
        """Where the facilitators decide."""
        return f"{reverse('held_posts', args=[self.network.slug])}#held-{self.pk}"

    @property
    def where(self) -> str:
        """What it is to become, in words."""
        if self.is_moved:
            return "A reply in a thread that is in another network now"
        if self.goes_to is not None:
            return f"A reply in “{self.goes_to.shown_title}”"
        return f"A new thread: “{self.title}”" if self.title else "A new thread"

    @property
    def goes_to(self) -> Thread | None:
        """The thread that it is posted in: where a facilitator merged its own into another, that one."""
        return self.thread.goes_on_in if self.thread else None

    @property
    def is_moved(self) -> bool:
        """Whether its thread is in another network by now: its author wrote for the people of this one."""
        return self.goes_to is not None and self.goes_to.network_id != self.network_id

    @property
    def told(self) -> list[tuple[str, str]]:
        """What is to stand beside the words, in pairs of a heading and its words."""
        return Practice(**self.practice).filled_in if self.practice else []

    @property
    def fields(self) -> dict[str, str]:
        """As the form has them in which it was written, by their names: for a draft."""
        typed: dict[str, str] = {"source": self.source, "quoting": self.quoting, "form_id": str(self.form_id)}
        if self.thread_id is not None:
            return typed | ({"reply_to": str(self.reply_to.number)} if self.reply_to else {})
        typed |= {"title": self.title, "kind": self.kind, "tags": ", ".join(self.tags)}
        told: dict[str, str] = self.practice
        return typed | ({"theme": str(self.theme_id)} if self.theme_id else {}) | told
