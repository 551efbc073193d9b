"""Threads made of what was asked and pinned in a session, after it: chosen together, and made one by one, each once.
What goes out of sight in the session does so in its thread, too."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.timezone import localtime

from forums import limits, notifications, permissions, signals
from forums.actions.journal import Journal
from forums.actions.mentions import NotMentioned
from forums.actions.merging import hold_threads
from forums.actions.posts import entitle, hide_held, hold_post, rewrite, show_held
from forums.actions.reading import follow_automatically
from forums.actions.threads import begin
from forums.live import log
from forums.models import (
    Level,
    Message,
    ModerationAct,
    Post,
    Question,
    Room,
    Thread,
    ThreadBatch,
    clock,
    place_in,
    recording_at,
)
from forums.models.mention import ways_to_write
from forums.search import index
from network.actions.access import hold_account
from network.actions.audit import record
from network.models import Member, Membership, Theme
from network.permissions import Refused
from network.templatetags.components import clock as clock_time

logger = logging.getLogger(__name__)

LONGEST_TITLE = 150
NO_WORDS_LEFT = "A question from a session"
# Why the first post of a thread is hidden, where only that hides it. By it the post is shown again with the question.
QUOTES_HIDDEN = "It quotes a question of a session that is not published."


def ask_for_threads(
    room: Room,
    *,
    by: Member,
    theme: Theme,
    questions: Sequence[Question] = (),
    messages: Sequence[Message] = (),
    now: datetime | None = None,
) -> ThreadBatch:
    """Somebody who ran a session chooses what is to be a thread under a theme of its network; the worker makes them.
    What has one already, or had one made meanwhile, is left out when it comes to it. Raises Refused, LimitReached, and
    ValidationError where nothing is chosen, too much, or what no thread is made of."""
    now = now or timezone.now()
    permissions.can_make_threads(by, room, now=now).enforce()
    permissions.can_use_theme(by, room.network, theme).enforce()
    chosen: list[Question | Message] = [*questions, *messages]
    if not chosen:
        raise ValidationError("Select the questions and messages to make threads of")
    if len(chosen) > ThreadBatch.MOST:
        raise ValidationError(f"Select at most {ThreadBatch.MOST} questions and messages at once")
    if any(one.room_id != room.pk for one in chosen) or not all(map(can_be_thread, chosen)):
        raise ValidationError("Select only questions that were published and messages that are pinned")
    limits.THREADS_OF_SESSIONS.spend(by, count=len(chosen), now=now)
    with transaction.atomic():
        batch = ThreadBatch.objects.create(room=room, by=by, theme=theme, asked_at=now)
        batch.questions.set(questions)
        batch.messages.set(messages)
        record("asked for threads of session", room, by=by, network=room.network, chosen=len(chosen))
        signals.threads_asked_for.send(ThreadBatch, batch=batch)
    return batch


def can_be_thread(one: Question | Message) -> bool:
    """Whether there is anything to make a thread of, whether or not it has one."""
    if isinstance(one, Message):
        return one.pinned_at is not None and one.is_shown and bool(one.body)
    return one.is_shown and one.state not in Question.WITHOUT_THREAD and bool(one.body)


def make_threads() -> None:
    """Makes what was asked for and is not made yet, oldest first: the site's part. Safe to run again, also where it was
    stopped half-way or runs elsewhere at the same moment: what has a thread is left alone, and one is made at a
    time."""
    unfinished = ThreadBatch.objects.unfinished().select_related("room__network", "by", "theme").order_by("asked_at")
    for batch in unfinished:
        _make(batch)


def _make(batch: ThreadBatch) -> None:
    why_not = ""
    failed = 0
    questions = batch.questions.filter(thread=None).order_by("number").values_list("pk", flat=True)
    messages = batch.messages.filter(thread=None).order_by("seq").values_list("pk", flat=True)
    made = [(make_thread_of_question, pk) for pk in questions] + [(make_thread_of_message, pk) for pk in messages]
    for make, pk in made:
        try:
            make(pk, batch=batch)
        except Refused as no:
            why_not = str(no)
            break
        except Exception:
            logger.exception("No thread was made of what was said in a session")
            failed += 1
    if failed and not why_not:
        why_not = f"{failed} could not be made. Select them again."
    ThreadBatch.objects.filter(pk=batch.pk, ended_at=None).update(ended_at=timezone.now(), why_not=why_not[:300])


def make_thread_of_question(pk: int, *, batch: ThreadBatch, now: datetime | None = None) -> Thread | None:
    """Part of what `ask_for_threads` asked for, by whoever asked: they write it. Whoever asked the question follows it
    and is told; so are those whose questions were merged into it, and whom it was parked for. None where it has a
    thread already, or is not to have one any more. Raises Refused."""
    now = now or timezone.now()
    with transaction.atomic():
        hold_account(batch.by)
        log.hold(batch.room_id)  # whoever takes one of its questions out of sight at this moment comes before or after
        question = Question.objects.select_for_update(of=("self",)).select_related("author", "parked_for").get(pk=pk)
        question.room = batch.room
        by = _may_still(batch)
        if question.thread_id is not None or not can_be_thread(question):
            return None
        # Each in one thread at most: what goes on in one of its own already is not quoted here.
        merged = list(question.merged.filter(thread=None).exclude(body="").order_by("asked_at", "pk"))
        shown = [question.parked_for_id] if question.unnamed_as else [question.author_id, question.parked_for_id]
        names: list[Names] = [_names(batch.room, shown), {}]
        sources = (body_of_question(question, merged, batch.room, some) for some in names)
        thread = _begin(batch, by, question.body, sources, now)
        thread.asker_id = question.author_id
        thread.save(update_fields=["asker"])
        Question.objects.filter(pk__in=[one.pk for one in merged]).update(thread=thread)
        Question.objects.filter(pk=question.pk).update(thread=thread, begins_thread=True)
        askers = [question.author_id, *(one.author_id for one in merged)]
        parked_for = question.parked_for_id if question.state == Question.State.PARKED else None
        here = set(_here(thread.network_id, [*askers, parked_for]))
        people = Member.objects.in_bulk(sorted(here))
        for pk in sorted(here.intersection(askers)):
            follow_automatically(thread, people[pk], Level.FOLLOW, reason="you asked this in a session")
        if parked_for in here:
            follow_automatically(thread, people[parked_for], Level.FOLLOW, reason="it was parked for you in a session")
        notifications.session_thread_made(thread, askers=askers, author=None, parked_for=parked_for, now=now)
        for one in (question, *merged):
            if {one.author_id, parked_for if one == question else None} - here - {None}:
                notifications.question_taken_on(one, now=now)
        _made(thread, batch, by)
    return thread


def make_thread_of_message(pk: int, *, batch: ThreadBatch, now: datetime | None = None) -> Thread | None:
    """The same of a pinned message."""
    now = now or timezone.now()
    with transaction.atomic():
        hold_account(batch.by)
        message = Message.objects.select_for_update(of=("self",)).select_related("author").get(pk=pk)
        message.room = batch.room
        by = _may_still(batch)
        if message.thread_id is not None or not can_be_thread(message):
            return None
        names: list[Names] = [_names(batch.room, [message.author_id]), {}]
        sources = (body_of_message(message, batch.room, some) for some in names)
        thread = _begin(batch, by, message.body, sources, now)
        Message.objects.filter(pk=message.pk).update(thread=thread)
        for member in Member.objects.filter(pk__in=_here(thread.network_id, [message.author_id])):
            follow_automatically(thread, member, Level.FOLLOW, reason="you said this in a session")
        notifications.session_thread_made(thread, askers=[], author=message.author_id, parked_for=None, now=now)
        _made(thread, batch, by)
    return thread


def note_recording(room: Room, *, by: Member, link: str, began_at: datetime | None) -> Room:
    """Where the recording of a session is, and when it began: from then on, threads lead to the place in it. An empty
    link takes it away. Raises Refused, LimitReached."""
    permissions.can_run_room(by, room).enforce()
    limits.HOSTING.spend(by)
    with transaction.atomic():
        return keep_recording(room, by=by, link=link, began_at=began_at)


def keep_recording(room: Room, *, by: Member | None, link: str, began_at: datetime | None) -> Room:
    """Part of a verb: the room knows where its recording is."""
    room = log.hold(room.pk)
    began_at = began_at if link else None
    if (room.recording_link, room.recording_began_at) != (link, began_at):
        room.recording_link, room.recording_began_at = link, began_at
        room.save(update_fields=["recording_link", "recording_began_at"])
        record("noted recording", room, by=by, network=room.network)
    return room


def forget_words_in_threads(member: Member) -> None:
    """Part of closing an account, with all words erased: what they asked or said in sessions leaves the threads that
    others made of it. What is out of sight by then does not come back by that."""
    asked = Question.objects.filter(Q(author=member) | Q(answer_by=member)).exclude(thread=None)
    for thread in Thread.objects.filter(pk__in=asked.values("thread")).exclude(author=member):
        quoted = list(Question.objects.filter(thread=thread).select_related("room").order_by("asked_at", "pk"))
        question = next((one for one in quoted if one.begins_thread), None)
        if question is None:
            continue
        for one in quoted:
            if one.author_id == member.pk:
                one.body = ""
            if one.answer_by_id == member.pk:
                one.answer = ""
        merged = [one for one in quoted if one != question and one.body and one.is_shown]
        source = body_of_question(question, merged, question.room, {})
        has_words = question.body and question.is_shown
        rewrite(thread, source=source, title=thread.title if has_words else NO_WORDS_LEFT)
    said = Message.objects.filter(author=member).exclude(thread=None).select_related("room", "thread")
    for message in said.exclude(thread__author=member):
        message.body = ""
        assert message.thread is not None
        rewrite(message.thread, source=body_of_message(message, message.room, {}), title=NO_WORDS_LEFT)


# What is out of sight in a session, or in sight again


def hide_in_thread(question: Question, *, by: Member | None, now: datetime) -> None:
    """Part of a verb that takes a published question out of sight, with its room held: the first post of the thread
    that quotes it is hidden too, and the title says no word of it. What was hidden for itself stays so. A thread that
    was moved to another network is for those who facilitate that one. `by` None: the site itself, for now."""
    thread, first = _hold_quoting(question)
    if thread is None:
        return
    if question.begins_thread:
        entitle(thread, NO_WORDS_LEFT)
    if first is None or first.deleted_at is not None:
        return
    for_now = first.hidden_by_id is None and first.hidden_reason == QUOTES_HIDDEN
    if first.hidden_at is None or (for_now and by is not None):
        journal = Journal(ModerationAct.Kind.HIDE, first.thread, by=by, now=now)
        hide_held(first, journal, by=by, reason=QUOTES_HIDDEN)


def show_in_thread(question: Question, *, by: Member | None, now: datetime) -> None:
    """Part of a verb that brings it back: the same the other way round, where nothing else that the post quotes is out
    of sight."""
    thread, first = _hold_quoting(question)
    if thread is None:
        return
    if question.begins_thread and thread.title == NO_WORDS_LEFT:
        entitle(thread, _title_of(question.body))
    if first is None:
        return
    others = Question.objects.filter(thread=thread, state=Question.State.REFUSED).exclude(pk=question.pk)
    if first.hidden_at is not None and first.hidden_reason == QUOTES_HIDDEN and not others.exists():
        show_held(first, Journal(ModerationAct.Kind.RESTORE, first.thread, by=by, now=now), by=by)
    elif first.is_shown:
        index.index_post(first)


def _hold_quoting(question: Question) -> tuple[Thread | None, Post | None]:
    """The thread that quotes a question, held, and its first post, wherever that stands by now. Nothing where there is
    none in the question's network."""
    if question.thread is None:
        return None, None
    first = Post.objects.standing_at(question.thread.pk, 1).select_related("thread").first()
    stands_in = first.thread if first else question.thread
    thread, stands_in = hold_threads(question.thread, stands_in)
    if stands_in.network_id != question.room.network_id:
        return None, None
    first = hold_post(first) if first else None
    if first is not None and first.thread_id == thread.pk:
        first.thread = thread  # the search reads the title of it
    return thread, first


