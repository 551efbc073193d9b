"""What import-linter cannot see: templates load tags and include each other."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.forms import BaseForm, Textarea
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
STOREYS = ("network", "forums", "cms")  # from the ground up

LOAD = re.compile(r"{%-?\s*load\s+(.*?)\s*%}")
INCLUDE = re.compile(r"""{%-?\s*(?:include|extends)\s+["']([^"']+)["']""")
TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
COMMENT = re.compile(r"{%\s*comment\s*%}.*?{%\s*endcomment\s*%}|{#.*?#}", re.DOTALL)
# What the strict content security policy would stop anyway; better found here than in a console.
INLINE = {
    "a script in the page": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "styles in the page": re.compile(r"<style", re.IGNORECASE),
    "a style attribute": re.compile(r"\sstyle\s*=\s*[\"']", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "a script in an address": re.compile(r"[\"']\s*javascript:", re.IGNORECASE),
    "evaluated htmx": re.compile(r"\shx-(on|vals\s*=\s*[\"']js:|headers\s*=\s*[\"']js:)", re.IGNORECASE),
    "something from another site": re.compile(
        r"<(?:script|link|img|iframe|source)[^>]*(?:src|href)=[\"'](?:https?:)?//"
    ),
}


def templates() -> list[str]:
    return sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file())


def source(name: str) -> str:
    return COMMENT.sub("", (TEMPLATES / name).read_text())


def height_of(name: str) -> int:
    """How high a template stands: that of its package, for the rest that of the ground floor; meetings see all."""
    first = name.partition("/")[0]
    if first == "meetings" or first.startswith("wagtail"):
        return len(STOREYS) - 1
    return STOREYS.index(first) if first in STOREYS else 0


def libraries() -> dict[str, int]:
    """The names that `load` takes, with the height of the package each belongs to."""
    return {
        path.stem: height
        for height, storey in enumerate(STOREYS)
        for path in (ROOT / storey / "templatetags").glob("*.py")
        if path.stem != "__init__"
    }


def upward_calls(name: str, text: str) -> Iterator[str]:
    heights = libraries()
    for words in LOAD.findall(text):
        loaded = words.split(" from ")[-1].split() if " from " in words else words.split()
        yield from (library for library in loaded if heights.get(library, 0) > height_of(name))
    for included in INCLUDE.findall(text):
        if not included.startswith("meetings/") and height_of(included) > height_of(name):
            yield included


@pytest.mark.parametrize("name", templates())
def test_a_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", templates())
def test_a_template_calls_down_only_but_for_the_meetings(name: str) -> None:
    assert list(upward_calls(name, source(name))) == []


@pytest.mark.parametrize("name", [name for name in templates() if name.endswith(".html")])
def test_a_template_holds_nothing_that_the_browser_will_not_run(name: str) -> None:
    text = TAG.sub("", source(name))  # a tag's own arguments, such as style="warning", are not the page's
    # Mail has its styles in it: what it would fetch tells who reads it, and when.
    allowed = {"styles in the page"} if "/mail/" in name else set()
    assert [what for what, pattern in INLINE.items() if pattern.search(text) and what not in allowed] == []


# Long texts that are no members' words to each other.
NO_COMPOSERS = {
    "network/ground_rules_publish.html": "the site's own rules, by an administrator",
    "network/components.html": "shown to developers, sent nowhere",
    "forums/given_back.html": "read-only, to be copied, and sent nowhere",
    "forums/room_rules.html": "words to wait for, shown to nobody but those who run the room",
    # Kept for administrators, or what a network says of itself to everybody.
    **dict.fromkeys(
        [
            *(f"network/administration/{name}.html" for name in ("correct", "reinstate", "suspend")),
            *("network/admission_let_in.html", "network/what_it_says.html"),
            *("network/themes/change.html", "network/themes/vocabulary.html"),
        ],
        "by those who run the site, about the site",
    ),
}
FIELD = re.compile(r"{%\s*field\s+[\w.]*\.(\w+)\b")


def long_texts() -> set[str]:
    """The names of the fields of our forms that are written in a large box."""
    importlib.import_module("network.urls")  # and with it every view and its forms

    def ours(kind: type) -> Iterator[type]:
        for form in kind.__subclasses__():
            if form.__module__.startswith(STOREYS) and not form.__module__.startswith("cms.models"):
                yield form
            yield from ours(form)

    return {
        name
        for form in ours(BaseForm)
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field.widget, Textarea)
    }


def test_beside_every_composer_stands_what_to_leave_out() -> None:
    """One line, the same everywhere: no personal data, nothing OFFICIAL-SENSITIVE, and that it may be disclosed."""
    advice = "components/composer_advice.html"
    words = source(advice)
    assert all(part in words for part in ("personal data", "OFFICIAL-SENSITIVE", "freedom of information"))
    without = []
    for name in (name for name in templates() if name.endswith(".html") and name not in NO_COMPOSERS):
        text = source(name)
        composes = "<textarea" in text or set(FIELD.findall(text)) & long_texts()
        if composes and advice not in text and name != "components/field.html":
            without.append(name)
    assert without == []


def test_no_form_says_twice_what_to_leave_out() -> None:
    twice = [
        name
        for name in templates()
        if any(form.count("components/composer_advice.html") > 1 for form in source(name).split("<form")[1:])
    ]
    assert twice == []


def test_an_upward_call_is_noticed() -> None:
    assert list(upward_calls("network/network.html", "{% load components threads %}")) == ["threads"]
    assert list(upward_calls("forums/thread.html", '{% include "cms/event.html" %}')) == ["cms/event.html"]
    assert list(upward_calls("meetings/hub_navigation.html", "{% load hub %}")) == []
    assert list(upward_calls("network/network.html", '{% include "meetings/network_threads.html" %}')) == []


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<p style="color: red">',
        "<button onclick='go()'>",
        '<a href="javascript:go()">',
        '<img src="https://example.org/a.png">',
        "<p hx-on:click='go()'>",
    ],
)
def test_what_is_inline_is_noticed(text: str) -> None:
    assert any(pattern.search(text) for pattern in INLINE.values())


def test_the_way_out_beside_a_button_is_called_the_same_everywhere() -> None:
    """Whoever leaves a form undoes nothing and sends nothing: "Cancel", or what becomes of the thing ("Keep it")."""
    group = re.compile(r'<div class="govuk-button-group">(.*?)</div>', re.DOTALL)
    otherwise = [
        f"{name}: {words}"
        for name in templates()
        for inside in group.findall(source(name))
        for words in re.findall(r"<a [^>]*>\s*((?:Back|Go back|Return)\b[^<]*)", TAG.sub("", inside))
    ]
    assert otherwise == []
