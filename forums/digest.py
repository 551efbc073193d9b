"""The digest: one mail to each member about all that is new for them in their networks, where they want it so.

Built for many at once. What was written in a network is read once for all its members; of some dozens of members, in a
few queries, what they have read, follow and were mailed; and for each, just before their mail goes, what they may see
and have not read at that moment."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone

from forums import markup
from forums.models import Announcement, FollowLevel, Level, MemberThread, Post, Thread
from forums.models.reading import ReasonedLevel, level_of
from forums.notifications import MENTIONED, POST_ANSWERED, POST_MAIL
from network.actions import mail
from network.actions.mail import Composer, Mail, MailKind, Stop
from network.delivery.message import Message, message_of
from network.models import MailLedger, Member, Membership, MemberTheme, Network, Notice, Theme
from network.models.digest_time import DigestTime, digest_in_words, in_a_row
from network.notifications import named

DIGEST = "digest"
# What the row of a digest is about: the days that it tells of. That of a week tells of the daily networks too.
DAY, WEEK = 1, 7
# How far back a digest looks, where none went before.
FARTHEST = {Membership.Mail.DAILY: timedelta(days=2), Membership.Mail.WEEKLY: timedelta(days=8)}
LONGEST = max(FARTHEST.values())
# A digest ends a little before it goes, at a whole five minutes, so that all that go together tell of the same time:
# what was written by then is in the database, and the worker has said who is to be mailed it at once.
BEHIND = timedelta(minutes=2)
STEP = timedelta(minutes=5)
# Whom a post is owed at once by so long after the end of a digest hears of it so; who is owed it later has it from the
# digest. Both sides go by these two moments, which never change, and not by which of them is faster. What is owed late
# goes no sooner than ten minutes after (`owe_mail_of_post`): by then every digest that has it is on its way.
OWED_BY = timedelta(minutes=1)
MOST = 10  # threads of one network; the rest are on the page of what is unread
LINE = 160  # characters of a post: two lines
MANY_COUNCILS = 3

# What is on its way by mail, or went; and what did not go with the mail that was to tell of it.
MAILED = (MailLedger.State.DUE, MailLedger.State.SENDING, MailLedger.State.SENT, MailLedger.State.BOUNCED)
_WENT = (MailLedger.State.SENDING, MailLedger.State.SENT, MailLedger.State.BOUNCED)


# What was written


@dataclass(frozen=True, slots=True)
class Words:
    """A post that a digest may tell of; of its words nothing yet."""

    pk: int
    number: int
    author: int | None
    organisation: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Talk:
    """What was written in one thread, in its order."""

    thread: int
    theme: Theme
    is_announcement: bool
    is_answered: bool
    posts: tuple[Words, ...]
    # Of how many authors and councils.
    authors: frozenset[int | None]
    councils: int


@lru_cache(maxsize=64)
def talk_in(network: int, until: datetime) -> tuple[Talk, ...]:
    """What was written in a network in the longest time that a digest looks back to, but for what the site itself began
    and nobody answered, and for what a facilitator moved. For the sender alone: each member gets of it what they may
    see. Kept for the length of a run, by the moment that it ends at."""
    since = until - LONGEST
    rows = Post.objects.shown().filter(thread__network=network, thread__quiet=False, quiet=False)
    rows = rows.filter(written_at__gt=since, written_at__lte=until).order_by("thread", "number")
    threads: dict[int, tuple[int, str, bool, bool, list[Words]]] = {}
    for thread, theme, theme_name, kind, answer, *told in rows.values_list(
        "thread",
        "thread__theme",
        "thread__theme__name",
        "thread__kind",
        "thread__answer",
        *("pk", "number", "author", "organisation", "written_at"),
    ):
        if thread not in threads:
            threads[thread] = (theme, theme_name, kind == Thread.Kind.ANNOUNCEMENT, answer is not None, [])
        threads[thread][4].append(Words(*told))
    return tuple(
        Talk(
            thread,
            Theme(pk=theme, name=name),
            announces,
            answered,
            tuple(posts),
            frozenset(post.author for post in posts),
            len({post.organisation for post in posts} - {None}),
        )
        for thread, (theme, name, announces, answered, posts) in threads.items()
    )


# What of it is for whom


@dataclass(frozen=True, slots=True)
class Pick:
    """A thread as it stands in somebody's digest."""

    talk: Talk
    posts: tuple[Words, ...]  # those that are new to them
    level: ReasonedLevel
    # Such as "Somebody mentioned you"; empty where no post speaks to them.
    spoken: str = ""

    @property
    def first(self) -> Words:
        return self.posts[0]

    @property
    def rank(self) -> tuple[Any, ...]:
        """What is announced, for whoever announced it was told that it would stand here, and what speaks to them; then
        by how many wrote, by how much, and what has an answer; the newest first."""
        authors = len({post.author for post in self.posts})
        announced = self.talk.is_announcement and self.first.number == 1
        return (
            not announced,
            not self.spoken,
            -authors,
            -self.replies,
            not self.talk.is_answered,
            -self.posts[-1].at.timestamp(),
        )

    @property
    def replies(self) -> int:
        return sum(post.number > 1 for post in self.posts)


