"""Answers to mails about threads, that come by mail themselves: posted by the same verb as those typed on the site."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum

from django.conf import settings
from django.core.mail.utils import DNS_NAME
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from forums import limits, markup, notifications
from forums.actions.drafts import NotKept, keep_sent
from forums.actions.first_posts import Held
from forums.actions.posts import reply
from forums.letters import MOST_BYTES, Letter, Unreadable, read_letter, said_in
from forums.models import HeldPost, ModerationAct, Post, ReceivedMail, Thread
from forums.reply_address import ReplyTo, is_good_still, read_reply_address, reply_address
from network.actions.access import hold_account
from network.limits import LimitReached
from network.models import Member
from network.models.member import mailbox_of
from network.permissions import Refused, can_read, can_write, has_agreed

__all__ = ["Outcome", "forget_received_mail", "receive_mail", "reply_address"]

logger = logging.getLogger(__name__)


class Outcome(Enum):
    """What became of a mail that came in."""

    POSTED = "posted"
    HELD = "kept until a facilitator has read it, and its writer is told so"
    REFUSED = "refused, and its writer is told why"
    BEFORE = "delivered before"
    AUTOMATIC = "no person wrote it, so nobody is answered"
    LATER = "its writer sends too many; the mail server keeps it and asks again"
    NOBODY = "to no address that we made"


def receive_mail(
    raw: bytes, *, to: Sequence[str] = (), return_path: str | None = None, now: datetime | None = None
) -> Outcome:
    """Posts what a member answered by mail, or keeps it for a facilitator to read first, or mails them why not: once,
    however often the same message comes. `raw` may be cut after `letters.MOST_BYTES` + 1 bytes. `to`: whom the mail
    server delivers it to; the head may say more. `return_path`: see `letters.read_letter`. Raises whatever a database
    raises that is away."""
    try:
        letter = read_letter(raw[: MOST_BYTES + 1], return_path=return_path)
    except Unreadable:
        return Outcome.NOBODY
    if letter.is_automatic or _is_our_own(letter):
        return Outcome.AUTOMATIC
    said = next(filter(None, map(read_reply_address, [*to, *letter.recipients])), None)
    found = _meant_by(said) if said else None
    if said is None or found is None:
        return Outcome.NOBODY
    member, thread = found
    now = now or timezone.now()
    if ReceivedMail.objects.filter(member=member, digest=letter.digest).exists():
        return Outcome.BEFORE
    lately = ReceivedMail.objects.filter(member=member, at__gt=now - timedelta(hours=1))
    if lately.count() >= limits.MAILED_REPLIES_AN_HOUR:
        logger.warning("Member %s sends too many answers by mail, so one waits", member.pk)
        return Outcome.LATER
    is_theirs = mailbox_of(letter.sender) == mailbox_of(member.email)
    words = said_in(letter.text, name=member.name) if is_theirs else ""
    try:
        _enforce(letter, is_theirs, words, is_whole=len(raw) <= MOST_BYTES)
        if not is_good_still(said, member, thread, now=now):
            raise Refused("The mail that you answered is too old to be answered by mail, or you signed out since.")
        _enforce_network(said, thread)
        return _post(letter, words, thread, by=member, now=now)
    except (Refused, LimitReached) as no:
        return _refuse(letter, words, thread, to=member, reason=str(no), now=now)


def forget_received_mail(*, now: datetime | None = None) -> int:
    """Deletes rows of messages that nobody delivers again. Returns how many."""
    return ReceivedMail.objects.filter(at__lt=(now or timezone.now()) - ReceivedMail.KEPT).delete()[0]


def _is_our_own(letter: Letter) -> bool:
    """A mail of ours that came back to us."""
    domain = letter.message_id.rpartition("@")[2]
    return bool(domain) and domain in (settings.SITE_HOST, str(DNS_NAME).lower())


def _enforce_network(said: ReplyTo, thread: Thread) -> None:
    """Whoever answered a mail wrote for those who read the thread then. Raises Refused."""
    moves = ModerationAct.objects.filter(thread=thread, kind=ModerationAct.Kind.NETWORK)
    if moves.filter(Q(at__gt=said.made_at) | Q(undone_at__gt=said.made_at)).exists():
        raise Refused(
            "The thread has moved to another network since that mail was written. Read it there before you answer."
        )


def _meant_by(said: ReplyTo) -> tuple[Member, Thread] | None:
    """None where account or thread is gone: then there is nobody to answer."""
    member = Member.objects.filter(pk=said.member, is_active=True).first()
    thread = Thread.objects.filter(pk=said.thread).select_related("network").first()
    return (member, thread) if member and thread else None


def _enforce(letter: Letter, is_theirs: bool, words: str, *, is_whole: bool) -> None:
    """Raises Refused."""
    if not is_theirs:
        raise Refused(
            "It came from another address than the one you sign in with. Answer from that one. If it was not you who "
            "answered, somebody else has a mail that was meant for you."
        )
    if not is_whole:
        raise Refused("It is too large. Answer without pictures and files.")
    if letter.is_too_long or len(words) > markup.MAX_LENGTH:
        raise Refused(f"It is too long: a reply can have at most {markup.MAX_LENGTH:,} characters.")
    if not letter.text:
        raise Refused("There is no text in it.")
    if not markup.is_seen(words):
        raise Refused("We found no words of yours in it. Write them above the mail that you answer.")


def _post(letter: Letter, words: str, thread: Thread, *, by: Member, now: datetime) -> Outcome:
    """Raises Refused, LimitReached."""
    has_agreed(by).enforce()  # on the site they are asked before they read on
    if thread.network.content_free_mail and can_read(by, thread.network) and not can_write(by, thread.network, now=now):
        # The reason is a facilitator's words, and this answer is a mail.
        raise Refused("A facilitator has asked you not to write in this network for a while. You find why on its page.")
    with transaction.atomic():
        hold_account(by)
        if ReceivedMail.objects.filter(member=by, digest=letter.digest).exists():
            return Outcome.BEFORE
        post = held = None
        try:
            # What is typed on the site is looked through first for what is better not posted (`forums.care`). A mail
            # is not: whoever sent it cannot be asked, and holding it back would say no more than posting it.
            post = reply(
                thread,
                by=by,
                source=words.strip(),
                form_id=uuid.uuid5(_MESSAGES, letter.digest),
                ends_draft=False,
                now=now,
            )
        except Held as waits:
            held = waits.post
        received = _remember(letter, thread, by, now=now, post=post, held=held)
        if letter.files or held:
            notifications.reply_came_by_mail(received, now=now)
    return Outcome.HELD if held else Outcome.POSTED


def _refuse(letter: Letter, words: str, thread: Thread, *, to: Member, reason: str, now: datetime) -> Outcome:
    with transaction.atomic():
        if ReceivedMail.objects.filter(member=to, digest=letter.digest).exists():
            return Outcome.BEFORE
        kept = bool(words.strip()) and _is_kept(words, thread, to, now=now)
        received = _remember(letter, thread, to, now=now, refusal=reason[:500], kept=kept)
        notifications.reply_came_by_mail(received, now=now)
    return Outcome.REFUSED


def _is_kept(words: str, thread: Thread, of: Member, *, now: datetime) -> bool:
    """Beside what they have typed on the site, where they may read the thread still."""
    with suppress(Refused, LimitReached, NotKept), transaction.atomic():
        # Whatever draft is there is not the one that this was typed into, so this goes below it.
        keep_sent(thread, by=of, fields={"source": words}, known="", now=now)
        return True
    return False


def _remember(
    letter: Letter,
    thread: Thread,
    member: Member,
    *,
    now: datetime,
    post: Post | None = None,
    held: HeldPost | None = None,
    refusal: str = "",
    kept: bool = False,
) -> ReceivedMail:
    return ReceivedMail.objects.create(
        member=member,
        thread=thread,
        digest=letter.digest,
        at=now,
        post=post,
        held=held,
        refusal=refusal,
        kept=kept,
        files=letter.files,
    )


_MESSAGES = uuid.UUID("8f3f6a52-1c8e-4e0b-9d5e-2a7c61d40b3e")  # any will do; it must not change
