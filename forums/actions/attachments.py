"""Files with posts: uploaded in a form, held for it until the post is sent, then the post's."""

from __future__ import annotations

import filecmp
import logging
import secrets
import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import IO

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from forums import files, limits, markup, notifications, permissions, scanner
from forums.actions import cases
from forums.models import Attachment, Case, HeldPost, Post
from forums.search import index
from network.actions.access import hold_account
from network.actions.audit import record
from network.actions.profile import hold_profile
from network.models import Member, Network, Profile

logger = logging.getLogger(__name__)

KEPT_UNSENT = timedelta(days=1)


def attach_file(
    network: Network, *, by: Member, form_id: uuid.UUID, file: IO[bytes], name: str, now: datetime | None = None
) -> Attachment:
    """Takes a file into a form of a member who writes in a network; the same file again in the same form is one. Raises
    Refused, LimitReached, and `files.NotTaken` for a file that we do not take, or one too many."""
    now = now or timezone.now()
    permissions.can_attach(by, network).enforce()
    limits.ATTACHING.spend(by, now=now)
    if file.seek(0, 2) > Attachment.BYTES:
        raise files.NotTaken(f"“{files.cleaned_name(name)}” is larger than 10 MB")
    # Before it is looked at, which may cost more than all else: of many sent at once only so many are opened.
    held = list(Attachment.objects.held_in(form_id, by).values_list("name", flat=True))
    if len(held) >= Attachment.MOST and files.cleaned_name(name) not in held:
        raise _one_too_many(files.cleaned_name(name))
    taken = files.examine(file, name)
    attached = Attachment(
        member=by,
        form_id=form_id,
        name=taken.name,
        content_type=taken.content_type,
        # Without a scanner nobody looks, and nobody waits.
        state=Attachment.State.CHECKING if settings.CLAMD else Attachment.State.CLEAN,
        uploaded_at=now,
    )
    _store(attached, taken)
    try:
        with transaction.atomic():
            hold_account(by)
            there = _place(attached, form_id, now=now)
    except BaseException:
        _forget_files(attached)
        raise
    if there is not None:
        _forget_files(attached)
        return there
    return attached


def describe_file(attachment: Attachment, *, by: Member, alt: str) -> Attachment:
    """Says in words what a picture shows. Raises Refused, LimitReached."""
    permissions.can_change_file(by, attachment).enforce()
    alt = markup.legible(alt)
    if alt != attachment.alt:
        limits.EDITING.spend(by)
        attachment.alt = alt
        Attachment.objects.filter(pk=attachment.pk).update(alt=alt)
    return attachment


def remove_file(attachment: Attachment, *, by: Member) -> None:
    """Deletes a file: out of the form, or from the post that it stands with. What was reported is kept until somebody
    has decided. Twice is once. Raises Refused, LimitReached."""
    permissions.can_change_file(by, attachment).enforce()
    limits.EDITING.spend(by)
    post = attachment.post
    with transaction.atomic():
        if post is None:
            forget(attachment)
            return
        # Whoever reports it or decides holds its post too.
        Post.objects.select_for_update(of=("self",)).get(pk=post.pk)
        take_from(post, attachment)
        index.index_post(post)  # without the name of the file


def check_files(*, now: datetime | None = None) -> int:
    """Has the scanner look at each file that waits; returns how many it looked at. The site itself does; safe to
    repeat. A file about which the scanner says nothing waits on."""
    waiting = Attachment.objects.filter(state=Attachment.State.CHECKING).order_by("uploaded_at", "pk")
    if not settings.CLAMD:  # it was taken out of the settings while files waited for it
        return waiting.update(state=Attachment.State.CLEAN)
    if not waiting.exists():
        return 0
    if not scanner.answers():
        logger.warning("The malware scanner at %s does not answer, so files with posts wait for it.", settings.CLAMD)
        return 0
    looked_at = 0
    for attachment in waiting:
        try:
            with attachment.file.open("rb") as file:
                finding = scanner.finding_in(file)
        except FileNotFoundError:  # removed meanwhile
            continue
        except scanner.NoAnswer as problem:
            logger.warning("The malware scanner did not say whether attachment %s is clean: %s", attachment.pk, problem)
            if not scanner.answers():
                break
            continue
        _note_finding(attachment, finding, now=now or timezone.now())
        looked_at += 1
    return looked_at


