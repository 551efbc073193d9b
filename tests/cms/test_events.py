"""Events, their live rooms, and what only those may read who may attend."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cms.actions.events import name_speaker
from cms.actions.pages import republish_page
from cms.actions.recording import set_recording
from cms.actions.roles import EDITORS, give_roles
from cms.models import EventPage, EventRecording, EventRoom
from cms.permissions import can_attend
from forums.actions.messages import say
from forums.models import Room, RoomRole
from network.models import AuditEvent, Member
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.cms.hub import Hub, close

PRIVATE = {
    "joining_link": "https://meet.example.org/canaryjoin",
    "record": "<p>canaryrecord</p>",
}


RECORDING = "https://video.example.org/canaryrecording"


@pytest.fixture
def coming(hub: Hub, cast: Cast) -> EventPage:
    event = hub.publish_event("Case notes", network=cast.ai, summary="Three councils.", **PRIVATE)
    Room.objects.update(recording_link=RECORDING)
    return event


@pytest.fixture
def past(hub: Hub, cast: Cast) -> EventPage:
    then = timezone.now() - timedelta(days=30)
    event = hub.publish_event("Case notes", network=cast.ai, starts_at=then, **PRIVATE)
    Room.objects.update(recording_link=RECORDING)
    return event


def test_publishing_an_event_schedules_its_room(coming: EventPage, cast: Cast) -> None:
    room = Room.objects.get()

    assert (room.network, room.title) == (cast.ai, "Case notes")
    assert (room.opens_at, room.closes_at) == (coming.starts_at, coming.ends_at)
    assert EventRoom.objects.get().page_id == coming.pk


def test_publishing_again_moves_the_room_and_makes_no_second(coming: EventPage) -> None:
    coming.title = "Case notes, later"
    coming.starts_at += timedelta(days=1)
    coming.ends_at += timedelta(days=1)
    republish_page(coming, by=None)

    room = Room.objects.get()
    assert room.title == "Case notes, later"
    assert room.opens_at == coming.starts_at


def test_publishing_without_a_change_leaves_the_room_alone(coming: EventPage) -> None:
    before = AuditEvent.objects.count()
    republish_page(coming, by=None)

    assert AuditEvent.objects.count() == before


def test_an_older_draft_keeps_the_room(coming: EventPage) -> None:
    before = coming.live_revision
    coming.starts_at += timedelta(days=1)
    coming.ends_at += timedelta(days=1)
    republish_page(coming, by=None)

    before.publish()

    assert Room.objects.count() == 1
    assert Room.objects.get().opens_at == EventPage.objects.get(pk=coming.pk).starts_at


@pytest.mark.parametrize("started", [timedelta(minutes=-10), timedelta(days=7)], ids=["on now", "coming"])
def test_an_event_that_is_taken_down_closes_its_room(started: timedelta, hub: Hub, cast: Cast) -> None:
    event = hub.publish_event("Called off", network=cast.ai, starts_at=timezone.now() + started)

    event.unpublish()

    room = Room.objects.get()
    assert room.is_over()
    assert AuditEvent.objects.filter(verb="closed room", network=cast.ai, actor_id=None).count() == 1
    with pytest.raises(Refused):
        say(room, by=cast.bob, body="Is anybody there?")


def test_an_event_that_is_published_again_opens_its_room_again(hub: Hub, cast: Cast) -> None:
    event = hub.publish_event("On after all", network=cast.ai, starts_at=timezone.now() - timedelta(minutes=10))
    event.unpublish()

    republish_page(EventPage.objects.get(pk=event.pk), by=None)

    room = Room.objects.get()
    assert (room.opens_at, room.closes_at) == (event.starts_at, event.ends_at)
    assert room.is_open()


def test_a_deleted_event_closes_its_room_and_keeps_what_was_said(hub: Hub, cast: Cast) -> None:
    event = hub.publish_event("Gone", network=cast.ai, starts_at=timezone.now() - timedelta(minutes=10))
    say(Room.objects.get(), by=cast.bob, body="Hello")

    event.delete()

    assert Room.objects.get().is_over()
    assert Room.objects.get().last_seq == 1
    assert not EventRoom.objects.exists()


def test_a_room_that_is_over_stays_as_it_is_when_its_event_is_taken_down(past: EventPage) -> None:
    closed_at = Room.objects.get().closes_at

    past.unpublish()

    assert Room.objects.get().closes_at == closed_at


def test_an_event_for_everybody_has_no_room(hub: Hub) -> None:
    hub.publish_event("Open to all")

    assert not Room.objects.exists()


def test_an_event_ends_after_it_starts(hub: Hub, coming: EventPage) -> None:
    coming.ends_at = coming.starts_at
    with pytest.raises(ValidationError, match="end after it starts"):
        coming.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        EventPage.objects.filter(pk=coming.pk).update(ends_at=coming.starts_at)


def test_who_may_attend_an_event_of_a_network(coming: EventPage, cast: Cast) -> None:
    assert can_attend(cast.bob, coming)
    for outsider in [*cast.outsiders, AnonymousUser()]:
        assert not can_attend(outsider, coming)


def test_every_admitted_officer_may_attend_an_open_event(hub: Hub, cast: Cast) -> None:
    event = hub.publish_event("Open to all")

    assert can_attend(cast.olga, event)
    assert not can_attend(AnonymousUser(), event)
    cast.olga.admission.delete()
    cast.olga.refresh_from_db()
    assert not can_attend(cast.olga, event)


def test_a_member_gets_the_joining_link_before_and_the_record_after(
    hub: Hub, cast: Cast, client: Client, coming: EventPage
) -> None:
    sign_in(client, cast.bob)
    html = client.get(coming.url).content.decode()
    assert "canaryjoin" in html
    assert "canaryrecord" not in html

    now = timezone.now()
    EventPage.objects.filter(pk=coming.pk).update(starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1))
    html = client.get(coming.url).content.decode()
    assert "canaryjoin" not in html
    assert "canaryrecording" in html
    assert "canaryrecord</p>" in html


def test_while_it_is_on_members_are_shown_to_the_live_room_from_the_top(
    hub: Hub, cast: Cast, client: Client, coming: EventPage
) -> None:
    on_now = hub.publish_event("On now", network=cast.ai, starts_at=timezone.now() - timedelta(minutes=5))
    way_there = f'href="#live-room-{EventRoom.objects.get(page=on_now.pk).room_id}"'

    for outsider in [None, *cast.outsiders]:
        if outsider:
            sign_in(client, outsider)
        assert "Go to the live room" not in client.get(on_now.url).content.decode()
    sign_in(client, cast.bob)
    assert way_there in client.get(on_now.url).content.decode()
    assert way_there.replace('href="#', 'id="') in client.get(on_now.url).content.decode()
    assert "Go to the live room" not in client.get(coming.url).content.decode()


@pytest.mark.parametrize("event", ["coming", "past"])
def test_an_outsider_reads_that_it_takes_place_and_no_more(
    event: str, request: pytest.FixtureRequest, cast: Cast, client: Client
) -> None:
    page: EventPage = request.getfixturevalue(event)
    for outsider in [None, *cast.outsiders]:
        if outsider:
            sign_in(client, outsider)
        answer = client.get(page.url)
        assert answer.status_code == 200
        assert "Case notes" in answer.content.decode()
        assert "canary" not in answer.content.decode()
        assert "AI Network" in answer.content.decode()


@pytest.mark.parametrize("word", ["canaryjoin", "canaryrecording", "canaryrecord"])
def test_what_only_members_may_read_is_not_found_by_searching(
    word: str, past: EventPage, cast: Cast, client: Client
) -> None:
    sign_in(client, cast.bob)
    assert past.title not in client.get("/search/", {"q": word}).content.decode()


def test_no_outsider_learns_the_room_of_an_event(coming: EventPage, cast: Cast) -> None:
    for outsider in [*cast.outsiders, AnonymousUser()]:
        assert not EventRoom.objects.visible_to(outsider).exists()
    assert EventRoom.objects.visible_to(cast.bob).exists()


def test_a_member_does_not_see_the_room_of_an_event_they_may_not_open(hub: Hub, coming: EventPage, cast: Cast) -> None:
    close(hub.events, "groups")

    assert not EventRoom.objects.visible_to(cast.bob).exists()


def test_events_come_in_the_order_in_which_they_take_place(hub: Hub, cast: Cast) -> None:
    now = timezone.now()
    days = {"Next week": 7, "On now": 0, "Last week": -7, "Tomorrow": 1, "Long ago": -90}
    for title, offset in days.items():
        hub.publish_event(title, starts_at=now + timedelta(days=offset, minutes=-10))

    events = EventPage.objects.visible_to(cast.bob)
    assert [event.title for event in events.not_over()] == ["On now", "Tomorrow", "Next week"]
    assert [event.title for event in events.over()] == ["Last week", "Long ago"]
    assert [event.is_on() for event in events.not_over()] == [True, False, False]


# The recording: one place knows where it is, whoever says so


def recording_form(event: EventPage) -> str:
    return reverse("event_recording", args=[event.pk])


def test_hosts_and_editors_set_the_same_recording(hub: Hub, cast: Cast, past: EventPage, editor: Member) -> None:
    member, host = client_of(cast.bob), client_of(cast.fay)
    for client, link in ((client_of(editor), "https://video.example.org/by-editor"), (host, "https://example.org/2")):
        form = client.get(recording_form(past)).content.decode()
        assert Room.objects.get().recording_link in form
        answer = client.post(recording_form(past), {"link": link, "began_at": "2026-03-02 10:00"})
        assert answer["Location"] == reverse("event_by_number", args=[past.pk])
        assert Room.objects.get().recording_link == link
        assert f'href="{link}"' in member.get(past.url).content.decode()
    assert recording_form(past) in host.get(past.url).content.decode()
    assert recording_form(past) not in member.get(past.url).content.decode()
    host.post(recording_form(past), {"link": "", "began_at": ""})
    assert "Watch the recording" not in host.get(past.url).content.decode()
    assert (Room.objects.get().recording_link, Room.objects.get().recording_began_at) == ("", None)
    assert AuditEvent.objects.filter(verb="noted recording").count() == 3


def test_nobody_else_sets_it(cast: Cast, past: EventPage) -> None:
    address = recording_form(past)
    for client in (Client(), *(client_of(member) for member in (cast.bob, *cast.outsiders))):
        for answer in (client.get(address), client.post(address, {"link": "https://evil.example"})):
            assert answer.status_code == 404
            assert "canary" not in answer.content.decode()
    for member in (cast.bob, *cast.outsiders):
        with pytest.raises(Refused):
            set_recording(past, by=member, link="https://evil.example")
    assert Room.objects.get().recording_link == RECORDING


def test_who_is_locked_out_of_the_room_may_attend_and_has_the_recording(cast: Cast, past: EventPage) -> None:
    Room.objects.update(lock=Room.Lock.READING)

    assert "canaryrecording" in client_of(cast.bob).get(past.url).content.decode()


def test_an_event_without_a_room_has_a_recording_that_an_older_draft_leaves_alone(
    hub: Hub, cast: Cast, editor: Member
) -> None:
    then = timezone.now() - timedelta(days=30)
    event = hub.publish_event("Open to all", starts_at=then)
    before = event.live_revision
    form = client_of(editor).get(recording_form(event)).content.decode()
    assert "When did the recording begin?" not in form
    client_of(editor).post(recording_form(event), {"link": RECORDING})
    before.publish()

    assert f'href="{RECORDING}"' in client_of(cast.bob).get(event.url).content.decode()
    assert RECORDING not in Client().get(event.url).content.decode()
    assert EventRecording.objects.visible_to(cast.olga).exists()
    cast.lena.admission.delete()
    for outsider in (Member.objects.get(pk=cast.lena.pk), AnonymousUser()):
        assert not EventRecording.objects.visible_to(outsider).exists()

    # Given a network, and so a room, that knows it from then on.
    event = EventPage.objects.get(pk=event.pk)
    event.network = cast.ai
    republish_page(event, by=None)
    assert Room.objects.get().recording_link == RECORDING
    assert not EventRecording.objects.exists()
    before.publish()
    assert f'href="{RECORDING}"' in client_of(cast.bob).get(event.url).content.decode()


def test_what_is_no_address_is_said_beside_the_field(cast: Cast, past: EventPage) -> None:
    html = client_of(cast.fay).post(recording_form(past), {"link": "javascript:alert(1)"}).content.decode()

    assert "Enter the link as a web address" in html
    assert Room.objects.get().recording_link == RECORDING


# Who runs the room


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


@pytest.fixture
def editor(hub: Hub, cast: Cast) -> Member:
    """Edits the hub, and belongs to no network."""
    give_roles(cast.olga, [EDITORS], by=None)
    return cast.olga


def test_an_editor_names_a_speaker_from_outside_and_drops_them(coming: EventPage, editor: Member, cast: Cast) -> None:
    client = client_of(editor)
    address = reverse("event_speakers", args=[coming.pk])
    assert f'href="{address}"' in client.get(coming.url).content.decode()

    page = client.post(address, {"who": cast.ada.email, "role": "speaker"}, follow=True).content.decode()
    assert "Ada Administers is now a speaker in the live room." in page
    assert list(Room.objects.visible_to(cast.ada)) == [coming.event_room.room]
    assert AuditEvent.objects.filter(verb="named speaker", actor_id=editor.pk).count() == 1

    given = RoomRole.objects.get()
    page = client.post(reverse("event_speaker_remove", args=[coming.pk, given.pk]), follow=True).content.decode()
    assert "Ada Administers is no longer a speaker in the live room." in page
    assert not Room.objects.visible_to(cast.ada).exists()


def test_an_editor_shows_a_second_factor_first(coming: EventPage, editor: Member, cast: Cast) -> None:
    client = Client()
    client.force_login(editor)
    given = name_speaker(coming.event_room, cast.ada, role="speaker", by=editor)

    address = reverse("event_speakers", args=[coming.pk])
    for answer in (
        client.get(address),
        client.post(address, {"who": cast.bob.email, "role": "host"}),
        client.post(reverse("event_speaker_remove", args=[coming.pk, given.pk])),
    ):
        assert answer["Location"].startswith("/account/second-factor/?next=")
    assert RoomRole.objects.get() == given


def test_an_editor_who_is_no_member_finds_nobody_by_name_and_does_not_enter(
    coming: EventPage, editor: Member, cast: Cast
) -> None:
    client = client_of(editor)
    address = reverse("event_speakers", args=[coming.pk])

    # Who is a member, who left, who is suspended and who has no account: one answer for all.
    for who in ("Bob Belongs", cast.bob.email, cast.lena.email, cast.sven.email, "nobody@example.org"):
        page = client.post(address, {"who": who, "role": "host"}).content.decode()
        assert "This person cannot be named here." in page
    assert client.get(coming.event_room.room.get_absolute_url()).status_code == 404
    assert not RoomRole.objects.exists()


def test_looking_for_speakers_has_an_end(coming: EventPage, editor: Member, cast: Cast) -> None:
    client = client_of(editor)
    address = reverse("event_speakers", args=[coming.pk])
    answers = [client.post(address, {"who": f"a{n}@example.org", "role": "speaker"}).status_code for n in range(31)]
    assert (answers[0], answers[-1]) == (200, 429)


@pytest.mark.parametrize("who", [None, "fay", "bob", "amir", "lena", "sven", "ada"])
def test_nobody_but_an_editor_names_speakers_here(coming: EventPage, cast: Cast, who: str | None) -> None:
    client = client_of(getattr(cast, who)) if who else Client()
    address = reverse("event_speakers", args=[coming.pk])

    assert client.get(address).status_code == 404
    assert client.post(address, {"who": cast.olga.email, "role": "speaker"}).status_code == 404
    assert address not in client.get(coming.url).content.decode()
    assert not RoomRole.objects.exists()
    if who:
        with pytest.raises(Refused):
            name_speaker(coming.event_room, cast.olga, role="speaker", by=getattr(cast, who))


def test_an_editor_names_others_from_outside_and_never_themselves(
    coming: EventPage, editor: Member, cast: Cast
) -> None:
    with pytest.raises(Refused, match="ask one of its facilitators"):
        name_speaker(coming.event_room, editor, role="speaker", by=editor)
    assert not RoomRole.objects.exists()

    name_speaker(coming.event_room, cast.ada, role="speaker", by=editor)
    assert [shown.title for shown in unread_notices(cast.fay)] == [
        "Ada Administers, from outside, may speak in the live room “" + coming.event_room.room.title + "”"
    ]
    assert not unread_notices(cast.bob)


def test_a_speaker_sees_the_room_on_the_events_page_and_not_the_joining_link(
    coming: EventPage, editor: Member, cast: Cast
) -> None:
    name_speaker(coming.event_room, cast.ada, role="speaker", by=editor)

    page = client_of(cast.ada).get(coming.url).content.decode()

    assert "The live room opens in" in page
    assert "canaryjoin" not in page
