from __future__ import annotations

from django import forms

from forums.forms.post import LegibleField


class DeclineForm(forms.Form):
    words = LegibleField(
        label="Why should it not go by mail?",
        help_text="Whoever asked reads this.",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Enter why it should not go by mail",
            "max_length": "The reason can have at most 300 characters",
        },
    )
