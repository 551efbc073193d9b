"""What counts as a word, for what is written and for what is looked for: the same on every database."""

from __future__ import annotations

import re
import unicodedata

LONGEST_WORD = 40
MOST_WORDS = 12  # of a query

# Says so little that no search is for it: those that PostgreSQL's English dictionary leaves out.
EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it
    its itself they them their theirs themselves what which who whom this that these those am is are was were be been
    being have has had having do does did doing a an the and but if or because as until while of at by for with about
    against between into through during before after above below to from up down in out on off over under again further
    then once here there when where why how all any both each few more most other some such no nor not only own same so
    than too very s t can will just don should now
        """,
    )
)


def plain_letters(text: str) -> str:
    """Lower case, without accents, apostrophes and the signs that nobody sees."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'").replace("'s", ""))
    return "".join(
        letter
        for letter in letters
        if letter != "'" and not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf"
    )


def indexed(text: str) -> str:
    """A text as it stands in the index: its words in plain letters, one blank between them. So a word inside a file
    name or an address is a word like any other."""
    return " ".join(re.findall(r"[^\W_]+", plain_letters(text)))


def words_of(typed: str) -> list[str]:
    """The words of what somebody typed, without the operators of any search language: at most 12 of at most 40
    characters."""
    return [word[:LONGEST_WORD] for word in re.findall(r"[^\W_]+", typed)][:MOST_WORDS]
