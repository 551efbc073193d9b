"""Being let in by a person: asking, and the administrators' queue."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from network import permissions
from network.actions import admission_requests as verbs
from network.forms import AskForAdmissionForm, DeclineForm, LetInForm
from network.models import AdmissionRequest, Organisation
from network.models.organisation import domain_of
from network.permissions import Refused, Verdict
from network.views import MemberRequest

ON_A_PAGE = 25


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: MemberRequest) -> HttpResponse:
    """Somebody whom no rule lets in says for whom they work, and why."""
    verdict = permissions.can_ask_for_admission(request.user)
    posted = request.POST if request.method == "POST" else None
    asked = AdmissionRequest.objects.visible_to(request.user).filter(member=request.user).first()
    before = {"works_for": asked.works_for} if asked else {}
    form = AskForAdmissionForm(posted, has_name=bool(request.user.name), initial=before)
    if verdict and posted is not None and form.is_valid():
        try:
            waits = verbs.ask_for_admission(by=request.user, **form.cleaned_data)
        except Refused as refused:  # another press of the same button came first
            verdict = Verdict(str(refused))
        else:
            said = (
                "An administrator will read it. We will tell you the answer by email, and here."
                if waits
                else "You have been let in."
            )
            messages.success(request, said)
            return redirect("welcome")
    if not verdict:
        messages.info(request, verdict.reason)
        return redirect("welcome")
    return render(request, "network/admission_ask.html", {"form": form})


def _administrators_only(request: HttpRequest) -> None:
    if not permissions.can_let_people_in(request.user):
        raise Http404


@require_safe
def admissions(request: HttpRequest) -> HttpResponse:
    """Who asks to be let in, longest waiting first."""
    _administrators_only(request)
    waiting = AdmissionRequest.objects.visible_to(request.user).waiting().select_related("member")
    page = Paginator(waiting.order_by("asked_at", "pk"), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "network/admissions.html", {"page": page})


def _asked(request: HttpRequest, pk: int) -> AdmissionRequest:
    _administrators_only(request)
    return get_object_or_404(AdmissionRequest.objects.visible_to(request.user).select_related("member"), pk=pk)


def _meant(asked: AdmissionRequest) -> Organisation | None:
    """The organisation that they seem to mean: the one at their domain, or of the name they gave."""
    current = Organisation.objects.current()
    at_domain = list(Organisation.objects.with_address(asked.member.email)[:2])
    if len(at_domain) == 1:
        return at_domain[0]
    called = list(current.filter(name__iexact=asked.works_for.strip())[:2])
    called = called or list(current.filter(short_name__iexact=asked.works_for.strip())[:2])
    return called[0] if len(called) == 1 else None


@require_http_methods(["GET", "HEAD", "POST"])
def let_in(request: MemberRequest, pk: int) -> HttpResponse:
    asked = _asked(request, pk)
    meant = _meant(asked)
    form = LetInForm(
        request.POST if request.method == "POST" else None,
        initial={"organisation": meant, "new_organisation": "" if meant else asked.works_for},
    )
    verdict = permissions.can_decide_admission(request.user, asked)
    if verdict and form.is_bound and form.is_valid():
        chosen = form.cleaned_data
        try:
            verbs.let_in(
                asked,
                by=request.user,
                organisation=chosen["organisation"] or chosen["new_organisation"],
                kind=chosen["kind"],
                note=chosen["note"],
                adds_domain=chosen["domain"] != LetInForm.NO,
                confirms_domain=chosen["domain"] == LetInForm.CONFIRMED,
            )
        except Refused as refused:
            verdict = Verdict(str(refused))
        else:
            messages.success(request, f"{asked.member} has been let in.")
            return redirect("admissions")
    if not verdict:
        messages.error(request, verdict.reason)
        return redirect("admissions")
    context = {"asked": asked, "form": form, "domain": domain_of(asked.member.email)}
    return render(request, "network/admission_let_in.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: MemberRequest, pk: int) -> HttpResponse:
    asked = _asked(request, pk)
    form = DeclineForm(request.POST if request.method == "POST" else None)
    verdict = permissions.can_decide_admission(request.user, asked)
    if verdict and form.is_bound and form.is_valid():
        try:
            verbs.decline_admission(asked, by=request.user, words=form.cleaned_data["words"])
        except Refused as refused:
            verdict = Verdict(str(refused))
        else:
            messages.success(request, f"You have declined the request of {asked.member}.")
            return redirect("admissions")
    if not verdict:
        messages.error(request, verdict.reason)
        return redirect("admissions")
    return render(request, "network/admission_decline.html", {"asked": asked, "form": form})
