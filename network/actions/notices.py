from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from network.models import Member, Notice


def give_notice(kind: str, object_id: int, to: Iterable[Member], *, now: datetime | None = None) -> None:
    """One row per member, kind and object; a row already there is opened again and moves to the top."""
    now = now or timezone.now()
    Notice.objects.bulk_create(
        [Notice(member=member, kind=kind, object_id=object_id, at=now) for member in to],
        update_conflicts=True,
        unique_fields=["member", "kind", "object_id"],
        update_fields=["at", "read_at"],
    )


def read_notices(by: Member, *, kind: str | None = None, object_id: int | None = None) -> int:
    """Marks the member's notices as read, all of them or those of one kind or thing. Returns how many."""
    notices = Notice.objects.visible_to(by).unread()
    if kind is not None:
        notices = notices.filter(kind=kind)
    if object_id is not None:
        notices = notices.filter(object_id=object_id)
    return notices.update(read_at=timezone.now())
