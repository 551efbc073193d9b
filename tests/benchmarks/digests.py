"""How long the digests of a morning take, and one post that hundreds watch: in seconds, and in queries for each member.

    make bench SCALE=10

At ten times the scale: 700 members of 2 networks, and 10,000 members of 20; below that, so much fewer. The mail goes to
a sink that takes every message as its bytes and keeps none, so that what is measured is ours. Members, networks and
what they write are made in the database of the settings, beside whatever stands there; each run writes it anew.
What is asked for one member alone is counted by itself, and what those share who are read together beside it."""

from __future__ import annotations

import argparse
import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tests.benchmarks.threads import Measured, database_cpu, machine, say  # first: it sets Django up

# isort: split

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.test.utils import override_settings
from django.utils import timezone

from forums.actions.bulk import NewPost, NewThread, load_threads
from forums.actions.digests import plan_digests
from forums.actions.posts import reply
from forums.actions.telling import tell_of_post
from forums.digest import Digests, talk_in
from forums.models import FollowLevel, Level, MemberThread, Post, Thread
from network.actions import mail as post_office
from network.actions.mail import send_due_mail
from network.models import MailLedger, Member, Membership, MemberTheme, Network, Notice, Organisation, Theme

FULL = 10  # the scale at which sizes are those of the goals
WATCHERS = 700
TALKS = 40  # threads of each network in the week, of which some go on
BELONGS = 4  # networks of a member, at most
NAME = "Digest benchmark"


class Sink(BaseEmailBackend):
    taken = 0
    octets = 0

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        for message in messages:
            Sink.taken += 1
            Sink.octets += len(message.message().as_bytes())
        return len(messages)


SINK = f"{__name__}.Sink"


def make_people(members: int, networks: int) -> tuple[list[Network], list[Member]]:
    """What is missing of them, each member in a few of the networks, and nobody else in any."""
    councils = [
        Organisation.objects.get_or_create(
            slug=f"digest-council-{number}", defaults={"name": f"{NAME} council {number}", "short_name": f"C{number}"}
        )[0]
        for number in range(10)
    ]
    made = [
        Network.objects.get_or_create(
            slug=f"digest-{networks}-{number}",
            defaults={"name": f"{NAME} {networks}, network {number}", "purpose": "To measure", "joining": "at_once"},
        )[0]
        for number in range(networks)
    ]
    long_ago = timezone.now() - timedelta(days=300)
    _bulk(
        Member,
        [
            Member(
                email=f"digest-{networks}-{number}@digest.example.org",
                name=f"Digest Member {number:05}",
                organisation=councils[number % len(councils)],
                welcome_steps_done=3,
                digest_chosen_at=long_ago,
            )
            for number in range(members)
        ],
    )
    people = list(
        Member.objects.filter(email__startswith=f"digest-{networks}-").select_related("organisation").order_by("pk")
    )
    # Whoever another size of this made gets nothing now.
    Membership.objects.filter(network__slug__startswith="digest-").delete()
    dice = random.Random(networks)
    rows = []
    for member in people:
        for network in dice.sample(made, min(BELONGS, networks)):
            rows.append(
                Membership(
                    member=member,
                    network=network,
                    state=Membership.State.ACTIVE,
                    mail=dice.choice([Membership.Mail.DAILY, Membership.Mail.WEEKLY, Membership.Mail.WEEKLY]),
                    joined_at=long_ago,
                    read_before=long_ago,
                )
            )
    _bulk(Membership, rows)
    return made, people


def write_week(networks: list[Network], now: datetime) -> None:
    """Of each network, what was written since a week ago, what some have read of it, and what they follow."""
    Thread.objects.filter(network__in=networks).delete()
    MailLedger.objects.filter(member__email__endswith="@digest.example.org").delete()
    theme, _ = Theme.objects.get_or_create(slug="digest-benchmark", defaults={"name": NAME})
    dice = random.Random(1)
    for network in networks:
        here = Membership.objects.active().filter(network=network).values("member")
        people = list(Member.objects.filter(pk__in=here).select_related("organisation").order_by("pk")[:60])
        for _ in load_threads(_conversations(network, theme, people, dice, now)):
            pass
    threads = list(Thread.objects.filter(network__in=networks).values_list("pk", "network", "highest_number"))
    members = Membership.objects.filter(network__in=networks).values_list("member", "network")
    by_network: dict[int, list[tuple[int, int]]] = {}
    for pk, network_pk, highest in threads:
        by_network.setdefault(network_pk, []).append((pk, highest))
    readings = [
        MemberThread(member_id=member, thread_id=pk, last_read_number=dice.randint(1, highest))
        for member, network_pk in members
        for pk, highest in dice.sample(by_network[network_pk], 8)
    ]
    _bulk(MemberThread, readings)
    interested = {member for member, _ in members if member % 3 == 0}
    _bulk(MemberTheme, [MemberTheme(member_id=member, theme=theme) for member in sorted(interested)])


def _conversations(
    network: Network, theme: Theme, people: list[Member], dice: random.Random, now: datetime
) -> Iterator[NewThread]:
    for number in range(TALKS):
        at = now - timedelta(minutes=dice.randint(60, 7 * 24 * 60))
        posts = []
        for _ in range(dice.choice([0, 0, 1, 2, 5, 12])):
            at = min(at + timedelta(minutes=dice.randint(1, 300)), now - timedelta(minutes=10))
            posts.append(NewPost(dice.choice(people), "We **tried** this with one team for six weeks. " * 3, at))
        begun = min([post.at for post in posts], default=at) - timedelta(minutes=1)
        yield NewThread(
            network, theme, dice.choice(people), f"Conversation {number}", "How do you do it?", begun, posts=posts
        )


