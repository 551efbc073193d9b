"""What members tell of themselves, and how the networks may write to them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import IO

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from network import limits, permissions, signals
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member, Membership, MemberTheme, MemberTool, Profile, Theme
from network.storage import portrait

# Of the profile, what others see or do not: `job_title` for `shows_job_title`.
PARTS = ("job_title", "help_with", "about", "themes", "tools", "picture")
HIDEABLE = tuple(part for part in PARTS if part != "themes")  # those are the vocabulary's words, and not theirs
MAIL, INTERESTS, HELLO = 1, 2, 3  # the steps of a first visit, in their order


def change_profile(
    *,
    by: Member,
    name: str,
    job_title: str,
    help_with: str,
    about: str,
    themes: Collection[Theme],
    tools: Sequence[str],
    shows: Mapping[str, bool],
) -> Profile:
    """Writes down what a member tells of themselves. `tools` without doubles; `shows` says for some of `PARTS` whether
    members of their networks see them, or nobody. Raises Refused, LimitReached."""
    permissions.can_change_profile(by).enforce()
    permissions.can_follow_themes(by, themes).enforce()
    limits.PROFILE.spend(by)
    with transaction.atomic():
        profile = profile_for_change(by)
        changed = keep_words(profile, name=name, job_title=job_title, help_with=help_with, about=about)
        changed += [f"shows_{part}" for part in shows if getattr(profile, f"shows_{part}") != shows[part]]
        is_shown_anew = _is_shown_anew(profile, shows)
        for part in shows:
            setattr(profile, f"shows_{part}", shows[part])
        if shows:
            profile.save(update_fields=[f"shows_{part}" for part in shows])
        changed += keep_themes(by, themes) + _keep_tools(by, tools)
        if changed:
            # Which of it, and never the words: a name that was changed is what others may ask about.
            record("changed profile", by, by=by, changed=sorted(changed))
        if is_shown_anew:
            signals.profile_shown.send(Member, member=by)
    return profile


def change_picture(*, by: Member, upload: IO[bytes] | None, alt: str, shows: bool) -> Profile:
    """Takes a picture of the member, encoded anew; None leaves the one that is there, and changes only its description
    and who sees it. The one before is deleted. Raises Refused, LimitReached, NotAPicture."""
    permissions.can_change_profile(by).enforce()
    limits.PICTURES.spend(by)
    encoded = portrait(upload) if upload is not None else None
    with transaction.atomic():
        profile = profile_for_change(by)
        if encoded is not None:
            forget_picture(profile)
            profile.picture.save(f"{secrets.token_hex(16)}.webp", ContentFile(encoded), save=False)
        is_shown_anew = _is_shown_anew(profile, {"picture": shows})
        try:
            profile.picture_alt, profile.shows_picture = (alt if profile.picture else ""), shows
            profile.save(update_fields=["picture", "picture_alt", "shows_picture"])
            record("changed picture", by, by=by, new=encoded is not None)
            if is_shown_anew and profile.picture:
                signals.profile_shown.send(Member, member=by)
        except BaseException:
            if encoded is not None:
                profile.picture.delete(save=False)
            raise
    return profile


def remove_picture(*, by: Member) -> Profile:
    """Deletes the picture, if there is one. Raises Refused, LimitReached."""
    permissions.can_change_profile(by).enforce()
    limits.PICTURES.spend(by)
    with transaction.atomic():
        profile = profile_for_change(by)
        if profile.picture:
            forget_picture(profile)
            profile.picture_alt = ""
            profile.save(update_fields=["picture", "picture_alt"])
            record("removed picture", by, by=by)
    return profile


@dataclass(frozen=True, slots=True)
class MailTimes:
    """When a member's digest comes (`day` 0 is Monday; `hour` in London), and whether what concerns them is mailed by
    itself, within minutes."""

    day: int
    hour: int
    at_once: bool


def choose_mail(
    choices: Mapping[Membership, str], times: MailTimes | None = None, *, by: Member, now: datetime | None = None
) -> None:
    """How each network may write to a member: of their own memberships, one of `Membership.Mail`; and when, which None
    leaves as it is. Raises Refused, LimitReached."""
    permissions.can_choose_mail(by, choices).enforce()
    limits.PROFILE.spend(by)
    with transaction.atomic():
        keep_mail(choices, times, by=by, now=now or timezone.now())
        leave_behind(by, MAIL)  # which would ask the same


# What other verbs share, all of it part of a verb.


def leave_behind(member: Member, step: int) -> None:
    """Part of a verb: a step of the first visit is done or passed over. Going back to one takes nothing away from those
    after it."""
    Member.objects.filter(pk=member.pk, welcome_steps_done__lt=step).update(welcome_steps_done=step)
    member.welcome_steps_done = max(member.welcome_steps_done, step)


def profile_for_change(member: Member) -> Profile:
    """Part of a verb: the member's profile, made where there is none, and nobody else's to change until the verb is
    done. Raises Refused where the account is not in use any more."""
    hold_account(member)
    Profile.objects.get_or_create(member=member)
    return Profile.objects.select_for_update().get(member=member)


def keep_words(profile: Profile, **words: str) -> list[str]:
    """Part of a verb: writes the fields of a member and of their profile that are given; gives back which changed."""
    member = Member.objects.select_for_update(no_key=True).get(pk=profile.member_id)
    changed = []
    for row in (member, profile):
        own = {field: words[field] for field in words if field in {column.name for column in row._meta.fields}}
        differing = [field for field in own if getattr(row, field) != own[field]]
        for field in differing:
            setattr(row, field, own[field])
        if differing:
            row.save(update_fields=differing)
        changed += differing
    return changed


def keep_themes(member: Member, themes: Collection[Theme]) -> list[str]:
    """Part of a verb: follows these themes, and of those that the member can see no other; gives back which part of the
    profile changed."""
    wanted = {theme.pk for theme in themes}
    seen = MemberTheme.objects.visible_to(member).filter(member=member)
    had = set(seen.values_list("theme", flat=True))
    MemberTheme.objects.filter(member=member, theme__in=had - wanted).delete()
    new = [MemberTheme(member=member, theme_id=pk) for pk in sorted(wanted - had)]
    MemberTheme.objects.bulk_create(new, ignore_conflicts=True)
    return ["themes"] if had != wanted else []


def keep_mail(choices: Mapping[Membership, str], times: MailTimes | None, *, by: Member, now: datetime) -> None:
    """Part of a verb: writes down how each network may write to its member, and when. From now on they may."""
    for membership, mail in choices.items():
        Membership.objects.filter(pk=membership.pk).exclude(mail=mail).update(mail=mail, mail_chosen_at=now)
    own = Member.objects.filter(pk=by.pk)
    if times is None:
        own.filter(digest_chosen_at=None).update(digest_chosen_at=now)
        return
    as_it_was = own.filter(digest_day=times.day, digest_hour=times.hour).exclude(digest_chosen_at=None)
    if as_it_was.exists():
        own.update(mails_at_once=times.at_once)
    else:
        own.update(digest_day=times.day, digest_hour=times.hour, digest_chosen_at=now, mails_at_once=times.at_once)


def hold_profile(member: Member) -> None:
    """Part of a verb of somebody else: its owner changes it before or after."""
    Profile.objects.select_for_update().filter(member=member).first()


def hide_profile(member: Member) -> list[str]:
    """Part of a verb: nobody else sees any more what a member tells of themselves. They can change it and show it
    again. Gives back which of `PARTS` they had shown."""
    profile, _ = Profile.objects.get_or_create(member=member)
    shown = [part for part in HIDEABLE if getattr(profile, f"shows_{part}")]
    _show(profile, dict.fromkeys(shown, False))
    return shown


def show_profile(member: Member, parts: Collection[str]) -> None:
    """Part of a verb: others see these of `PARTS` again."""
    profile = Profile.objects.filter(member=member).first()
    if profile is not None:
        _show(profile, {part: True for part in parts if part in PARTS})


def _is_shown_anew(profile: Profile, shows: Mapping[str, bool]) -> bool:
    return any(shows.get(part) and not getattr(profile, f"shows_{part}") for part in HIDEABLE)


def _show(profile: Profile, shows: Mapping[str, bool]) -> None:
    for part, is_shown in shows.items():
        setattr(profile, f"shows_{part}", is_shown)
    profile.save(update_fields=[f"shows_{part}" for part in shows])


def forget_picture(profile: Profile) -> None:
    """Part of a verb, which saves the profile: takes its picture away, and the file once that is certain."""
    if name := profile.picture.name:
        transaction.on_commit(partial(profile.picture.storage.delete, name))
        profile.picture = ""


def _keep_tools(member: Member, tools: Sequence[str]) -> list[str]:
    had = list(MemberTool.objects.filter(member=member).values_list("name", flat=True))
    if sorted(had) == sorted(tools):
        return []
    MemberTool.objects.filter(member=member).exclude(name__in=tools).delete()
    MemberTool.objects.bulk_create([MemberTool(member=member, name=name) for name in tools if name not in had])
    return ["tools"]
