"""The shape of what people type. Who may do what with it is asked of permissions and said by the verbs."""

from __future__ import annotations

import csv
import io
import unicodedata
from datetime import date
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.core import context as allauth_context
from allauth.core.internal import ratelimit
from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from network.actions.intake import Listed
from network.models import Member, Network, Organisation
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


def _heard_as(name: str) -> str:
    """A name as readers take it in: letters of any style, case and accent are one; spaces and signs are none."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in plain if letter.isalnum()).removeprefix("the")


def own_name(typed: str) -> str:
    """One line that can be read and told from the site's own words. Letters of every language, apostrophes and
    hyphens are welcome; signs that cannot be seen, and that turn what stands beside them, are not. Raises
    ValidationError."""
    name = " ".join(typed.split())
    if any(unicodedata.category(letter).startswith("C") or letter in BLANK_LETTERS for letter in name):
        raise forms.ValidationError("Full name must not have invisible characters", code="invisible")
    if not any(letter.isalpha() for letter in name):
        raise forms.ValidationError("Full name must have letters", code="no_letters")
    if _heard_as(name) in OURS:
        raise forms.ValidationError(f"Enter your own name: “{name}” is what this site calls itself or others")
    return name


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
        verdict = can_sign_up(email)
        if not verdict:
            self.domain_is_unknown = True
            raise forms.ValidationError(verdict.reason, code="domain_unknown")
        return email

    def clean_name(self) -> str:
        return own_name(str(self.cleaned_data["name"]))

    def clean(self) -> None:
        if not self.was_asked and "email" in self.cleaned_data:
            self._ask_for_council(self.cleaned_data["email"])

    @property
    def asks_for_council(self) -> bool:
        """What was typed is in order, but a question has not been put yet."""
        return not self.was_asked and "organisation" in self.fields


# Who is let in


class AskForAdmissionForm(forms.Form):
    """Somebody whom no rule knows. The name is asked for where we have none yet."""

    name = forms.CharField(
        label="Full name",
        max_length=100,
        error_messages={
            "required": "Enter your full name",
            "max_length": "Full name must be 100 characters or fewer",
        },
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
    )
    works_for = forms.CharField(
        label="Which organisation do you work for?",
        max_length=200,
        error_messages={
            "required": "Enter the organisation you work for",
            "max_length": "The organisation must be 200 characters or fewer",
        },
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    reason = forms.CharField(
        label="Why would you like to be let in?",
        help_text="Say what you do there, and what you hope to find or to share here.",
        max_length=2000,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter why you would like to be let in",
            "max_length": "Your reason must be 2,000 characters or fewer",
        },
    )

    def __init__(self, *args: Any, has_name: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_name:
            del self.fields["name"]

    def clean_name(self) -> str:
        return own_name(str(self.cleaned_data["name"]))


class OrganisationChoice(forms.ModelChoiceField[Organisation]):
    """One of the current organisations."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            queryset=Organisation.objects.current(),
            error_messages={
                "required": "Select an organisation",
                "invalid_choice": "Select an organisation from the list",
            },
            **kwargs,
        )


def kind_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="What are they?",
        help_text="Partners and suppliers are labelled wherever they appear, and join a network when they are invited.",
        choices=Member.Kind.choices,
        initial=Member.Kind.OFFICER,
        widget=forms.RadioSelect,
        error_messages={"required": "Select what they are", "invalid_choice": "Select what they are"},
    )


class LetInForm(forms.Form):
    NO, UNCONFIRMED, CONFIRMED = "no", "unconfirmed", "confirmed"

    organisation = OrganisationChoice(
        label="Organisation", required=False, empty_label="Not in this list: add the one named below"
    )
    new_organisation = forms.CharField(
        label="Name of an organisation to add",
        help_text="Only where the list above does not have it.",
        required=False,
        max_length=200,
        error_messages={"max_length": "The name must be 200 characters or fewer"},
    )
    kind = kind_field()
    domain = forms.ChoiceField(
        label="Shall others with the same email domain be let in too?",
        choices=[
            (NO, "No, only this person"),
            (UNCONFIRMED, "Yes, into networks that are joined at once"),
            (CONFIRMED, "Yes, and let them ask to join every network"),
        ],
        initial=NO,
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether others are let in too"},
    )
    note = forms.CharField(
        label="Why is it right to let them in?",
        help_text="Kept with their account, for whoever asks later. They do not see it.",
        max_length=500,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter why it is right to let them in",
            "max_length": "The note must be 500 characters or fewer",
        },
    )

    def clean(self) -> None:
        chosen, named = self.cleaned_data.get("organisation"), self.cleaned_data.get("new_organisation", "")
        if "organisation" in self.errors or "new_organisation" in self.errors:
            return
        if not chosen and not named:
            self.add_error("organisation", "Select an organisation, or enter the name of one to add")
        if chosen and named:
            self.add_error("new_organisation", "Either select an organisation or enter the name of one, not both")


