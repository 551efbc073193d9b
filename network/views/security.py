"""One's own account: the ways to sign in, where one is signed in, the address; and proving that it is still them."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.code_verification import AbstractCodeVerificationProcess
from allauth.account.internal.flows.login import record_authentication
from allauth.account.stages import LoginStageController
from allauth.account.utils import get_next_redirect_url
from allauth.core.internal import ratelimit
from allauth.core.internal.ratelimit import consume_or_429
from allauth.mfa.adapter import get_adapter as get_second_factor_adapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.mfa.utils import decrypt, encrypt
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network import sessions
from network.actions import factors, passwords
from network.actions import sessions as session_verbs
from network.actions.addresses import change_address
from network.actions.mail import MailNotSent
from network.adapters import passkey_host
from network.forms import (
    AddPasskeyForm,
    AppSetUpForm,
    MailedCodeForm,
    NewAddressForm,
    NewPasswordForm,
    OwnPasswordForm,
    PasskeyForm,
    PasskeyNameForm,
    SecondFactorForm,
)
from network.models import Member, Membership, Organisation
from network.models.browser import browser_in_words
from network.permissions import Refused, can_add_passkey, can_enrol_app, can_make_recovery_codes
from network.views import MemberRequest, confirmation_required
from network.views.account import second_factor_context

SHARED = "app_to_set_up"  # in the session: the secret, encrypted, until the app has shown that it knows it
ONWARD = "onward_from_second_factor"


@login_required
@require_safe
def account(request: MemberRequest) -> HttpResponse:
    """All of it on one page, each with the way to change it."""
    theirs = Authenticator.objects.filter(user=request.user).order_by("created_at")
    context = {
        "app": next((factor for factor in theirs if factor.type == Authenticator.Type.TOTP), None),
        "passkeys": [factor for factor in theirs if factor.type == Authenticator.Type.WEBAUTHN],
        "recovery_codes_left": _codes_left(theirs),
        "passkeys_offered": bool(passkey_host(request)),
        "named_address": _named_address(request),
        "sessions": _sessions_of(request.user).count(),
    }
    return render(request, "account/account.html", context)


def _codes_left(theirs: QuerySet[Authenticator]) -> int | None:
    """None where there are no recovery codes."""
    for factor in theirs:
        if factor.type == Authenticator.Type.RECOVERY_CODES:
            try:
                return len(factor.wrap().get_unused_codes())
            except ValidationError:  # of another key; the log says so
                return 0
    return None


def _named_address(request: HttpRequest) -> str:
    """Where this machine has a name and not only a number, so that passkeys can be made."""
    if settings.SITE_IS_HTTPS or settings.SITE_HOST not in settings.LOOPBACK_HOSTS:
        return ""
    port = request.get_port()
    return f"http://localhost:{port}" if port != "80" else "http://localhost"


# Is it still them


class MailedCode(AbstractCodeVerificationProcess):
    """A code that was mailed to somebody signed in, kept in their session with the tries at it."""

    def __init__(self, request: MemberRequest, name: str, state: dict[str, Any]) -> None:
        self.request = request
        self.name = name
        super().__init__(
            max_attempts=settings.ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS,
            timeout=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT,
            state=state,
            user=request.user,
        )

    @classmethod
    def begin(cls, request: MemberRequest, name: str, *, email: str, is_theirs: bool = True, **more: Any) -> MailedCode:
        """Mails a code to an address. `is_theirs` False: another account's, which is told so instead, and no code is
        right. Raises ValidationError when there were too many for this mailbox; MailNotSent."""
        asked_by = f"{email} {ratelimit.get_ip(request)}"
        for action, key in (("code_for_mailbox", asked_by), ("request_login_code", email)):
            if not ratelimit.consume(request, app="allauth.account", action=action, key=key):
                raise get_adapter().validation_error("too_many_login_attempts")
        process = cls(request, name, cls.initial_state(request.user, email) | more)
        if is_theirs:
            process.state["code"] = get_adapter().generate_login_code()
        process.send()
        process.persist()
        return process

    @classmethod
    def resume(cls, request: MemberRequest, name: str) -> MailedCode | None:
        state = request.session.get(name)
        process = cls(request, name, state) if state else None
        if process and not process.is_valid():
            process.abort()
            return None
        return process

    def send(self) -> None:
        template = "account/email/email_confirmation" if self.code else "account/email/address_in_use"
        get_adapter().send_mail(template, self.state["email"], {"code": self.code})

    def persist(self) -> None:
        self.request.session[self.name] = self.state

    def abort(self) -> None:
        self.request.session.pop(self.name, None)


@never_cache
@login_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: MemberRequest) -> HttpResponse:
    """By the second factor where there is one; otherwise by the password, or by a code from the mail."""
    if request.method == "POST":
        stopped: HttpResponse | None = consume_or_429(
            request, app="allauth.account", action="reauthenticate", user=request.user
        )
        if stopped:
            return stopped
    if sessions.has_second_factor(request.user):
        return _confirm_with_second_factor(request)
    if not request.user.has_usable_password():
        return HttpResponseRedirect(_with_next("account_confirm_code", request))
    form = OwnPasswordForm(request.POST if request.method == "POST" else None, member=request.user)
    if form.is_bound and form.is_valid():
        record_authentication(request, request.user, method="password", reauthenticated=True)
        return _go_on(request)
    context = {"form": form, "onward": _onward(request), "code_url": _with_next("account_confirm_code", request)}
    return render(request, "account/confirm.html", context)


def _confirm_with_second_factor(request: MemberRequest) -> HttpResponse:
    form: SecondFactorForm | PasskeyForm = SecondFactorForm(user=request.user)
    if request.method == "POST":
        kind = SecondFactorForm if "code" in request.POST else PasskeyForm
        form = kind(request.POST, user=request.user)
        if form.is_valid():
            factor = form.authenticator if isinstance(form, SecondFactorForm) else form.cleaned_data["credential"]
            post_authentication(request, factor, reauthenticated=True)
            return _go_on(request)
    context = second_factor_context(request, request.user, form)
    return render(request, "mfa/second_step.html", context | {"confirms": True, "onward": _onward(request)})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_by_code(request: MemberRequest) -> HttpResponse:
    if sessions.has_second_factor(request.user):
        return HttpResponseRedirect(_with_next("account_confirm", request))
    process = MailedCode.resume(request, "confirming")
    form = MailedCodeForm(expected=process.code if process else "")
    asks_for_mail = request.method == "POST" and request.POST.get("action") == "send"
    if asks_for_mail:
        try:
            MailedCode.begin(request, "confirming", email=request.user.email)
            return HttpResponseRedirect(_with_next("account_confirm_code", request))
        except (ValidationError, MailNotSent) as problem:
            messages.error(request, _words(problem))
    elif request.method == "POST" and process:
        form = MailedCodeForm(request.POST, expected=process.code)
        if form.is_valid():
            process.abort()
            record_authentication(request, request.user, method="code", reauthenticated=True)
            return _go_on(request)
        if _was_last_try(process, form):
            messages.error(request, TOO_MANY)
            return HttpResponseRedirect(_with_next("account_confirm_code", request))
    context = {
        "form": form if process else None,
        "onward": _onward(request),
        "password_url": _with_next("account_confirm", request) if request.user.has_usable_password() else "",
    }
    return render(request, "account/confirm_by_code.html", context)


TOO_MANY = "Too many tries. Ask for a new code."


def _was_last_try(process: MailedCode, form: MailedCodeForm) -> bool:
    """Counts a wrong code. Pressing the button with nothing in the field costs no try."""
    return bool(form.data.get("code", "").strip()) and not process.record_invalid_attempt()


def _words(problem: Exception) -> str:
    return " ".join(problem.messages) if isinstance(problem, ValidationError) else str(problem)


def _onward(request: HttpRequest) -> str:
    return get_next_redirect_url(request) or reverse("account")


def _go_on(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(_onward(request))


def _with_next(name: str, request: HttpRequest) -> str:
    return reverse(name) + "?" + urlencode({REDIRECT_FIELD_NAME: _onward(request)})


# Password


@never_cache
@sensitive_post_parameters("password")
@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: MemberRequest) -> HttpResponse:
    """Sets one, or changes it."""
    form = NewPasswordForm(request.POST if request.method == "POST" else None, member=request.user)
    if form.is_bound and form.is_valid():
        had = request.user.has_usable_password()
        passwords.set_password(form.cleaned_data["password"], by=request.user, this_session=request.session.session_key)
        _stay_signed_in(request)
        messages.success(request, f"Your password is {'changed' if had else 'set'}. You are signed out elsewhere.")
        return redirect("account")
    return render(request, "account/password.html", {"form": form})


@never_cache
@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_password(request: MemberRequest) -> HttpResponse:
    if not request.user.has_usable_password():
        return redirect("account")
    if request.method == "POST":
        passwords.remove_password(by=request.user, this_session=request.session.session_key)
        _stay_signed_in(request)
        messages.success(request, "Your password is removed. You are signed out elsewhere.")
        return redirect("account")
    return render(request, "account/remove_password.html")


def _stay_signed_in(request: MemberRequest) -> None:
    """A session does not outlive the password it began with; this one goes on under a new key."""
    old = request.session.session_key
    update_session_auth_hash(request, request.user)
    if old and request.session.session_key:
        session_verbs.move_session(old, request.session.session_key)


# Authenticator app


@login_required
@require_safe
def second_factor_needed(request: MemberRequest) -> HttpResponse:
    """Why staff need one, and the ways to get one; afterwards they are back where they were going."""
    request.session[ONWARD] = _onward(request)
    return render(request, "mfa/needed.html", {"passkeys_offered": bool(passkey_host(request))})


@never_cache
@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_app(request: MemberRequest) -> HttpResponse:
    verdict = can_enrol_app(request.user, request.user)
    if not verdict:
        messages.info(request, verdict.reason)
        return redirect("account")
    secret = _secret_to_share(request)
    form = AppSetUpForm(request.POST if request.method == "POST" else None, secret=secret, member=request.user)
    if form.is_bound and form.is_valid():
        factor = factors.enrol_app(request.user, secret, by=request.user)
        request.session.pop(SHARED, None)
        return _after_enrolment(request, factor, "Your authenticator app is set up.")
    adapter = get_second_factor_adapter()
    address = adapter.build_totp_url(request.user, secret)
    context = {
        "form": form,
        "address": address,
        "picture": base64.b64encode(adapter.build_totp_svg(address).encode()).decode(),
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    }
    return render(request, "mfa/app.html", context)


def _secret_to_share(request: HttpRequest) -> str:
    """The same until the app is set up: loading the page again must not undo what was scanned."""
    try:
        return decrypt(request.session[SHARED])
    except (KeyError, ValidationError):
        secret: str = generate_totp_secret()
        request.session[SHARED] = encrypt(secret)
        return secret


@never_cache
@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_app(request: MemberRequest) -> HttpResponse:
    app = get_object_or_404(Authenticator, user=request.user, type=Authenticator.Type.TOTP)
    if request.method == "POST":
        factors.remove_factor(app, by=request.user)
        messages.success(request, "Your authenticator app is removed.")
        return redirect("account")
    return render(request, "mfa/remove.html", {"what": "your authenticator app", "title": "authenticator app"})


def _after_enrolment(request: MemberRequest, factor: Authenticator, said: str) -> HttpResponse:
    """The session has just shown it. With the first factor come recovery codes, shown in this answer alone."""
    record_authentication(request, request.user, "mfa", id=factor.pk, type=factor.type)
    onward = request.session.pop(ONWARD, reverse("account"))
    if Authenticator.objects.filter(user=request.user, type=Authenticator.Type.RECOVERY_CODES).exists():
        messages.success(request, said)
        return HttpResponseRedirect(onward)
    return _show_codes(request, factors.make_recovery_codes(by=request.user), said=said, onward=onward)


@never_cache
@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_codes(request: MemberRequest) -> HttpResponse:
    """Asks on GET; makes new ones on POST and shows them in that answer."""
    if not can_make_recovery_codes(request.user):
        return redirect("account")
    if request.method == "POST":
        return _show_codes(request, factors.make_recovery_codes(by=request.user), onward=reverse("account"))
    left = _codes_left(Authenticator.objects.filter(user=request.user))
    return render(request, "mfa/recovery_codes.html", {"left": left})


def _show_codes(request: HttpRequest, codes: list[str], *, onward: str, said: str = "") -> HttpResponse:
    text = "Recovery codes for Guildhall, each good once:\r\n\r\n" + "\r\n".join(codes) + "\r\n"
    file = "data:text/plain;base64," + base64.b64encode(text.encode()).decode()
    context = {"codes": codes, "file": file, "onward": onward, "said": said}
    return render(request, "mfa/recovery_codes_shown.html", context)


# Passkeys


def _passkey(request: MemberRequest, pk: int) -> Authenticator:
    theirs = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.WEBAUTHN)
    passkey: Authenticator = get_object_or_404(theirs, pk=pk)
    return passkey


@never_cache
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What a browser needs to make a passkey or to use one, as JSON: asked for when the button is pressed."""
    if not passkey_host(request):
        raise Http404
    stopped: HttpResponse | None = consume_or_429(request, app="allauth.mfa", action="webauthn_begin")
    if stopped:
        return stopped
    purpose = request.POST.get("for", "")
    viewer = request.user
    if purpose == "sign-in":
        return JsonResponse(webauthn.begin_authentication(None))
    if purpose == "second-step" and (stage := LoginStageController.enter(request, AuthenticateStage.key)):
        return JsonResponse(webauthn.begin_authentication(stage.login.user))
    if purpose == "confirm" and viewer.is_authenticated:
        return JsonResponse(webauthn.begin_authentication(viewer))
    if purpose == "add" and viewer.is_authenticated and sessions.has_confirmed_lately(request, viewer, grace=600):
        can_add_passkey(viewer).enforce()
        return JsonResponse(webauthn.begin_registration(viewer, passwordless=True))
    raise Refused("Load the page again first.")


