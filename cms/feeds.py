"""Events for calendars (RFC 5545). One event for whoever may open its page, and all of somebody's events at a private
address. How to join stands in it for those who may attend, asked anew each time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vRecur

from cms.models import EventAttendance, EventPage, events_called_off, events_of
from cms.permissions import can_join
from forums import limits
from forums.actions.feeds import reader_of, token_of
from forums.models import FeedKey
from network.models import Viewer
from network.models.standing import Standing

LONDON = ZoneInfo("Europe/London")
SALT = "cms.feeds"  # of the private addresses; the key is that of all of a member's feeds
KEPT = timedelta(days=90)  # after an event is over it stays so long in the calendar of somebody's events
MOST = 500


def token_for_events(key: FeedKey) -> str:
    """What stands in the private address of a member's events."""
    return token_of(key, salt=SALT)


@never_cache
@require_safe
def event_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """One event, to be put into a calendar by hand; where it was called off, for those who had it in their events."""
    found = EventPage.objects.visible_to(request.user).filter(pk=pk).select_related("network", "edition").first()
    event = found or get_object_or_404(events_called_off(request.user).select_related("network", "edition"), pk=pk)
    answer = _answer([event], request.user, name=event.title)
    answer["Content-Disposition"] = f'attachment; filename="{event.slug[:60]}.ics"'
    return answer


@require_safe
def own_events(request: HttpRequest, token: str) -> HttpResponse:
    """All of a member's events, for a calendar that asks for them again and again."""
    reader = reader_of(token, salt=SALT)
    if reader is None:
        raise Http404("No calendar has this address, or no longer.")
    limits.FEEDS.spend(reader)
    reader.standing = Standing(reader)
    since = timezone.now() - KEPT
    lists = [
        found.filter(ends_at__gt=since).defer_streamfields().select_related("network", "edition").order_by("-starts_at")
        for found in (events_of(reader), events_called_off(reader))
    ]
    answer = _answer([event for found in lists for event in found[:MOST]], reader, name="Guildhall events")
    # The address itself is the secret: neither it nor the words are kept or handed on.
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _answer(events: Iterable[EventPage], reader: Viewer, *, name: str) -> HttpResponse:
    return HttpResponse(calendar_of(events, reader, name=name), content_type="text/calendar; charset=utf-8")


def calendar_of(events: Iterable[EventPage], reader: Viewer, *, name: str) -> bytes:
    """A calendar file, of what the reader may see now."""
    events = list(events)
    signed_up = _signed_up(events, reader)
    calendar = Calendar()
    calendar.add("prodid", "-//Guildhall//Events//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add_component(_london())
    for event in events:
        calendar.add_component(_entry(event, reader, has_place=signed_up.get(event.pk)))
    return bytes(calendar.to_ical())


def _signed_up(events: list[EventPage], reader: Viewer) -> dict[int, bool]:
    """Of the events that the reader signed up for: whether they have a place, or wait for one."""
    asked = [event.pk for event in events if event.needs_sign_up]
    if not asked:
        return {}
    own = EventAttendance.objects.visible_to(reader).in_force().filter(page__in=asked)
    return {row.page_id: not row.is_waiting for row in own}


def _entry(event: EventPage, reader: Viewer, *, has_place: bool | None) -> Event:
    """`has_place`: None for whoever has not signed up. What stands in an event that was called off is what was last
    told of it, for its page may be a draft by now."""
    edition = getattr(event, "edition", None)
    told = event if event.live or edition is None else edition
    entry = Event()
    entry.add("uid", f"event-{event.pk}@{settings.SITE_HOST}")
    entry.add("sequence", edition.number if edition else 0)
    moments = [event.last_published_at, edition.changed_at if edition else None]
    changed_at = max((at for at in moments if at), default=event.starts_at)
    for name in ("dtstamp", "last-modified"):
        entry.add(name, changed_at.astimezone(UTC))
    entry.add("dtstart", told.starts_at.astimezone(LONDON))
    entry.add("dtend", told.ends_at.astimezone(LONDON))
    entry.add("summary", told.title)
    if not event.live:
        entry.add("status", "CANCELLED")
        return entry
    address = settings.SITE_URL + event.url
    joining_link = event.joining_link if can_join(reader, event, has_place=has_place) else ""
    lines = [event.summary, f"Join: {joining_link}" if joining_link else "", f"On Guildhall: {address}"]
    entry.add("status", "TENTATIVE" if has_place is False else "CONFIRMED")
    entry.add("description", "\n".join(line for line in lines if line))
    if place := event.place or joining_link:
        entry.add("location", place)
    entry.add("url", address)
    return entry


def _london() -> Timezone:
    """As the law has had it since 1996. A calendar that knows the zone by its name has no need of it."""
    zone = Timezone()
    zone.add("tzid", "Europe/London")
    for part, name, begins, before, after in (
        (TimezoneDaylight(), "BST", datetime(1996, 3, 31, 1), 0, 1),
        (TimezoneStandard(), "GMT", datetime(1996, 10, 27, 2), 1, 0),
    ):
        part.add("dtstart", begins)
        part.add("rrule", vRecur({"FREQ": "YEARLY", "BYMONTH": begins.month, "BYDAY": "-1SU"}))
        part.add("tzname", name)
        part.add("tzoffsetfrom", timedelta(hours=before))
        part.add("tzoffsetto", timedelta(hours=after))
        zone.add_component(part)
    return zone
