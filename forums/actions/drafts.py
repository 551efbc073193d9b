from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone

from forums import limits, markup, permissions
from forums.actions.first_posts import waiting
from forums.actions.posts import submission_of, submitted
from forums.models import Draft, Post, Practice, Thread
from network.actions.access import hold_account
from network.actions.sessions import was_signed_out_since
from network.models import Member, Network
from network.permissions import Verdict, can_read

# More than any form of ours takes: what is too long to send is kept all the same.
MAX_LENGTH = 3 * markup.MAX_LENGTH
MAX_BYTES = 200_000
# Of one member, where they may still write.
MOST = 100
# What somebody types; the other fields of a form say something without them too.
TYPED = ("title", "source", "tags", "tool", "outcome", "differently")


class NotKept(ValueError):
    """More than is kept of somebody: too long a text, or too many drafts."""


class NewerDraft(Exception):
    """Somewhere else, in another window or on another device, they wrote on: `draft` is what stands there now."""

    def __init__(self, draft: Draft) -> None:
        super().__init__("You have a newer draft of this, from another window or another device.")
        self.draft = draft


def save_draft(
    place: Network | Thread | Post,
    *,
    by: Member,
    fields: Mapping[str, str],
    known: str | None = None,
    now: datetime | None = None,
) -> Draft | None:
    """Keeps what somebody has typed of a new thread in a network, a reply to a thread or other words for a post; None
    where nothing is typed, or just that was sent meanwhile: then no draft is left. `known` is the key of the draft they
    had before them, "" for none; without it, whatever is there is written over. Raises Refused, LimitReached,
    NewerDraft, NotKept."""
    _can_write(place, by).enforce()
    limits.DRAFTING.spend(by, now=now)
    fields = _legible(fields)
    _enforce_size(fields)
    own = Draft.objects.filter(member=by, **_stands(place))
    try:
        with transaction.atomic():
            hold_account(by)
            there = own.select_for_update(of=("self",)).first()
            if there and known is not None and there.key != known:
                raise NewerDraft(there)
            if not _is_typed(fields) or _was_sent(fields, by) or _is_said(fields, place):
                own.delete()
                return None
            return _write(place, there, fields, by=by, now=now)
    except IntegrityError:
        # The other window's first was a moment faster.
        if there := own.first():
            raise NewerDraft(there) from None
        raise


def keep_sent(
    place: Network | Thread | Post, *, by: Member, fields: Mapping[str, str], known: str, now: datetime | None = None
) -> None:
    """Keeps what somebody sent and what could not be taken, as a draft: for all who may read the place, whether or not
    they may still write there. Nothing is lost of it, nor of a draft that is newer than the `known` one: there it
    stands below. Where nothing was typed, nothing changes. Raises Refused, LimitReached, NotKept."""
    can_read(by, _place(place)["network"]).enforce()
    limits.DRAFTING.spend(by, now=now)
    fields = _legible(fields)
    if not _is_typed(fields) or _was_sent(fields, by):
        return
    with transaction.atomic():
        hold_account(by)
        there = Draft.objects.filter(member=by, **_stands(place)).select_for_update(of=("self",)).first()
        if there and there.key != known:
            fields = _with_below(there.fields, fields)
        _enforce_size(fields)
        _write(place, there, fields, by=by, now=now)


def give_back(place: Network | Thread, fields: Mapping[str, str], *, to: Member, now: datetime | None = None) -> None:
    """Part of a verb: what somebody wrote and what was not posted is a draft of theirs again. Nothing is lost of it,
    nor of what they have begun there since: there it stands below. However much that is, and however many drafts they
    have: nobody typed it now who could be told."""
    there = Draft.objects.filter(member=to, **_stands(place)).select_for_update(of=("self",)).first()
    fields = _with_below(there.fields, fields) if there else dict(fields)
    draft = there or Draft(member=to, **_place(place))
    draft.fields, draft.saved_at = fields, now or timezone.now()
    draft.save()


def _with_below(there: Mapping[str, str], sent: Mapping[str, str]) -> dict[str, str]:
    """The fields of a draft, and at the end of its text what of those that were sent does not stand in them, as lines
    of its own."""

    def is_missing(name: str) -> bool:
        return f"\n{sent.get(name, '').strip()}\n" not in f"\n\n{there.get(name, '').strip()}\n"

    missing = "\n\n".join(sent[name].strip() for name in TYPED if sent.get(name, "").strip() and is_missing(name))
    source = "\n\n---\n\n".join(part for part in (there.get("source", "").rstrip(), missing) if part)
    return {**there, "source": source}


def _write(
    place: Network | Thread | Post, there: Draft | None, fields: dict[str, str], *, by: Member, now: datetime | None
) -> Draft:
    if there is None and Draft.objects.visible_to(by).count() >= MOST:
        raise NotKept(f"You have {MOST} drafts, and there is no room for another. Send or delete one first.")
    draft = there or Draft(member=by, **_place(place))
    draft.fields, draft.saved_at = fields, now or timezone.now()
    draft.save()
    return draft