class DomainField(forms.CharField):
    """A mail domain, in the letters that mail travels by. Takes what stands after the @, with the @ or without."""

    def __init__(self) -> None:
        super().__init__(
            label="Email domain",
            help_text="What stands after the @, such as example.gov.uk. Domains below it do not count.",
            max_length=253,
            error_messages={
                "required": "Enter an email domain",
                "max_length": "The email domain must be 253 characters or fewer",
            },
            widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
        )

    def clean(self, value: Any) -> str:
        typed = str(super().clean(value)).removeprefix("@")
        domain = domain_of(f"anybody@{typed}")
        if not domain:
            raise forms.ValidationError("Enter an email domain, such as example.gov.uk", code="invalid")
        return domain


class AddDomainForm(forms.Form):
    organisation = OrganisationChoice(label="Organisation", empty_label="Select an organisation")
    domain = DomainField()
    kind = kind_field()
    is_confirmed = forms.BooleanField(
        label="I am sure that the organisation writes from this domain",
        help_text="Then whoever comes by it can ask to join every network.",
        required=False,
    )


class DomainKindForm(forms.Form):
    kind = kind_field()


class MergeForm(forms.Form):
    ends_on = forms.DateField(
        label="The first day on which they are no more",
        error_messages={"required": "Enter a day", "invalid": "Enter a real day"},
        widget=forms.DateInput,
    )

    def clean_ends_on(self) -> date:
        day: date = self.cleaned_data["ends_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("The day must be today or in the past: merge them when it has come")
        return day


# Lists of people: what comes in is a file of somebody else's program.

LIST_BYTES = 1_000_000
LIST_ROWS = 1_000
COLUMNS = ("email", "name", "organisation", "job_title")


def read_list(content: bytes) -> list[Listed]:
    """The people of a CSV file: UTF-8 with or without a byte order mark, commas or Excel's semicolons, the columns
    named in the first line, in any order. What is wrong with the file raises ValidationError, naming the line; what is
    wrong with one person stands in `problem`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise forms.ValidationError("The file is not UTF-8. In Excel, save it as “CSV UTF-8”.") from None
    if "\x00" in text:
        raise forms.ValidationError("The file is not a CSV file.")
    first = text.partition("\n")[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    people: list[Listed] = []
    number = 1
    try:
        places = _places([cell.strip().casefold().replace(" ", "_") for cell in next(lines, [])])
        number = lines.line_num + 1
        for cells in lines:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(places) and any(cell.strip() for cell in cells[len(places) :]):
                    raise forms.ValidationError(f"Line {number} has more cells than the first line has columns.")
                if len(people) == LIST_ROWS:
                    raise forms.ValidationError(f"The list has more than {LIST_ROWS:,} people. Split it.")
                people.append(_listed(number, dict(zip(places, cells, strict=False))))
            number = lines.line_num + 1
    except csv.Error as problem:
        raise forms.ValidationError(f"Line {number} cannot be read as CSV: {problem}.") from None
    if not people:
        raise forms.ValidationError("There is nobody in the list.")
    return people


def _places(named: list[str]) -> list[str]:
    for column in ("email", "name"):
        if column not in named:
            raise forms.ValidationError(f"Line 1 has to name the columns; there is none called {column}.")
    for column in named:
        if column not in COLUMNS:
            raise forms.ValidationError(f"Line 1 names a column that we do not take: {column or 'one without a name'}.")
        if named.count(column) > 1:
            raise forms.ValidationError(f"Line 1 names the column {column} twice.")
    return named


def _listed(number: int, cells: dict[str, str]) -> Listed:
    email, name, organisation, job_title = (" ".join(cells.get(column, "").split()) for column in COLUMNS)
    problem = ""
    try:
        if len(organisation) > 200 or len(job_title) > 100 or len(name) > 100:
            raise forms.ValidationError("A name, an organisation or a job title is too long")
        name = own_name(name) if name else ""
        if not name:
            raise forms.ValidationError("There is no name")
        email = WorkEmailField().clean(email)
    except forms.ValidationError as wrong:
        problem = f"{wrong.messages[0]}."
    return Listed(number, email, name, organisation, job_title, problem)


class IntakeForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        help_text="Columns: email, name; organisation and job_title if you have them. At most 1,000 people, 1 MB.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"required": "Select a CSV file", "empty": "The file is empty", "invalid": "Select a CSV file"},
    )
    network = forms.ModelChoiceField(
        queryset=Network.objects.filter(joining=Network.Joining.AT_ONCE),
        label="Network",
        help_text="They come into it at once. Networks that are joined by request are not in the list.",
        required=False,
        empty_label="None",
        error_messages={"invalid_choice": "Select a network from the list"},
    )

    def clean_file(self) -> list[Listed]:
        file = self.cleaned_data["file"]
        if file.size > LIST_BYTES:
            raise forms.ValidationError("The file is larger than 1 MB. Split it.")
        return read_list(file.read())


class AskToJoinForm(forms.Form):
    reason = forms.CharField(
        label="Why would you like to join?",
        max_length=2000,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter why you would like to join",
            "max_length": "Your reason must be 2,000 characters or fewer",
        },
    )


class DeclineForm(forms.Form):
    words = forms.CharField(
        label="What shall we tell them?",
        help_text="They read your words as you write them. Say what would change the answer, if something would.",
        max_length=2000,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter what we shall tell them",
            "max_length": "Your answer must be 2,000 characters or fewer",
        },
    )
