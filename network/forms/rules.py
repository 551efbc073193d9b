"""The ground rules: a new version, and agreeing to one."""

from __future__ import annotations

from typing import Any

from django import forms

from network.models import GroundRules


class RulesField(forms.BooleanField):
    """Agreeing to one version of the ground rules: what is ticked is its number."""

    def __init__(self, rules: GroundRules) -> None:
        self.rules = rules
        super().__init__(
            label="I agree to the ground rules",
            widget=forms.CheckboxInput(attrs={"value": str(rules.number)}),
            error_messages={"required": "Select that you agree to the ground rules"},
        )


class AgreeForm(forms.Form):
    """Asks to agree to `rules`, and nothing where they are None: whoever has agreed is not asked again. Forms in which
    somebody joins a network are made of this one."""

    def __init__(self, rules: GroundRules | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        if rules is not None:
            self.fields["agree"] = RulesField(rules)

    def clean(self) -> None:
        if (
            self.rules
            and "agree" in self.cleaned_data
            and self.data[self.add_prefix("agree")] != str(self.rules.number)
        ):
            self.add_error("agree", "The ground rules have just changed. Read them again, then agree")


class GroundRulesForm(forms.Form):
    """A new version of the ground rules. `after` is the number of the version that it was made from."""

    after = forms.IntegerField(required=False, widget=forms.HiddenInput)
    text = forms.CharField(
        label="Rules",
        help_text="One rule on each line.",
        max_length=10_000,
        widget=forms.Textarea,
        error_messages={"required": "Enter the rules", "max_length": "Rules must be 10,000 characters or fewer"},
    )
    change = forms.CharField(
        label="What is new?",
        help_text="Every member reads this when they are asked to agree again.",
        max_length=1_000,
        widget=forms.Textarea,
        error_messages={
            "required": "Enter what is new in this version",
            "max_length": "What is new must be 1,000 characters or fewer",
        },
    )

    def __init__(self, current: GroundRules | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["change"].required = current is not None
        if current is not None:
            self.initial.update({"after": current.number, "text": current.text})