@never_cache
@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_passkey(request: MemberRequest) -> HttpResponse:
    if not passkey_host(request):
        return render(request, "mfa/passkey_nowhere.html", {"named_address": _named_address(request)})
    verdict = can_add_passkey(request.user)
    if not verdict:
        messages.info(request, verdict.reason)
        return redirect("account")
    form = AddPasskeyForm(
        request.POST if request.method == "POST" else None,
        user=request.user,
        initial={"name": browser_in_words(request.headers.get("User-Agent", ""))},
    )
    if form.is_bound and form.is_valid():
        passkey = factors.add_passkey(form.cleaned_data["name"], form.cleaned_data["credential"], by=request.user)
        return _after_enrolment(request, passkey, "Your passkey is added.")
    return render(request, "mfa/add_passkey.html", {"form": form})


@never_cache
@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def rename_passkey(request: MemberRequest, pk: int) -> HttpResponse:
    passkey = _passkey(request, pk)
    initial = {"name": passkey.wrap().name}
    form = PasskeyNameForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        factors.rename_passkey(passkey, form.cleaned_data["name"], by=request.user)
        messages.success(request, "The passkey is renamed.")
        return redirect("account")
    return render(request, "mfa/rename_passkey.html", {"form": form})


@never_cache
@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_passkey(request: MemberRequest, pk: int) -> HttpResponse:
    passkey = _passkey(request, pk)
    if request.method == "POST":
        factors.remove_factor(passkey, by=request.user)
        messages.success(request, "The passkey is removed.")
        return redirect("account")
    context = {"what": f"the passkey “{passkey.wrap().name}”", "title": "passkey", "is_passkey": True}
    return render(request, "mfa/remove.html", context)


