"""What is unread, followed and watched, held to plain rules told a second time in Python."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from forums import limits
from forums.actions.following import choose_level, choose_network_level, choose_theme_level, use_usual_level
from forums.actions.posts import delete_post, hide_post, reply, restore_post
from forums.actions.reading import (
    first_unread,
    mark_unread_from,
    read_everything,
    read_everything_everywhere,
    read_thread,
)
from forums.actions.threads import begin_site_discussion, move_thread, start_thread
from forums.models import FollowLevel, Level, MemberThread, Post, Thread
from forums.models.reading import level_of
from forums.notifications import watchers_of
from network.limits import RateLimit
from network.models import Member, MemberTheme, Network, NetworkTheme, Theme
from network.permissions import Refused
from tests.cast import Cast

STRONG = (Level.FOLLOW, Level.WATCH)


@dataclass
class Said:
    by: Member | None
    at: datetime
    is_deleted: bool = False
    is_hidden: bool = False

    @property
    def is_shown(self) -> bool:
        return not self.is_deleted and not self.is_hidden


@dataclass
class Talk:
    network: Network
    theme: Theme
    said: list[Said] = field(default_factory=list)

    @property
    def is_quiet(self) -> bool:
        return all(one.by is None for one in self.said)


@dataclass
class Reader:
    """What one member did, and what they should see."""

    floors: dict[int, datetime]
    read: dict[int, int] = field(default_factory=dict)
    marked: dict[int, datetime] = field(default_factory=dict)
    of_threads: dict[int, str] = field(default_factory=dict)
    of_themes: dict[int, str] = field(default_factory=dict)
    of_networks: dict[int, str] = field(default_factory=dict)

    def unseen(self, member: Member, pk: int, talk: Talk) -> list[int]:
        """The numbers of the posts of others that they have not read."""
        floor = self.floors[talk.network.pk]
        is_lifted = pk in self.marked and self.marked[pk] > floor
        return [
            number
            for number, one in enumerate(talk.said, start=1)
            if one.is_shown and one.by != member and number > self.read.get(pk, 0) and (one.at > floor or is_lifted)
        ]

    def has_muted(self, pk: int, talk: Talk) -> bool:
        chosen = self.of_threads.get(pk) or self.of_themes.get(talk.theme.pk) or self.of_networks.get(talk.network.pk)
        return chosen == Level.MUTE


class Life:
    """Members who do whatever comes to their mind, and the model of what each should see."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.dice = random.Random(seed)
        self.now = timezone.now()
        self.themes = [cast.theme, Theme.objects.create(name="Roads", slug="roads")]
        self.networks = [cast.ai, cast.practitioners]
        for network in self.networks:
            NetworkTheme.objects.create(network=network, theme=self.themes[1])
        self.facilitator = cast.fay
        self.members = [cast.bob, cast.fay]
        floor = cast.bob.memberships.get(network=cast.ai).read_before
        self.readers = {member: Reader(dict.fromkeys([n.pk for n in self.networks], floor)) for member in self.members}
        self.talks: dict[int, Talk] = {}

    def live(self) -> str:
        """Does one thing; says which."""
        self.now += timedelta(seconds=self.dice.choice([1, 60, 3_600]))
        member = self.dice.choice(self.members)
        acts = [self.write, self.write, self.read, self.read, self.mark_unread, self.change_sight, self.choose]
        acts += [self.mark_all_read, self.move] if self.dice.random() < 0.4 else []
        act = self.dice.choice(acts) if self.talks else self.start
        if self.dice.random() < 0.15:
            act = self.start
        act(member)
        return f"{act.__name__} by {member}"

    def some_thread(self) -> tuple[Thread, Talk]:
        pk = self.dice.choice(list(self.talks))
        return Thread.objects.select_related("network").get(pk=pk), self.talks[pk]

    def start(self, member: Member) -> None:
        network, theme = self.dice.choice(self.networks), self.dice.choice(self.themes)
        if self.dice.random() < 0.2:
            thread = begin_site_discussion(network, theme=theme, title="Site", source="Site", now=self.now)
            self.talks[thread.pk] = Talk(network, theme, [Said(None, self.now)])
            return
        thread = start_thread(network, by=member, theme=theme, title="T", source="T", now=self.now)
        self.talks[thread.pk] = Talk(network, theme, [Said(member, self.now)])
        self.readers[member].read[thread.pk] = 1

    def write(self, member: Member) -> None:
        thread, talk = self.some_thread()
        if not any(one.is_shown for one in talk.said):
            return  # what was taken back is answered by nobody
        has_seen_all = not self.readers[member].unseen(member, thread.pk, talk)
        reply(thread, by=member, source="Words", now=self.now)
        talk.said.append(Said(member, self.now))
        if has_seen_all:
            self.readers[member].read[thread.pk] = len(talk.said)

    def read(self, member: Member) -> None:
        thread, talk = self.some_thread()
        up_to = self.dice.randint(1, len(talk.said))
        read_thread(thread, by=member, up_to=up_to)
        reader = self.readers[member]
        reader.read[thread.pk] = max(reader.read.get(thread.pk, 0), up_to)
        if not any(one.is_shown for one in talk.said[up_to:]):
            reader.marked.pop(thread.pk, None)

    def mark_unread(self, member: Member) -> None:
        thread, talk = self.some_thread()
        number = self.dice.randint(1, len(talk.said))
        mark_unread_from(Post.objects.get(thread=thread, number=number), by=member, now=self.now)
        # What they have not read before it stays unread.
        unseen = self.readers[member].unseen(member, thread.pk, talk)
        self.readers[member].read[thread.pk] = min([number, *unseen]) - 1
        self.readers[member].marked[thread.pk] = self.now

    def mark_all_read(self, member: Member) -> None:
        if self.dice.random() < 0.5:
            read_everything_everywhere(by=member, now=self.now)
            self.readers[member].floors = dict.fromkeys(self.readers[member].floors, self.now)
        else:
            network = self.dice.choice(self.networks)
            read_everything(network, by=member, now=self.now)
            self.readers[member].floors[network.pk] = self.now

    def change_sight(self, member: Member) -> None:
        thread, talk = self.some_thread()
        number = self.dice.randint(1, len(talk.said))
        post, one = (
            Post.objects.select_related("thread__network").get(thread=thread, number=number),
            talk.said[number - 1],
        )
        if one.is_hidden and self.dice.random() < 0.7:
            restore_post(post, by=self.facilitator)
            one.is_hidden = False
        elif one.by == member and self.dice.random() < 0.5:
            try:
                delete_post(post, by=member)
            except Refused:
                return
            one.is_deleted = True
        else:
            hide_post(post, by=self.facilitator, reason="Because", now=self.now)
            one.is_hidden = True

    def move(self, member: Member) -> None:
        thread, talk = self.some_thread()
        talk.theme = self.dice.choice(self.themes)
        before = thread.last_post_at
        assert move_thread(thread, talk.theme, by=self.facilitator).last_post_at == before

    def choose(self, member: Member) -> None:
        thread, talk = self.some_thread()
        level = self.dice.choice([Level.MUTE, Level.NORMAL, Level.WATCH])
        reader = self.readers[member]
        match self.dice.randint(1, 4):
            case 1:
                choose_level(thread, level, by=member)
                reader.of_threads[thread.pk] = level
            case 2:
                use_usual_level(thread, by=member)
                reader.of_threads.pop(thread.pk, None)
            case 3:
                choose_theme_level(talk.theme, level, by=member)
                reader.of_themes[talk.theme.pk] = level
            case 4:
                choose_network_level(talk.network, level, by=member)
                reader.of_networks[talk.network.pk] = level

    def check(self) -> None:
        for member, reader in self.readers.items():
            unseen = {pk: reader.unseen(member, pk, talk) for pk, talk in self.talks.items()}
            expected = {
                pk
                for pk, numbers in unseen.items()
                if numbers and not self.talks[pk].is_quiet and not reader.has_muted(pk, self.talks[pk])
            }
            new = {
                pk
                for pk in expected
                if not reader.read.get(pk) and self.talks[pk].said[0].at > reader.floors[self.talks[pk].network.pk]
            }
            marked = Thread.objects.visible_to(member).marked_for(member)
            assert {thread.pk for thread in Thread.objects.unread_by(member)} == expected
            assert {thread.pk for thread in marked if thread.is_unread} == expected
            assert {thread.pk for thread in Thread.objects.new_to(member)} == new
            thread = marked.select_related("network").order_by("?").first()
            assert thread is None or first_unread(thread, member) == min(unseen[thread.pk], default=None)


