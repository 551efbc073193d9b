from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone

from forums import limits, markup, permissions
from forums.actions.posts import submission_of, submitted
from forums.models import Draft, Post, Practice, Thread
from network.actions.access import hold_account
from network.models import Member, Network
from network.permissions import Verdict

# More than any form of ours takes: what is too long to send is kept all the same.
MAX_LENGTH = 3 * markup.MAX_LENGTH
# What somebody types; the other fields of a form say something without them too.
TYPED = ("title", "source", "tags", "tool", "outcome", "differently")


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
    NewerDraft, and ValueError for more than MAX_LENGTH characters."""
    _can_write(place, by).enforce()
    limits.DRAFTING.spend(by, now=now)
    fields = {name: markup.legible(value) for name, value in fields.items() if value}
    if sum(map(len, fields.values())) > MAX_LENGTH:
        raise ValueError(f"A draft can have at most {MAX_LENGTH:,} characters. Nothing of this one was kept.")
    own = Draft.objects.filter(member=by, **_stands(place))
    try:
        with transaction.atomic():
            hold_account(by)
            there = own.select_for_update(of=("self",)).first()
            if there and known is not None and there.key != known:
                raise NewerDraft(there)
            if (
                not any(fields.get(name, "").strip() for name in TYPED)
                or _was_sent(fields, by)
                or _is_said(fields, place)
            ):
                own.delete()
                return None
            draft = there or Draft(member=by, **_place(place))
            draft.fields, draft.saved_at = fields, now or timezone.now()
            draft.save()
            return draft
    except IntegrityError:
        # The other window's first was a moment faster.
        if there := own.first():
            raise NewerDraft(there) from None
        raise


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


def mark_of(writer: Member) -> str:
    """Stands in the form of a member and says, when it comes back, that it was theirs: also where their session is over
    by then. It opens nothing: all that comes of it is a draft of theirs."""
    return _signer.sign(str(writer.pk))


def writer_of(mark: str) -> Member | None:
    """Whose form it was, while it is no older than the longest session."""
    try:
        pk = _signer.unsign(mark, max_age=settings.MEMBER_SESSION_LONGEST)
    except signing.BadSignature:
        return None
    writer: Member | None = Member.objects.filter(pk=pk, is_active=True).first()
    return writer


_signer = signing.TimestampSigner(salt="forums.actions.drafts")


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
    """Whether these words became a post: what a script keeps may arrive after the form that it was about."""
    words = [fields[name].strip() for name in ("title", "source") if name in fields]
    with suppress(ValueError):
        return submitted(by, submission_of(uuid.UUID(fields.get("form_id", "")), *words)) is not None
    return False
