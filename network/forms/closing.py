"""Closing an account."""

from __future__ import annotations

from django import forms


class CloseAccountForm(forms.Form):
    written = forms.ChoiceField(
        label="What should happen to what you wrote?",
        choices=[
            ("keep", "Keep it, by “Former member” and with your council at the time"),
            ("erase", "Erase it: threads, posts, tags and what you said in live rooms"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Select what should happen to what you wrote"},
    )
    sure = forms.BooleanField(
        label="I know that this cannot be undone",
        error_messages={"required": "Select that you know that this cannot be undone"},
    )
