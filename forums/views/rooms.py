from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from forums import limits, permissions
from forums.actions.attendance import attend_room
from forums.actions.messages import Held, say
from forums.actions.room_roles import give_room_role, take_room_role
from forums.forms import MessageForm, QuestionForm, RoomRoleForm
from forums.models import Room, RoomAttendance, RoomPresence, RoomRole
from forums.models.attendance import FEWEST
from forums.search.rooms import FoundInRoom
from forums.views import ours, room_of
from network.limits import LimitReached
from network.models import Member
from network.numbers import number_in
from network.permissions import Refused, can_read
from network.views import second_factor_required

PEOPLE = 100  # as many names as one page shows


@require_safe
def room(request: HttpRequest, pk: int) -> HttpResponse:
    """The live room, or the transcript of one that is over. `?before=N`: what was said before message N. `?q=`:
    what of it has these words."""
    found = room_of(request.user, pk)
    if request.method == "GET" and request.user.is_authenticated:
        attend_room(found, by=request.user)
    return room_page(request, found, before=number_in(request.GET.get("before", "")), query=request.GET.get("q"))


@require_POST
def room_send(request: HttpRequest, pk: int) -> HttpResponse:
    """The plain way to say something. The form sent twice is one message; another text in it is another message, for a
    page that the browser's back button brings back has the same form in it."""
    found = room_of(request.user, pk)
    assert request.user.is_authenticated
    form = MessageForm(request.POST, auto_id="message_%s")
    status = 200
    if form.is_valid():
        form_id = form.cleaned_data["form_id"] or uuid.uuid4()
        body = form.cleaned_data["body"]
        try:
            message = say(
                found,
                by=request.user,
                body=body,
                reply_to=form.cleaned_data["reply_to"],
                client_id=uuid.uuid5(form_id, body),
            )
        except (LimitReached, Refused) as error:
            form.add_error("body", str(error))
            status = 429 if isinstance(error, LimitReached) else 403
        except ValidationError as error:
            form.add_error("body", error)
        except Held as held:
            messages.success(request, str(held))
            return redirect(f"{_where_from(request, form) or found.get_absolute_url()}#{_waiting(found)}")
        else:
            is_shown = found.is_shown_to_all(message.written_at) or permissions.can_run_room(request.user, found)
            place = f"message-{message.seq}" if is_shown else _waiting(found)
            return redirect(f"{_where_from(request, form) or found.get_absolute_url()}#{place}")
    return room_page(request, found, form=form, status=status)


@require_safe
def room_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has the room open now, for members by name: a speaker from outside learns how many they are. Those who read
    the plain page are not counted."""
    found = room_of(request.user, pk)
    here = RoomPresence.objects.visible_to(request.user).filter(room=found).fresh().member_ids()
    people = Member.objects.filter(pk__in=here, is_active=True).select_related("organisation").order_by("name", "pk")
    shows_names = bool(can_read(request.user, found.network))
    page = Paginator(people if shows_names else people.none(), PEOPLE).get_page(request.GET.get("page"))
    context = {
        "room": found,
        "network": found.network,
        "page": page,
        "count": page.paginator.count if shows_names else people.count(),
        "shows_names": shows_names,
        "can_moderate": permissions.can_moderate_room(request.user, found),
    }
    return render(request, "forums/room_people.html", context)


@second_factor_required
@require_safe
def room_attendance(request: HttpRequest, pk: int) -> HttpResponse:
    """How many came, for those who run the room: by kind of council, and nobody by name."""
    found = room_of(request.user, pk)
    permissions.can_run_room(request.user, found).enforce()
    came = RoomAttendance.objects.came_to(found, request.user)
    context = {
        "room": found,
        "network": found.network,
        "came": came,
        "rows": [(kind, people, round(100 * people / came.total)) for kind, people in came.kinds],
        "fewest": FEWEST,
    }
    return render(request, "forums/room_attendance.html", context)


@second_factor_required
@require_POST
def room_roles(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes somebody host or speaker."""
    found = room_of(request.user, pk)
    assert request.user.is_authenticated
    permissions.can_give_room_roles(request.user, found).enforce()
    limits.LOOKING_FOR_PEOPLE.spend(request.user)  # before the answer says whether an address has an account
    form = RoomRoleForm(found, request.user, request.POST)
    if form.is_valid():
        try:
            given = give_room_role(found, form.cleaned_data["who"], role=form.cleaned_data["role"], by=request.user)
        except (LimitReached, Refused) as no:
            form.add_error("who", str(no))
        else:
            messages.success(request, f"{given.member} is now a {given.get_role_display().lower()} in this room.")
            return redirect(found)
    return room_page(request, found, role_form=form)


@second_factor_required
@require_POST
def room_role_remove(request: HttpRequest, pk: int, role: int) -> HttpResponse:
    found = room_of(request.user, pk)
    assert request.user.is_authenticated
    roles = RoomRole.objects.visible_to(request.user).filter(room=found).select_related("room__network", "member")
    given = get_object_or_404(roles, pk=role)
    take_room_role(given, by=request.user)
    messages.success(request, f"{given.member} is no longer a {given.get_role_display().lower()} in this room.")
    return redirect(found)


def room_page(
    request: HttpRequest,
    found: Room,
    *,
    form: MessageForm | None = None,
    question_form: QuestionForm | None = None,
    role_form: RoomRoleForm | None = None,
    before: int | None = None,
    query: str | None = None,
    status: int = 200,
) -> HttpResponse:
    has_begun = found.is_open() or found.is_over()
    can_give = permissions.can_give_room_roles(request.user, found)
    roles = RoomRole.objects.visible_to(request.user).filter(room=found).order_by("role", "at", "pk")
    context = {
        "room": found,
        "network": found.network,
        "form": form,
        "question_form": question_form,
        "before": before,
        "has_begun": has_begun,
        "looked_for": FoundInRoom.of(found, request.user, query) if query is not None and has_begun else None,
        "can_run": permissions.can_run_room(request.user, found),
        "roles": list(roles.select_related("member__organisation")),
        "can_moderate": permissions.can_moderate_room(request.user, found),
        "role_form": role_form or (RoomRoleForm(found, request.user) if can_give else None),
    }
    return render(request, "forums/room.html", context, status=status)


def _waiting(room: Room) -> str:
    """Where on the page of a room that stands which others do not see yet."""
    return f"live-room-{room.pk}-waiting"


def _where_from(request: HttpRequest, form: MessageForm) -> str:
    """The page of ours that the form stood on, which may be that of an event."""
    return ours(request, form.cleaned_data["return_to"])
