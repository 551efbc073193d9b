"""The vocabulary of themes, and a network's choice of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from network.models import Network, Theme


class ThemeForm(forms.Form):
    """A theme's name and what it is about."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        error_messages={
            "required": "Enter a name for the theme",
            "max_length": "The name must be 100 characters or fewer",
        },
    )
    description = forms.CharField(
        label="What it is about",
        help_text="One sentence. Shown under the name wherever themes are listed.",
        max_length=300,
        required=False,
        error_messages={"max_length": "The description must be 300 characters or fewer"},
        widget=forms.Textarea,
    )

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean_description(self) -> str:
        return " ".join(str(self.cleaned_data["description"]).split())


class ThemeChoiceForm(forms.Form):
    """One of the themes that it is given."""

    theme = forms.ModelChoiceField(
        Theme.objects.none(),
        empty_label="Choose a theme",
        error_messages={"required": "Choose a theme", "invalid_choice": "Choose a theme from the list"},
    )

    def __init__(self, themes: QuerySet[Theme], *args: Any, label: str = "Theme", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["theme"].queryset = themes  # type: ignore[attr-defined]
        self.fields["theme"].label = label


class ThemeNetworkForm(forms.Form):
    """The network that takes a theme for itself."""

    network = forms.ModelChoiceField(
        Network.objects.none(),
        empty_label="Choose a network",
        error_messages={"required": "Choose a network", "invalid_choice": "Choose a network from the list"},
    )

    def __init__(self, networks: QuerySet[Network], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["network"].queryset = networks  # type: ignore[attr-defined]
