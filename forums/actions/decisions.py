"""What those do who look after reports: claim one, note something, decide."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions
from forums.actions.cases import author_reads_there, close_case, hold_case
from forums.actions.sight import hide_thing, hold_thing, show_thing
from forums.models import Case, CaseNote
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member
from network.permissions import Verdict


def claim_case(case: Case, *, by: Member, takes_over: bool = False, now: datetime | None = None) -> Case:
    """Says that somebody is looking at it; `takes_over` where another did. Twice is once. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_look_after(by, case).enforce()
    limits.DECIDING_REPORTS.spend(by, now=now)
    with transaction.atomic():
        case = hold_case(case)
        permissions.can_decide_case(by, case, takes_over=takes_over).enforce()
        if case.claimed_by_id != by.pk:
            took_over = case.claimed_by_id is not None
            case.claimed_by, case.claimed_at = by, now
            case.first_action_at = case.first_action_at or now
            case.save(update_fields=["claimed_by", "claimed_at", "first_action_at"])
            record("took over report" if took_over else "claimed report", case, by=by, network=case.network)
    return case


def note_on_case(case: Case, *, by: Member, words: str, now: datetime | None = None) -> CaseNote:
    """Writes something down for the others who look after it, before or after it is decided. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_look_after(by, case).enforce()
    limits.DECIDING_REPORTS.spend(by, now=now)
    with transaction.atomic():
        hold_account(by)
        case = hold_case(case)
        note = CaseNote.objects.create(case=case, by=by, words=markup.legible(words), at=now)
        if case.first_action_at is None:
            case.first_action_at = now
            case.save(update_fields=["first_action_at"])
        record("noted on report", case, by=by, network=case.network)
    return note


def decide_case(case: Case, *, outcome: str, by: Member, reason: str = "", now: datetime | None = None) -> Case:
    """Leaves what was reported as it is, hides it and tells its author the `reason`, or says that it was dealt with in
    another way. What the site had hidden for now is shown again where it is left. Whoever reported it and whoever wrote
    it are told. Whoever comes second is told who was first; the same decision by the same person twice is one. Raises
    Refused, LimitReached, and ValueError for an outcome that there is not or a reason that is missing."""
    now = now or timezone.now()
    if outcome not in Case.Outcome or (outcome == Case.Outcome.HIDDEN and not markup.legible(reason).strip()):
        raise ValueError("A decision has an outcome, and hiding something a reason.")
    permissions.can_look_after(by, case).enforce()
    limits.DECIDING_REPORTS.spend(by, now=now)
    with transaction.atomic():
        hold_thing(case.thing)
        case = hold_case(case)
        if not case.is_open and (case.decided_by_id, case.outcome) == (by.pk, outcome):
            return case
        permissions.can_decide_case(by, case).enforce()
        if outcome == Case.Outcome.HIDDEN:
            _hide(case, by=by, reason=reason, now=now)
        else:
            is_shown_again = case.hidden_for_now_at and case.is_hidden and not _is_hidden_by_somebody(case)
            if is_shown_again:
                show_thing(case, by=by, now=now)
            close_case(case, outcome, by=by, now=now)
            if not is_shown_again or case.is_gone or not author_reads_there(case):
                notifications.case_decided(case, now=now)
        return hold_case(case)


def _hide(case: Case, *, by: Member, reason: str, now: datetime) -> None:
    """Whoever hides something decides by that what was reported of it (`actions.cases.note_hidden`)."""
    if case.is_gone:
        Verdict("Its author has deleted it, so there is nothing left to hide.").enforce()
    if _is_hidden_by_somebody(case) and not case.question:
        thing = case.post or case.message
        if thing is not None and thing.hidden_by_id == case.author_id:
            # From now on it is not for its author to show it again (`permissions.can_restore`).
            thing.hidden_by, thing.hidden_reason = by, markup.legible(reason)
            thing.save(update_fields=["hidden_by", "hidden_reason"])
        close_case(case, Case.Outcome.HIDDEN, by=by, reason=reason, now=now)
        notifications.case_hidden(case, now=now)
        return
    hide_thing(case, by=by, reason=reason, now=now)


def _is_hidden_by_somebody(case: Case) -> bool:
    """And not by the site, for now."""
    if case.question:
        for_now = case.hidden_for_now_at
        return case.is_hidden and not (for_now and for_now >= case.question.state_at)
    thing = case.post or case.message
    return thing is not None and thing.hidden_at is not None and thing.hidden_by_id is not None
