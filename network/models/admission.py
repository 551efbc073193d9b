from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from network.models.member import Viewer


class AdmissionQuerySet(models.QuerySet["Admission"]):
    def visible_to(self, viewer: Viewer) -> AdmissionQuerySet:
        if viewer.has_perm("network.change_organisationdomain"):
            return self
        return self.filter(member=viewer) if viewer.is_authenticated and viewer.is_active else self.none()


class Admission(models.Model):
    """Why somebody was let in, and as an officer of which organisation."""

    class Rule(models.TextChoices):
        CONFIRMED_DOMAIN = "confirmed_domain", "Address at a confirmed domain"
        UNCONFIRMED_DOMAIN = "unconfirmed_domain", "Address at a domain nobody has confirmed yet"
        INVITATION = "invitation", "Invited by a facilitator"
        PERSON = "person", "Let in by a person"

    member = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="admission")
    rule = models.CharField(max_length=20, choices=Rule.choices)
    domain = models.ForeignKey(
        "network.OrganisationDomain", on_delete=models.SET_NULL, null=True, blank=True, related_name="admissions"
    )
    invitation = models.ForeignKey(
        "network.Invitation", on_delete=models.SET_NULL, null=True, blank=True, related_name="admissions"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = AdmissionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.member}: {self.get_rule_display()}"

    @property
    def is_confirmed(self) -> bool:
        """Whether they may be let into a network that is entered by request."""
        if self.rule == self.Rule.PERSON:
            return True
        return self.domain is not None and self.domain.is_confirmed


class AdmissionRequestQuerySet(models.QuerySet["AdmissionRequest"]):
    def visible_to(self, viewer: Viewer) -> AdmissionRequestQuerySet:
        """The administrators' queue; and to whoever asked, their own."""
        if viewer.has_perm("network.change_admissionrequest"):
            return self
        return self.filter(member=viewer) if viewer.is_authenticated and viewer.is_active else self.none()

    def waiting(self) -> AdmissionRequestQuerySet:
        return self.filter(state=AdmissionRequest.State.WAITING, member__is_active=True)


class AdmissionRequest(models.Model):
    """Somebody with a proved mailbox at a public body that no rule knows asks to be let in. One row per member: asking
    again opens it again."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        ADMITTED = "admitted", "Let in"
        DECLINED = "declined", "Declined"

    member = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="admission_request")
    works_for = models.CharField("the organisation, as they call it", max_length=200)
    reason = models.TextField("why they should be let in")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decision = models.TextField("words of the decision", blank=True)

    objects = AdmissionRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="waiting") | models.Q(decided_at__isnull=False),
                name="admission_request_decided_has_a_time",
            )
        ]
        indexes = [models.Index(fields=["state", "asked_at"], name="admission_request_queue")]

    def __str__(self) -> str:
        return f"{self.member}: {self.get_state_display()}"
