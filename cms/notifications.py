"""Who hears of what happens in the hub, and in what words."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date

from cms import permissions
from cms.feeds import calendar_of
from cms.models import (
    EventAttendance,
    EventEdition,
    EventPage,
    GuidancePage,
    PageThread,
    RecordItem,
    SavedSearch,
    SessionRecord,
    attendees_of,
    events_called_off,
    events_to_attend,
    events_with_place,
    waiting_for,
)
from cms.models.event import EventPageQuerySet
from forums.models import Room
from forums.notifications import took_part_in
from network.actions import mail
from network.actions.audit import register_words
from network.actions.mail import Mail, MailFile, MailKind, Stop, owe_mail, owe_mails
from network.actions.notices import give_notice, settle_notices
from network.models import AuditEvent, MailLedger, Member, Membership, Viewer
from network.notifications import NoticeKind, register
from network.templatetags.components import clock

# A role as one person has it; groups of them stand in the plural.
ONE = {"Editors": "Editor", "Publishers": "Publisher", "Administrators": "Administrator"}

register_words(
    {
        "approved record item": "let something from a session stand on the page of its event",
        "drafted record": "had the record of a session drafted",
        "left out of record": "left something out of the record of a session",
        "put back into record": "put something back into the record of a session",
        "took record item off": "took something from a session off the page of its event",
        "dropped speaker": "took a speaker off an event",
        "gave roles": "changed the hub roles of",
        "named speaker": "named a speaker of an event",
        "reviewed": "reviewed a page",
    }
)


def role_given(event: AuditEvent) -> None:
    """Part of a verb: every administrator gets mail, whoever raised somebody and themselves among them."""
    for administrator in Member.objects.administrators():
        owe_mail("role_given", administrator, period=str(event.pk), object_id=event.pk, now=event.at)


def _about_role(row: MailLedger, administrator: Member | None) -> Mail | None:
    event = AuditEvent.objects.filter(pk=row.object_id or 0).first()
    if event is None or administrator is None or not permissions.can_give_roles(administrator):
        return None
    concerned = (int(event.object_id), event.actor_id or 0)
    people = {one.pk: one for one in Member.objects.select_related("organisation").filter(pk__in=concerned)}
    member, by = (people.get(pk) for pk in concerned)
    if member is None:
        return None
    given = [ONE.get(role, role) for role in event.details["has"] if role not in event.details["had"]]
    words = {"member": member, "by": by or "Somebody", "roles": " and ".join(given), "at": event.at}
    return Mail("cms/mail/role_given.txt", words)


mail.register(MailKind("role_given", _about_role, is_account_mail=True))


# Events. Who attends is told; each is asked anew what they may see when they read it, and when a mail goes.

EVENT_REMINDER = "event_reminder"
EVENT_CHANGED = "event_changed"
EVENT_PLACE = "event_place"
EVENT_CALLED_OFF = "event_called_off"
ROOM_OPENED = "room_opened"
GUIDANCE_UPDATED = "guidance_updated"
SEARCH_FOUND = "search_found"

# A change of what is further away than this stands in the notices and in the calendar, and nobody's mailbox needs it.
MAILED_WITHIN = timedelta(days=14)
# An editor who sees a slip just after publishing corrects it: what is told by mail is the last of the two.
SETTLES_WITHIN = timedelta(minutes=5)


def event_reminder(event: EventPage, *, now: datetime) -> int:
    """Whoever attends and was not reminded of this start: by notice, and by a mail whose row in the ledger says that
    they were. Returns how many that is."""
    period = _start_of(event)
    about = MailLedger.objects.filter(member=OuterRef("pk"), stream=EVENT_REMINDER, object_id=event.pk, period=period)
    people = list(attendees_of(event).filter(~Exists(about)))
    owe_mails(EVENT_REMINDER, people, period=period, object_id=event.pk, now=now)
    give_notice(EVENT_REMINDER, event.pk, people, now=now)
    return len(people)


def event_changed(event: EventPage, edition: EventEdition, *, was_at: datetime, now: datetime) -> None:
    """Whoever attends or waits for a place; by mail too where it is soon, or would have been."""
    people = _everybody(event)
    give_notice(EVENT_CHANGED, event.pk, people, now=now)
    if min(was_at, event.starts_at) < now + MAILED_WITHIN:
        due_at = now + SETTLES_WITHIN
        owe_mails(EVENT_CHANGED, people, period=_edition(edition), object_id=event.pk, due_at=due_at, now=now)


def event_called_off(event: EventPage, edition: EventEdition, *, now: datetime) -> None:
    """Whoever attends or waits for a place; by mail too where it would have been soon, or they signed up for it."""
    people = _everybody(event)
    give_notice(EVENT_CALLED_OFF, event.pk, people, now=now)
    if event.needs_sign_up or edition.starts_at < now + MAILED_WITHIN:
        due_at = now + SETTLES_WITHIN
        owe_mails(EVENT_CALLED_OFF, people, period=_edition(edition), object_id=event.pk, due_at=due_at, now=now)


def place_given(event: EventPage, rows: Iterable[EventAttendance], *, now: datetime) -> None:
    """Whoever waited and has a place now, by notice and by mail."""
    people = [row.member for row in rows]
    give_notice(EVENT_PLACE, event.pk, people, now=now)
    period = f"{event.pk} place {now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"
    owe_mails(EVENT_PLACE, people, period=period, object_id=event.pk, now=now)


def _everybody(event: EventPage) -> list[Member]:
    return [*attendees_of(event), *waiting_for(event)]


def room_opened(event: EventPage, *, now: datetime) -> None:
    give_notice(ROOM_OPENED, event.pk, attendees_of(event), now=now)


def guidance_updated(link: PageThread, *, now: datetime) -> None:
    """Who took part in its discussion."""
    give_notice(GUIDANCE_UPDATED, link.page_id, took_part_in(link.thread), now=now)


def about_event(page: int) -> Q:
    kinds = (EVENT_REMINDER, EVENT_CHANGED, EVENT_PLACE, EVENT_CALLED_OFF, ROOM_OPENED)
    return Q(kind__in=kinds, object_id=page)


def search_found(saved: SavedSearch, *, now: datetime) -> None:
    give_notice(SEARCH_FOUND, saved.pk, [saved.member], now=now)


def about_search(pk: int) -> Q:
    return Q(kind=SEARCH_FOUND, object_id=pk)


def about_page(page: int) -> Q:
    return about_event(page) | Q(kind=GUIDANCE_UPDATED, object_id=page)


def when(event: EventPage | EventEdition) -> str:
    """ "Monday 30 November 2026, 10am to 11am", or with both days: London time."""
    start, end = timezone.localtime(event.starts_at), timezone.localtime(event.ends_at)
    until = clock(end) if start.date() == end.date() else f"{format_date(end, 'l j F Y')}, {clock(end)}"
    return f"{format_date(start, 'l j F Y')}, {clock(start)} to {until}"


def _start_of(event: EventPage) -> str:
    """Which reminder of an event it is: one for each start that it has had."""
    return f"{event.pk} at {event.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M}"


def _edition(edition: EventEdition) -> str:
    return f"{edition.page_id} edition {edition.number}"


def _coming(viewer: Viewer) -> EventPageQuerySet:
    found: EventPageQuerySet = events_to_attend(viewer).defer_streamfields()
    return found.not_over()


def _with_place(viewer: Viewer) -> EventPageQuerySet:
    found: EventPageQuerySet = _coming(viewer).filter(pk__in=events_with_place(viewer).values("pk"))
    return found


def _reminded(viewer: Viewer) -> EventPageQuerySet:
    """Of an event that was moved further away they are reminded again when its time comes."""
    found: EventPageQuerySet = _with_place(viewer).filter(starts_at__lte=timezone.now() + timedelta(days=1))
    return found


def _called_off(viewer: Viewer) -> EventPageQuerySet:
    """Until it would have been over."""
    found: EventPageQuerySet = events_called_off(viewer).defer_streamfields().select_related("edition")
    return found.filter(edition__ends_at__gt=timezone.now())


def _opened(viewer: Viewer) -> EventPageQuerySet:
    now = timezone.now()
    rooms = Room.objects.visible_to(viewer).filter(opens_at__lte=now + Room.EARLY, closes_at__gt=now)
    found: EventPageQuerySet = _with_place(viewer).select_related("event_room").filter(event_room__room__in=rooms)
    return found


register(
    NoticeKind(
        name=EVENT_REMINDER,
        visible_to=_reminded,
        title=lambda event: f"“{event.title}” is on {when(event)}",
        address=lambda event: event.url,
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=EVENT_CHANGED,
        visible_to=_coming,
        title=lambda event: f"“{event.title}” has changed. It is on {when(event)}",
        address=lambda event: event.url,
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=EVENT_PLACE,
        visible_to=_with_place,
        title=lambda event: f"You have a place at “{event.title}” on {when(event)}",
        address=lambda event: event.url,
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=EVENT_CALLED_OFF,
        visible_to=_called_off,
        # As it was last told: its page may be a draft of something else by now.
        title=lambda event: f"“{event.edition.title}”, planned for {when(event.edition)}, does not take place",
        address=lambda event: reverse("event_by_number", args=[event.pk]),
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=ROOM_OPENED,
        visible_to=_opened,
        title=lambda event: f"The live room of “{event.title}” is open",
        address=lambda event: f"{event.url}#live-room-{event.event_room.room_id}",
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=GUIDANCE_UPDATED,
        visible_to=lambda viewer: (
            GuidancePage.objects.visible_to(viewer)
            .filter(pk__in=PageThread.objects.visible_to(viewer).values("page"))
            .defer_streamfields()
        ),
        title=lambda page: f"The guidance “{page.title}”, which you discussed, was updated",
        address=lambda page: page.url,
    )
)


register(
    NoticeKind(
        name=SEARCH_FOUND,
        visible_to=lambda viewer: SavedSearch.objects.visible_to(viewer).followed(),
        title=lambda saved: f"Something new was found by your search {saved.name}",
        address=lambda saved: f"{saved.get_absolute_url()}?newest=on",
    )
)


def _event_to_mail(row: MailLedger, member: Member | None) -> EventPage | None:
    """The event of a row, where the member still attends it, it is not over, and they want mail about it."""
    if member is None or member.mail_bounced_at is not None:
        return None
    found = events_to_attend(member).filter(pk=row.object_id or 0).select_related("network", "edition")
    event: EventPage | None = found.not_over().first()
    return event if event is not None and _wants_mail(member, event) else None


def _event_with_place(row: MailLedger, member: Member | None) -> EventPage | None:
    """The same, where they do not wait for a place."""
    event = _event_to_mail(row, member)
    has_place = event is not None and member and events_with_place(member).filter(pk=event.pk).exists()
    return event if has_place else None


def _wants_mail(member: Member, event: EventPage) -> bool:
    """They asked for it by having the event in theirs; but not where they stopped the mail about it, or want none about
    its network, or, where it is open to every officer, or of a network that they only speak in, no mail at all."""
    if EventAttendance.objects.filter(page=event.pk, member=member, is_mailed=False).exists():
        return False
    own = Membership.objects.active().filter(member=member)
    for here in own.filter(network=event.network_id or 0):
        return here.mail != Membership.Mail.NOTHING
    return member.mails_at_once or own.exclude(mail=Membership.Mail.NOTHING).exists()


def _about_event(kind: str, member: Member, event: EventPage) -> Mail:
    """What keeps its words out of mail says when and where to look, and neither its title, not even in the address, nor
    how to join."""
    is_content_free = event.network is not None and event.network.content_free_mail
    has_place = events_with_place(member).filter(pk=event.pk).exists()
    may_join = bool(permissions.can_join(member, event, has_place=has_place))
    room = Room.objects.visible_to(member).filter(event_room__page=event.pk).first()
    runs = permissions.runs_room_of(member, event)
    words: dict[str, Any] = {
        "member": member,
        "event": event,
        "title": "" if is_content_free else event.title,
        "when": when(event),
        "place": "" if is_content_free else event.place,
        "joining_link": event.joining_link if may_join and not is_content_free else "",
        "is_waiting": not has_place,
        "room": room,
        "address": reverse("event_by_number", args=[event.pk]) if is_content_free else event.url,
    }
    reason = _why(event, runs=runs)
    # What a calendar is told by mail it is told in full, so where no words are mailed it stands behind the link alone.
    files = () if is_content_free else (_calendar_file(event, member),)
    return Mail(
        f"cms/mail/{kind}.txt",
        words,
        html=f"cms/mail/{kind}.html",
        why=f"You get this mail about an event on Guildhall because {reason}.",
        stop=Stop("event", event.pk),
        conversation=f"event {event.pk}",
        links=(words["joining_link"],) if words["joining_link"] else (),
        files=files,
    )


def _why(event: EventPage, *, runs: bool) -> str:
    if runs:
        return "you host it or speak there"
    return "you signed up for it" if event.needs_sign_up else "it is one of your events"


def _calendar_file(event: EventPage, member: Member) -> MailFile:
    return MailFile("event.ics", calendar_of([event], member, name=event.title), "text/calendar")


def _mail_of_reminder(row: MailLedger, member: Member | None) -> Mail | None:
    """Of the start that it was planned for, and no other."""
    event = _event_with_place(row, member)
    if event is None or member is None or row.period != _start_of(event):
        return None
    return _about_event(EVENT_REMINDER, member, event)


def _mail_of_change(row: MailLedger, member: Member | None) -> Mail | None:
    """Of the last change, where there was another since."""
    event = _event_to_mail(row, member)
    if event is None or member is None or row.period != _edition(event.edition):
        return None
    return _about_event(EVENT_CHANGED, member, event)


def _mail_of_place(row: MailLedger, member: Member | None) -> Mail | None:
    event = _event_with_place(row, member)
    return _about_event(EVENT_PLACE, member, event) if event is not None and member is not None else None


def _mail_of_calling_off(row: MailLedger, member: Member | None) -> Mail | None:
    """As it was last told, and where it was not put on again since. It says no more than that."""
    if member is None or member.mail_bounced_at is not None:
        return None
    event = _called_off(member).filter(pk=row.object_id or 0).select_related("network").first()
    if event is None or row.period != _edition(event.edition) or not _wants_mail(member, event):
        return None
    is_content_free = event.network is not None and event.network.content_free_mail
    words = {
        "member": member,
        "event": event,
        "title": "" if is_content_free else event.edition.title,
        "when": when(event.edition),
    }
    return Mail(
        f"cms/mail/{EVENT_CALLED_OFF}.txt",
        words,
        html=f"cms/mail/{EVENT_CALLED_OFF}.html",
        why=f"You get this mail because {_why(event, runs=permissions.runs_room_of(member, event))}.",
        stop=Stop("event", event.pk),
        conversation=f"event {event.pk}",
        files=() if is_content_free else (_calendar_file(event, member),),
    )


mail.register(MailKind(EVENT_REMINDER, _mail_of_reminder))
mail.register(MailKind(EVENT_PLACE, _mail_of_place))
mail.register(MailKind(EVENT_CALLED_OFF, _mail_of_calling_off))
mail.register(MailKind(EVENT_CHANGED, _mail_of_change))


RECORD_CONSENT = "record_consent"


def asked_for_consent(drafted: SessionRecord, authors: Set[int], *, now: datetime) -> None:
    """Whoever asked or said something of a session whose record was drafted: one notice for all that is theirs."""
    people = Member.objects.filter(pk__in=authors, is_active=True).only("pk").order_by("pk")
    give_notice(RECORD_CONSENT, drafted.pk, people, now=now)


def consent_answered(drafted: int, member: Member) -> None:
    """Once they have answered for all that is theirs, there is nothing to ask."""
    unanswered = RecordItem.objects.said_by(member).shown().filter(record=drafted)
    if not unanswered.filter(Q(question__consent="", message=None) | Q(message__consent="", question=None)).exists():
        settle_notices(member, Q(kind=RECORD_CONSENT, object_id=drafted))


def _records_of_own_words(viewer: Viewer) -> QuerySet[SessionRecord]:
    own = RecordItem.objects.filter(Q(question__author=viewer.pk or 0) | Q(message__author=viewer.pk or 0)).shown()
    found = SessionRecord.objects.visible_to(viewer).filter(pk__in=own.values("record"))
    return found.select_related("event_room__room__network")


register(
    NoticeKind(
        name=RECORD_CONSENT,
        visible_to=_records_of_own_words,
        title=lambda drafted: (
            f"May what you asked or said in “{drafted.event_room.room.title}” stand on a public page?"
        ),
        address=lambda drafted: reverse("record_agree", args=[drafted.event_room.page_id]),
        where=lambda drafted: drafted.event_room.room.network.name,
        # Whoever was removed from a room for a while is back in it when that is over.
        written_anew=True,
    )
)
