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
        PERSON = "person", "Let in by a person"

    member = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="admission")
    rule = models.CharField(max_length=20, choices=Rule.choices)
    domain = models.ForeignKey(
        "network.OrganisationDomain", on_delete=models.SET_NULL, null=True, blank=True, related_name="admissions"
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
