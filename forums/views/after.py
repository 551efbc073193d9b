"""After a session: what was asked and pinned in it, and threads made of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import permissions
from forums.actions.session_threads import ask_for_threads, can_be_thread, note_recording
from forums.forms.after import AfterForm, RecordingForm, key_of
from forums.models import Case, Message, Question, Room, ThreadBatch
from forums.views import member_or_404, network_of, room_run_by
from network.limits import LimitReached
from network.models import Member
from network.permissions import Refused, can_facilitate
from network.views import second_factor_required

QUESTIONS = 50  # on a page of those to deal with


@dataclass(frozen=True, slots=True)
class Row:
    """A question or a pinned message, as the page lists it."""

    key: str
    thing: Question | Message
    is_offered: bool  # a thread can be made of it, and has not been
    is_ticked: bool
    may_read: bool  # what it says, and why it is not shown


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def room_after(request: HttpRequest, pk: int) -> HttpResponse:
    """Questions in all their states and pinned messages; those who ran the room choose of which threads are made.
    `?question=` ticks one of them."""
    member = member_or_404(request)
    room = room_run_by(member, pk)
    questions, pinned = _said(member, room)
    offered = [question for question in questions if question.thread_id is None and can_be_thread(question)]
    also = [message for message in pinned if message.thread_id is None and can_be_thread(message)]
    typed = request.POST if request.method == "POST" else None
    initial = {"chosen": request.GET.getlist("question")}
    form = AfterForm(room.network, member, offered, also, typed, initial=initial)
    status = 200
    if form.is_valid():
        try:
            batch = ask_for_threads(
                room, by=member, theme=form.cleaned_data["theme"], questions=form.questions, messages=form.messages
            )
        except ValidationError as error:
            form.add_error("chosen", error)
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
            status = 429 if isinstance(no, LimitReached) else 403
        else:
            return redirect(batch)
    return _page(request, member, room, questions, pinned, form=form, status=status)


@second_factor_required
@require_POST
def room_recording(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    room = room_run_by(member, pk)
    form = RecordingForm(request.POST, auto_id="recording_%s")
    if form.is_valid():
        try:
            note_recording(room, by=member, link=form.cleaned_data["link"], began_at=form.cleaned_data["began_at"])
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "The recording is noted. Threads made from now on lead into it.")
            return redirect("room_after", pk)
    questions, pinned = _said(member, room)
    return _page(request, member, room, questions, pinned, recording=form)


@second_factor_required
@require_safe
def room_after_batch(request: HttpRequest, pk: int, batch: int) -> HttpResponse:
    """How far the threads are that somebody asked for, and which they are."""
    member = member_or_404(request)
    room = room_run_by(member, pk)
    batches = ThreadBatch.objects.visible_to(member).filter(room=room)
    found = get_object_or_404(batches, pk=batch)
    questions = found.questions.exclude(thread=None).select_related("thread__network").order_by("number")
    pinned = found.messages.exclude(thread=None).select_related("thread__network").order_by("seq")
    threads = [one.thread for one in (*questions, *pinned)]
    chosen = found.chosen
    context = {
        "room": room,
        "network": room.network,
        "batch": found,
        "chosen": chosen,
        "made": len(threads),
        "threads": threads,
        "is_running": found.ended_at is None,
    }
    return render(request, "forums/room_after_batch.html", context)


@second_factor_required
@require_safe
def network_questions(request: HttpRequest, slug: str) -> HttpResponse:
    """What was asked in sessions that are over and nobody has dealt with, for facilitators: the longest waiting
    first."""
    member = member_or_404(request)
    network = network_of(member, slug)
    can_facilitate(member, network).enforce()
    waiting = Question.objects.visible_to(member).filter(room__network=network).to_deal_with()
    rows = waiting.select_related("room", "author", "organisation", "parked_for").order_by("asked_at", "pk")
    page = Paginator(rows, QUESTIONS).get_page(request.GET.get("page"))
    for question in page.object_list:
        question.room.network = network
    context = {"network": network, "page": page}
    return render(request, "forums/network_questions.html", context)


def _said(member: Member, room: Room) -> tuple[list[Question], list[Message]]:
    questions = Question.objects.visible_to(member).filter(room=room).with_asker().order_by("number", "asked_at", "pk")
    pinned = Message.objects.visible_to(member).filter(room=room).exclude(pinned_at=None).with_author()
    return list(questions), list(pinned.select_related("thread__network").order_by("seq"))


def _page(
    request: HttpRequest,
    member: Member,
    room: Room,
    questions: Sequence[Question],
    pinned: Sequence[Message],
    *,
    form: AfterForm | None = None,
    recording: RecordingForm | None = None,
    status: int = 200,
) -> HttpResponse:
    verdict = permissions.can_make_threads(member, room)
    form = form or AfterForm(room.network, member, [], [])
    ticked = set(form.keys)
    initial = {"link": room.recording_link, "began_at": room.recording_began_at or room.opens_at}

    # As on the host screen.
    decided = Case.objects.that_hide_questions().filter(question__in=[one.pk for one in questions])
    moderates = permissions.can_moderate_room(member, room)
    kept = set() if moderates else set(decided.values_list("question", flat=True))

    def row(thing: Question | Message) -> Row:
        is_offered = bool(verdict) and thing.thread_id is None and can_be_thread(thing)
        may_read = isinstance(thing, Message) or thing.pk not in kept
        return Row(key_of(thing), thing, is_offered, key_of(thing) in ticked, may_read)

    question_rows, message_rows = [row(one) for one in questions], [row(one) for one in pinned]
    context = {
        "room": room,
        "network": room.network,
        "questions": question_rows,
        "pinned": message_rows,
        "form": form,
        "recording": recording or RecordingForm(initial=initial, auto_id="recording_%s"),
        "can_make": verdict,
        "has_any": any(one.is_offered for one in (*question_rows, *message_rows)),
        "batches": ThreadBatch.objects.visible_to(member).filter(room=room).unfinished().order_by("-asked_at"),
        "is_over": room.is_over(timezone.now()),
    }
    return render(request, "forums/room_after.html", context, status=status)