def is_check_due() -> bool:
    return Attachment.objects.filter(state=Attachment.State.CHECKING).exists()


def forget_unsent(*, now: datetime | None = None) -> int:
    """Deletes what was uploaded a day ago and never sent, with its files; returns how many. The site itself does. What
    waits for a facilitator stays, and for a day what their writer has back from there; and what was removed after it
    was reported, or the picture of a profile that was, until somebody has decided."""
    before = (now or timezone.now()) - KEPT_UNSENT
    with_a_held = HeldPost.objects.filter(Q(decision=HeldPost.Decision.NONE) | Q(decided_at__gt=before))
    held = with_a_held.filter(author=OuterRef("member"), form_id=OuterRef("form_id"))
    reported = Case.objects.open().filter(Q(pk=OuterRef("kept_for")) | Q(attachment=OuterRef("pk")))
    unsent_or_decided = Q(uploaded_at__lte=before, kept_for=None) | Q(kept_for__isnull=False)
    over = Attachment.objects.filter(unsent_or_decided, ~Exists(held), ~Exists(reported), post=None)
    with transaction.atomic():
        unsent = list(over.select_for_update(of=("self",)))
        for attachment in unsent:
            forget(attachment)
    return len(unsent)


# What other verbs share.


def give_to(post: Post, *, by: Member, form_id: uuid.UUID | None) -> None:
    """Part of a verb: what the member uploaded in the form becomes the post's."""
    if form_id is not None and Attachment.objects.held_in(form_id, by).update(post=post):
        index.index_post(post)  # for the names of its files


def hide_held_file(attachment: Attachment, *, by: Member | None, reason: str, now: datetime) -> None:
    """Part of a verb that holds its post: nobody gets the file any more but those who decide over it; the words that it
    stands with stay. `by` None: the site itself, until a facilitator has looked."""
    attachment.hidden_at = now
    attachment.save(update_fields=["hidden_at"])
    post = attachment.post
    if post is None:
        return
    if post.is_shown:
        index.index_post(post)  # without the name of the file
    record("hid file", attachment, by=by, network=post.thread.network)
    if by is not None:
        cases.note_hidden(attachment, post.thread.network, by=by, reason=reason, now=now)
    notifications.file_hidden(attachment, now=now)


def show_held_file(attachment: Attachment, *, by: Member, now: datetime) -> None:
    """Part of a verb that holds its post: everybody who may read the post gets the file again."""
    attachment.hidden_at = None
    attachment.save(update_fields=["hidden_at"])
    post = attachment.post
    if post is None:
        return
    if post.is_shown:
        index.index_post(post)
    record("showed file", attachment, by=by, network=post.thread.network)
    cases.note_shown(attachment, by=by, now=now)
    notifications.file_shown(attachment, now=now)


def take_from(post: Post, attachment: Attachment) -> None:
    """Part of a verb that holds the post: the file stands with it no more, and is deleted. While it or the post is
    reported, only those who decide still get it, until they have."""
    reported = Case.objects.open()
    case = reported.about(post).first() or reported.about(attachment).first()
    if case is None:
        forget(attachment)
        return
    # A number of no form: nothing leads to it any more but the case.
    kept = Attachment.objects.filter(pk=attachment.pk)
    kept.update(post=None, form_id=uuid.uuid4(), hidden_at=None, kept_for=case)


def keep_portrait(portrait: Profile | None, case: Case, *, now: datetime) -> None:
    """Part of a verb, as its last step, so that nothing that fails leaves a file: a copy of the picture that a reported
    profile showed. Only those who decide get it, until they have, whatever its owner does meanwhile; the same picture
    is kept once. `portrait`: the profile as it was (`models.report.portrait_shown`), with its row held."""
    if portrait is None or Attachment.objects.filter(kept_for=case, name=portrait.picture.name).exists():
        return
    try:
        with portrait.picture.open() as file:
            content = file.read()
    except FileNotFoundError:  # a storage that was brought back without it
        return
    kept = Attachment(
        member_id=portrait.member_id,
        form_id=uuid.uuid4(),  # of no form
        kept_for=case,
        # As the profile calls it: random, and another for each picture.
        name=str(portrait.picture.name),
        content_type="image/webp",
        size=len(content),
        alt=portrait.described_picture,
        state=Attachment.State.CLEAN,  # we painted it ourselves
        uploaded_at=now,
    )
    kept.file.save(secrets.token_hex(16), ContentFile(content), save=False)
    try:
        kept.save(force_insert=True)
    except BaseException:
        _forget_files(kept)
        raise


