"""What a facilitator does about how somebody writes in their network; and where that member reads it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network import permissions
from network.actions.membership import suspend_member
from network.actions.sanctions import lift_silence, silence_member, warn_member
from network.forms import SanctionForm
from network.limits import LimitReached
from network.models import Member, Membership, MembershipEvent, Network
from network.permissions import Refused, day_in_words, moment_in_words
from network.views import MemberRequest, second_factor_required
from network.views.network_members import membership_in
from network.views.networks import facilitated


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def sanction(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    """Warns somebody, asks them not to write for a while, or suspends them; with what was decided about them before."""
    network = facilitated(request, slug)
    membership = membership_in(request, network, pk)
    form = SanctionForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        try:
            messages.success(request, _do(form, membership, by=request.user))
            return redirect("network_membership", slug, pk)
        except (LimitReached, Refused) as no:
            # What they typed stays, to be taken elsewhere.
            form.add_error(None, str(no))
            status = 429 if isinstance(no, LimitReached) else 403
        except ValidationError as no:
            form.add_error("what", no)
    elif not (verdict := permissions.can_end(request.user, membership)):
        messages.error(request, verdict.reason)
        return redirect("network_membership", slug, pk)
    before = MembershipEvent.objects.visible_to(request.user).decisions().filter(membership=membership)
    context = {
        "network": network,
        "membership": membership,
        "form": form,
        "history": before.select_related("by").order_by("at", "pk"),
    }
    return render(request, "network/membership_sanction.html", context, status=status)


def _do(form: SanctionForm, membership: Membership, *, by: Member) -> str:
    """What was done, in words. Raises Refused, LimitReached, ValidationError."""
    what, words = form.cleaned_data["what"], form.cleaned_data["words"]
    now = timezone.now()
    until = form.ends_at(now)
    member = membership.member
    if what == SanctionForm.WARN:
        warn_member(membership, by=by, words=words, now=now)
        return f"{member} is warned, and reads what you wrote."
    if until and what in SanctionForm.SILENCES:
        silence_member(membership, until=until, by=by, words=words, now=now)
        return f"{member} is asked not to write until {moment_in_words(until)}, and is told why."
    suspend_member(membership, until=until, by=by, words=words, now=now)
    ends = f" until {day_in_words(until)}" if until else ""
    return f"{member} is suspended{ends}, and is told why."


@second_factor_required
@require_POST
def let_write(request: MemberRequest, slug: str, pk: int) -> HttpResponse:
    """Ends the time in which somebody was asked not to write."""
    network = facilitated(request, slug)
    membership = membership_in(request, network, pk)
    lift_silence(membership, by=request.user)
    messages.success(request, f"{membership.member} can write again.")
    return redirect("network_membership", slug, pk)


@login_required
@require_safe
def own_membership(request: HttpRequest, slug: str) -> HttpResponse:
    """What somebody is in a network, and what was decided about them there, in the words that they were told."""
    network = get_object_or_404(Network.objects.visible_to(request.user), slug=slug)
    membership = permissions.membership_of(request.user, network)
    if membership is None:
        raise Http404
    history = MembershipEvent.objects.visible_to(request.user).filter(membership=membership)
    context = {
        "network": network,
        "membership": membership,
        "is_silent": membership.is_silent(),
        "history": history.order_by("at", "pk"),
    }
    return render(request, "network/own_membership.html", context)
