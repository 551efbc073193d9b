from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from network.models.member import Viewer


class IntakeQuerySet(models.QuerySet["Intake"]):
    def visible_to(self, viewer: Viewer) -> IntakeQuerySet:
        return self if viewer.has_perm("network.add_intake") else self.none()


class Intake(models.Model):
    """A list of people that an administrator lets in together: looked at first (a dry run), then done by the worker."""

    class State(models.TextChoices):
        LOOKED_AT = "looked_at", "Looked at, nothing done yet"
        RUNNING = "running", "Under way"
        DONE = "done", "Done"

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    network = models.ForeignKey(
        "network.Network", on_delete=models.CASCADE, null=True, blank=True, related_name="intakes"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.LOOKED_AT)
    done = models.PositiveIntegerField("rows done", default=0)

    objects = IntakeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Intake {self.pk}: {self.get_state_display()}"


class IntakeRow(models.Model):
    """One person of the list, and what became of them. Read by whoever may see the intake."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Not done yet"
        ADMITTED = "admitted", "Let in"
        JOINED = "joined", "Had an account, and joined the network"
        UNCHANGED = "unchanged", "Was here already"
        REFUSED = "refused", "Not let in"

    intake = models.ForeignKey(Intake, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    email = models.CharField(max_length=320)
    name = models.CharField(max_length=200, blank=True)
    organisation = models.CharField("the organisation, as the list calls it", max_length=200, blank=True)
    job_title = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["intake", "number"], name="intake_row_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_outcome_display()}"

    @property
    def outcome_in_words(self) -> str:
        """What became of them; while the list has only been looked at, what would."""
        if self.intake.state == Intake.State.LOOKED_AT:
            return FORECASTS[self.outcome]
        return str(self.get_outcome_display())


FORECASTS: dict[str, str] = {
    IntakeRow.Outcome.WAITING: "Not looked at",
    IntakeRow.Outcome.ADMITTED: "Would be let in",
    IntakeRow.Outcome.JOINED: "Has an account, would join the network",
    IntakeRow.Outcome.UNCHANGED: "Has an account already",
    IntakeRow.Outcome.REFUSED: "Would not be let in",
}
