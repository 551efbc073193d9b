from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from forums.models.attachment import Attachment
from forums.models.post import Post
from forums.models.thread import Thread
from network.models import AuditEvent, Membership, Network, Viewer
from network.models.audit import AuditEventQuerySet


class ModerationActQuerySet(models.QuerySet["ModerationAct"]):
    def visible_to(self, viewer: Viewer) -> ModerationActQuerySet:
        """Those of networks that the viewer facilitates."""
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0)
        return self.filter(network__in=facilitated.values("network"))

    def undoable(self, now: datetime | None = None) -> ModerationActQuerySet:
        """Done not too long ago, and not undone yet."""
        return self.filter(undone_at=None, at__gt=(now or timezone.now()) - ModerationAct.UNDOABLE_FOR)

    def past_undoing(self, before: datetime) -> ModerationActQuerySet:
        """Undone, or done so long ago that it stays, at that moment already."""
        return self.filter(models.Q(undone_at__lte=before) | models.Q(at__lte=before - ModerationAct.UNDOABLE_FOR))


class ModerationAct(models.Model):
    """Something that a facilitator did to a thread or to some of its posts. What every row was before stands in its
    changes, so that it can be undone, and no longer than that (`actions.undoing.forget_changes`)."""

    class Kind(models.TextChoices):
        HIDE = "hide", "Hid posts"
        RESTORE = "restore", "Brought posts back"
        LOCK = "lock", "Locked the thread"
        UNLOCK = "unlock", "Unlocked the thread"
        PIN = "pin", "Pinned the thread"
        UNPIN = "unpin", "Unpinned the thread"
        MOVE = "move", "Moved the thread to another theme"
        MERGE = "merge", "Merged the thread into another"
        NETWORK = "network", "Moved the thread to another network"
        SPLIT = "split", "Moved posts to a new thread"
        GATHER = "gather", "Moved posts to another thread"

    UNDOABLE_FOR = timedelta(days=30)

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="+")
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="moderation_acts")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = ModerationActQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["thread", "-at"], name="act_by_thread")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.thread_id}"

    def is_undoable(self, now: datetime | None = None) -> bool:
        return self.undone_at is None and self.at > (now or timezone.now()) - self.UNDOABLE_FOR


class ActChangeQuerySet(models.QuerySet["ActChange"]):
    def of_places(self) -> ActChangeQuerySet:
        """Where posts stood before an act, or that they came to another network with their thread: numbers alone."""
        moved = models.Q(before__has_key="thread_id") | models.Q(act__kind=ModerationAct.Kind.NETWORK)
        return self.filter(moved, table=Post._meta.label_lower)


class ActChange(models.Model):
    """One row as an act found it and left it: of a changed row those columns that it changed, of one that it made
    nothing before, and of one that it took away nothing after. Read by the verb that undoes the act and by nobody else,
    but for where a post stood, by which its author reads that it was moved (`acts_that_moved`). What members wrote is
    not in it; why something was hidden is."""

    act = models.ForeignKey(ModerationAct, on_delete=models.CASCADE, related_name="changes")
    table = models.CharField(max_length=60)  # the model's label
    row = models.BigIntegerField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    # Whatever somebody has made of it since stays, and does not stand in the way of undoing the rest.
    is_by_the_way = models.BooleanField(default=False)

    objects = ActChangeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["act", "table", "row"], name="act_change_once")]

    def __str__(self) -> str:
        return f"{self.table} {self.row} by {self.act_id}"


class ThreadNoteQuerySet(models.QuerySet["ThreadNote"]):
    def visible_to(self, viewer: Viewer) -> ThreadNoteQuerySet:
        """Those in threads of the viewer's networks, of what was not undone."""
        return self.filter(thread__network__in_once=Network.objects.of(viewer), act__undone_at=None)


class ThreadNote(models.Model):
    """What was done to a thread, in a line between its posts: dated, without a number, and so never unread."""

    class Kind(models.TextChoices):
        LOCKED = "locked", "This thread was locked"
        UNLOCKED = "unlocked", "This thread was unlocked"
        THEMED = "themed", "This thread was moved to another theme"
        CAME = "came", "Posts were moved here from another thread"
        WENT = "went", "Posts were moved from here to another thread"
        ARRIVED = "arrived", "This thread was moved here from another network"

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="notes")
    # It stands after this post: the last one then, or the one before those that went.
    after_number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # The other thread: where the posts came from or went to.
    other = models.ForeignKey(Thread, on_delete=models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField()
    act = models.ForeignKey(ModerationAct, on_delete=models.CASCADE, related_name="notes")

    objects = ThreadNoteQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["thread", "after_number"], name="note_by_place")]

    def __str__(self) -> str:
        return f"{self.thread_id} after {self.after_number}: {self.get_kind_display()}"


def done_to(post: Post, viewer: Viewer) -> AuditEventQuerySet:
    """What was done to look after a post, and with the first of a thread to the thread: for its author, as long as they
    belong to its network, and for those who facilitate that. For everybody else nothing was."""
    facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0).values("network")
    theirs = models.Q(author=viewer.pk or 0) | models.Q(thread__network__in=facilitated)
    if not Post.objects.in_place(viewer).filter(theirs, pk=post.pk).exists():
        return AuditEvent.objects.none()
    about = _about(Post, [post.pk])
    about |= _about(Attachment, Attachment.objects.filter(post=post).values_list("pk", flat=True))
    if post.number == 1:
        about |= _about(Thread, [post.thread_id])
    # What moved it stands with the thread that it was in, and so does what was done to a thread that it began. In a
    # network where the thread was before, it is told to nobody here.
    acts = acts_that_moved(post)
    moved = _about(Thread, acts.values()) & models.Q(details__act__in=list(acts))
    begun = _about(Thread, post.former_places.filter(number=1).values_list("thread", flat=True))
    about |= models.Q(moved | begun, network=post.thread.network_id)
    return AuditEvent.objects.moderation().filter(about)


def acts_that_moved(post: Post) -> dict[int, int]:
    """Those that gave a post another place, or its thread another network: by their keys the thread that each was done
    to."""
    with_thread = models.Q(act__kind=ModerationAct.Kind.NETWORK, act__thread=post.thread_id)
    changes = ActChange.objects.filter(table=Post._meta.label_lower, row=post.pk)
    moved = changes.filter(models.Q(before__has_key="thread_id") | with_thread)
    return dict(moved.values_list("act", "act__thread"))


def _about(model: type[models.Model], keys: Iterable[object]) -> models.Q:
    return models.Q(object_kind=model._meta.label_lower, object_id__in=[str(key) for key in keys])