def _bulk(model: type[Model], rows: list[Any]) -> None:
    model._default_manager.bulk_create(rows, ignore_conflicts=True, batch_size=500)


@dataclass
class Cost:
    seconds: float = 0.0
    processor: float = 0.0  # seconds of this process, and of the database's for this connection
    queries: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.seconds + other.seconds, self.processor + other.processor, self.queries + other.queries)


def cost_of(work: Callable[[], Any]) -> Cost:
    began, used = time.perf_counter(), time.process_time() + database_cpu()
    with counting() as queries:
        work()
    return Cost(time.perf_counter() - began, time.process_time() + database_cpu() - used, len(queries))


@contextmanager
def counting() -> Iterator[list[str]]:
    queries: list[str] = []

    def counted(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            queries.append(sql[:20])
        return execute(sql, *rest)

    with connection.execute_wrapper(counted):
        yield queries


@contextmanager
def counting_alone() -> Iterator[list[int]]:
    """Of each call for one mail alone, its queries: what the member may still see, the claim, the end."""
    counts: list[int] = []

    def counted(work: Callable[..., Any]) -> Callable[..., Any]:
        def done(*arguments: Any, **named: Any) -> Any:
            with counting() as queries:
                found = work(*arguments, **named)
            counts.append(len(queries))
            return found

        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Digests, "compose", counted(Digests.compose))
        for name in ("_read", "_claim", "_close"):
            patch.setattr(post_office, name, counted(getattr(post_office, name)))
        yield counts


def send_everything(*, now: datetime | None = None) -> Cost:
    cost = Cost()
    Sink.taken = Sink.octets = 0
    gc.collect()
    with override_settings(EMAIL_BACKEND=SINK):
        while MailLedger.objects.filter(state=MailLedger.State.DUE, due_at__lte=now or timezone.now()).exists():
            cost += cost_of(partial(send_due_mail, now=now))
    return cost


def measure_digests(members: int, networks: int, *, goal: float) -> Iterator[Measured]:
    """`goal`: seconds of processor time for all of them."""
    made, _ = make_people(members, networks)
    write_week(made, timezone.now())
    what = f"{members:,} members, {networks} networks"
    planning = cost_of(plan_digests)
    yield Measured(f"Planning, {what}", planning.processor, "s CPU", 10)
    yield Measured(f"Planning, {what}", planning.queries / max(members, 1), "queries each", 1)
    talk_in.cache_clear()
    with counting_alone() as alone:
        cost = send_everything()
    sent = max(Sink.taken, 1)
    yield Measured(f"Digests sent, {what}", Sink.taken, "mails")
    yield Measured(f"Digests, {what}", cost.seconds, "s")
    yield Measured(f"Digests, {what}", cost.processor, "s CPU", goal)
    yield Measured(f"Digests, {what}", cost.processor / sent * 1000, "ms CPU each")
    yield Measured(f"Digests, {what}", sum(alone) / sent, "queries each", 3)
    yield Measured(f"Digests, {what}, shared", (cost.queries - sum(alone)) / sent, "queries each")
    yield Measured(f"A network's week is read, {what}", talk_in.cache_info().misses / networks, "times")
    yield Measured(f"A digest, {what}", Sink.octets / sent / 1024, "KB", 100)


def measure_fan_out(watchers: int) -> Iterator[Measured]:
    """One post in a thread of a network that so many watch."""
    made, people = make_people(watchers, 2)
    network, author = made[0], people[0]
    long_ago = timezone.now() - timedelta(days=300)
    rows = [
        Membership(member=one, network=network, state="active", joined_at=long_ago, read_before=long_ago)
        for one in people
    ]
    _bulk(Membership, rows)
    thread = Thread.objects.filter(network=network).select_related("network").order_by("pk")[0]
    reply(thread, by=author, source="So that they have read and follow it.")
    few = cost_of(partial(reply, thread, by=author, source="Watched by nobody."))
    _bulk(FollowLevel, [FollowLevel(member=one, network=network, level=Level.WATCH) for one in people])
    many = cost_of(partial(reply, thread, by=author, source="Watched by all of them."))
    post = Post.objects.filter(thread=thread).order_by("-number")[0]
    telling = cost_of(partial(tell_of_post, post.pk))
    told = Notice.objects.filter(kind="thread_replied", object_id=thread.pk, at=post.written_at)
    yield Measured(f"Posting, {watchers} watchers, the request", many.processor * 1000, "ms CPU")
    yield Measured(f"Posting, {watchers} watchers, more than for none", many.queries - few.queries, "queries", 0)
    yield Measured("Notices given by the worker", told.count(), "notices", watchers - 1, at_least=True)
    yield Measured("Telling them, in the worker", telling.processor, "s CPU", 5)
    yield Measured("Telling them, in the worker", telling.queries, "queries", 15)
    mailing = send_everything(now=timezone.now() + timedelta(minutes=11))
    yield Measured("Mails of it", Sink.taken, "mails", watchers - 1, at_least=True)
    yield Measured("Mailing them, in the worker", mailing.processor, "s CPU", 60)
    FollowLevel.objects.filter(network=network).delete()


def measure(scale: int) -> Iterator[Measured]:
    part = min(scale, FULL) / FULL
    yield from measure_digests(round(700 * part), 2, goal=30)
    yield from measure_fan_out(round(WATCHERS * part))
    yield from measure_digests(round(10_000 * part), 20, goal=300)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=1)
    options = parser.parse_args()
    call_command("demo", prepare=True, verbosity=0)
    say(f"\nDigests. {machine()}\n")
    for measured in measure(options.scale):
        say(measured.line())


if __name__ == "__main__":
    main()
