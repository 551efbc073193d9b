"""Host and speaker of one room: given, shown, taken back; and a speaker who is no member sees that room alone."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums.actions.messages import Saying, say, say_together
from forums.actions.room_roles import give_room_role, take_room_role
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.live import access, log, protocol
from forums.models import Message, Post, Room, RoomEvent, RoomPresence, RoomRole, Thread
from network.actions.mail import send_due_mail
from network.actions.membership import join_network, leave_network
from network.models import AuditEvent, Member, Network
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, sign_in

NOT_FACILITATORS = ["bob", "olga", "amir", "lena", "sven", "ada"]


@pytest.fixture
def room(cast: Cast) -> Room:
    return a_room(cast.practitioners)


def a_room(network: Network, title: str = "Show & tell") -> Room:
    now = timezone.now()
    return schedule_room(
        network, title=title, opens_at=now - timedelta(hours=1), closes_at=now + timedelta(hours=1), by=None
    )


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def text(member: Member, address: str) -> str:
    return client_of(member).get(address).content.decode()


# Given


def test_a_facilitator_makes_somebody_from_outside_a_speaker_of_one_room(cast: Cast, room: Room) -> None:
    give_room_role(room, cast.olga, role="speaker", by=cast.fay)

    assert list(Room.objects.visible_to(cast.olga)) == [room]
    assert say(room, by=cast.olga, body="Good morning").role == "speaker"
    assert [notice.title for notice in unread_notices(cast.olga)] == [
        "You are a speaker in the live room “Show & tell”"
    ]
    assert AuditEvent.objects.latest("pk").verb == "gave room role"


@pytest.mark.parametrize("is_content_free", [False, True])
def test_a_speaker_gets_one_mail_which_keeps_the_words_of_the_network_where_it_wants_so(
    cast: Cast, room: Room, is_content_free: bool
) -> None:
    Network.objects.update(content_free_mail=is_content_free)
    opens = datetime(2030, 7, 1, 13, 0, tzinfo=UTC)
    Room.objects.filter(pk=room.pk).update(opens_at=opens, closes_at=opens + timedelta(hours=1))
    for _ in range(2):
        give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    give_room_role(room, cast.bob, role="host", by=cast.fay)

    send_due_mail()

    (message,) = mail.outbox
    assert message.to == [cast.olga.email]
    assert ("Show & tell" in f"{message.subject} {message.body}") != is_content_free
    assert "1 July 2030 at 2pm" in message.body, "London time"
    assert f"/rooms/{room.pk}/" in message.body


def test_who_is_a_speaker_no_more_gets_no_mail(cast: Cast, room: Room) -> None:
    take_room_role(give_room_role(room, cast.olga, role="speaker", by=cast.fay), by=cast.fay)

    assert send_due_mail() == 0


@pytest.mark.parametrize("who", NOT_FACILITATORS)
def test_nobody_but_a_facilitator_gives_or_takes_back_a_role(cast: Cast, room: Room, who: str) -> None:
    given = give_room_role(room, cast.bob, role="host", by=cast.fay)

    with pytest.raises(Refused):
        give_room_role(room, cast.olga, role="speaker", by=getattr(cast, who))
    with pytest.raises(Refused):
        take_room_role(given, by=getattr(cast, who))


def test_a_facilitator_of_another_network_gives_no_role_here(cast: Cast, room: Room) -> None:
    cast.fay.memberships.filter(network=cast.practitioners).update(role="member")

    with pytest.raises(Refused):
        give_room_role(room, cast.olga, role="speaker", by=cast.fay)


def test_a_host_is_a_member(cast: Cast, room: Room) -> None:
    with pytest.raises(Refused, match="has to be a member"):
        give_room_role(room, cast.olga, role="host", by=cast.fay)


def test_speaking_is_no_way_back_for_somebody_suspended_nor_for_a_closed_account(cast: Cast, room: Room) -> None:
    with pytest.raises(Refused, match="suspended"):
        give_room_role(room, cast.sven, role="speaker", by=cast.fay)
    Member.objects.filter(pk=cast.olga.pk).update(is_active=False)
    cast.olga.refresh_from_db()
    with pytest.raises(Refused, match="not in use"):
        give_room_role(room, cast.olga, role="speaker", by=cast.fay)


def test_a_second_role_in_one_room_replaces_the_first(cast: Cast, room: Room) -> None:
    give_room_role(room, cast.bob, role="speaker", by=cast.fay)
    give_room_role(room, cast.bob, role="host", by=cast.fay)

    assert RoomRole.objects.get(room=room).role == "host"


# What a speaker sees


@pytest.mark.parametrize("own", ["practitioners", "ai"])
def test_a_speaker_sees_their_room_and_nothing_else_of_any_network(cast: Cast, room: Room, own: str) -> None:
    other = a_room(cast.ai, "Another room")
    theirs, hidden = (room, other) if own == "practitioners" else (other, room)
    for one in (room, other):
        say(one, by=cast.bob, body=f"Words in {one.pk}")
    thread = start_thread(
        cast.practitioners, by=cast.bob, theme=cast.theme, title="Zyzzyva", source="Private", tags=["inside"]
    )
    give_room_role(theirs, cast.olga, role="speaker", by=cast.fay)

    assert list(Room.objects.visible_to(cast.olga)) == [theirs]
    assert {message.room_id for message in Message.objects.visible_to(cast.olga)} == {theirs.pk}
    assert {event.room_id for event in RoomEvent.objects.visible_to(cast.olga)} == {theirs.pk}
    assert {role.room_id for role in RoomRole.objects.visible_to(cast.olga)} == {theirs.pk}
    assert not Thread.objects.visible_to(cast.olga).exists()
    assert not Post.objects.visible_to(cast.olga).exists()
    assert not Network.objects.of(cast.olga).exists()
    assert list(Member.objects.visible_to(cast.olga)) == [cast.olga]
    olga = client_of(cast.olga)
    assert olga.get(theirs.get_absolute_url()).status_code == 200
    assert olga.get(hidden.get_absolute_url()).status_code == 404
    assert olga.get(thread.get_absolute_url()).status_code == 404
    assert olga.get(f"/people/{cast.bob.pk}/").status_code == 404
    assert "Zyzzyva" not in text(cast.olga, theirs.network.get_absolute_url())


def test_a_speaker_from_outside_reads_how_many_are_there_and_members_read_who(cast: Cast, room: Room) -> None:
    give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    RoomPresence.objects.create(room=room, process=uuid.uuid4(), members=[cast.bob.pk, cast.olga.pk], at=timezone.now())
    address = f"{room.get_absolute_url()}people/"
    page = text(cast.olga, address)
    assert "2 people have the room open now" in page
    assert "Bob Belongs" not in page and "Exampleshire" not in page.partition("<main")[2]
    page = text(cast.bob, address)
    assert "2 people have the room open now" in page and "Olga Outside" in page and "Bob Belongs" in page


def test_a_speaker_waits_until_the_room_opens_and_reads_for_a_week_after(cast: Cast, room: Room) -> None:
    say(room, by=cast.bob, body="Said before")
    give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    now = timezone.now()

    Room.objects.filter(pk=room.pk).update(opens_at=now + timedelta(hours=1), closes_at=now + timedelta(hours=2))
    assert "Said before" not in text(cast.olga, room.get_absolute_url())
    room.refresh_from_db()
    with pytest.raises(Refused, match="has not opened yet"):
        say(room, by=cast.olga, body="Too early")

    Room.objects.filter(pk=room.pk).update(opens_at=now - timedelta(days=7), closes_at=now - timedelta(days=6))
    assert "Said before" in text(cast.olga, room.get_absolute_url())
    room.refresh_from_db()
    with pytest.raises(Refused, match="has closed"):
        say(room, by=cast.olga, body="Too late")

    over = now - RoomRole.READS_FOR
    Room.objects.filter(pk=room.pk).update(opens_at=over - timedelta(hours=1), closes_at=over)
    assert client_of(cast.olga).get(room.get_absolute_url()).status_code == 404
    assert client_of(cast.bob).get(room.get_absolute_url()).status_code == 200


def test_a_room_knows_its_speakers_wherever_it_asks_who_belongs(cast: Cast, room: Room) -> None:
    everybody = [member.pk for member in Member.objects.all()]
    give_room_role(room, cast.olga, role="speaker", by=cast.fay)

    assert access.members(room.pk, everybody) == {cast.fay.pk, cast.bob.pk, cast.olga.pk}
    assert access.members(a_room(cast.practitioners, "Other").pk, everybody) == {cast.fay.pk, cast.bob.pk}


# Taken back


def test_a_role_that_is_taken_back_shuts_out_and_the_label_stays(cast: Cast, room: Room) -> None:
    given = give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    say(room, by=cast.olga, body="Good morning")
    before = Network.objects.get(pk=cast.practitioners.pk).access_version

    take_room_role(given, by=cast.fay)

    assert not Room.objects.visible_to(cast.olga).exists()
    assert access.members(room.pk, [cast.olga.pk]) == set()
    assert Network.objects.get(pk=cast.practitioners.pk).access_version == before + 1
    with pytest.raises(Refused):
        say(room, by=cast.olga, body="Still here?")
    assert Message.objects.get(author=cast.olga).role == "speaker"


def test_who_leaves_the_network_speaks_in_none_of_its_rooms(cast: Cast, room: Room) -> None:
    elsewhere = a_room(cast.ai)
    for one in (room, elsewhere):
        give_room_role(one, cast.bob, role="speaker", by=cast.fay)

    leave_network(cast.practitioners, by=cast.bob)

    assert list(RoomRole.objects.filter(member=cast.bob)) == [RoomRole.objects.get(room=elsewhere)]
    assert list(Room.objects.visible_to(cast.bob)) == [elsewhere]


# Shown


def test_roles_stand_beside_messages_on_the_page_and_in_the_socket(cast: Cast, room: Room) -> None:
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    for member in (cast.bob, cast.olga, cast.fay):
        say(room, by=member, body="Hello")

    sent = [protocol.event(line).text for line in log.after(room.pk, 0, 10)]
    assert ['app-message__role\\">Host' in one for one in sent] == [True, False, False]
    assert ['app-message__role\\">Speaker' in one for one in sent] == [False, True, False]
    page = text(cast.fay, room.get_absolute_url())
    assert page.count('app-message__role">Host') == page.count('app-message__role">Speaker') == 1


def test_saying_something_asks_for_roles_together_with_memberships(cast: Cast, room: Room) -> None:
    def queries(*speakers: Member) -> int:
        with CaptureQueriesContext(connection) as captured:
            outcomes = say_together(room.pk, [Saying(member.pk, "Hello", uuid.uuid4()) for member in speakers])
        assert all(isinstance(outcome, Message) for outcome in outcomes)
        return len(captured)

    give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    give_room_role(room, cast.bob, role="host", by=cast.fay)

    assert queries(cast.fay) == queries(cast.fay, cast.olga, cast.bob)


# The page


def test_a_facilitator_names_a_speaker_by_address_and_takes_it_back(cast: Cast, room: Room) -> None:
    fay = client_of(cast.fay)
    page = fay.post(
        reverse("room_roles", args=[room.pk]), {"who": cast.olga.email.upper(), "role": "speaker"}, follow=True
    ).content.decode()
    assert "Olga Outside is now a speaker in this room." in page

    given = RoomRole.objects.get(room=room)
    page = fay.post(reverse("room_role_remove", args=[room.pk, given.pk]), follow=True).content.decode()
    assert "Olga Outside is no longer a speaker in this room." in page
    assert not RoomRole.objects.exists()


def test_a_name_finds_members_only(cast: Cast, room: Room) -> None:
    fay = client_of(cast.fay)
    address = reverse("room_roles", args=[room.pk])

    assert (
        "No member of this network has this name"
        in fay.post(address, {"who": "Olga Outside", "role": "speaker"}).content.decode()
    )
    fay.post(address, {"who": " bob  belongs", "role": "host"})
    assert RoomRole.objects.get(room=room).member == cast.bob
    page = fay.post(address, {"who": "nobody@example.org", "role": "speaker"}).content.decode()
    assert "Nobody has an account with this email address" in page
    assert "<title>Error: " in page


def test_members_see_who_runs_a_room_and_have_no_form_for_it(cast: Cast, room: Room) -> None:
    give_room_role(room, cast.olga, role="speaker", by=cast.fay)

    page = text(cast.bob, room.get_absolute_url())
    assert "Who runs this room" in page
    assert "Olga Outside" in page
    assert "Add somebody" not in page
    posted = client_of(cast.bob).post(reverse("room_roles", args=[room.pk]), {"who": "x", "role": "host"})
    assert posted.status_code == 403


def test_a_facilitator_shows_a_second_factor_first(cast: Cast, room: Room) -> None:
    given = give_room_role(room, cast.bob, role="host", by=cast.fay)
    fay = Client()
    fay.force_login(cast.fay)

    for address in (
        reverse("room_roles", args=[room.pk]),
        reverse("room_role_remove", args=[room.pk, given.pk]),
    ):
        answer = fay.post(address, {"who": cast.olga.email, "role": "speaker"})
        assert answer["Location"].startswith("/account/second-factor/?next="), address
    assert RoomRole.objects.get() == given


@pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
def test_outsiders_find_no_form(cast: Cast, room: Room, who: str) -> None:
    given = give_room_role(room, cast.bob, role="host", by=cast.fay)
    outsider = client_of(getattr(cast, who))

    assert outsider.post(reverse("room_roles", args=[room.pk]), {"who": "x", "role": "host"}).status_code == 404
    assert outsider.post(reverse("room_role_remove", args=[room.pk, given.pk])).status_code == 404


def test_a_role_of_another_room_is_not_taken_back_here(cast: Cast, room: Room) -> None:
    given = give_room_role(a_room(cast.ai), cast.bob, role="host", by=cast.fay)

    assert client_of(cast.fay).post(reverse("room_role_remove", args=[room.pk, given.pk])).status_code == 404
    assert RoomRole.objects.filter(pk=given.pk).exists()


def test_a_speaker_who_joins_the_network_is_a_member_like_others(cast: Cast) -> None:
    room = a_room(cast.ai)
    given = give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    join_network(cast.ai, by=cast.olga)

    take_room_role(given, by=cast.fay)

    assert list(Room.objects.visible_to(cast.olga)) == [room]
