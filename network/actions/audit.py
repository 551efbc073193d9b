from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models, transaction

from network import limits, permissions
from network.models import AuditEvent, Member, Network


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
    "exported people": "exported the directory of people",
    "finished a list of people": "finished letting in a list of people",
    "invited": "invited somebody",
    "invited again": "sent an invitation again",
    "joined": "joined a network",
    "lapsed": "took an account out of use: its mailbox was not proved again",
    "left": "left a network",
    "let write again": "let a member of a network write again",
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


def register_words(words: Mapping[str, str]) -> None:
    """Called by each package above when it starts, for its own verbs. Raises ValueError for one that has words."""
    if known := words.keys() & WORDS.keys():
        raise ValueError(f"These verbs have words already: {', '.join(sorted(known))}.")
    WORDS.update(words)


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
