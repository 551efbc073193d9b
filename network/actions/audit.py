from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from network import limits, permissions
from network.models import AuditEvent, Member, Network


def record(
    verb: str,
    thing: models.Model | type[models.Model],
    *,
    by: Member | None,
    network: Network | None = None,
    **details: Any,
) -> AuditEvent:
    """Writes down that `by` (None: the site itself) did `verb` to `thing`; a model stands for many of its rows. Part
    of a verb: stands in its transaction; raises TransactionManagementError outside one. `details` are JSON values,
    never a member's words."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An audit event belongs to the transaction of what it records.")
    return AuditEvent.objects.create(
        verb=verb,
        actor_id=by.pk if by else None,
        network=network,
        object_kind=thing._meta.label_lower,
        object_id="" if isinstance(thing, type) else str(thing.pk),
        details=details,
    )


def export_audit(*, by: Member, filters: Iterable[str]) -> AuditEvent:
    """Writes down that somebody takes a part of the audit log away, and by which filters; not what they looked for.
    Raises Refused, LimitReached."""
    permissions.can_read_audit(by).enforce()
    limits.EXPORTING_AUDIT.spend(by)
    with transaction.atomic():
        return record("exported the audit log", AuditEvent, by=by, filters=sorted(filters))
