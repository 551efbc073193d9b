"""The rows of what was reported. All of it is part of verbs: those that report (`actions.reports`), those that decide
(`actions.decisions`, `actions.appeals`), and every other that hides something or shows it again.

Whoever needs both holds what the case is about first, and then the case."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from forums import markup, notifications, permissions
from forums.models import Appeal, Case, Report, Thread
from forums.models.report import Thing, author_of, field_of
from network.actions.audit import record
from network.models import Member, Network


def open_case(thing: Thing, network: Network | None, *, now: datetime) -> tuple[Case, bool]:
    """The open case about something, held, and whether it is new. Of two who report a profile at once the second finds
    the first one's: everything else is held by then."""
    found = {field_of(thing): thing, "state": Case.State.OPEN}
    new = {"network": network, "author": author_of(thing), "opened_at": now}
    case, is_new = Case.objects.get_or_create(**found, defaults=new)
    return hold_case(case), is_new


def hold_case(case: Case) -> Case:
    """As it is now, and as nobody else changes it until the transaction ends."""
    return Case.objects.select_for_update(of=("self",)).with_things().get(pk=case.pk)


def note_hidden(thing: Thing, network: Network | None, *, by: Member, reason: str, now: datetime) -> Case | None:
    """A facilitator has just hidden something: that decides what was reported of it. Where nothing was, there is a case
    all the same, so that its author can appeal. What somebody hides of themselves is no decision."""
    author = author_of(thing)
    if author is not None and author.pk == by.pk:
        return None
    case, _ = open_case(thing, network, now=now)
    close_case(case, Case.Outcome.HIDDEN, by=by, reason=reason, now=now)
    if not author_reads_there(case):
        notifications.case_hidden(case, now=now)
    return case


def author_reads_there(case: Case) -> bool:
    """Whether its author hears of it by the notices of the thing itself, which are for those who may read it."""
    return bool(case.author and permissions.can_read_where_it_stands(case.author, case))


def wait_for_decision(thing: Thing, network: Network | None, *, by: Member, now: datetime) -> None:
    """Part of a verb: what the site had hidden for now is hidden so again after a decision, so it needs another."""
    case, _ = open_case(thing, network, now=now)
    case.hidden_for_now_at = case.hidden_for_now_at or now
    case.save(update_fields=["hidden_for_now_at"])
    notifications.case_opened(case, but=by, now=now)


def close_case(case: Case, outcome: str, *, by: Member, reason: str = "", now: datetime) -> None:
    """Part of a verb: decides an open case that is held, and tells whoever reported it."""
    case.state, case.outcome, case.reason = Case.State.DECIDED, outcome, markup.legible(reason)
    case.decided_by, case.decided_at = by, now
    case.first_action_at = case.first_action_at or now
    case.save(update_fields=["state", "outcome", "reason", "decided_by", "decided_at", "first_action_at"])
    if Report.objects.filter(case=case).exists():  # otherwise only what was hidden is written down
        record("decided report", case, by=by, network=case.network, outcome=str(outcome))
    notifications.reports_decided(case, now=now)
    # They have been told; from here on nobody needs to know where they can be reached.
    Report.objects.filter(case=case).exclude(reply_to_address="").update(reply_to_address="")


def note_shown(thing: Thing, *, by: Member | None, now: datetime) -> None:
    """Something can be read again: whoever appealed has what they asked for."""
    open_appeals = Appeal.objects.open().filter(case__in=Case.objects.about(thing).values("pk"))
    for appeal in open_appeals.select_for_update(of=("self",)).select_related("case", "by"):
        close_appeal(appeal, Appeal.Outcome.SHOWN, by=by, answer="", now=now)


def note_profile_shown(member: Member) -> None:
    """Part of a verb that holds the profile: its owner shows of it what they choose, so from now on nothing of it is
    hidden, and there is nothing that somebody else could show again."""
    Case.objects.filter(member=member).exclude(hidden_parts="").update(hidden_parts="")


def move_cases(thread: Thread, *, now: datetime) -> None:
    """What was reported in a thread that is now in another network is for those who facilitate that one."""
    in_thread = Q(post__thread=thread) | Q(attachment__post__thread=thread)
    moved = list(Case.objects.filter(in_thread).exclude(network=thread.network_id).values_list("pk", flat=True))
    Case.objects.filter(pk__in=moved).update(network=thread.network)
    for case in Case.objects.filter(pk__in=moved).open().with_things():
        notifications.case_opened(case, but=None, now=now)


def close_appeal(appeal: Appeal, outcome: str, *, by: Member | None, answer: str, now: datetime) -> None:
    """Part of a verb: decides an open appeal that is held, and tells whoever made it. Where nobody learns whose words
    it is about, nor is it written down who answered: that it was none of the facilitators would tell."""
    appeal.outcome, appeal.answer = outcome, markup.legible(answer)
    appeal.decided_by, appeal.decided_at = by, now
    appeal.save(update_fields=["outcome", "answer", "decided_by", "decided_at"])
    answered = by if appeal.case.logged_author else None
    record("decided appeal", appeal.case, by=answered, network=appeal.case.network, outcome=str(outcome))
    notifications.appeal_decided(appeal, now=now)
