from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from network import limits, permissions
from network.actions.audit import record
from network.models import Member
from network.search import exported_people


def export_people(*, by: Member) -> Iterator[list[list[str]]]:
    """Hands an administrator what the officers show of themselves, in batches of rows (`network.search.EXPORTED`), each
    read when it is asked for. That they took it is written down before the first. Raises Refused, LimitReached."""
    permissions.can_export_people(by).enforce()
    limits.EXPORTING.spend(by)
    with transaction.atomic():
        record("exported people", Member, by=by, people=Member.objects.exported_to(by).count())
    return exported_people(by)
