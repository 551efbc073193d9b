"""Whatever members do, in whatever order, and however often the worker runs or stumbles: what they are mailed is held
to a plain model. Never twice, never what they read before, never what they may not see or do not want; and what they
want, and leave unread, does come."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from forums.actions.digests import plan_digests
from forums.actions.following import choose_level
from forums.actions.posts import hide_post, reply, restore_post
from forums.actions.reading import mark_unread_from, read_everything, read_thread
from forums.actions.telling import tell_of_post
from forums.actions.threads import start_thread
from forums.digest import talk_in
from forums.models import Post, Thread
from network.actions.mail import send_due_mail
from network.actions.membership import join_network, leave_network
from network.actions.profile import MailTimes, choose_mail
from network.delivery.message import Message
from network.limits import RateLimit
from network.models import Member, Membership, Network
from tests.cast import Cast
from tests.queued import run_queued

WHO = st.sampled_from(["fay", "bob", "olga"])
WHERE = st.sampled_from(["ai", "practitioners"])
WHICH = st.integers(0, 20)
MOST_THREADS = 8  # of one network: all that a digest tells of by name


@dataclass(eq=False)
class Said:
    pk: int
    thread: int
    number: int
    network: Network
    by: Member
    at: datetime
    mentions: Member | None = None
    is_hidden: bool = False
    was_hidden: bool = False


@dataclass
class Reader:
    """What one member did, and what came to them."""

    mail: dict[int, str]  # by network
    at_once: bool = True
    # When they last chose how they are written to, or came to a network.
    chose_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    levels: dict[int, str] = field(default_factory=dict)  # chosen, by thread
    level_chosen_at: dict[int, datetime] = field(default_factory=dict)
    # What they have before them as read; and what they ever had.
    seen: set[int] = field(default_factory=set)
    ever_seen: set[int] = field(default_factory=set)
    mailed: set[int] = field(default_factory=set)
    mailed_of: dict[int, datetime] = field(default_factory=dict)  # the last time, by thread

    def sees(self, posts: list[Said]) -> None:
        self.seen |= {post.pk for post in posts}
        self.ever_seen |= self.seen


class Mailing(RuleBasedStateMachine):
    """Each run stands in a transaction of its own, which is taken back."""

    cast: Cast

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(RateLimit, "spend", lambda *_, **__: None)
        self.patch.setattr(timezone, "now", lambda: self.now)
        self.now = datetime(2026, 3, 5, 9, tzinfo=UTC)
        talk_in.cache_clear()
        outbox.outbox.clear()
        self.posts: list[Said] = []
        self.people = {who: getattr(self.cast, who) for who in ("fay", "bob", "olga")}
        self.networks = {"ai": self.cast.ai, "practitioners": self.cast.practitioners}
        long_ago = self.now - timedelta(days=60)
        Membership.objects.update(joined_at=long_ago, read_before=long_ago)
        Member.objects.update(welcome_steps_done=3, digest_chosen_at=self.now)
        self.readers = {
            who: Reader({network.pk: "weekly" for network in self.networks.values() if who != "olga"})
            for who in self.people
        }

    def teardown(self) -> None:
        try:
            self.what_was_wanted_came()
        finally:
            self.patch.undo()
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    # What people do

    @initialize(theirs=st.sampled_from(["weekly", "daily"]))
    def begin(self, theirs: str) -> None:
        if theirs == "daily":
            self.choose_mail("bob", "ai", "daily")

    @rule(who=WHO, where=WHERE, whom=st.none() | WHO)
    def start(self, who: str, where: str, whom: str | None) -> None:
        network = self.networks[where]
        if not self.belongs(who, network) or self.count_threads(network) >= MOST_THREADS:
            return
        number = len(self.posts)
        words, mentioned = self.words(number, network, whom)
        thread = start_thread(network, by=self.people[who], theme=self.cast.theme, title=f"talk{number}", source=words)
        self.remember(thread.posts.get(), network, who, mentioned)

    @precondition(lambda self: self.posts)
    @rule(who=WHO, which=WHICH, whom=st.none() | WHO, answering=st.booleans())
    def write(self, who: str, which: int, whom: str | None, answering: bool) -> None:
        said = self.some(which)
        if not self.belongs(who, said.network) or not any(not one.is_hidden for one in self.of(said.thread)):
            return
        me, seen = self.people[who], self.readers[who].seen
        has_seen_all = all(one.pk in seen or one.by == me or one.is_hidden for one in self.of(said.thread))
        words, mentioned = self.words(len(self.posts), said.network, whom)
        answered = Post.objects.get(pk=said.pk) if answering else None
        post = reply(self.thread(said), by=self.people[who], source=words, reply_to=answered)
        self.remember(post, said.network, who, mentioned)
        if has_seen_all:
            self.readers[who].sees(self.of(said.thread))

    @precondition(lambda self: self.posts)
    @rule(who=WHO, which=WHICH)
    def read(self, who: str, which: int) -> None:
        said = self.some(which)
        if self.belongs(who, said.network):
            read_thread(self.thread(said), by=self.people[who], up_to=said.number)
            self.readers[who].sees([one for one in self.of(said.thread) if one.number <= said.number])

    @rule(who=WHO, where=WHERE)
    def read_all(self, who: str, where: str) -> None:
        network = self.networks[where]
        if self.belongs(who, network):
            read_everything(network, by=self.people[who])
            self.readers[who].sees([one for one in self.posts if one.network == network])
            self.now += timedelta(seconds=1)  # what is written at the same moment would be below the floor

    @precondition(lambda self: self.posts)
    @rule(who=WHO, which=WHICH)
    def mark_unread(self, who: str, which: int) -> None:
        said = self.some(which)
        if self.belongs(who, said.network):
            self.now += timedelta(seconds=1)
            mark_unread_from(Post.objects.get(pk=said.pk), by=self.people[who])
            here = {one.pk for one in self.of(said.thread)}
            self.readers[who].seen -= {pk for pk in here if pk >= said.pk}

    @precondition(lambda self: self.posts)
    @rule(who=WHO, which=WHICH, level=st.sampled_from(["mute", "normal", "watch"]))
    def choose_level(self, who: str, which: int, level: str) -> None:
        said = self.some(which)
        if self.belongs(who, said.network):
            choose_level(self.thread(said), level, by=self.people[who])
            self.readers[who].levels[said.thread] = level
            self.readers[who].level_chosen_at[said.thread] = self.now

    @rule(who=WHO, where=WHERE, mail=st.sampled_from(["weekly", "daily", "each", "nothing"]))
    def choose_mail(self, who: str, where: str, mail: str) -> None:
        network, reader = self.networks[where], self.readers[who]
        if self.belongs(who, network):
            choose_mail({Membership.objects.get(member=self.people[who], network=network): mail}, by=self.people[who])
            reader.mail[network.pk] = mail
            reader.chose_at = self.now

    @rule(who=WHO)
    def switch(self, who: str) -> None:
        reader = self.readers[who]
        reader.at_once, reader.chose_at = not reader.at_once, self.now
        choose_mail({}, MailTimes(0, 8, at_once=reader.at_once), by=self.people[who])
        self.people[who].refresh_from_db()

    @rule()
    def come_or_go(self) -> None:
        olga, reader, ai = self.cast.olga, self.readers["olga"], self.cast.ai
        if self.belongs("olga", ai):
            leave_network(ai, by=olga)
            del reader.mail[ai.pk]
        else:
            self.now += timedelta(seconds=1)
            join_network(ai, by=olga)
            reader.mail[ai.pk] = Membership.objects.get(member=olga, network=ai).mail
            reader.chose_at = self.now
            reader.sees([one for one in self.posts if one.network == ai])
            self.now += timedelta(seconds=1)

    @precondition(lambda self: self.posts)
    @rule(which=WHICH)
    def hide_or_restore(self, which: int) -> None:
        said = self.some(which)
        post = Post.objects.select_related("thread__network").get(pk=said.pk)
        if said.is_hidden:
            restore_post(post, by=self.cast.fay)
        else:
            hide_post(post, by=self.cast.fay, reason="Wrong")
        said.is_hidden, said.was_hidden = not said.is_hidden, True

    # What the worker does

    @rule(minutes=st.sampled_from([1, 3, 11, 60, 600, 1_300]), is_late=st.booleans())
    def time_passes(self, minutes: int, is_late: bool) -> None:
        """The worker may send what is due before it comes to what was written."""
        self.now += timedelta(minutes=minutes)
        if is_late:
            self.send()
        self.work()

    @rule()
    def work(self) -> None:
        run_queued()
        self.send()

    @rule(which=WHICH)
    def work_again(self, which: int) -> None:
        """As after a crash: what was done is done once more."""
        if self.posts:
            tell_of_post(self.some(which).pk)
        self.send()
        self.send()

    @rule()
    def send_before_telling(self) -> None:
        """A worker whose queue is long."""
        self.now += timedelta(minutes=3)
        self.send()

    @rule()
    def stumble(self) -> None:
        """The mail server is away."""
        run_queued()
        with self.patch.context() as patch:
            patch.setattr(Message, "send", _refuse)
            self.send()

    def send(self) -> None:
        plan_digests()
        send_due_mail()
        for message in outbox.outbox:
            self.check(message)
        outbox.outbox.clear()

    # What is right

    def check(self, message: Any) -> None:
        (who,) = (who for who, member in self.people.items() if message.to == [member.email])
        reader = self.readers[who]
        told = {int(number) for number in re.findall(r"\bword(\d+)\b", message.body)}
        assert told
        assert told == {int(number) for number in re.findall(r"\bword(\d+)\b", str(message.alternatives[0][0]))}
        for number in told:
            said = self.posts[number]
            assert said.pk not in reader.mailed, "mailed twice"
            assert said.pk not in reader.seen, "read before"
            assert not said.is_hidden, "hidden"
            assert said.by != self.people[who], "their own"
            assert self.belongs(who, said.network), "outside"
            assert reader.mail[said.network.pk] != "nothing", "not wanted"
            assert reader.levels.get(said.thread) != "mute", "muted"
            reader.mailed.add(said.pk)
            reader.mailed_of[said.thread] = self.now

    def what_was_wanted_came(self) -> None:
        """Nobody does anything for eight days, and the worker works."""
        for _ in range(8 * 4 + 1):
            self.now += timedelta(hours=6)
            self.work()
        for who, reader in self.readers.items():
            for said in self.posts:
                if self.was_wanted(who, reader, said):
                    came = reader.mailed_of.get(said.thread)
                    assert came is not None, f"{said} never came to {who}"
                    assert came >= said.at, f"{said} never came to {who}"

    def was_wanted(self, who: str, reader: Reader, said: Said) -> bool:
        """Beyond doubt: since it was written they changed nothing, and never had it before them."""
        me, changed = self.people[who], reader.level_chosen_at.get(said.thread)
        if said.by == me or said.was_hidden or said.pk in reader.ever_seen or not self.belongs(who, said.network):
            return False
        if reader.chose_at >= said.at or (changed and changed >= said.at) or reader.levels.get(said.thread) == "mute":
            return False
        mail = reader.mail[said.network.pk]
        if mail == "each":
            concerned = said.mentions == me or self.watches(who, said.thread)
            return said.number == 1 or (concerned and reader.at_once)
        return mail != "nothing"

    def watches(self, who: str, thread: int) -> bool:
        started = self.of(thread)[0].by == self.people[who]
        return self.readers[who].levels.get(thread, "watch" if started else "normal") == "watch"

    # What there is

    def belongs(self, who: str, network: Network) -> bool:
        return network.pk in self.readers[who].mail

    def some(self, which: int) -> Said:
        return self.posts[which % len(self.posts)]

    def of(self, thread: int) -> list[Said]:
        return [one for one in self.posts if one.thread == thread]

    def thread(self, said: Said) -> Thread:
        return Thread.objects.select_related("network").get(pk=said.thread)

    def count_threads(self, network: Network) -> int:
        return len({one.thread for one in self.posts if one.network == network})

    def words(self, number: int, network: Network, whom: str | None) -> tuple[str, Member | None]:
        mentioned = self.people[whom] if whom and self.belongs(whom, network) else None
        return f"word{number}" + (f" @{mentioned.name}" if mentioned else ""), mentioned

    def remember(self, post: Post, network: Network, who: str, mentioned: Member | None) -> None:
        self.posts.append(Said(post.pk, post.thread_id, post.number, network, self.people[who], self.now, mentioned))
        # What is written at the same moment as it is read would be read by the floor.
        self.now += timedelta(seconds=1)


def _refuse(*_: object, **__: object) -> None:
    raise ConnectionRefusedError


@pytest.fixture
def run(cast: Cast) -> Callable[[int, int], None]:
    def run(examples: int, steps: int) -> None:
        chosen = settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            # A shorter story of the same would take minutes to find.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(type("Mailing", (Mailing,), {"cast": cast}), settings=chosen)  # type: ignore[no-untyped-call]

    return run


def test_nobody_is_mailed_twice_or_in_vain_and_everybody_gets_what_they_want(run: Callable[[int, int], None]) -> None:
    run(15, 30)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nor_ever(run: Callable[[int, int], None]) -> None:
    run(50, 60)
