"""The members of a network as its facilitators see them, in every state, and what may be done about each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from network import permissions
from network.actions import membership as verbs
from network.forms import EndForm, ReinstateForm
from network.models import Member, Membership, MembershipEvent, Network, Viewer
from network.models.network import MembershipQuerySet
from network.numbers import number_in
from network.permissions import Refused, Verdict
from network.views import MemberRequest, second_factor_required
from network.views.networks import ON_A_PAGE, facilitated

ANY = "any"


def _rows(network: Network, viewer: Viewer) -> MembershipQuerySet:
    return Membership.objects.visible_to(viewer).filter(network=network)


def _page(rows: MembershipQuerySet, after: str, before: str) -> tuple[list[Membership], bool, bool]:
    """One page by name and number, behind or before one membership; and whether there are more on either side."""
    start = rows.filter(pk=number_in(after or before) or 0).first()
    if start is None:
        page = list(rows.order_by("member__name", "pk")[: ON_A_PAGE + 1])
        return page[:ON_A_PAGE], False, len(page) > ON_A_PAGE
    name = start.member.name
    if after:
        behind = rows.filter(Q(member__name__gt=name) | Q(member__name=name, pk__gt=start.pk)).order_by(
            "member__name", "pk"
        )
        page = list(behind[: ON_A_PAGE + 1])
        return page[:ON_A_PAGE], True, len(page) > ON_A_PAGE
    ahead = rows.filter(Q(member__name__lt=name) | Q(member__name=name, pk__lt=start.pk)).order_by(
        "-member__name", "-pk"
    )
    page = list(ahead[: ON_A_PAGE + 1])
    return page[:ON_A_PAGE][::-1], len(page) > ON_A_PAGE, True


@second_factor_required
@require_safe
def network_members(request: HttpRequest, slug: str) -> HttpResponse:
    network = facilitated(request, slug)
    states = Membership.State
    state = request.GET.get("state", states.ACTIVE)
    state = state if state in (*states.values, ANY) else states.ACTIVE
    words = request.GET.get("q", "").strip()[:100]
    rows = _rows(network, request.user).select_related("member__organisation")
    if state == states.ACTIVE:
        rows = rows.active()
    elif state != ANY:
        rows = rows.filter(state=state)
    if words:
        # What somebody shows on their profile finds them only for those who may see it.
        named = Q(member__name__icontains=words) | Q(member__organisation__name__icontains=words)
        rows = rows.filter(named | Q(member__in=Member.objects.visible_to(request.user).search(words)))
    page, has_before, has_after = _page(rows, request.GET.get("after", ""), request.GET.get("before", ""))

    def address(**key: Any) -> str:
        asked = {"state": state if state != states.ACTIVE else "", "q": words, **key}
        return "?" + urlencode({name: value for name, value in asked.items() if value})

    context = {
        "network": network,
        "page": page,
        "state": state,
        "states": [*states.choices, (ANY, "Anybody who ever asked or belonged")],
        "words": words,
        "previous": address(before=page[0].pk) if page and has_before else "",
        "next": address(after=page[-1].pk) if page and has_after else "",
    }
    return render(request, "network/members.html", context)


def membership_in(request: HttpRequest, network: Network, pk: int) -> Membership:
    rows = _rows(network, request.user).select_related("network", "member__organisation")
    return get_object_or_404(rows, pk=pk)


@second_factor_required
@require_safe
def network_membership(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One membership with its whole history."""
    network = facilitated(request, slug)
    membership = membership_in(request, network, pk)
    history = MembershipEvent.objects.visible_to(request.user).filter(membership=membership)
    context = {
        "network": network,
        "membership": membership,
        "history": history.select_related("by").order_by("at", "pk"),
        # Asked only where the state does not answer already, for each asks the database.
        "can_end": permissions.can_end(request.user, membership) if membership.is_active else None,
        "can_reinstate": permissions.can_reinstate(request.user, membership) if membership.is_suspended else None,
    }
    return render(request, "network/membership.html", context)


@dataclass(frozen=True, slots=True)
class Step:
    """Something a facilitator does about a membership: how its page reads, and the verb it ends in."""

    title: str
    button: str
    form: type[EndForm | ReinstateForm]
    permission: Callable[[Viewer, Membership], Verdict]
    verb: Callable[..., Membership]
    done: str


REMOVE = Step(
    "Remove {member} from the {network}",
    "Remove",
    EndForm,
    permissions.can_end,
    verbs.remove_member,
    "{member} is no longer a member.",
)
REINSTATE = Step(
    "Let {member} into the {network} again",
    "Let in again",
    ReinstateForm,
    permissions.can_reinstate,
    verbs.reinstate_member,
    "{member} is a member again.",
)


def _take(request: MemberRequest, slug: str, pk: int, step: Step) -> HttpResponse:
    network = facilitated(request, slug)
    membership = membership_in(request, network, pk)
    verdict = step.permission(request.user, membership)
    form = step.form(request.POST if request.method == "POST" else None)
    if verdict and form.is_bound and form.is_valid():
        try:
            step.verb(membership, by=request.user, words=form.cleaned_data["words"])
            messages.success(request, step.done.format(member=membership.member))
            return redirect("network_membership", slug, pk)
        except Refused as refused:
            verdict = Verdict(str(refused))
    if not verdict:
        messages.error(request, verdict.reason)
        return redirect("network_membership", slug, pk)
    context = {
        "network": network,
        "membership": membership,
        "form": form,
        "title": step.title.format(member=membership.member, network=network),
        "step": step,
        "removes": step is REMOVE,
    }
    return render(request, "network/membership_step.html", context)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    return _take(request, slug, pk, REMOVE)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def reinstate(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    return _take(request, slug, pk, REINSTATE)
