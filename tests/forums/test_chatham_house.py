"""Once a session under the Chatham House rule is over, nothing of it says who spoke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from forums.actions.amendments import hide_message
from forums.actions.held_messages import release_message
from forums.actions.messages import Held, say
from forums.actions.questions import ask_question
from forums.actions.reports import report_message
from forums.actions.rooms import reschedule_room, schedule_room
from forums.live import log, protocol
from forums.live.hub import Listener, RoomHub
from forums.live.log import Tail
from forums.live.process import LiveProcess
from forums.models import HeldMessage, Message, Question, Room
from forums.models.room import without_names
from network.live.close import Close
from network.models import Organisation
from tests.cast import Cast, sign_in
from tests.forums.stories import run
from tests.forums.test_live_hub import EPOCH, Log, Reader

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(cast: Cast) -> Room:
    """A session in which Bob speaks and asks, and Fay answers him."""
    now = timezone.now()
    cast.bob.organisation = Organisation.objects.create(name="Otherdale District Council", short_name="Otherdale")
    cast.bob.save()
    room = schedule_room(
        cast.practitioners, title="Candid", opens_at=now, closes_at=now + timedelta(hours=1), by=cast.fay
    )
    Room.objects.filter(pk=room.pk).update(is_chatham_house=True, allows_unnamed=True)
    room = Room.objects.select_related("network").get(pk=room.pk)
    first = say(room, by=cast.bob, body="We stopped our pilot.")
    say(room, by=cast.fay, body="Why was that?", reply_to=first.seq)
    Message.objects.filter(pk=first.pk).update(pinned_at=now)
    hidden = say(room, by=cast.bob, body="Hidden words.")
    hide_message(hidden, by=cast.fay, reason="Off topic")
    report_message(first, by=cast.fay, kind="other", words="Look at this")
    ask_question(room, by=cast.bob, body="What did others do?")
    ask_question(room, by=cast.bob, body="And what did it cost?", is_unnamed=True)
    Room.objects.filter(pk=room.pk).update(held_words="zyzzyva")
    for body in ("A zyzzyva that waits.", "A zyzzyva that is shown."):
        with pytest.raises(Held):
            say(room, by=cast.bob, body=body, reply_to=first.seq)
    release_message(HeldMessage.objects.select_related("room__network").latest("pk"), by=cast.fay)
    parked = ask_question(room, by=cast.fay, body="Who owns the data?")
    Question.objects.filter(pk=parked.pk).update(state=Question.State.PARKED, parked_for=cast.bob)
    return room


def end(room: Room) -> Room:
    now = timezone.now()
    Room.objects.filter(pk=room.pk).update(opens_at=now - timedelta(hours=2), closes_at=now - timedelta(seconds=1))
    return Room.objects.select_related("network").get(pk=room.pk)


def telling(cast: Cast) -> list[str]:
    """What would tell that it was Bob: his name, his council, the kind of council, his page, his number in a line."""
    return ["Bob", "Belongs", "Otherdale", "An officer", cast.bob.get_absolute_url(), f'data-author="{cast.bob.pk}"']


def doors(room: Room) -> Iterator[str]:
    address = room.get_absolute_url()
    yield from (address, f"{address}?before=3", f"{address}?q=pilot", f"{address}questions/")
    yield from (f"{address}messages/{seq}/" for seq in Message.objects.filter(room=room).values_list("seq", flat=True))
    yield from (question.get_absolute_url() for question in Question.objects.filter(room=room))
    yield "/search/?q=pilot"
    yield "/search/?q=others"


RUN = ("after/", "host/", "projector/", "held/", "messages/1/hide/", "messages/3/hidden/")


def inside(page: str) -> str:
    """Without the head and foot, in which the reader's own name stands."""
    return page.partition("<main")[2].partition("</main>")[0]


def test_every_door_says_names_while_it_is_on(cast: Cast, said: Room, client: Client) -> None:
    sign_in(client, cast.fay)
    page = inside(client.get(said.get_absolute_url()).content.decode())
    assert "Bob Belongs" in page
    assert "Chatham House rule" in page
    assert "Otherdale" in page
    assert '"Bob Belongs"' in protocol.event(log.after(said.pk, 0, 1)[0]).text


def test_no_door_says_a_name_once_it_is_over(cast: Cast, said: Room, client: Client) -> None:
    room = end(said)
    sign_in(client, cast.fay)
    addresses = [
        *doors(room),
        *(room.get_absolute_url() + path for path in RUN),
        *(f"{room.get_absolute_url()}held/{held.pk}/refuse/" for held in HeldMessage.objects.filter(room=room)),
        "/networks/ai-practitioners/questions/",
    ]
    found = 0
    for address in addresses:
        answer = client.get(address)
        page = inside(answer.content.decode())
        found += "pilot" in page or "others do" in page
        for word in telling(cast):
            assert word not in page, f"{address} says {word}"
    assert found > 5  # the words themselves are there


def test_no_line_for_sockets_says_a_name_once_it_is_over(cast: Cast, said: Room) -> None:
    room = end(said)
    texts = [protocol.event(line).text for line in log.after(room.pk, 0, 100)]
    assert len(texts) > 5
    for text in texts:
        assert "u" not in json.loads(text)
        for word in telling(cast):
            assert word not in text


