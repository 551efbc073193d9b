"""The networks: what everybody may know of them, how an officer gets in and out, and the queue of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from allauth.account.utils import get_next_redirect_url
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, IntegerField, Prefetch, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network import permissions
from network.actions import membership as verbs
from network.actions.networks import change_network
from network.actions.rules import agree_to_rules
from network.forms import (
    AgreeForm,
    AnswerForm,
    ApproveForm,
    AskToJoinForm,
    DeclineForm,
    NetworkSettingsForm,
    QuestionForm,
)
from network.models import GroundRules, Membership, MembershipEvent, Network, Theme, Viewer
from network.models.standing import standing_of
from network.permissions import Refused, Verdict
from network.views import MemberRequest, ask_how_to_write, second_factor_required

ON_A_PAGE = 25


@dataclass(frozen=True, slots=True)
class NetworkCard:
    """A network as somebody outside may see it, and what the viewer is to it. `is_asked`: the facilitators wait for the
    viewer's answer to a question about their request."""

    network: Network
    membership: Membership | None
    can_join: Verdict
    can_ask: Verdict
    is_asked: bool


def card_of(
    network: Network, viewer: Viewer, membership: Membership | None, asked: Iterable[int] | None = None
) -> NetworkCard:
    """`asked`: the memberships about which there is an open question, where a list has them at hand."""
    if asked is None:
        asked = _asked(viewer, [membership] if membership else [])
    return NetworkCard(
        network,
        membership,
        permissions.can_join(viewer, network),
        permissions.can_ask_to_join(viewer, network),
        membership is not None and membership.pk in asked,
    )


def _asked(viewer: Viewer, memberships: Iterable[Membership]) -> set[int]:
    """Those of the viewer's own requests whose last word is a facilitator's question. No query without a request."""
    requests = [membership.pk for membership in memberships if membership.is_requested]
    if not requests:
        return set()
    said = MembershipEvent.objects.visible_to(viewer).conversation().filter(membership__in=requests)
    last = dict(said.values_list("membership", "kind"))
    return {pk for pk, kind in last.items() if kind == MembershipEvent.Kind.QUESTION}


def network_cards(viewer: Viewer) -> list[NetworkCard]:
    """All networks, in their order, with one query more than a page has in any case, two where the viewer waits for an
    answer."""
    own = standing_of(viewer).memberships if viewer.is_authenticated else []
    asked = _asked(viewer, own)
    memberships = {membership.network_id: membership for membership in own}
    return [
        card_of(network, viewer, memberships.get(network.pk), asked) for network in Network.objects.visible_to(viewer)
    ]


@require_safe
def networks(request: HttpRequest) -> HttpResponse:
    return render(request, "network/networks.html", {"cards": network_cards(request.user)})


@require_safe
def network(request: HttpRequest, slug: str) -> HttpResponse:
    """One address, two faces: what is published for those outside, what goes on for members."""
    own = standing_of(request.user).networks if request.user.is_authenticated else []
    network = next((network for network in own if network.slug == slug), None)
    if network is None:
        network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
        card = card_of(network, request.user, permissions.membership_of(request.user, network))
        return render(request, "network/network_outside.html", {"network": network, "card": card})
    can_facilitate = permissions.can_facilitate(request.user, network)
    facilitators = Membership.objects.visible_to(request.user).facilitators().filter(network=network)
    facilitators = facilitators.select_related("member__organisation", "member__profile").order_by("member__name")
    if can_facilitate:
        # A number for them alone, asked with the list in which they stand themselves.
        facilitators = facilitators.annotate(waiting=_count_of(_requests(network, request.user)))
    shown = list(facilitators)
    context = {
        "network": network,
        "facilitators": shown,
        "themes": Theme.objects.visible_to(request.user).of_network(network),
        "membership": permissions.membership_of(request.user, network),
        "can_facilitate": can_facilitate,
        "waiting": getattr(shown[0], "waiting", 0) if shown else 0,
    }
    return render(request, "network/network.html", context)


