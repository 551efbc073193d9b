from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions
from forums.actions.cases import close_appeal, hold_case
from forums.actions.sight import hold_thing, show_thing
from forums.models import Appeal, Case
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member


def appeal(case: Case, *, by: Member, words: str, now: datetime | None = None) -> Appeal:
    """Whoever wrote what was hidden asks for somebody else to look at it. Once; a second time gives back the first.
    Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_appeal(by, case).enforce()
    limits.APPEALING.spend(by, now=now)
    with transaction.atomic():
        hold_account(by)
        case = hold_case(case)
        permissions.can_appeal(by, case).enforce()
        new = {"by": by, "words": markup.legible(words), "at": now}
        made, is_new = Appeal.objects.get_or_create(case=case, defaults=new)
        if is_new:
            # Whoever looks after the network reads that, and of some words not whose they are.
            record("appealed", case, by=by if case.logged_author else None, network=case.network)
            notifications.appeal_made(made, now=now)
    return made


def decide_appeal(made: Appeal, *, outcome: str, by: Member, answer: str, now: datetime | None = None) -> Appeal:
    """Somebody who did not decide before says whether it stays hidden or is shown again, and why. Raises Refused,
    LimitReached, and ValueError for an outcome that there is not."""
    now = now or timezone.now()
    if outcome not in Appeal.Outcome:
        raise ValueError("There is no such outcome of an appeal.")
    permissions.can_decide_appeal(by, made).enforce()
    limits.DECIDING_REPORTS.spend(by, now=now)
    with transaction.atomic():
        hold_thing(made.case.thing)
        case = hold_case(made.case)
        held = Appeal.objects.select_for_update(of=("self",)).select_related("by", "decided_by").get(pk=made.pk)
        held.case = case
        if (held.decided_by_id, held.outcome) == (by.pk, outcome):
            return held
        permissions.can_decide_appeal(by, held).enforce()
        # First the answer: what is shown again answers an appeal that nobody has answered.
        close_appeal(held, outcome, by=by, answer=answer, now=now)
        if outcome == Appeal.Outcome.SHOWN and case.is_hidden:
            show_thing(case, by=by if case.logged_author else None, now=now)
    return held
