from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, permissions
from forums.models import Post, Reaction
from network.models import Member


def react(post: Post, kind: str, *, by: Member, now: datetime | None = None) -> None:
    """Gives a post a word of one of the kinds; twice is once. Nobody is told. Raises Refused, LimitReached, and
    ValueError for a kind that there is not."""
    permissions.can_react(by, post).enforce()
    limits.REACTING.spend(by, now=now)
    if kind not in Reaction.Kind:
        raise ValueError("There is no such reaction.")
    with transaction.atomic():
        given = Reaction(post=post, member=by, kind=kind, at=now or timezone.now())
        # Two presses at once are one: the constraint decides.
        Reaction.objects.bulk_create([given], ignore_conflicts=True)


def take_back_reaction(post: Post, kind: str, *, by: Member) -> None:
    """Takes a word back that the member gave, if they did. Raises Refused, LimitReached."""
    permissions.can_react(by, post).enforce()
    limits.REACTING.spend(by)
    Reaction.objects.filter(post=post, member=by, kind=kind).delete()
