"""Polls of a live room: those who run it make, open and close them, and everybody in it votes. With a script voting
happens in the room itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import permissions
from forums.actions import polls as verbs
from forums.actions.poll_votes import choose
from forums.forms import PollForm, VoteForm
from forums.models import Poll, Room, SeenPoll
from forums.views import member_or_404, ours, room_of, room_run_by
from network.limits import LimitReached
from network.models import Member
from network.numbers import number_in
from network.permissions import Refused
from network.views import second_factor_required


@require_safe
def room_polls(request: HttpRequest, pk: int) -> HttpResponse:
    """All polls of a session; those that are not opened yet for whoever runs the room."""
    member = member_or_404(request)
    room = room_of(member, pk)
    runs = bool(permissions.can_run_room(member, room))
    found = Poll.objects.visible_to(member).filter(room=room).whole()
    seen = SeenPoll.all_of(found.order_by("-opened_at", "-pk"), member)
    published = [one for one in seen if one.poll.state != Poll.State.DRAFT]
    context = {
        "room": room,
        "network": room.network,
        "runs": runs,
        "drafts": [one for one in seen if one.poll.state == Poll.State.DRAFT],
        # Those that can be voted in first; of the others the latest.
        "published": sorted(published, key=lambda one: one.poll.has_ended),
        "room_is_over": room.is_over(),
        "why_no_more": permissions.can_write_as_host(member, room).reason or verbs.why_no_more(len(seen)),
        "controls": "forums/poll_controls.html" if runs else "",
        "return_to": request.path,
    }
    return render(request, "forums/room_polls.html", context)


@require_safe
def poll(request: HttpRequest, pk: int, poll: int) -> HttpResponse:
    """One poll by itself: what the member chose, and the results where they may see them."""
    member = member_or_404(request)
    return _poll_page(request, member, _poll(member, pk, poll))


@never_cache
@require_safe
def poll_outcome(request: HttpRequest, pk: int, poll: int) -> HttpResponse:
    """The results, or when they show, as a part of a page: for whoever has voted and sees them before others do."""
    member = member_or_404(request)
    [seen] = SeenPoll.all_of([_poll(member, pk, poll)], member)
    return render(request, "components/poll_outcome.html", {"seen": seen})


@require_POST
def poll_vote(request: HttpRequest, pk: int, poll: int) -> HttpResponse:
    """The plain way to vote. What was chosen and does not count is shown again, with the reason."""
    member = member_or_404(request)
    found = _poll(member, pk, poll)
    form = VoteForm(request.POST)
    status = 200
    if form.is_valid():
        try:
            choose(found, form.cleaned_data["options"], by=member)
        except (LimitReached, Refused) as no:
            form.add_error("options", str(no))
            status = 429 if isinstance(no, LimitReached) else 403
        except ValidationError as error:
            form.add_error("options", error)
        else:
            messages.success(request, "Your vote is counted. You can change it for as long as the poll is open.")
            came_from = ours(request, form.cleaned_data["return_to"]) or found.room.get_absolute_url()
            return redirect(f"{came_from}#poll-{poll}")
    # As it is by now: it may have closed.
    return _poll_page(request, member, _poll(member, pk, poll), form=form, status=status)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def poll_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes a poll for later, or opens it at once."""
    member = member_or_404(request)
    room = room_run_by(member, pk)
    form = PollForm(request.POST if request.method == "POST" else None)
    status = 200
    if not form.is_bound:
        permissions.can_write_as_host(member, room).enforce()
    elif form.is_valid():
        try:
            made = verbs.make_poll(room, form.words, by=member, form_id=form.cleaned_data["form_id"])
        except (LimitReached, Refused, ValidationError) as no:
            status = _say(form, no)
        else:
            return _kept(request, made, member)
    return _form_page(request, member, room, form, status=status)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def poll_change(request: HttpRequest, pk: int, poll: int) -> HttpResponse:
    member = member_or_404(request)
    found = _poll(member, pk, poll)
    form = PollForm(request.POST if request.method == "POST" else None, initial=PollForm.initial_of(found))
    status = 200
    if not form.is_bound:
        permissions.can_change_poll(member, found).enforce()
    elif form.is_valid():
        try:
            changed = verbs.change_poll(found, form.words, by=member)
        except (LimitReached, Refused, ValidationError) as no:
            status = _say(form, no)  # somebody has opened it, perhaps: what was typed is given back with the reason
        else:
            return _kept(request, changed, member)
    return _form_page(request, member, found.room, form, poll=found, status=status)


