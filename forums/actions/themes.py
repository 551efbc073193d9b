from __future__ import annotations

from forums.models import HeldPost, Thread
from network.models import Theme


def move_threads(old: Theme, new: Theme) -> int:
    """Puts all threads of one theme under another, in every network; returns how many. Part of a verb: the two have
    become one. Nothing moves up and nothing is unread by it."""
    HeldPost.objects.filter(theme=old).update(theme=new)
    return Thread.objects.filter(theme=old).update(theme=new)
