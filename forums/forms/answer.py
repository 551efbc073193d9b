from __future__ import annotations

from django import forms

from forums.models import Answer


class WorkedForm(forms.Form):
    worked = forms.ChoiceField(
        label="Did it work?",
        choices=Answer.Worked.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether it worked"},
    )