@pytest.mark.parametrize("seed", range(3))
def test_everybody_sees_as_unread_what_a_plain_model_says(
    cast: Cast, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, limit in vars(limits).items():
        if isinstance(limit, RateLimit):
            monkeypatch.setattr(limits, name, RateLimit(limit.what, 100_000, per=limit.per))
    life = Life(cast, seed)
    done = []
    for _ in range(45):
        done.append(life.live())
        try:
            life.check()
        except AssertionError as wrong:
            raise AssertionError(f"After {done[-3:]} with seed {seed}") from wrong


LEVELS: list[str | None] = [None, *Level.values]


def test_lists_and_notices_agree_with_the_level_that_is_shown(cast: Cast) -> None:
    """For every combination of what somebody chose for a thread, or did in it, with what they chose for its theme and
    its network, and whether the theme interests them."""
    bob = cast.bob
    in_threads = [*((level, True) for level in Level.values), *((level, False) for level in (Level.NORMAL, *STRONG))]
    threads = [start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="T", source="T") for _ in in_threads]
    for thread, (level, is_chosen) in zip(threads, in_threads, strict=True):
        reason = "" if is_chosen or level == Level.NORMAL else "you replied"
        MemberThread.objects.create(member=bob, thread=thread, level=level, level_reason=reason, level_chosen=is_chosen)
    for of_theme, of_network, interested in itertools.product(LEVELS, LEVELS, (False, True)):
        FollowLevel.objects.filter(member=bob).delete()
        MemberTheme.objects.filter(member=bob).delete()
        if of_theme:
            FollowLevel.objects.create(member=bob, theme=cast.theme, level=of_theme)
        if of_network:
            FollowLevel.objects.create(member=bob, network=cast.ai, level=of_network)
        if interested:
            MemberTheme.objects.create(member=bob, theme=cast.theme)
        rows = Thread.objects.visible_to(bob).marked_for(bob).levelled_for(bob).select_related("theme", "network")
        shown = {thread.pk: thread.level_for_reader.level for thread in rows}
        case = (of_theme, of_network, interested, shown)

        followed = {thread.pk for thread in Thread.objects.followed_by(bob)}
        assert followed == {pk for pk, level in shown.items() if level in STRONG}, case
        unread = {thread.pk for thread in Thread.objects.unread_by(bob)}
        assert unread == {pk for pk, level in shown.items() if level != Level.MUTE}, case
        watched = {thread.pk for thread in threads if bob in watchers_of(thread)}
        assert watched == {pk for pk, level in shown.items() if level == Level.WATCH}, case


