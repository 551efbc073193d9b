from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from taggit.models import TagBase

# A tag is a word or a few; the column could hold more.
MAX_TAG_LENGTH = 40


class Tag(TagBase):
    """A free word, one model for threads and pages. Lists and counts of tags start at what carries them: see the
    `visible_to` of the forums' ThreadTag and the hub's PageTag, for a tag's name may itself be a private word."""

    class Meta:
        ordering = ["name"]


def clean_tags(typed: Iterable[str]) -> list[str]:
    """Tags as all of them are spelled, whoever typed them where; in the order typed, each once; what is empty is left
    out. Raises ValidationError for one that is too long."""
    tags = list(dict.fromkeys(tag for tag in map(spelled, typed) if tag))
    if any(len(tag) > MAX_TAG_LENGTH for tag in tags):
        raise ValidationError(f"Each tag can have at most {MAX_TAG_LENGTH} characters")
    return tags


def spelled(tag: str) -> str:
    """Lower case, letters of one form, single spaces, nothing that cannot be seen, no # before it. Commas part tags, so
    none is left in one."""
    letters = (
        " " if letter.isspace() or letter == "," else letter
        for letter in unicodedata.normalize("NFKC", tag)
        if letter.isspace() or not unicodedata.category(letter).startswith("C")
    )
    return " ".join("".join(letters).split()).lstrip("# ").lower()
