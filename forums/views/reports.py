"""Telling those who look after it that something is not right; and what becomes of that for whoever told and whoever
wrote it. Those who look after it have pages of their own (`forums.views.cases`)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.text import Truncator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from forums import markup, notifications, permissions
from forums.actions import reports as verbs
from forums.actions.appeals import appeal
from forums.forms import AppealForm, OutsideReportForm, ReportForm
from forums.models import Attachment, Case, Message, Post, Question, Report
from forums.models.report import Thing
from forums.views import member_or_404, room_of
from network.limits import LimitReached
from network.models import Member
from network.permissions import Refused

THANKS = "Thank you. Those who look after it have been told. You will hear in your notices what becomes of it."

ALREADY = (
    "You have reported this already, and nobody has decided about it yet. "
    "They read what you wrote then. What you wrote now was not sent."
)


@require_http_methods(["GET", "HEAD", "POST"])
def post_report(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    member = member_or_404(request)
    posts = Post.objects.visible_to(member).select_related("thread__network", "author__profile", "organisation")
    found = get_object_or_404(posts, thread=pk, number=number)
    permissions.can_report_post(member, found).enforce()
    place = found.get_absolute_url()
    shown = {"post": found, "what": f"post {number}", "network": found.thread.network}
    return _report(request, lambda **said: verbs.report_post(found, by=member, **said), place, shown)


@require_http_methods(["GET", "HEAD", "POST"])
def message_report(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    member = member_or_404(request)
    room = room_of(member, pk)
    said_here = Message.objects.visible_to(member).with_author().select_related("room__network")
    found = get_object_or_404(said_here, room=room, seq=seq)
    permissions.can_report_message(member, found).enforce()
    place = found.get_absolute_url()
    shown = {"message": found, "room": room, "what": f"message {seq}", "network": room.network}
    return _report(request, lambda **said: verbs.report_message(found, by=member, **said), place, shown)


@require_http_methods(["GET", "HEAD", "POST"])
def question_report(request: HttpRequest, pk: int, uid: uuid.UUID) -> HttpResponse:
    member = member_or_404(request)
    room = room_of(member, pk)
    asked_here = Question.objects.visible_to(member).with_asker().select_related("room__network")
    found = get_object_or_404(asked_here, room=room, uid=uid)
    permissions.can_report_question(member, found).enforce()
    place = found.get_absolute_url()
    shown = {"question": found, "room": room, "what": f"question {found.number}", "network": room.network}
    return _report(request, lambda **said: verbs.report_question(found, by=member, **said), place, shown)


@require_http_methods(["GET", "HEAD", "POST"])
def attachment_report(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    member = member_or_404(request)
    files = Attachment.objects.visible_to(member).filter(post__in=Post.objects.visible_to(member))
    found = get_object_or_404(files.select_related("post__thread__network"), pk=pk)
    permissions.can_report_file(member, found).enforce()
    assert found.post
    place = found.post.get_absolute_url()
    shown = {"file": found, "what": "a file", "network": found.post.thread.network}
    return _report(request, lambda **said: verbs.report_file(found, by=member, **said), place, shown)


@require_http_methods(["GET", "HEAD", "POST"])
def member_report(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    people = Member.objects.visible_to(member).select_related("organisation", "profile")
    found = get_object_or_404(people, pk=pk)
    permissions.can_report_profile(member, found).enforce()
    shown = {"person": found, "what": f"the profile of {found}"}
    place = found.get_absolute_url()
    return _report(request, lambda **said: verbs.report_profile(found, by=member, **said), place, shown)


def _report(request: HttpRequest, verb: Callable[..., Report], place: str, shown: dict[str, Any]) -> HttpResponse:
    form = ReportForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        said = {"kind": form.cleaned_data["kind"], "words": form.cleaned_data["words"]}
        try:
            given = verb(**said)
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
            status = 429 if isinstance(no, LimitReached) else 403
        else:
            if (given.kind, given.words) == (said["kind"], markup.legible(said["words"])):
                messages.success(request, THANKS)
                return redirect(place)
            form.add_error(None, ALREADY)
            status = 409
    return render(request, "forums/report.html", {**shown, "form": form, "place": place}, status=status)


# The same for everybody, whoever is signed in: nothing in it is done in anybody's name, so no other site could have a
# visitor do anything here, and the form needs no token, which would be a cookie.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def report_something(request: HttpRequest) -> HttpResponse:
    """For somebody without an account. Whatever stands at the address, or whether anything does, the answer is the
    same."""
    typed = request.POST if request.method == "POST" else None
    form = OutsideReportForm(typed, initial={"address": request.GET.get("address", "")[:500]})
    status = 200
    if form.is_valid():
        said = form.cleaned_data
        try:
            verbs.report_from_outside(
                thing_at(said["address"]),
                address=said["address"],
                kind=said["kind"],
                words=said["words"],
                reply_to_address=said["reply_to_address"],
            )
        except LimitReached as no:
            form.add_error(None, str(no))
            status = 429
        else:
            return redirect("report_done")
    return render(request, "forums/report_something.html", {"form": form}, status=status)


@require_safe
def report_done(request: HttpRequest) -> HttpResponse:
    return render(request, "forums/report_done.html")


def thing_at(address: str) -> Thing | None:
    """What members wrote that stands at an address of this site, whoever may see it. Nothing of it may be said to
    whoever asked."""
    path, _, fragment = address.partition("#")
    try:
        found = resolve(path)
    except Resolver404:
        return None
    look_up = _LOOK_UP.get(found.url_name or "")
    return look_up(found, fragment) if look_up else None


def _post_at(found: ResolverMatch, fragment: str) -> Post | None:
    """By its own address, or by its place on the page of its thread; of a thread alone the first. Where it was moved,
    the addresses that it had before lead to it too."""
    number = found.kwargs.get("number") or _number_in(fragment, "post") or 1
    posts = Post.objects.standing_at(found.kwargs["pk"], number).filter(author__isnull=False, deleted_at=None)
    return posts.select_related("thread__network", "author").first()


def _said_at(found: ResolverMatch, fragment: str) -> Message | Question | None:
    number = _number_in(fragment, "question")
    asked = Question.objects.filter(room=found.kwargs["pk"], number=number or 0)
    return asked.select_related("room__network", "author").first() or _message_at(found, fragment)


def _question_at(found: ResolverMatch, fragment: str) -> Question | None:
    """What was never published is nothing that somebody from outside can have read."""
    asked = Question.objects.published().filter(room=found.kwargs["pk"], uid=found.kwargs["uid"])
    return asked.select_related("room__network", "author").first()


def _message_at(found: ResolverMatch, fragment: str) -> Message | None:
    seq = found.kwargs.get("seq") or _number_in(fragment, "message")
    rows = Message.objects.filter(room=found.kwargs["pk"], seq=seq or 0)
    return rows.select_related("room__network", "author").first()


def _member_at(found: ResolverMatch, fragment: str) -> Member | None:
    member: Member | None = Member.objects.filter(pk=found.kwargs["pk"], is_active=True).first()
    return member


def _file_at(found: ResolverMatch, fragment: str) -> Attachment | None:
    files = Attachment.objects.filter(pk=found.kwargs["pk"]).exclude(post=None)
    return files.select_related("post__thread__network", "member").first()


def _number_in(fragment: str, of: str) -> int | None:
    named = re.fullmatch(rf"{of}-([0-9]{{1,9}})", fragment)
    return int(named[1]) if named else None


_LOOK_UP: dict[str, Callable[[ResolverMatch, str], Thing | None]] = {
    "post": _post_at,
    "thread": _post_at,
    "room": _said_at,
    "room_message": _message_at,
    "room_questions": _said_at,
    "question": _question_at,
    "member": _member_at,
    "member_picture": _member_at,
    "attachment": _file_at,
    "attachment_picture": _file_at,
    "attachment_small": _file_at,
}


# For whoever reported something, and for whoever wrote it


@require_safe
def own_report(request: HttpRequest, pk: int) -> HttpResponse:
    """What somebody reported, and what became of it."""
    member = member_or_404(request)
    found = get_object_or_404(Report.objects.told_to(member).select_related("case"), pk=pk)
    notifications.told_of_report(found, member)
    context = {
        "report": found,
        "case": found.case,
        "became": notifications.WHAT_BECAME.get(found.case.outcome, "Nobody has decided about it yet."),
        "place": found.case.thing_address if _still_sees(member, found.case) else "",
    }
    return render(request, "forums/own_report.html", context)


def _still_sees(member: Member, case: Case) -> bool:
    """Whether what somebody reported is shown to them now: they may have left the network since."""
    if case.thing is None:
        return False
    is_of_somebody = isinstance(case.thing, Member)
    seen: QuerySet[Any] = (
        Member.objects.in_directory_of(member) if is_of_somebody else type(case.thing).objects.visible_to(member)
    )
    return bool(seen.filter(pk=case.thing.pk).exists())


@require_http_methods(["GET", "HEAD", "POST"])
def own_case(request: HttpRequest, told_as: uuid.UUID) -> HttpResponse:
    """What was decided about something that the reader wrote, why, and how to appeal."""
    member = member_or_404(request)
    found = get_object_or_404(Case.objects.told_to(member).with_things(), told_as=told_as)
    notifications.told_of_case(found, member)
    verdict = permissions.can_appeal(member, found)
    form = AppealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        verdict.enforce()
        if form.is_valid():
            try:
                appeal(found, by=member, words=form.cleaned_data["words"])
            except (LimitReached, Refused) as no:
                form.add_error(None, str(no))
            else:
                messages.success(request, "Somebody else will look at it. You will hear in your notices.")
                return redirect("own_case", told_as)
    reads_it_there = not found.is_gone and permissions.can_read_where_it_stands(member, found)
    context = {
        "case": found,
        "appeal": found.appeal_or_none,
        "form": form if verdict and found.appeal_or_none is None else None,
        "heading": _what_happened_to_own(found),
        "own": notifications.OWN[found.kind],
        "words": _own_words(found),
        "became": notifications.WHAT_BECAME.get(found.outcome, ""),
        "is_for_now": found.is_open and found.is_hidden and not found.is_gone,
        "place": found.thing_address if reads_it_there else "",
        "who_reads": who_reads_appeal(found),
    }
    return render(request, "forums/own_case.html", context)


def _what_happened_to_own(case: Case) -> str:
    own = notifications.OWN[case.kind]
    if case.outcome == Case.Outcome.HIDDEN and (case.is_hidden or case.is_gone):
        return f"Somebody who looks after this site has hidden {own}"
    was_hidden = case.outcome == Case.Outcome.HIDDEN or case.hidden_for_now_at is not None
    if was_hidden and not case.is_hidden and not case.is_gone:
        return f"Others can see {own} again"
    if case.is_open and not case.is_gone:
        return f"{own[0].upper()}{own[1:]} is hidden for now"
    return f"Somebody reported {own}"


def _own_words(case: Case) -> str:
    """What it is about, as far as words are left of it."""
    if case.attachment:
        return case.attachment.name
    if case.post:
        return Truncator(case.post.source).words(40)
    thing = case.message or case.question
    return thing.body if thing else ""


def who_reads_appeal(case: Case) -> str:
    """Said before somebody writes: who will read it. A network that looks after a profile is one of the reporter's, so
    it is not named."""
    if case.member_id:
        return "another facilitator or an administrator of the site"
    others = notifications.keepers_of(case, but=[case.decided_by_id])
    here = case.network and case.network.memberships.facilitators().filter(member__in=others.values("pk")).exists()
    return f"another facilitator of the {case.network}" if here else "an administrator of the site"
