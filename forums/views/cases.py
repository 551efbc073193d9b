"""For those who look after reports: what waits, one thing with all that was said of it, and what they do about it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST, require_safe

from forums import notifications, permissions
from forums.actions import decisions as verbs
from forums.actions.appeals import decide_appeal
from forums.forms import AnswerAppealForm, DecideForm, NoteForm
from forums.models import Attachment, Case, CaseNote, Message, Post, Practice, Question, Report
from forums.models.attachment import AttachmentQuerySet
from forums.models.report import CaseQuerySet, said_by
from forums.views import member_or_404
from forums.views.attachments import served
from network.limits import LimitReached
from network.models import Member, Membership, Profile
from network.permissions import Refused, can_change_accounts
from network.views import second_factor_required
from network.views.networks import facilitated

ON_A_PAGE = 25


@dataclass(frozen=True, slots=True)
class Reported:
    """A report as it stands on the page of its case."""

    report: Report
    has_changed: bool  # what it is about says something else by now


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture that a profile showed when it was reported."""

    kept: Attachment
    is_still_there: bool  # and has not been taken away or replaced since


@second_factor_required
@require_safe
def network_reports(request: HttpRequest, slug: str) -> HttpResponse:
    """What waits for the facilitators: what may be against the law, then what has waited longest. Or what was
    decided."""
    network = facilitated(request, slug)
    cases = Case.objects.visible_to(request.user).filter(network=network)
    return _queue(request, cases, {"network": network})


@second_factor_required
@require_safe
def administration_reports(request: HttpRequest) -> HttpResponse:
    """The same of what no network looks after by itself."""
    if not can_change_accounts(request.user):
        raise Http404
    return _queue(request, Case.objects.administered_by(request.user), {"network": None})


def _queue(request: HttpRequest, cases: CaseQuerySet, context: dict[str, Any]) -> HttpResponse:
    shows_decided = request.GET.get("show") == "decided"
    if shows_decided:
        rows = cases.exclude(pk__in=Case.objects.waiting().values("pk")).order_by("-decided_at", "-pk")
    else:
        rows = cases.waiting().in_order()
    page = Paginator(rows.with_things().prefetch_related("reports"), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "forums/reports.html", {**context, "page": page, "shows_decided": shows_decided})


