"""The host screen of a session: its questions by votes, and what hosts do with them. All of it works without a script;
with one, most of it happens on the screen itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import limits, markup, permissions
from forums.actions import hosting as verbs
from forums.actions.held_messages import release_message
from forums.actions.room_settings import RoomRules, RulesChanged, set_room_rules
from forums.forms import (
    DecisionForm,
    MergeForm,
    NotPublishForm,
    ParkForm,
    RoomRulesForm,
    SlowModeForm,
    WrittenAnswerForm,
)
from forums.models import Case, HeldMessage, Question, Room, RoomAttendance, RoomPresence
from forums.search.people import find_people_in_room
from forums.views import member_or_404, room_of, room_run_by
from network.limits import LimitReached
from network.models import Member
from network.permissions import Refused
from network.views import second_factor_required

State = Question.State

MOST_DEALT_WITH = 50  # as many as the screen shows of what is done
MOST_MESSAGES = 50  # and of the messages that wait


@dataclass(frozen=True, slots=True)
class Button:
    """One press decides."""

    do: str
    words: str
    key: str  # that presses it, while the focus is in the list
    state: str
    verb: Callable[..., Question]
    done: str  # said afterwards


BUTTONS = (
    Button("begin", "Start answering", "s", State.ANSWERING, verbs.begin_answering, "This question is being answered."),
    Button("answered", "Mark as answered", "a", State.ANSWERED, verbs.mark_answered, "The question is answered live."),
    Button("publish", "Publish", "p", State.WAITING, verbs.publish_question, "Everybody can read the question."),
    Button("back", "Put back", "u", State.WAITING, verbs.put_back, "The question is back where it was."),
)


@dataclass(frozen=True, slots=True)
class Hosted:
    """A question as its host has it."""

    question: Question
    last_step: int
    buttons: list[Button]
    can: set[str]  # what has a page of its own: write, park, merge, refuse
    may_read: bool  # what it says, and why it is not shown

    @property
    def words(self) -> str:
        """By which its buttons are told from those of others."""
        return self.question.body if self.may_read else f"question {self.question.number}"


@dataclass(frozen=True, slots=True)
class Board:
    """The questions of a room, as those who run it have them."""

    held: list[Hosted]
    answering: list[Hosted]
    waiting: list[Hosted]
    parked: list[Hosted]
    dealt_with: list[Hosted]
    open_count: int

    @classmethod
    def of(cls, room: Room, member: Member) -> Board:
        """One query for all the questions."""
        found = Question.objects.visible_to(member).filter(room=room).with_asker().with_last_step().by_votes()
        decided = Case.objects.that_hide_questions().filter(question=OuterRef("pk"))
        moderates = bool(permissions.can_moderate_room(member, room))
        hosted = [_hosted(question, moderates=moderates) for question in found.annotate(is_decided=Exists(decided))]

        def those(*states: str) -> list[Hosted]:
            return [one for one in hosted if one.question.state in states]

        done = those(State.ANSWERED, State.WRITTEN, State.MERGED, State.REFUSED)
        # One that nobody had read leaves nothing.
        done += [one for one in those(State.WITHDRAWN) if one.question.number is not None]
        answering, waiting = those(State.ANSWERING), those(State.WAITING)
        return cls(
            held=sorted(those(State.HELD), key=lambda one: one.question.asked_at),
            answering=answering,
            waiting=waiting,
            parked=those(State.PARKED),
            dealt_with=sorted(done, key=lambda one: one.question.state_at, reverse=True)[:MOST_DEALT_WITH],
            open_count=len(answering) + len(waiting),
        )


def _hosted(question: Question, *, moderates: bool) -> Hosted:
    """The same whoever asked it: others may look at the same screen, and one without a button would be known by that.
    What somebody may not do with their own the verbs refuse."""
    state = State(question.state)
    is_published = question.number is not None
    # As `permissions.can_restore_question` and `permissions.can_read_hidden_question`.
    is_for_facilitators = question.is_decided and not moderates  # type: ignore[attr-defined]
    buttons = []
    for button in BUTTONS:
        if button.do == "publish":
            can = not is_published and state in (State.HELD, State.REFUSED)
        else:
            can = is_published and state in verbs.FROM[State(button.state)]
            if button.do == "back":
                can = can and not is_for_facilitators
        if can:
            buttons.append(button)
    pages = {"write": State.WRITTEN, "park": State.PARKED, "merge": State.MERGED, "refuse": State.REFUSED}
    can_open = {name for name, target in pages.items() if state in verbs.FROM[target]}
    if question.thread_id is not None and not moderates:
        can_open.discard("refuse")  # as `permissions.can_take_question_away`
    last_step: int = question.last_step  # type: ignore[attr-defined]
    return Hosted(question, last_step, buttons, can_open, may_read=not is_for_facilitators)


@second_factor_required
@never_cache
@require_safe
def room_host(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    return host_screen(request, member, room_run_by(member, pk))


@second_factor_required
@never_cache
@require_safe
def room_host_board(request: HttpRequest, pk: int) -> HttpResponse:
    """The questions alone, for the screen that looks again."""
    member = member_or_404(request)
    return _board(request, member, room_run_by(member, pk))


@second_factor_required
@require_POST
def question_decide(request: HttpRequest, pk: int, uid: str) -> HttpResponse:
    """`do` names the button. A script gets the questions as they are now, with what was said."""
    member = member_or_404(request)
    found = _question(member, pk, uid)
    button = next((button for button in BUTTONS if button.do == request.POST.get("do")), None)
    if button is None:
        raise Http404
    form = DecisionForm(request.POST)
    said, status = button.done, 200
    if not form.is_valid():
        said, status = "This form is not complete. Load the page again.", 400
    else:
        was = _being_answered(member, found) if button.do == "begin" else None
        try:
            button.verb(found, by=member, seen=form.cleaned_data["seen"])
        except (LimitReached, Refused) as no:
            said, status = str(no), 429 if isinstance(no, LimitReached) else 409
        else:
            if was is not None:
                said += f" Question {was.number} counts as answered live."
    return _answer(request, member, found.room, said, status=status, at=f"#host-{found.uid}")


def _being_answered(member: Member, question: Question) -> Question | None:
    here = Question.objects.visible_to(member).filter(room=question.room_id, state=State.ANSWERING)
    return here.exclude(pk=question.pk).first()


@second_factor_required
@require_POST
def room_host_release(request: HttpRequest, pk: int, held: int) -> HttpResponse:
    """Shows everybody a message that waited; answers as a button of a question does."""
    member = member_or_404(request)
    room = room_run_by(member, pk)
    found = get_object_or_404(HeldMessage.objects.visible_to(member).filter(room=room).with_author(), pk=held)
    found.room = room
    said, status = "Everybody in the room sees the message now.", 200
    try:
        release_message(found, by=member)
    except (LimitReached, Refused) as no:
        said, status = str(no), 429 if isinstance(no, LimitReached) else 409
    return _answer(request, member, room, said, status=status)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def question_write(request: HttpRequest, pk: int, uid: str) -> HttpResponse:
    """Answers a question in writing."""
    member = member_or_404(request)
    found = _question(member, pk, uid)
    if request.method != "POST":
        permissions.can_write_as_host(member, found.room).enforce()
    form = WrittenAnswerForm(_typed(request), initial=_seen(found) | {"answer": found.answer})

    def decide() -> str:
        verbs.write_answer(found, form.cleaned_data["answer"], by=member, seen=form.cleaned_data["seen"])
        return "Everybody in the room can read the answer."

    return _page(request, found, form, decide, heading="Answer in writing", send="Publish the answer")


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def question_park(request: HttpRequest, pk: int, uid: str) -> HttpResponse:
    """Parks a question for somebody."""
    member = member_or_404(request)
    found = _question(member, pk, uid)
    typed = _typed(request)
    if typed is not None:
        limits.LOOKING_FOR_PEOPLE.spend(member)  # before the answer says whether an address is that of somebody here
    form = ParkForm(found.room, typed, initial=_seen(found))

    def decide() -> str:
        who = form.cleaned_data["who"]
        try:
            verbs.park_question(found, who, by=member, seen=form.cleaned_data["seen"])
        except ValidationError as no:
            raise ValidationError({"who": no.messages}) from no
        return "The question is parked for you." if who == member else f"The question is parked for {who}, who is told."

    return _page(request, found, form, decide, heading="Park the question for somebody", send="Park the question")


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def question_merge(request: HttpRequest, pk: int, uid: str) -> HttpResponse:
    """Lets another question ask the same."""
    member = member_or_404(request)
    found = _question(member, pk, uid)
    form = MergeForm(found, member, _typed(request), initial=_seen(found))

    def decide() -> str:
        into = form.cleaned_data["into"]
        try:
            verbs.merge_question(found, into, by=member, seen=form.cleaned_data["seen"])
        except ValidationError as no:
            raise ValidationError({"into": no.messages}) from no
        return f"The question is merged with question {into.number}."

    return _page(request, found, form, decide, heading="Merge the question with another", send="Merge")


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def question_refuse(request: HttpRequest, pk: int, uid: str) -> HttpResponse:
    """Does not publish a question, and says why to whoever asked it."""
    member = member_or_404(request)
    found = _question(member, pk, uid)
    if request.method != "POST":
        permissions.can_take_question_away(member, found).enforce()
    form = NotPublishForm(_typed(request), initial=_seen(found))

    def decide() -> str:
        verbs.refuse_question(found, form.cleaned_data["words"], by=member, seen=form.cleaned_data["seen"])
        return "The question is not published. Whoever asked it is told why."

    heading = "Take the question away" if found.number else "Do not publish the question"
    return _page(request, found, form, decide, heading=heading, send=heading)


@second_factor_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def question_asker(request: HttpRequest, pk: int, uid: str) -> HttpResponse:
    """Who asked without a name, for facilitators: shown by a press of a button, which is written down."""
    member = member_or_404(request)
    found = _question(member, pk, uid, has_to_run=False)
    permissions.can_see_asker(member, found).enforce()
    if not found.unnamed_as:
        raise Http404
    asker = verbs.reveal_asker(found, by=member) if request.method == "POST" else None
    return render(request, "forums/question_asker.html", _context(found) | {"asker": asker})


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def room_rules(request: HttpRequest, pk: int) -> HttpResponse:
    """The rules of a session."""
    member = member_or_404(request)
    found = room_run_by(member, pk)
    now = RoomRules.of(found)
    rules = {name: getattr(now, name) for name in RoomRules.names()}
    form = RoomRulesForm(_typed(request), initial=rules | {"seen": now.stamp})
    status = 200
    if form.is_valid():
        try:
            set_room_rules(found, form.rules, by=member, seen=form.cleaned_data["seen"])
        except RulesChanged as changed:
            # What was typed stays; sent once more it is meant.
            typed = request.POST.copy()
            typed["seen"] = RoomRules.of(room_run_by(member, pk)).stamp
            form = RoomRulesForm(typed)
            form.add_error(None, str(changed))
            status = 409
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
            status = 429 if isinstance(no, LimitReached) else 403
        except ValidationError as no:
            form.add_error(None, no)
        else:
            messages.success(request, "The rules are saved.")
            return redirect("room_host", pk)
    context = {"room": found, "network": found.network, "form": form}
    return render(request, "forums/room_rules.html", context, status=status)


@second_factor_required
@require_POST
def room_host_people(request: HttpRequest, pk: int) -> HttpResponse:
    """JSON: `people` who may come into the room and whose name begins as `name`, each with `words` to write and
    `council`. Asked by POST, so that names stay out of logs."""
    member = member_or_404(request)
    found = room_run_by(member, pk)
    try:
        limits.LOOKING_FOR_NAMES.spend(member)
    except LimitReached as no:
        return JsonResponse({"people": [], "reason": str(no)}, status=429)
    typed = markup.legible(request.POST.get("name", ""))[:100]
    return JsonResponse({"people": [asdict(one) for one in find_people_in_room(member, found, typed)]})


def _question(member: Member, pk: int, uid: str, *, has_to_run: bool = True) -> Question:
    room = room_run_by(member, pk) if has_to_run else room_of(member, pk)
    found = get_object_or_404(Question.objects.visible_to(member).with_asker().with_last_step(), room=room, uid=uid)
    found.room = room
    return found


def _typed(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _seen(question: Question) -> dict[str, Any]:
    return {"seen": question.last_step}  # type: ignore[attr-defined]


def _slow_form(room: Room) -> SlowModeForm:
    return SlowModeForm(initial={"seconds": room.slow_seconds})


def _context(question: Question) -> dict[str, Any]:
    return {"question": question, "room": question.room, "network": question.room.network}


def _page(
    request: HttpRequest,
    question: Question,
    form: DecisionForm,
    decide: Callable[[], str],
    *,
    heading: str,
    send: str,
) -> HttpResponse:
    """A decision that takes words. What was typed stays in the form when somebody else was faster."""
    status = 200
    back = _way_back(request, question)
    if form.is_valid():
        try:
            said = decide()
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
            status = 429 if isinstance(no, LimitReached) else 409
        except ValidationError as no:
            form.add_error(None, no)
        else:
            messages.success(request, said)
            return redirect(back)
    may_read = question.is_shown or permissions.can_read_hidden_question(member_or_404(request), question)
    context = _context(question) | {"form": form, "heading": heading, "send": send, "back": back, "may_read": may_read}
    return render(request, "forums/question_decide.html", context, status=status)


def _way_back(request: HttpRequest, question: Question) -> str:
    """The host screen, or with `?from=list` the list of what sessions left unanswered."""
    if request.GET.get("from") == "list":
        return reverse("network_questions", args=[question.room.network.slug])
    return reverse("room_host", args=[question.room_id]) + f"#host-{question.uid}"


def _answer(request: HttpRequest, member: Member, room: Room, said: str, *, status: int, at: str = "") -> HttpResponse:
    """What became of a button: for a script the board as it is now, and for everybody else the screen."""
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return _board(request, member, room, said=said, status=status)
    (messages.success if status == 200 else messages.error)(request, said)
    return redirect(reverse("room_host", args=[room.pk]) + at)


def _board(request: HttpRequest, member: Member, room: Room, *, said: str = "", status: int = 200) -> HttpResponse:
    context = _board_context(member, room) | {"said": said}
    return render(request, "forums/host_board.html", context, status=status)


def _board_context(member: Member, room: Room) -> dict[str, Any]:
    held = HeldMessage.objects.visible_to(member).filter(room=room).with_author()
    return {
        "room": room,
        "board": Board.of(room, member),
        "came": RoomAttendance.objects.came_to(room, member).total,
        "messages_waiting": held.waiting().order_by("written_at", "pk")[:MOST_MESSAGES],
        "can_see_asker": permissions.can_see_asker(member, Question(room=room)),
    }


def host_screen(
    request: HttpRequest, member: Member, room: Room, *, slow_form: SlowModeForm | None = None
) -> HttpResponse:
    present = set(RoomPresence.objects.visible_to(member).filter(room=room).fresh().member_ids())
    if room.is_open():
        present.add(member.pk)  # whoever reads this is one of them, before their socket has said so
    context = _board_context(member, room) | {
        "network": room.network,
        "present": len(present),
        "slow_form": slow_form or _slow_form(room),
        "can_moderate": permissions.can_moderate_room(member, room),
    }
    return render(request, "forums/room_host.html", context)
