"""What stands above the log of a room: up to three messages, put there by those who run it, for everybody to see."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forums.actions.amendments import delete_message, edit_message, hide_message, restore_message
from forums.actions.messages import say
from forums.actions.pins import pin_message, unpin_message
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.live import log, protocol
from forums.models import Message, Room, RoomEvent
from network.models import AuditEvent
from network.permissions import Refused
from tests.cast import Cast, sign_in

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    return schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )


@pytest.fixture
def message(cast: Cast, room: Room) -> Message:
    return say(room, by=cast.bob, body="zyzzyva")


def pinned(room: Room) -> list[int]:
    return list(Message.objects.filter(room=room).pinned().values_list("seq", flat=True))


def kinds(room: Room) -> list[tuple[str, int | None]]:
    return list(RoomEvent.objects.filter(room=room).order_by("seq").values_list("kind", "target_seq"))


def box(html: str) -> list[str]:
    """The numbers of the messages in the box above the log."""
    return re.findall(r'data-pinned="(\d+)"', html)


def test_a_pinned_message_stands_above_the_log_until_it_is_unpinned(cast: Cast, room: Room, message: Message) -> None:
    number = pin_message(message, by=cast.fay)

    assert number == 2
    assert pinned(room) == [1]
    assert kinds(room)[1:] == [("pin", 1)]
    unpin_message(message, by=cast.fay)
    assert pinned(room) == []
    assert kinds(room)[1:] == [("pin", 1), ("unpin", 1)]
    acts = AuditEvent.objects.filter(verb__contains="pinned message").order_by("pk")
    assert [(act.verb, act.actor_id) for act in acts] == [
        ("pinned message", cast.fay.pk),
        ("unpinned message", cast.fay.pk),
    ]


def test_twice_is_once(cast: Cast, room: Room, message: Message) -> None:
    for _ in range(2):
        pin_message(message, by=cast.fay)
    assert len(kinds(room)) == 2
    for _ in range(2):
        unpin_message(message, by=cast.fay)
    assert len(kinds(room)) == 3


def test_there_can_be_three_and_the_fourth_is_refused_with_what_to_do(cast: Cast, room: Room) -> None:
    said = [say(room, by=cast.bob, body=f"message {number}") for number in range(4)]
    for one in said[:3]:
        pin_message(one, by=cast.fay)

    with pytest.raises(ValidationError, match="Unpin one of them first"):
        pin_message(said[3], by=cast.fay)
    assert pinned(room) == [1, 2, 3]
    unpin_message(said[0], by=cast.fay)
    pin_message(said[3], by=cast.fay)
    assert pinned(room) == [2, 3, 4]


def test_only_those_who_run_the_room_pin(cast: Cast, room: Room, message: Message) -> None:
    for who in ("bob", *OUTSIDERS):
        with pytest.raises(Refused):
            pin_message(message, by=getattr(cast, who))
        with pytest.raises(Refused):
            unpin_message(message, by=getattr(cast, who))
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    assert pin_message(message, by=cast.bob) == 2


def test_what_is_out_of_sight_cannot_be_pinned_and_what_goes_out_of_sight_comes_down(cast: Cast, room: Room) -> None:
    hidden, deleted = (say(room, by=cast.bob, body=body) for body in ("One", "Two"))
    pin_message(hidden, by=cast.fay)
    pin_message(deleted, by=cast.fay)
    hide_message(hidden, by=cast.fay, reason="Off topic")
    delete_message(deleted, by=cast.bob)
    assert pinned(room) == []

    for one in (hidden, deleted):
        one.refresh_from_db()
        assert one.pinned_at is None
        with pytest.raises(Refused, match="cannot be pinned"):
            pin_message(one, by=cast.fay)
    restore_message(hidden, by=cast.fay)
    assert pinned(room) == []  # it does not come back by itself


def test_other_words_stand_in_the_box_and_in_no_line_of_the_log_the_old_ones(cast: Cast, room: Room) -> None:
    said = say(room, by=cast.bob, body="zyzzyva")
    pin_message(said, by=cast.fay)
    edit_message(said, by=cast.bob, body="better")

    assert "zyzzyva" not in "".join(protocol.event(line).text for line in log.after(room.pk, 0, 10))


# The pages


def test_the_page_shows_everybody_what_is_pinned_once_above_and_once_in_its_place(
    client: Client, cast: Cast, room: Room, message: Message
) -> None:
    sign_in(client, cast.bob)
    assert box(client.get(room.get_absolute_url()).content.decode()) == []
    pin_message(message, by=cast.fay)
    html = client.get(room.get_absolute_url()).content.decode()

    assert box(html) == ["1"]
    assert html.index('id="pinned-1"') < html.index('id="message-1"')


def test_a_host_pins_and_unpins_by_plain_forms(client: Client, cast: Cast, room: Room, message: Message) -> None:
    sign_in(client, cast.fay)
    page = client.get(message.get_absolute_url()).content.decode()
    pin = reverse("room_message_pin", args=[room.pk, message.seq])
    assert pin in page
    assert client.get(pin).status_code == 200
    assert client.post(pin).status_code == 302
    assert pinned(room) == [1]
    unpin = reverse("room_message_unpin", args=[room.pk, message.seq])
    assert unpin in client.get(pin).content.decode()
    assert client.post(unpin).status_code == 302
    assert pinned(room) == []


def test_a_fourth_is_refused_on_the_page(client: Client, cast: Cast, room: Room) -> None:
    sign_in(client, cast.fay)
    said = [say(room, by=cast.bob, body=f"message {number}") for number in range(4)]
    for one in said[:3]:
        pin_message(one, by=cast.fay)

    html = client.post(reverse("room_message_pin", args=[room.pk, 4])).content.decode()
    assert "Unpin one of them first" in html


@pytest.mark.parametrize("who", [None, *OUTSIDERS])
def test_outsiders_find_no_such_page(client: Client, cast: Cast, room: Room, message: Message, who: str | None) -> None:
    if who:
        sign_in(client, getattr(cast, who))
    for name in ("room_message_pin", "room_message_unpin"):
        answer = client.post(reverse(name, args=[room.pk, message.seq]))
        assert answer.status_code == 404 or "/accounts/" in answer.headers["Location"]
    assert pinned(room) == []


def test_a_member_who_does_not_run_the_room_is_told_so(
    client: Client, cast: Cast, room: Room, message: Message
) -> None:
    sign_in(client, cast.bob)
    pin = reverse("room_message_pin", args=[room.pk, message.seq])
    assert client.get(pin).status_code == 403
    assert client.post(pin).status_code == 403
    assert pin not in client.get(message.get_absolute_url()).content.decode()
