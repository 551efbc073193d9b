"""Joining a network, and what facilitators answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

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


def _length(lasts: timedelta) -> str:
    """Such as "7 days", as people count: in_words says "a day"."""
    hours = int(lasts.total_seconds()) // 3_600
    count, unit = (hours // 24, "day") if hours >= 24 else (hours, "hour")
    return f"{count} {unit}{'s' if count > 1 else ''}"


class SanctionForm(forms.Form):
    """Warning somebody, asking them not to write for a while, or suspending them."""

    WARN, FOR_GOOD = "warn", "suspend"
    SILENCES: ClassVar[dict[str, timedelta]] = {
        "silence_1_hour": timedelta(hours=1),
        "silence_1_day": timedelta(days=1),
        "silence_7_days": timedelta(days=7),
        "silence_30_days": timedelta(days=30),
    }
    SUSPENSIONS: ClassVar[dict[str, timedelta | None]] = {
        "suspend_7_days": timedelta(days=7),
        "suspend_30_days": timedelta(days=30),
        "suspend_90_days": timedelta(days=90),
        FOR_GOOD: None,
    }

    what = forms.ChoiceField(
        label="What would you like to do?",
        widget=forms.RadioSelect,
        choices=[
            (WARN, "Warn them"),
            *((name, f"Ask them not to write for {_length(lasts)}") for name, lasts in SILENCES.items()),
            *(
                (name, f"Suspend them {f'for {_length(lasts)}' if lasts else 'until a facilitator lets them in'}")
                for name, lasts in SUSPENSIONS.items()
            ),
        ],
        error_messages={
            "required": "Select what you would like to do",
            "invalid_choice": "Select what you would like to do",
        },
    )
    words = WordsField(
        label="What should we tell them?",
        help_text="They will read exactly what you write. Other members do not.",
        missing="Enter what we should tell them",
        what="Your words",
    )

    def ends_at(self, now: datetime) -> datetime | None:
        """When what was chosen ends, on a full minute, as people are told; None where it ends by nothing."""
        what = self.cleaned_data["what"]
        lasts = self.SILENCES.get(what) or self.SUSPENSIONS.get(what)
        return (now + lasts + timedelta(seconds=59)).replace(second=0, microsecond=0) if lasts else None


class ReinstateForm(forms.Form):
    words = WordsField(
        label="Would you like to say something to them? (optional)", missing="", what="Your words", required=False
    )
