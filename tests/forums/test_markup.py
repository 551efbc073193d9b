"""What becomes of odd and of hostile text."""

from __future__ import annotations

import time

import pytest

from forums import markup

FULL = markup.MAX_LENGTH


def filled(piece: str) -> str:
    return (piece * (FULL // len(piece) + 1))[:FULL]


BOMBS = {
    **{piece: filled(piece) for piece in ("![", "[[[[", "[a][", "> > >", "> [", "****", "*a _b", "`", "<a", "- ", "#")},
    "addresses": filled("http://a."),
    "mail": filled("mailto:a@"),
    "as many brackets as are parsed": filled("a" * 38 + "[]"),
    "a wide table": "|".join("a" * 3_000) + "\n" + "|".join("-" * 3_000) + "\n" + "|\n" * 2_000,
    "a long table": "|".join("a" * 30) + "\n" + "|".join("-" * 30) + "\n" + "|\n" * 9_900,
    "lists in lists": "\n".join(f"{' ' * 2 * depth}- a" for depth in range(130)),
    "quotations in quotations": "\n".join(">" * depth for depth in range(190)),
    "a quotation that goes on": ">" * 99 + "a\n" + "a\n" * 9_900,
    "lists in quotations": "> - " * 48 + "a\n" + "a\n" * 9_900,
    "quotations that end at once": filled(">" * 5 + "\na\n"),
    "stars and words": filled("***a _b ~~c "),
    "names": filled("@a "),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_text_keeps_the_parser_busy_for_long(bomb: str) -> None:
    began = time.process_time()
    html = markup.render(BOMBS[bomb][:FULL])

    assert time.process_time() - began < 1
    assert len(html) < 20 * FULL


def test_a_text_with_as_many_links_as_somebody_would_write_has_them_all() -> None:
    html = markup.render(
        "[a](https://a.example) " * 100 + "https://b.example " * 50 + "\n\n|a|b|\n|-|-|\n" + "|1|2|\n" * 100
    )

    assert html.count("<a ") == 150
    assert html.count("<tr>") == 101


def test_a_text_with_as_many_quotations_as_somebody_would_write_has_them_all() -> None:
    html = markup.render((">> They said so.\n> Did they?\nThey did.\n\n" + "Words of my own.\n" * 5) * 120)

    assert html.count("<blockquote>") == 240


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("pay \u202e001\u202c now", "pay 001 now"),
        ("\u2066left\u2069", "left"),
        ("pass\u200bword\ufeff", "password"),
        (
            "\U0001f469\u200d\U0001f4bb \u2764\ufe0f\u200d\U0001f525",
            "\U0001f469\u200d\U0001f4bb \u2764\ufe0f\u200d\U0001f525",
        ),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("a\u200d b\u200c", "a b"),
        ("one\u2028two\r\nthree", "one\ntwo\nthree"),
        ("bell\x07 half\ud800 a character", "bell half a character"),
    ],
)
def test_what_nobody_sees_is_left_out_and_what_joins_letters_and_emoji_stays(typed: str, kept: str) -> None:
    assert markup.legible(typed) == kept


@pytest.mark.parametrize(
    ("text", "is_seen"), [("a", True), ("\U0001f600", True), (" \u200e\xad\u3164\u2800\n", False), ("", False)]
)
def test_a_text_without_ink_is_no_text(text: str, is_seen: bool) -> None:
    assert markup.is_seen(text) is is_seen
