from __future__ import annotations

from django import forms

from forums.forms.post import LegibleField, SourceField
from forums.models import Practice

# What a thread of the kind "We did this" asks for besides.
PRACTICE = ("tool", "stage", "outcome", "differently")


class PracticeFields(forms.Form):
    """What a council did."""

    tool = LegibleField(
        label="Which tool did you use?",
        help_text="Its name, or “none”.",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Enter the tool", "max_length": "The tool can have at most 100 characters"},
    )
    stage = forms.ChoiceField(
        label="How far are you?",
        choices=Practice.Stage.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how far you are", "invalid_choice": "Choose how far you are from the list"},
    )
    outcome = SourceField(
        "What came of it?",
        "Enter what came of it",
        rows=4,
        longest=Practice.LENGTH,
        hint="Also where it did not work. If it is too early to tell, say so.",
    )
    differently = SourceField(
        "What would you do differently?",
        "",
        rows=4,
        longest=Practice.LENGTH,
        hint="Optional. Often what helps others most.",
    )

    @property
    def told(self) -> list[tuple[str, str]]:
        """What of it is filled in and right, as the thread will show it."""
        return Practice(**{name: self.cleaned_data.get(name, "") for name in PRACTICE}).filled_in
