"""Joining a network, and what facilitators answer."""

from __future__ import annotations

from typing import Any

from django import forms

from network.forms.rules import AgreeForm


class WordsField(forms.CharField):
    """What somebody writes to somebody else, in a box of several lines. `what` begins the error when it is too long."""

    def __init__(self, *, missing: str, what: str, **kwargs: Any) -> None:
        super().__init__(
            max_length=2000,
            widget=forms.Textarea,
            error_messages={"required": missing, "max_length": f"{what} must be 2,000 characters or fewer"},
            **kwargs,
        )


class AskToJoinForm(AgreeForm):
    job = forms.CharField(
        label="What is your role?",
        help_text="For example, data scientist in the planning service",
        max_length=100,
        error_messages={"required": "Enter your role", "max_length": "Your role must be 100 characters or fewer"},
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    reason = WordsField(
        label="Why would you like to join?", missing="Enter why you would like to join", what="Your reason"
    )


class AnswerForm(forms.Form):
    words = WordsField(label="Your answer", missing="Enter your answer", what="Your answer")


class ApproveForm(forms.Form):
    words = WordsField(
        label="Would you like to say something to them? (optional)",
        help_text="We email it to them and show it with their request.",
        missing="",
        what="Your words",
        required=False,
    )


class QuestionForm(forms.Form):
    words = WordsField(
        label="What would you like to know?",
        help_text="They will read exactly what you write, and answer here. The request stays open meanwhile.",
        missing="Enter your question",
        what="Your question",
    )


class DeclineForm(forms.Form):
    words = WordsField(
        label="What should we tell them?",
        help_text="They will read exactly what you write. Say what would change the answer, if something would.",
        missing="Enter what we should tell them",
        what="Your answer",
    )


class EndForm(forms.Form):
    """Removing or suspending somebody."""

    words = WordsField(
        label="What should we tell them?",
        help_text="They will read exactly what you write. Other members do not.",
        missing="Enter what we should tell them",
        what="Your words",
    )


class ReinstateForm(forms.Form):
    words = WordsField(
        label="Would you like to say something to them? (optional)", missing="", what="Your words", required=False
    )
