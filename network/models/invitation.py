from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from network.models.member import Member, Viewer
from network.models.network import Membership, Network

_signer = Signer(salt="network.Invitation")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, viewer: Viewer) -> InvitationQuerySet:
        """Those of the networks that the viewer facilitates, and those to the viewer's own mailbox."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        facilitated = Membership.objects.facilitators().filter(member=viewer)
        return self.filter(models.Q(network__in=facilitated.values("network")) | models.Q(email__in=_proved_by(viewer)))

    def to_mailbox_of(self, member: Member) -> InvitationQuerySet:
        return self.filter(email__in=_proved_by(member))

    def named_by(self, token: str) -> InvitationQuerySet:
        """The one that an address in a mail stands for, if that was the newest mail. Whoever holds the token may know
        of the invitation; what it says is for the invited alone."""
        try:
            pk, times_sent = _signer.unsign_object(token)
        except (BadSignature, ValueError):
            return self.none()
        return self.filter(pk=pk, times_sent=times_sent)

    def open(self, now: datetime | None = None) -> InvitationQuerySet:
        """Neither accepted nor revoked, nor run out."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now or timezone.now())


def _proved_by(member: Member) -> models.QuerySet[Member, Any]:
    proved: models.QuerySet[Member] = Member.objects.filter(pk=member.pk, emailaddress__verified=True)
    return proved.values("emailaddress__email")


class Invitation(models.Model):
    """A facilitator asks somebody in, by their address. It is good for that mailbox alone."""

    # Long enough to come back from leave and ask one's manager; short enough that a mailbox which changes hands brings
    # nobody in.
    HOLDS = timedelta(days=14)

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

    @property
    def token(self) -> str:
        """What the newest mail carries."""
        return _signer.sign_object([self.pk, self.times_sent])

    def get_absolute_url(self) -> str:
        return reverse("invitation", args=[self.token])

    @property
    def state_in_words(self) -> str:
        if self.accepted_at:
            return "Accepted"
        if self.revoked_at:
            return "Withdrawn"
        return "Waiting for an answer" if self.is_open() else "Ran out"
