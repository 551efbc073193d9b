"""Every mail of every package, as its reader gets it: in words alone, and in HTML that a screen reader, a small screen
and a slow eye can read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, engines
from django.template.loader import get_template

from tests.mails import Anything, contrast, problems_of

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
SITE = "https://guildhall.example.org"
PARTS = {"network/mail/base.html", "network/mail/foot.txt"}


def mails(ending: str) -> list[str]:
    """Of all packages, but what begins with an underscore: parts of others."""
    found = (path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.glob(f"*/mail/*{ending}"))
    return sorted(name for name in found if name not in PARTS and not name.rpartition("/")[2].startswith("_"))


class Everything(Context):
    """A context in which every name is there."""

    def __getitem__(self, key: str) -> Any:
        try:
            return super().__getitem__(key)
        except KeyError:
            return f"{SITE}/1/" if key.endswith(("address", "link", "url")) else Anything()

    def get(self, key: str, otherwise: Any = None) -> Any:
        return self[key]


def written(name: str, **context: Any) -> str:
    own = {"site_url": SITE, "stop_address": f"{SITE}/mail/stop/1/", "stop_all_address": f"{SITE}/mail/stop/2/"}
    return str(get_template(name).template.render(Everything(own | context)))  # type: ignore[attr-defined]


def test_there_are_mails() -> None:
    assert len(mails(".txt")) > 15


@pytest.mark.parametrize("name", mails(".txt"))
def test_a_mail_has_a_subject_and_words(name: str) -> None:
    subject, _, text = written(name).partition("\n")

    assert subject.strip()
    assert len(text.split()) > 10


@pytest.mark.parametrize("name", mails(".txt"))
def test_a_mail_in_words_has_no_markup_and_whole_addresses(name: str) -> None:
    text = written(name)

    assert not re.search(r"</?[a-z]+[ >]|&(amp|lt|gt|quot|#x27);", text)
    assert re.findall(r"(?:^|\s)/[\w/-]+", text) == []
    assert "None" not in text.split()


@pytest.mark.parametrize("name", mails(".html"))
def test_a_mail_in_html_has_a_twin_in_words(name: str) -> None:
    assert name.replace(".html", ".txt") in mails(".txt")


@pytest.mark.parametrize("name", mails(".html"))
def test_a_mail_in_html_stands_in_the_one_frame(name: str) -> None:
    assert '{% extends "network/mail/base.html" %}' in (TEMPLATES / name).read_text()


@pytest.mark.parametrize("name", mails(".html"))
def test_a_mail_in_html_can_be_read_by_everybody(name: str) -> None:
    subject, _, text = written(name.replace(".html", ".txt")).partition("\n")
    foot = written("network/mail/foot.txt")

    assert problems_of(written(name, subject=subject.strip()), text + foot) == []


def frame(content: str = "", *, subject: str = "A subject") -> str:
    template = engines["django"].from_string(
        '{% extends "network/mail/base.html" %}{% block content %}' + content + "{% endblock %}"
    )
    foot = {
        "why": "You belong to a network.",
        "stop_words": "mail from this network",
        "stop_address": f"{SITE}/mail/stop/1/",
        "stop_all_address": f"{SITE}/mail/stop/2/",
    }
    return str(template.render({"site_url": SITE, "subject": subject} | foot))


def test_the_frame_is_readable_by_itself() -> None:
    assert problems_of(frame("<h2>One</h2><p>Words</p><h3>Two</h3>"), written("network/mail/foot.txt")) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("<h1>Again</h1>", "not one h1"),
        ("<h3>Deep</h3>", "left out"),
        ("<h2></h2>", "empty h2"),
        ('<img src="https://example.org/a.png" alt="">', "a <img>"),
        ("<script>1</script>", "a <script>"),
        ('<link rel="stylesheet" href="https://example.org/a.css">', "a <link>"),
        ('<p style="color: #cccccc">Pale</p>', "colours of its own"),
        ('<a href="/networks/">Networks</a>', "leads nowhere"),
        ('<a href="https://guildhall.example.org/x/"></a>', "without words"),
        ('<a href="https://guildhall.example.org/x/">here</a>', "does not say where"),
        ('<a href="https://guildhall.example.org/x/">Read the thread</a>', "the text does not lead"),
        ("<style>.pale { color: #999999; }</style>", "#999999 on #ffffff is 2.85 to 1"),
        ("<style>.b { background: url(https://example.org/a.png); }</style>", "fetch something"),
    ],
)
def test_what_is_unreadable_is_noticed(content: str, problem: str) -> None:
    found = problems_of(frame(content), written("network/mail/foot.txt"))

    assert any(problem in one for one in found), found


def test_what_is_no_whole_page_is_noticed() -> None:
    assert {"no doctype", "no title"} <= set(problems_of("<p>Words</p>"))


def test_what_members_wrote_is_words_in_html() -> None:
    assert "<b>" not in frame("{{ subject }}", subject="<b>bold</b>")


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#767676", "#ffffff", 4.54)]
)
def test_contrast_is_computed_as_wcag_does(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
