"""Places at an event: nobody has one too many, whoever waits moves up, and who has none is not told how to join."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar
from pytest_django import DjangoAssertNumQueries
from wagtail.models import Page

from cms import export
from cms.actions.attendance import (
    add_event,
    settle_all_places,
    settle_places,
    stop_mail_about_event,
    take_out_event,
)
from cms.actions.events import name_speaker, remind_of_events, tell_of_open_rooms
from cms.actions.pages import republish_page
from cms.actions.roles import ADMINISTRATORS, EDITORS, give_roles
from cms.models import (
    EventAttendance,
    EventEdition,
    EventPage,
    attendees_of,
    events_of,
    events_to_attend,
    events_with_place,
    places_taken,
    waiting_for,
)
from cms.notifications import EVENT_CALLED_OFF, EVENT_CHANGED, EVENT_PLACE, EVENT_REMINDER, ROOM_OPENED, when
from cms.permissions import can_join
from forums.actions.room_roles import give_room_role
from network.actions.accounts import suspend_account
from network.actions.closing import close_account
from network.actions.mail import send_due_mail
from network.actions.membership import join_network, leave_network
from network.models import Admission, MailLedger, Member, Membership, Notice
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, make_cast, sign_in
from tests.cms.hub import Hub, close, make_hub

JOIN = "https://meet.example.org/canaryjoin"


@pytest.fixture
def event(hub: Hub, cast: Cast) -> EventPage:
    """One place, tomorrow."""
    return hub.publish_event(
        "Case notes",
        network=cast.ai,
        starts_at=timezone.now() + timedelta(hours=20),
        needs_sign_up=True,
        places=1,
        joining_link=JOIN,
    )


@pytest.fixture
def nora(cast: Cast) -> Member:
    return member_of(cast, "Nora Next")


def member_of(cast: Cast, name: str) -> Member:
    first = name.split()[0].lower()
    member = Member.objects.create_user(f"{first}@exampleshire.example.org", name=name, organisation=cast.council)
    Admission.objects.create(member=member, rule=Admission.Rule.PERSON)
    join_network(cast.ai, by=member)
    return Member.objects.get(pk=member.pk)


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def change(event: EventPage, **changes: Any) -> EventPage:
    page = EventPage.objects.get(pk=event.pk)
    for name, value in changes.items():
        setattr(page, name, value)
    return republish_page(page, by=None)


def going(event: EventPage) -> set[Member]:
    return set(attendees_of(event))


def kinds_told(member: Member) -> list[str]:
    return [shown.notice.kind for shown in unread_notices(member)]


class TestPlaces:
    def test_the_last_place_is_given_once_and_the_next_waits(self, event: EventPage, cast: Cast, nora: Member) -> None:
        assert add_event(event, by=cast.bob).waiting_number is None
        assert add_event(event, by=nora).waiting_number == 1
        assert add_event(event, by=cast.fay).waiting_number == 2

        assert going(event) == {cast.bob}
        assert set(waiting_for(event)) == {nora, cast.fay}
        assert places_taken(event) == 1

    def test_signing_up_twice_is_signing_up_once(self, event: EventPage, cast: Cast, nora: Member) -> None:
        for _ in range(2):
            add_event(event, by=cast.bob)
            add_event(event, by=nora)
        assert EventAttendance.objects.count() == 2
        assert EventAttendance.objects.get(member=nora).waiting_number == 1
        assert not Notice.objects.filter(kind=EVENT_PLACE).exists()

    def test_whoever_waits_longest_moves_up_and_is_told_once(self, event: EventPage, cast: Cast, nora: Member) -> None:
        for member in (cast.bob, nora, cast.fay):
            add_event(event, by=member)
        take_out_event(event, by=cast.bob)
        take_out_event(event, by=cast.bob)

        assert going(event) == {nora}
        assert set(waiting_for(event)) == {cast.fay}
        assert kinds_told(nora) == [EVENT_PLACE]
        assert unread_notices(nora)[0].title == f"You have a place at “Case notes” on {when(event)}"
        assert MailLedger.objects.get(stream=EVENT_PLACE).member == nora
        assert kinds_told(cast.fay) == []

    def test_whoever_gave_up_a_place_stands_at_the_end(self, event: EventPage, cast: Cast, nora: Member) -> None:
        for member in (cast.bob, nora, cast.fay):
            add_event(event, by=member)
        take_out_event(event, by=cast.bob)
        assert add_event(event, by=cast.bob).is_waiting
        take_out_event(event, by=nora)
        assert going(event) == {cast.fay}

    def test_who_leaves_the_waiting_list_is_passed_over(self, event: EventPage, cast: Cast, nora: Member) -> None:
        for member in (cast.bob, nora, cast.fay):
            add_event(event, by=member)
        take_out_event(event, by=nora)
        take_out_event(event, by=cast.bob)
        assert going(event) == {cast.fay}
        assert not Notice.objects.filter(member=nora).exists()

    def test_without_a_number_of_places_nobody_waits(self, hub: Hub, cast: Cast, nora: Member) -> None:
        endless = hub.publish_event("Endless", network=cast.ai, needs_sign_up=True)
        for member in (cast.bob, nora, cast.fay):
            assert not add_event(endless, by=member).is_waiting

    def test_more_places_move_people_up_and_fewer_throw_nobody_out(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        for member in (cast.bob, nora, cast.fay):
            add_event(event, by=member)
        change(event, places=2)
        assert going(event) == {cast.bob, nora}
        assert kinds_told(nora) == [EVENT_PLACE]

        change(event, places=1)
        assert going(event) == {cast.bob, nora}
        take_out_event(event, by=cast.bob)
        assert going(event) == {nora}
        assert set(waiting_for(event)) == {cast.fay}

        change(event, places=None)
        assert going(event) == {nora, cast.fay}

    def test_a_draft_changes_nobodys_place_and_an_older_one_keeps_the_rows(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        before = EventPage.objects.get(pk=event.pk).live_revision
        change(event, places=2)
        for member in (cast.bob, nora, cast.fay):
            add_event(event, by=member)
        rows = list(EventAttendance.objects.order_by("pk").values())
        page = EventPage.objects.get(pk=event.pk)
        page.places = 9
        page.save_revision()
        assert list(EventAttendance.objects.order_by("pk").values()) == rows

        before.publish()  # one place again
        assert EventPage.objects.get(pk=event.pk).places == 1
        assert list(EventAttendance.objects.order_by("pk").values()) == rows

    def test_a_copy_of_the_page_has_no_sign_ups(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        copy = event.copy(update_attrs={"slug": "copy", "title": "Copy"})
        assert copy.places == 1
        assert not EventAttendance.objects.filter(page=copy.pk).exists()
        assert not add_event(copy, by=cast.fay).is_waiting

    def test_where_people_stop_signing_up_nobody_waits_any_more(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        for member in (cast.bob, nora):
            add_event(event, by=member)
        change(event, needs_sign_up=False, places=None)
        assert going(event) == {cast.bob, nora}
        assert not EventAttendance.objects.waiting().exists()

    def test_hosts_and_speakers_take_no_place(self, event: EventPage, cast: Cast, nora: Member) -> None:
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        give_room_role(event.event_room.room, cast.bob, role="host", by=None)
        assert places_taken(event) == 0
        assert settle_all_places() == 1
        assert settle_all_places() == 0
        assert going(event) == {cast.bob, nora}
        assert add_event(event, by=cast.fay).is_waiting
        give_room_role(event.event_room.room, cast.fay, role="speaker", by=None)
        settle_places(event)
        assert EventAttendance.objects.get(member=cast.fay).waiting_number is None

    def test_nobody_signs_up_who_may_not_attend(self, event: EventPage, cast: Cast) -> None:
        address = reverse("event_add", args=[event.pk])
        for outsider in cast.outsiders:
            with pytest.raises(Refused):
                add_event(event, by=outsider)
            assert client_of(outsider).post(address).status_code == 403
        assert not EventAttendance.objects.exists()

    def test_nobody_moves_up_for_what_is_over_or_taken_down(self, event: EventPage, cast: Cast, nora: Member) -> None:
        for member in (cast.bob, nora):
            add_event(event, by=member)
        take_out_event(event, by=cast.bob, now=event.ends_at)
        assert set(waiting_for(event)) == {nora}
        EventPage.objects.get(pk=event.pk).unpublish()
        settle_places(event)
        assert set(waiting_for(event)) == {nora}

    def test_the_database_keeps_the_numbers_apart(self, event: EventPage, cast: Cast, nora: Member) -> None:
        EventAttendance.objects.create(page=event, member=cast.bob, waiting_number=1)
        with pytest.raises(IntegrityError), transaction.atomic():
            EventAttendance.objects.create(page=event, member=nora, waiting_number=1)
        with pytest.raises(IntegrityError), transaction.atomic():
            EventAttendance.objects.create(page=event, member=nora, waiting_number=2, taken_out_at=timezone.now())

    def test_places_are_for_those_who_sign_up(self, event: EventPage) -> None:
        event.needs_sign_up = False
        with pytest.raises(ValidationError, match="Choose that people sign up"):
            event.full_clean()
        event.needs_sign_up, event.places = True, 0
        with pytest.raises(ValidationError, match="at least 1 place"):
            event.full_clean()
        with pytest.raises(IntegrityError), transaction.atomic():
            EventPage.objects.filter(pk=event.pk).update(needs_sign_up=False)


def at_once(*acts: Callable[[], object]) -> list[BaseException]:
    """Each on a thread of its own, all at the same moment; what they raised."""
    together = Barrier(len(acts))
    errors: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            together.wait()
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    @pytest.fixture
    def event(self, transactional_db: None) -> EventPage:
        cast = make_cast()
        hub = make_hub()
        for number in range(6):
            member_of(cast, f"Member{number} Of")
        return hub.publish_event("Last places", network=cast.ai, needs_sign_up=True, places=2)

    @pytest.fixture
    def members(self, event: EventPage) -> list[Member]:
        return list(Member.objects.filter(email__startswith="member").order_by("pk"))

    def test_the_last_places_are_taken_by_as_many_as_there_are(self, event: EventPage, members: list[Member]) -> None:
        # Each from two windows.
        acts = [lambda member=member: add_event(event, by=member) for member in members for _ in range(2)]
        assert at_once(*acts) == []

        assert places_taken(event) == 2
        numbers = EventAttendance.objects.waiting().values_list("waiting_number", flat=True)
        assert len(set(numbers)) == 4
        assert EventAttendance.objects.count() == 6
        assert not MailLedger.objects.filter(stream=EVENT_PLACE).exists()

    def test_places_given_up_at_once_go_to_as_many_who_wait(self, event: EventPage, members: list[Member]) -> None:
        for member in members:
            add_event(event, by=member)
        first, second, third, fourth, fifth, sixth = members
        assert (
            at_once(
                lambda: take_out_event(event, by=first),
                lambda: take_out_event(event, by=second),
                lambda: take_out_event(event, by=first),
                lambda: leave_network(event.network, by=third),  # type: ignore[arg-type]
            )
            == []
        )
        assert going(event) == {fourth, fifth}
        assert list(waiting_for(event)) == [sixth]
        told = MailLedger.objects.filter(stream=EVENT_PLACE).values_list("member", flat=True)
        assert {fourth.pk, fifth.pk} <= set(told) <= {third.pk, fourth.pk, fifth.pk}


class TestAccessEnds:
    @pytest.mark.parametrize("how", ["left", "suspended", "account suspended", "closed"])
    def test_their_place_goes_to_the_next(self, how: str, event: EventPage, cast: Cast, nora: Member) -> None:
        for member in (nora, cast.bob, cast.fay):
            add_event(event, by=member)
        if how == "left":
            leave_network(cast.ai, by=nora)
        elif how == "suspended":
            from network.actions.membership import end_membership

            end_membership(Membership.objects.get(network=cast.ai, member=nora), Membership.State.SUSPENDED)
        elif how == "account suspended":
            suspend_account(nora, by=cast.ada, reason="Spam")
        else:
            close_account(by=nora)

        assert going(event) == {cast.bob}
        assert kinds_told(cast.bob) == [EVENT_PLACE]
        assert set(waiting_for(event)) == {cast.fay}
        assert not EventAttendance.objects.in_force().filter(member=nora).exists()

    def test_of_an_event_for_everybody_too(self, hub: Hub, cast: Cast) -> None:
        open_to_all = hub.publish_event("Open", needs_sign_up=True, places=1)
        add_event(open_to_all, by=cast.olga)
        add_event(open_to_all, by=cast.bob)
        suspend_account(cast.olga, by=cast.ada, reason="Spam")
        assert going(open_to_all) == {cast.bob}

    def test_coming_back_gives_no_place_back(self, event: EventPage, cast: Cast, nora: Member) -> None:
        add_event(event, by=nora)
        add_event(event, by=cast.bob)
        leave_network(cast.ai, by=nora)
        join_network(cast.ai, by=nora)
        assert going(event) == {cast.bob}
        assert add_event(event, by=nora).is_waiting

    def test_what_they_were_at_stays_theirs(self, event: EventPage, cast: Cast, nora: Member) -> None:
        add_event(event, by=nora)
        EventPage.objects.update(starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now())
        leave_network(cast.ai, by=nora)
        assert EventAttendance.objects.in_force().filter(member=nora).exists()


class TestTheWayIn:
    def test_only_who_has_a_place_reads_the_joining_link(self, event: EventPage, cast: Cast, nora: Member) -> None:
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        calendar = reverse("event_calendar", args=[event.pk])
        for member, may in ((cast.bob, True), (nora, False), (cast.fay, True), (cast.olga, False)):
            client = client_of(member)
            assert bool(can_join(member, event)) == may
            assert ("canaryjoin" in client.get(event.url).content.decode()) == may, member
            assert (b"canaryjoin" in client.get(calendar).content.replace(b"\r\n ", b"")) == may, member
        for outsider in cast.outsiders:
            assert not can_join(outsider, event)

    def test_an_editor_who_is_a_member_reads_it_and_one_from_outside_does_not(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        for member, may in ((nora, True), (cast.olga, False)):
            give_roles(member, [EDITORS], by=None)
            assert bool(can_join(Member.objects.get(pk=member.pk), event)) == may

    def test_the_live_room_stands_on_the_page_of_those_who_signed_up(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        add_event(event, by=cast.bob)
        assert "The live room opens in" in client_of(cast.bob).get(event.url).content.decode()
        page = client_of(nora).get(event.url).content.decode()
        assert "The live room opens in" not in page
        assert "It is open to all members of the AI Network, signed up or not" in page
        # The room itself is open to them.
        assert client_of(nora).get(event.event_room.room.get_absolute_url()).status_code == 200
        for outsider in cast.outsiders:
            page = client_of(outsider).get(event.url).content.decode()
            assert "live room" not in page

    def test_afterwards_every_member_reads_what_was_said(self, event: EventPage, cast: Cast, nora: Member) -> None:
        change(event, starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now() - timedelta(hours=1))
        assert "Transcript of the live room" in client_of(nora).get(event.url).content.decode()

    def test_where_nobody_signs_up_every_member_reads_it(self, hub: Hub, cast: Cast, nora: Member) -> None:
        plain = hub.publish_event("Plain", network=cast.ai, joining_link=JOIN)
        assert can_join(nora, plain)


class TestThePage:
    def test_it_says_how_many_places_are_left_and_where_one_stands(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        add, out = (reverse(name, args=[event.pk]) for name in ("event_add", "event_take_out"))
        bob, other = client_of(cast.bob), client_of(nora)
        assert "1 of 1 place is left." in other.get(event.url).content.decode()
        assert "You have a place. We will remind you" in bob.post(add, follow=True).content.decode()
        assert "Give up my place" in bob.get(event.url).content.decode()

        page = other.get(event.url).content.decode()
        assert "The only place is" in page
        assert "Join the waiting list" in page
        # From a page that still showed a place.
        page = other.post(add, follow=True).content.decode()
        assert page.count("number 1 on the waiting list") >= 2
        assert "Leave the waiting list" in page
        assert page == other.post(add, follow=True).content.decode() or "number 1" in page

        page = bob.post(out, follow=True).content.decode()
        assert "You are no longer signed up." in page
        assert "<strong>You have a place.</strong>" in other.get(event.url).content.decode()

    def test_figures_are_for_those_who_run_it_and_name_nobody(self, event: EventPage, cast: Cast, nora: Member) -> None:
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        give_roles(cast.olga, [EDITORS], by=None)
        for member in (cast.fay, Member.objects.get(pk=cast.olga.pk)):
            page = client_of(member).get(event.url).content.decode()
            assert "How many have signed up" in page
            assert "1 of 1" in page
            assert "Bob Belongs" not in page
            assert "Nora" not in page
        for other in (cast.bob, cast.amir, cast.lena, cast.sven, cast.ada):
            assert "How many have signed up" not in client_of(other).get(event.url).content.decode()

    def test_outsiders_do_not_learn_how_many_places_are_left(self, event: EventPage, cast: Cast) -> None:
        clients = [Client(), *(client_of(outsider) for outsider in cast.outsiders)]
        before = ["left" in client.get(event.url).content.decode() for client in clients]
        add_event(event, by=cast.bob)
        assert before == [False] * len(clients)
        for client in clients:
            page = client.get(event.url).content.decode()
            assert "People sign up for this event." in page
            assert "taken" not in page
            assert "waiting list" not in page
            assert reverse("event_add", args=[event.pk]) not in page

    def test_it_costs_the_same_with_few_and_with_many(
        self, event: EventPage, cast: Cast, nora: Member, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = client_of(nora)
        client.get(event.url)

        def count() -> int:
            with django_assert_max_num_queries(60) as asked:
                client.get(event.url)
            return len(asked)

        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        few = count()
        for number in range(12):
            add_event(event, by=member_of(cast, f"Crowd{number} Of"))
        assert count() == few


class TestTelling:
    def test_the_mail_of_a_place_carries_the_way_in_and_a_calendar_file(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        take_out_event(event, by=cast.bob)
        assert send_due_mail() == 1

        sent: Any = outbox.outbox[-1]
        assert sent.to == [nora.email]
        assert sent.subject.startswith("You have a place: Case notes, ")
        for words in (when(event), "(London time)", JOIN, reverse("event_calendar", args=[event.pk])):
            assert words in sent.body
        assert "because you signed up for it" in sent.body
        [(name, content, kind)] = sent.attachments
        assert (name, kind) == ("event.ics", "text/calendar")
        calendar = Calendar.from_ical(content)
        [entry] = calendar.walk("VEVENT")
        assert str(calendar["method"]) == "PUBLISH"
        assert (str(entry["status"]), int(entry["sequence"])) == ("CONFIRMED", 0)
        assert entry.decoded("dtstart") == event.starts_at.replace(microsecond=0)
        assert JOIN in str(entry["description"])

    def test_a_network_that_keeps_its_words_out_of_mail_sends_no_calendar_file(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        cast.ai.content_free_mail = True
        cast.ai.save()
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        take_out_event(event, by=cast.bob)
        send_due_mail()
        EventPage.objects.get(pk=event.pk).unpublish()
        send_due_mail(now=timezone.now() + timedelta(minutes=6))
        assert len(outbox.outbox) == 2
        for sent in outbox.outbox:
            assert not sent.attachments
            for word in ("Case notes", "canaryjoin", event.slug):
                assert word not in f"{sent.subject} {sent.body} {sent.alternatives}"

    def test_nobody_is_mailed_of_a_place_that_they_gave_up_since(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        take_out_event(event, by=cast.bob)
        take_out_event(event, by=nora)
        assert send_due_mail() == 0
        assert kinds_told(nora) == []

    def test_only_who_has_a_place_is_reminded_and_told_that_the_room_is_open(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        assert remind_of_events() == 1
        assert tell_of_open_rooms(now=event.starts_at) == 1
        for kind in (EVENT_REMINDER, ROOM_OPENED):
            assert [notice.member for notice in Notice.objects.filter(kind=kind)] == [cast.bob]
        assert send_due_mail() == 1
        sent: Any = outbox.outbox[-1]
        for words in (when(event), "(London time)", JOIN):
            assert words in sent.body
        assert "BEGIN:VEVENT" in sent.attachments[0][1]

        # Who gets a place later is reminded too, and whoever gave theirs up before the mail went gets none.
        take_out_event(event, by=cast.bob)
        assert remind_of_events() == 1
        assert MailLedger.objects.filter(stream=EVENT_REMINDER, member=nora).count() == 1
        take_out_event(event, by=nora)
        assert send_due_mail() == 0

    def test_who_waits_is_told_of_changes_without_the_way_in(self, event: EventPage, cast: Cast, nora: Member) -> None:
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        change(event, place="County Hall")
        send_due_mail(now=timezone.now() + timedelta(minutes=6))
        bodies = {sent.to[0]: sent.body for sent in outbox.outbox}
        assert "canaryjoin" in bodies[cast.bob.email]
        assert "canaryjoin" not in bodies[nora.email]
        assert "you are on the waiting list" in bodies[nora.email]
        attached: Any = next(sent.attachments[0] for sent in outbox.outbox if sent.to == [nora.email])
        [entry] = Calendar.from_ical(attached[1]).walk("VEVENT")
        assert str(entry["status"]) == "TENTATIVE"
        assert int(entry["sequence"]) == 1

    def test_the_foot_of_a_mail_stops_mail_and_gives_up_no_place(
        self, event: EventPage, cast: Cast, nora: Member
    ) -> None:
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        stop_mail_about_event(cast.bob, event.pk)
        stop_mail_about_event(cast.bob, event.pk)
        assert going(event) == {cast.bob}
        assert remind_of_events() == 1
        assert send_due_mail() == 0
        assert kinds_told(cast.bob) == [EVENT_REMINDER]
        client = client_of(cast.bob)
        page = client.get(event.url).content.decode()
        assert "You have stopped the mail about this event" in page
        assert "Get mail about it again" in page
        page = client.post(reverse("event_add", args=[event.pk]), follow=True).content.decode()
        assert "You have stopped the mail" not in page
        assert EventAttendance.objects.get(member=cast.bob).is_mailed

    def test_every_member_and_all_together_are_asked_the_same(self, event: EventPage, cast: Cast) -> None:
        for member in (cast.bob, cast.fay, *cast.outsiders):
            EventAttendance.objects.create(page=event, member=member)
        each = {
            member
            for member in Member.objects.all()
            if (events_to_attend(member) & events_with_place(member)).filter(pk=event.pk).exists()
        }
        assert going(event) == each == {cast.bob, cast.fay}
        assert places_taken(event) == 2

    def test_their_own_data_say_where_they_stand(self, event: EventPage, cast: Cast, nora: Member) -> None:
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        assert [row["Waits for a place"] for row in export._events(nora)] == [True]
        assert [row["Waits for a place"] for row in export._events(cast.bob)] == [False]


class TestCalledOff:
    def test_who_signed_up_or_waits_hears_of_it_once(self, event: EventPage, cast: Cast, nora: Member) -> None:
        add_event(event, by=cast.bob)
        add_event(event, by=nora)
        EventPage.objects.get(pk=event.pk).unpublish()
        EventPage.objects.get(pk=event.pk).unpublish()

        for member in (cast.bob, nora):
            [shown] = unread_notices(member)
            assert shown.title == f"“Case notes”, planned for {when(event)}, does not take place"
        assert send_due_mail() == 0  # the editor may see a slip
        assert send_due_mail(now=timezone.now() + timedelta(minutes=6)) == 2
        sent: Any = outbox.outbox[-1]
        assert sent.subject == f"Called off: Case notes, {when(event)}"
        assert "canaryjoin" not in sent.body
        [entry] = Calendar.from_ical(sent.attachments[0][1]).walk("VEVENT")
        assert (str(entry["status"]), int(entry["sequence"])) == ("CANCELLED", 1)

        client = client_of(cast.bob)
        answer = client.get(unread_notices(cast.bob)[0].address)
        assert "Case notes does not take place" in answer.content.decode()
        assert unread_notices(cast.bob) == []
        assert b"CANCELLED" in client.get(reverse("event_calendar", args=[event.pk])).content

    def test_nobody_else_hears_of_it(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        EventPage.objects.get(pk=event.pk).unpublish()
        for client in (Client(), client_of(cast.fay), *(client_of(outsider) for outsider in cast.outsiders)):
            for name in ("event_by_number", "event_calendar"):
                assert client.get(reverse(name, args=[event.pk])).status_code == 404
        assert {notice.member for notice in Notice.objects.filter(kind=EVENT_CALLED_OFF)} == {cast.bob}

    def test_a_draft_of_something_else_is_not_told(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        EventPage.objects.get(pk=event.pk).unpublish()
        EventPage.objects.filter(pk=event.pk).update(title="canarydraft")
        Page.objects.filter(pk=event.pk).update(draft_title="canarydraft")
        send_due_mail(now=timezone.now() + timedelta(minutes=6))
        page = client_of(cast.bob).get(reverse("event_by_number", args=[event.pk])).content.decode()
        sent = outbox.outbox[-1]
        assert "canarydraft" not in f"{page} {unread_notices(cast.bob)} {sent.subject} {sent.body}"

    def test_put_on_again_in_time_no_mail_says_that_it_is_off(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        EventPage.objects.get(pk=event.pk).unpublish()
        change(event)
        assert kinds_told(cast.bob) == [EVENT_CHANGED]
        send_due_mail(now=timezone.now() + timedelta(minutes=6))
        assert [sent.subject.split(":")[0] for sent in outbox.outbox] == ["Changed"]
        assert going(event) == {cast.bob}

    def test_what_is_over_is_not_called_off(self, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        past = {"starts_at": timezone.now() - timedelta(hours=2), "ends_at": timezone.now()}
        EventPage.objects.update(**past)
        EventEdition.objects.update(**past)
        EventPage.objects.get(pk=event.pk).unpublish()
        assert not Notice.objects.filter(kind=EVENT_CALLED_OFF).exists()

    def test_a_closed_page_tells_nobody(self, hub: Hub, event: EventPage, cast: Cast) -> None:
        add_event(event, by=cast.bob)
        close(hub.events, "groups")
        EventPage.objects.get(pk=event.pk).unpublish()
        assert unread_notices(cast.bob) == []
        assert send_due_mail(now=timezone.now() + timedelta(minutes=6)) == 0

    def test_what_people_wait_for_is_not_deleted_before_they_are_told(
        self, hub: Hub, event: EventPage, cast: Cast
    ) -> None:
        add_event(event, by=cast.bob)
        give_roles(cast.fay, [ADMINISTRATORS], by=None)
        client = client_of(cast.fay)
        for address in (
            reverse("wagtailadmin_pages:delete", args=[event.pk]),
            reverse("wagtailadmin_pages:delete", args=[hub.events.pk]),
            reverse("wagtail_bulk_action", args=["wagtailcore", "page", "delete"]) + f"?id={event.pk}",
        ):
            answer = client.post(address, follow=True)
            assert "so it was not deleted. Unpublish it first" in answer.content.decode(), answer.redirect_chain
        EventPage.objects.get(pk=event.pk).unpublish()
        client.post(reverse("wagtailadmin_pages:delete", args=[event.pk]))
        assert EventPage.objects.filter(pk=event.pk).exists()

        EventEdition.objects.update(called_off_at=timezone.now() - timedelta(minutes=16))
        client.post(reverse("wagtailadmin_pages:delete", args=[event.pk]))
        assert not EventPage.objects.filter(pk=event.pk).exists()


def test_naming_a_speaker_from_outside_gives_them_no_joining_link(event: EventPage, cast: Cast) -> None:
    give_roles(cast.fay, [EDITORS], by=None)
    name_speaker(event.event_room, cast.ada, role="speaker", by=Member.objects.get(pk=cast.fay.pk))
    page = client_of(cast.ada).get(event.url).content.decode()
    assert "you need no place" in page
    assert "The live room opens in" in page
    assert "canaryjoin" not in page
    assert list(events_of(cast.ada)) == [event]
