"""What waits for the facilitators of a network, section by section: the longest waiting first, each with what to do
about it next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from forums.models import Answer, Case, HeldPost, Post, Question, Thread
from forums.models.thread import ThreadQuerySet
from network.models import Member, Membership, Network, NetworkTheme, Theme

WITHOUT_REPLY = timedelta(hours=48)
WITHOUT_MARK = timedelta(days=7)
# Whose first thread this old nobody replied to is no newcomer any more.
NEW_FOR = timedelta(days=90)
# Nobody remembers which reply to an older question helped.
FORGOTTEN_AFTER = timedelta(days=180)
QUIET_AFTER = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that waits. `since` is read behind `waits`, such as "Asked"; `step` is a link to where it is done."""

    what: str
    place: str
    about: str
    waits: str
    since: datetime | None
    step: str
    address: str


@dataclass(frozen=True, slots=True)
class Section:
    """The first SHOWN of what waits. Counted up to MOST: beyond, it is enough to know that there are more. `nothing` is
    what does not wait, where there are no rows."""

    SHOWN: ClassVar[int] = 10
    MOST: ClassVar[int] = 100

    name: str
    title: str
    nothing: str
    rows: list[Row]
    count: int

    @classmethod
    def of(cls, name: str, title: str, nothing: str, found: Iterable[Row]) -> Section:
        rows = list(found)
        return cls(name, title, nothing, rows[: cls.SHOWN], len(rows))

    @property
    def how_many(self) -> str:
        """Such as "3", "10 of 35", "10 of more than 100"."""
        if self.count > self.MOST:
            return f"{self.SHOWN} of more than {self.MOST}"
        return f"{self.SHOWN} of {self.count}" if self.count > self.SHOWN else str(self.count)


Finder = Callable[[Member, Network, datetime], Section]


def newcomers(facilitator: Member, network: Network, now: datetime) -> Section:
    """Whoever is answered the first time comes back."""
    old_enough = Q(started_at__lt=now - WITHOUT_REPLY, started_at__gte=now - NEW_FOR, locked_at=None)
    threads = _threads(facilitator, network).filter(old_enough).exclude(kind=Thread.Kind.ANNOUNCEMENT)
    waiting = threads.without_reply().first_of_their_authors().order_by("started_at", "pk")
    rows = (
        _row(thread, "Started", thread["started_at"], "Welcome them", to_composer=True) for thread in _first(waiting)
    )
    return Section.of(
        "newcomers", "First threads without a reply", "first threads that nobody replied to in two days", rows
    )


def unanswered(facilitator: Member, network: Network, now: datetime) -> Section:
    asked = questions_without_reply(facilitator, network, now)
    newcomers = Q(pk__in=asked.filter(started_at__gte=now - NEW_FOR).first_of_their_authors().values("pk"))
    waiting = asked.exclude(newcomers).order_by("started_at", "pk")
    rows = (
        _row(thread, "Asked", thread["started_at"], "Reply, or ask somebody", to_composer=True)
        for thread in _first(waiting)
    )
    return Section.of("questions", "Questions without a reply", "questions that nobody replied to in two days", rows)


def questions_without_reply(facilitator: Member, network: Network, now: datetime) -> ThreadQuerySet:
    """Asked more than two days ago."""
    asked = _threads(facilitator, network).unanswered().filter(started_at__lt=now - WITHOUT_REPLY)
    return asked.without_reply()


def unconfirmed(facilitator: Member, network: Network, now: datetime) -> Section:
    asked = _threads(facilitator, network).unanswered().filter(last_post_at__gte=now - FORGOTTEN_AFTER)
    waiting = asked.replied_before(now - WITHOUT_MARK).with_first_reply().order_by("last_post_at", "pk")
    rows = (
        _row(thread, "First reply", thread["first_reply"], "Mark the answer, or ask")
        for thread in _first(waiting, "first_reply")
    )
    return Section.of("answers", "Answers nobody has confirmed", "replies that wait to be marked as the answer", rows)


def did_not_work(facilitator: Member, network: Network, now: datetime) -> Section:
    """As long as nobody but the asker has written since."""
    answers = Answer.objects.visible_to(facilitator).filter(worked=Answer.Worked.NO, thread__locked_at=None)
    since = Post.objects.shown().filter(thread=OuterRef("thread"), written_at__gt=OuterRef("worked_at"))
    by_others = since.exclude(author=Coalesce(OuterRef("thread__author"), 0))
    told = answers.filter(worked_at__gte=now - FORGOTTEN_AFTER, thread__in=_threads(facilitator, network))
    waiting = told.filter(~Exists(by_others)).order_by("worked_at")
    told_at = dict(waiting.values_list("thread", "worked_at")[: Section.MOST + 1])
    threads = {thread["pk"]: thread for thread in _first(Thread.objects.filter(pk__in=told_at))} if told_at else {}
    rows = (
        _row(threads[pk], "Told", at, "Suggest something else", to_composer=True)
        for pk, at in told_at.items()
        if pk in threads
    )
    return Section.of("failed", "Answers that did not work", "answers that did not work", rows)


