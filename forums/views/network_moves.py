"""Moving a thread to another network: the facilitator asks, those who wrote in it answer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from forums import permissions
from forums.actions.network_moves import answer_move, ask_to_move, carry_out_move, withdraw_move
from forums.forms.tidying import AgreeForm, NetworkForm
from forums.models import MoveAnswer, Post, Thread, ThreadMove
from forums.views import member_or_404
from network.limits import LimitReached
from network.models import Member, Network
from network.models.standing import standing_of
from network.permissions import Refused
from network.views import second_factor_required


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def thread_network(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks those who wrote in a thread; and, once asked, how many agree and what can be done then."""
    member = member_or_404(request)
    thread = get_object_or_404(Thread.objects.in_place(member).select_related("network", "theme"), pk=pk)
    permissions.can_tidy(member, thread).enforce()
    asked = ThreadMove.objects.visible_to(member).open().filter(thread=thread).select_related("network", "theme")
    move = asked.first()
    networks = _facilitated(member, thread)
    form = NetworkForm(networks, member, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            ask_to_move(thread, form.cleaned_data["network"], form.cleaned_data["theme"], by=member)
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "Everybody who wrote in the thread is asked.")
            return redirect("thread_network", pk)
    answers = MoveAnswer.objects.filter(move=move) if move else MoveAnswer.objects.none()
    context = {
        "thread": thread,
        "network": thread.network,
        "form": form,
        "networks": networks,
        # What stands in its way is about the thread, the same for each of them.
        "can_move": permissions.can_move_to_network(member, thread, networks[0]) if networks else None,
        "move": move,
        "asked": answers.count(),
        "agreed": answers.filter(agreed=True).count(),
    }
    return render(request, "forums/thread_network.html", context)


@second_factor_required
@require_POST
def thread_network_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """`do`: carry out what was asked, or withdraw it."""
    member = member_or_404(request)
    thread = get_object_or_404(Thread.objects.in_place(member).select_related("network"), pk=pk)
    permissions.can_tidy(member, thread).enforce()
    moves = ThreadMove.objects.visible_to(member).select_related("thread__network", "network", "theme")
    move = moves.open().filter(thread=thread).first()
    if move is None:
        messages.error(request, "Nobody is asked about this any more. Ask again those who wrote in the thread.")
        return redirect("thread_network", pk)
    if request.POST.get("do") == "withdraw":
        withdraw_move(move, by=member)
        messages.success(request, "Nobody is asked any more. The thread stays where it is.")
        return redirect(thread)
    try:
        moved = carry_out_move(move, by=member)
    except Refused as no:
        messages.error(request, str(no))
        return redirect("thread_network", pk)
    messages.success(request, f"The thread is in the {move.network} now.")
    return redirect(Thread.objects.get(pk=moved.pk))


@require_http_methods(["GET", "HEAD", "POST"])
def move_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever wrote in a thread reads what would happen, and agrees or does not."""
    member = member_or_404(request)
    answers = MoveAnswer.objects.visible_to(member).select_related("move__thread__network", "move__network")
    answer = get_object_or_404(answers, pk=pk)
    thread = answer.move.thread
    verdict = permissions.can_answer_move(member, answer)
    initial = {} if answer.agreed is None else {"agreed": "yes" if answer.agreed else "no"}
    form = AgreeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            answer_move(answer, agreed=form.cleaned_data["agreed"], by=member)
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "Thank you. You can say otherwise until the thread has moved.")
            return redirect(
                thread.get_absolute_url() if thread.visible_count else reverse("network", args=[thread.network.slug])
            )
    own = Post.objects.in_place(member).filter(thread=thread, author=member).order_by("number")
    context = {
        "answer": answer,
        "thread": thread,
        "network": thread.network,
        "form": form,
        "can_answer": verdict,
        "own": own[:100],
        "is_member_there": standing_of(member).in_network(answer.move.network) in standing_of(member).active(),
    }
    return render(request, "forums/move_answer.html", context)


def _facilitated(member: Member, thread: Thread) -> list[Network]:
    """The other networks that they facilitate."""
    return [
        row.network
        for row in standing_of(member).active()
        if row.is_facilitator and row.network_id != thread.network_id
    ]
