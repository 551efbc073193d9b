"""What to look for in the audit log of one network."""

from __future__ import annotations

from typing import Any

from django import forms

from network.actions.audit import WORDS
from network.forms.administration import SearchField
from network.models.audit import MODERATION


class ModerationForm(forms.Form):
    verb = forms.ChoiceField(
        label="What was done", required=False, error_messages={"invalid_choice": "Choose one from the list"}
    )
    actor = SearchField("Who did it", help_text="A name, or a part of one.")
    since = forms.DateField(
        label="From", required=False, error_messages={"invalid": "Enter the first day, like 2026-04-01"}
    )
    until = forms.DateField(
        label="To", required=False, error_messages={"invalid": "Enter the last day, like 2026-04-30"}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        in_words = sorted((WORDS[verb][:1].upper() + WORDS[verb][1:], verb) for verb in MODERATION)
        self.fields["verb"].choices = [  # type: ignore[attr-defined]
            ("", "Anything"),
            *((verb, words) for words, verb in in_words),
        ]

    @property
    def used(self) -> list[str]:
        """The names of the filters that are set."""
        return [name for name, value in getattr(self, "cleaned_data", {}).items() if value]
