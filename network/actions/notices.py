from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from network import limits, permissions, realtime
from network.models import Member, Notice


def give_notice(kind: str, object_id: int, to: Iterable[Member], *, now: datetime | None = None) -> None:
    """One row per member, kind and object; a row already there is opened again and moves to the top."""
    now = now or timezone.now()
    notices = [Notice(member=member, kind=kind, object_id=object_id, at=now) for member in to]
    Notice.objects.bulk_create(
        notices,
        update_conflicts=True,
        unique_fields=["member", "kind", "object_id"],
        update_fields=["at", "read_at"],
    )
    _show_soon([notice.member_id for notice in notices])


def settle_notices(member: Member, about: Q) -> None:
    """Part of a verb: the member has just dealt with the things of which `about` gives kind and object, so their
    notices are read."""
    _read(member, about)


def read_notice(notice: Notice, *, by: Member) -> None:
    """Marks one of a member's own notices as read. Raises Refused, LimitReached."""
    permissions.can_read_notice(by, notice).enforce()
    limits.NOTICES.spend(by)
    settle_notices(by, Q(kind=notice.kind, object_id=notice.object_id))


def read_all_notices(*, by: Member) -> int:
    """Marks all of a member's notices as read; returns how many were not. Raises Refused, LimitReached."""
    permissions.can_take_part(by).enforce()
    limits.NOTICES.spend(by)
    return _read(by, Q())


def _read(member: Member, about: Q) -> int:
    read = Notice.objects.visible_to(member).unread().filter(about).update(read_at=timezone.now())
    if read:
        _show_soon([member.pk])
    return read


def _show_soon(member_ids: list[int]) -> None:
    """Once it is committed the pages that they have open show another number, in whichever tab or browser."""
    if member_ids:
        transaction.on_commit(lambda: realtime.notices_changed(member_ids), robust=True)
