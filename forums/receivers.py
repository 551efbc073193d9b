"""What this storey does when it hears news from below: one call to a verb each."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from forums import realtime
from forums.actions.rooms import shut_out
from network.models import Membership
from network.signals import membership_ended, stop_requested


@receiver(membership_ended)
def close_sockets(sender: type[Membership], membership: Membership, **news: Any) -> None:
    shut_out(membership)


@receiver(stop_requested)
async def say_goodbye(sender: object, **news: Any) -> None:
    await realtime.say_goodbye()
