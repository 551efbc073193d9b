"""One's own account: passwords, codes, apps and passkeys, the address."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context as allauth_context
from allauth.core.internal import ratelimit
from allauth.core.internal.cryptokit import compare_user_code, normalize_user_code
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import validate_totp_code
from allauth.mfa.webauthn import forms as webauthn_forms
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.cache import cache

from network.forms.account import CodeField, CouncilField, WorkEmailField
from network.models import Member, Organisation
from network.permissions import can_move_to


class OwnPasswordField(forms.CharField):
    """`autocomplete` is what password managers go by: "current-password" or "new-password"."""

    def __init__(self, autocomplete: str, **kwargs: Any) -> None:
        super().__init__(
            label=kwargs.pop("label", "Password"),
            max_length=1000,  # what is longer costs the hasher more than it is worth
            strip=False,
            error_messages={
                "required": "Enter your password",
                "max_length": "Password must be 1,000 characters or fewer",
            },
            widget=forms.PasswordInput(
                attrs={"autocomplete": autocomplete, "autocapitalize": "none", "spellcheck": "false"}
            ),
            **kwargs,
        )


class PasswordSignInForm(forms.Form):
    """Address and password. Which of the two is wrong is not said."""

    email = WorkEmailField()
    password = OwnPasswordField("current-password")

    member: Member | None = None

    def clean(self) -> None:
        if self.errors:
            return
        found = get_adapter().authenticate(
            allauth_context.request, email=self.cleaned_data["email"], password=self.cleaned_data["password"]
        )
        self.member = found if isinstance(found, Member) else None
        if self.member is None:
            raise get_adapter().validation_error("email_password_mismatch")


class OwnPasswordForm(forms.Form):
    """The password of whoever is signed in, to confirm that it is them."""

    password = OwnPasswordField("current-password")

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        found = get_adapter().authenticate(allauth_context.request, email=self.member.email, password=password)
        if found is None or found.pk != self.member.pk:
            raise forms.ValidationError("The password is not correct", code="incorrect_password")
        return password


class NewPasswordForm(forms.Form):
    password = OwnPasswordField(
        "new-password",
        label="New password",
        help_text="At least 12 characters. Three words that do not belong together are easy to keep in mind.",
    )

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        try:
            password_validation.validate_password(password, self.member)
        except forms.ValidationError as problem:
            codes = {error.code for error in problem.error_list}
            raise forms.ValidationError(
                "Password must have 12 characters or more"
                if "password_too_short" in codes
                else "Choose a password that is harder to guess: this one is common, or like your name or address",
                code="weak_password",
            ) from None
        return password


class MailedCodeForm(forms.Form):
    """A code that was mailed to somebody who is signed in."""

    code = CodeField()

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        # Where no code was sent there is none that would be right.
        if not self.expected or not compare_user_code(actual=code, expected=self.expected):
            raise get_adapter().validation_error("incorrect_code")
        return code


def _digits_field(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=40,
        error_messages={"required": "Enter the code", "max_length": "Enter only the code"},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "spellcheck": "false",
                "class": "govuk-input--width-10",
            }
        ),
    )


def _count_guess(member: Member) -> ratelimit.RateLimitUsage:
    """Raises ValidationError after too many. A right guess is taken off the count again; the count is not cleared, for
    then whoever can guess their own right could guess at others without end."""
    usage = ratelimit.consume(
        allauth_context.request, app="allauth.account", action="login_failed", key=f"second-factor:{member.pk}"
    )
    if usage is None:
        raise forms.ValidationError("Too many tries. Wait a few minutes and try again.", code="too_many")
    return usage


class SecondFactorForm(AuthenticateForm):
    """A code of an authenticator app, or a recovery code. Each is good once."""

    code = _digits_field("Security code", "The 6 digits that your app shows now, or one of your recovery codes")

    def clean_code(self) -> str:
        usage = _count_guess(self.user)
        code: str = self.cleaned_data["code"]
        for factor in Authenticator.objects.filter(user=self.user).exclude(type=Authenticator.Type.WEBAUTHN):
            if factor.wrap().validate_code(code) and self._is_first_use(factor, code):
                self.authenticator = factor
                usage.rollback()
                return code
        raise forms.ValidationError(
            "The code is not correct, or was used already. Enter the one that your app shows now.",
            code="incorrect_code",
        )

    def _is_first_use(self, factor: Authenticator, code: str) -> bool:
        if factor.type != Authenticator.Type.TOTP:
            return True
        # For as long as the code would be taken, with what we allow for clocks that differ.
        seconds = (2 * settings.MFA_TOTP_TOLERANCE + 1) * settings.MFA_TOTP_PERIOD
        return cache.add(f"app-code-used:{self.user.pk}:{normalize_user_code(code)}", True, timeout=seconds)


class AppSetUpForm(forms.Form):
    """The first code of an authenticator app, which shows that it has our secret."""

    code = _digits_field("Code from the app", "6 digits")

    def __init__(self, *args: Any, secret: str, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.secret = secret
        self.member = member

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        usage = _count_guess(self.member)
        if not validate_totp_code(self.secret, code):
            raise forms.ValidationError(
                "The code is not correct. Enter the one that the app shows now; if it is never right, check the time "
                "on your phone.",
                code="incorrect_code",
            )
        usage.rollback()
        return code


NO_PASSKEY = "The passkey was not accepted. Try again, or choose another way."
# What a credential that no browser made can raise inside allauth and fido2.
_MADE_UP = (ValueError, TypeError, KeyError, AttributeError, IndexError)


class PasskeyForm(webauthn_forms.AuthenticateWebAuthnForm):
    """What a browser gives for a passkey that is there. `user` None: the passkey says who they are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.passwordless = kwargs["user"] is None
        super().__init__(*args, **kwargs)
        self.fields["credential"].error_messages |= {"required": NO_PASSKEY, "invalid": NO_PASSKEY}

    def clean_credential(self) -> Authenticator:
        # Not where the passkey says who they are: then anybody could use up anybody's tries.
        usage = _count_guess(self.user) if self.user else None
        try:
            webauthn.parse_authentication_response(self.cleaned_data["credential"])
            owner = self.user or webauthn.extract_user_from_response(self.cleaned_data["credential"])
            passkey: Authenticator = webauthn.complete_authentication(owner, self.cleaned_data["credential"])
        except (forms.ValidationError, *_MADE_UP):
            raise forms.ValidationError(NO_PASSKEY, code="no_passkey") from None
        if usage:
            usage.rollback()
        return passkey


