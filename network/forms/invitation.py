"""Inviting somebody into a network."""

from __future__ import annotations

from typing import Any

from django import forms

from network.forms.account import WorkEmailField
from network.forms.membership import WordsField
from network.forms.organisation import OrganisationField
from network.models import Member, Network
from network.models.organisation import domain_of
from network.permissions import can_be_invited, can_go_without_note


class InviteForm(forms.Form):
    """Address, what they are, and words. Where the domain of the address is none that we know, a second step says so,
    and asks why they are let in all the same."""

    email = WorkEmailField(label="Their work email address")
    kind = forms.ChoiceField(
        label="What are they?",
        choices=Member.Kind.choices,
        initial=Member.Kind.OFFICER,
        widget=forms.RadioSelect,
        error_messages={"required": "Select what they are", "invalid_choice": "Select what they are"},
    )
    words = WordsField(
        label="What would you like to write to them? (optional)",
        help_text="We put it in the invitation, with your name.",
        missing="",
        what="Your words",
        required=False,
    )

    def __init__(self, *args: Any, network: Network, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.network = network
        self.fields["email"].error_messages["required"] = "Enter their work email address"
        self.was_asked = "note_asked" in self.data
        if self.was_asked:
            self._ask_for_note()

    def _ask_for_note(self) -> None:
        self.fields["note"] = forms.CharField(
            label="Why should they be let in?",
            help_text="Administrators can read it. Say how you know them, and that the address is theirs.",
            max_length=500,
            widget=forms.Textarea,
            error_messages={
                "required": "Enter why they should be let in",
                "max_length": "Your reason must be 500 characters or fewer",
            },
        )
        self.fields["organisation"] = OrganisationField(
            label="Which organisation do they work for?",
            help_text="Start typing its name, and choose it from the list. For a partner or supplier that is not in "
            "the list, leave it empty.",
            required=False,
        )

    def clean(self) -> None:
        email, kind = self.cleaned_data.get("email"), self.cleaned_data.get("kind")
        if not email or not kind:
            return
        if can_go_without_note(email):
            for name in ("note", "organisation"):
                self.fields.pop(name, None)
                self.errors.pop(name, None)
                self.cleaned_data.pop(name, None)
        else:
            if not self.was_asked:
                self._ask_for_note()
                why = f"Enter why they should be let in: we do not know {domain_of(email)} as a council's"
                self.add_error("note", why)
            if kind == Member.Kind.OFFICER and not self.cleaned_data.get("organisation"):
                self.add_error("organisation", "Choose the council they work for from the list")
        verdict = can_be_invited(self.network, email, kind=kind)
        if not verdict:
            self.add_error("email", verdict.reason)

    @property
    def domain(self) -> str:
        return domain_of(self.cleaned_data.get("email", ""))