def reports(facilitator: Member, network: Network, now: datetime) -> Section:
    """What may be against the law before what has waited longer; and the appeals that the facilitator may answer."""
    waiting = Case.objects.waiting_for(facilitator).filter(network=network).in_order().with_things()
    rows = (
        Row(
            case.title,
            case.thing_address,
            ". ".join(_said_of(case, facilitator)),
            "Reported" if case.is_open else "Appealed",
            case.waits_since,
            "Decide" if case.is_open else "Answer the appeal",
            case.get_absolute_url(),
        )
        for case in waiting[: Section.MOST + 1]
    )
    return Section.of("reports", "Reports and appeals", "reports or appeals", rows)


def _said_of(case: Case, facilitator: Member) -> Iterator[str]:
    if case.is_urgent:
        yield "May be against the law"
    if case.is_open and case.claimed_by and case.claimed_by_id != facilitator.pk:
        yield f"{case.claimed_by} is looking at it"


def held_posts(facilitator: Member, network: Network, now: datetime) -> Section:
    """Whoever wrote it waits, and nobody else knows of it."""
    waiting = HeldPost.objects.visible_to(facilitator).filter(network=network).waiting().with_author()
    rows = (
        Row(
            held.where,
            "",
            ", ".join(filter(None, [str(held.author), held.organisation.short_name if held.organisation else ""])),
            "Written",
            held.written_at,
            "Read it and decide",
            held.get_absolute_url(),
        )
        for held in waiting.order_by("written_at", "pk")[: Section.MOST + 1]
    )
    return Section.of("held", "First posts that wait", "first posts", rows)


def requests(facilitator: Member, network: Network, now: datetime) -> Section:
    waiting = Membership.objects.visible_to(facilitator).requested().filter(network=network)
    asked = waiting.order_by("requested_at", "pk").values_list(
        "pk", "member__name", "member__organisation__short_name", "requested_at"
    )
    page = reverse("network_requests", args=[network.slug])
    rows = (
        Row(name or "A member", "", council or "", "Asked", at, "Decide", f"{page}#request-{pk}")
        for pk, name, council, at in asked[: Section.MOST + 1]
    )
    return Section.of("requests", "Requests to join", "requests to join", rows)


def of_sessions(facilitator: Member, network: Network, now: datetime) -> Section:
    """Who asked is said where somebody deals with it."""
    asked = Question.objects.visible_to(facilitator).filter(room__network=network).to_deal_with(now)
    page = reverse("network_questions", args=[network.slug])
    found = asked.order_by("asked_at", "pk").values_list("body", "room__title", "asked_at")
    rows = (
        Row(body, "", room, "Asked", at, "Answer it, or make a thread of it", page)
        for body, room, at in found[: Section.MOST + 1]
    )
    return Section.of("sessions", "Questions from sessions", "questions from sessions", rows)


def quiet_themes(facilitator: Member, network: Network, now: datetime) -> Section:
    """A theme that never had a thread is not quiet but new."""
    threads = _threads(facilitator, network).filter(theme=OuterRef("theme")).latest_first()
    picked = NetworkTheme.objects.filter(network=network, theme__in=Theme.objects.visible_to(facilitator))
    waiting = picked.annotate(last=Subquery(threads.values("last_post_at")[:1])).filter(last__lt=now - QUIET_AFTER)
    new_thread, page = reverse("thread_new", args=[network.slug]), reverse("threads", args=[network.slug])
    found = waiting.order_by("last", "pk").values_list("theme__name", "theme__slug", "last")
    rows = (
        Row(name, f"{page}?theme={slug}", "", "Last post", last, "Start a thread", f"{new_thread}?theme={slug}")
        for name, slug, last in found[: Section.MOST + 1]
    )
    return Section.of("themes", "Themes gone quiet", "themes without a post in sixty days", rows)


# In the order in which a page shows them: what somebody waits for first.
SECTIONS: list[Finder] = [
    reports,
    held_posts,
    newcomers,
    unanswered,
    requests,
    of_sessions,
    did_not_work,
    unconfirmed,
    quiet_themes,
]


def _threads(facilitator: Member, network: Network) -> ThreadQuerySet:
    return Thread.objects.visible_to(facilitator).filter(network=network)


def _first(threads: ThreadQuerySet, *besides: str) -> Iterable[dict[str, Any]]:
    """What rows of them show."""
    columns = ("pk", "slug", "title", "started_at", "highest_number", "asker", *besides)
    found = threads.values(*columns, who=F("author__name"), council=F("organisation__short_name"))
    return cast("Iterable[dict[str, Any]]", found[: Section.MOST + 1])


def _row(thread: dict[str, Any], waits: str, since: datetime | None, step: str, *, to_composer: bool = False) -> Row:
    place = reverse("thread", args=[thread["pk"], thread["slug"]])
    # Whoever asked in a session is said nowhere; the thread is by the host who made it.
    by = "From a session" if thread["asker"] else ", ".join(filter(None, [thread["who"], thread["council"]]))
    last_page = Post.page_of(thread["highest_number"])
    address = f"{place}?page={last_page}#composer" if to_composer else place
    return Row(thread["title"], place, by, waits, since, step, address)
