"""A message with one of the room's words waits for the host: nobody else learns of it, and nothing of it is lost."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums.actions.amendments import edit_message
from forums.actions.commands import carry_out
from forums.actions.erasing import settle_closed_account
from forums.actions.held_messages import refuse_message, release_message
from forums.actions.messages import Held, Saying, say, say_together
from forums.actions.questions import ask_question
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import close_room, schedule_room
from forums.actions.sanctions import give_time_out, remove_from_room
from forums.export import _held_messages
from forums.held_words import HeldWords
from forums.limits import SlowMode
from forums.live import log, protocol
from forums.models import HeldMessage, Message, Question, Room, RoomEvent
from network.models import AuditEvent, Member, Notice
from network.permissions import Refused
from tests.cast import Cast, sign_in

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    room = schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )
    room.held_words = "zyzzyva\nAcme Ltd"
    room.save(update_fields=["held_words"])
    return room


def hold(room: Room, by: Member, body: str = "My zyzzyva", **more: Any) -> HeldMessage:
    with pytest.raises(Held) as caught:
        say(room, by=by, body=body, **more)
    return caught.value.message


def sent(room: Room) -> str:
    return "".join(protocol.event(line).text for line in log.after(room.pk, 0, 100))


# Which words


@pytest.mark.parametrize(
    "body",
    [
        "zyzzyva",
        "A ZYZZYVA!",
        "(zyzzyva)",
        "zyz\u200bzyva",
        "z\u00ady\u200dzzyva",
        "zýzzỳvä",
        "\uff5a\uff59\uff5a\uff5a\uff59\uff56\uff41",
        "zyzzyva's",
        "re-zyzzyva",
        "zy\ufe0fzzyva",
        "zyz\u3164zyva",
        "zyzzyva\nand more",
        "Is acme  LTD. here?",
        "acme-ltd",
    ],
)
def test_a_listed_word_is_found_however_it_is_written(body: str) -> None:
    assert HeldWords("Zyzzyva\n\n  acme ltd ").are_in(body)


@pytest.mark.parametrize("body", ["zyzzyvas", "azyzzyva", "acme and ltd", "acme", "ltd", "", "zyz zyva"])
def test_a_part_of_another_word_is_none(body: str) -> None:
    assert not HeldWords("zyzzyva\nacme ltd").are_in(body)


def test_an_accent_in_the_list_says_nothing_either() -> None:
    assert HeldWords("Café\nstraße").are_in("A CAFE in a STRASSE")
    assert not HeldWords("\n \n!!!").are_in("anything!!!")


# Waiting


def test_it_has_no_number_and_no_line_and_nobody_hears(cast: Cast, room: Room) -> None:
    held = hold(room, cast.bob)

    assert (held.body, held.decision) == ("My zyzzyva", "")
    assert "host sees this first" in held.words_for_author
    assert not RoomEvent.objects.exists() and not Message.objects.exists()
    room.refresh_from_db()
    assert room.last_seq == 0
    assert say(room, by=cast.bob, body="Something else").seq == 1


def test_sent_again_it_waits_once(cast: Cast, room: Room) -> None:
    client_id = uuid.uuid4()
    first = hold(room, cast.bob, client_id=client_id)
    room.held_words = ""
    room.save(update_fields=["held_words"])

    assert hold(room, cast.bob, client_id=client_id) == first  # whatever has become of the list
    twice = [Saying(cast.bob.pk, "zyzzyva", uuid.uuid4())] * 2
    room.held_words = "zyzzyva"
    room.save(update_fields=["held_words"])
    outcomes = say_together(room.pk, twice)
    assert isinstance(outcomes[0], Held) and outcomes[0] is outcomes[1]
    assert HeldMessage.objects.count() == 2


def test_sockets_are_answered_that_it_waits(cast: Cast, room: Room) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    outcomes = carry_out(room.pk, [Saying(cast.bob.pk, "zyzzyva", one), Saying(cast.bob.pk, "fine", other)])

    assert isinstance(outcomes[0], Held) and outcomes[1] == 1
    frame = protocol.held(one, str(outcomes[0]))
    assert '"t":"ok"' in frame and '"s"' not in frame


def test_those_who_run_the_room_are_never_held(cast: Cast, room: Room) -> None:
    assert say(room, by=cast.fay, body="zyzzyva").seq == 1
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    assert say(room, by=cast.bob, body="zyzzyva").seq == 2


def test_time_outs_and_slow_mode_hold_for_it_too(cast: Cast, room: Room) -> None:
    room.slow_seconds = 30
    room.save(update_fields=["slow_seconds"])
    hold(room, cast.bob)
    for body in ("zyzzyva", "fine"):
        with pytest.raises(SlowMode):
            say(room, by=cast.bob, body=body)
    give_time_out(room, cast.bob, lasts=timedelta(minutes=5), by=cast.fay, reason="Rest")
    with pytest.raises(Refused):
        say(room, by=cast.bob, body="zyzzyva")


def test_a_message_cannot_be_given_such_a_word_afterwards(cast: Cast, room: Room) -> None:
    said = say(room, by=cast.bob, body="fine")

    with pytest.raises(ValidationError, match="Send it as a new message"):
        edit_message(said, by=cast.bob, body="zyzzyva")
    assert "zyzzyva" not in sent(room)
    own = say(room, by=cast.fay, body="fine")
    edit_message(own, by=cast.fay, body="zyzzyva")
    assert "zyzzyva" in sent(room)


def test_a_question_with_such_a_word_waits_as_questions_do(cast: Cast, room: Room) -> None:
    asked = ask_question(room, by=cast.bob, body="What is a zyzzyva?")

    assert (asked.state, asked.number) == (Question.State.HELD, None)
    assert ask_question(room, by=cast.fay, body="What is a zyzzyva?").number == 1


# Deciding


def test_released_it_is_said_now_by_its_author_under_the_next_number(cast: Cast, room: Room) -> None:
    first = say(room, by=cast.fay, body="First")
    client_id = uuid.uuid4()
    held = hold(room, cast.bob, client_id=client_id, reply_to=first.seq)
    HeldMessage.objects.update(written_at=timezone.now() - timedelta(minutes=10))
    say(room, by=cast.fay, body="Second")

    message = release_message(held, by=cast.fay)

    assert (message.seq, message.author, message.body, message.reply_to) == (3, cast.bob, "My zyzzyva", first)
    assert timezone.now() - message.written_at < timedelta(minutes=1)
    held.refresh_from_db()
    assert (held.decision, held.decided_by, held.message, held.body) == ("released", cast.fay, message, "")
    event = RoomEvent.objects.get(room=room, seq=3)
    assert (event.kind, event.actor, event.client_id) == ("msg", cast.bob, client_id)
    assert "My zyzzyva" in sent(room)
    assert say(room, by=cast.bob, body="My zyzzyva", client_id=client_id) == message  # sent again
    assert AuditEvent.objects.filter(verb="released message", actor_id=cast.fay.pk).count() == 1


def test_the_first_decision_stands(cast: Cast, room: Room) -> None:
    shown, not_shown = hold(room, cast.bob), hold(room, cast.bob)
    message = release_message(shown, by=cast.fay)
    refuse_message(not_shown, by=cast.fay, reason="No adverts")

    assert release_message(shown, by=cast.fay) == message
    with pytest.raises(Refused, match="has been shown"):
        refuse_message(shown, by=cast.fay, reason="No")
    with pytest.raises(Refused, match="not to show"):
        release_message(not_shown, by=cast.fay)
    assert refuse_message(not_shown, by=cast.fay, reason="Another reason").reason == "No adverts"
    assert Message.objects.count() == 1


def test_refused_its_author_is_told_why_and_nobody_else(cast: Cast, room: Room) -> None:
    client_id = uuid.uuid4()
    held = hold(room, cast.bob, client_id=client_id)

    refuse_message(held, by=cast.fay, reason="No adverts")

    told = Notice.objects.get(kind="held_message_refused")
    assert (told.member, told.object_id) == (cast.bob, held.pk)
    assert not RoomEvent.objects.exists()
    again = hold(room, cast.bob, client_id=client_id)
    assert "No adverts" in again.words_for_author
    assert AuditEvent.objects.filter(verb="refused held message", actor_id=cast.fay.pk).count() == 1


def test_only_those_who_run_the_room_decide(cast: Cast, room: Room) -> None:
    held = hold(room, cast.bob)
    for who in ("bob", *OUTSIDERS):
        with pytest.raises(Refused):
            release_message(held, by=getattr(cast, who))
        with pytest.raises(Refused):
            refuse_message(held, by=getattr(cast, who), reason="No")
    assert not Message.objects.exists()


def test_of_somebody_who_was_removed_or_in_a_room_that_is_over_nothing_more_is_shown(cast: Cast, room: Room) -> None:
    held = hold(room, cast.bob)
    remove_from_room(room, cast.bob, by=cast.fay, reason="Adverts")
    with pytest.raises(Refused, match="no longer in this room"):
        release_message(held, by=cast.fay)
    close_room(room, by=None)
    with pytest.raises(Refused, match="closed"):
        release_message(held, by=cast.fay)
    refuse_message(held, by=cast.fay, reason="Too late")  # that can be done


# Whose eyes


def test_nobody_but_its_author_and_those_who_run_the_room_sees_it(cast: Cast, room: Room) -> None:
    held = hold(room, cast.bob)
    hosted = Member.objects.get(pk=cast.fay.pk)

    for viewer in (cast.bob, hosted):
        assert list(HeldMessage.objects.visible_to(viewer)) == [held]
    for viewer in (*cast.outsiders, AnonymousUser()):
        assert not HeldMessage.objects.visible_to(viewer).exists()


def test_only_its_author_has_it_on_the_page_of_the_room(client: Client, cast: Cast, room: Room) -> None:
    join(cast)
    hold(room, cast.bob)
    sign_in(client, cast.bob)
    assert "My zyzzyva" in page(client, room)
    assert "The host sees this first" in page(client, room)
    for member in (cast.fay, cast.lena):
        other = Client()
        sign_in(other, member)
        html = page(other, room)
        assert "Live room" in html
        assert "zyzzyva" not in html


def join(cast: Cast) -> None:
    """Lena comes back, as another member."""
    cast.lena.memberships.filter(network=cast.practitioners).update(state="active")


def page(client: Client, room: Room) -> str:
    answer = client.get(room.get_absolute_url())
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_plain_form_says_that_it_waits_and_the_same_form_again_waits_once(
    client: Client, cast: Cast, room: Room
) -> None:
    sign_in(client, cast.bob)
    form = {"body": "My zyzzyva", "form_id": str(uuid.uuid4())}
    for _ in range(2):
        answer = client.post(reverse("room_send", args=[room.pk]), form, follow=True)
        assert "The host sees this first" in answer.content.decode()
    assert HeldMessage.objects.count() == 1


def test_a_host_decides_by_plain_forms(client: Client, cast: Cast, room: Room) -> None:
    one, other = hold(room, cast.bob, "First zyzzyva"), hold(room, cast.bob, "Second zyzzyva")
    sign_in(client, cast.fay)
    held = reverse("room_held", args=[room.pk])
    html = client.get(held).content.decode()
    assert "First zyzzyva" in html and "Second zyzzyva" in html

    client.post(reverse("room_held_release", args=[room.pk, one.pk]))
    refuse = reverse("room_held_refuse", args=[room.pk, other.pk])
    assert "Enter why" in client.post(refuse, {"words": ""}).content.decode()
    client.post(refuse, {"words": "No adverts"})

    assert list(Message.objects.values_list("body", flat=True)) == ["First zyzzyva"]
    html = client.get(held).content.decode()
    assert "Nothing waits." in html and "No adverts" in html and "Second zyzzyva" not in html


@pytest.mark.parametrize("who", ["bob", *OUTSIDERS])
def test_nobody_else_finds_the_list_or_decides(client: Client, cast: Cast, room: Room, who: str) -> None:
    held = hold(room, cast.bob)
    sign_in(client, getattr(cast, who))
    wanted = 403 if who == "bob" else 404

    assert client.get(reverse("room_held", args=[room.pk])).status_code == wanted
    for name in ("room_held_release", "room_held_refuse"):
        assert client.post(reverse(name, args=[room.pk, held.pk]), {"words": "No"}).status_code == wanted
    held.refresh_from_db()
    assert held.decision == ""


def test_a_message_of_another_room_is_not_decided_here(client: Client, cast: Cast, room: Room) -> None:
    held = hold(room, cast.bob)
    now = timezone.now()
    elsewhere = schedule_room(cast.ai, title="Other", opens_at=now, closes_at=now + timedelta(hours=1), by=cast.fay)
    sign_in(client, cast.fay)

    assert client.post(reverse("room_held_release", args=[elsewhere.pk, held.pk])).status_code == 404


def test_the_list_takes_as_many_queries_for_one_as_for_many(client: Client, cast: Cast, room: Room) -> None:
    sign_in(client, cast.fay)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(reverse("room_held", args=[room.pk])).status_code == 200
        return len(captured)

    def some(count: int) -> None:
        for _ in range(count):
            made = {"room": room, "author": cast.bob, "organisation": cast.council, "body": "zyzzyva"}
            HeldMessage.objects.create(**made)
            HeldMessage.objects.create(**made, decision="refused", decided_by=cast.fay, decided_at=timezone.now())

    some(1)
    few = queries()
    some(20)
    assert queries() == few


# Whose words


def test_what_waited_is_in_its_authors_own_data_and_goes_with_their_account(cast: Cast, room: Room) -> None:
    waiting, refused = hold(room, cast.bob, "One zyzzyva"), hold(room, cast.bob, "Two zyzzyva")
    refuse_message(refused, by=cast.fay, reason="No adverts by Bob")
    rows = list(_held_messages(cast.bob))
    assert [(row["Text"], row["State"]) for row in rows] == [("One zyzzyva", "Waiting"), ("Two zyzzyva", "Not shown")]

    settle_closed_account(cast.bob, erase=True)

    for held in (waiting, refused):
        held.refresh_from_db()
        assert (held.body, held.organisation, held.reason) == ("", None, "Erased by its author")
    with pytest.raises(Refused):
        release_message(waiting, by=cast.fay)