@second_factor_required
@require_POST
def poll_open(request: HttpRequest, pk: int, poll: int) -> HttpResponse:
    return _do(request, pk, poll, lambda found, by: verbs.open_poll(found, by=by), "The poll is open.")


@second_factor_required
@require_POST
def poll_close(request: HttpRequest, pk: int, poll: int) -> HttpResponse:
    return _do(request, pk, poll, lambda found, by: verbs.close_poll(found, by=by), "The poll has closed.")


@second_factor_required
@require_POST
def poll_delete(request: HttpRequest, pk: int, poll: int) -> HttpResponse:
    return _do(request, pk, poll, lambda found, by: verbs.delete_poll(found, by=by), "The poll was deleted.")


def _do(request: HttpRequest, pk: int, poll: int, verb: Callable[[Poll, Member], object], done: str) -> HttpResponse:
    member = member_or_404(request)
    found = _poll(member, pk, poll)
    try:
        verb(found, member)
    except Refused as refused:
        # Somebody else may have been quicker, or the room is not open yet: said where the buttons are. Whoever does
        # not run the room has none.
        permissions.can_run_room(member, found.room).enforce()
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect(ours(request, request.POST.get("return_to", "")) or redirect("room_polls", pk).url)


def _kept(request: HttpRequest, made: Poll, by: Member) -> HttpResponse:
    """After a poll was written: opened, where that was the button."""
    if "open" not in request.POST:
        messages.success(request, "The poll is kept. Nobody else sees it before you open it.")
        return redirect("room_polls", made.room_id)
    try:
        verbs.open_poll(made, by=by)
    except (LimitReached, Refused) as no:
        messages.error(request, f"The poll is kept, but it is not open. {no}")
    else:
        messages.success(request, "The poll is open.")
    return redirect("room_polls", made.room_id)


def _say(form: PollForm, no: LimitReached | Refused | ValidationError) -> int:
    """Puts what went wrong into the form; gives the status of the answer."""
    if isinstance(no, ValidationError):
        form.add_error(None, no)
        return 200
    form.add_error(None, str(no))
    return 429 if isinstance(no, LimitReached) else 403


def _poll_page(
    request: HttpRequest, member: Member, found: Poll, *, form: VoteForm | None = None, status: int = 200
) -> HttpResponse:
    [seen] = SeenPoll.all_of([found], member)
    options = list(found.options.all())
    typed = request.POST if form else QueryDict()
    context: dict[str, Any] = {
        "seen": seen,
        "room": found.room,
        "network": found.room.network,
        "errors": form.errors.get("options", []) if form else [],
        "chosen": _numbers(typed.getlist("options")),
        "first_option": options[0].pk if options else 0,
        "return_to": typed.get("return_to", ""),
        "controls": "forums/poll_controls.html" if permissions.can_run_room(member, found.room) else "",
    }
    return render(request, "forums/poll.html", context, status=status)


def _form_page(
    request: HttpRequest, member: Member, room: Room, form: PollForm, *, poll: Poll | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "room": room,
        "network": room.network,
        "form": form,
        "poll": poll,
        "can_open": permissions.can_open_poll(member, poll or Poll(room=room)),
    }
    return render(request, "forums/poll_form.html", context, status=status)


def _numbers(typed: Sequence[str]) -> set[int]:
    return {number for one in typed[: Poll.MOST_OPTIONS] if (number := number_in(one)) is not None}


def _poll(member: Member, pk: int, poll: int) -> Poll:
    room = room_of(member, pk)
    return get_object_or_404(Poll.objects.visible_to(member).filter(room=room).whole(), pk=poll)
