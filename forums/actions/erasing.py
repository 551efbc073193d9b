"""What becomes of what somebody said when their account is closed."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from forums.actions.attachments import forget, forget_portraits
from forums.actions.mentions import forget_name
from forums.actions.poll_votes import forget_votes
from forums.actions.session_threads import forget_words_in_threads
from forums.models import (
    ActChange,
    Answer,
    Appeal,
    Attachment,
    Case,
    CaseNote,
    Consent,
    HeldMessage,
    HeldPost,
    Message,
    Poll,
    PollOption,
    Post,
    PostVersion,
    Practice,
    Question,
    Report,
    Room,
    Thread,
    ThreadTag,
)
from forums.search import index
from network.models import Member, Tag

TITLE = "A thread by a former member"
POLL = "A poll by a former member"
CLOCKS_DIFFER = timedelta(hours=1)  # of processes, at most


def settle_closed_account(member: Member, *, erase: bool) -> None:
    """The site's own part of closing an account: part of its transaction. With `erase` no word of theirs is left in a
    post, a title, a tag, a live room or the search; where they stood, it says so. In either case their name leaves the
    posts that mention them, nobody can learn any more what they chose in polls, and live rooms that are open somewhere
    are read anew, for it stands in what was sent."""
    with transaction.atomic():
        forget_name(member)
        # Whoever cannot take it back any more has agreed to nothing.
        Message.objects.filter(author=member).update(consent=Consent.NOT_ASKED)
        Question.objects.filter(author=member).update(consent=Consent.NOT_ASKED)
        _hold_open_rooms()
        forget_votes(member)
        forget_portraits(member)
        # What nobody but a facilitator has read is posted for nobody who has gone.
        HeldPost.objects.waiting().filter(author=member).delete()
        if erase:
            HeldPost.objects.filter(author=member).delete()
            _erase_posts(member)
            _erase_threads(member)
            forget_words_in_threads(member)
            said = Message.objects.filter(author=member)
            said.filter(hidden_at=None).update(hidden_reason="")
            said.exclude(hidden_at=None).update(hidden_reason="Erased by its author")
            said.update(body="", organisation=None)
            held = HeldMessage.objects.filter(author=member)
            waited_in = Q(held_messages__in=held.waiting()) | Q(
                questions__in=Question.objects.held().filter(author=member)
            )
            for pk in Room.objects.filter(waited_in).order_by("pk").values_list("pk", flat=True).distinct():
                Room.objects.filter(pk=pk).update(held_version=F("held_version") + 1)
            waiting = {"decision": HeldMessage.Decision.REFUSED, "decided_at": timezone.now()}
            held.waiting().update(reason="Erased by its author", **waiting)
            held.exclude(reason="").update(reason="Erased by its author")
            held.update(body="", organisation=None)
            _erase_questions(member)
            _erase_reports(member)
            _erase_polls(member)
            Question.objects.filter(answer_by=member).update(answer="")
        spoke = Q(messages__author=member) | Q(polls__made_by=member) | Q(questions__answer_by=member)
        spoke_in = Room.objects.filter(spoke)
        for pk in {*spoke_in.values_list("pk", flat=True), *_rooms_asked_in(member, erase=erase)}:
            # With another epoch every process lets go of what it holds of the room, and every browser starts afresh.
            Room.objects.filter(pk=pk).update(epoch=uuid.uuid4())
        # After the rooms, as whoever answers one takes them.
        _let_go_of_appeals(member, erase=erase)


def _erase_questions(member: Member) -> None:
    """What was answered to them is others' words, and stays."""
    asked = Question.objects.filter(author=member)
    asked.exclude(reason="").update(reason="Erased by whoever asked")
    asked.update(body="", organisation=None)


def _rooms_asked_in(member: Member, *, erase: bool) -> QuerySet[Question, int]:
    """Those whose lines hold the member's name or the words that are erased. Where they asked without their name and
    their words stay, nothing changes, and nothing may tell that it was they."""
    asked = Q(author=member) if erase else Q(author=member, unnamed_as="")
    return Question.objects.published().filter(asked | Q(parked_for=member)).values_list("room", flat=True)


