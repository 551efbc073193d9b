"""Somebody's own events: who may have them, what they are told of them and when, and how a calendar reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import mail as outbox
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from cms import export
from cms.actions.attendance import add_event, stop_mail_about_event, take_out_event
from cms.actions.events import name_speaker, remind_of_events, tell_of_open_rooms
from cms.actions.pages import republish_page
from cms.actions.roles import EDITORS, give_roles
from cms.feeds import token_for_events
from cms.models import EventAttendance, EventEdition, EventPage, attendees_of, events_of, events_to_attend
from cms.notifications import EVENT_CALLED_OFF, EVENT_CHANGED, EVENT_REMINDER, ROOM_OPENED, when
from forums.actions.feeds import make_feed_key, token_of
from forums.models import FeedKey
from network.actions import mail_stops
from network.actions.closing import close_account
from network.actions.mail import Stop, send_due_mail
from network.actions.membership import leave_network
from network.actions.notices import give_notice
from network.actions.sessions import end_other_sessions
from network.models import MailLedger, Member, Membership, Notice
from network.notifications import unread, unread_notices
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.cms.hub import Hub, close

START = datetime(2030, 7, 2, 9, 30, tzinfo=UTC)  # a Tuesday, in summer: 10:30 in London


@pytest.fixture
def event(hub: Hub, cast: Cast) -> EventPage:
    return hub.publish_event(
        "Case notes; what works, and why",
        network=cast.ai,
        starts_at=START,
        summary="Three councils show their figures.",
        place="County Hall, room 4",
        joining_link="https://meet.example.org/canaryjoin",
    )


@pytest.fixture
def soon(hub: Hub, cast: Cast) -> EventPage:
    """Tomorrow, in the clock that notices and mail are shown by."""
    return hub.publish_event(
        "Show and tell",
        network=cast.ai,
        starts_at=timezone.now() + timedelta(hours=20),
        joining_link="https://meet.example.org/canaryjoin",
    )


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def titles(member: Member) -> list[str]:
    return [notice.title for notice in unread_notices(member)]


def move(event: EventPage, **changes: Any) -> EventPage:
    page = EventPage.objects.get(pk=event.pk)
    for name, value in changes.items():
        setattr(page, name, value)
    return republish_page(page, by=None)


def later(event: EventPage, by: timedelta) -> EventPage:
    return move(event, starts_at=event.starts_at + by, ends_at=event.ends_at + by)


class TestAdding:
    def test_a_member_adds_an_event_and_takes_it_out_without_a_script(self, event: EventPage, cast: Cast) -> None:
        client = client_of(cast.bob)
        page = client.get(event.url).content.decode()
        assert f'action="{reverse("event_add", args=[event.pk])}"' in page
        assert "Add to my events" in page

        page = client.post(reverse("event_add", args=[event.pk]), follow=True).content.decode()
        assert "This event is in your events." in page
        assert "Take it out of my events" in page
        assert "1 person has it in their events." in page
        assert list(events_of(cast.bob)) == [event]

        page = client.post(reverse("event_take_out", args=[event.pk]), follow=True).content.decode()
        assert "Add to my events" in page
        assert list(events_of(cast.bob)) == []
        assert not attendees_of(event).exists()

    def test_adding_twice_is_adding_once(self, event: EventPage, cast: Cast) -> None:
        assert add_event(event, by=cast.bob) == add_event(event, by=cast.bob)
        take_out_event(event, by=cast.bob)
        take_out_event(event, by=cast.bob)
        add_event(event, by=cast.bob)

        row = EventAttendance.objects.get()
        assert row.taken_out_at is None
        with pytest.raises(IntegrityError), transaction.atomic():
            EventAttendance.objects.create(page=event, member=cast.bob)

    def test_nobody_adds_what_they_may_not_attend(self, event: EventPage, cast: Cast) -> None:
        address = reverse("event_add", args=[event.pk])
        for outsider in cast.outsiders:
            with pytest.raises(Refused):
                add_event(event, by=outsider)
            client = client_of(outsider)
            assert client.post(address).status_code == 403
            page = client.get(event.url).content.decode()
            assert address not in page
            assert "in their events" not in page
        assert Client().post(address)["Location"].startswith("/account/login")
        assert not EventAttendance.objects.exists()

    def test_an_event_that_nobody_may_know_of_is_not_found(self, hub: Hub, event: EventPage, cast: Cast) -> None:
        close(hub.events, "groups")
        client = client_of(cast.bob)
        for name in ("event_add", "event_take_out"):
            assert client.post(reverse(name, args=[event.pk])).status_code == 404
        assert client.get(reverse("event_calendar", args=[event.pk])).status_code == 404

    def test_what_is_over_is_not_added(self, hub: Hub, cast: Cast) -> None:
        past = hub.publish_event("Past", network=cast.ai, starts_at=timezone.now() - timedelta(days=1))
        with pytest.raises(Refused, match="over"):
            add_event(past, by=cast.bob)

    def test_asking_for_an_address_changes_nothing(self, event: EventPage, cast: Cast) -> None:
        client = client_of(cast.bob)
        for name in ("event_add", "event_take_out"):
            assert client.get(reverse(name, args=[event.pk])).status_code == 405
        assert not EventAttendance.objects.exists()

    def test_who_hosts_or_speaks_attends_until_they_take_it_out(self, event: EventPage, cast: Cast) -> None:
        name_speaker(event.event_room, cast.bob, role="host", by=_editor(cast))
        name_speaker(event.event_room, cast.ada, role="speaker", by=_editor(cast))
        assert set(attendees_of(event)) == {cast.bob, cast.ada}
        assert list(events_to_attend(cast.ada)) == [event]

        take_out_event(event, by=cast.ada)
        assert set(attendees_of(event)) == {cast.bob}
        assert list(events_of(cast.ada)) == []
        add_event(event, by=cast.ada)  # a speaker from outside may have it in theirs again
        assert set(attendees_of(event)) == {cast.bob, cast.ada}

    def test_every_member_and_all_together_are_asked_the_same(self, hub: Hub, event: EventPage, cast: Cast) -> None:
        open_to_all = hub.publish_event("Open to all")
        for page in (event, open_to_all):
            for member in (cast.bob, cast.fay, *cast.outsiders):
                EventAttendance.objects.create(page=page, member=member)
        cast.olga.admission.delete()
        for page in (event, open_to_all):
            each = {member for member in Member.objects.all() if events_to_attend(member).filter(pk=page.pk).exists()}
            assert set(attendees_of(page)) == each
        assert set(attendees_of(event)) == {cast.bob, cast.fay}

    def test_nobody_sees_who_else_attends(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        assert EventAttendance.objects.visible_to(cast.bob).count() == 1
        for other in (cast.fay, *cast.outsiders, AnonymousUser()):
            assert not EventAttendance.objects.visible_to(other).exists()
            assert not events_of(other).exists()


def _editor(cast: Cast) -> Member:
    give_roles(cast.fay, [EDITORS], by=None)
    return Member.objects.get(pk=cast.fay.pk)


class TestReminding:
    def test_the_day_before_who_attends_is_reminded_once(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        assert remind_of_events(now=START - timedelta(hours=25)) == 0
        assert remind_of_events(now=START - timedelta(hours=24)) == 1
        assert remind_of_events(now=START - timedelta(hours=24)) == 0
        assert remind_of_events(now=START - timedelta(hours=1)) == 0

        row = MailLedger.objects.get(stream=EVENT_REMINDER)
        assert (row.member, row.object_id) == (cast.bob, event.pk)
        assert row.period == f"{event.pk} at 2030-07-02T09:30"
        assert Notice.objects.filter(kind=EVENT_REMINDER, member=cast.bob, object_id=event.pk).count() == 1
        assert not Notice.objects.filter(kind=EVENT_REMINDER).exclude(member=cast.bob).exists()

    def test_a_reminder_that_was_read_stays_read_when_the_job_runs_again(self, soon: EventPage, cast: Cast) -> None:
        add_event(soon, by=cast.bob)
        remind_of_events()
        assert titles(cast.bob) == [f"“Show and tell” is on {when(soon)}"]
        client_of(cast.bob).get(soon.url)
        assert titles(cast.bob) == []
        remind_of_events()
        assert titles(cast.bob) == []

    def test_the_mail_carries_date_time_place_and_link(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        remind_of_events(now=START - timedelta(hours=24))
        assert send_due_mail(now=START) == 1

        sent = outbox.outbox[-1]
        assert sent.to == [cast.bob.email]
        assert "Case notes; what works, and why" in sent.subject
        for words in (
            "Tuesday 2 July 2030, 10:30am to 11:30am (London time)",
            "County Hall, room 4",
            "https://meet.example.org/canaryjoin",
            f"/events/{event.slug}/",
        ):
            assert words in sent.body

    def test_its_twin_in_html_says_the_same_and_both_say_how_to_stop_it(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        remind_of_events(now=START - timedelta(hours=24))
        send_due_mail(now=START)

        sent: Any = outbox.outbox[-1]
        html = str(sent.alternatives[0][0])
        assert html.count("<h1>") == 1
        for fact in (
            "Tuesday 2 July 2030, 10:30am to 11:30am",
            "County Hall, room 4",
            'href="https://meet.example.org',
        ):
            assert fact in html
        stop = mail_stops.address_of(Stop("event", event.pk), cast.bob)
        assert sent.extra_headers["List-Unsubscribe"] == f"<{stop}>"
        assert stop in sent.body
        assert "because it is one of your events" in sent.body

        assert Client().post(stop.removeprefix(settings.SITE_URL)).status_code in (200, 302)
        assert list(events_of(cast.bob)) == []

    def test_a_network_that_keeps_its_words_out_of_mail_keeps_them_here(self, event: EventPage, cast: Cast) -> None:
        cast.ai.content_free_mail = True
        cast.ai.save()
        add_event(event, by=cast.bob)
        remind_of_events(now=START - timedelta(hours=24))
        send_due_mail(now=START + timedelta(days=7))

        sent = outbox.outbox[-1]
        assert "Tuesday 2 July 2030" in sent.body
        for word in ("Case notes; what", event.slug, "County Hall", "canaryjoin"):
            assert word not in f"{sent.subject} {sent.body} {sent.alternatives}"
        address = reverse("event_by_number", args=[event.pk])
        assert address in sent.body
        assert client_of(cast.bob).get(address).url == event.url

    def test_a_speaker_from_outside_is_reminded_without_the_joining_link(self, event: EventPage, cast: Cast) -> None:
        name_speaker(event.event_room, cast.ada, role="speaker", by=_editor(cast))
        remind_of_events(now=START - timedelta(hours=24))
        send_due_mail(now=START + timedelta(days=7))

        [body] = [sent.body for sent in outbox.outbox if "Tuesday 2 July 2030" in sent.body]
        assert "canaryjoin" not in body
        assert "Live room" in body

    def test_a_speaker_from_outside_who_stopped_all_mail_gets_none(self, event: EventPage, cast: Cast) -> None:
        name_speaker(event.event_room, cast.ada, role="speaker", by=_editor(cast))
        remind_of_events(now=START - timedelta(hours=24))
        mail_stops.stop_all(cast.ada)
        send_due_mail(now=START + timedelta(days=7))

        assert MailLedger.objects.get(stream=EVENT_REMINDER, member=cast.ada).state == MailLedger.State.DROPPED

    @pytest.mark.parametrize(
        "end", ["over", "unpublished", "moved", "left", "taken out", "no mail", "bounced", "closed"]
    )
    def test_nothing_is_sent_that_is_no_longer_true(self, end: str, hub: Hub, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        remind_of_events(now=START - timedelta(hours=24))
        if end == "over":
            EventPage.objects.update(starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now())
        elif end == "unpublished":
            EventPage.objects.get(pk=event.pk).unpublish()
        elif end == "moved":
            later(event, timedelta(days=7))
        elif end == "left":
            leave_network(cast.ai, by=cast.bob)
        elif end == "taken out":
            take_out_event(event, by=cast.bob)
        elif end == "no mail":
            Membership.objects.filter(network=cast.ai, member=cast.bob).update(mail=Membership.Mail.NOTHING)
        elif end == "bounced":
            Member.objects.filter(pk=cast.bob.pk).update(mail_bounced_at=timezone.now())
        elif end == "closed":
            close(hub.events, "groups")

        assert send_due_mail(now=START) == 0
        assert MailLedger.objects.get(stream=EVENT_REMINDER).state == MailLedger.State.DROPPED

    def test_of_an_event_that_was_moved_they_are_reminded_again(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        remind_of_events(now=START - timedelta(hours=24))
        later(event, timedelta(days=7))

        assert remind_of_events(now=START - timedelta(hours=24)) == 0
        assert remind_of_events(now=START + timedelta(days=6, hours=1)) == 1
        send_due_mail(now=START + timedelta(days=7))
        sent = [one.body for one in outbox.outbox if "It takes place soon" in one.body]
        assert len(sent) == 1
        assert "Tuesday 9 July 2030, 10:30am to 11:30am" in sent[0]

    def test_an_outsider_is_neither_told_nor_mailed(self, soon: EventPage, cast: Cast) -> None:
        """Though a row of theirs is there, as of somebody who left."""
        for member in cast.outsiders:
            EventAttendance.objects.create(page=soon, member=member)
        assert remind_of_events() == 0
        for member in cast.outsiders:
            for kind in (EVENT_REMINDER, EVENT_CHANGED, ROOM_OPENED):
                give_notice(kind, soon.pk, [member])
            assert titles(member) == []
            assert not unread(member)

    def test_the_foot_of_a_mail_takes_the_event_out(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        token = mail_stops.address_of(Stop("event", event.pk), cast.bob).rstrip("/").rpartition("/")[2]
        page = Client().get(reverse("mail_stop", args=[token])).content.decode()
        assert "It is then none of your events any more" in page
        assert mail_stops.stop_mail(token)
        assert mail_stops.stop_mail(token)
        assert list(events_of(cast.bob)) == []
        stop_mail_about_event(cast.bob, 10**9)


class TestChanges:
    def test_the_first_publishing_tells_nobody(self, event: EventPage) -> None:
        assert EventEdition.objects.get().number == 0
        assert not Notice.objects.filter(kind=EVENT_CHANGED).exists()

    @pytest.mark.parametrize(
        "change",
        [
            {"title": "Case notes, later"},
            {"starts_at": START - timedelta(hours=1)},
            {"place": "County Hall, room 5"},
            {"joining_link": "https://meet.example.org/other"},
            {"network": None},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_what_matters_is_told_once_to_who_attends(
        self, change: dict[str, Any], event: EventPage, cast: Cast
    ) -> None:
        add_event(event, by=cast.bob)
        move(event, **change)
        [told] = Notice.objects.filter(kind=EVENT_CHANGED)
        assert (told.member, told.object_id) == (cast.bob, event.pk)
        assert EventEdition.objects.get().number == 1
        assert "has changed" in titles(cast.bob)[0]

        client_of(cast.bob).get(event.url)
        move(event)
        assert titles(cast.bob) == []
        assert EventEdition.objects.get().number == 1

    def test_other_words_are_told_to_nobody(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        move(event, summary="Four councils.", record="<p>What was said.</p>")
        assert not Notice.objects.filter(kind=EVENT_CHANGED).exists()

    def test_a_draft_tells_nobody(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        page = EventPage.objects.get(pk=event.pk)
        page.title = "Perhaps another title"
        page.save_revision()
        assert not Notice.objects.filter(kind=EVENT_CHANGED).exists()

    def test_far_away_it_stands_in_the_notices_and_soon_it_is_mailed_too(
        self, event: EventPage, soon: EventPage, cast: Cast
    ) -> None:
        for page in (event, soon):
            add_event(page, by=cast.bob)
        move(event, place="Elsewhere")
        move(soon, place="Elsewhere")
        row = MailLedger.objects.get(stream=EVENT_CHANGED)
        assert row.object_id == soon.pk
        assert send_due_mail() == 0  # the editor may see a slip
        assert send_due_mail(now=timezone.now() + timedelta(minutes=6)) == 1
        assert "Where: Elsewhere" in outbox.outbox[-1].body

    def test_of_two_changes_in_a_row_one_mail_goes(self, soon: EventPage, cast: Cast) -> None:
        add_event(soon, by=cast.bob)
        move(soon, place="Elsewhre")
        move(soon, place="Elsewhere")
        assert MailLedger.objects.filter(stream=EVENT_CHANGED).count() == 2
        assert send_due_mail(now=timezone.now() + timedelta(minutes=6)) == 1
        assert "Where: Elsewhere" in outbox.outbox[-1].body

    def test_a_mistake_here_stops_no_page(self, event: EventPage, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*args: Any, **kwargs: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr("cms.receivers.settle_edition", fails)
        monkeypatch.setattr("cms.receivers.call_off", fails)
        assert move(event, title="Still published").live
        page = EventPage.objects.get(pk=event.pk)
        page.unpublish()
        assert not EventPage.objects.get(pk=event.pk).live


class TestOpening:
    def test_who_attends_is_told_when_the_room_opens_and_once(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        assert tell_of_open_rooms(now=START - timedelta(minutes=16)) == 0
        assert tell_of_open_rooms(now=START - timedelta(minutes=15)) == 1
        assert tell_of_open_rooms(now=START - timedelta(minutes=14)) == 0
        assert Notice.objects.get(kind=ROOM_OPENED).member == cast.bob
        assert not MailLedger.objects.exists()

    def test_a_new_start_is_told_again(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        tell_of_open_rooms(now=START)
        later(event, timedelta(days=1))
        assert tell_of_open_rooms(now=START) == 0
        assert tell_of_open_rooms(now=START + timedelta(days=1)) == 1

    def test_the_notice_leads_to_the_room_and_goes_with_it(self, hub: Hub, cast: Cast) -> None:
        now_on = hub.publish_event("On now", network=cast.ai, starts_at=timezone.now() + timedelta(minutes=5))
        add_event(now_on, by=cast.bob)
        tell_of_open_rooms()
        [shown] = unread_notices(cast.bob)
        assert shown.title == "The live room of “On now” is open"
        assert shown.address == f"{now_on.url}#live-room-{now_on.event_room.room_id}"
        assert f'id="live-room-{now_on.event_room.room_id}"' in client_of(cast.bob).get(now_on.url).content.decode()
        Notice.objects.update(read_at=None)
        EventPage.objects.get(pk=now_on.pk).unpublish()
        assert [shown.notice.kind for shown in unread_notices(cast.bob)] == [EVENT_CALLED_OFF]


def read(answer: Any) -> Calendar:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    raw = answer.content
    assert all(len(line) <= 75 for line in raw.split(b"\r\n")), "lines are folded at 75 octets"
    return Calendar.from_ical(raw)


def entry(answer: Any) -> Any:
    [only] = read(answer).walk("VEVENT")
    return only


class TestCalendar:
    def test_anybody_takes_an_event_and_only_who_may_attend_the_way_in(self, event: EventPage, cast: Cast) -> None:
        address = reverse("event_calendar", args=[event.pk])
        assert f'href="{address}"' in Client().get(event.url).content.decode()
        for client in (Client(), *(client_of(outsider) for outsider in cast.outsiders)):
            answer = client.get(address)
            assert b"canaryjoin" not in answer.content.replace(b"\r\n ", b"")
            found = entry(answer)
            assert str(found["summary"]) == "Case notes; what works, and why"
            assert "no-store" in answer["Cache-Control"]
        found = entry(client_of(cast.bob).get(address))
        assert "https://meet.example.org/canaryjoin" in str(found["description"])

    def test_a_calendar_reads_the_same_moment_in_london(self, event: EventPage) -> None:
        answer = Client().get(reverse("event_calendar", args=[event.pk]))
        found = entry(answer)
        assert found.decoded("dtstart") == START
        assert found["dtstart"].params["TZID"] == "Europe/London"
        assert b"DTSTART;TZID=Europe/London:20300702T103000" in answer.content
        assert found.decoded("dtend") - found.decoded("dtstart") == timedelta(hours=1)
        [zone] = read(answer).walk("VTIMEZONE")
        assert str(zone["tzid"]) == "Europe/London"
        london = zone.to_tz()
        assert datetime(2030, 7, 2, 12, tzinfo=london).utcoffset() == timedelta(hours=1)
        assert datetime(2030, 12, 2, 12, tzinfo=london).utcoffset() == timedelta(0)
        assert str(found["location"]) == "County Hall, room 4"
        assert str(found["uid"]) == f"event-{event.pk}@127.0.0.1"

    def test_a_change_raises_the_sequence_and_keeps_the_name(self, event: EventPage) -> None:
        address = reverse("event_calendar", args=[event.pk])
        before = entry(Client().get(address))
        later(event, timedelta(days=1))
        after = entry(Client().get(address))
        assert (int(before["sequence"]), int(after["sequence"])) == (0, 1)
        assert before["uid"] == after["uid"]
        assert after.decoded("last-modified") >= before.decoded("last-modified")

    def test_long_and_odd_titles_come_through(self, hub: Hub) -> None:
        title = "Ünïcode, semicolons; and \\ backslashes, " * 5
        odd = hub.publish_event(title.strip())
        assert str(entry(Client().get(reverse("event_calendar", args=[odd.pk])))["summary"]) == title.strip()


class TestOwnCalendar:
    def feed(self, member: Member) -> str:
        return reverse("own_events", args=[token_for_events(member.feed_key)])

    def test_it_holds_the_events_of_its_member_and_no_others(
        self, hub: Hub, event: EventPage, soon: EventPage, cast: Cast
    ) -> None:
        make_feed_key(by=cast.bob)
        add_event(event, by=cast.bob)
        add_event(soon, by=cast.fay)
        answer = Client().get(self.feed(cast.bob))
        found = entry(answer)
        assert str(found["summary"]) == event.title
        assert "canaryjoin" in str(found["description"])
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert not answer.cookies

    def test_one_key_ends_all_addresses_and_none_opens_another(self, event: EventPage, cast: Cast) -> None:
        make_feed_key(by=cast.bob)
        address = self.feed(cast.bob)
        assert Client().get(address).status_code == 200
        assert Client().get(reverse("own_events", args=[token_of(cast.bob.feed_key)])).status_code == 404
        token = token_for_events(cast.bob.feed_key)
        assert Client().get(reverse("private_network_feed", args=[token, "ai"])).status_code == 404
        make_feed_key(by=cast.bob)
        assert Client().get(address).status_code == 404

    def test_signing_out_everywhere_ends_it(self, event: EventPage, cast: Cast) -> None:
        make_feed_key(by=cast.bob)
        address = self.feed(cast.bob)
        end_other_sessions(by=cast.bob, this_one=None)
        assert not FeedKey.objects.exists()
        assert Client().get(address).status_code == 404

    def test_who_left_reads_what_the_page_would_show(self, hub: Hub, event: EventPage, cast: Cast) -> None:
        make_feed_key(by=cast.bob)
        add_event(event, by=cast.bob)
        leave_network(cast.ai, by=cast.bob)
        answer = Client().get(self.feed(cast.bob))
        assert "canaryjoin" not in answer.content.decode().replace("\r\n ", "")
        assert str(entry(answer)["summary"]) == event.title
        close(hub.events, "groups")
        assert read(Client().get(self.feed(cast.bob))).walk("VEVENT") == []

    def test_whoever_is_suspended_reads_nothing(self, event: EventPage, cast: Cast) -> None:
        make_feed_key(by=cast.bob)
        add_event(event, by=cast.bob)
        address = self.feed(cast.bob)
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
        assert Client().get(address).status_code == 404

    def test_what_was_called_off_is_cancelled_and_comes_back(self, event: EventPage, cast: Cast) -> None:
        make_feed_key(by=cast.bob)
        add_event(event, by=cast.bob)
        EventPage.objects.get(pk=event.pk).unpublish()
        found = entry(Client().get(self.feed(cast.bob)))
        assert (str(found["status"]), int(found["sequence"])) == ("CANCELLED", 1)
        assert str(found["summary"]) == event.title
        assert "location" not in found

        move(event)
        found = entry(Client().get(self.feed(cast.bob)))
        assert (str(found["status"]), int(found["sequence"])) == ("CONFIRMED", 2)
        # Whoever was told that it is off is told that it is on again.
        assert [title.partition(" It is on")[0] for title in titles(cast.bob)] == [f"“{event.title}” has changed."]

    def test_its_address_stands_on_the_page_of_feeds(self, event: EventPage, cast: Cast) -> None:
        client = client_of(cast.olga)  # who belongs to no network
        assert "events.ics" not in client.get(reverse("feeds")).content.decode()
        page = client.post(reverse("feed_key"), follow=True).content.decode()
        assert self.feed(Member.objects.get(pk=cast.olga.pk)) in page


def test_both_bodies_of_each_mail_say_the_same(event: EventPage, cast: Cast) -> None:
    facts = {"event": event, "title": event.title, "when": when(event), "place": event.place, "room": None}
    facts |= {
        "member": cast.bob,
        "joining_link": event.joining_link,
        "site_url": "https://example.org",
        "address": "/e/",
    }
    for part in ("cms/mail/_event_facts.txt", "cms/mail/_event_facts.html"):
        said = render_to_string(part, facts)
        for fact in (when(event), event.place, event.joining_link, "https://example.org/e/"):
            assert fact in said


def test_a_closed_account_has_no_events(event: EventPage, cast: Cast) -> None:
    add_event(event, by=cast.bob)
    close_account(by=cast.bob, erase=False)
    assert not EventAttendance.objects.exists()


def test_their_own_data_names_no_event_that_is_closed_to_them_by_now(hub: Hub, event: EventPage, cast: Cast) -> None:
    add_event(event, by=cast.bob)
    assert [row["Event"] for row in export._events(cast.bob)] == [event.title]

    close(hub.events, "groups")
    EventPage.objects.filter(pk=event.pk).update(title="Zyzzyva")

    assert [row["Event"] for row in export._events(cast.bob)] == ["An event that you can no longer see"]
