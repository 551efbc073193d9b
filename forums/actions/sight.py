"""Taking out of sight what somebody wrote, and bringing it back, whatever it is. Part of verbs that have asked who may:
everything here stands in their transaction."""

from __future__ import annotations

from datetime import datetime

from forums import notifications
from forums.actions.amendments import hide_by_site, hide_held_message, show_held_message
from forums.actions.attachments import hide_held_file, show_held_file
from forums.actions.cases import note_hidden, note_shown
from forums.actions.hidden_questions import hide_held_question, show_held_question
from forums.actions.journal import Journal
from forums.actions.posts import hide_held, hold_post, show_held
from forums.live import log
from forums.models import Attachment, Case, Message, ModerationAct, Post, Question
from forums.models.report import Thing
from network.actions.audit import record
from network.actions.profile import hide_profile, hold_profile, show_profile
from network.models import AuditEvent, Member

PENDING = "Several members have reported it. A facilitator will look at it and decide."


def hold_thing(thing: Thing | None) -> None:
    """What a case is about, before the case itself: as whoever else hides or shows it takes them."""
    if isinstance(thing, Post):
        hold_post(thing)
    elif isinstance(thing, Message | Question):
        log.hold(thing.room_id)
    elif isinstance(thing, Attachment) and thing.post:
        hold_post(thing.post)
    elif isinstance(thing, Member):
        hold_profile(thing)


def hide_thing(case: Case, *, by: Member | None, reason: str = PENDING, now: datetime) -> None:
    """Part of a verb: of a case that is held, and what it is about too. `by` None: the site itself, until somebody
    decides."""
    if case.post:
        post = hold_post(case.post)
        hide_held(post, Journal(ModerationAct.Kind.HIDE, post.thread, by=by, now=now), by=by, reason=reason)
    elif case.message and by is None:
        hide_by_site(case.message, reason=reason, now=now)
    elif case.message and by is not None:
        hide_held_message(case.message, by=by, reason=reason, now=now)
    elif case.question:
        hide_held_question(case.question, by=by, reason=reason, now=now)
    elif case.attachment:
        hide_held_file(case.attachment, by=by, reason=reason, now=now)
    elif case.member:
        _hide_profile(case, case.member, by=by, reason=reason, now=now)


def show_thing(case: Case, *, by: Member | None, now: datetime) -> None:
    """Part of a verb: the same the other way round. `by` None: of a message or a question, where nobody is to learn who
    answered an appeal."""
    if case.post and by is not None:
        post = hold_post(case.post)
        show_held(post, Journal(ModerationAct.Kind.RESTORE, post.thread, by=by, now=now), by=by)
    elif case.message:
        show_held_message(case.message, by=by, now=now)
    elif case.question:
        show_held_question(case.question, by=by, now=now)
    elif case.attachment and by is not None:
        show_held_file(case.attachment, by=by, now=now)
    elif case.member and by is not None:
        show_profile(case.member, _still_theirs_to_show(case))
        case.hidden_parts = ""
        case.save(update_fields=["hidden_parts"])
        record("showed profile", case.member, by=by, network=case.network)
        notifications.case_shown(case, now=now)
        note_shown(case.member, by=by, now=now)


def _still_theirs_to_show(case: Case) -> list[str]:
    """What was hidden of a profile, unless its owner has changed it since: then only they say what is shown."""
    since = case.hidden_for_now_at or case.decided_at
    changed = AuditEvent.objects.filter(verb__in=("changed profile", "changed picture"), actor_id=case.member_id)
    return [] if changed.filter(at__gt=since).exists() else case.hidden_parts.split()


def _hide_profile(case: Case, member: Member, *, by: Member | None, reason: str, now: datetime) -> None:
    """Nobody else reads what they tell of themselves, until they change it and show it again, or it is shown again."""
    case.hidden_parts = " ".join([*case.hidden_parts.split(), *hide_profile(member)]) or "nothing"
    case.save(update_fields=["hidden_parts"])
    record("hid profile", member, by=by, network=case.network)
    if by is not None:
        note_hidden(member, case.network, by=by, reason=reason, now=now)
        case.refresh_from_db()
    notifications.case_hidden(case, now=now)