def _hold_open_rooms() -> None:
    """Whoever says something in a room holds it until that is written (`forums.live.log.hold`), and asks with the room
    held whether they belong. So a message or a vote that is just being written is waited for, and erased with the
    others; what comes after is refused. Posts need none of it: their verbs hold the account, which a room of hundreds
    would not bear."""
    now = timezone.now()
    able_to_speak = Room.objects.filter(
        opens_at__lt=now + Room.EARLY + CLOCKS_DIFFER, closes_at__gt=now - CLOCKS_DIFFER
    )
    list(able_to_speak.select_for_update(of=("self",), no_key=True).order_by("pk"))


def _erase_posts(member: Member) -> None:
    index.forget_posts_of(member)
    own = Post.objects.filter(author=member)
    Answer.objects.filter(post__in=own).delete()  # no words are left that could answer
    PostVersion.objects.filter(post__in=own).delete()
    for attachment in Attachment.objects.filter(member=member):
        forget(attachment)
    own.filter(hidden_at=None).update(hidden_reason="")
    own.exclude(hidden_at=None).update(hidden_reason="Erased by its author")
    _erase_reasons(list(own.values_list("pk", flat=True)))
    own.update(source="", html="", organisation=None, submission=None)


def _erase_reports(member: Member) -> None:
    """What was kept of their words with reports, and what they reported and noted themselves."""
    about_them = Case.objects.filter(author=member)
    Report.objects.filter(case__in=about_them).update(said="")
    about_them.exclude(reason="").update(reason="Erased by its author")
    Report.objects.filter(by=member).update(words="")
    CaseNote.objects.filter(by=member).update(words="Erased by whoever wrote it")


def _let_go_of_appeals(member: Member, *, erase: bool) -> None:
    """Nobody waits for the answer any more, so they go. But where it is not shown whose words they are about they are
    decided as any other: that one is gone, whoever looks after it would read beside who has just gone."""
    for made in Appeal.objects.filter(by=member):
        if Case.objects.with_things().get(pk=made.case_id).shown_author is not None:
            made.delete()
            continue
        made.by, made.words = None, "Erased by whoever wrote it" if erase else made.words
        made.save(update_fields=["by", "words"])


def _erase_reasons(posts: list[int]) -> None:
    """Why a post was hidden may repeat what it said, and stands in what is kept for undoing too."""
    changes = ActChange.objects.filter(table=Post._meta.label_lower, row__in=posts)
    for change in changes.filter(Q(before__has_key="hidden_reason") | Q(after__has_key="hidden_reason")):
        for columns in (change.before, change.after):
            if columns and columns.get("hidden_reason"):
                columns["hidden_reason"] = "Erased by its author"
        change.save(update_fields=["before", "after"])


def _erase_polls(member: Member) -> None:
    """What others chose stays counted, under words of the site's, and nobody is asked any more."""
    own = Poll.objects.filter(made_by=member)
    own.filter(state=Poll.State.DRAFT).delete()
    own.filter(state=Poll.State.OPEN).update(state=Poll.State.CLOSED, closed_at=timezone.now())
    for option in PollOption.objects.filter(poll__in=own):
        PollOption.objects.filter(pk=option.pk).update(text=f"Answer {option.order + 1}")
    own.update(title=POLL)


def _erase_threads(member: Member) -> None:
    """What others answered stays, so the threads do, under a title of the site's."""
    own = ThreadTag.objects.filter(content_object__author=member)
    tags = set(own.values_list("tag", flat=True))
    own.delete()
    unused = Tag.objects.filter(pk__in=tags)
    for relation in Tag._meta.related_objects:
        if relation.one_to_many:
            unused = unused.exclude(pk__in=relation.related_model._base_manager.values(relation.field.name))
    unused.delete()
    Practice.objects.filter(thread__author=member).update(tool="", outcome="", differently="")
    Thread.objects.filter(author=member).update(title=TITLE, slug="former-member", organisation=None)
