"""What goes over a socket, version 1: JSON text, one object or, from the server, an array of events.

From the browser: hello, send, edit, del, react, ask, vote, poll, ack, ping. From the server: welcome, events, ok, err,
pong, st, ahead, bye.
An event has a number `s` and no `t`; every other frame has its type in `t`. `c` is the UUID that the browser gave to
what it sent. An event that is no message itself says what it is about, in `x` by the number of a message, in `q` by the
number of a question or in `p` by that of a poll, and in `h` how that looks from then on, the same for every reader.

`st` says what of the room's state has changed, and only the latest counts: a socket gets one a second at most. What of
it is too much for one frame, the welcome's too, comes in the next ones, so `react`, `q` and `p` are always part of what
there is. To those who run the room it says in `held` a number that is another one whenever something begins to wait for
them, or does no more; what that is they read from the page.

Where others see later than those who run the room, no number tells what they do not see yet: `top` in welcome and pong
is the last one that they do, and the `ok` to what they say has no `s` before everybody sees it; their own browser knows
it by its `c` when it comes. `ahead` holds in `e` what has become of things that they see, such as that a message was
hidden: without a number, for the event itself still comes in its turn and says the same.

An `ok` with `held` says, in words for the member, that what was sent waits for the host to see it first. It has no `s`,
and no number, until it is shown; then it comes as an event with its `c`. Sent again, it is answered the same.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.template.loader import get_template

from forums.live.log import Line
from forums.models import SeenPoll

VERSION = 1
MAX_FRAME = settings.SOCKET_MAX_BYTES
MOST_CHOSEN = 20  # more options than any poll has


class BadFrame(ValueError):
    """The browser does not speak this protocol; the socket is closed with BAD_PROTOCOL."""


@dataclass(frozen=True, slots=True)
class Hello:
    """`since` is the number of the last event that the browser shows, in that `epoch`; None of both: from now on."""

    epoch: uuid.UUID | None
    since: int | None


@dataclass(frozen=True, slots=True)
class Send:
    client_id: uuid.UUID
    body: str
    reply_to: int | None = None  # the number of a message


@dataclass(frozen=True, slots=True)
class Edit:
    client_id: uuid.UUID
    seq: int
    body: str


@dataclass(frozen=True, slots=True)
class Delete:
    client_id: uuid.UUID
    seq: int


@dataclass(frozen=True, slots=True)
class React:
    client_id: uuid.UUID
    seq: int
    kind: str
    is_given: bool  # or taken back


@dataclass(frozen=True, slots=True)
class Ask:
    client_id: uuid.UUID
    body: str
    is_unnamed: bool


@dataclass(frozen=True, slots=True)
class Vote:
    client_id: uuid.UUID
    question: int  # its number
    is_given: bool  # or taken back


@dataclass(frozen=True, slots=True)
class Choose:
    client_id: uuid.UUID
    poll: int
    options: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ack:
    seq: int


@dataclass(frozen=True, slots=True)
class Ping:
    number: int


Asking = Send | Edit | Delete | React | Ask | Vote | Choose  # what is answered by `ok` or `err`
Frame = Hello | Asking | Ack | Ping


# What an event is about: the number of a message, or "q" or "p" before the number of a question or a poll.
About = int | str


@dataclass(frozen=True, slots=True)
class Event:
    """An event as every socket gets it, encoded once."""

    seq: int
    text: str
    about: About | None = None  # what it changes
    at: float = 0.0  # when it was written, in seconds since 1970
    size: int = field(init=False)  # in bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", len(self.text.encode()))

    @property
    def kind(self) -> str:
        found: str = json.loads(self.text).get("k", "") if self.about is not None else "msg"
        return found

    @property
    def ahead(self) -> str:
        """What it says of the thing that it is about, without its number or whose it is."""
        frame = json.loads(self.text)
        return encode({key: frame[key] for key in ("k", "x", "q", "p", "h") if key in frame})

    @property
    def html(self) -> str:
        """How the message looks that it is, or that it is about."""
        found: str = json.loads(self.text).get("h", "")
        return found

    def showing(self, html: str) -> Event:
        """The same event with the message as it looks now."""
        return Event(self.seq, encode(json.loads(self.text) | {"h": html}), self.about, self.at)


# From the browser


def parse(text: str | None) -> Frame:
    """Raises BadFrame for whatever a browser of ours does not send."""
    if text is None or len(text) > MAX_FRAME or len(text.encode(errors="replace")) > MAX_FRAME:
        raise BadFrame
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame from error
    if not isinstance(frame, dict):
        raise BadFrame
    match frame.get("t"):
        case "hello" if frame.get("v") == VERSION:
            epoch = frame.get("epoch")
            since = frame.get("since")
            return Hello(None if epoch is None else _uuid(epoch), None if since is None else _number(since))
        case "send" if isinstance(frame.get("b"), str):
            answered = frame.get("re")
            return Send(_uuid(frame.get("c")), frame["b"], None if answered is None else _number(answered))
        case "edit" if isinstance(frame.get("b"), str):
            return Edit(_uuid(frame.get("c")), _number(frame.get("s")), frame["b"])
        case "del":
            return Delete(_uuid(frame.get("c")), _number(frame.get("s")))
        case "react" if isinstance(frame.get("e"), str) and isinstance(frame.get("on"), bool):
            return React(_uuid(frame.get("c")), _number(frame.get("s")), frame["e"][:20], frame["on"])
        case "ask" if isinstance(frame.get("b"), str) and isinstance(frame.get("anon"), bool):
            return Ask(_uuid(frame.get("c")), frame["b"], frame["anon"])
        case "vote" if isinstance(frame.get("on"), bool):
            return Vote(_uuid(frame.get("c")), _number(frame.get("q")), frame["on"])
        case "poll" if isinstance(frame.get("o"), list) and len(frame["o"]) <= MOST_CHOSEN:
            return Choose(_uuid(frame.get("c")), _number(frame.get("p")), tuple(map(_number, frame["o"])))
        case "ack":
            return Ack(_number(frame.get("s")))
        case "ping":
            return Ping(_number(frame.get("n")))
    raise BadFrame


def _uuid(value: Any) -> uuid.UUID:
    if not isinstance(value, str) or len(value) != 36:
        raise BadFrame
    try:
        return uuid.UUID(value)
    except ValueError as error:
        raise BadFrame from error


def _number(value: Any) -> int:
    # JavaScript's whole numbers, and those of the database, end here. True is an int to Python, not to us.
    if type(value) is not int or not 0 <= value < 2**53:
        raise BadFrame
    return value


# From the server


def encode(frame: dict[str, Any]) -> str:
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False)


def event(line: Line) -> Event:
    """An event with its HTML, from the same partial as the page and the same for every reader."""
    frame: dict[str, Any] = {"s": line.event.seq, "k": line.event.kind, "ts": int(line.event.at.timestamp())}
    if line.event.client_id is not None:
        frame["c"] = str(line.event.client_id)
    about: About | None = line.event.target_seq
    if line.question is not None:
        about = f"q{line.question.number}"
        frame["q"] = line.question.number
        frame["h"] = _rendered("components/question.html", {"question": line.question})
    elif line.poll is not None:
        about = f"p{line.poll.pk}"
        frame["p"] = line.poll.pk
        frame["h"] = _rendered("components/poll.html", {"seen": SeenPoll.by_everybody(line.poll)})
    elif about is not None:
        frame["x"] = about
    if line.message is not None:
        if about is None and line.message.names_author:
            frame["u"] = [line.message.author_id, str(line.message.author)]
        frame["h"] = _rendered("components/message.html", {"message": line.message})
    return Event(line.event.seq, encode(frame), about, line.event.at.timestamp())


def _rendered(template: str, context: dict[str, Any]) -> str:
    return get_template(template).render(context).strip()


def welcome(
    *,
    epoch: uuid.UUID,
    top: int,
    is_resumed: bool,
    member_id: int,
    role: str,
    retry_ms: int,
    state: dict[str, Any],
) -> str:
    return encode(
        {
            "t": "welcome",
            "epoch": str(epoch),
            "top": top,
            "resume": "ok" if is_resumed else "reset",
            "you": {"id": member_id, "role": role},
            "cfg": {"retry_ms": retry_ms},
            "st": state,
        }
    )


def ok(client_id: uuid.UUID, seq: int | None) -> str:
    """`seq` None: what was sent is not shown to them with the others yet."""
    return encode({"t": "ok", "c": str(client_id)} | ({} if seq is None else {"s": seq}))


def held(client_id: uuid.UUID, words: str) -> str:
    return encode({"t": "ok", "c": str(client_id), "held": words})


def err(client_id: uuid.UUID, code: str, words: str, *, retry_ms: int | None = None) -> str:
    """`code`: rate, slow_mode, closed, forbidden, invalid or busy. `words` are for the member."""
    frame = {"t": "err", "c": str(client_id), "code": code, "words": words}
    return encode(frame if retry_ms is None else frame | {"retry_ms": retry_ms})


def pong(number: int, top: int, retry_ms: int) -> str:
    return encode({"t": "pong", "n": number, "top": top, "retry_ms": retry_ms})


def state(version: int, values: dict[str, Any]) -> str:
    return encode({"t": "st", "ver": version, "d": values})


def ahead(texts: Iterable[str]) -> str:
    return '{"t":"ahead","e":[' + ",".join(texts) + "]}"


def bye(code: int, after_ms: int) -> str:
    return encode({"t": "bye", "code": code, "after_ms": after_ms})
