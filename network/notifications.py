"""Who hears of what happens in this storey; and the register of notice kinds for all of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Model, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from network.actions.notices import give_notice
from network.models import Member, Membership, Notice, Viewer

logger = logging.getLogger(__name__)


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


def welcome_offered(member: Member, *, now: datetime) -> None:
    give_notice("welcome_offered", member.pk, [member], now=now)


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
        name="welcome_offered",
        # Their own, as long as steps are left.
        visible_to=lambda viewer: Member.objects.visible_to(viewer).filter(
            pk=viewer.pk, welcome_steps_done__lt=Member.WELCOME_STEPS
        ),
        title=lambda member: "Tell your networks what you can help with: three short steps",
        address=lambda member: reverse("welcome"),
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


# What a member is mailed when the ways into their account change: a subject, and what happened. Nothing secret.
ACCOUNT_CHANGES = {
    "new_browser": ("A new sign-in to your Guildhall account", "Somebody signed in to your account: {browser}."),
    "address_changed": (
        "Your Guildhall email address was changed",
        "The email address of your account was changed. This one no longer signs in.",
    ),
    "password_set": ("Your Guildhall account has a password now", "A password was set for your account."),
    "password_changed": ("Your Guildhall password was changed", "The password of your account was changed."),
    "password_removed": ("Your Guildhall password was removed", "The password of your account was removed."),
    "app_added": ("An authenticator app was added", "An authenticator app was set up for your account."),
    "app_removed": ("An authenticator app was removed", "The authenticator app of your account was removed."),
    "passkey_added": ("A passkey was added", "A passkey was added to your account."),
    "passkey_removed": ("A passkey was removed", "A passkey was removed from your account."),
    "recovery_codes_made": (
        "New recovery codes were made",
        "New recovery codes were made for your account. The old ones no longer work.",
    ),
}


def account_changed(member: Member, what: str, *, now: datetime, to: str = "", **words: str) -> None:
    """Mails a member that something of how they sign in has changed, once that is committed. `to` instead of their
    address: the one they had before."""
    subject, happened = ACCOUNT_CHANGES[what]
    context = {
        "happened": happened.format(**words),
        "at": now,
        "lost_address": what == "address_changed",
        "site_url": settings.SITE_URL,
    }
    text = render_to_string("account/email/account_changed_message.txt", context)
    address = to or member.email
    transaction.on_commit(lambda: send(subject, text, to=address))


def send(subject: str, text: str, *, to: str) -> None:
    """The one place where mail of this kind leaves. A mail server that is away stops nobody: what the mail tells of has
    happened, and stands in the audit log."""
    try:
        EmailMessage(subject, text, to=[to]).send()
    except OSError:
        logger.exception("The mail server did not take a message: %s", subject)
