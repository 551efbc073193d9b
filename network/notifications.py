"""Who hears of what happens in this storey; and the register of notice kinds for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date

from network.actions.mail import Mail, MailKind, owe_mail
from network.actions.mail import register as register_mail
from network.actions.notices import give_notice
from network.models import (
    Admission,
    AdmissionRequest,
    MailLedger,
    Member,
    Membership,
    Notice,
    OrganisationDomain,
    Viewer,
)


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """How notices of one kind are shown. `visible_to` gives what of the kind's objects the reader may see now."""

    name: str
    visible_to: Callable[[Viewer], QuerySet[Any]]
    title: Callable[[Any], str]
    address: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class ShownNotice:
    notice: Notice
    title: str
    address: str


ANSWERED_WITHIN = timedelta(days=30)  # after being asked to show that a mailbox is still theirs

_kinds: dict[str, NoticeKind] = {}


def register(kind: NoticeKind) -> None:
    """Called once per kind when a package starts. Raises ValueError for a name already taken."""
    if kind.name in _kinds:
        raise ValueError(f"The notice kind {kind.name!r} is registered twice.")
    _kinds[kind.name] = kind


def shown(notices: Iterable[Notice], to: Viewer) -> list[ShownNotice]:
    """The notices whose object the reader may see now, in their order. One query per kind."""
    notices = list(notices)
    objects: dict[tuple[str, int], Model] = {}
    for name in {notice.kind for notice in notices} & _kinds.keys():
        wanted = [notice.object_id for notice in notices if notice.kind == name]
        found = _kinds[name].visible_to(to).filter(pk__in=wanted)
        objects |= {(name, thing.pk): thing for thing in found}
    result = []
    for notice in notices:
        thing = objects.get((notice.kind, notice.object_id))
        if thing is not None:
            kind = _kinds[notice.kind]
            result.append(ShownNotice(notice, kind.title(thing), kind.address(thing)))
    return result


def unread_notices(to: Viewer) -> list[ShownNotice]:
    """What the page lists and the menu counts: the same list, so that they always agree."""
    return shown(Notice.objects.visible_to(to).unread()[:100], to)


def admission_requested(request: AdmissionRequest, *, now: datetime) -> None:
    give_notice("admission_requested", request.pk, Member.objects.holding("change_admissionrequest"), now=now)


def admission_decided(request: AdmissionRequest, *, now: datetime) -> None:
    give_notice("admission_decided", request.pk, [request.member], now=now)
    owe_mail("admission_decided", request.member, period=now.isoformat(), object_id=request.pk, now=now)


def domain_confirmed(domain: OrganisationDomain, *, now: datetime) -> None:
    """Those who came by it; the others learn nothing of it."""
    people = Member.objects.filter(admission__domain=domain, is_active=True, kind=Member.Kind.OFFICER)
    give_notice("domain_confirmed", domain.pk, people, now=now)


def let_in_from_list(member: Member, *, now: datetime) -> None:
    owe_mail("let_in_from_list", member, period="once", now=now)


def mailbox_proof_asked(member: Member, *, now: datetime) -> None:
    give_notice("mailbox_proof_asked", member.pk, [member], now=now)
    owe_mail("mailbox_proof_asked", member, period=now.isoformat(), now=now)


def join_requested(request: Membership, *, now: datetime) -> None:
    facilitators = Member.objects.filter(
        pk__in=Membership.objects.facilitators().filter(network=request.network).values("member")
    )
    give_notice("join_requested", request.pk, facilitators, now=now)


def request_decided(request: Membership, *, now: datetime) -> None:
    give_notice("request_decided", request.pk, [request.member], now=now)


def _title_of_decision(membership: Membership) -> str:
    if membership.is_declined:
        return f"Your request to join the {membership.network.name} was declined"
    return f"You are now a member of the {membership.network.name}"


def _came_by(viewer: Viewer) -> QuerySet[OrganisationDomain]:
    """The confirmed domain by which the viewer came."""
    own = Admission.objects.visible_to(viewer).filter(member=viewer.pk or 0)
    return OrganisationDomain.objects.filter(admissions__in=own).exclude(confirmed_at=None)


def _decision_on_admission(row: MailLedger, member: Member | None) -> Mail | None:
    request = AdmissionRequest.objects.filter(pk=row.object_id or 0).select_related("member__organisation").first()
    if request is None or request.state == AdmissionRequest.State.WAITING:
        return None
    return Mail("network/mail/admission_decided.txt", {"asked": request})


def _account_from_list(row: MailLedger, member: Member | None) -> Mail | None:
    if member is None or member.last_login:
        return None
    return Mail("network/mail/let_in_from_list.txt", {"member": member})


def _question_of_proof(row: MailLedger, member: Member | None) -> Mail | None:
    if member is None or member.mailbox_asked_at is None:
        return None
    return Mail("network/mail/mailbox_proof_asked.txt", {"member": member, "last_day": last_day_to_answer(member)})


def last_day_to_answer(member: Member) -> date:
    """By when somebody who was asked has to show that the mailbox is still theirs."""
    assert member.mailbox_asked_at, "nobody has asked"
    return timezone.localdate(member.mailbox_asked_at + ANSWERED_WITHIN)


register_mail(MailKind("admission_decided", _decision_on_admission))
register_mail(MailKind("let_in_from_list", _account_from_list))
register_mail(MailKind("mailbox_proof_asked", _question_of_proof))
register(
    NoticeKind(
        name="admission_requested",
        visible_to=lambda viewer: AdmissionRequest.objects.visible_to(viewer).waiting().select_related("member"),
        title=lambda asked: f"{asked.member} asks to be let in, for {asked.works_for}",
        address=lambda asked: reverse("admissions"),
    )
)
register(
    NoticeKind(
        name="admission_decided",
        visible_to=lambda viewer: (
            AdmissionRequest.objects.visible_to(viewer)
            .filter(member=viewer.pk)
            .exclude(state=AdmissionRequest.State.WAITING)
        ),
        title=lambda asked: (
            "You have been let in: you can now join a network"
            if asked.state == AdmissionRequest.State.ADMITTED
            else "Your request to be let in was declined"
        ),
        address=lambda asked: reverse("welcome"),
    )
)
register(
    NoticeKind(
        name="domain_confirmed",
        visible_to=_came_by,
        title=lambda domain: "Your council's email domain is confirmed: you can now ask to join every network",
        address=lambda domain: reverse("networks"),
    )
)
register(
    NoticeKind(
        name="mailbox_proof_asked",
        visible_to=lambda viewer: (
            Member.objects.visible_to(viewer).filter(pk=viewer.pk or 0).exclude(mailbox_asked_at=None)
        ),
        title=lambda member: f"Show us by {format_date(last_day_to_answer(member), 'j F')} that your mailbox is yours",
        address=lambda member: reverse("mailbox_proof"),
    )
)
register(
    NoticeKind(
        name="join_requested",
        visible_to=lambda viewer: Membership.objects.visible_to(viewer).requested().select_related("member", "network"),
        title=lambda request: f"{request.member} asks to join the {request.network.name}",
        address=lambda request: reverse("network_requests", args=[request.network.slug]),
    )
)
register(
    NoticeKind(
        name="request_decided",
        # Who has left since, or been suspended, is told nothing: neither answer is true any more.
        visible_to=lambda viewer: Membership.objects.visible_to(viewer).decided().select_related("network"),
        title=_title_of_decision,
        address=lambda membership: membership.network.get_absolute_url(),
    )
)
