"""Finding people to name in what one writes."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from forums.live.access import belonging
from forums.models import Room
from forums.models.mention import ways_to_write
from network.models import Member, Membership, Network, Viewer


@dataclass(frozen=True, slots=True)
class PersonToMention:
    name: str
    label: str  # of whoever is no officer
    council: str
    words: str  # what to write after the @, so that nobody else is meant


PEOPLE_OFFERED = 8
MOST_WORDS_OF_A_NAME = 4


def find_people_to_mention(viewer: Viewer, network: Network, typed: str) -> list[PersonToMention]:
    """Of those who can read what is written in a network, the ones of whose name each typed word begins a word; by
    name. Nobody for somebody who does not belong to it, and nobody but for at least a letter. One query."""
    here = (
        Membership.objects.visible_to(viewer).active().filter(network__in=Network.objects.of(viewer), network=network)
    )
    return _people_named(Member.objects.filter(pk__in=here.values("member")), typed)


def find_people_in_room(viewer: Viewer, room: Room, typed: str) -> list[PersonToMention]:
    """Of those who may come into a room, likewise. Nobody for somebody who may not."""
    if not Room.objects.visible_to(viewer).filter(pk=room.pk).exists():
        return []
    return _people_named(Member.objects.filter(pk__in=belonging(room.pk).values("pk")), typed)


def _people_named(people: QuerySet[Member], typed: str) -> list[PersonToMention]:
    words = typed.split()
    if not words or len(words) > MOST_WORDS_OF_A_NAME:
        return []
    people = people.exclude(name="")
    namesakes = people.filter(name__iexact=OuterRef("name")).exclude(pk=OuterRef("pk"))
    found = people.annotate(
        has_namesake=Exists(namesakes),
        has_namesake_in_council=Exists(namesakes.filter(organisation=OuterRef("organisation"))),
    )
    for word in words:
        begins = Q(name__istartswith=word)
        for divider in " -'\N{RIGHT SINGLE QUOTATION MARK}":
            begins |= Q(name__icontains=divider + word)
        found = found.filter(begins)
    rows = found.order_by("name", "pk").values_list(
        "pk", "name", "kind", "organisation__short_name", "has_namesake", "has_namesake_in_council"
    )
    result = []
    for pk, name, kind, council, has_namesake, has_namesake_in_council in rows[:PEOPLE_OFFERED]:
        ways = ways_to_write(name, council or "", pk)
        words_of = ways[0] if not has_namesake else ways[-1] if has_namesake_in_council or not council else ways[1]
        result.append(PersonToMention(name, Member(kind=kind).label, council or "", words_of))
    return result