def _legible(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: markup.legible(value) for name, value in fields.items() if value}


def _is_typed(fields: Mapping[str, str]) -> bool:
    return any(fields.get(name, "").strip() for name in TYPED)


def _enforce_size(fields: Mapping[str, str]) -> None:
    if sum(map(len, fields.values())) > MAX_LENGTH:
        raise NotKept(f"A draft can have at most {MAX_LENGTH:,} characters. Nothing of this one was kept.")
    if sum(len(value.encode()) for value in fields.values()) > MAX_BYTES:
        raise NotKept("A draft with so many signs that are no plain letters is too large. Nothing of it was kept.")


def delete_draft(draft: Draft, *, by: Member) -> None:
    """Throws away what was kept. Raises Refused, LimitReached."""
    permissions.can_delete_draft(by, draft).enforce()
    limits.DRAFTING.spend(by)
    draft.delete()


def forget_old_drafts(*, now: datetime | None = None) -> int:
    """Deletes those that nobody wrote on for KEPT_DAYS. Returns how many."""
    before = (now or timezone.now()) - timedelta(days=Draft.KEPT_DAYS)
    deleted, _ = Draft.objects.filter(saved_at__lt=before).delete()
    return deleted


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose form it is, by the number of their account, and when it was drawn."""

    writer: int
    made_at: datetime


def mark_of(writer: Member, place: Network | Thread | Post) -> str:
    """Stands in the form of a member and says, when it comes back, that it was theirs: also where their session is over
    by then. It is good for that form alone, and opens nothing: all that comes of it is a draft of theirs there."""
    return _signer.sign(f"{writer.pk} {int(timezone.now().timestamp())} {where(place)}")


def where(place: Network | Thread | Post) -> str:
    """A place as the addresses of its forms name it, without asking for anything."""
    if isinstance(place, Network):
        return f"network {place.slug}"
    if isinstance(place, Thread):
        return f"thread {place.pk}"
    return f"post {place.thread_id} {place.number}"


def read_mark(mark: str, there: str) -> Mark | None:
    """None for what we did not sign for the form `there`."""
    try:
        writer, made_at, place = _signer.unsign(mark).split(" ", 2)
    except (signing.BadSignature, ValueError):
        return None
    return Mark(int(writer), datetime.fromtimestamp(int(made_at), tz=UTC)) if place == there else None


def writer_of(mark: Mark) -> Member | None:
    """Whose form it was, while it is no older than the longest session, and they were not signed out everywhere
    since."""
    writer: Member | None = Member.objects.filter(pk=mark.writer, is_active=True).first()
    if writer is None or timezone.now() - mark.made_at > settings.MEMBER_SESSION_LONGEST:
        return None
    return None if was_signed_out_since(writer, mark.made_at) else writer


_signer = signing.Signer(salt="forums.actions.drafts")


def _can_write(place: Network | Thread | Post, by: Member) -> Verdict:
    if isinstance(place, Network):
        return permissions.can_start_thread(by, place)
    if isinstance(place, Thread):
        return permissions.can_reply(by, place)
    return permissions.can_edit(by, place)


def _place(place: Network | Thread | Post) -> dict[str, Any]:
    if isinstance(place, Network):
        return {"network": place, "thread": None, "post": None}
    if isinstance(place, Thread):
        return {"network": place.network, "thread": place, "post": None}
    return {"network": place.thread.network, "thread": place.thread, "post": place}


def _stands(place: Network | Thread | Post) -> dict[str, Any]:
    """A thread may have moved to another network since."""
    stands = _place(place)
    return stands if isinstance(place, Network) else {name: stands[name] for name in ("thread", "post")}


def _is_said(fields: Mapping[str, str], place: Network | Thread | Post) -> bool:
    """Whether a post that is edited has just these words by now: the form was faster than its script."""
    if not isinstance(place, Post):
        return False
    told = {name: fields.get(name, "").strip() for name in ("tool", "stage", "outcome", "differently")}
    is_told = not fields.get("stage") or Practice.objects.filter(thread=place.thread_id, **told).exists()
    return is_told and Post.objects.filter(pk=place.pk, source=fields.get("source", "").strip()).exists()


def _was_sent(fields: Mapping[str, str], by: Member) -> bool:
    """Whether these words became a post or wait to: what a script keeps may arrive after the form that it was about."""
    words = [fields[name].strip() for name in ("title", "source") if name in fields]
    with suppress(ValueError):
        submission = submission_of(uuid.UUID(fields.get("form_id", "")), *words)
        return submitted(by, submission) is not None or waiting(by, submission) is not None
    return False
