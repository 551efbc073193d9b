from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from forums.forms.post import Composed, SourceField
from forums.models import Draft, Post, Practice
from network.models import Member


class EditForm(Composed):
    """Other words for a post. `seen` says which words stood in the form when it was opened."""

    KEPT: ClassVar[tuple[str, ...]] = ("seen", "source", "quoting")

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    source = SourceField("What the post says", "Enter what the post says, or delete it instead", rows=12)
    quoting = forms.ChoiceField(
        label="May others quote this elsewhere?",
        choices=Post.Quoting.choices,
        required=False,
        error_messages={"invalid_choice": "Choose from the list who may quote this"},
    )

    def __init__(
        self,
        post: Post,
        writer: Member,
        typed: Mapping[str, Any] | None = None,
        *,
        draft: Draft | None = None,
        beside: dict[str, str] | None = None,
    ) -> None:
        words = {"seen": post.edition, "source": post.source, "quoting": post.quoting}
        super().__init__(writer, typed, draft=draft, initial=words | (beside or {}))

    @property
    def practice(self) -> Practice | None:
        return None


class EditPracticeForm(EditForm):
    """The first post of a thread that tells what a council did, with what stands beside it."""

    KEPT = (*EditForm.KEPT, "tool", "stage", "outcome", "differently")

    tool = forms.CharField(
        label="Which tool did you use?",
        help_text="Its name, or “none”.",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Enter the tool", "max_length": "The tool can have at most 100 characters"},
    )
    stage = forms.ChoiceField(
        label="How far are you?",
        choices=Practice.Stage.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how far you are", "invalid_choice": "Choose how far you are from the list"},
    )
    outcome = forms.CharField(
        label="What came of it?",
        max_length=Practice.LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": "Enter what came of it",
            "max_length": f"The outcome can have at most {Practice.LENGTH:,} characters",
        },
    )
    differently = forms.CharField(
        label="What would you do differently?",
        max_length=Practice.LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "max_length": f"What you would do differently can have at most {Practice.LENGTH:,} characters",
        },
    )
    field_order = ("seen", "tool", "stage", "outcome", "differently", "source", "quoting")

    def __init__(
        self,
        post: Post,
        writer: Member,
        told: Practice,
        typed: Mapping[str, Any] | None = None,
        *,
        draft: Draft | None = None,
    ) -> None:
        super().__init__(post, writer, typed, draft=draft, beside=told.fields)

    @property
    def practice(self) -> Practice | None:
        return Practice(**{name: self.cleaned_data[name] for name in ("tool", "stage", "outcome", "differently")})


class HideForm(forms.Form):
    words = forms.CharField(
        label="Why are you hiding it?",
        help_text="The author reads this. Help them see what to write differently.",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Enter why you are hiding it",
            "max_length": "The reason can have at most 300 characters",
        },
    )
