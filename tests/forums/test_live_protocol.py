"""What a browser may say over a socket, and what becomes of everything else."""

from __future__ import annotations

import json
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from forums import consumers
from forums.actions.messages import say
from forums.actions.rooms import schedule_room
from forums.live import access, log, protocol
from forums.live.protocol import Ack, BadFrame, Delete, Edit, Hello, Ping, React, Send
from forums.models import Message
from network.permissions import Refused
from tests.cast import Cast
from tests.forums.stories import run

ID = "0b0fd11e-2a3c-4b52-9d6a-3c2f6f1a9f10"


@pytest.mark.parametrize(
    ("frame", "meant"),
    [
        ({"t": "hello", "v": 1}, Hello(None, None)),
        ({"t": "hello", "v": 1, "epoch": ID, "since": 7, "tab": "x"}, Hello(uuid.UUID(ID), 7)),
        ({"t": "send", "c": ID, "b": "Hello"}, Send(uuid.UUID(ID), "Hello")),
        ({"t": "send", "c": ID, "b": "Hello", "re": 7}, Send(uuid.UUID(ID), "Hello", 7)),
        ({"t": "edit", "c": ID, "s": 7, "b": "Hi"}, Edit(uuid.UUID(ID), 7, "Hi")),
        ({"t": "del", "c": ID, "s": 7}, Delete(uuid.UUID(ID), 7)),
        ({"t": "react", "c": ID, "s": 7, "e": "thanks", "on": True}, React(uuid.UUID(ID), 7, "thanks", True)),
        ({"t": "ack", "s": 100}, Ack(100)),
        ({"t": "ping", "n": 1, "s": 9, "vis": True}, Ping(1)),
    ],
)
def test_what_our_browser_says_is_understood(frame: dict[str, Any], meant: protocol.Frame) -> None:
    assert protocol.parse(json.dumps(frame)) == meant


@pytest.mark.parametrize(
    "text",
    [
        None,  # binary
        "",
        "hello",
        "null",
        "[]",
        "[[]]",
        '"hello"',
        "{}",
        '{"t": "shout"}',
        '{"t": ["send"]}',
        '{"t": "hello"}',
        '{"t": "hello", "v": 2}',
        '{"t": "hello", "v": 1, "since": "7"}',
        '{"t": "hello", "v": 1, "since": -1}',
        '{"t": "hello", "v": 1, "since": 1.5}',
        '{"t": "hello", "v": 1, "since": true}',
        '{"t": "hello", "v": 1, "since": 9007199254740993}',
        '{"t": "hello", "v": 1, "epoch": 5}',
        '{"t": "send", "b": "no name"}',
        '{"t": "send", "c": "not-a-uuid-but-of-the-right-length-1", "b": "x"}',
        f'{{"t": "send", "c": "{ID}"}}',
        f'{{"t": "send", "c": "{ID}", "b": 5}}',
        f'{{"t": "send", "c": "{ID}", "b": "x", "re": "1"}}',
        f'{{"t": "edit", "c": "{ID}", "s": 1}}',
        f'{{"t": "edit", "c": "{ID}", "s": -1, "b": "x"}}',
        '{"t": "del", "s": 1}',
        f'{{"t": "react", "c": "{ID}", "s": 1, "e": "thanks", "on": 1}}',
        f'{{"t": "react", "c": "{ID}", "s": 1, "e": ["thanks"], "on": true}}',
        '{"t": "ack"}',
        '{"t": "ping"}',
        "[" * 8_000,
        '{"a":' * 3_000,
        json.dumps({"t": "send", "c": ID, "b": "x" * 17_000}),
        json.dumps({"t": "send", "c": ID, "b": "é" * 9_000}, ensure_ascii=False),  # short in characters, long in bytes
    ],
)
def test_everything_else_is_a_bad_frame(text: str | None) -> None:
    with pytest.raises(BadFrame):
        protocol.parse(text)


def test_an_event_carries_the_same_html_as_the_page_and_no_script(cast: Cast) -> None:
    now = timezone.now()
    room = schedule_room(cast.ai, title="Clinic", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    client_id = uuid.uuid4()
    say(room, by=cast.bob, body="<script>alert(1)</script> see https://example.org\nbye", client_id=client_id)

    [event] = [protocol.event(line) for line in log.after(room.pk, 0, 10)]

    frame = json.loads(event.text)
    assert (event.seq, frame["s"], frame["k"]) == (1, 1, "msg")
    assert frame["c"] == str(client_id)
    assert frame["u"] == [cast.bob.pk, "Bob Belongs"]
    assert frame["h"].startswith('<li class="app-message" id="message-1" data-seq="1"')
    assert "<script" not in frame["h"]
    assert 'href="https://example.org"' in frame["h"]
    assert "Exampleshire" in frame["h"]


@pytest.mark.parametrize("signs", ["x", "'", "&", "\U0001f600", "a\n", "http://a.bc ", 'www.a.bc/?"&<'])
def test_the_longest_message_fits_a_frame(cast: Cast, signs: str) -> None:
    now = timezone.now()
    room = schedule_room(cast.ai, title="Clinic", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    say(room, by=cast.bob, body=(signs * 1000)[: Message.MAX_LENGTH])

    [event] = [protocol.event(line) for line in log.after(room.pk, 0, 10)]

    assert event.size < protocol.MAX_FRAME - 1_000


def test_nobody_asks_for_more_than_one_thread_can_write_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is refused, such as changing what another said, no limit is spent."""
    written: list[int] = []

    async def submit(room_id: int, command: Any) -> Refused:
        written.append(command.member_id)
        return Refused("You can only change or delete what you said yourself.")

    monkeypatch.setattr(consumers.writer, "submit", submit)
    monkeypatch.setattr(consumers, "asked", consumers.Budgets(consumers.ASKED_AT_ONCE, consumers.ASKED_A_SECOND))

    async def story() -> list[str]:
        one, other = (access.Admission(7, member, "", "", 1, "member") for member in (1, 2))
        frame = Delete(uuid.UUID(ID), 7)
        answers = [await consumers.answer_to(frame, one) for _ in range(1_000)]
        return [*answers, await consumers.answer_to(frame, other)]

    began = time.monotonic()
    *answers, of_another = [json.loads(answer) for answer in run(story)]

    may = consumers.ASKED_AT_ONCE + consumers.ASKED_A_SECOND * (time.monotonic() - began) + 1
    assert consumers.ASKED_AT_ONCE <= written.count(1) <= may < 1_000
    assert [answer["code"] for answer in answers].count("rate") == 1_000 - written.count(1)
    assert of_another["code"] == "forbidden"  # it is nobody else's


def test_whoever_asked_long_ago_is_forgotten() -> None:
    budgets = consumers.Budgets(40, 5)
    for member in range(budgets.MOST * 3):
        assert budgets.spend(member, float(member))

    assert len(budgets._of_member) <= budgets.MOST
