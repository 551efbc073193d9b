from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from forums.forms.post import Composed, LegibleField, QuotingField, SourceField
from forums.forms.practice import PRACTICE, PracticeFields
from forums.models import Draft, Post, Practice
from network.models import Member


class EditForm(Composed):
    """Other words for a post. `seen` says which words stood in the form when it was opened."""

    KEPT: ClassVar[tuple[str, ...]] = ("seen", "source", "quoting")

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    source = SourceField("What the post says", "Enter what the post says, or delete it instead", rows=12)
    quoting = QuotingField()

    def __init__(
        self,
        post: Post,
        writer: Member,
        typed: Mapping[str, Any] | None = None,
        *,
        draft: Draft | None = None,
        beside: Mapping[str, str] | None = None,
    ) -> None:
        words = {"seen": post.edition, "source": post.source, "quoting": post.quoting}
        super().__init__(post, writer, typed, draft=draft, initial=words | dict(beside or {}))
        self._before = [post.source, *(beside or {}).values()]

    def _cared_before(self) -> list[str]:
        return self._before

    @property
    def practice(self) -> Practice | None:
        return None


class EditPracticeForm(PracticeFields, EditForm):
    """The first post of a thread that tells what a council did, with what stands beside it."""

    KEPT = (*EditForm.KEPT, *PRACTICE)
    CARED = ("source", "tool", "outcome", "differently")
    field_order = ("seen", *PRACTICE, "source", "quoting")

    @property
    def practice(self) -> Practice | None:
        return Practice(**{name: self.cleaned_data[name] for name in PRACTICE})


class RefuseForm(forms.Form):
    words = LegibleField(
        label="Why are you not showing it?",
        help_text="The author reads this. Help them see what to write differently.",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Enter why you are not showing it",
            "max_length": "The reason can have at most 300 characters",
        },
    )


class NotPostForm(RefuseForm):
    """Of a post that waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = "Why are you not posting it?"
        self.fields["words"].error_messages["required"] = "Enter why you are not posting it"


class HideForm(forms.Form):
    words = LegibleField(
        label="Why are you hiding it?",
        help_text="The author reads this. Help them see what to write differently.",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Enter why you are hiding it",
            "max_length": "The reason can have at most 300 characters",
        },
    )
