"""Being let in by a person, where no rule does."""

from __future__ import annotations

from typing import Any

from django import forms

from network.forms.account import name_field, readable_name
from network.forms.organisation import OrganisationField
from network.models import Member


class AskForAdmissionForm(forms.Form):
    """Somebody whom no rule knows. The name is asked for where we have none yet."""

    name = name_field()
    works_for = forms.CharField(
        label="Which organisation do you work for?",
        max_length=200,
        error_messages={
            "required": "Enter the organisation you work for",
            "max_length": "The organisation must be 200 characters or fewer",
        },
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    reason = forms.CharField(
        label="Why would you like to be let in?",
        help_text="Say what you do there, and what you hope to find or to share here.",
        max_length=2000,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter why you would like to be let in",
            "max_length": "Your reason must be 2,000 characters or fewer",
        },
    )

    def __init__(self, *args: Any, has_name: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_name:
            del self.fields["name"]

    def clean_name(self) -> str:
        return readable_name(self.cleaned_data["name"])


def kind_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="What are they?",
        help_text="Partners and suppliers are labelled wherever they appear, and join a network when they are invited.",
        choices=Member.Kind.choices,
        initial=Member.Kind.OFFICER,
        widget=forms.RadioSelect,
        error_messages={"required": "Select what they are", "invalid_choice": "Select what they are"},
    )


class LetInForm(forms.Form):
    NO, UNCONFIRMED, CONFIRMED = "no", "unconfirmed", "confirmed"

    organisation = OrganisationField(
        label="Organisation",
        help_text="Start typing its name, and choose it from the list. Leave it empty if it is not in the list.",
        required=False,
    )
    new_organisation = forms.CharField(
        label="Name of an organisation to add",
        help_text="Only if the list does not have it.",
        required=False,
        max_length=200,
        error_messages={"max_length": "The name must be 200 characters or fewer"},
    )
    kind = kind_field()
    domain = forms.ChoiceField(
        label="Should others with the same email domain be let in too?",
        choices=[
            (NO, "No, only this person"),
            (UNCONFIRMED, "Yes, into networks that are joined at once"),
            (CONFIRMED, "Yes, and let them ask to join every network"),
        ],
        initial=NO,
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether others are let in too"},
    )
    note = forms.CharField(
        label="Why is it right to let them in?",
        help_text="Kept with their account, for whoever asks later. They can read it in the data that they download.",
        max_length=500,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter why it is right to let them in",
            "max_length": "The note must be 500 characters or fewer",
        },
    )

    def clean(self) -> None:
        chosen, named = self.cleaned_data.get("organisation"), self.cleaned_data.get("new_organisation", "")
        if "organisation" in self.errors or "new_organisation" in self.errors:
            return
        if not chosen and not named:
            self.add_error("organisation", "Choose an organisation from the list, or enter the name of one to add")
        if chosen and named:
            self.add_error(
                "new_organisation",
                "Choose an organisation from the list or enter one to add, not both",
            )
