"""Who hears of what happens in this storey; and the register of notice kinds for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.urls import reverse

from network.actions import mail
from network.actions.mail import Mail, MailKind
from network.actions.notices import give_notice
from network.models import AccountEvent, MailLedger, Member, Membership, Notice, Viewer


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


def _about_account(row: MailLedger, member: Member | None) -> Mail | None:
    """The newest decision about an account, in the administrator's words; an older one holds no more."""
    decisions = AccountEvent.objects.filter(member=member)
    decided = decisions.filter(kind__in=(AccountEvent.Kind.SUSPENDED, AccountEvent.Kind.REINSTATED)).first()
    if decided is None or decided.pk != row.object_id:
        return None
    return Mail(f"network/mail/{row.stream}.txt", {"event": decided, "member": member})


mail.register(MailKind("account_suspended", _about_account, to_inactive=True))
mail.register(MailKind("account_reinstated", _about_account))
