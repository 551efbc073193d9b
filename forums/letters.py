"""Reads a mail that came in: who sent it, whether a person did, and what they said in it, without what they quoted.

Of the two libraries for the last, email-reply-parser 0.5.12 and mail-parser-reply 1.36, neither is used. A mail of
forty kilobytes of "On a" keeps each busy for longer than anybody waits; and the first loses all that stands below a
line such as "To: everybody", the second all below a line that begins with "Thanks,". What is here reads each line a few
times at most, and where it is in doubt whether words are the writer's own, they stay."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses
from html.parser import HTMLParser

import nh3

MOST_BYTES = 10 * 1024 * 1024
# Of words, before anything is taken away: a long conversation quoted below a short answer is well within.
MOST_CHARACTERS = 400_000
MOST_PARTS = 100
MOST_HOPS = 50  # servers that a mail came through; more, and it goes round in a circle


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, as far as it matters here."""

    sender: str  # the address in From, lower case; empty where there is not exactly one
    recipients: tuple[str, ...]  # the addresses that its head names, the likeliest first
    message_id: str
    digest: str  # names it, also where it has no message ID
    is_automatic: bool  # no person wrote it
    text: str  # as it came, with all that is quoted; empty where there is none
    is_html: bool  # the text was HTML, and what HTML marks as quoted is gone
    is_too_long: bool
    files: int  # that stand with it; not pictures inside its words


class Unreadable(ValueError):
    """This is no mail, or one that is built to be hard to read."""


def read_letter(raw: bytes, *, return_path: str | None = None) -> Letter:
    """`return_path`: the address that the mail server would tell of a failure, where it says; empty for a mail that is
    itself such a message. Raises Unreadable."""
    try:
        message = message_from_bytes(raw)
        parts = _parts(message)
    except (LookupError, RecursionError, TypeError, ValueError) as problem:
        raise Unreadable("This mail cannot be read.") from problem
    plain = [part for part in parts if _is_words(part, "text/plain")]
    html = [part for part in parts if _is_words(part, "text/html")]
    words = "\n".join(map(_decoded, plain))
    is_html = not words.strip() and bool(html)
    if is_html:
        words = "\n".join(map(_decoded, html))
    is_too_long = len(words) > MOST_CHARACTERS or (is_html and _is_too_deep(words))
    if is_too_long:
        words = ""
    elif is_html:
        words = text_of(words)
    elif any(str(part.get_param("format", "")).lower() == "flowed" for part in plain):
        words = re.sub(r"(?m)^ ", "", words)  # RFC 3676: lines that begin with a space or ">" have one put before
    message_id = _head(message, "Message-ID").strip("<> ").lower()
    return Letter(
        sender=_sender(message),
        recipients=_recipients(message),
        message_id=message_id,
        digest=hashlib.sha256(message_id.encode() or raw).hexdigest(),
        is_automatic=_is_automatic(message, return_path),
        text=words,
        is_html=is_html,
        is_too_long=is_too_long,
        files=sum(map(_is_file, parts)),
    )


def _parts(message: Message) -> list[Message]:
    parts: list[Message] = []
    for part in message.walk():
        if len(parts) >= MOST_PARTS:
            raise Unreadable("This mail has too many parts.")
        parts.append(part)
    return parts


def _head(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())


def _sender(message: Message) -> str:
    found = getaddresses([str(head) for head in message.get_all("From", [])])
    return found[0][1].lower() if len(found) == 1 else ""


def _recipients(message: Message) -> tuple[str, ...]:
    heads = [
        str(head)
        for name in ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
        for head in message.get_all(name, [])
    ]
    return tuple(address for _, address in getaddresses(heads[:MOST_PARTS]) if address)


