"""What members write (a subset of Markdown) to the HTML that everybody sees. Done once, when it is written.

Raise VERSION when the result changes for the same source; posts keep the version they were rendered with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from html import escape, unescape
from typing import NamedTuple, Protocol

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

VERSION = 3
# Rendering time grows with the square of some inputs, so length is capped before anything is parsed.
MAX_LENGTH = 20_000

TAGS = {
    *("p", "br", "strong", "em", "s", "a", "ul", "ol", "li", "blockquote", "code", "pre", "hr"),
    *("h3", "h4", "h5", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "th": {"scope"}}
SCHEMES = {"http", "https", "mailto"}


class Named(NamedTuple):
    """Somebody named in a text: by how many characters after the @, the address of their page, and what they are who is
    no council officer."""

    length: int
    address: str
    label: str = ""


class People(Protocol):
    def at(self, text: str, position: int, *, in_quote: bool) -> Named | None:
        """Who is named in `text` from `position` on, which is just after an @; None where it is nobody. `in_quote`:
        the words are somebody else's."""


def render(source: str, people: People | None = None) -> str:
    """Sanitised HTML of a source text. Whom `people` know become links where they are named with an @, which is
    nowhere in code or in another link. Raises ValueError when it is longer than MAX_LENGTH characters, and whatever
    `people` raise."""
    if len(source) > MAX_LENGTH:
        raise ValueError(f"The text has {len(source)} characters; at most {MAX_LENGTH} are rendered.")
    return nh3.clean(
        _parser(_too_much_of(source)).render(composed(source), {"people": people}),
        tags=TAGS,
        attributes=ATTRIBUTES,
        # Nobody can write a class, so what has this one is a mention.
        allowed_classes={"a": {MENTION}},
        url_schemes=SCHEMES,
        link_rel="nofollow noopener ugc",
    )


def composed(text: str) -> str:
    """The text with every letter in its one usual form (NFC), so that a name typed on any keyboard is the same name."""
    return unicodedata.normalize("NFC", text)


def without_quotes(html: str) -> str:
    """Of rendered HTML, what its writer says."""
    return nh3.clean(
        html,
        tags=TAGS - {"blockquote"},
        clean_content_tags={"blockquote"},
        attributes=ATTRIBUTES,
        allowed_classes={"a": {MENTION}},
        url_schemes=SCHEMES,
    )


MENTION = "app-mention"
_MENTION = re.compile(rf'<a (?=[^>]*class="{MENTION}")[^>]*href="([^"]*)"[^>]*>@([^<]*)</a>')


def mentioned(html: str) -> dict[str, str]:
    """Whom rendered HTML names: the words after the @, with the address of the page."""
    return {unescape(words): unescape(address) for address, words in _MENTION.findall(html)}


def count_mentions(html: str) -> int:
    return len(_MENTION.findall(html))


def without_mentions(html: str, address: str, instead: str) -> str:
    """Rendered HTML, with plain words instead of every mention that leads to an address."""
    return _MENTION.sub(lambda found: escape(instead) if unescape(found[1]) == address else found[0], html)


def with_whole_addresses(html: str, site: str) -> str:
    """The HTML of a post for where it stands on no page of ours, such as a mail: its links to us, such as those of
    mentions, begin with `site`."""
    return html.replace(' href="/', f' href="{site}/')


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


def linked(html: str) -> list[str]:
    """The addresses that rendered HTML leads to, without those of people who are named in it: whoever remembers where
    something stood finds it by a word of the address."""
    named = set(mentioned(html).values())
    return [address for address in map(unescape, _HREF.findall(html)) if address not in named]


_HREF = re.compile(r'<a (?=[^>]*href=)[^>]*href="([^"]*)"')


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


# Before an @ that names somebody; an address of mail, or of a service elsewhere, has such a sign there.
_JOINS = re.compile(r"[\w.+/@-]")


def _mention(state: StateInline, silent: bool) -> bool:
    """`@Fay Facilitates`, where the people of this text know somebody of that name."""
    position = state.pos
    people: People | None = state.env.get("people")
    # Silent: the parser only looks for the end of a link's words, in which nobody is named.
    if people is None or silent or state.linkLevel or state.src[position] != "@":
        return False
    if position and _JOINS.match(state.src[position - 1]):
        return False
    named = people.at(state.src, position + 1, in_quote=id(state.tokens) in state.env["quoted"])
    if named is None:
        return False
    end = position + 1 + named.length
    link = state.push("link_open", "a", 1)
    link.attrs = {"href": named.address, "class": MENTION}
    state.push("text", "", 0).content = state.src[position:end]
    state.push("link_close", "a", -1)
    if named.label:
        state.push("text", "", 0).content = f" ({named.label.lower()})"
    state.pos = end
    return True


def _find_quotes(state: StateCore) -> None:
    """Notes which pieces of text stand in a quotation: the rules for what is in a line do not see where it stands."""
    depth = 0
    quoted = state.env["quoted"] = set()
    for token in state.tokens:
        depth += (token.type == "blockquote_open") - (token.type == "blockquote_close")
        if depth and token.type == "inline":
            quoted.add(id(token.children))  # the list that the line's own parser will fill


# Of these the time grows with the square of how many there are (seconds at MAX_LENGTH, measured). Nobody writes so
# many; where somebody does, that part of the syntax stays the plain text that it is.
MOST = {"link": 500, "linkify": 200, "table": 4_000, "blockquote": 60_000}


def _too_much_of(source: str) -> frozenset[str]:
    """The rules of the parser that this source would keep busy for too long."""
    lines = source.split("\n")
    found = {
        "link": source.count("["),
        "linkify": source.count("://") + source.count("www.") + source.count("@"),
        # The parser fills every line up to as many cells as the widest has.
        "table": max(line.count("|") for line in lines) * len(lines),
        "blockquote": sum(map(_looks_ahead, _BLANK_LINES.split(source))) if ">" in source else 0,
    }
    return frozenset(rule for rule, count in found.items() if count > MOST[rule])


_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_BEFORE_WORDS = re.compile(r"[ \t>+*\d.)-]*")


def _looks_ahead(block: str) -> int:
    """Every quotation may look at every line up to the next blank one that is quoted less deeply, to see whether it
    goes on there: how often that can be."""
    depths = [found[0].count(">") for line in block.split("\n") if (found := _BEFORE_WORDS.match(line))]
    deepest = max(depths)
    return sum(depths) * sum(depth < deepest for depth in depths)


@cache
def _parser(without: frozenset[str] = frozenset()) -> MarkdownIt:
    parser = MarkdownIt("js-default", {"html": False, "linkify": True, "typographer": False})
    # A picture elsewhere would tell its server who reads the thread.
    parser.disable(["image", *without])
    parser.core.ruler.before("inline", "quotes", _find_quotes)
    parser.inline.ruler.before("emphasis", "mention", _mention)
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    parser.add_render_rule("th_open", _column_heading)
    return parser
