"""The first visit: who we take somebody for, the networks they can join, and three short steps."""

from __future__ import annotations

from urllib.parse import urlencode

from allauth.account.utils import get_next_redirect_url
from django import forms
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from network import permissions
from network.actions import welcome as verbs
from network.actions.profile import HELLO, INTERESTS, MAIL
from network.forms import HelloForm, InterestsForm, MailForm
from network.models import AdmissionRequest
from network.models.digest_time import MailInWords
from network.models.standing import standing_of
from network.views import MemberRequest
from network.views.networks import network_cards

STEPS = {MAIL: "welcome_mail", INTERESTS: "welcome_interests", HELLO: "welcome_hello"}
# Where somebody changes the same once the steps are behind them.
LATER = {MAIL: "profile_mail", INTERESTS: "profile", HELLO: "profile"}


@login_required
@require_safe
def welcome(request: MemberRequest) -> HttpResponse:
    """The first page after signing up, and the last after the steps."""
    member = request.user
    begins = permissions.can_be_welcomed(member)
    context = {
        "cards": network_cards(member),
        "admission": getattr(member, "admission", None),
        "asked": AdmissionRequest.objects.visible_to(member).filter(member=member).first(),
        "next_step": _address(request, STEPS[member.welcome_steps_done + 1]) if begins else "",
        "onward": get_next_redirect_url(request),
    }
    return render(request, "network/welcome.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def mail(request: MemberRequest) -> HttpResponse:
    if elsewhere := _not_now(request, MAIL):
        return elsewhere
    own = standing_of(request.user).active()
    form = MailForm(request.user, own, _typed(request))
    if form.is_valid():
        verbs.say_how_to_write(form.choices, form.times, by=request.user)
        return _on(request, MAIL)
    return _step(request, MAIL, form, words=MailInWords.of(request.user, own))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def interests(request: MemberRequest) -> HttpResponse:
    if elsewhere := _not_now(request, INTERESTS):
        return elsewhere
    form = InterestsForm(request.user, _typed(request))
    if form.is_valid():
        verbs.say_what_interests(form.cleaned_data["themes"], by=request.user)
        return _on(request, INTERESTS)
    return _step(request, INTERESTS, form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def hello(request: MemberRequest) -> HttpResponse:
    if elsewhere := _not_now(request, HELLO):
        return elsewhere
    form = HelloForm(request.user, _typed(request))
    if form.is_valid():
        verbs.say_hello(by=request.user, **form.cleaned_data)
        return _on(request, HELLO)
    return _step(request, HELLO, form)


def _not_now(request: MemberRequest, step: int) -> HttpResponse | None:
    """Where to go instead of a step; or on to the next, where this one was passed over. Whoever is not let in learns
    nothing of the steps."""
    member = request.user
    if not hasattr(member, "admission"):
        raise Http404
    if member.is_welcomed:
        return redirect(LATER[step])
    if not permissions.can_take_welcome_step(member, step):
        return HttpResponseRedirect(_address(request, STEPS[member.welcome_steps_done + 1]))
    if request.method == "POST" and "pass" in request.POST:
        verbs.pass_over(step, by=member)
        return _on(request, step)
    return None


def _typed(request: MemberRequest) -> object:
    return request.POST if request.method == "POST" else None


def _on(request: MemberRequest, step: int) -> HttpResponse:
    if step == HELLO:
        messages.success(request, "Thank you. You can change all of this on your own page at any time.")
        return HttpResponseRedirect(_address(request, "welcome"))
    return HttpResponseRedirect(_address(request, STEPS[step + 1]))


def _step(request: MemberRequest, step: int, form: forms.Form, **more: object) -> HttpResponse:
    context = more | {
        "form": form,
        "step": step,
        "steps": len(STEPS),
        "back": _address(request, STEPS[step - 1] if step > 1 else "welcome"),
    }
    return render(request, f"network/{STEPS[step]}.html", context)


def _address(request: MemberRequest, name: str) -> str:
    """With the page that they came for, so that the last step leads there."""
    onward = get_next_redirect_url(request)
    return reverse(name) + (f"?{urlencode({REDIRECT_FIELD_NAME: onward})}" if onward else "")
