"""Email domains of organisations."""

from __future__ import annotations

from typing import Any

from django import forms

from network.forms.admission import kind_field
from network.forms.organisation import OrganisationField
from network.models.organisation import domain_of


class DomainField(forms.CharField):
    """A mail domain, in the letters that mail travels by. Takes what stands after the @, with the @ or without."""

    def __init__(self) -> None:
        super().__init__(
            label="Email domain",
            help_text="What stands after the @, such as example.gov.uk. Domains below it do not count.",
            max_length=253,
            error_messages={
                "required": "Enter an email domain",
                "max_length": "The email domain must be 253 characters or fewer",
            },
            widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
        )

    def clean(self, value: Any) -> str:
        typed = str(super().clean(value)).removeprefix("@")
        domain = domain_of(f"anybody@{typed}")
        if not domain:
            raise forms.ValidationError("Enter an email domain, such as example.gov.uk", code="invalid")
        return domain


class AddDomainForm(forms.Form):
    organisation = OrganisationField(label="Organisation")
    domain = DomainField()
    kind = kind_field()
    is_confirmed = forms.BooleanField(
        label="I am sure that the organisation uses this domain",
        help_text="If you tick this, anybody with an address there can ask to join every network.",
        required=False,
    )


class DomainKindForm(forms.Form):
    kind = kind_field()