@dataclass(slots=True)
class _Own:
    """What of one member decides, of those read together."""

    memberships: list[Membership] = field(default_factory=list)
    readings: dict[int, MemberThread] = field(default_factory=dict)
    of_themes: dict[int, str] = field(default_factory=dict)
    of_networks: dict[int, str] = field(default_factory=dict)
    interests: set[int] = field(default_factory=set)
    owed: set[int] = field(default_factory=set)
    spoken: dict[int, str] = field(default_factory=dict)
    digests: list[MailLedger] = field(default_factory=list)


class Digests:
    """The digests of some members that end at the same moment."""

    def __init__(self, rows: Sequence[MailLedger], until: datetime) -> None:
        self.until = until
        self._own: dict[int, _Own] = defaultdict(_Own)
        self._read([row.member_id for row in rows if row.member_id])
        self._picks = {row.pk: list(self._pick(row)) for row in rows}
        self._posts = self._words()

    def compose(self, row: MailLedger, member: Member | None) -> Mail | None:
        """Nothing where a later digest told of all this, or where nothing is left for the member to read."""
        own = self._own[row.member_id or 0]
        if member is None or any(one.period > row.period for one in own.digests):
            return None
        picked = self._picks[row.pk]
        seen = self._seen_now(member, [pick.first.pk for _, picks, _ in picked for pick in picks])
        networks = []
        for membership, picks, total in picked:
            left = [pick for pick in picks if pick.first.pk in seen]
            if left:
                gone = len(picks) - len(left)
                networks.append(self._shown(membership.network, left, total - gone, seen))
        if not networks:
            return None
        count = sum(network["count"] for network in networks)
        names = in_a_row([f"the {network['network']}" for network in networks[:2]])
        context = {
            "member": member,
            "subject_line": f"New in {names if len(networks) <= 2 else f'{len(networks)} networks'}: "
            f"{count} conversation{pluralize(count)}",
            "networks": networks,
            "unread": reverse("unread"),
        }
        return Mail(
            "forums/mail/digest.txt",
            context,
            html="forums/mail/digest.html",
            why=f"You asked for one mail {digest_in_words(member, own.memberships)}.",
            stop=Stop("digest"),
            covers_until=self.until,
        )

    def _read(self, members: list[int]) -> None:
        own, since = self._own, self.until - LONGEST
        mail_by_digest = Membership.objects.active().filter(member__in=members, mail__in=FARTHEST)
        for membership in mail_by_digest.select_related("network").order_by("network__order", "network__name"):
            own[membership.member_id].memberships.append(membership)
        networks = {row.network_id for one in own.values() for row in one.memberships}
        readings = MemberThread.objects.filter(
            member__in=members, thread__network__in=networks, thread__last_post_at__gt=since
        )
        for reading in readings:
            own[reading.member_id].readings[reading.thread_id] = reading
        for level in FollowLevel.objects.filter(member__in=members):
            if level.theme_id:
                own[level.member_id].of_themes[level.theme_id] = level.level
            elif level.network_id:
                own[level.member_id].of_networks[level.network_id] = level.level
        for member, theme in MemberTheme.objects.filter(member__in=members).values_list("member", "theme"):
            own[member].interests.add(theme)
        notices = Notice.objects.filter(member__in=members, kind__in=_SPOKEN, at__gt=since)
        for member, kind, post in notices.values_list("member", "kind", "object_id"):
            own[member].spoken[post] = _SPOKEN[kind]
        for row in _mailed_at_once(members, since, self.until):
            own[row.member_id or 0].owed.add(row.object_id or 0)
        digests = MailLedger.objects.filter(member__in=members, stream=DIGEST, state__in=_WENT)
        for row in digests.filter(covers_until__gt=since):
            own[row.member_id or 0].digests.append(row)

    def _pick(self, row: MailLedger) -> Iterator[tuple[Membership, list[Pick], int]]:
        """For each network the threads that are told of, and how many there are in all."""
        own = self._own[row.member_id or 0]
        for membership in own.memberships:
            if membership.mail == Membership.Mail.WEEKLY and row.object_id != WEEK:
                continue
            since = _beginning(membership, own.digests, self.until)
            picks = [
                pick
                for talk in talk_in(membership.network_id, self.until)
                if (pick := _pick_of(talk, since, membership, own))
            ]
            if picks:
                picks.sort(key=lambda pick: pick.rank)
                yield membership, picks[:MOST], len(picks)

    def _words(self) -> dict[int, Post]:
        wanted = {pick.first.pk for picked in self._picks.values() for _, picks, _ in picked for pick in picks}
        posts = Post.objects.shown().filter(pk__in=wanted).select_related("thread", "author", "organisation")
        return {post.pk: post for post in posts.defer("source")}

    def _seen_now(self, member: Member, posts: list[int]) -> dict[int, datetime | None]:
        """Of these posts, those that are still news for the member, with when each was last changed: one query."""
        wanted = Membership.objects.active().filter(member=member.pk, mail__in=FARTHEST)
        done = MemberThread.objects.filter(member=member.pk, thread=OuterRef("thread"))
        done = done.filter(Q(last_read_number__gte=OuterRef("number")) | Q(level=Level.MUTE, level_chosen=True))
        here = wanted.values("network")
        seen = Post.objects.visible_to(member).filter(pk__in=posts, thread__network__in=here, quiet=False)
        return dict(seen.exclude(Exists(done)).values_list("pk", "edited_at"))

    def _shown(
        self, network: Network, picks: list[Pick], total: int, seen: dict[int, datetime | None]
    ) -> dict[str, Any]:
        """A network as the templates take it. Where its words must not stand in a mailbox there are none."""
        shown = {"network": network, "count": total}
        if network.content_free_mail:
            return shown
        themes: dict[int, dict[str, Any]] = {}
        for pick in picks:
            post = self._posts.get(pick.first.pk)
            if post is None or post.edited_at != seen[pick.first.pk]:
                # Changed since it was read with the others.
                post = Post.objects.select_related("thread", "author", "organisation").get(pk=pick.first.pk)
                self._posts[post.pk] = post
            theme = themes.setdefault(pick.talk.theme.pk, {"theme": pick.talk.theme, "items": []})
            theme["items"].append(_item(pick, post, network))
        return shown | {"themes": list(themes.values()), "more": total - len(picks)}


