"""What of somebody's own data stands in the hub."""

from __future__ import annotations

from collections.abc import Iterable

from cms.models import EventAttendance
from network.export import Part, Row, register
from network.models import Member


def _events(member: Member) -> Iterable[Row]:
    rows = EventAttendance.objects.filter(member=member).select_related("page").order_by("at", "pk")
    for row in rows:
        yield {"Event": row.page.title, "Added": row.at, "Taken out": row.taken_out_at}


register(Part("events", "Your events", _events))
