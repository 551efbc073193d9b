"""The shape of what people type. Who may do what with it is asked of permissions and said by the verbs."""

from __future__ import annotations

import unicodedata
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.core import context as allauth_context
from allauth.core.internal import ratelimit
from django import forms
from django.db.models import QuerySet

from network.models import Invitation, Member, Network, Organisation
from network.models.organisation import domain_of
from network.permissions import can_be_invited, can_go_without_note, can_sign_up

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


def _heard_as(name: str) -> str:
    """A name as readers take it in: letters of any style, case and accent are one; spaces and signs are none."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in plain if letter.isalnum()).removeprefix("the")


class WorkEmailField(forms.EmailField):
    """A plain mail address. Gives it back as mail travels: lower case, the domain in plain letters, so that one mailbox
    is one account however it was typed."""

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
        return f"{local}@{domain}".lower()


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
    name = forms.CharField(
        label="Full name",
        max_length=100,
        help_text="Members of your networks see it beside what you write.",
        error_messages={
            "required": "Enter your full name",
            "max_length": "Full name must be 100 characters or fewer",
        },
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
    )

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
        """One line that can be read and told from the site's own words. Letters of every language, apostrophes and
        hyphens are welcome; signs that cannot be seen, and that turn what stands beside them, are not."""
        name = " ".join(str(self.cleaned_data["name"]).split())
        if any(unicodedata.category(letter).startswith("C") or letter in BLANK_LETTERS for letter in name):
            raise forms.ValidationError("Full name must not have invisible characters", code="invisible")
        if not any(letter.isalpha() for letter in name):
            raise forms.ValidationError("Full name must have letters", code="no_letters")
        if _heard_as(name) in OURS:
            raise forms.ValidationError(f"Enter your own name: “{name}” is what this site calls itself or others")
        return name

    def clean(self) -> None:
        if not self.was_asked and "email" in self.cleaned_data:
            self._ask_for_council(self.cleaned_data["email"])

    @property
    def asks_for_council(self) -> bool:
        """What was typed is in order, but a question has not been put yet."""
        return not self.was_asked and "organisation" in self.fields


# Memberships


class WordsField(forms.CharField):
    """What somebody writes to somebody else, in a box of several lines. `what` begins the error when it is too long."""

    def __init__(self, *, missing: str, what: str, **kwargs: Any) -> None:
        super().__init__(
            max_length=2000,
            widget=forms.Textarea,
            error_messages={"required": missing, "max_length": f"{what} must be 2,000 characters or fewer"},
            **kwargs,
        )


class AskToJoinForm(forms.Form):
    job = forms.CharField(
        label="What is your role?",
        help_text="For example, data scientist in the planning service",
        max_length=100,
        error_messages={"required": "Enter your role", "max_length": "Your role must be 100 characters or fewer"},
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    reason = WordsField(
        label="Why would you like to join?", missing="Enter why you would like to join", what="Your reason"
    )


class AnswerForm(forms.Form):
    words = WordsField(label="Your answer", missing="Enter your answer", what="Your answer")


class ApproveForm(forms.Form):
    words = WordsField(
        label="Would you like to say something to them? (optional)",
        help_text="They read it in our mail and with their request.",
        missing="",
        what="Your words",
        required=False,
    )


class QuestionForm(forms.Form):
    words = WordsField(
        label="What would you like to know?",
        help_text="They read your words as you write them, and answer here. The request stays open meanwhile.",
        missing="Enter your question",
        what="Your question",
    )


class DeclineForm(forms.Form):
    words = WordsField(
        label="What shall we tell them?",
        help_text="They read your words as you write them. Say what would change the answer, if something would.",
        missing="Enter what we shall tell them",
        what="Your answer",
    )


class EndForm(forms.Form):
    """Removing or suspending somebody."""

    words = WordsField(
        label="What shall we tell them?",
        help_text="They read your words as you write them. Other members do not.",
        missing="Enter what we shall tell them",
        what="Your words",
    )


class ReinstateForm(forms.Form):
    words = WordsField(
        label="Would you like to say something to them? (optional)", missing="", what="Your words", required=False
    )


# Invitations


class InviteForm(forms.Form):
    """Address, what they are, and words. Where the domain of the address is none that we know, a second step says so,
    and asks why they are let in all the same."""

    email = WorkEmailField(label="Their work email address")
    kind = forms.ChoiceField(
        label="What are they?",
        choices=Member.Kind.choices,
        initial=Member.Kind.OFFICER,
        widget=forms.RadioSelect,
        error_messages={"required": "Select what they are", "invalid_choice": "Select what they are"},
    )
    words = WordsField(
        label="What would you like to write to them? (optional)",
        help_text="It stands in the invitation, with your name.",
        missing="",
        what="Your words",
        required=False,
    )

    def __init__(self, *args: Any, network: Network, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.network = network
        self.fields["email"].error_messages["required"] = "Enter their work email address"
        # Not having been asked yet is no mistake.
        self.was_asked = "note_asked" in self.data
        if self.was_asked:
            self._ask_for_note()

    def _ask_for_note(self) -> None:
        self.fields["note"] = forms.CharField(
            label="Why should they be let in?",
            help_text="Administrators can read it. Say how you know them, and that the address is theirs.",
            max_length=500,
            widget=forms.Textarea,
            error_messages={
                "required": "Enter why they should be let in",
                "max_length": "Your reason must be 500 characters or fewer",
            },
        )
        self.fields["organisation"] = forms.ModelChoiceField(
            Organisation.objects.current(),
            label="Which organisation do they work for?",
            help_text="For a partner or supplier that is not in the list, leave it empty.",
            empty_label="Not in the list",
            required=False,
            error_messages={"invalid_choice": "Select the organisation they work for"},
        )

    def clean(self) -> None:
        email, kind = self.cleaned_data.get("email"), self.cleaned_data.get("kind")
        if not email or not kind:
            return
        if can_go_without_note(email):
            for name in ("note", "organisation"):
                self.fields.pop(name, None)
                self.errors.pop(name, None)
                self.cleaned_data.pop(name, None)
        elif not self.was_asked:
            self._ask_for_note()
        elif kind == Member.Kind.OFFICER and not self.cleaned_data.get("organisation"):
            self.add_error("organisation", "Select the council they work for")
        verdict = can_be_invited(self.network, email, kind=kind)
        if not verdict:
            self.add_error("email", verdict.reason)

    @property
    def asks_for_note(self) -> bool:
        """What was typed is in order, but a question has not been put yet."""
        return not self.was_asked and "note" in self.fields and not self.errors

    @property
    def domain(self) -> str:
        return domain_of(self.cleaned_data.get("email", ""))


# Networks


class NetworkSettingsForm(forms.Form):
    """What facilitators set of their network; the names of its fields are those of its columns."""

    purpose = forms.CharField(
        label="What is the network for?",
        help_text="Everybody can read it.",
        max_length=1000,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter what the network is for",
            "max_length": "What the network is for must be 1,000 characters or fewer",
        },
    )
    audience = forms.CharField(
        label="Who is it for? (optional)",
        help_text="Everybody can read it.",
        max_length=300,
        required=False,
        error_messages={"max_length": "Who it is for must be 300 characters or fewer"},
    )
    question = forms.CharField(
        label="What do you ask applicants? (optional)",
        help_text="It stands beside “Why would you like to join?”.",
        max_length=300,
        required=False,
        error_messages={"max_length": "Your question must be 300 characters or fewer"},
    )
    content_free_mail = forms.BooleanField(
        label="Keep the words of this network out of mail",
        help_text="Our mail then says that there is something to read, and not what it says.",
        required=False,
    )
    published_members = forms.IntegerField(
        label="Published number of members (optional)",
        help_text="People outside see this number, and never how many members there are now.",
        min_value=1,
        max_value=1_000_000,
        required=False,
        error_messages={
            "invalid": "Number of members must be a whole number, like 450",
            "min_value": "Number of members must be 1 or more",
            "max_value": "Number of members must be 1,000,000 or fewer",
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "govuk-input--width-5"}),
    )
    published_source = forms.CharField(
        label="Where was that number published, and when? (optional)",
        max_length=200,
        required=False,
        error_messages={"max_length": "Where it was published must be 200 characters or fewer"},
    )

    def __init__(self, *args: Any, network: Network, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(network, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        if not network.is_by_request:
            del self.fields["question"]

    def clean(self) -> None:
        if self.cleaned_data.get("published_members") and not self.cleaned_data.get("published_source"):
            self.add_error("published_source", "Enter where the number was published, and when")