def level(of_thread: tuple[str, bool] | None, of_theme: str | None, of_network: str | None, interested: bool) -> str:
    own = MemberThread(level=of_thread[0], level_chosen=of_thread[1], level_reason="") if of_thread else None
    theme, network = Theme(name="Roads"), Network(name="AI Network")
    reasoned = level_of(
        own, theme=theme, network=network, of_theme=of_theme, of_network=of_network, interested=interested
    )
    return f"{reasoned.level}: {reasoned.reason}"


@pytest.mark.parametrize(
    ("of_thread", "of_theme", "of_network", "interested", "words"),
    [
        (None, None, None, False, "normal: "),
        (None, None, None, True, "follow: you follow Roads"),
        (None, None, "watch", False, "watch: you watch the AI Network"),
        (None, "mute", "watch", True, "mute: you muted Roads"),
        (None, "normal", "mute", True, "normal: you chose normal for Roads"),
        (None, None, "mute", True, "mute: you muted the AI Network"),
        (("watch", False), "mute", None, False, "mute: you muted Roads"),
        (("watch", True), "mute", None, False, "watch: you chose it"),
        (("normal", True), None, "watch", True, "normal: you chose it"),
        (("follow", False), None, "watch", False, "watch: you watch the AI Network"),
    ],
)
def test_a_level_says_why(
    of_thread: tuple[str, bool] | None, of_theme: str | None, of_network: str | None, interested: bool, words: str
) -> None:
    assert level(of_thread, of_theme, of_network, interested) == words
