from __future__ import annotations

from typing import Any

from django import forms

from network.models.tag import clean_tags

MAX_TAGS = 5
USUAL_TAGS = 8  # named beside the field


class TagsField(forms.CharField):
    """Words divided by commas; cleans to a list of tags without doubles, in the order typed."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=300,
            label="Tags",
            help_text=f"Up to {MAX_TAGS}, separated by commas. Optional.",
            # What is in use is offered by a list of that name, which the page brings.
            widget=forms.TextInput(attrs={"list": "tags-in-use", "autocomplete": "off"}),
        )

    def clean(self, value: Any) -> list[str]:
        typed = super().clean(value)
        tags = clean_tags(typed.split(","))
        if len(tags) > MAX_TAGS:
            raise forms.ValidationError(f"Enter at most {MAX_TAGS} tags")
        return tags


class TagForm(forms.Form):
    """The tag that another becomes."""

    into = forms.CharField(
        label="New tag, or one that is there",
        max_length=100,
        widget=forms.TextInput(attrs={"list": "tags-in-use", "autocomplete": "off"}),
        error_messages={"required": "Enter a tag", "max_length": "Each tag can have at most 40 characters"},
    )