# What stands in a thread. Whatever somebody typed in a room is plain text, which is quoted as they typed it.

Names = dict[int, str]  # how somebody is written who can read the thread: as a mention, so that the name goes with them


def body_of_question(question: Question, merged: Sequence[Question], room: Room, names: Names) -> str:
    """What was asked, by whom as everybody could see it, where, and what became of it: Markdown."""
    words = question.body if question.is_shown else "Not shown here"
    parts = [_quoted(words or "Erased by whoever asked")]
    parts.append(f"{_who_asked(question, room, names)} asked this in {_session(room)}.")
    if merged:
        parts.append("The same was asked in other words:")
        parts += [_quoted(one.body) for one in merged]
    if question.state == Question.State.ANSWERED:
        at = clock_time(localtime(question.state_at))
        parts.append(f"It was answered live at {at}{':' if question.shown_answer else '.'}")
        if question.shown_answer:
            parts.append(_quoted(question.shown_answer))
    elif question.state == Question.State.WRITTEN and question.shown_answer:
        parts += ["It was answered in writing:", _quoted(question.shown_answer)]
    elif question.state == Question.State.PARKED:
        named = names.get(question.parked_for_id or 0)
        parts.append(f"It is for {named}." if named else "It was parked for somebody who knows more.")
    parts += _recording(room, question.answering_at)
    return "\n\n".join(parts)


