"""The ground rules: published in versions, agreed to by every member of a network."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from network import limits, permissions
from network.actions.audit import record
from network.models import GroundRules, Member, RulesAcceptance

FIRST_RULES = """\
What is said in a network stays in the network. Share what you learnt, not who said it.
Never write about a resident in a way that anybody could recognise.
Say what you know and how you know it. “I have not tried this” is a good beginning.
Tell us whom you work for. Whoever sells to councils is welcome where they are asked.
Disagree with the idea. If you would not say it at a colleague's desk, do not write it here.
"""


class ChangedMeanwhile(Exception):
    """Somebody else has published a version since this one was begun."""


def set_up_rules(text: str = FIRST_RULES) -> GroundRules:
    """Publishes version 1 where there is none: the site's own set-up. Safe to repeat."""
    with transaction.atomic():
        rules, is_new = GroundRules.objects.get_or_create(number=1, defaults={"text": text})
        if is_new:
            record("published ground rules", rules, by=None, number=1)
    return rules


def publish_rules(
    *, text: str, change: str, by: Member, after: int | None = None, now: datetime | None = None
) -> GroundRules:
    """Makes these the ground rules, from now on; every member is asked again. `text` is one rule per line. `after` is
    the number of the version that was changed, None where there was none. Raises Refused, LimitReached,
    ChangedMeanwhile."""
    permissions.can_publish_rules(by).enforce()
    limits.PUBLISHING_RULES.spend(by, now=now)
    current = GroundRules.objects.current()
    if (current.number if current else None) != after:
        raise ChangedMeanwhile
    try:
        with transaction.atomic():
            rules = GroundRules.objects.create(
                number=(after or 0) + 1,
                text=text,
                change=change,
                published_at=now or timezone.now(),
                published_by=by,
            )
            record("published ground rules", rules, by=by, number=rules.number)
    except IntegrityError as taken:  # another was a moment faster
        raise ChangedMeanwhile from taken
    return rules


def agree_to_rules(rules: GroundRules, *, by: Member, now: datetime | None = None) -> RulesAcceptance:
    """Remembers that a member has agreed to the ground rules as they are now. Twice is once. Raises Refused for a
    version that no longer holds, LimitReached."""
    permissions.can_agree(by, rules).enforce()
    limits.AGREEING.spend(by, now=now)
    with transaction.atomic():
        acceptance, is_new = RulesAcceptance.objects.get_or_create(
            member=by, rules=rules, defaults={"at": now or timezone.now()}
        )
        if is_new:
            record("agreed to ground rules", rules, by=by, number=rules.number)
    return acceptance