def _count_of(rows: QuerySet[Membership]) -> Subquery:
    """How many there are, as a column of another query."""
    counted = rows.order_by().values("network").annotate(count=Count("pk")).values("count")
    return Subquery(counted, output_field=IntegerField())


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: MemberRequest, slug: str) -> HttpResponse:
    """Joins at once, or asks to; the network says which."""
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    card = card_of(network, request.user, permissions.membership_of(request.user, network))
    verdict = card.can_ask if network.is_by_request else card.can_join
    if not verdict and card.membership and not card.membership.is_suspended:
        # Nothing to do any more: a second press of the button, or a page that was open for a while.
        messages.info(request, verdict.reason)
        return redirect(network)
    verdict.enforce()
    rules = GroundRules.objects.unanswered_by(request.user)
    # The button on another page does not show the rules: it leads to the form that does.
    is_answered = request.method == "POST" and (rules is None or "rules_shown" in request.POST)
    form = (AskToJoinForm if network.is_by_request else AgreeForm)(
        rules, request.POST if is_answered else None, initial={"job": request.user.job_title}
    )
    try:
        if form.is_valid():
            if rules is not None:
                agree_to_rules(rules, by=request.user)
            if network.is_by_request:
                verbs.ask_to_join(
                    network, by=request.user, job=form.cleaned_data["job"], reason=form.cleaned_data["reason"]
                )
                messages.success(request, f"You have asked to join the {network}. The facilitators will decide.")
                return redirect("network_request", slug)
            verbs.join_network(network, by=request.user)
            messages.success(request, f"You have joined the {network}.")
            return ask_how_to_write(then=get_next_redirect_url(request) or network.get_absolute_url())
    except Refused as refused:
        # Another press of the same button came first.
        messages.info(request, str(refused))
        return redirect(network)
    return render(request, "network/join.html", {"network": network, "card": card, "form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own_request(request: MemberRequest, slug: str) -> HttpResponse:
    """An applicant's own page: where their request stands and how it came there. Answers a question on POST."""
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    history = MembershipEvent.objects.visible_to(request.user).filter(
        membership__network=network, membership__member=request.user
    )
    membership = permissions.membership_of(request.user, network)
    if membership is None or membership.requested_at is None:
        raise Http404
    verdict = permissions.can_answer(request.user, network)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        verdict.enforce()
        if form.is_valid():
            verbs.answer_question(network, by=request.user, words=form.cleaned_data["words"])
            messages.success(request, "The facilitators have your answer.")
            return redirect("network_request", slug)
    context = {
        "network": network,
        "card": card_of(network, request.user, membership),
        "membership": membership,
        "history": history.order_by("at", "pk"),
        "form": form if verdict else None,
    }
    return render(request, "network/own_request.html", context)


@login_required
@require_POST
def withdraw(request: MemberRequest, slug: str) -> HttpResponse:
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    try:
        verbs.withdraw_request(network, by=request.user)
        messages.success(request, f"You have withdrawn your request to join the {network}.")
    except Refused as refused:
        messages.info(request, str(refused))
    return redirect(network)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: MemberRequest, slug: str) -> HttpResponse:
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    permissions.can_leave(request.user, network).enforce()
    if request.method == "POST":
        verbs.leave_network(network, by=request.user)
        messages.success(request, f"You have left the {network}.")
        return redirect("networks")
    return render(request, "network/leave.html", {"network": network})


# For facilitators


def facilitated(request: HttpRequest, slug: str) -> Network:
    """The network of a page for its facilitators. For everybody else there is no such page."""
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    if not permissions.can_facilitate(request.user, network):
        raise Http404
    return network


def _requests(network: Network, viewer: Viewer) -> QuerySet[Membership]:
    return Membership.objects.visible_to(viewer).requested().filter(network=network).order_by("requested_at", "pk")


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A request with what has been said about it, and what went before it."""

    asked: Membership
    can_be_approved: Verdict
    conversation: list[MembershipEvent]
    before: list[MembershipEvent]

    @property
    def waits_for_applicant(self) -> bool:
        return bool(self.conversation) and self.conversation[-1].kind == MembershipEvent.Kind.QUESTION


def _queue_row(asked: Membership, history: Iterable[MembershipEvent]) -> QueueRow:
    talk, before = [], []
    for event in history:
        if asked.requested_at and event.at < asked.requested_at:
            before.append(event)
        elif event.kind != MembershipEvent.Kind.ASKED:
            talk.append(event)
    return QueueRow(asked, permissions.can_be_approved(asked), talk, before)


@second_factor_required
@require_safe
def requests(request: HttpRequest, slug: str) -> HttpResponse:
    """Who asks to join, longest waiting first."""
    network = facilitated(request, slug)
    history = MembershipEvent.objects.visible_to(request.user).select_related("by").order_by("at", "pk")
    queue = (
        _requests(network, request.user)
        .select_related("member__organisation", "member__profile", "member__admission__domain")
        .prefetch_related(Prefetch("history", history, to_attr="steps"))
    )
    page = Paginator(queue, ON_A_PAGE).get_page(request.GET.get("page"))
    # `steps` is put there by the prefetch.
    rows = [_queue_row(asked, getattr(asked, "steps", [])) for asked in page]
    return render(request, "network/requests.html", {"network": network, "rows": rows, "page": page})


@second_factor_required
@require_safe
def decisions(request: HttpRequest, slug: str) -> HttpResponse:
    """What was decided about whom, by whom and in what words, newest first."""
    network = facilitated(request, slug)
    decided = (
        MembershipEvent.objects.visible_to(request.user)
        .decisions()
        .filter(membership__network=network)
        .select_related("membership__member__organisation", "by")
        .order_by("-at", "-pk")
    )
    page = Paginator(decided, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "network/decisions.html", {"network": network, "page": page})


def _request(request: HttpRequest, network: Network, pk: int) -> Membership:
    asked = Membership.objects.visible_to(request.user).filter(network=network).exclude(requested_at=None)
    return get_object_or_404(asked.select_related("network", "member__organisation"), pk=pk)


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the answers to a request: how its page reads, what it asks permission of, and the verb it ends in."""

    title: str
    button: str
    style: str
    form: type[ApproveForm | QuestionForm | DeclineForm]
    permission: Callable[[Viewer, Membership], Verdict]
    verb: Callable[..., Membership]
    done: str


APPROVE = Answer(
    "Approve the request of",
    "Approve",
    "",
    ApproveForm,
    permissions.can_approve,
    verbs.approve_request,
    "{member} is now a member of the {network}.",
)
ASK = Answer(
    "Ask",
    "Send the question",
    "",
    QuestionForm,
    permissions.can_decide,
    verbs.ask_question,
    "We have sent your question to {member}.",
)
DECLINE = Answer(
    "Decline the request of",
    "Decline",
    "warning",
    DeclineForm,
    permissions.can_decide,
    verbs.decline_request,
    "You have declined the request of {member}.",
)


def _answer(request: MemberRequest, slug: str, pk: int, answer: Answer) -> HttpResponse:
    network = facilitated(request, slug)
    asked = _request(request, network, pk)
    verdict = answer.permission(request.user, asked)
    form = answer.form(request.POST if request.method == "POST" else None)
    if verdict and form.is_bound and form.is_valid():
        try:
            answer.verb(asked, by=request.user, words=form.cleaned_data["words"])
            messages.success(request, answer.done.format(member=asked.member, network=network))
            return redirect("network_requests", slug)
        except Refused as refused:
            verdict = Verdict(str(refused))
    if not verdict:
        messages.error(request, verdict.reason)
        return redirect("network_requests", slug)
    context = {"network": network, "asked": asked, "form": form, "answer": answer}
    return render(request, "network/answer_request.html", context)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    """The button of the queue posts here at once; the page is for whoever wants to say something with it."""
    return _answer(request, slug, pk, APPROVE)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    return _answer(request, slug, pk, ASK)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    return _answer(request, slug, pk, DECLINE)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: MemberRequest, slug: str) -> HttpResponse:
    network = facilitated(request, slug)
    form = NetworkSettingsForm(request.POST if request.method == "POST" else None, network=network)
    if form.is_bound and form.is_valid():
        change_network(network, by=request.user, **form.cleaned_data)
        messages.success(request, "The settings are saved.")
        return redirect("network_settings", slug)
    return render(request, "network/settings.html", {"network": network, "form": form})