_SPOKEN = {MENTIONED: "Somebody mentioned you", POST_ANSWERED: "Somebody answered what you wrote"}


def _mailed_at_once(members: Iterable[int], since: datetime, until: datetime) -> Iterable[MailLedger]:
    """What those members were mailed by itself, or will be: see OWED_BY."""
    streams = (POST_MAIL, Announcement.STREAM)
    rows = MailLedger.objects.filter(member__in=members, stream__in=streams, planned_at__gt=since)
    rows = rows.filter(planned_at__lt=until + OWED_BY)
    went_with = Q(state=MailLedger.State.GATHERED) & (Q(gathered_in=None) | Q(gathered_in__state__in=MAILED))
    return rows.filter(Q(state__in=MAILED) | went_with).only("member", "object_id")


def is_told_by_digest(written_at: datetime, planned_at: datetime, member: Member, own: Membership) -> bool:
    """Whether a digest tells of a post that was written down to be mailed at once only after it: see OWED_BY."""
    if own.mail not in FARTHEST:
        return False
    rows = MailLedger.objects.filter(member=member, stream=DIGEST, covers_until__gte=written_at)
    # One that did not arrive yet tells of the same time when it is tried again.
    rows = rows.filter(covers_until__lte=planned_at - OWED_BY, state__in=MAILED)
    return rows.filter(object_id__in=(WEEK,) if own.mail == Membership.Mail.WEEKLY else (DAY, WEEK)).exists()


def _beginning(membership: Membership, digests: Iterable[MailLedger], until: datetime) -> datetime:
    """From when on a digest tells of a network: where the last one ended that told of it."""
    chosen = membership.mail_chosen_at
    told = [
        row.covers_until
        for row in digests
        if row.covers_until
        and (
            row.object_id == WEEK
            or membership.mail == Membership.Mail.DAILY
            # Before, it came at other times: what any digest of then may have told is not told again.
            or (chosen is not None and row.covers_until <= chosen)
        )
    ]
    farthest = until - (LONGEST if told else FARTHEST[Membership.Mail(membership.mail)])
    return max([farthest, membership.joined_at or farthest, *told])


