"""What becomes of a message after it was said. What is hidden or taken back leaves no word behind, wherever a reader
comes from."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forums.actions.amendments import delete_message, edit_message, hide_message, restore_message
from forums.actions.commands import Deleting, Editing, Reacting, carry_out
from forums.actions.messages import Saying, say
from forums.actions.rooms import close_room, schedule_room
from forums.live import log, protocol
from forums.models import Message, Room, RoomEvent
from network.models import AuditEvent, Member, Notice
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


def sent(room: Room) -> str:
    """All that a socket is sent which follows the room from its beginning, now."""
    return "".join(protocol.event(line).text for line in log.after(room.pk, 0, 100))


def kinds(room: Room) -> list[tuple[str, int | None]]:
    return list(RoomEvent.objects.filter(room=room).order_by("seq").values_list("kind", "target_seq"))


# Hiding


def test_a_hidden_message_leaves_a_tombstone_in_every_line_of_the_log(cast: Cast, room: Room, message: Message) -> None:
    edit_message(message, by=cast.bob, body="zyzzyva, once more")

    seq = hide_message(message, by=cast.fay, reason="It names a resident")

    assert kinds(room) == [("msg", None), ("edit", 1), ("hide", 1)]
    assert seq == 3
    assert "zyzzyva" not in sent(room)
    assert "resident" not in sent(room)
    assert sent(room).count("Hidden by a facilitator") == 3


def test_a_restored_message_is_back_everywhere(cast: Cast, room: Room, message: Message) -> None:
    hide_message(message, by=cast.fay, reason="By mistake")
    restore_message(message, by=cast.fay)

    assert kinds(room) == [("msg", None), ("hide", 1), ("unhide", 1)]
    assert sent(room).count("zyzzyva") == 3
    message.refresh_from_db()
    assert (message.hidden_reason, message.hidden_by) == ("", None)


def test_hiding_is_told_to_the_author_and_written_down(cast: Cast, room: Room, message: Message) -> None:
    hide_message(message, by=cast.fay, reason="It names a resident")
    hide_message(message, by=cast.fay, reason="Again")
    restore_message(message, by=cast.fay)

    assert Notice.objects.get(kind="message_hidden").member == cast.bob
    verbs = AuditEvent.objects.filter(actor_id=cast.fay.pk).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["hid message", "restored message"]


@pytest.mark.parametrize("who", ["bob", *OUTSIDERS])
def test_nobody_but_a_facilitator_hides(cast: Cast, room: Room, message: Message, who: str) -> None:
    with pytest.raises(Refused):
        hide_message(message, by=getattr(cast, who), reason="I do not like it")

    message.refresh_from_db()
    assert message.is_shown


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_read_no_hidden_message_not_even_their_own(cast: Cast, room: Room, who: str) -> None:
    outsider: Member = getattr(cast, who)
    theirs = Message.objects.create(room=room, seq=9, author=outsider, body="zyzzyva", written_at=timezone.now())
    Message.objects.filter(pk=theirs.pk).update(hidden_at=timezone.now())

    assert not Message.objects.hidden_shown_to(outsider).exists()


def test_hidden_words_are_read_by_their_author_and_facilitators_alone(cast: Cast, room: Room, message: Message) -> None:
    hide_message(message, by=cast.fay, reason="It names a resident")
    other = say(room, by=cast.fay, body="Another")
    hide_message(other, by=cast.fay, reason="Mine, too")

    assert list(Message.objects.hidden_shown_to(cast.bob)) == [message]
    assert list(Message.objects.hidden_shown_to(cast.fay)) == [message, other]
    assert not Message.objects.hidden_shown_to(AnonymousUser()).exists()


def test_the_pages_of_a_hidden_message(client: Client, cast: Cast, room: Room, message: Message) -> None:
    said_by_fay = say(room, by=cast.fay, body="quokka")
    for one in (message, said_by_fay):
        hide_message(one, by=cast.fay, reason="Not here")
    sign_in(client, cast.bob)

    def text(name: str, *args: int) -> str:
        return client.get(reverse(name, args=[room.pk, *args])).content.decode()

    assert "zyzzyva" in text("room_message_hidden", 1)
    assert "Not here" in text("room_message_hidden", 1)
    assert client.get(reverse("room_message_hidden", args=[room.pk, 2])).status_code == 404
    for page in (text("room"), text("room_message", 1), text("room_message", 2)):
        assert "zyzzyva" not in page
        assert "quokka" not in page
    assert text("room").count("Hidden by a facilitator") == 2
    assert text("room").count(">See why<") == 2  # of the one message, and in what the script copies


def test_a_facilitator_hides_and_restores_by_plain_forms(client: Client, cast: Cast, message: Message) -> None:
    sign_in(client, cast.fay)
    hide = reverse("room_message_hide", args=[message.room_id, 1])

    assert "Enter why you are hiding it" in client.post(hide, {"words": " "}).content.decode()
    answer = client.post(hide, {"words": "It names a resident"})

    assert answer["Location"] == f"/rooms/{message.room_id}/#message-1"
    message.refresh_from_db()
    assert (message.hidden_by, message.hidden_reason) == (cast.fay, "It names a resident")
    client.post(reverse("room_message_restore", args=[message.room_id, 1]))
    message.refresh_from_db()
    assert message.is_shown


@pytest.mark.parametrize("who", [None, *OUTSIDERS])
@pytest.mark.parametrize("page", ["", "edit/", "delete/", "react/", "report/", "hide/", "hidden/", "restore/"])
def test_outsiders_find_no_page_of_a_message(
    client: Client, cast: Cast, message: Message, who: str | None, page: str
) -> None:
    if who:
        sign_in(client, getattr(cast, who))
    address = f"/rooms/{message.room_id}/messages/1/{page}"

    assert client.get(address).status_code in (404, 405)
    assert client.post(address, {"words": "x", "body": "x", "give": "thanks"}).status_code in (404, 405)
    message.refresh_from_db()
    assert (message.body, message.is_shown) == ("zyzzyva", True)


# Changing and taking back


def test_an_edit_is_a_line_of_its_own_and_the_words_stand_once(cast: Cast, room: Room, message: Message) -> None:
    seq = edit_message(message, by=cast.bob, body=" quokka ")

    assert seq == 2
    assert kinds(room) == [("msg", None), ("edit", 1)]
    assert "zyzzyva" not in sent(room)
    assert sent(room).count("quokka") == 2
    assert "edited" in sent(room)


def test_the_same_edit_sent_twice_is_one(cast: Cast, room: Room, message: Message) -> None:
    client_id = uuid.uuid4()
    first = edit_message(message, by=cast.bob, body="quokka", client_id=client_id)
    edit_message(message, by=cast.bob, body="wombat")
    again = edit_message(message, by=cast.bob, body="quokka", client_id=client_id)

    assert first == again == 2
    message.refresh_from_db()
    assert message.body == "wombat"


def test_no_change_is_no_line(cast: Cast, room: Room, message: Message) -> None:
    assert edit_message(message, by=cast.bob, body="zyzzyva") == 1
    assert kinds(room) == [("msg", None)]


def test_what_is_taken_back_is_gone(cast: Cast, room: Room, message: Message) -> None:
    delete_message(message, by=cast.bob)

    assert "zyzzyva" not in sent(room)
    assert "Deleted by its author" in sent(room)
    message.refresh_from_db()
    assert message.body == ""
    with pytest.raises(Refused):
        edit_message(message, by=cast.bob, body="Back again")


def test_after_five_minutes_only_a_facilitator_helps(cast: Cast, room: Room, message: Message) -> None:
    later = message.written_at + timedelta(minutes=5)

    for verb in (
        lambda: edit_message(message, by=cast.bob, body="x", now=later),
        lambda: delete_message(message, by=cast.bob, now=later),
    ):
        with pytest.raises(Refused, match="5 minutes"):
            verb()


def test_nobody_changes_what_another_said(cast: Cast, message: Message) -> None:
    for who in ("fay", *OUTSIDERS):
        with pytest.raises(Refused):
            edit_message(message, by=getattr(cast, who), body="x")
        with pytest.raises(Refused):
            delete_message(message, by=getattr(cast, who))


def test_what_is_hidden_cannot_be_changed_by_its_author(cast: Cast, message: Message) -> None:
    hide_message(message, by=cast.fay, reason="No")
    message.refresh_from_db()

    with pytest.raises(Refused):
        edit_message(message, by=cast.bob, body="Something nicer")


def test_a_hide_between_reading_and_changing_wins(cast: Cast, message: Message) -> None:
    stale = Message.objects.select_related("room__network").get(pk=message.pk)
    hide_message(message, by=cast.fay, reason="No")

    with pytest.raises(Refused):
        edit_message(stale, by=cast.bob, body="x")


def test_an_account_that_is_closed_meanwhile_leaves_no_other_words(cast: Cast, message: Message) -> None:
    Member.objects.filter(pk=cast.bob.pk).update(is_active=False)

    with pytest.raises(Refused):
        edit_message(message, by=cast.bob, body="quokka")


def test_in_a_closed_room_nothing_is_changed_but_taken_back(cast: Cast, room: Room, message: Message) -> None:
    close_room(room, by=None)
    stale = Message.objects.select_related("room__network").get(pk=message.pk)

    with pytest.raises(Refused, match="closed"):
        edit_message(stale, by=cast.bob, body="x")
    delete_message(stale, by=cast.bob)


def test_a_change_that_is_refused_gives_the_words_back(client: Client, cast: Cast, message: Message) -> None:
    sign_in(client, cast.bob)
    Message.objects.filter(pk=message.pk).update(written_at=timezone.now() - timedelta(minutes=6))

    answer = client.post(reverse("room_message_edit", args=[message.room_id, 1]), {"body": "What I meant"})

    assert answer.status_code == 403
    assert "What I meant</textarea>" in answer.content.decode()
    assert "for 5 minutes" in answer.content.decode()


def test_changing_and_deleting_by_plain_forms(client: Client, cast: Cast, message: Message) -> None:
    sign_in(client, cast.bob)
    edit = reverse("room_message_edit", args=[message.room_id, 1])

    assert "zyzzyva</textarea>" in client.get(edit).content.decode()
    assert client.post(edit, {"body": "quokka"})["Location"].endswith("#message-1")
    assert "quokka" in client.get(reverse("room_message_delete", args=[message.room_id, 1])).content.decode()
    client.post(reverse("room_message_delete", args=[message.room_id, 1]))

    message.refresh_from_db()
    assert (message.body, message.is_shown) == ("", False)


# Replies


def test_a_reply_names_whom_it_answers_and_none_of_their_words(cast: Cast, room: Room, message: Message) -> None:
    say(room, by=cast.fay, body="Yes, indeed", reply_to=1)

    frame = json.loads(protocol.event(log.after(room.pk, 1, 1)[0]).text)

    assert "In reply to Bob Belongs" in frame["h"]
    assert f"/rooms/{room.pk}/messages/1/" in frame["h"]
    assert "zyzzyva" not in frame["h"]


def test_a_reply_to_a_message_that_is_not_there_is_refused(cast: Cast, room: Room, message: Message) -> None:
    now = timezone.now()
    elsewhere = schedule_room(cast.practitioners, title="O", opens_at=now, closes_at=now + timedelta(hours=1), by=None)

    for number in (2, 2**52):
        with pytest.raises(ValidationError, match="not in this room"):
            say(room, by=cast.fay, body="To whom?", reply_to=number)
    with pytest.raises(ValidationError):
        say(elsewhere, by=cast.fay, body="To whom?", reply_to=1)


def test_a_reply_by_the_plain_form(client: Client, cast: Cast, room: Room, message: Message) -> None:
    sign_in(client, cast.fay)

    html = client.get(f"/rooms/{room.pk}/?reply=1").content.decode()
    assert "You reply to Bob Belongs." in html
    assert 'name="reply_to" value="1"' in html
    client.post(reverse("room_send", args=[room.pk]), {"body": "Yes", "reply_to": "1"})

    assert Message.objects.get(seq=2).reply_to == message


@pytest.mark.parametrize("typed", ["x", "-1", "9" * 40, "٣", "0", "77"])
def test_a_reply_made_by_hand_harms_nothing(
    client: Client, cast: Cast, room: Room, message: Message, typed: str
) -> None:
    sign_in(client, cast.fay)

    assert client.get(f"/rooms/{room.pk}/", {"reply": typed}).status_code == 200
    answer = client.post(reverse("room_send", args=[room.pk]), {"body": "Kept words", "reply_to": typed})
    assert answer.status_code in (200, 302)


# As sockets ask


def test_commands_of_many_are_judged_each_by_itself(cast: Cast, room: Room, message: Message) -> None:
    outcomes = carry_out(
        room.pk,
        [
            Editing(cast.bob.pk, 1, "quokka", uuid.uuid4()),
            Saying(cast.fay.pk, "Hello", uuid.uuid4()),
            Deleting(cast.fay.pk, 1, uuid.uuid4()),
            Reacting(cast.fay.pk, 1, "thanks", True),
            Reacting(cast.fay.pk, 1, "applause", True),
            Editing(cast.bob.pk, 77, "x", uuid.uuid4()),
            Deleting(cast.olga.pk, 1, uuid.uuid4()),
        ],
    )

    assert [one if isinstance(one, int) else type(one) for one in outcomes] == [
        3,  # what is said comes first
        2,
        Refused,
        0,
        ValidationError,
        ValidationError,
        ValidationError,  # an outsider is told of no message
    ]