def body_of_message(message: Message, room: Room, names: Names) -> str:
    who = "A member" if room.is_nameless() else names.get(message.author_id, "Somebody who took part")
    parts = [_quoted(message.body or "Erased by its author"), f"{who} said this in {_session(room)}."]
    return "\n\n".join([*parts, *_recording(room, message.written_at)])


def _title_of(words: str) -> str:
    return Truncator(" ".join(words.split())).chars(LONGEST_TITLE) or NO_WORDS_LEFT


def _who_asked(question: Question, room: Room, names: Names) -> str:
    if room.is_nameless():
        return "A member"
    return _plain(question.unnamed_as) or names.get(question.author_id, "Somebody who took part")


def _session(room: Room) -> str:
    at = localtime(room.opens_at)
    return f"[{_plain(room.title)}]({room.get_absolute_url()}) on {at.day} {at:%B %Y}"


def _recording(room: Room, at: datetime | None) -> list[str]:
    seconds = place_in(room, at)
    if seconds is None:
        return []
    link = recording_at(room.recording_link, seconds)
    return [f"[Watch it in the recording, at {clock(seconds)}](<{link}>)"]


_ADDRESS = re.compile(r"https?://[^\s<>]+[^\s<>.,;:!?)\]'\"]")
_SYNTAX = re.compile(r"([!-/:-@\[-`{-~])")


