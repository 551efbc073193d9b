from __future__ import annotations

from typing import Any

from django import forms

from forums.actions.polls import PollWords, what_is_wrong_with
from forums.forms.post import LegibleField, WrittenOnce
from forums.models import Poll
from network.numbers import number_in


class PollForm(WrittenOnce):
    """A poll as whoever runs a room writes it."""

    title = LegibleField(
        label="What does the poll ask?",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Enter what the poll asks",
            "max_length": "What the poll asks must be 200 characters or fewer",
        },
    )
    options = LegibleField(
        label="Which answers can people choose?",
        help_text=f"Each on a line of its own: {Poll.FEWEST_OPTIONS} to {Poll.MOST_OPTIONS} of them.",
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off"}),
        error_messages={"required": "Enter the answers, each on a line of its own"},
    )
    is_multiple = forms.ChoiceField(
        label="How many answers can one person choose?",
        choices=[("", "One"), ("several", "Several")],
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Select how many answers one person can choose"},
    )
    results = forms.ChoiceField(
        label="Who sees the results, and when?",
        choices=Poll.Results.choices,
        initial=Poll.Results.VOTED,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Select who sees the results",
            "invalid_choice": "Select who sees the results",
        },
    )
    smallest = forms.IntegerField(
        label="How many people have to vote before any results show?",
        help_text="In a small group the results could say who chose what.",
        initial=5,
        min_value=1,
        max_value=Poll.LARGEST_SMALLEST,
        widget=forms.NumberInput(attrs={"class": "govuk-input--width-3", "inputmode": "numeric"}),
        error_messages={
            "required": "Enter how many people have to vote",
            "invalid": f"Enter a number from 1 to {Poll.LARGEST_SMALLEST}",
            "min_value": f"Enter a number from 1 to {Poll.LARGEST_SMALLEST}",
            "max_value": f"Enter a number from 1 to {Poll.LARGEST_SMALLEST}",
        },
    )

    @staticmethod
    def initial_of(poll: Poll) -> dict[str, Any]:
        return {
            "title": poll.title,
            "options": "\n".join(option.text for option in poll.options.all()),
            "is_multiple": "several" if poll.is_multiple else "",
            "results": poll.results,
            "smallest": poll.smallest,
        }

    def clean_title(self) -> str:
        return " ".join(str(self.cleaned_data["title"]).split())

    def clean_is_multiple(self) -> bool:
        return bool(self.cleaned_data["is_multiple"])

    def clean_options(self) -> list[str]:
        lines = (" ".join(line.split()) for line in str(self.cleaned_data["options"]).splitlines())
        options = [line for line in lines if line]
        if no := what_is_wrong_with(options):
            raise forms.ValidationError(no)
        return options

    @property
    def words(self) -> PollWords:
        """Of a form that is valid."""
        return PollWords(**{name: self.cleaned_data[name] for name in PollWords.__dataclass_fields__})


class _Chosen(forms.MultipleChoiceField):
    """All that was chosen, of a poll with one choice too: whether it is too much is for the verb to say."""

    widget = forms.CheckboxSelectMultiple

    def validate(self, value: Any) -> None:
        forms.Field.validate(self, value)


class VoteForm(forms.Form):
    """What somebody chooses in a poll, by the numbers of its options."""

    return_to = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)
    options = _Chosen(label="Your answer", required=False)

    def clean_options(self) -> tuple[int, ...]:
        typed = self.cleaned_data["options"]
        numbers = [number for one in typed if (number := number_in(one)) is not None]
        if len(typed) > Poll.MOST_OPTIONS or len(numbers) < len(typed):
            raise forms.ValidationError("This answer is not in the poll. Choose one of those below")
        return tuple(numbers)