# Where they are signed in


def _sessions_of(member: Member) -> QuerySet[UserSession]:
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return UserSession.objects.filter(user=member, session_key__in=alive).order_by("-last_seen_at", "-pk")


@never_cache
@login_required
@require_safe
def own_sessions(request: MemberRequest) -> HttpResponse:
    rows = [
        {
            "session": session,
            "browser": browser_in_words(session.user_agent),
            "is_this_one": session.session_key == request.session.session_key,
        }
        for session in _sessions_of(request.user)[:100]
    ]
    rows.sort(key=lambda row: not row["is_this_one"])
    return render(request, "usersessions/sessions.html", {"rows": rows})


@login_required
@require_POST
def end_session(request: MemberRequest, pk: int) -> HttpResponseBase:
    session = get_object_or_404(UserSession, user=request.user, pk=pk)
    if session.session_key == request.session.session_key:
        return redirect("account_logout")
    session_verbs.end_session(session, by=request.user)
    messages.success(request, f"{browser_in_words(session.user_agent)} is signed out.")
    return redirect("account_sessions")


@login_required
@require_POST
def end_other_sessions(request: MemberRequest) -> HttpResponse:
    session_verbs.end_other_sessions(by=request.user, this_one=request.session.session_key)
    messages.success(request, "You are signed out everywhere but here.")
    return redirect("account_sessions")


