from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from forums.forms.post import Composed, LegibleField, QuotingField, SourceField
from forums.forms.practice import PRACTICE, PracticeFields
from forums.forms.tag import USUAL_TAGS, TagsField
from forums.models import Draft, Practice, Thread, ThreadTag
from forums.permissions import can_start_kind
from network.models import Member, Network, Theme


class ThreadForm(PracticeFields, Composed):
    KEPT = ("title", "kind", "theme", "source", "tags", "quoting", "by_mail", "form_id", *PRACTICE)
    CARED = ("title", "source", "tags")
    field_order = ("form_id", "title", "kind", "theme", *PRACTICE, "source", "tags", "quoting")

    title = LegibleField(
        max_length=150,
        error_messages={
            "required": "Enter a title",
            "max_length": "The title can have at most 150 characters",
        },
    )
    kind = forms.ChoiceField(
        widget=forms.RadioSelect,
        label="What kind of thread is it?",
        error_messages={"required": "Choose a kind", "invalid_choice": "Choose a kind from the list"},
    )
    theme = forms.ModelChoiceField(
        Theme.objects.none(),
        empty_label="Choose a theme",
        error_messages={"required": "Choose a theme", "invalid_choice": "Choose a theme from the list"},
    )
    source = SourceField("What do you want to say?", "Enter what you want to say", rows=10)
    tags = TagsField()
    quoting = QuotingField()
    by_mail = forms.BooleanField(
        required=False,
        label="Also send it by mail",
        help_text="You see to how many people before anything is sent.",
    )

    def __init__(
        self,
        network: Network,
        writer: Member,
        data: Mapping[str, Any] | None = None,
        *,
        draft: Draft | None = None,
        initial: Mapping[str, Any] | None = None,
        kind: str = "",
    ) -> None:
        """`initial` yields to a draft; the `kind` that they asked for does not."""
        super().__init__(network, writer, data, draft=draft, initial=initial)
        themes = Theme.objects.visible_to(writer).of_network(network)
        self.fields["theme"].queryset = themes  # type: ignore[attr-defined]
        tags = [row["name"] for row in ThreadTag.objects.visible_to(writer).counted(network)[:USUAL_TAGS]]
        if tags:
            self.fields["tags"].help_text += f" Often used here: {', '.join(tags)}."
        # Whoever may start none, since they began to write, has the form back with what they typed, and the reason.
        usual = [kind for kind in Thread.Kind if kind != Thread.Kind.ANNOUNCEMENT]
        kinds = [kind for kind in Thread.Kind if can_start_kind(writer, network, kind)] or usual
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        chosen = self.data.get("kind") if self.is_bound else kind or self.initial.get("kind")
        self.shown_kind = chosen if chosen in kinds else Thread.Kind.DISCUSSION.value
        if not self.is_bound:
            self.initial["kind"] = self.shown_kind
        if self.shown_kind != Thread.Kind.PRACTICE:
            for name in PRACTICE:
                self.fields[name].required = False

    def clean_title(self) -> str:
        return " ".join(str(self.cleaned_data["title"]).split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.shown_kind != Thread.Kind.PRACTICE:
            # Typed before they chose another kind: kept in the form, and no matter of this one.
            for name in PRACTICE:
                self.errors.pop(name, None)
        return cleaned

    def _cared(self) -> list[str]:
        return [*super()._cared(), *(words for _, words in self.told)]

    @property
    def told(self) -> list[tuple[str, str]]:
        return super().told if self.shown_kind == Thread.Kind.PRACTICE else []

    @property
    def thread(self) -> dict[str, Any]:
        """What `start_thread` takes, of a form that is right."""
        told = dict(self.cleaned_data)
        practice = {name: told.pop(name, "") for name in PRACTICE}
        if self.shown_kind == Thread.Kind.PRACTICE:
            told["practice"] = Practice(**practice)
        if self.shown_kind != Thread.Kind.ANNOUNCEMENT:
            told["by_mail"] = False  # ticked before they chose another kind
        return told

    @property
    def may_announce(self) -> bool:
        return Thread.Kind.ANNOUNCEMENT.value in dict(self.fields["kind"].choices)  # type: ignore[attr-defined]
