"""The words for which a host has messages wait, however they are written."""

from __future__ import annotations

import re
import unicodedata

# Letters to Unicode, and nothing at all to readers: fillers of Korean and Khmer syllables.
INVISIBLE = re.compile("[\u115f\u1160\u17b4\u17b5\u3164\uffa0]")


class HeldWords:
    """A room's list: one word, or several in a row, to a line."""

    def __init__(self, lines: str) -> None:
        listed = (_plain(line) for line in lines.splitlines())
        self._listed = {f" {words} " for words in listed if words}

    def are_in(self, body: str) -> bool:
        """Whether one of them stands there as a whole word, whatever its case, its accents and what is between its
        letters that nobody sees."""
        words = f" {_plain(body)} "
        return any(listed in words for listed in self._listed)


def _plain(text: str) -> str:
    """Its words with one blank between them."""
    signs = []
    for sign in unicodedata.normalize("NFKD", INVISIBLE.sub("", text)).casefold():
        category = unicodedata.category(sign)
        if category in ("Cf", "Mn", "Me"):
            continue
        signs.append(sign if category[0] in "LN" or category == "Mc" else " ")
    return " ".join("".join(signs).split())
