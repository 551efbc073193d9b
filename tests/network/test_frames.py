from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from network.live.frames import frame_of


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_a_frame_is_what_the_library_makes_of_the_same_words(length: int) -> None:
    words = "é" * (length // 2) + "x" * (length % 2)
    assert frame_of(words) == Frame(Opcode.TEXT, words.encode()).serialize(mask=False)


def test_a_frame_that_many_are_sent_is_made_once() -> None:
    assert frame_of("to everybody") is frame_of("to everybody")
