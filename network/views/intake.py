"""A list of people that an administrator lets in together."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network import permissions
from network.actions import intake as verbs
from network.forms import IntakeForm
from network.models import Intake, IntakeRow
from network.permissions import Refused
from network.spreadsheet import file_of
from network.views import MemberRequest, file_to_take

ON_A_PAGE = 100
LATEST = 20


def _administrators_only(request: HttpRequest) -> None:
    if not permissions.can_run_intakes(request.user):
        raise Http404


@require_http_methods(["GET", "HEAD", "POST"])
def intakes(request: MemberRequest) -> HttpResponse:
    """The latest lists; POST takes another, looks at it and does nothing else."""
    _administrators_only(request)
    form = IntakeForm(request.POST, request.FILES) if request.method == "POST" else IntakeForm()
    if form.is_bound and form.is_valid():
        intake = verbs.look_at_list(form.cleaned_data["file"], by=request.user, network=form.cleaned_data["network"])
        return redirect("intake", intake.pk)
    latest = Intake.objects.visible_to(request.user).select_related("by", "network").annotate(people=Count("rows"))
    context = {"form": form, "intakes": latest.order_by("-pk")[:LATEST]}
    return render(request, "network/intakes.html", context)


def _intake(request: HttpRequest, pk: int) -> Intake:
    _administrators_only(request)
    return get_object_or_404(Intake.objects.visible_to(request.user).select_related("by", "network"), pk=pk)


@require_safe
def intake(request: HttpRequest, pk: int) -> HttpResponse:
    """What would become of each line, how far it is, or what became of them."""
    intake = _intake(request, pk)
    counted = dict(intake.rows.order_by().values_list("outcome").annotate(Count("pk")))
    counts = [
        (IntakeRow(intake=intake, outcome=outcome).outcome_in_words, counted[outcome])
        for outcome in IntakeRow.Outcome
        if outcome in counted
    ]
    page = Paginator(intake.rows.all(), ON_A_PAGE).get_page(request.GET.get("page"))
    to_do = counted.get(IntakeRow.Outcome.ADMITTED, 0) + counted.get(IntakeRow.Outcome.JOINED, 0)
    context = {
        "intake": intake,
        "counts": counts,
        "people": sum(counted.values()),
        "to_do": to_do,
        "begin_detail": f"for {to_do:,} {'person' if to_do == 1 else 'people'}",
        "page": page,
        "can_begin": permissions.can_begin_intake(request.user, intake),
    }
    return render(request, "network/intake.html", context)


@require_POST
def begin(request: MemberRequest, pk: int) -> HttpResponse:
    try:
        verbs.begin_intake(_intake(request, pk), by=request.user)
    except Refused as refused:
        messages.info(request, str(refused))
    return redirect("intake", pk)


@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The same as a CSV file, for whoever sent the list."""
    intake = _intake(request, pk)
    rows = (
        (row.number, row.email, row.name, row.organisation, row.job_title, row.outcome_in_words, row.why)
        for row in intake.rows.all()
    )
    header = ("line", "email", "name", "organisation", "job_title", "outcome", "why")
    return file_to_take(file_of(header, rows), name=f"list-{intake.pk}.csv")
