"""What another process says of a room is a hint: when it comes late it brings no words with it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from forums.live.bus import Bus
from forums.live.protocol import Event
from network.live import bus as module
from tests.forums.stories import run


class Layer:
    """A channel layer with one other process behind it."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def new_channel(self) -> str:
        return "one"

    async def group_add(self, group: str, channel: str) -> None:
        pass

    async def group_send(self, group: str, hint: dict[str, Any]) -> None:
        self.sent.append(hint)

    async def receive(self, channel: str) -> dict[str, Any]:
        return await self.coming.get()


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Layer]]:
    made: list[Layer] = []

    def make() -> Layer:
        made.append(Layer())
        return made[-1]

    monkeypatch.setattr(module, "get_channel_layer", make)
    yield made


@pytest.mark.parametrize(("age", "comes"), [(0.0, ["secret"]), (3.0, []), (-3.0, [])])
def test_a_hint_that_is_old_says_only_that_there_is_something(
    layers: list[Layer], age: float, comes: list[str]
) -> None:
    async def story() -> None:
        heard: list[tuple[int, list[Event]]] = []
        bus = Bus(lambda room, epoch, top, events: heard.append((top, events)))
        [layer] = layers
        epoch = uuid.uuid4()
        bus.join(1)
        bus.publish(1, epoch, [Event(7, "secret", 3)])
        while not layer.sent:
            await asyncio.sleep(0.01)
        [hint] = layer.sent
        assert abs(hint["at"] - time.time()) < 1

        await layer.coming.put(hint | {"at": hint["at"] - age})
        while not heard:
            await asyncio.sleep(0.01)

        [(top, events)] = heard
        assert top == 7
        assert [event.text for event in events] == comes
        assert [event.about for event in events] == [3] * len(comes)

    run(story)