def _pick_of(talk: Talk, since: datetime, membership: Membership, own: _Own) -> Pick | None:
    reading = own.readings.get(talk.thread)
    member, floor, read = membership.member_id, membership.read_before, 0
    if reading:
        read = reading.last_read_number
        if reading.marked_unread_at and reading.marked_unread_at > floor:
            floor = since
    floor = max(floor, since)
    if talk.posts[-1].at <= floor:
        return None
    posts = tuple(
        post
        for post in talk.posts
        if post.at > floor and post.number > read and post.author != member and post.pk not in own.owed
    )
    if not posts:
        return None
    level = level_of(
        reading,
        theme=talk.theme,
        network=membership.network,
        of_theme=own.of_themes.get(talk.theme.pk),
        of_network=own.of_networks.get(membership.network_id),
        interested=talk.theme.pk in own.interests,
    )
    if level.level == Level.MUTE:
        return None
    spoken = next((own.spoken[post.pk] for post in posts if post.pk in own.spoken), "") if own.spoken else ""
    return Pick(talk, posts, level, spoken)


# In words


def _item(pick: Pick, post: Post, network: Network) -> dict[str, Any]:
    thread = post.thread
    kind = thread.get_kind_display() if thread.kind != Thread.Kind.DISCUSSION else ""
    people = len({one.author for one in pick.posts if one.number > 1})
    return {
        "title": thread.title,
        "address": post.get_absolute_url(),
        "kind": f"{kind}, answered" if kind and pick.talk.is_answered else kind,
        "who": named(post.author) if post.author else post.author_name,
        "council": post.organisation,
        "begins": post.number == 1,
        "words": _two_lines(post.html),
        "replies": pick.replies,
        "people": people,
        "why": _why(pick, network),
    }


def _two_lines(html: str) -> str:
    """The beginning of a post, up to a whole word, as plain text."""
    words = _BEFORE_SIGN.sub(r"\1", markup.plain(html))
    if len(words) <= LINE:
        return words
    return (words[: LINE + 1].rpartition(" ")[0] or words[:LINE]).rstrip(",;:") + " …"


_BEFORE_SIGN = re.compile(r" ([.,;:!?])")  # which stand after an end of bold


def _why(pick: Pick, network: Network) -> str:
    """Why the thread is in this digest, as its reader would ask."""
    if pick.spoken:
        return pick.spoken
    if pick.level.level in (Level.FOLLOW, Level.WATCH):
        reason = pick.level.reason
        if reason == "you chose it":
            reason = f"you {pick.level.level} this thread"
        return reason[:1].upper() + reason[1:]
    if pick.talk.councils >= MANY_COUNCILS:
        return "Many councils are talking about it"
    return f"New in the {network}" if pick.first.number == 1 else f"New replies in the {network}"


# When it goes


def end_of_digest(now: datetime) -> datetime:
    """Up to when a digest tells that goes now."""
    ended = now - BEHIND
    return ended - timedelta(seconds=ended.timestamp() % STEP.total_seconds())


def prepare(rows: Sequence[MailLedger], *, now: datetime | None = None) -> Composer:
    """Composes these. One that was handed over before, and did not arrive, tells of the same time as then."""
    usual = end_of_digest(now or timezone.now())
    by_end: dict[datetime, list[MailLedger]] = defaultdict(list)
    for row in rows:
        by_end[row.covers_until or usual].append(row)
    prepared = {row.pk: digests for until, some in by_end.items() for digests in [Digests(some, until)] for row in some}
    return lambda row, member: prepared[row.pk].compose(row, member)


def next_digest(member: Member, *, now: datetime | None = None) -> tuple[MailLedger, datetime] | None:
    """The row, not saved, of the next that they are to get, and when; None where they want none."""
    now = now or timezone.now()
    own = Membership.objects.active().filter(member=member, mail__in=FARTHEST)
    chosen = set(own.values_list("mail", flat=True))
    if not chosen:
        return None
    times = DigestTime.of(member)
    at = times.next(now, weekly=Membership.Mail.DAILY not in chosen)
    of_week = Membership.Mail.WEEKLY in chosen and at.weekday() == times.day
    row = MailLedger(
        recipient=f"member {member.pk}",
        stream=DIGEST,
        period=at.date().isoformat(),
        member=member,
        object_id=WEEK if of_week else DAY,
    )
    return row, at


@dataclass(frozen=True, slots=True)
class Preview:
    """What somebody's next digest would say; without a message where it would not be sent."""

    at: datetime
    message: Message | None

    @property
    def html(self) -> str:
        return str(self.message.alternatives[0][0]) if self.message else ""


def preview(member: Member, *, now: datetime | None = None) -> Preview | None:
    """If it went now, made as the mail is made. None for somebody who gets none."""
    found = next_digest(member, now=now)
    if found is None:
        return None
    row, at = found
    composed = prepare([row], now=now)(row, member)
    return Preview(at, message_of(composed, row, to=member.email) if composed else None)


mail.register(MailKind(DIGEST, lambda row, member: prepare([row])(row, member), prepare=prepare))
