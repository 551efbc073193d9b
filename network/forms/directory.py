"""What the directory is asked for."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django import forms

from network.forms.organisation import SuggestingInput, meant
from network.search import Choice, DirectoryChoices


class FilterField(forms.ChoiceField):
    """One of the values that somebody in the directory has."""

    def __init__(self, label: str, any_of_them: str, choices: list[Choice]) -> None:
        super().__init__(
            label=label,
            required=False,
            choices=[
                ("", any_of_them),
                *((choice.value, f"{choice.label} ({choice.people})") for choice in choices),
            ],
            error_messages={
                "invalid_choice": f"Nobody in your networks fits what you chose for “{label}”. Choose from the list"
            },
        )
        self.names = {choice.value: choice.label for choice in choices}


class TypedFilterField(forms.CharField):
    """The same where there are hundreds: typed, with suggestions. Takes a name in full, a beginning that only one of
    them has, or the value that addresses have. Gives back the value."""

    def __init__(self, label: str, choices: list[Choice]) -> None:
        super().__init__(
            label=label,
            required=False,
            max_length=250,
            help_text="Start typing its name, and choose it from the list.",
            widget=SuggestingInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )
        same = Counter(choice.label for choice in choices)
        self.names = {
            choice.value: f"{choice.label} ({choice.value})" if same[choice.label] > 1 else choice.label
            for choice in choices
        }
        self.widget.suggests = self.names.values

    def prepare_value(self, value: Any) -> Any:
        return self.names.get(value, value)

    def clean(self, value: Any) -> str:
        typed: str = super().clean(value)
        if not typed or typed in self.names:
            return typed
        found = meant(typed, [((name,), value) for value, name in self.names.items()])
        if len(found) == 1:
            return found[0]
        problem = f"Nobody in your networks fits what you chose for “{self.label}”."
        if found:
            problem = f"Under “{self.label}”, {len(found)} begin with “{typed}”."
        raise forms.ValidationError(f"{problem} Choose from the list", code="not_one")


class DirectoryForm(forms.Form):
    q = forms.CharField(
        label="Search by name or words",
        required=False,
        max_length=100,
        help_text="For example, a council, a job title, a tool or what somebody can help with.",
        error_messages={"max_length": "Search for 100 characters or fewer"},
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )

    def __init__(self, choices: DirectoryChoices, data: Any) -> None:
        super().__init__(data)
        self.fields |= {
            "network": FilterField("Network", "Any network", choices.network),
            "organisation": TypedFilterField("Organisation", choices.organisation),
            "kind": FilterField("Type of council", "Any type", choices.kind),
            "region": FilterField("Region", "Any region", choices.region),
            "theme": FilterField("Interested in", "Any theme", choices.theme),
            "tool": FilterField("Uses", "Any tool", choices.tool),
        }

    @property
    def filters_used(self) -> list[tuple[str, str]]:
        """The filters that leave somebody out, each with what was chosen, in words."""
        return [
            (str(field.label), field.names[self.cleaned_data[name]])
            for name, field in self.fields.items()
            if isinstance(field, FilterField | TypedFilterField) and self.cleaned_data[name]
        ]
