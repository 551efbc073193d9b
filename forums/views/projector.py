from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from forums.models import Poll, Question, SeenPoll
from forums.views import member_or_404, room_of

RESULTS_STAND = timedelta(minutes=15)  # after a poll has closed


@never_cache
@require_safe
def room_projector(request: HttpRequest, pk: int) -> HttpResponse:
    """What the room is about now, for everybody to read from the back: the question that is being answered, the poll
    that is open, or what came of one that has just closed, whichever is newest. For whoever may enter the room, and
    the same for all of them."""
    member = member_or_404(request)
    # Read before what is shown, so that a socket goes on from what may be older, and never from what is newer.
    room = room_of(member, pk)
    position = room.shown_to_all()
    here = Question.objects.visible_to(member).filter(room=room, state=Question.State.ANSWERING)
    question = here.with_asker().first()
    polls = Poll.objects.visible_to(member).filter(room=room).newest_on_the_wall(timezone.now() - RESULTS_STAND)
    poll = polls.whole().first()
    if question and poll:
        if (poll.closed_at or poll.opened_at or poll.made_at) > question.state_at:
            question = None
        else:
            poll = None
    context = {
        "room": room,
        "network": room.network,
        "question": question,
        "position": position,
        "seen": SeenPoll.on_the_wall(poll) if poll else None,
    }
    return render(request, "forums/room_projector.html", context)
