"""The administrators' screens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.text import slugify

from network.actions.audit import verb_called
from network.forms.organisation import OrganisationField
from network.models import Member, Network, Organisation
from network.models.organisation import KINDS


class SearchField(forms.CharField):
    def __init__(self, label: str, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"})
        super().__init__(label=label, required=False, max_length=100, widget=widget, **kwargs)


class ReasonField(forms.CharField):
    """Why an administrator decides something; `label` is the question, `missing` what is said where it stays open."""

    def __init__(self, label: str, missing: str, help_text: str = "") -> None:
        super().__init__(
            label=label,
            help_text=help_text,
            max_length=1000,
            widget=forms.Textarea,
            error_messages={"required": missing, "max_length": "Write 1,000 characters or fewer"},
        )


class FindAccountForm(forms.Form):
    q = SearchField("Name, email or organisation")
    state = forms.ChoiceField(label="State", required=False, choices=[("", "All"), *Member.STATES.items()])


class SuspendForm(forms.Form):
    reason = ReasonField(
        "Why are you suspending this account?", "Enter why you are suspending this account", "We email them your words."
    )


class ReinstateForm(forms.Form):
    reason = ReasonField(
        "Why are you giving this account back?",
        "Enter why you are giving this account back",
        "We email them your words.",
    )


class StopMailForm(forms.Form):
    why = forms.CharField(
        label="Why are you stopping all mail?",
        help_text="Other administrators read it here and in the audit log.",
        max_length=300,
        error_messages={
            "required": "Enter why you are stopping all mail",
            "max_length": "Write 300 characters or fewer",
        },
    )


class CorrectAccountForm(forms.Form):
    organisation = OrganisationField(label="Organisation", required=False)
    kind = forms.ChoiceField(
        label="What are they?",
        help_text="A partner or supplier belongs to no network until a facilitator invites them. "
        "Somebody who is an officer now leaves all networks.",
        choices=Member.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select what they are"},
    )
    reason = ReasonField(
        "Why are you changing this?", "Enter why you are changing this", "Only administrators can read it."
    )

    def __init__(self, *args: Any, account: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = Organisation.objects.current().values("pk")
        self.fields["organisation"] = OrganisationField(
            Organisation.objects.filter(Q(pk__in=current) | Q(pk=account.organisation_id)),
            label="Organisation",
            help_text="Start typing its name, and choose it from the list. Leave it empty for none.",
            required=False,
        )


class AppointForm(forms.Form):
    network = forms.ModelChoiceField(
        queryset=Network.objects.none(),
        label="Which network should they facilitate?",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": "Select a network", "invalid_choice": "Select a network"},
    )

    def __init__(self, *args: Any, networks: QuerySet[Network], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = self.fields["network"]
        assert isinstance(offered, forms.ModelChoiceField)
        offered.queryset = networks


def _options(values: Iterable[str], none: str) -> list[tuple[str, str]]:
    return [("", none), *((value, value) for value in values)]


class FindOrganisationForm(forms.Form):
    q = SearchField("Name")
    region = forms.ChoiceField(label="Region", required=False)
    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "All"), *KINDS.items()])
    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "All"), ("current", "Exists now"), ("ended", "Has ended")]
    )

    def __init__(self, *args: Any, regions: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"] = forms.ChoiceField(label="Region", required=False, choices=_options(regions, "All"))


class OrganisationForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=200,
        error_messages={"required": "Enter the name", "max_length": "Name must be 200 characters or fewer"},
    )
    short_name = forms.CharField(
        label="Short name",
        help_text="As people say it, such as “Exampleshire”.",
        max_length=100,
        error_messages={"required": "Enter a short name", "max_length": "Short name must be 100 characters or fewer"},
    )
    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "Another body"), *KINDS.items()])
    region = forms.ChoiceField(label="Region", required=False)
    starts_on = forms.DateField(
        label="Exists from",
        help_text="Leave it empty if it has always been there.",
        required=False,
        error_messages={"invalid": "Enter a date from which it exists, like 2026-04-01"},
    )
    ends_on = forms.DateField(
        label="Ends on",
        help_text="From this day nobody can be let in as its officer.",
        required=False,
        error_messages={"invalid": "Enter the date on which it ends, like 2026-04-01"},
    )

    def __init__(
        self, *args: Any, regions: Iterable[str], organisation: Organisation | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.organisation = organisation
        self.fields["region"] = forms.ChoiceField(label="Region", required=False, choices=_options(regions, "None"))
        if organisation is not None and organisation.kind not in KINDS:
            self.fields["kind"] = forms.ChoiceField(
                label="Kind",
                required=False,
                choices=[("", "Another body"), (organisation.kind, organisation.kind_in_words), *KINDS.items()],
            )

    @property
    def slug(self) -> str:
        """The name in its address."""
        return str(slugify(self.cleaned_data["short_name"]))[:120]

    def clean_short_name(self) -> str:
        name: str = self.cleaned_data["short_name"]
        if self.organisation is None:
            if not slugify(name):
                raise forms.ValidationError("Short name must have letters or numbers")
            if Organisation.objects.filter(slug=slugify(name)[:120]).exists():
                raise forms.ValidationError("There is an organisation with this short name")
        return name

    def clean(self) -> None:
        starts, ends = self.cleaned_data.get("starts_on"), self.cleaned_data.get("ends_on")
        if starts and ends and ends <= starts:
            self.add_error("ends_on", "The date on which it ends must be after the one from which it exists")


class AuditForm(forms.Form):
    """What to show of the audit log."""

    verb = SearchField("What was done", help_text="As the log says it, such as “joined a network”.")
    actor = SearchField("Who did it", help_text="A name or an email address, or a part of one.")
    network = forms.ModelChoiceField(
        queryset=Network.objects.all(), label="Network", required=False, empty_label="All", to_field_name="slug"
    )
    kind = SearchField("Kind of thing", help_text="For example, member.")
    number = SearchField("Number of the thing")
    since = forms.DateField(
        label="From", required=False, error_messages={"invalid": "Enter the first day, like 2026-04-01"}
    )
    until = forms.DateField(
        label="To", required=False, error_messages={"invalid": "Enter the last day, like 2026-04-30"}
    )

    def clean_verb(self) -> str:
        return verb_called(str(self.cleaned_data["verb"]).casefold())

    @property
    def used(self) -> list[str]:
        """The names of the filters that are set."""
        return [name for name, value in getattr(self, "cleaned_data", {}).items() if value]
