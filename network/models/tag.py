from __future__ import annotations

from taggit.models import TagBase


class Tag(TagBase):
    """A free word, one model for threads and pages. Lists and counts of tags start at what carries them: see the
    `visible_to` of the forums' ThreadTag and the hub's PageTag, for a tag's name may itself be a private word."""

    class Meta:
        ordering = ["name"]
