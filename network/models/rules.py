from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from network.models.member import Viewer
from network.models.network import Membership


class GroundRulesQuerySet(models.QuerySet["GroundRules"]):
    def visible_to(self, viewer: Viewer) -> GroundRulesQuerySet:
        """How members talk with each other is public."""
        return self

    def current(self) -> GroundRules | None:
        """The version that holds; None where none has been published yet."""
        return self.order_by("-number").first()

    def unanswered_by(self, viewer: Viewer) -> GroundRules | None:
        """The version that holds, where the viewer has not agreed to it."""
        return self._unsettled(models.Exists(RulesAcceptance.objects.by(viewer)))

    def unanswered_by_member(self, viewer: Viewer) -> GroundRules | None:
        """The same, where the viewer belongs to a network now. One query."""
        belongs = models.Exists(Membership.objects.active().filter(member=viewer.pk))
        return self._unsettled(models.Exists(RulesAcceptance.objects.by(viewer)) | ~belongs)

    def is_owed(self, member: str = "pk") -> models.Q:
        """Whether somebody has not agreed to the version that holds, for the query that reads them. `member`: its
        column that says who it is."""
        newest = self.order_by("-number").values("pk")[:1]
        agreed = RulesAcceptance.objects.filter(member=models.OuterRef(member), rules=models.Subquery(newest))
        return models.Q(models.Exists(self)) & ~models.Q(models.Exists(agreed))

    def _unsettled(self, is_settled: models.Exists | models.Q | models.expressions.Combinable) -> GroundRules | None:
        latest = self.order_by("-number").annotate(is_settled=is_settled).first()
        return None if latest is None or latest.is_settled else latest  # type: ignore[attr-defined]  # annotated


class GroundRules(models.Model):
    """One version of the ground rules. A new version is a new row, and every member is asked again."""

    number = models.PositiveIntegerField(unique=True)
    # One rule on each line, plain text.
    text = models.TextField()
    change = models.TextField("what is new in this version", blank=True)
    published_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = GroundRulesQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name_plural = "ground rules"

    def __str__(self) -> str:
        return f"Ground rules, version {self.number}"

    @property
    def rules(self) -> list[str]:
        return [line.strip() for line in self.text.splitlines() if line.strip()]


class RulesAcceptanceQuerySet(models.QuerySet["RulesAcceptance"]):
    def visible_to(self, viewer: Viewer) -> RulesAcceptanceQuerySet:
        return self.filter(member=viewer) if viewer.is_authenticated and viewer.is_active else self.none()

    def by(self, viewer: Viewer) -> RulesAcceptanceQuerySet:
        """Part of a query on GroundRules: that the viewer has agreed to this version."""
        return self.filter(rules=models.OuterRef("pk"), member=viewer.pk)


class RulesAcceptance(models.Model):
    """A member has agreed to one version of the ground rules."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="rules_accepted")
    rules = models.ForeignKey(GroundRules, on_delete=models.PROTECT, related_name="acceptances")
    at = models.DateTimeField(default=timezone.now)

    objects = RulesAcceptanceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "rules"], name="rules_accepted_once")]

    def __str__(self) -> str:
        return f"{self.member_id} agreed to version {self.rules_id}"
