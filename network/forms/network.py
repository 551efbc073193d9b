"""What a network says of itself, and how it goes about things."""

from __future__ import annotations

from typing import Any

from django import forms

from network.models import Network


class NetworkSettingsForm(forms.Form):
    """What facilitators set of their network; the names of its fields are those of its columns."""

    purpose = forms.CharField(
        label="What is the network for?",
        help_text="Everybody can read it.",
        max_length=1000,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter what the network is for",
            "max_length": "What the network is for must be 1,000 characters or fewer",
        },
    )
    audience = forms.CharField(
        label="Who is it for? (optional)",
        help_text="Everybody can read it.",
        max_length=300,
        required=False,
        error_messages={"max_length": "Who it is for must be 300 characters or fewer"},
    )
    question = forms.CharField(
        label="What do you ask applicants? (optional)",
        help_text="It stands beside “Why would you like to join?”.",
        max_length=300,
        required=False,
        error_messages={"max_length": "Your question must be 300 characters or fewer"},
    )
    content_free_mail = forms.BooleanField(
        label="Keep the words of this network out of mail",
        help_text="Our mail then says that there is something to read, and not what it says.",
        required=False,
    )
    published_members = forms.IntegerField(
        label="Published number of members (optional)",
        help_text="People outside see this number, and never how many members there are now.",
        min_value=1,
        max_value=1_000_000,
        required=False,
        error_messages={
            "invalid": "Number of members must be a whole number, like 450",
            "min_value": "Number of members must be 1 or more",
            "max_value": "Number of members must be 1,000,000 or fewer",
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "govuk-input--width-5"}),
    )
    published_source = forms.CharField(
        label="Where was that number published, and when? (optional)",
        max_length=200,
        required=False,
        error_messages={"max_length": "Where it was published must be 200 characters or fewer"},
    )

    def __init__(self, *args: Any, network: Network, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(network, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        if not network.is_by_request:
            del self.fields["question"]

    def clean(self) -> None:
        if self.cleaned_data.get("published_members") and not self.cleaned_data.get("published_source"):
            self.add_error("published_source", "Enter where the number was published, and when")
