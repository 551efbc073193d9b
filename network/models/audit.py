from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models
from django.db.models.functions import Cast
from django.utils import timezone

from network.models.member import Viewer
from network.models.network import Membership

# The verbs by which somebody looks after a network: its facilitators read who did them. Each package adds its own when
# it starts (`network.actions.audit.register_words`).
MODERATION: set[str] = set()
# Of some kinds of things nobody learns that there is one about themselves: by their label those about a viewer.
KEPT_FROM: dict[str, Callable[[Viewer], models.QuerySet[Any]]] = {}


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, viewer: Viewer) -> AuditEventQuerySet:
        """All, for whoever may read the audit log; for facilitators what was done to look after their networks."""
        found = self
        for label, about in KEPT_FROM.items():
            keys = about(viewer).order_by().annotate(key=Cast("pk", models.CharField())).values("key")
            found = found.exclude(object_kind=label, object_id__in=keys)
        if viewer.has_perm("network.view_auditevent"):
            return found
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0)
        return found.moderation().filter(network__in=facilitated.values("network"))

    def moderation(self) -> AuditEventQuerySet:
        return self.filter(verb__in=sorted(MODERATION))

    def update(self, **fields: Any) -> int:
        raise TypeError("An audit event is never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("An audit event is never deleted.")


class AuditEvent(models.Model):
    """Who did what to whom, and when. Written in the transaction of what it records; inserted, never changed."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    # No reference: an account that is erased leaves its number here, and nothing else.
    actor_id = models.PositiveBigIntegerField(null=True)
    verb = models.CharField(max_length=60)
    network = models.ForeignKey("network.Network", on_delete=models.PROTECT, null=True, related_name="+")
    object_kind = models.CharField(max_length=60)
    object_id = models.CharField(max_length=40)
    details = models.JSONField(default=dict)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["verb", "-id"], name="audit_by_verb"),
            models.Index(fields=["actor_id", "-id"], name="audit_by_actor"),
            models.Index(fields=["object_kind", "object_id", "-id"], name="audit_by_object"),
            models.Index(fields=["network", "-id"], name="audit_by_network"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_kind} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An audit event is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("An audit event is never deleted.")
