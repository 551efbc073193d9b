"""What makes a mail readable for everybody, checked on its HTML and its text. For the tests of every package that sends
mail: `assert problems_of(html, text) == []`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

# What a mail program would fetch, run or send, or what pictures of text are made of.
NOT_IN_MAIL = {
    *("img", "picture", "svg", "script", "link", "iframe", "object", "embed", "video", "audio", "source", "base"),
    *("form", "input", "button", "select", "textarea"),
}
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
ENOUGH = 4.5  # WCAG 2.2, 1.4.3


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[tuple[int, str]] = []
        self.links: list[tuple[str, str]] = []
        self.words: dict[str, str] = {}
        self.style = self.title = ""
        self._in: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in.append(tag)
        if tag in HEADINGS:
            self.headings.append((int(tag[1]), ""))
        if tag == "a":
            self.links.append((dict(attrs).get("href") or "", ""))

    def handle_endtag(self, tag: str) -> None:
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" in self._in:
            self.style += data
        if "title" in self._in:
            self.title += data
        if self.headings and self._in and any(tag in HEADINGS for tag in self._in):
            level, words = self.headings[-1]
            self.headings[-1] = level, words + data
        if self.links and "a" in self._in:
            address, words = self.links[-1]
            self.links[-1] = address, words + data


def problems_of(html: str, text: str = "") -> list[str]:
    """What is wrong with a mail; nothing is. `text`: its twin, which must lead wherever the HTML leads."""
    page = _Page(html)
    return [*_frame(page, html), *_headings(page), *_contents(page), *_links(page, text), *_colours(page.style)]


def _frame(page: _Page, html: str) -> Iterator[str]:
    if not html.lstrip().lower().startswith("<!doctype html>"):
        yield "no doctype"
    langs = [attrs.get("lang") for tag, attrs in page.tags if tag == "html"]
    if langs not in (["en-GB"], ["en"]):
        yield f"says no language: {langs}"
    if not page.title.strip():
        yield "no title"
    if not any(tag == "meta" and attrs.get("name") == "viewport" for tag, attrs in page.tags):
        yield "a phone shows it small"


def _headings(page: _Page) -> Iterator[str]:
    levels = [level for level, _ in page.headings]
    if levels.count(1) != 1 or levels[:1] != [1]:
        yield f"not one h1 before all other headings: {levels}"
    if any(below > above + 1 for above, below in pairwise(levels)):
        yield f"a level of headings is left out: {levels}"
    yield from (f"an empty h{level}" for level, words in page.headings if not words.strip())


def _contents(page: _Page) -> Iterator[str]:
    for tag, attrs in page.tags:
        if tag in NOT_IN_MAIL:
            yield f"a <{tag}>"
        if "style" in attrs or "bgcolor" in attrs or "color" in attrs or "background" in attrs:
            yield f"a <{tag}> with colours of its own, whose contrast nobody has checked"
        if attrs.get("http-equiv") or any(name.startswith("on") for name in attrs):
            yield f"a <{tag}> that does something"
        if tag == "table" and attrs.get("role") != "presentation" and not any(t == "th" for t, _ in page.tags):
            yield "a table without headings"
    if re.search(r"url\(|@import|@font-face|expression\(", page.style):
        yield "styles that fetch something"


def _links(page: _Page, text: str) -> Iterator[str]:
    for address, words in page.links:
        if not re.match(r"https?://[^/\s]+|mailto:[^\s]+@", address):
            yield f"a link that leads nowhere from a mail: {address!r}"
        if len(words.split()) == 0:
            yield f"a link without words: {address}"
        if words.strip().lower() in ("here", "click here", "this", "link", "more", "read more"):
            yield f"a link that does not say where it leads: {words.strip()}"
        if text and address not in text:
            yield f"the text does not lead to {address}"


def _colours(style: str) -> Iterator[str]:
    """Every colour of words against what may be behind it: its own background, or else each of those of the page."""
    rules = [(selector.strip(), dict(_declared(body))) for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", style)]
    behind = [rule["background"] for selector, rule in rules if "background" in rule and selector in ("body", ".page")]
    if not behind:
        yield "no background, so no contrast is known"
    for selector, rule in rules:
        if "color" not in rule:
            if "background" in rule:
                yield f"{selector} has a background and no colour of its words"
            continue
        for background in [rule["background"]] if "background" in rule else behind:
            ratio = contrast(rule["color"], background)
            if ratio < ENOUGH:
                yield f"{selector}: {rule['color']} on {background} is {ratio:.2f} to 1"


def _declared(body: str) -> Iterator[tuple[str, str]]:
    for declaration in body.split(";"):
        name, _, value = declaration.partition(":")
        if name.strip() in ("color", "background", "background-color"):
            yield name.strip().removesuffix("-color"), value.strip()


def contrast(one: str, other: str) -> float:
    """As WCAG computes it, of two colours such as "#0d4a47"."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    assert re.fullmatch(r"#[0-9a-fA-F]{6}", colour), f"write {colour} as six digits"
    red, green, blue = (_linear(int(colour[n : n + 2], 16) / 255) for n in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


class Anything(datetime):
    """Stands for whatever a template asks for: everything is there, is true, comes twice, is called 1, and was in the
    spring of 2026."""

    convert_to_local_time = False  # asked by templates

    def __new__(cls) -> Anything:
        return super().__new__(cls, 2026, 3, 2, 12, tzinfo=UTC)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("resolve_expression", "as_widget"):
            raise AttributeError(name)
        return self

    def __getitem__(self, name: Any) -> Any:
        if isinstance(name, int) and name > 1:
            raise IndexError
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter((self, self))

    def __len__(self) -> int:
        return 2

    def __str__(self) -> str:
        return "1"

    def __int__(self) -> int:
        return 1
