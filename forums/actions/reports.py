from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from forums import limits, markup, notifications, permissions
from forums.actions.attachments import keep_portrait
from forums.actions.cases import open_case
from forums.actions.sight import hide_thing, hold_thing
from forums.models import Attachment, Case, Message, Post, Question, Report
from forums.models.report import Thing, portrait_shown, said_by
from network.actions.access import hold_account
from network.models import Member, Membership, Network

# An account has to be this old for its report to count towards hiding something, so that nobody makes three of them.
COUNTS_AFTER = timedelta(days=1)


def report_post(post: Post, *, by: Member, kind: str, words: str = "", now: datetime | None = None) -> Report:
    """Somebody tells the facilitators that a post is not right; its author is not told who. Reported by them already
    and not decided yet, it stays with what they said then. Past as many as its network has set, the post is out of
    sight until a facilitator has looked. Raises Refused, LimitReached, and ValueError for a kind that there is not."""
    permissions.can_report_post(by, post).enforce()
    limits.REPORTING.spend(by, now=now)
    return _report(post, post.thread.network, by=by, kind=kind, words=words, now=now or timezone.now())


def report_message(message: Message, *, by: Member, kind: str, words: str = "", now: datetime | None = None) -> Report:
    """The same of a message in a live room."""
    permissions.can_report_message(by, message).enforce()
    limits.REPORTING.spend(by, now=now)
    return _report(message, message.room.network, by=by, kind=kind, words=words, now=now or timezone.now())


def report_question(
    question: Question, *, by: Member, kind: str, words: str = "", now: datetime | None = None
) -> Report:
    """The same of a question in a session, by whomever it was asked: nobody learns that by reporting it."""
    permissions.can_report_question(by, question).enforce()
    limits.REPORTING.spend(by, now=now)
    return _report(question, question.room.network, by=by, kind=kind, words=words, now=now or timezone.now())


def report_file(
    attachment: Attachment, *, by: Member, kind: str, words: str = "", now: datetime | None = None
) -> Report:
    """The same of a file that stands with a post."""
    permissions.can_report_file(by, attachment).enforce()
    limits.REPORTING.spend(by, now=now)
    network = attachment.post.thread.network if attachment.post else None
    return _report(attachment, network, by=by, kind=kind, words=words, now=now or timezone.now())


def report_profile(member: Member, *, by: Member, kind: str, words: str = "", now: datetime | None = None) -> Report:
    """The same of what a member tells of themselves. Read by the facilitators of the first network that both belong to
    and that somebody else facilitates; where there is none, by the administrators."""
    permissions.can_report_profile(by, member).enforce()
    limits.REPORTING.spend(by, now=now)
    return _report(member, _network_for(member, by), by=by, kind=kind, words=words, now=now or timezone.now())


def report_from_outside(
    thing: Thing | None,
    *,
    address: str,
    kind: str,
    words: str,
    reply_to_address: str = "",
    now: datetime | None = None,
) -> Report:
    """Somebody without an account tells us that something is not right, by its address; `thing` is what stands there,
    whoever may see it. Counts for nothing but itself: it hides nothing. What is no member's words is read by the
    administrators. Raises LimitReached, and ValueError for a kind that there is not."""
    now = now or timezone.now()
    lately = Report.objects.filter(by=None, at__gt=now - timedelta(hours=1))
    if lately.count() >= limits.OUTSIDE_REPORTS_AN_HOUR:
        raise limits.TooManyFromOutside
    _check(kind)
    with transaction.atomic():
        if thing is None:
            case, is_new = Case.objects.create(address=address, opened_at=now), True
        else:
            hold_thing(thing)
            case, is_new = open_case(thing, _network_of(thing), now=now)
        given = Report.objects.create(
            case=case,
            kind=kind,
            words=markup.legible(words),
            said=said_by(thing) if thing is not None else "",
            reply_to_address=reply_to_address,
            at=now,
        )
        _tell(case, given, is_new=is_new, now=now)
        keep_portrait(portrait_shown(thing) if thing is not None else None, case, now=now)
    return given


def _report(thing: Thing, network: Network | None, *, by: Member, kind: str, words: str, now: datetime) -> Report:
    _check(kind)
    with transaction.atomic():
        hold_account(by)
        hold_thing(thing)
        if isinstance(thing, Member):  # they may just have closed their account
            permissions.can_report_profile(by, thing).enforce()
        case, is_new = open_case(thing, network, now=now)
        portrait = portrait_shown(thing)  # before the site hides it
        new = {"kind": kind, "words": markup.legible(words), "said": said_by(thing), "at": now}
        given, is_given = Report.objects.get_or_create(case=case, by=by, defaults=new)
        if is_given:
            _tell(case, given, is_new=is_new, now=now)
            if _has_had_enough(case, given, now=now):
                case.hidden_for_now_at = now
                case.save(update_fields=["hidden_for_now_at"])
                hide_thing(case, by=None, now=now)
            keep_portrait(portrait, case, now=now)
    return given


def _tell(case: Case, given: Report, *, is_new: bool, now: datetime) -> None:
    """Those who look after it, once for a case; and once more where it becomes urgent."""
    becomes_urgent = given.kind == Report.Kind.UNLAWFUL and not case.is_urgent
    if becomes_urgent:
        case.is_urgent = True
        case.save(update_fields=["is_urgent"])
    if is_new or becomes_urgent:
        notifications.case_opened(case, but=given.by, now=now)


def _has_had_enough(case: Case, given: Report, *, now: datetime) -> bool:
    """Whether so many different members have reported it that it is out of sight until somebody has looked. What a
    facilitator has looked at and left stays, as long as it says the same."""
    enough = case.network.reports_to_hide if case.network else 0
    if not enough or case.is_hidden or case.hidden_for_now_at or case.thing is None:
        return False
    counted = Report.objects.filter(case=case, by__date_joined__lte=now - COUNTS_AFTER)
    if counted.count() < enough:
        return False
    left = Case.objects.about(case.thing).filter(outcome=Case.Outcome.LEFT)
    return not Report.objects.filter(case__in=left.values("pk"), said=given.said).exists()


def _network_for(member: Member, reporter: Member) -> Network | None:
    """Whose facilitators read what one of its members reports of another's profile."""
    theirs = Membership.objects.active().filter(member=member).values("network")
    cared_for = Membership.objects.facilitators().exclude(member=member).values("network")
    return Network.objects.of(reporter).filter(pk__in=theirs).filter(pk__in=cared_for).first()


def _network_of(thing: Thing) -> Network | None:
    if isinstance(thing, Attachment):
        return thing.post.thread.network if thing.post else None
    if isinstance(thing, Post):
        return thing.thread.network
    return thing.room.network if isinstance(thing, Message | Question) else None


def _check(kind: str) -> None:
    if kind not in Report.Kind:
        raise ValueError("There is no such kind of report.")
