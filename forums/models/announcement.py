from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from network.models import MailLedger, Member, Membership, Network, Viewer


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def visible_to(self, viewer: Viewer) -> AnnouncementQuerySet:
        """How the mail of a network's announcements fares: its facilitators, and administrators who belong to it."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        looked_after = Membership.objects.facilitators().filter(member=viewer.pk).values("network")
        # Asked in the query, for notices ask this one again and again, whoever it is (`network.models.prepared`).
        administers = models.Exists(Member.objects.administrators().filter(pk=viewer.pk))
        belongs = models.Q(thread__network__in_once=Network.objects.of(viewer))
        return self.filter(models.Q(thread__network__in=looked_after) | (belongs & administers))

    def waiting(self) -> AnnouncementQuerySet:
        """For a second person."""
        return self.filter(needs_confirmation=True, confirmed_at=None, declined_at=None, stopped_at=None)

    def ready(self) -> AnnouncementQuerySet:
        """What the worker has to write down as owed."""
        agreed = models.Q(needs_confirmation=False) | models.Q(confirmed_at__isnull=False)
        return self.filter(agreed, planned_at=None, declined_at=None, stopped_at=None)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the mail of an announcement: numbers of people."""

    queued: int = 0
    sent: int = 0
    bounced: int = 0
    failed: int = 0
    left_out: int = 0
    uncertain: int = 0  # the worker died over it; perhaps it went

    @property
    def is_under_way(self) -> bool:
        return self.queued > 0


class Announcement(models.Model):
    """A thread that is an announcement is to go by mail too: who asked, to how many people, and who else agreed."""

    # The kind of mail in the ledger; a row's period is the thread's number, and its object the first post.
    STREAM = "announcement"

    thread = models.OneToOneField("forums.Thread", on_delete=models.CASCADE, related_name="announcement")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    # As it was counted when they asked.
    people_now = models.PositiveIntegerField()
    people_digest = models.PositiveIntegerField()
    needs_confirmation = models.BooleanField(default=False)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    declined_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    declined_at = models.DateTimeField(null=True)
    declined_reason = models.CharField(max_length=300, blank=True)
    # No more of it is sent. By nobody: there was nothing left to announce.
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    stopped_at = models.DateTimeField(null=True)
    # When the worker wrote down who is owed it; each row of the ledger has the same moment.
    planned_at = models.DateTimeField(null=True)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None)
                | models.Q(asked_by=None)
                | ~models.Q(confirmed_by=models.F("asked_by")),
                name="announcement_confirmed_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_at=None) | models.Q(declined_at=None), name="announcement_decided_once"
            ),
            models.CheckConstraint(
                condition=models.Q(declined_at=None) | ~models.Q(declined_reason=""),
                name="announcement_declined_with_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["asked_at"],
                name="announcement_to_plan",
                condition=models.Q(planned_at=None, declined_at=None, stopped_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"Mail of {self.thread}"

    def get_absolute_url(self) -> str:
        return reverse("announcement", args=[self.thread_id])

    @property
    def is_waiting(self) -> bool:
        """For a second person."""
        return self.needs_confirmation and not (self.confirmed_at or self.declined_at or self.stopped_at)

    @property
    def is_over(self) -> bool:
        """Nothing more can be sent of it, or decided about it."""
        return self.declined_at is not None or self.stopped_at is not None

    def rows(self) -> models.QuerySet[MailLedger]:
        """Of the ledger. By the moment too, which has an index, and stream and period have none of their own."""
        if self.planned_at is None:
            return MailLedger.objects.none()
        return MailLedger.objects.filter(planned_at=self.planned_at, stream=self.STREAM, period=str(self.thread_id))

    def delivery(self) -> Delivery:
        """As it stands now: two queries."""
        state = MailLedger.State
        count = dict(self.rows().order_by().values_list("state").annotate(rows=models.Count("pk")))
        uncertain = self.rows().filter(pk__in=MailLedger.objects.all().uncertain().values("pk")).count()
        return Delivery(
            queued=count.get(state.DUE, 0) + count.get(state.SENDING, 0) - uncertain,
            sent=count.get(state.SENT, 0),
            bounced=count.get(state.BOUNCED, 0),
            failed=count.get(state.FAILED, 0),
            left_out=count.get(state.DROPPED, 0) + count.get(state.GATHERED, 0),
            uncertain=uncertain,
        )

    def not_reached(self, viewer: Viewer) -> list[tuple[Member, str]]:
        """Whom it did not reach, and why, in words without an address. Only whom the viewer may know by now."""
        state = MailLedger.State
        wrong = self.rows().filter(state__in=(state.BOUNCED, state.FAILED))
        known = Member.objects.visible_to(viewer).values("pk")
        rows = wrong.filter(member__in=known).select_related("member__organisation").order_by("member__name", "pk")
        words = {state.BOUNCED.value: "It came back", state.FAILED.value: "The mail server did not take it"}
        return [(row.member, words[row.state]) for row in rows if row.member]