def test_reports_say_no_more_who_it_was_once_the_session_is_over(cast: Cast, said: Room, client: Client) -> None:
    """Whoever looks after the room could report each message for its name."""
    sign_in(client, cast.fay)
    assert "Message 1 by Bob Belongs" in client.get(f"{said.get_absolute_url()}care/").content.decode()
    room = end(said)
    care = client.get(f"{room.get_absolute_url()}care/").content.decode()
    assert "Message 1" in care
    assert "Bob Belongs" not in care


def test_a_room_without_the_rule_keeps_its_names(cast: Cast, said: Room, client: Client) -> None:
    Room.objects.filter(pk=said.pk).update(is_chatham_house=False)
    room = end(said)
    sign_in(client, cast.bob)
    assert "Bob Belongs" in inside(client.get(room.get_absolute_url()).content.decode())


def test_the_epoch_is_another_from_the_moment_it_is_over(said: Room) -> None:
    assert log.tails([said.pk])[said.pk].epoch == said.epoch == said.epoch_now()
    room = end(said)
    assert log.tails([room.pk])[room.pk].epoch == room.epoch_now() == without_names(room.epoch)
    Room.objects.filter(pk=room.pk).update(is_chatham_house=False)
    assert log.tails([room.pk])[room.pk].epoch == room.epoch


def held_again(room: Room, cast: Cast) -> Room:
    """The session that was over is given another time: now."""
    now = timezone.now()
    reschedule_room(room, title=room.title, opens_at=room.opens_at, closes_at=now + timedelta(hours=1), by=cast.fay)
    return Room.objects.select_related("network").get(pk=room.pk)


def test_names_that_are_gone_do_not_come_back_with_another_time(cast: Cast, said: Room, client: Client) -> None:
    room = held_again(end(said), cast)
    sign_in(client, cast.fay)
    for address in (*doors(room), *(room.get_absolute_url() + path for path in RUN[1:])):
        page = inside(client.get(address).content.decode()).replace("shown as “An officer”", "")
        for word in telling(cast):
            assert word not in page, f"{address} says {word}"
    for line in log.after(room.pk, 0, 100):
        text = protocol.event(line).text
        assert "u" not in json.loads(text)
        assert not [word for word in telling(cast) if word in text]


def test_what_is_said_then_has_names_but_for_whom_it_answers(cast: Cast, said: Room, client: Client) -> None:
    room = held_again(end(said), cast)
    again = say(room, by=cast.fay, body="Once more: why?", reply_to=1)
    [line] = log.after(room.pk, again.seq - 1, 1)
    text = protocol.event(line).text
    assert "Fay" in text and "In reply to message 1" in text and "Bob" not in text
    sign_in(client, cast.fay)
    page = inside(client.get(f"{room.get_absolute_url()}?reply=1").content.decode())
    assert "You reply to message 1." in page and "Bob Belongs" not in page


def test_a_session_that_is_moved_before_it_is_over_keeps_its_names_until_then(cast: Cast, said: Room) -> None:
    room = held_again(said, cast)
    assert room.nameless_until is None
    assert '"Bob Belongs"' in protocol.event(log.after(room.pk, 0, 1)[0]).text


def test_the_wall_goes_on_from_the_epoch_that_sockets_know(cast: Cast, said: Room, client: Client) -> None:
    """With another one the socket has it start afresh, again and again."""
    room = end(said)
    sign_in(client, cast.bob)
    page = client.get(f"{room.get_absolute_url()}projector/").content.decode()
    assert f'data-projector-epoch="{log.tails([room.pk])[room.pk].epoch}"' in page


def listener_of(hub: RoomHub) -> Listener:
    return Listener(hub, Reader().send, member_id=1, session_key="s", password="", access_version=0)


def test_a_process_lets_go_of_the_lines_that_say_names(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ending(Log):
        epoch = EPOCH

        async def tail(self, room_id: int) -> Tail | None:
            now = timezone.now()
            return Tail(room_id, 1, self.epoch, self.length, 0, now - timedelta(hours=1), now + timedelta(hours=1))

    async def story() -> None:
        source = Ending(3)
        process = LiveProcess(source)
        listener = await process.enter(1, listener_of)
        assert listener is not None
        hub = listener.hub
        source.epoch = without_names(EPOCH)
        # What it hears of by itself does not make it forget which log its lines are of.
        await hub.catch_up()
        assert hub.tail.epoch == EPOCH

        def tails(rooms: Any) -> dict[int, Tail]:
            now = timezone.now()
            return {1: Tail(1, 1, source.epoch, 3, 0, now, now + timedelta(hours=1))}

        monkeypatch.setattr(log, "tails", tails)
        await process._look()
        assert listener.ended_with == Close.TOO_SLOW
        assert 1 not in process.hubs
        again = await process._open(1)
        assert again is not None
        assert again.tail.epoch == without_names(EPOCH)
        # Whoever comes back with what they had starts afresh.
        other = listener_of(again)
        assert not await other.start(EPOCH, 3)

    run(story)