# The address


@never_cache
@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: MemberRequest) -> HttpResponse:
    """First step: which address. It is asked of the domain rule before any mail goes out."""
    form = NewAddressForm(request.POST if request.method == "POST" else None, member=request.user)
    if form.is_bound and form.is_valid() and not form.asks_for_council:
        email = form.cleaned_data["email"]
        others = Member.objects.filter(email__iexact=email)
        is_free = not others.exclude(pk__in=Member.objects.unproved().values("pk")).exists()
        try:
            MailedCode.begin(
                request,
                "new_address",
                email=email,
                is_theirs=is_free,
                organisation=form.organisation.pk if form.organisation else None,
            )
            return redirect("account_email_code")
        except (ValidationError, MailNotSent) as problem:
            form.add_error("email" if isinstance(problem, ValidationError) else None, _words(problem))
    own = Membership.objects.visible_to(request.user).filter(member=request.user)
    return render(request, "account/address.html", {"form": form, "is_sanctioned": own.sanctioned().exists()})


@never_cache
@confirmation_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_code(request: MemberRequest) -> HttpResponse:
    """Second step: the code that was mailed there."""
    process = MailedCode.resume(request, "new_address")
    if process is None:
        messages.error(request, "That code can no longer be used. Enter the address again.")
        return redirect("account_email")
    form = MailedCodeForm(request.POST if request.method == "POST" else None, expected=process.code)
    if form.is_bound and form.is_valid():
        email, chosen = process.state["email"], process.state.get("organisation")
        process.abort()
        organisation = Organisation.objects.filter(pk=chosen).first() if chosen else None
        try:
            member = change_address(
                email, by=request.user, organisation=organisation, this_session=request.session.session_key
            )
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("account_email")
        messages.success(request, f"From now on you sign in with {member.email}.")
        return redirect("account")
    if form.is_bound and _was_last_try(process, form):
        messages.error(request, "Too many tries. Enter the address again.")
        return redirect("account_email")
    return render(request, "account/address_code.html", {"form": form, "email": process.state["email"]})
