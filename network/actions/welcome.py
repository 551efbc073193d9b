"""The first visit after somebody was let in: three short steps, each of which may be passed over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from network import limits, notifications, permissions
from network.actions.audit import record
from network.actions.profile import (
    HELLO,
    INTERESTS,
    MAIL,
    MailTimes,
    keep_mail,
    keep_themes,
    keep_words,
    leave_behind,
    profile_for_change,
)
from network.models import Member, Membership, Network, Notice, Theme


def say_how_to_write(
    choices: Mapping[Membership, str], times: MailTimes | None = None, *, by: Member, now: datetime | None = None
) -> None:
    """Step one: how each network may write to them, and when. None does before. Raises Refused, LimitReached."""
    permissions.can_take_welcome_step(by, MAIL).enforce()
    permissions.can_choose_mail(by, choices).enforce()
    limits.PROFILE.spend(by)
    with transaction.atomic():
        keep_mail(choices, times, by=by, now=now or timezone.now())
        leave_behind(by, MAIL)


def say_what_interests(themes: Collection[Theme], *, by: Member) -> None:
    """Step two: the themes they follow. Raises Refused, LimitReached."""
    permissions.can_take_welcome_step(by, INTERESTS).enforce()
    permissions.can_follow_themes(by, themes).enforce()
    limits.PROFILE.spend(by)
    with transaction.atomic():
        changed = keep_themes(by, themes)
        if changed:
            record("changed profile", by, by=by, changed=changed)
        leave_behind(by, INTERESTS)


def say_hello(*, by: Member, job_title: str, help_with: str, about: str) -> None:
    """Step three: what they do and can help with. Raises Refused, LimitReached."""
    permissions.can_take_welcome_step(by, HELLO).enforce()
    limits.PROFILE.spend(by)
    with transaction.atomic():
        changed = keep_words(profile_for_change(by), job_title=job_title, help_with=help_with, about=about)
        if changed:
            record("changed profile", by, by=by, changed=sorted(changed))
        leave_behind(by, HELLO)


def pass_over(step: int, *, by: Member) -> None:
    """Leaves a step behind without saying anything in it. Raises Refused, LimitReached."""
    permissions.can_take_welcome_step(by, step).enforce()
    limits.PROFILE.spend(by)
    with transaction.atomic():
        if step == MAIL:
            keep_mail({}, None, by=by, now=timezone.now())  # as it is, from now on
        leave_behind(by, step)


def offer_welcome(member: Member, *, now: datetime | None = None) -> bool:
    """The site tells somebody who belongs to a network, and was at most asked for mail when they joined it, that there
    are steps; once, and it forces nobody. Says whether it did."""
    waits = permissions.can_be_welcomed(member) and member.welcome_steps_done <= MAIL
    if not waits or not Network.objects.of(member).exists():
        return False
    if Notice.objects.filter(member=member, kind="welcome_offered").exists():
        return False
    with transaction.atomic():
        notifications.welcome_offered(member, now=now or timezone.now())
    return True