class PasskeySignInForm(PasskeyForm):
    """Of somebody who has not said who they are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=None, **kwargs)


def _name_of_passkey() -> forms.CharField:
    return forms.CharField(
        label="Name of this passkey",
        help_text="So that you can tell it from others, such as “Work laptop”",
        max_length=60,
        error_messages={
            "required": "Enter a name for this passkey",
            "max_length": "Name must be 60 characters or fewer",
        },
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class AddPasskeyForm(webauthn_forms.SignupWebAuthnForm):
    """A name, and what a browser gives for a new passkey."""

    name = _name_of_passkey()

    def clean_name(self) -> str:
        # A missing name is no reason to throw the passkey away: it is in the device already.
        return str(self.cleaned_data.get("name") or "Passkey")

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except (forms.ValidationError, *_MADE_UP):
            raise forms.ValidationError(NO_PASSKEY) from None
        return cleaned

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = False
        self.fields["credential"].error_messages |= {"required": NO_PASSKEY, "invalid": NO_PASSKEY}


class PasskeyNameForm(forms.Form):
    name = _name_of_passkey()


class NewAddressForm(forms.Form):
    """The address that a member moves to and, where councils share its domain, which council."""

    email = WorkEmailField(label="New work email address", help_text="We send a code to it.")

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        self.organisation: Organisation | None = None
        self.was_asked = "council_asked" in self.data
        if self.was_asked:
            self._ask_for_council(str(self.data.get(self.add_prefix("email"), "")).strip())

    def _ask_for_council(self, email: str) -> None:
        """Where they work for one of those that share the domain already, there is nothing to ask."""
        councils = Organisation.objects.with_address(email)
        if len(councils) > 1 and self.member.organisation not in councils:
            self.fields["organisation"] = CouncilField(councils)
        elif len(councils) > 1:
            self.organisation = self.member.organisation

    def clean(self) -> None:
        email = self.cleaned_data.get("email")
        if email is None:
            return
        if not self.was_asked:
            self._ask_for_council(email)
        if "organisation" in self.fields:
            self.organisation = self.cleaned_data.get("organisation")
            if self.organisation is None:
                return
        verdict = can_move_to(self.member, email, self.organisation)
        if not verdict:
            self.add_error("email", forms.ValidationError(verdict.reason, code="refused"))

    @property
    def asks_for_council(self) -> bool:
        """What was typed is in order, but a question has not been put yet."""
        return not self.was_asked and "organisation" in self.fields
