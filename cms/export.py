"""What of somebody's own data stands in the hub."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse

from cms.models import EventAttendance, EventPage, RecordItem, SavedSearch
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


def _record_items(member: Member) -> Iterable[Row]:
    """What they asked or said, and what they answered to whether it may be public."""
    items = RecordItem.objects.said_by(member).with_words().select_related("record__event_room")
    public = set(RecordItem.objects.said_by(member).public().values_list("pk", flat=True))
    for item in items.order_by("at", "pk"):
        yield {
            "Said": item.at,
            "Text": item.thing.body,
            "May stand on a public page": str(item.thing.get_consent_display()),
            "Stands there": item.pk in public,
            "Change that at": settings.SITE_URL + reverse("record_agree", args=[item.record.event_room.page_id]),
        }


def _saved_searches(member: Member) -> Iterable[Row]:
    for saved in SavedSearch.objects.filter(member=member).order_by("saved_at", "pk"):
        yield {
            "Name": saved.name,
            "Address": settings.SITE_URL + saved.get_absolute_url(),
            "Saved": saved.saved_at,
            "Followed": saved.is_followed,
        }


register(Part("searches", "Your saved searches", _saved_searches))
register(Part("records", "What you asked or said in sessions of which a record was drafted", _record_items))
register(Part("events", "Your events", _events))
