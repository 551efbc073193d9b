from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from forums.files import kind_in_words
from forums.models.held_post import HeldPost
from forums.models.post import Post
from network.models import Member, Membership, Viewer
from network.storage import attachments


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, viewer: Viewer) -> AttachmentQuerySet:
        """Of posts that the viewer may read, but for those that a facilitator hid; of those that wait for the viewer to
        decide; what they have uploaded themselves for a post not yet sent; and where they facilitate, all that is not
        deleted, and what others removed after it was reported: they decide over it."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        in_a_post = models.Q(post__in=Post.objects.visible_to(viewer), hidden_at=None)
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk)
        decided_over = models.Q(post__thread__network__in=facilitated.values("network"), post__deleted_at=None)
        kept = models.Q(kept_for__network__in=facilitated.values("network")) & ~models.Q(member=viewer.pk)
        # Whoever uploaded it is asked too: a number of a form is nobody's proof.
        held = HeldPost.objects.visible_to(viewer).waiting()
        waits = held.filter(author=models.OuterRef("member"), form_id=models.OuterRef("form_id"))
        with_a_held = models.Q(post=None) & models.Q(models.Exists(waits))
        own = models.Q(post=None, member=viewer.pk, kept_for=None)
        return self.filter(in_a_post | decided_over | own | with_a_held | kept)

    def shown(self) -> AttachmentQuerySet:
        """Not hidden by a facilitator."""
        return self.filter(hidden_at=None)

    def not_removed(self) -> AttachmentQuerySet:
        """Without what is kept only until somebody has decided: for their owners those are gone."""
        return self.filter(kept_for=None)

    def clean(self) -> AttachmentQuerySet:
        """Looked at, and nothing found."""
        return self.filter(state=Attachment.State.CLEAN)

    def refused(self) -> AttachmentQuerySet:
        """Of which the file is gone."""
        return self.filter(state=Attachment.State.REFUSED)

    def held_in(self, form_id: uuid.UUID, member: Member) -> AttachmentQuerySet:
        """What a member uploaded in a form that they have not yet sent."""
        return self.filter(member=member, form_id=form_id, post=None)


class Attachment(models.Model):
    """A file that stands with a post. Until the post is sent it belongs to the form that it was uploaded in; what was
    reported is kept for its case."""

    class State(models.TextChoices):
        CHECKING = "checking", "Being checked"
        CLEAN = "clean", "Checked"
        REFUSED = "refused", "Refused"

    MOST = 5  # with one post
    BYTES = 10 * 1024 * 1024  # of one file

    # Random, so that no address leads from one file to another.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attachments")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, null=True, related_name="attachments")
    form_id = models.UUIDField(null=True)
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()  # in bytes, as kept
    # Empty where a scanner refused it.
    file = models.FileField(storage=attachments, max_length=100)
    # What a picture shows, in words.
    alt = models.CharField(max_length=250, blank=True)
    state = models.CharField(max_length=8, choices=State.choices)
    uploaded_at = models.DateTimeField(default=timezone.now)
    # A facilitator hid it, and its owner is told why; the post stays.
    hidden_at = models.DateTimeField(null=True)

    # Its owner has removed it from its post while one of both was reported, or it is a copy of the picture of a profile
    # that was: it stands nowhere, and is kept for those who decide until they have.
    kept_for = models.ForeignKey("forums.Case", on_delete=models.SET_NULL, null=True, related_name="kept_files")

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["position", "uploaded_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(post__isnull=False) | models.Q(form_id__isnull=False), name="attachment_is_held"
            )
        ]
        indexes = [models.Index(fields=["member", "uploaded_at"], name="attachment_by_member")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("attachment", args=[self.pk])

    @property
    def small_file(self) -> str:
        """The name of a picture's small copy in the storage."""
        return f"{self.file.name}.small"

    @property
    def picture_address(self) -> str:
        return reverse("attachment_picture", args=[self.pk])

    @property
    def small_address(self) -> str:
        return reverse("attachment_small", args=[self.pk])

    @property
    def kind(self) -> str:
        """In words, such as "Word document"."""
        return kind_in_words(self.name)

    @property
    def is_clean(self) -> bool:
        return self.state == self.State.CLEAN

    @property
    def is_refused(self) -> bool:
        return self.state == self.State.REFUSED

    @property
    def is_picture(self) -> bool:
        return self.content_type.startswith("image/")
