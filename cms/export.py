"""What of somebody's own data stands in the hub."""

from __future__ import annotations

from collections.abc import Iterable

from cms.models import EventAttendance, EventPage
from network.export import Part, Row, register
from network.models import Member


def _events(member: Member) -> Iterable[Row]:
    rows = EventAttendance.objects.filter(member=member).select_related("page").order_by("at", "pk")
    # What they may still know: a page that is closed to them by now has the title of now, and not that of when they
    # added it.
    known = set(EventPage.objects.visible_to(member).values_list("pk", flat=True))
    for row in rows:
        title = row.page.title if row.page_id in known else "An event that you can no longer see"
        yield {"Event": title, "Added": row.at, "Taken out": row.taken_out_at, "Waits for a place": row.is_waiting}


register(Part("events", "Your events", _events))
