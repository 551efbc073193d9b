from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from network.models.member import Member, Viewer
from network.models.network import Membership, Network


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, viewer: Viewer) -> InvitationQuerySet:
        """Those of the networks that the viewer facilitates. Whoever was invited comes by the address in the mail."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        facilitated = Membership.objects.facilitators().filter(member=viewer)
        return self.filter(network__in=facilitated.values("network"))

    def open(self, now: datetime | None = None) -> InvitationQuerySet:
        """Neither accepted nor revoked, nor run out."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now or timezone.now())


class Invitation(models.Model):
    """A facilitator asks somebody in, by their address. It is good for that mailbox alone."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    kind = models.CharField(max_length=10, choices=Member.Kind.choices, default=Member.Kind.OFFICER)
    organisation = models.ForeignKey(
        "network.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    words = models.TextField("what the facilitator writes to them", blank=True)
    # Required where the address alone would not let them in: why it is right all the same.
    note = models.CharField("why they are let in", max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    # How often it was sent: the address in the mail holds for the newest only.
    times_sent = models.PositiveSmallIntegerField(default=1)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="invitations"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                "network",
                Lower("email"),
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.network}"

    def is_open(self, now: datetime | None = None) -> bool:
        return not self.accepted_at and not self.revoked_at and self.expires_at > (now or timezone.now())
