"""People named in posts with an @: who is meant, and what becomes of their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from forums import markup
from forums.markup import Named
from forums.models import Mention, Post, PostVersion
from forums.models.mention import FIRST_WORD, ways_to_write
from forums.search import index
from network.actions.closing import FORMER_MEMBER
from network.models import Member, Membership, Network
from network.permissions import Refused


class NotMentioned(Refused):
    """Somebody is named who cannot be, or it is not clear who; the message says what to write instead. It belongs
    beside the field with the text."""

    field = "source"


@dataclass(frozen=True, slots=True)
class Written:
    """A text rendered for a network, and the numbers of the members whom it names."""

    html: str
    named: frozenset[int]


def write(source: str, network: Network, *, by: Member | None, before: str = "") -> Written:
    """Renders what a member says in a network. Whom they name is found among those they can see; `before` is the HTML
    of the text that this one takes the place of, and whoever is named there may stay named. What the site itself says
    names nobody. Part of a verb. Raises NotMentioned, and ValueError for a source longer than `markup.MAX_LENGTH`."""
    if by is None or "@" not in source:
        return Written(markup.render(source), frozenset())
    roster = Roster(network, by, source, markup.mentioned(before))
    return Written(markup.render(source, roster), frozenset(roster.named))


def remember(post: Post, written: Written) -> None:
    """Writes down who is named in a post. Part of a verb. Whom earlier words named stays: those can still be read.
    Raises NotMentioned."""
    rows = [Mention(post=post, member_id=pk) for pk in sorted(written.named)]
    if not rows:
        return
    Mention.objects.bulk_create(rows, ignore_conflicts=True)
    # The rows waited for whoever was closing their account at this moment; the name that has just left must not come
    # back. Whoever begins to close theirs after this waits for the end of our transaction, and finds the rows.
    if Member.objects.filter(pk__in=written.named, inactive_because=Member.Inactive.CLOSED).exists():
        raise NotMentioned("Somebody whom you mention has just closed their account. Take their name out.")


def forget_name(member: Member) -> None:
    """Their name leaves every place where others mention them, in earlier words too. Part of a verb: their account is
    about to be closed."""
    posts = Post.objects.filter(mentions__member=member).select_related("thread")
    # Whoever changes a post at the same moment waits, or is waited for.
    for post in posts.select_for_update(of=("self",)).order_by("pk").iterator(500):
        if _take_out(post, member):
            post.save(update_fields=["source", "html"])
            if post.is_shown:
                index.index_post(post)
    for version in PostVersion.objects.filter(post__mentions__member=member).order_by("pk").iterator(500):
        if _take_out(version, member):
            version.save(update_fields=["source", "html"])
    index.forget_name_of(member)
    index.forget_what_was_replaced()


def _take_out(words: Post | PostVersion, member: Member) -> bool:
    """Whether anything was there to change. The words are somebody else's: nothing is replaced but what the parser took
    for a mention, and nothing is rendered anew, for what stood there plainly would become a mention or a link."""
    address = member.get_absolute_url()
    people = markup.mentioned(words.html)
    if address not in people.values():
        return False
    html = words.html
    words.html = markup.without_mentions(html, address, FORMER_MEMBER)
    source = markup.composed(words.source)
    places = _places(source, people)
    # What the source says and what was rendered disagree only where a mention stands in what the parser looks up.
    if len(places) == markup.count_mentions(html):
        theirs = [(start, end) for start, end in places if people[source[start + 1 : end]] == address]
        longer = sum(len(FORMER_MEMBER) - (end - start) for start, end in theirs)
        # Others' words are never cut short: where there is no room, a shorter sign stands there.
        instead = FORMER_MEMBER if len(source) + longer <= markup.MAX_LENGTH else NO_ROOM
        for start, end in reversed(theirs):
            source = source[:start] + instead + source[end:]
        words.source = source
    return True


NO_ROOM = "…"  # no longer than an @ and a name


def _places(source: str, people: Mapping[str, str]) -> list[tuple[int, int]]:
    """Where in the source the parser finds these people mentioned: from the @ to the end of the words."""
    longest_first = sorted(people, key=len, reverse=True)
    # The same end of a name as in `_goes_on`.
    any_name = re.compile("@(" + "|".join(map(re.escape, longest_first)) + r")(?![^\W_])")
    places = [found.span() for found in any_name.finditer(source)]
    numbered = Numbered(places)
    markup.render(numbered.put_into(source), numbered)
    return [places[number] for number in sorted(numbered.found)]


class Numbered:
    """Places that may be mentions. Each is known again by a sign of its own, which nobody can type, in place of the
    first letter; to the parser it is a letter too."""

    FIRST = 0xF0000  # a plane of Unicode for private use

    def __init__(self, places: list[tuple[int, int]]) -> None:
        self._places = places
        self.found: set[int] = set()

    def put_into(self, source: str) -> str:
        signs = list(source)
        for number, (start, _) in enumerate(self._places):
            signs[start + 1] = chr(self.FIRST + number)
        return "".join(signs)

    def at(self, text: str, position: int, *, in_quote: bool) -> Named | None:
        number = ord(text[position : position + 1] or " ") - self.FIRST
        if not 0 <= number < len(self._places):
            return None
        self.found.add(number)
        start, end = self._places[number]
        return Named(end - start - 1, "/")


class Known:
    """The people of a text whose names are known as they stand in it."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        """By the words after the @."""
        self._addresses = dict(sorted(addresses.items(), key=lambda item: -len(item[0])))

    def at(self, text: str, position: int, *, in_quote: bool = False) -> Named | None:
        for words, address in self._addresses.items():
            if text.startswith(words, position) and not _goes_on(text, position + len(words)):
                return Named(len(words), address)
        return None


AFTER_AT = re.compile(r"@(\w+)")
PLAIN_LETTERS = re.compile("[A-Za-z]*")
MOST_BEGINNINGS = 50  # that a query names


@dataclass(frozen=True, slots=True)
class _Person:
    pk: int
    name: str
    council: str
    is_here: bool  # belongs to the network, so can read what is written there


class Roster:
    """The people whom a writer can see and a text may name, by the ways in which each may be written. Read when the
    first @ asks for it, in one query; after that no text costs more than its length."""

    def __init__(self, network: Network, by: Member, source: str, kept: Mapping[str, str]) -> None:
        """`kept`: whoever is named already, by the words after the @."""
        self._said: set[int] = set()
        self._quoted: set[int] = set()
        self._text = markup.composed(source).lower()
        words = AFTER_AT.findall(markup.composed(source))
        self._beginnings = {word.lower() for word in words}
        # Of letters with capitals of their own, or made of two signs, a database may think otherwise.
        self._plain_beginnings = {found[0].lower() for word in words if (found := PLAIN_LETTERS.match(word))}
        self._network = network
        self._by = by
        self._kept = Known(kept)
        self._people: dict[str, dict[str, list[_Person]]] | None = None
        self._labels: dict[int, str] = {}

    def at(self, text: str, position: int, *, in_quote: bool) -> Named | None:
        """Whoever is quoted as naming somebody is asked nothing: what is not clear stays as it is. Raises
        NotMentioned."""
        kept = self._kept.at(text, position)
        length, found = self._longest(text, position)
        if kept and kept.length >= length:
            pk = int(kept.address.rstrip("/").rpartition("/")[2])
            return self._name(pk, kept._replace(label=self._labels.get(pk, "")), in_quote)
        if not found:
            return None
        here = [person for person in found if person.is_here]
        if len(here) == 1:
            pk = here[0].pk
            return self._name(pk, Named(length, reverse("member", args=[pk]), self._labels[pk]), in_quote)
        if in_quote:
            return None
        if not here:
            raise NotMentioned(f"{found[0].name} cannot read this thread, so they cannot be mentioned.")
        raise NotMentioned(_which_of(here))

    @property
    def named(self) -> set[int]:
        return self._said | self._quoted

    def _name(self, pk: int, named: Named, in_quote: bool) -> Named | None:
        whom = self._quoted if in_quote else self._said
        if pk not in whom and len(whom) == Mention.MOST:
            if in_quote:
                return None
            raise NotMentioned(f"You can mention at most {Mention.MOST} people in a post.")
        whom.add(pk)
        return named

    def _longest(self, text: str, position: int) -> tuple[int, list[_Person]]:
        """All who are written in the longest way that fits: in words that stand for nobody, none."""
        word = FIRST_WORD.match(text, position)
        if word is None:
            return 0, []
        if self._people is None:
            self._people = self._read()
        ways = self._people.get(word[0].lower(), {})
        for length in sorted({len(way) for way in ways}, reverse=True):
            end = position + length
            # At its end a text has no such length any more, though what is left of it may be a shorter way.
            found = ways.get(text[position:end].lower()) if end <= len(text) else None
            if found and not _goes_on(text, end):
                return length, found
        return 0, []

    def _read(self) -> dict[str, dict[str, list[_Person]]]:
        """By the first word of the name, and then by the way of writing them."""
        here = Membership.objects.active().filter(network=self._network, member=OuterRef("pk"))
        may_be_named = Member.objects.visible_to(self._by).exclude(name="")
        # A text names a few of thousands, whom nobody needs to look through.
        if "" not in self._plain_beginnings and len(self._plain_beginnings) <= MOST_BEGINNINGS:
            begins = (Q(name__istartswith=word) for word in sorted(self._plain_beginnings))
            may_be_named = may_be_named.filter(reduce(or_, begins, Q()))
        seen: Iterable[Any] = may_be_named.values_list("pk", "name", "organisation__short_name", "kind", Exists(here))
        people: defaultdict[str, defaultdict[str, list[_Person]]] = defaultdict(lambda: defaultdict(list))
        for pk, name, council, kind, is_here in seen:
            word = FIRST_WORD.match(markup.composed(name))
            if word is None or word[0].lower() not in self._beginnings:
                continue
            self._labels[pk] = "" if kind == Member.Kind.OFFICER else str(Member.Kind(kind).label)
            person = _Person(pk, markup.composed(name), markup.composed(council or ""), is_here)
            if f"@{person.name.lower()}" not in self._text:
                continue
            for way in ways_to_write(person.name, person.council, pk):
                people[word[0].lower()][way.lower()].append(person)
        return {word: dict(ways) for word, ways in people.items()}


def _goes_on(text: str, end: int) -> bool:
    """Whether the word that ends here has more letters, so that it is another."""
    return text[end : end + 1].isalnum()


def _which_of(people: list[_Person]) -> str:
    """Asks which of several people of one name is meant, by what tells them apart."""
    councils = [person.council for person in people]
    choices = []
    for person in people:
        _, *longer = ways_to_write(person.name, person.council, person.pk)
        tells_apart = person.council and councils.count(person.council) == 1
        choices.append("@" + (longer[0] if tells_apart else longer[-1]))
    listed = ", ".join(choices[:-1]) + f" or {choices[-1]}"
    return f"More than one person here is called {people[0].name}. Write {listed}."
