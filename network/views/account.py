"""Signing in, signing up and signing out. The steps are allauth's; the forms, pages, words and rules are ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.account import views as allauth_views
from allauth.account.internal import flows
from allauth.account.internal.flows.manage_email import sync_user_email_address
from allauth.account.utils import get_next_redirect_url
from django import forms
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from network.actions import admission
from network.adapters import MailNotSent
from network.forms import RequestCodeForm, SignInCodeForm, SignUpCodeForm, SignUpForm
from network.limits import LimitReached
from network.models import AdmissionRequest
from network.views import MemberRequest, errors
from network.views.networks import network_cards


@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """The side door: there is one way to sign in."""
    query = request.GET.urlencode()
    return HttpResponseRedirect(reverse("account_request_login_code") + (f"?{query}" if query else ""))


class StartsAgain:
    """Coming back to the first step begins again, with whatever address; a code already sent stands in nobody's way."""

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        return None


class RequestCode(StartsAgain, allauth_views.RequestLoginCodeView):
    form_class = RequestCodeForm

    def form_valid(self, form: RequestCodeForm) -> HttpResponse:
        # Kept beside the code, so that it is there however they find the way back from their mail.
        self.request.session["onward"] = get_next_redirect_url(self.request)
        try:
            return super().form_valid(form)
        except MailNotSent as problem:
            form.add_error(None, str(problem))
            return self.form_invalid(form)


class CodeStep:
    """Entering a code. Pressing the button with nothing in the field costs no try; a code that has run out, or was
    asked for in another browser, says so at the first step."""

    request: HttpRequest
    first_step: str
    _process: Any  # of allauth: a sign-in or the proof of an address

    @method_decorator(never_cache)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return HttpResponseRedirect("/")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        if getattr(self, "_process", None) is None:
            return HttpResponseRedirect(reverse(self.first_step) + "?" + urlencode({"code": "over"}))
        return response

    def _resend_form_valid(self, form: forms.Form) -> HttpResponse:
        before = dict(self._process.state)
        try:
            response: HttpResponse = super()._resend_form_valid(form)  # type: ignore[misc]
        except MailNotSent as problem:
            self._process.state.update(before)  # the new code stands there already
            self._process.persist()
            messages.error(self.request, f"{problem} The code that we sent before still works.")
            return HttpResponseRedirect(self.request.get_full_path())
        if self._process.state["resend_count"] > before["resend_count"]:
            messages.success(self.request, "We have sent a new message. Only the newest code works.")
        return response

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        if not form.data.get("code", "").strip():
            response: HttpResponse = self.render_to_response(self.get_context_data(form=form))  # type: ignore[attr-defined]
            return response
        return super().form_invalid(form)  # type: ignore[misc,no-any-return]


class SignInCode(CodeStep, allauth_views.ConfirmLoginCodeView):
    form_class = SignInCodeForm
    first_step = "account_request_login_code"

    def _verify_form_valid(self, form: SignInCodeForm) -> HttpResponse:
        # An account made on the command line or by an editor has no record with allauth before its mailbox is proved.
        sync_user_email_address(self._process.user)
        response: HttpResponse = self._process.finish(self.request.session.pop("onward", None))
        return response


class SignUpCode(CodeStep, allauth_views.ConfirmEmailVerificationCodeView):
    form_class = SignUpCodeForm
    first_step = "account_signup"


class SignUp(StartsAgain, allauth_views.SignupView):
    form_class = SignUpForm  # type: ignore[assignment]  # ours keeps no account: the view does

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        if form.asks_for_council:
            return self.render_to_response(self.get_context_data(form=form))
        email, organisation = form.cleaned_data["email"], form.cleaned_data.get("organisation")
        try:
            member = admission.begin_sign_up(email)
        except admission.HasAccount:
            # The same page as for a new address; the mail says that there is an account already.
            return flows.signup.prevent_enumeration(self.request, email=email)
        self.request.session["sign_up"] = admission.SignUp(
            email=email, name=form.cleaned_data["name"], organisation=organisation.pk if organisation else None
        )
        onward = get_next_redirect_url(self.request)
        address = reverse("welcome") + (f"?{urlencode({REDIRECT_FIELD_NAME: onward})}" if onward else "")
        return flows.signup.complete_signup(self.request, user=member, redirect_url=address)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().post(request, *args, **kwargs)
        except MailNotSent as problem:
            form = self.get_form()  # type: ignore[no-untyped-call]
            form.add_error(None, str(problem))
            response = self.form_invalid(form)
        return response


class SignOut(allauth_views.LogoutView):
    """Asks on GET, does it on POST."""


class Closed(allauth_views.AccountInactiveView):
    """For an account that was closed while its owner was signing in."""


def too_often(request: HttpRequest) -> HttpResponse:
    """Where a limit of allauth's is reached: codes asked for, accounts begun, from one place or for one mailbox."""
    return errors.too_often(request, LimitReached("We have had too many tries for this.", retry_after=60))


@login_required
@require_safe
def welcome(request: MemberRequest) -> HttpResponse:
    """The first page after signing up: who we take them for, and the networks they can join."""
    context = {
        "cards": network_cards(request.user),
        "admission": getattr(request.user, "admission", None),
        "asked": AdmissionRequest.objects.visible_to(request.user).filter(member=request.user).first(),
        "onward": get_next_redirect_url(request),
    }
    return render(request, "network/welcome.html", context)
