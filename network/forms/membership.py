"""Asking to join a network, and answering."""

from __future__ import annotations

from django import forms


class AskToJoinForm(forms.Form):
    reason = forms.CharField(
        label="Why would you like to join?",
        max_length=2000,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter why you would like to join",
            "max_length": "Your reason must be 2,000 characters or fewer",
        },
    )


class DeclineForm(forms.Form):
    words = forms.CharField(
        label="What shall we tell them?",
        help_text="They read your words as you write them. Say what would change the answer, if something would.",
        max_length=2000,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter what we shall tell them",
            "max_length": "Your answer must be 2,000 characters or fewer",
        },
    )
