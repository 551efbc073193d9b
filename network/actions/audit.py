from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.urls import reverse

from network import limits, permissions
from network.models import AuditEvent, Invitation, Member, Membership, Network, Viewer
from network.models.audit import MODERATION


def record(
    verb: str,
    thing: models.Model | type[models.Model],
    *,
    by: Member | None,
    network: Network | None = None,
    **details: Any,
) -> AuditEvent:
    """Writes down that `by` (None: the site itself) did `verb` to `thing`; a model stands for many of its rows. Part
    of a verb: stands in its transaction; raises TransactionManagementError outside one. `details` are JSON values,
    never a member's words."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An audit event belongs to the transaction of what it records.")
    return AuditEvent.objects.create(
        verb=verb,
        actor_id=by.pk if by else None,
        network=network,
        object_kind=thing._meta.label_lower,
        object_id="" if isinstance(thing, type) else str(thing.pk),
        details=details,
    )


# What a verb is called on the screen, where it is another than in the log: read after who did it, before to what.
WORDS = {
    "accepted invitation": "accepted an invitation",
    "added domain": "added an email domain",
    "added organisation": "added an organisation",
    "added second factor": "set up a second factor for signing in",
    "admitted": "let in",
    "agreed to ground rules": "agreed to the ground rules",
    "answered question": "answered the facilitators' question",
    "appointed facilitator": "appointed a facilitator",
    "approved": "approved a request to join",
    "asked applicant": "asked somebody who wants to join a question",
    "asked for their data": "asked for their own data",
    "asked to join": "asked to join a network",
    "asked to prove the mailbox": "asked whether the mailbox is still theirs",
    "began a list of people": "started letting in a list of people",
    "changed address": "changed their email address",
    "changed network": "changed the settings of a network",
    "changed organisation": "changed an organisation",
    "changed password": "changed their password",
    "changed picture": "changed their picture",
    "changed profile": "changed their profile",
    "changed theme": "changed a theme",
    "closed account": "closed their account",
    "confirmed domain": "confirmed an email domain",
    "corrected account": "changed the organisation or kind of an account",
    "created network": "created a network",
    "created theme": "created a theme",
    "declined": "declined a request to join",
    "declined admission": "declined a request to be let in",
    "downloaded their data": "downloaded their own data",
    "ended a session": "signed out one of their browsers",
    "ended other sessions": "signed out their other browsers",
    "ended sessions": "signed somebody out everywhere",
    "enrolled": "put somebody from a list into a network",
    "exported moderation": "exported what was done in a network",
    "exported people": "exported the directory of people",
    "finished a list of people": "finished letting in a list of people",
    "invited": "invited somebody",
    "invited again": "sent an invitation again",
    "joined": "joined a network",
    "lapsed": "took an account out of use: its mailbox was not proved again",
    "left": "left a network",
    "let write again": "let a member of a network write again",
    "kept sanction": "kept a note, without a name, of a sanction: that address is gone",
    "let mail go": "let all email go again",
    "loaded the register": "loaded the council register",
    "looked at a list of people": "checked a list of people",
    "looked at account": "looked at an account",
    "made recovery codes": "made new recovery codes",
    "made theme private": "made a theme private",
    "made theme public": "made a theme public",
    "merged organisation": "merged an organisation into another",
    "merged theme": "merged a theme into another",
    "moved theme": "moved a theme in a network's list",
    "picked themes": "chose themes for a network",
    "published ground rules": "published new ground rules",
    "ran task again": "ran a task of the worker again",
    "reinstated": "let a member back into a network",
    "reinstated account": "gave an account back",
    "removed": "removed a member from a network",
    "removed domain": "removed an email domain",
    "removed password": "removed their password",
    "removed picture": "removed their picture",
    "removed second factor": "removed a second factor for signing in",
    "renamed passkey": "renamed a passkey",
    "restored silence": "asked somebody not to write who came back after closing their account",
    "restored suspension": "suspended somebody who came back after closing their account",
    "returned to use": "came back into use by signing in",
    "revoked invitation": "withdrew an invitation",
    "searched accounts": "searched the list of accounts",
    "sent mail again": "sent an email again",
    "set kind of domain": "changed what people with an email domain are",
    "set password": "set a password",
    "silenced": "asked a member of a network not to write for a while",
    "stood down facilitator": "ended somebody's role as a facilitator",
    "stopped all mail": "stopped all email",
    "suspended": "suspended a member of a network",
    "suspended account": "suspended an account",
    "took away theme": "removed a theme from a network's list",
    "took confirmation back": "took back the confirmation of an email domain",
    "warned": "warned a member of a network",
    "withdrew request": "withdrew their request to join",
}


# How a network is looked after: its facilitators read who did it (`AuditEvent.objects.visible_to`).
MODERATION |= {
    "let write again",
    "silenced",
    "warned",
    "appointed facilitator",
    "approved",
    "asked applicant",
    "changed network",
    "declined",
    "exported moderation",
    "invited",
    "invited again",
    "kept sanction",
    "moved theme",
    "picked themes",
    "reinstated",
    "removed",
    "restored silence",
    "restored suspension",
    "revoked invitation",
    "stood down facilitator",
    "suspended",
    "took away theme",
}


def register_words(words: Mapping[str, str], *, moderation: Iterable[str] = ()) -> None:
    """Called by each package above when it starts, for its own verbs. `moderation` are those by which a network is
    looked after: its facilitators read who did them. Raises ValueError for a verb that has words already, and for one
    of moderation that has none."""
    if known := words.keys() & WORDS.keys():
        raise ValueError(f"These verbs have words already: {', '.join(sorted(known))}.")
    WORDS.update(words)
    if mute := set(moderation) - WORDS.keys():
        raise ValueError(f"These verbs have no words: {', '.join(sorted(mute))}.")
    MODERATION.update(moderation)


@dataclass(frozen=True, slots=True)
class ThingKind:
    """How things of one table are called where somebody reads what was done to them: of those that `visible_to` gives
    to the reader, and of no others."""

    visible_to: Callable[[Viewer], models.QuerySet[Any]]
    words: Callable[[Any], str]
    address: Callable[[Any], str]


THINGS: dict[str, ThingKind] = {}


def register_things(model: type[models.Model], kind: ThingKind) -> None:
    """Called by each package when it starts, for tables of its own. Raises ValueError for one that is known already."""
    label = model._meta.label_lower
    if label in THINGS:
        raise ValueError(f"Things of {label} are called something already.")
    THINGS[label] = kind


register_things(
    Membership,
    ThingKind(
        visible_to=lambda viewer: Membership.objects.visible_to(viewer).select_related("member", "network"),
        words=lambda membership: str(membership.member),
        address=lambda membership: reverse("network_membership", args=[membership.network.slug, membership.pk]),
    ),
)
register_things(
    Member,
    ThingKind(
        visible_to=lambda viewer: Member.objects.visible_to(viewer),
        words=lambda member: str(member),
        address=lambda member: member.get_absolute_url(),
    ),
)
register_things(
    Invitation,
    ThingKind(
        visible_to=lambda viewer: Invitation.objects.visible_to(viewer).select_related("network"),
        words=lambda invitation: "An invitation",
        address=lambda invitation: reverse("network_invitations", args=[invitation.network.slug]),
    ),
)
register_things(
    Network,
    ThingKind(
        visible_to=lambda viewer: Network.objects.visible_to(viewer),
        words=lambda network: "The network",
        address=lambda network: "",
    ),
)


def called(events: Iterable[AuditEvent], reader: Viewer) -> dict[tuple[str, str], tuple[str, str]]:
    """What the things of these events are called and where they stand, by kind and number, as far as the reader may
    know them. One query for each kind of thing."""
    numbers: dict[str, set[str]] = {}
    for event in events:
        if event.object_kind in THINGS and event.object_id:
            numbers.setdefault(event.object_kind, set()).add(event.object_id)
    return {
        (label, str(thing.pk)): (THINGS[label].words(thing), THINGS[label].address(thing))
        for label, pks in numbers.items()
        for thing in THINGS[label].visible_to(reader).filter(pk__in=pks)
    }


def verb_called(words: str) -> str:
    """The verb as it stands in the log, from what it is called on the screen, or the words themselves."""
    return next((verb for verb, shown in WORDS.items() if shown.casefold() == words.casefold()), words)


def export_audit(*, by: Member, filters: Iterable[str]) -> AuditEvent:
    """Writes down that somebody takes a part of the audit log away, and by which filters; not what they looked for.
    Raises Refused, LimitReached."""
    permissions.can_read_audit(by).enforce()
    limits.EXPORTING_AUDIT.spend(by)
    with transaction.atomic():
        return record("exported the audit log", AuditEvent, by=by, filters=sorted(filters))


def export_moderation(network: Network, *, by: Member, filters: Iterable[str]) -> AuditEvent:
    """Writes down that a facilitator takes away what was done in their network, and by which filters. Raises Refused,
    LimitReached."""
    permissions.can_facilitate(by, network).enforce()
    limits.EXPORTING_AUDIT.spend(by)
    with transaction.atomic():
        return record("exported moderation", network, by=by, network=network, filters=sorted(filters))
