"""Signing in, signing up and signing out. The steps are allauth's; the forms, pages, words and rules are ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.account import views as allauth_views
from allauth.account.internal import flows
from allauth.account.internal.flows.manage_email import sync_user_email_address
from allauth.account.mixins import NextRedirectMixin, RedirectAuthenticatedUserMixin
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.decorators import rate_limit
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django import forms
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe
from django.views.generic import FormView, TemplateView

from network.actions import admission
from network.actions.mail import MailNotSent
from network.adapters import onward, passkey_host
from network.forms import (
    PasskeyForm,
    PasskeySignInForm,
    PasswordSignInForm,
    RequestCodeForm,
    SecondFactorForm,
    SignInCodeForm,
    SignUpCodeForm,
    SignUpForm,
)
from network.limits import LimitReached
from network.models import Member
from network.views import errors
from network.views.invitations import invitation_at


@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """The side door: there is one way to sign in."""
    query = request.GET.urlencode()
    return HttpResponseRedirect(reverse("account_request_login_code") + (f"?{query}" if query else ""))


def sign_in_context(request: HttpRequest) -> dict[str, Any]:
    """What the first step shows beside its form."""
    return {
        "passkey_form": None,
        "passkeys_offered": bool(passkey_host(request)),
        "was_timed_out": request.GET.get("session") == "over",
        "is_typed_kept": request.GET.get("session") == "kept",
    }


def second_factor_context(request: HttpRequest, member: Member, form: forms.Form) -> dict[str, Any]:
    """What a page that asks for a second factor shows: which of them there are, and which the browser can use here."""
    kinds = set(Authenticator.objects.filter(user_id=member.pk).values_list("type", flat=True))
    return {
        "form": form if isinstance(form, SecondFactorForm) else SecondFactorForm(user=member),
        "passkey_form": form if isinstance(form, PasskeyForm) else None,
        "has_app": Authenticator.Type.TOTP in kinds,
        "has_passkey": Authenticator.Type.WEBAUTHN in kinds,
        "passkeys_offered": bool(passkey_host(request)),
    }


class StartsAgain:
    """Coming back to the first step begins again, with whatever address; a code already sent stands in nobody's way."""

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        return None


class RequestCode(StartsAgain, allauth_views.RequestLoginCodeView):
    form_class = RequestCodeForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | sign_in_context(self.request)

    def form_valid(self, form: RequestCodeForm) -> HttpResponse:
        # Kept beside the code, so that it is there however they find the way back from their mail.
        self.request.session["onward"] = get_next_redirect_url(self.request)
        try:
            return super().form_valid(form)
        except MailNotSent as problem:
            form.add_error(None, str(problem))
            return self.form_invalid(form)


def _over(request: HttpRequest, first_step: str) -> HttpResponse:
    """To the first step, which says that the code is over, and still leads on to where they were going."""
    query = onward(request)
    return HttpResponseRedirect(reverse(first_step) + (f"{query}&" if query else "?") + "code=over")


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
            return _over(request, self.first_step)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return context | {"onward": onward(self.request)}

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
        member = Member.objects.get(pk=self._process.user.pk)
        if str(self._process.state.get("email", "")).lower() != member.email.lower():
            # The address became another while the code was on its way: this mailbox leads nowhere now.
            self._process.abort()
            return _over(self.request, self.first_step)
        # An account made on the command line or by an editor has no record with allauth before its mailbox is proved.
        sync_user_email_address(member)
        response: HttpResponse = self._process.finish(self.request.session.pop("onward", None))
        return response


class SignUpCode(CodeStep, allauth_views.ConfirmEmailVerificationCodeView):
    form_class = SignUpCodeForm
    first_step = "account_signup"


class SignUp(StartsAgain, allauth_views.SignupView):
    form_class = SignUpForm  # type: ignore[assignment]  # ours keeps no account: the view does

    def get_form_kwargs(self) -> dict[str, Any]:
        """Whoever comes from the page of their invitation may have an address whose domain nobody knows."""
        kwargs: dict[str, Any] = super().get_form_kwargs()
        return kwargs | {"invitation": invitation_at(get_next_redirect_url(self.request))}

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        if form.asks_for_council:
            return self.render_to_response(self.get_context_data(form=form))
        email, organisation = form.cleaned_data["email"], form.cleaned_data.get("organisation")
        # First, and for every address alike: whether there is an account shows in no cookie.
        self.request.session["sign_up"] = admission.SignUp(
            email=email, name=form.cleaned_data["name"], organisation=organisation.pk if organisation else None
        )
        try:
            member = admission.begin_sign_up(email, invitation=form.invitation)
        except admission.HasAccount:
            # The same page as for a new address; the mail says that there is an account already.
            return flows.signup.prevent_enumeration(self.request, email=email)
        onward = get_next_redirect_url(self.request)
        address = reverse("welcome") + (f"?{urlencode({REDIRECT_FIELD_NAME: onward})}" if onward else "")
        if onward and form.invitation:
            address = onward  # what they came for; until they accept it there may be nothing to welcome them to
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
    return errors.too_often(
        request, LimitReached("We have had too many tries. You can try again in a minute.", retry_after=60)
    )


class PasswordSignIn(StartsAgain, RedirectAuthenticatedUserMixin, NextRedirectMixin, FormView[PasswordSignInForm]):
    """For those who have set one. The code from the mail stays the main way."""

    form_class = PasswordSignInForm
    template_name = "account/sign_in_with_password.html"

    @method_decorator(rate_limit(action="login"))
    @method_decorator(sensitive_post_parameters("password"))
    @method_decorator(never_cache)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def form_valid(self, form: PasswordSignInForm) -> HttpResponse:
        assert form.member is not None
        # An account made on the command line has no record with allauth before its mailbox is proved.
        sync_user_email_address(form.member)
        email = form.cleaned_data["email"]
        login = Login(user=form.member, email=email, redirect_url=get_next_redirect_url(self.request))
        try:
            response: HttpResponse = flows.login.perform_password_login(self.request, {"email": email}, login)
        except MailNotSent as problem:
            form.add_error(None, str(problem))
            return self.form_invalid(form)
        return response


class PasskeySignIn(StartsAgain, LoginWebAuthnView):
    """Takes what the browser gives; `security.passkey_options` asked it for that."""

    form_class = PasskeySignInForm  # type: ignore[assignment]  # not theirs, but of the same shape
    template_name = "account/request_login_code.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not passkey_host(request):
            raise Http404
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_request_login_code"))

    def form_invalid(self, form: PasskeySignInForm) -> HttpResponse:
        context = super().get_context_data(form=RequestCodeForm()) | sign_in_context(self.request)
        return self.render_to_response(context | {"passkey_form": form})


class SecondStep(AuthenticateView):
    """After the code, or the password: the second factor of whoever has one."""

    form_class = SecondFactorForm
    webauthn_form_class = PasskeyForm
    template_name = "mfa/second_step.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # Passkeys are asked for when the button is pressed, and not with every look at the page.
        context = TemplateView.get_context_data(self, **kwargs)
        return context | second_factor_context(self.request, self.stage.login.user, self.form or self.auth_form)