@second_factor_required
@require_safe
def case(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    found = _case(member, pk)
    notifications.case_read(found, member)
    return _page(request, member, found)


@second_factor_required
@require_safe
def case_picture(request: HttpRequest, pk: int, kept: uuid.UUID) -> HttpResponseBase:
    """The picture that a profile showed when it was reported, for those who decide."""
    found = _case(member_or_404(request), pk)
    picture = get_object_or_404(_pictures_of(found), pk=kept)
    return served(request, picture, str(picture.file.name), picture.content_type)


@second_factor_required
@require_POST
def case_claim(request: HttpRequest, pk: int) -> HttpResponse:
    """`take_over`: from whoever is looking at it."""
    member = member_or_404(request)
    found = _case(member, pk)
    try:
        verbs.claim_case(found, by=member, takes_over="take_over" in request.POST)
    except (LimitReached, Refused) as no:
        messages.error(request, str(no))
    else:
        messages.success(request, "Others see that you are looking at this.")
    return redirect(found)


@second_factor_required
@require_POST
def case_note(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    found = _case(member, pk)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            verbs.note_on_case(found, by=member, words=form.cleaned_data["words"])
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "Your note is kept.")
            return redirect(found)
    return _page(request, member, found, note_form=form)


@second_factor_required
@require_POST
def case_decide(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    found = _case(member, pk)
    form = DecideForm(found, request.POST)
    was_hidden = found.is_hidden and not found.is_gone
    if form.is_valid():
        outcome, reason = form.cleaned_data["outcome"], form.cleaned_data.get("reason", "")
        try:
            decided = verbs.decide_case(found, outcome=outcome, by=member, reason=reason)
        except (LimitReached, Refused) as no:
            found = _case(member, pk)
            if not found.is_open:
                # Somebody was faster: the page says who, and there is nothing more to fill in.
                messages.error(request, str(no))
                return redirect(found)
            form.add_error(None, str(no))
        else:
            messages.success(request, _done(decided, is_shown_again=was_hidden and not decided.is_hidden))
            return redirect(_list_of(found, member))
    return _page(request, member, found, decide_form=form)


@second_factor_required
@require_POST
def case_appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers an appeal."""
    member = member_or_404(request)
    found = _case(member, pk)
    made = found.appeal_or_none
    if made is None:
        raise Http404
    form = AnswerAppealForm(request.POST)
    if form.is_valid():
        try:
            decide_appeal(made, outcome=form.cleaned_data["outcome"], by=member, answer=form.cleaned_data["answer"])
        except Refused as no:
            messages.error(request, str(no))
            return redirect(found)
        except LimitReached as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "The appeal is answered.")
            return redirect(_list_of(found, member))
    return _page(request, member, found, appeal_form=form)


def _done(decided: Case, *, is_shown_again: bool) -> str:
    """What was done, and who hears of it."""
    if decided.outcome == Case.Outcome.HIDDEN:
        return "It is hidden. Its author is told why, and whoever reported it that it is hidden."
    done = "It stays as it is." if decided.outcome == Case.Outcome.LEFT else "It is dealt with."
    if is_shown_again:
        done = "It is shown again."
    if not decided.tells_author:
        return f"{done} Whoever reported it is told."
    return f"{done} Whoever reported it is told, and so is its {'owner' if decided.member_id else 'author'}."


def _case(member: Member, pk: int) -> Case:
    return get_object_or_404(Case.objects.visible_to(member).with_things(), pk=pk)


def _list_of(found: Case, member: Member) -> str:
    """Where the case stands among the others."""
    looks_after = Membership.objects.facilitators().filter(member=member, network=found.network_id or 0)
    if found.network and looks_after.exists():
        return reverse("network_reports", args=[found.network.slug])
    return reverse("administration_reports")


def _page(
    request: HttpRequest,
    member: Member,
    found: Case,
    *,
    decide_form: DecideForm | None = None,
    note_form: NoteForm | None = None,
    appeal_form: AnswerAppealForm | None = None,
) -> HttpResponse:
    said = said_by(found.thing) if found.thing is not None else ""
    reports = Report.objects.visible_to(member).filter(case=found).select_related("by").order_by("at", "pk")
    made = found.appeal_or_none
    context = {
        "case": found,
        "network": found.network,
        "list_address": _list_of(found, member),
        "reports": [Reported(report, bool(report.said) and report.said != said) for report in reports],
        "notes": CaseNote.objects.visible_to(member).filter(case=found).select_related("by"),
        "can_decide": permissions.can_decide_case(member, found),
        "is_anothers": found.is_open and found.claimed_by_id not in (None, member.pk),
        "is_claimed": found.claimed_by_id == member.pk,
        "decide_form": decide_form or DecideForm(found),
        "note_form": note_form or NoteForm(),
        "appeal": made,
        "can_answer": permissions.can_decide_appeal(member, made) if made else None,
        "appeal_form": appeal_form or AnswerAppealForm(),
        "sanction_address": _sanction_address(found),
        **_around(member, found),
    }
    return render(request, "forums/case.html", context)


def _around(member: Member, found: Case) -> dict[str, Any]:
    """What stands before and after it, as far as the member may read that."""
    if found.post:
        here = Post.objects.visible_to(member).filter(thread=found.post.thread_id)
        here = here.select_related("author", "organisation", "thread")
        return {
            "before": list(here.filter(number__lt=found.post.number).order_by("-number")[:1]),
            "after": list(here.filter(number__gt=found.post.number).order_by("number")[:1]),
            "told": Practice.objects.beside(found.post),
            "kept_files": Attachment.objects.visible_to(member).filter(kept_for=found),
        }
    if found.message:
        said = Message.objects.visible_to(member).filter(room=found.message.room_id).with_author()
        return {
            "before": list(said.filter(seq__lt=found.message.seq).order_by("-seq")[:2])[::-1],
            "after": list(said.filter(seq__gt=found.message.seq).order_by("seq")[:2]),
        }
    if found.member:
        now_shown = Profile.of(found.member).picture.name
        return {"pictures": [KeptPicture(kept, kept.name == now_shown) for kept in _pictures_of(found)]}
    if found.question:
        asked = Question.objects.visible_to(member).published().filter(room=found.question.room_id).with_asker()
        number = found.question.number
        sees = found.question.unnamed_as and permissions.can_see_asker(member, found.question)
        return {
            "before": list(asked.filter(number__lt=number).order_by("-number")[:1]),
            "after": list(asked.filter(number__gt=number).order_by("number")[:1]),
            **_quoting(member, found.question),
            # By a press of a button there, which is written down: this page does not say it.
            "asker_address": reverse("question_asker", args=[found.question.room_id, found.question.uid])
            if sees
            else "",
        }
    return {}


def _quoting(member: Member, question: Question) -> dict[str, Any]:
    """The first post of the thread that quotes it, whether or not the member may read it: only what becomes of it is
    said."""
    if question.thread_id is None:
        return {}
    first = Post.objects.standing_at(question.thread_id, 1).select_related("thread").defer("source", "html").first()
    can_open = first and Post.objects.in_place(member).filter(pk=first.pk).exists()
    return {"quoting": first, "can_open_quoting": can_open}


def _pictures_of(found: Case) -> AttachmentQuerySet:
    """Of a profile that the reader looks after: as it showed them when it was reported, the first one first."""
    return Attachment.objects.filter(kept_for=found, kept_for__member__isnull=False).order_by("uploaded_at", "pk")


def _sanction_address(found: Case) -> str:
    """Where somebody is warned, silenced or suspended in the network; empty where there is no such page for them."""
    belongs = Membership.objects.active().filter(member=found.author_id or 0, network=found.network_id or 0).first()
    if found.network is None or found.shown_author is None or belongs is None or belongs.is_facilitator:
        return ""
    try:
        return reverse("membership_sanction", args=[found.network.slug, belongs.pk])
    except NoReverseMatch:
        return reverse("network_membership", args=[found.network.slug, belongs.pk])