def _is_automatic(message: Message, return_path: str | None) -> bool:
    """Bounces, out-of-office replies, lists and loops (RFC 3834, RFC 2919, and what mail programs do besides)."""
    if return_path is None and "Return-Path" in message:
        return_path = _head(message, "Return-Path")
    is_bounce = return_path is not None and return_path.strip("<> ").lower() in ("", "mailer-daemon")
    submitted = _head(message, "Auto-Submitted").partition(";")[0].strip().lower()
    return (
        is_bounce
        or message.get_content_type() == "multipart/report"
        or submitted not in ("", "no")
        or _head(message, "Precedence").lower() in ("bulk", "junk", "list", "auto_reply")
        or any(name in message for name in ("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "List-Id"))
        or len(message.get_all("Received", [])) > MOST_HOPS
        or _sender(message).partition("@")[0] in ("mailer-daemon", "postmaster")
    )


def _is_words(part: Message, of: str) -> bool:
    return part.get_content_type() == of and part.get_content_disposition() != "attachment" and not part.is_multipart()


def _is_file(part: Message) -> bool:
    """A picture that has a number to be shown by is part of a signature, mostly."""
    if part.is_multipart() or (not part.get_filename() and part.get_content_disposition() != "attachment"):
        return False
    return not ("Content-ID" in part and part.get_content_maintype() == "image")


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        text = data.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        text = data.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


# HTML, from programs that send no plain text beside it

_KEPT = {*("p", "div", "br", "ul", "ol", "li", "blockquote", "table", "tr", "td", "th", "pre", "hr")} | {
    *("h1", "h2", "h3", "h4", "h5", "h6", "span")
}
_BLOCKS = _KEPT - {"br", "span", "td", "th"}
# What mail programs put around what they quote, and around a signature. Outlook on the web puts an x_ before names.
_QUOTES = re.compile(
    r"\b(x_)?(gmail_quote|gmail_signature|moz-cite-prefix|moz-signature|yahoo_quoted|protonmail_quote)\b"
)
# From here on Outlook quotes, without putting anything around it.
_CUTS = {"appendonsend", "divrplyfwdmsg", "x_divrplyfwdmsg", "mail-editor-reference-message-container"}


class _Text(HTMLParser):
    """Expects what nh3 has put in order: each tag that is opened is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.skipped: list[str] = []  # tags open inside what is quoted
        self.is_cut = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: (value or "").lower() for name, value in attrs}
        self.is_cut = self.is_cut or told.get("id", "") in _CUTS
        if tag in ("br", "hr"):
            self._say("\n")
            return
        is_quote = tag == "blockquote" or bool(_QUOTES.search(f"{told.get('class', '')} {told.get('id', '')}"))
        if self.skipped or is_quote:
            self.skipped.append(tag)
        elif tag == "li":
            self._say("\n- ")
        elif tag in _BLOCKS:
            self._say("\n")

    def handle_endtag(self, tag: str) -> None:
        if self.skipped:
            self.skipped.pop()
        elif tag in ("p", "ul", "ol", "pre", "table") or (tag.startswith("h") and tag != "hr"):
            self._say("\n\n")
        elif tag in _BLOCKS and tag != "li":
            self._say("\n")

    def handle_data(self, data: str) -> None:
        self._say(" ".join(re.split(r"[ \t\n\xa0]+", data)))

    def _say(self, words: str) -> None:
        if not self.skipped and not self.is_cut:
            self.said.append(words)


_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)\b", re.IGNORECASE)
_CLOSED_BY_OTHERS = {
    *("p", "li", "td", "th", "tr", "br", "hr", "img", "meta", "link", "input", "col", "dd", "dt", "wbr")
}


def _is_too_deep(html: str) -> bool:
    """Whether one thing stands in another so often that reading takes long: it takes the square of that."""
    depth = 0
    for found in _TAG.finditer(html):
        if found[2].lower() not in _CLOSED_BY_OTHERS:
            depth = max(depth - 1, 0) if found[1] else depth + 1
        if depth > _DEEPEST:
            return True
    return False


_DEEPEST = 1_000


def text_of(html: str) -> str:
    """What HTML says, as lines, without what its marks say is quoted. What it does not mark so stays."""
    clean = nh3.clean(
        html,
        tags=_KEPT,
        attributes={"*": {"id", "class"}},
        clean_content_tags={"script", "style", "title"},
        link_rel=None,
    )
    reader = _Text()
    reader.feed(clean)
    reader.close()
    lines = [line.strip() for line in "".join(reader.said).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


# What was said

_MARK = re.compile(r"^\W*(original message|forwarded message|original appointment)\W*$", re.IGNORECASE)
_RULE = re.compile(r"^[_-]{10,}$")
_HEAD = re.compile(r"^\*?(from|sent|date|to|cc|subject):\*?(\s|$)", re.IGNORECASE)
_SENT_FROM = re.compile(r"^(sent from |get outlook for |sent via )\S.{0,80}$", re.IGNORECASE)
_ENDINGS = re.compile(
    r"^((kind|best|warm|many|with)\W+)*(regards|wishes|thanks|thank you|cheers|best|sincerely|yours|all the best)"
    r"(\W+(sincerely|faithfully|all))?\W*$",
    re.IGNORECASE,
)
_LONGEST_SIGNATURE = 15  # lines
_LONGEST_LINE = 300  # that is looked at for anything of these


def said_in(text: str, *, name: str = "") -> str:
    """The words of whoever wrote a mail, who is called `name`: without what they answer, what their program adds, and
    their signature. Empty where nothing is left."""
    lines = [line.rstrip() for line in text.replace("\u200b", "").replace("\ufeff", "").split("\n")]
    start = next((at for at, line in enumerate(lines) if line), 0)
    lines = lines[start:]
    cut = next((at for at in range(len(lines)) if _begins_original(lines, at)), len(lines))
    lines = lines[:cut]
    lines = list(_without_quotes(lines))
    return _without_signature(_without_blank_end(lines), name)


def _begins_original(lines: Sequence[str], at: int) -> bool:
    """Whether from this line on stands the mail that is answered, with its own head."""
    line = lines[at].strip()
    if not line or len(line) > _LONGEST_LINE:
        return False
    if _MARK.match(line) or _RULE.match(line):
        following = [one.strip() for one in lines[at + 1 : at + 6] if one.strip()]
        return bool(following) and bool(_head_of(following[0]))
    if _head_of(line) != "from":
        return False
    heads = {_head_of(one.strip()) for one in lines[at + 1 : at + 10]}
    return bool(heads & {"sent", "date"}) and bool(heads & {"to", "subject"})


def _head_of(line: str) -> str:
    found = _HEAD.match(line) if len(line) <= _LONGEST_LINE else None
    return found[1].lower() if found else ""


def _without_quotes(lines: Sequence[str]) -> Iterator[str]:
    """Without what is quoted below or between, where a line before it says that it was written by somebody else; else
    without what is quoted at the end. What somebody quotes on purpose, between their own words, stays."""
    announced: set[int] = set()
    for at in range(len(lines)):
        announced.update(_announces_quote(lines, at))
    if not announced:
        end = len(lines)
        while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
            end -= 1
        yield from lines[:end]
        return
    for at, line in enumerate(lines):
        if at not in announced and not line.lstrip().startswith(">"):
            yield line


def _announces_quote(lines: Sequence[str], at: int) -> range:
    """The lines of an "On Monday, somebody wrote:", which programs break after 76 characters; an empty range where this
    is none. It stands before what is quoted, or at the end where that was taken away, and it names an address or a
    year."""
    if not _unquoted(lines[at]).startswith("On "):
        return range(0)
    for count in (1, 2, 3):
        some = lines[at : at + count]
        said = " ".join(_unquoted(line) for line in some)
        if len(some) < count or len(said) > _LONGEST_LINE or not some[-1].strip():
            return range(0)
        if said.endswith("wrote:") and re.search(r"@|\b20\d\d\b", said):
            after = next((line.strip() for line in lines[at + count : at + count + 4] if line.strip()), "")
            is_end = not any(line.strip() for line in lines[at + count :])
            is_before = after.startswith(">") or is_end or lines[at].lstrip().startswith(">")
            return range(at, at + count) if is_before else range(0)
    return range(0)


def _unquoted(line: str) -> str:
    return line[:_LONGEST_LINE].lstrip("> \t").strip()


def _without_blank_end(lines: Sequence[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return list(lines[:end])


def _without_signature(lines: list[str], name: str) -> str:
    while lines and _SENT_FROM.match(lines[-1].strip()[:_LONGEST_LINE]):
        lines = _without_blank_end(lines[:-1])
    for at in range(max(len(lines) - _LONGEST_SIGNATURE - 1, 0), len(lines)):
        if lines[at].strip() in ("--", "—") or _ends_letter(lines, at, name):
            lines = _without_blank_end(lines[:at])
            break
    return "\n".join(lines).strip("\n")


def _ends_letter(lines: Sequence[str], at: int, name: str) -> bool:
    """Whether here stands "Kind regards", and after it the name of whoever wrote and no sentence more."""
    line = lines[at].strip()
    if not name or at == 0 or len(line) > 40 or not _ENDINGS.match(line):
        return False
    rest = [one.strip() for one in lines[at + 1 :] if one.strip()]
    first = name.split()[0].lower()
    return bool(rest) and rest[0].lower().startswith(first) and not any(one.endswith(("?", "!", ".")) for one in rest)