def _plain(text: str) -> str:
    """Words as they are, whatever they would mean in Markdown; addresses become links, and nobody is mentioned."""
    escaped = []
    end = 0
    for found in _ADDRESS.finditer(text):
        escaped += [_SYNTAX.sub(r"\\\1", text[end : found.start()]), f"<{found[0]}>"]
        end = found.end()
    return "".join([*escaped, _SYNTAX.sub(r"\\\1", text[end:])])


def _quoted(text: str) -> str:
    lines = [_plain(line.strip()) for line in text.strip().splitlines()]
    # A line that ends in a backslash is not run together with the next.
    following = [*lines[1:], ""]
    return "\n".join(
        f"> {line}\\" if line and more else f"> {line}" for line, more in zip(lines, following, strict=True)
    )


def _names(room: Room, members: Iterable[int | None]) -> Names:
    """Of those who can read the network's threads. Nobody, once the session shows no names."""
    if room.is_nameless():
        return {}
    here = Membership.objects.active().filter(network=room.network_id)
    people = Member.objects.filter(pk__in=_here(room.network_id, members)).exclude(name="")
    names = {}
    for member in people.select_related("organisation"):
        ways = ways_to_write(member.name, member.organisation.short_name if member.organisation else "", member.pk)
        others = Member.objects.filter(pk__in=here.values("member"), name__iexact=member.name).exclude(pk=member.pk)
        names[member.pk] = f"@{ways[-1] if others.exists() else ways[0]}"
    return names


def _here(network: int, members: Iterable[int | None]) -> list[int]:
    """Which of the members belong to a network."""
    here = Membership.objects.active().filter(network=network, member__is_active=True)
    return list(
        here.filter(member__in=[pk for pk in members if pk]).order_by("member").values_list("member", flat=True)
    )


def _may_still(batch: ThreadBatch) -> Member:
    """Whoever asked, as they are by now. Raises Refused."""
    by: Member = Member.objects.get(pk=batch.by_id)
    permissions.can_make_threads(by, batch.room).enforce()
    permissions.can_use_theme(by, batch.room.network, batch.theme).enforce()
    return by


def _begin(batch: ThreadBatch, by: Member, words: str, sources: Iterable[str], now: datetime) -> Thread:
    """`sources`: with names, and without, for whom they name may be leaving at this moment. Never held as a first post:
    the network has heard what stands in it."""
    for source in sources:
        try:
            with transaction.atomic():
                return begin(
                    batch.room.network,
                    author=by,
                    theme=batch.theme,
                    title=_title_of(words),
                    source=source,
                    kind=Thread.Kind.QUESTION,
                    now=now,
                )
        except NotMentioned:
            continue
    raise Refused("This thread could not be made.")


def _made(thread: Thread, batch: ThreadBatch, by: Member) -> None:
    follow_automatically(thread, by, Level.FOLLOW, reason="you made it from a session")
    record("made thread of session", thread, by=by, network=batch.room.network)
    signals.post_written.send(Post, post=thread.posts.get())
