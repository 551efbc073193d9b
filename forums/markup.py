"""What members write (a subset of Markdown) to the HTML that everybody sees. Done once, when it is written.

Raise VERSION when the result changes for the same source; posts keep the version they were rendered with."""

from __future__ import annotations

from collections.abc import Sequence
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
        _markdown.render(source),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="nofollow noopener ugc",
    )


def legible(text: str) -> str:
    """The text without control characters other than the line break and the tab: XML, and so a feed, cannot hold them,
    and nobody sees them. Half characters (surrogates) go too."""
    return "".join(
        sign
        for sign in text.replace("\r\n", "\n")
        if sign in "\n\t" or (sign >= " " and not "\x7f" <= sign <= "\x9f" and not "\ud800" <= sign <= "\udfff")
    )


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


def _parser() -> MarkdownIt:
    parser = MarkdownIt("js-default", {"html": False, "linkify": True, "typographer": False})
    # A picture elsewhere would tell its server who reads the thread.
    parser.disable("image")
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    parser.add_render_rule("th_open", _column_heading)
    return parser


_markdown = _parser()
