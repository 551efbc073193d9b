"""The questions of a live room: asking, saying that one wants to know too, and where each of them stands. All of it
works without a script; with one, most of it happens in the room itself."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import permissions
from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question, officer_at, withdraw_question
from forums.forms import QuestionForm
from forums.models import Question, QuestionStep, QuestionVote, Thread
from forums.models.question import QuestionBoard
from forums.views import case_of, member_or_404, ours, room_of
from forums.views.rooms import room_page
from network.limits import LimitReached
from network.models import Member
from network.numbers import number_in
from network.permissions import Refused

MOST = 500  # as many questions as the page of all of them shows, of those that are open and of the others


@require_safe
def room_questions(request: HttpRequest, pk: int) -> HttpResponse:
    """All questions of a room, by themselves."""
    member = member_or_404(request)
    found = room_of(member, pk)
    context = {
        "room": found,
        "network": found.network,
        "questions": QuestionBoard.of(found, member, most=MOST),
        "can_vote": permissions.can_vote_as(True, found),
        "can_ask": permissions.can_ask(member, found),
        "is_all": True,
    }
    return render(request, "forums/room_questions.html", context)


@require_safe
def question(request: HttpRequest, pk: int, uid: uuid.UUID) -> HttpResponse:
    """One question: what became of it, and when. One that is held or was refused stands here for whoever asked it and
    for those who run the room."""
    member = member_or_404(request)
    room = room_of(member, pk)
    found = get_object_or_404(Question.objects.visible_to(member).filter(room=room).with_asker(), uid=uid)
    found.room = room
    is_own = found.author_id == member.pk
    runs = permissions.can_run_room(member, room)
    # Its asker sees it before others do, and its number with them.
    is_young = found.is_shown and not _may_know_number(found, member)
    if is_young:
        found.number = None
    # The steps from before it was published are no matter of those who could not see it then.
    steps = QuestionStep.objects.visible_to(member).filter(question=found)
    if not is_own and not runs:
        steps = steps.exclude(state=Question.State.HELD)
    may_read = permissions.can_read_hidden_question(member, found)
    # Whoever speaks here from outside may not know what goes on in the network.
    thread = Thread.objects.reachable_by(member).filter(pk=found.thread_id or 0).first()
    has_voted = QuestionVote.objects.visible_to(member).filter(question=found).exists()
    context = {
        "room": room,
        "network": room.network,
        "question": found,
        "thread": thread,
        "is_own": is_own,
        "is_young": is_young,
        "can_withdraw": is_own and permissions.can_withdraw_question(member, found),
        "may_read": found.is_shown or may_read,
        "why_not": may_read.reason if runs else "",
        "steps": steps,
        # Of one that was published and is not shown any more: what was reported and decided.
        "case": case_of(member, found, is_own=is_own) if found.number and not found.is_shown else None,
        # As in a board.
        "questions": {"voted": [found.number] if has_voted else [], "threads": {thread.pk} if thread else set()},
        "can_vote": permissions.can_vote_as(True, room),
    }
    return render(request, "forums/question.html", context)


def _may_know_number(question: Question, member: Member) -> bool:
    return Question.objects.filter(pk=question.pk).numbered_for(member).exists()


@require_http_methods(["GET", "HEAD", "POST"])
def question_withdraw(request: HttpRequest, pk: int, uid: uuid.UUID) -> HttpResponse:
    """Whoever asked takes their question back."""
    member = member_or_404(request)
    room = room_of(member, pk)
    found = get_object_or_404(Question.objects.visible_to(member).filter(room=room).with_asker(), uid=uid)
    found.room = room
    if found.state == Question.State.WITHDRAWN and found.author_id == member.pk:
        return redirect(found)  # pressed twice
    permissions.can_withdraw_question(member, found).enforce()
    if request.method == "POST":
        withdraw_question(found, by=member)
        messages.success(request, "You have taken your question back.")
        return redirect(room)
    context = {"room": room, "network": room.network, "question": found}
    return render(request, "forums/question_withdraw.html", context)


@require_POST
def question_ask(request: HttpRequest, pk: int) -> HttpResponse:
    """The plain way to ask. The form sent twice is one question, and with other words in it another."""
    member = member_or_404(request)
    found = room_of(member, pk)
    form = QuestionForm(request.POST, shown_as=officer_at(member, found))
    status = 200
    if form.is_valid():
        form_id = form.cleaned_data["form_id"] or uuid.uuid4()
        body, is_unnamed = form.cleaned_data["body"], form.cleaned_data["is_unnamed"]
        try:
            asked = ask_question(
                found,
                by=member,
                body=body,
                is_unnamed=is_unnamed,
                client_id=uuid.uuid5(form_id, f"{is_unnamed} {body}"),
            )
        except (LimitReached, Refused) as no:
            form.add_error("body", str(no))
            status = 429 if isinstance(no, LimitReached) else 403
        except ValidationError as error:
            form.add_error("body", error)
        else:
            where = ours(request, form.cleaned_data["return_to"]) or found.get_absolute_url()
            if not _may_know_number(asked, member):
                waits, comes = "waits for the host to publish it", "is asked. Others see it in a few seconds"
                messages.success(request, f"Your question {waits if asked.number is None else comes}.")
                return redirect(where)
            return redirect(f"{where}#question-{asked.number}")
    return room_page(request, found, question_form=form, status=status)


@require_POST
def question_vote(request: HttpRequest, pk: int) -> HttpResponse:
    """The plain way to say that one wants to know too, `give` with the number of the question, or to take that back,
    `take`."""
    member = member_or_404(request)
    found = room_of(member, pk)
    number = number_in(request.POST.get("give") or request.POST.get("take") or "")
    if number is None:
        raise Http404
    asked = get_object_or_404(
        Question.objects.visible_to(member).numbered_for(member).filter(room=found), number=number
    )
    where = ours(request, request.POST.get("return_to", "")) or found.get_absolute_url()
    try:
        vote_for(asked, by=member, is_given="give" in request.POST)
    except (LimitReached, Refused, ValidationError) as no:
        words = no.messages[0] if isinstance(no, ValidationError) else str(no)
        messages.error(request, words)
        return redirect(where)  # to the top, where the words stand
    return redirect(f"{where}#question-{asked.number}")
