"""What a network says of itself, and how it goes about things."""

from __future__ import annotations

from typing import Any

from django import forms

from network.models import Network
from network.permissions import can_be_called


class _WhatItSays(forms.Form):
    """What facilitators set of their network, and administrators of every one; the names of the fields are those of
    the columns."""

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
        label="What do you ask people who want to join? (optional)",
        help_text="We show it beside “Why would you like to join?”.",
        max_length=300,
        required=False,
        error_messages={"max_length": "Your question must be 300 characters or fewer"},
    )
    content_free_mail = forms.BooleanField(
        label="Keep the words of this network out of mail",
        help_text="If you tick this, our emails say that there is something to read, but not what it says.",
        required=False,
    )
    reports_to_hide = forms.IntegerField(
        label="How many members have to report something before it is hidden?",
        help_text=(
            "Until a facilitator has looked at it. Members who came less than a day ago do not count. Enter 0 to have "
            "nothing hidden before you have looked."
        ),
        min_value=0,
        max_value=100,
        initial=3,
        error_messages={
            "required": "Enter how many members have to report something before it is hidden",
            "invalid": "How many members have to report something must be a whole number, like 3",
            "min_value": "How many members have to report something must be 0, or 2 or more",
            "max_value": "How many members have to report something must be 100 or fewer",
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "govuk-input--width-3"}),
    )
    first_post_hold = forms.BooleanField(
        label="Read first posts before others do",
        help_text="If you tick this, what somebody writes here for the first time waits until a facilitator has read "
        "it. What facilitators write does not wait.",
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

    def __init__(self, *args: Any, network: Network | None = None, **kwargs: Any) -> None:
        if network is not None:
            kwargs["initial"] = {name: getattr(network, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        self.network = network

    def clean_reports_to_hide(self) -> int:
        number: int = self.cleaned_data["reports_to_hide"]
        if number == 1:
            raise forms.ValidationError("How many members have to report something must be 0, or 2 or more", "alone")
        return number

    def clean(self) -> None:
        if self.cleaned_data.get("published_members") and not self.cleaned_data.get("published_source"):
            self.add_error("published_source", "Enter where the number was published, and when")


class NetworkSettingsForm(_WhatItSays):
    """For its facilitators."""

    def __init__(self, *args: Any, network: Network, **kwargs: Any) -> None:
        super().__init__(*args, network=network, **kwargs)
        if not network.is_by_request:
            del self.fields["question"]


class NetworkForm(_WhatItSays):
    """For administrators."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        error_messages={"required": "Enter a name", "max_length": "Name must be 100 characters or fewer"},
    )
    joining = forms.ChoiceField(
        label="How do officers join?",
        choices=Network.Joining.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select how officers join", "invalid_choice": "Select how officers join"},
    )
    order = forms.IntegerField(
        label="Place in lists",
        help_text="Networks with lower numbers come first.",
        min_value=0,
        max_value=10_000,
        initial=0,
        error_messages={
            "required": "Enter a number for its place",
            "invalid": "Enter a whole number for its place",
            "min_value": "Enter a number of 0 or more for its place",
            "max_value": "Enter a number of 10,000 or fewer for its place",
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "govuk-input--width-3"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["question"].help_text += " Only for networks that people join by request."

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        verdict = can_be_called(self.network or Network(), name)
        if not verdict:
            raise forms.ValidationError(verdict.reason, code="unique")
        return name


class NewNetworkForm(NetworkForm):
    slug = forms.SlugField(
        label="Name in its address",
        help_text="Small letters, numbers and hyphens, such as “planning”. You cannot change it later.",
        max_length=100,
        error_messages={
            "required": "Enter a name for its address",
            "invalid": "Use small letters, numbers and hyphens only",
            "max_length": "Name in its address must be 100 characters or fewer",
        },
    )

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug != slug.lower():
            raise forms.ValidationError("Use small letters, numbers and hyphens only", code="invalid")
        if Network.objects.filter(slug=slug).exists():
            raise forms.ValidationError("There is a network with this address", code="unique")
        return slug
