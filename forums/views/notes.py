"""What was done to a thread, in lines between its posts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from forums.models import Post, Thread, ThreadNote
from forums.models.moderation import ThreadNoteQuerySet
from network.models import Member
from network.models.prepared import prepared
from network.models.standing import standing_of


@dataclass(frozen=True, slots=True)
class NoteInWords:
    """A note of values alone. Without a number: it is read with what stands beside it, and never unread."""

    words: str
    at: datetime
    # The number of the post of this page that it stands after; 0 above all of them.
    stands_after: int
    # Of the other thread, where the reader may see it.
    title: str = ""
    address: str = ""


def notes_on_page(thread: Thread, page: int, reader: Member, numbers: list[int]) -> list[NoteInWords]:
    """Those of one page of a thread, whose posts have these numbers: one query."""
    up_to = page * Post.PER_PAGE
    # What stands after the last post of a page stands on that page, and what stands before the first on the first.
    after = up_to - Post.PER_PAGE if page > 1 else -1
    networks = {network.pk for network in standing_of(reader).networks}
    return [_in_words(note, numbers, networks) for note in _notes(reader, thread.pk, after, up_to)]


def _in_words(note: ThreadNote, numbers: list[int], networks: set[int]) -> NoteInWords:
    other = note.other
    shown = other if other and other.visible_count and other.network_id in networks else None
    return NoteInWords(
        words=note.get_kind_display(),
        at=note.at,
        stands_after=max((number for number in numbers if number <= note.after_number), default=0),
        title=shown.shown_title if shown else "",
        address=shown.get_absolute_url() if shown else "",
    )


@prepared
def _notes(reader: Member, thread: int, after: int, up_to: int) -> ThreadNoteQuerySet:
    found = ThreadNote.objects.visible_to(reader).filter(thread=thread)
    return found.filter(after_number__gt=after, after_number__lte=up_to).select_related("other").order_by("at", "pk")
