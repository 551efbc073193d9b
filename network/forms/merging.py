"""Organisations that end in another."""

from __future__ import annotations

from datetime import date

from django import forms
from django.utils import timezone


class MergeForm(forms.Form):
    ends_on = forms.DateField(
        label="The first day on which they no longer exist",
        error_messages={"required": "Enter a day", "invalid": "Enter a real day"},
        widget=forms.DateInput,
    )

    def clean_ends_on(self) -> date:
        day: date = self.cleaned_data["ends_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("The day must be today or in the past: merge them when it has come")
        return day
