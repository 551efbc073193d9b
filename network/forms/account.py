"""Signing in and signing up."""

from __future__ import annotations

import unicodedata
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.core import context as allauth_context
from allauth.core.internal import ratelimit
from django import forms
from django.db.models import QuerySet

from network.models import Invitation, Member, Organisation
from network.models.member import mailbox_of
from network.models.organisation import domain_of
from network.permissions import can_sign_up

WRONG_ADDRESS = "Enter an email address in the correct format, like name@example.gov.uk"
NOT_PLAIN = "Enter an email address without accents or special letters before the @"
# What the site calls itself, and those without a name: nobody else may go by these. See `_heard_as`.
OURS = {
    "hub",
    "guildhall",
    "guildhallteam",
    "amember",
    "member",
    "formermember",
    "aformermember",
    "anonymous",
    "admin",
    "administrator",
    "facilitator",
    "moderator",
}
BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"  # letters by category that show as nothing
MARKUP = "[]<>|`\\*_#"  # where a name stands in what somebody writes, these would be more than its letters


def _heard_as(name: str) -> str:
    """A name as readers take it in: letters of any style, case and accent are one; spaces and signs are none."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in plain if letter.isalnum()).removeprefix("the")


def name_field() -> forms.CharField:
    return forms.CharField(
        label="Full name",
        max_length=100,
        help_text="Members of your networks see it beside what you write.",
        error_messages={
            "required": "Enter your full name",
            "max_length": "Full name must be 100 characters or fewer",
        },
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
    )


def readable_name(typed: str) -> str:
    """One line that can be read and told from the site's own words. Letters of every language, apostrophes and hyphens
    are welcome; signs that cannot be seen, that turn what stands beside them, or that make links, are not. Raises
    ValidationError."""
    name = " ".join(typed.split())
    if has_invisible(name):
        raise forms.ValidationError("Full name must not have invisible characters", code="invisible")
    if not any(letter.isalpha() for letter in name):
        raise forms.ValidationError("Full name must have letters", code="no_letters")
    if any(sign in MARKUP for sign in name):
        raise forms.ValidationError(f"Full name must not have any of the signs {' '.join(MARKUP)}", code="markup")
    if _heard_as(name) in OURS:
        raise forms.ValidationError(f"Enter your own name: “{name}” is what this site calls itself or others")
    return name


def has_invisible(line: str) -> bool:
    """Whether one line of text holds signs that cannot be seen, or that turn what stands beside them."""
    return any(unicodedata.category(letter).startswith("C") or letter in BLANK_LETTERS for letter in line)


class WorkEmailField(forms.EmailField):
    """A plain mail address. Gives it back as mail travels: lower case, the domain in plain letters, so that one mailbox
    is one account however it was typed, with a tag (a+news@...) or without."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=kwargs.pop("label", "Work email address"),
            max_length=254,
            error_messages={
                "required": "Enter your work email address",
                "invalid": WRONG_ADDRESS,
                "max_length": "Email address must be 254 characters or fewer",
            },
            widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
            **kwargs,
        )

    def clean(self, value: Any) -> str:
        address: str = super().clean(value)
        domain = domain_of(address)
        # A quoted name before the @ would be a second way to write one mailbox.
        if not domain or address.startswith('"'):
            raise forms.ValidationError(WRONG_ADDRESS, code="invalid")
        local = address.rpartition("@")[0]
        # Some letters beyond these become others when case is changed, or look like them: again a second way.
        if not local.isascii():
            raise forms.ValidationError(NOT_PLAIN, code="not_plain")
        # So would a tag: mail for a+news@ arrives at a@, so that is what we keep and write to.
        mailbox = mailbox_of(f"{local}@{domain}")
        if mailbox.startswith("+"):
            raise forms.ValidationError(WRONG_ADDRESS, code="invalid")
        return mailbox


class RequestCodeForm(allauth_forms.RequestLoginCodeForm):
    """Signing in, first step. An address that nobody has proved yet is as good as unknown."""

    email = WorkEmailField()  # type: ignore[assignment]  # allauth's own field is another EmailField

    def clean_email(self) -> str:
        # First, so that what is refused here is not counted against the mailbox.
        request = allauth_context.request
        asked_by = f"{self.cleaned_data['email']} {ratelimit.get_ip(request)}"
        if not ratelimit.consume(request, app="allauth.account", action="code_for_mailbox", key=asked_by):
            raise get_adapter().validation_error("too_many_login_attempts")
        email: str = super().clean_email()
        if self._user is not None and Member.objects.unproved().filter(pk=self._user.pk).exists():
            self._user = None
        # One mailbox leads into an account: the one that stands on the member, whatever else allauth keeps.
        if isinstance(self._user, Member) and self._user.email.lower() != email.lower():
            self._user = None
        # Whoever lapsed comes back by the code; whoever was suspended or closed the account does not.
        self._user = self._user or Member.objects.lapsed().filter(email__iexact=email).first()
        return email


class CodeField(forms.CharField):
    """The code from the mail. Letters of either case, with or without the dash."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="Security code",
            help_text="For example, BCD-FGH",
            max_length=40,
            error_messages={
                "required": "Enter the code from the email",
                "max_length": "Enter only the code from the email",
            },
            widget=forms.TextInput(
                attrs={
                    "autocomplete": "one-time-code",
                    "autocapitalize": "characters",
                    "spellcheck": "false",
                    "class": "govuk-input--width-10",
                }
            ),
            **kwargs,
        )


class SignInCodeForm(allauth_forms.ConfirmLoginCodeForm):
    code = CodeField()


class SignUpCodeForm(allauth_forms.ConfirmEmailVerificationCodeForm):
    code = CodeField()


class CouncilField(forms.ModelChoiceField[Organisation]):
    def __init__(self, councils: QuerySet[Organisation]) -> None:
        super().__init__(
            queryset=councils,
            label="Which council do you work for?",
            help_text="These councils share your email domain.",
            empty_label=None,
            widget=forms.RadioSelect,
            error_messages={
                "required": "Select the council you work for",
                "invalid_choice": "Select the council you work for",
            },
        )


class SignUpForm(forms.Form):
    """Address, name and, where councils share the domain, which council."""

    email = WorkEmailField(help_text="We let in officers of councils by the domain of their address.")
    name = name_field()

    def __init__(self, *args: Any, invitation: Invitation | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        self.domain_is_unknown = False
        # The council is asked for once the address is known; not having been asked yet is no mistake.
        self.was_asked = "council_asked" in self.data
        if self.was_asked:
            self._ask_for_council(str(self.data.get(self.add_prefix("email"), "")).strip())

    def _ask_for_council(self, email: str) -> None:
        councils = Organisation.objects.with_address(email)
        if len(councils) > 1:
            self.fields["organisation"] = CouncilField(councils)

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        verdict = can_sign_up(email, self.invitation)
        if not verdict:
            self.domain_is_unknown = True
            raise forms.ValidationError(verdict.reason, code="domain_unknown")
        return email

    def clean_name(self) -> str:
        return readable_name(self.cleaned_data["name"])

    def clean(self) -> None:
        if not self.was_asked and "email" in self.cleaned_data:
            self._ask_for_council(self.cleaned_data["email"])

    @property
    def asks_for_council(self) -> bool:
        """What was typed is in order, but a question has not been put yet."""
        return not self.was_asked and "organisation" in self.fields
