"""The socket by which a member's open pages learn how much is new for them. It says a number and nothing else: what the
notices are about is asked for by the page, as the member.

A plain ASGI application, as that of the live rooms and for the same reasons (`forums.consumers`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Collection, Hashable, MutableMapping
from typing import Any

from django.db.models import Count as CountOf
from django.db.models import Max

from network.live import notices
from network.live.access import AT_A_TIME
from network.live.close import Close
from network.live.notices import Count, Listener
from network.models import Member, Notice
from network.models.standing import Standing
from network.notifications import Unread, unread
from network.sessions import batched

AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
SendToServer = Callable[[AsgiMessage], Awaitable[None]]


class Database:
    """What the hub asks, as the menu on each page does: for each member, of what they may see now."""

    def marks(self, member_ids: Collection[int]) -> dict[int, Hashable]:
        """How many of a member's rows are unread, and when the newest of them came. One query for 500 members."""
        of_nobody: Hashable = (0, None)
        marks = dict.fromkeys(member_ids, of_nobody)
        for some in batched(member_ids, AT_A_TIME):
            rows = Notice.objects.unread().filter(member__in=some).order_by().values_list("member")
            marks |= {member: (count, at) for member, count, at in rows.annotate(CountOf("pk"), Max("at"))}
        return marks

    def counts(self, member_ids: Collection[int]) -> dict[int, Count]:
        # The marks first: what changes between the two is then found by the next look.
        marks = self.marks(member_ids)
        counts = {}
        for member in Member.objects.filter(pk__in=member_ids, is_active=True):
            member.standing = Standing(member)
            counts[member.pk] = Count(marks[member.pk], frame_of(unread(member)))
        return counts


def frame_of(new: Unread) -> str:
    """`n` is the number, `more` whether there are more than that."""
    return json.dumps({"n": new.number, "more": new.is_more}, separators=(",", ":"))


async def notice_socket(scope: MutableMapping[str, Any], receive: Receive, send: SendToServer) -> None:
    """For whoever is signed in, about themselves; for everybody else there is nothing here (403 before it opens)."""
    message = await receive()
    if message["type"] != "websocket.connect":
        return
    member, session_key = scope["user"], scope["session"].session_key
    if not member.is_authenticated or not member.is_active or session_key is None:
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})

    async def say(frame: str) -> None:
        await send({"type": "websocket.send", "text": frame})

    listener = Listener(say, member_id=member.pk, session_key=session_key, password=member.password)
    with contextlib.suppress(OSError):  # the browser went while something was on its way
        await _listen(listener, receive)
        code = listener.ended_with or Close.BROKEN
        if code != Close.GONE:
            await send({"type": "websocket.close", "code": int(code)})


async def _listen(listener: Listener, receive: Receive) -> None:
    hub = notices.here(Database())
    hub.enter(listener)
    reader = asyncio.get_running_loop().create_task(_read(listener, receive))
    try:
        await listener.listen()
    finally:
        reader.cancel()
        hub.leave(listener)


async def _read(listener: Listener, receive: Receive) -> None:
    """A browser of ours says nothing. The first word of another ends it."""
    message = await receive()
    listener.end(Close.BAD_PROTOCOL if message["type"] == "websocket.receive" else Close.GONE)