def forget_portraits(member: Member) -> None:
    """Part of closing their account: with their profile go the copies of its picture. Waits for whoever is just
    reporting it."""
    hold_profile(member)
    for kept in Attachment.objects.filter(kept_for__member=member):
        forget(kept)


def forget(attachment: Attachment) -> None:
    """Part of a verb: deletes the row, and the files once that is certain."""
    transaction.on_commit(partial(_forget_files, attachment), robust=True)
    Attachment.objects.filter(pk=attachment.pk).delete()


def _place(attached: Attachment, form_id: uuid.UUID, *, now: datetime) -> Attachment | None:
    """Gives a new row its place in the form; the same file that is already there instead, if one is. Raises NotTaken
    for one too many."""
    # Of two uploads at once the second counts the first.
    Member.objects.select_for_update(no_key=True).get(pk=attached.member_id)
    held = list(Attachment.objects.held_in(form_id, attached.member))
    same = [there for there in held if (there.name, there.size) == (attached.name, attached.size)]
    for there in same:
        if there.file and filecmp.cmp(there.file.path, attached.file.path, shallow=False):
            return there
    if len(held) >= Attachment.MOST:
        raise _one_too_many(attached.name)
    left = _bytes_left(attached.member, now=now)
    if attached.size > left:
        raise files.NotTaken(
            f"“{attached.name}” is too much for today: you can attach {_megabytes(limits.BYTES_A_DAY.times)} in a day, "
            f"removed files counted, and have {_megabytes(left)} left"
        )
    limits.BYTES_A_DAY.spend(attached.member, count=attached.size, now=now)
    attached.position = len(held)
    attached.save(force_insert=True)
    return None


def _bytes_left(member: Member, *, now: datetime) -> int:
    """Of what they may upload in a day. What is still there counts where the cache has forgotten it."""
    # What was kept of their profile was not uploaded here, and nothing may tell them that it was.
    kept = Attachment.objects.filter(member=member, uploaded_at__gt=now - limits.BYTES_A_DAY.per, kept_for__member=None)
    there = limits.BYTES_A_DAY.times - sum(kept.values_list("size", flat=True))
    return max(min(there, limits.BYTES_A_DAY.left(member, now=now)), 0)


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB".replace(".0 MB", " MB")


def _one_too_many(name: str) -> files.NotTaken:
    return files.NotTaken(f"“{name}” is one too many: you can attach {Attachment.MOST} files to a post")


def _store(attached: Attachment, taken: files.Taken) -> None:
    """Under a random name without an ending, so that nothing on the disk is what it was called."""
    name = secrets.token_hex(16)
    content = File(taken.content)
    attached.file.save(name, content, save=False)
    attached.size = attached.file.size
    try:
        if attached.size > Attachment.BYTES:  # a picture may be larger painted anew than it came
            raise files.NotTaken(f"“{attached.name}” is larger than 10 MB")
        if taken.small is not None:
            attached.file.storage.save(attached.small_file, ContentFile(taken.small))
    except BaseException:
        _forget_files(attached)
        raise


def _forget_files(attachment: Attachment) -> None:
    if attachment.file:
        for name in (str(attachment.file.name), attachment.small_file):
            attachment.file.storage.delete(name)


def _note_finding(attachment: Attachment, finding: str, *, now: datetime) -> None:
    with transaction.atomic():
        found = Attachment.objects.select_for_update().filter(pk=attachment.pk, state=Attachment.State.CHECKING).first()
        if found is None:
            return
        if not finding:
            found.state = Attachment.State.CLEAN
            found.save(update_fields=["state"])
            return
        logger.warning("The malware scanner found %s in attachment %s.", finding, found.pk)
        found.state = Attachment.State.REFUSED
        transaction.on_commit(partial(_forget_files, attachment), robust=True)
        found.file = ""
        found.save(update_fields=["state", "file"])
        record("refused file", found, by=None, network=found.post.thread.network if found.post else None)
        if found.post is not None:
            notifications.file_refused(found.post, now=now)
