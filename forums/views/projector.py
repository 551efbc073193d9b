from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from forums import permissions
from forums.models import Poll, Question, Room
from forums.views import member_or_404


@never_cache
@require_safe
def room_projector(request: HttpRequest, pk: int) -> HttpResponse:
    """What the room is about now, for everybody to read from the back: the question that is being answered or the poll
    that is open, whichever is newer. For whoever may enter the room."""
    member = member_or_404(request)
    # Read before what is shown, so that a socket goes on from what may be older, and never from what is newer.
    room = get_object_or_404(Room.objects.known_to(member).select_related("network"), pk=pk)
    permissions.can_enter(member, room).enforce()
    here = Question.objects.visible_to(member).filter(room=room, state=Question.State.ANSWERING)
    question = here.with_asker().first()
    open_polls = Poll.objects.visible_to(member).filter(room=room, state=Poll.State.OPEN)
    poll = open_polls.prefetch_related("options").order_by("-opened_at", "-pk").first()
    if question and poll:
        if poll.opened_at and poll.opened_at > question.state_at:
            question = None
        else:
            poll = None
    context = {
        "room": room,
        "network": room.network,
        "question": question,
        "poll": poll,
        "shows_results": poll is not None and poll.shows_results_to_everybody(),
    }
    return render(request, "forums/room_projector.html", context)
