"""The judge of the other tests here notices what it is for."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from tests.faults.crowd import Crowd, Frame, Log

NAMES = [uuid.uuid4() for _ in range(4)]


def event(seq: int, words: str = "") -> Frame:
    return {"s": seq, "c": str(NAMES[seq - 1]), "h": f"<li>{words or f'Words {seq}'}</li>"}


def crowd_of_two() -> tuple[Crowd, Log]:
    """Both were shown three messages, of which each said one and the first another; all stand in the log."""
    crowd = Crowd(1, uuid.uuid4(), "", [""], ["a", "b"], rate=1)
    log: Log = []
    for seq in (1, 2, 3):
        author = crowd.browsers[seq % 2]
        author.say(f"Words {seq}")
        said = author.outbox.popleft()
        del crowd.said[said.client_id]
        said.client_id = str(NAMES[seq - 1])
        author.sent[-1] = said.client_id
        crowd.said[said.client_id] = said
        crowd.acknowledge(said.client_id, seq)
        log.append((seq, NAMES[seq - 1], said.body))
    for browser in crowd.browsers:
        browser.take([event(1)])
        browser.take([event(2), event(3)])
    return crowd, log


def test_what_is_right_is_no_complaint() -> None:
    crowd, log = crowd_of_two()
    crowd.compare(log)
    assert crowd.complaints == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda crowd, log: crowd.browsers[0].take([event(3)]),
        lambda crowd, log: crowd.browsers[0].take([event(2), event(3)]),
        lambda crowd, log: (log.append((4, NAMES[3], "x")), crowd.browsers[0].take([{**event(3), "s": 5}])),
        lambda crowd, log: crowd.browsers[0].take([{**event(4, "other words"), "s": 3}]),
        lambda crowd, log: crowd.acknowledge(str(NAMES[0]), 2),
        lambda crowd, log: log.pop(),
        lambda crowd, log: log.append((4, NAMES[0], "Words 1")),
        lambda crowd, log: log.append((5, NAMES[3], "Words 4")),
        lambda crowd, log: log.append((4, NAMES[3], "Nobody said this")),
        lambda crowd, log: log.__setitem__(0, (1, NAMES[0], "Changed")),
        lambda crowd, log: (log.__setitem__(0, (1, NAMES[2], "Words 3")), log.__setitem__(2, (3, NAMES[0], "Words 1"))),
        lambda crowd, log: setattr(crowd.browsers[1], "position", 2),
        lambda crowd, log: crowd.browsers[0].sent.append(str(NAMES[3])),
    ],
    ids=[
        "shown twice",
        "a page shown twice",
        "left out",
        "two words under one number",
        "acknowledged as two numbers",
        "acknowledged and lost",
        "stored twice",
        "a gap in the log",
        "out of nowhere",
        "stored as something else",
        "in another order",
        "not shown to everybody",
        "said and lost",
    ],
)
def test_what_is_wrong_is_a_complaint(spoil: Callable[[Crowd, Log], object]) -> None:
    crowd, log = crowd_of_two()
    spoil(crowd, log)
    crowd.compare(log)
    assert crowd.complaints != []
