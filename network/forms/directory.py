"""What the directory is asked for."""

from __future__ import annotations

from typing import Any

from django import forms

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
            "organisation": FilterField("Organisation", "Any organisation", choices.organisation),
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
            if isinstance(field, FilterField) and self.cleaned_data[name]
        ]
