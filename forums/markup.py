"""What members write (a subset of Markdown) to the HTML that everybody sees. Done once, when it is written.

Raise VERSION when the result changes for the same source; posts keep the version they were rendered with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

VERSION = 1
# Rendering time grows with the square of some inputs, so length is capped before anything is parsed.
MAX_LENGTH = 20_000

TAGS = {
    *("p", "br", "strong", "em", "s", "a", "ul", "ol", "li", "blockquote", "code", "pre", "hr"),
    *("h3", "h4", "h5", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "th": {"scope"}}
SCHEMES = {"http", "https", "mailto"}


def render(source: str) -> str:
    """Sanitised HTML of a source text. Raises ValueError when it is longer than MAX_LENGTH characters."""
    if len(source) > MAX_LENGTH:
        raise ValueError(f"The text has {len(source)} characters; at most {MAX_LENGTH} are rendered.")
    return nh3.clean(
        _parser(_too_much_of(source)).render(source),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="nofollow noopener ugc",
    )


def legible(text: str) -> str:
    """The text without what nobody sees: control characters other than the line break and the tab (XML, and so a feed,
    cannot hold them), half characters (surrogates), what turns the direction of writing around, and signs of no width
    but where they join the letters of a script or the parts of an emoji."""
    return _UNSEEN.sub("", _JOINER.sub(_joins, _LINE_END.sub("\n", text)))


_LINE_END = re.compile("\r\n|[\u2028\u2029]")
# Controls; bidirectional embeddings, overrides and isolates; spaces and joiners of no width; surrogates.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_JOINER = re.compile("[\u200c\u200d]+")


def _joins(found: re.Match[str]) -> str:
    """A joiner where it has something to join, otherwise nothing."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    if not before or not after:
        return ""
    joiner = found.group()[0]
    kinds = {unicodedata.category(before)[0], unicodedata.category(after)[0]}
    # Letters and their marks; and for the joiner also symbols, of which emoji are made, with their variation selectors.
    return joiner if kinds <= ({"L", "M"} if joiner == "\u200c" else {"L", "M", "S"}) else ""


def is_seen(text: str) -> bool:
    """Whether there is anything in a text that somebody would see."""
    return any(sign not in _BLANK and unicodedata.category(sign)[0] not in "CZ" for sign in text)


_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols, as Unicode has it, without any ink


def plain(html: str) -> str:
    """The words of rendered HTML on one line, for excerpts and the search index: plain text, to be escaped if shown."""
    spaced = html.replace("</", " </").replace("<br", " <br")
    return " ".join(unescape(nh3.clean(spaced, tags=set())).split())


def _heading(renderer: RendererHTML, tokens: Sequence[Token], position: int, options: OptionsDict, env: EnvType) -> str:
    """A post stands under the thread's title, so its headings begin at the third level."""
    token = tokens[position]
    token.tag = f"h{min(int(token.tag[1]) + 2, 5)}"
    return renderer.renderToken(tokens, position, options, env)


def _column_heading(
    renderer: RendererHTML, tokens: Sequence[Token], position: int, options: OptionsDict, env: EnvType
) -> str:
    tokens[position].attrs = {"scope": "col"}
    return renderer.renderToken(tokens, position, options, env)


# Of these the time grows with the square of how many there are (seconds at MAX_LENGTH, measured). Nobody writes so
# many; where somebody does, that part of the syntax stays the plain text that it is.
MOST = {"link": 500, "linkify": 200, "table": 4_000}


def _too_much_of(source: str) -> frozenset[str]:
    """The rules of the parser that this source would keep busy for too long."""
    lines = source.split("\n")
    found = {
        "link": source.count("["),
        "linkify": source.count("://") + source.count("www.") + source.count("@"),
        # The parser fills every line up to as many cells as the widest has.
        "table": max(line.count("|") for line in lines) * len(lines),
    }
    return frozenset(rule for rule, count in found.items() if count > MOST[rule])


@cache
def _parser(without: frozenset[str] = frozenset()) -> MarkdownIt:
    parser = MarkdownIt("js-default", {"html": False, "linkify": True, "typographer": False})
    # A picture elsewhere would tell its server who reads the thread.
    parser.disable(["image", *without])
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    parser.add_render_rule("th_open", _column_heading)
    return parser
