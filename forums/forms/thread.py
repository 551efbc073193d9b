from __future__ import annotations

from typing import Any

from django import forms

from forums.forms.post import SourceField, WrittenOnce
from forums.forms.tag import USUAL_TAGS, TagsField
from forums.models import Thread, ThreadTag
from forums.permissions import can_start_kind
from network.models import Network, Theme, Viewer


class ThreadForm(WrittenOnce):
    title = forms.CharField(
        max_length=150,
        error_messages={
            "required": "Enter a title",
            "max_length": "The title can have at most 150 characters",
        },
    )
    kind = forms.ChoiceField(widget=forms.RadioSelect, label="What kind of thread is it?")
    theme = forms.ModelChoiceField(
        Theme.objects.none(),
        empty_label="Choose a theme",
        error_messages={"required": "Choose a theme", "invalid_choice": "Choose a theme from the list"},
    )
    source = SourceField("What do you want to say?", "Enter what you want to say", rows=10)
    tags = TagsField()

    def __init__(self, network: Network, viewer: Viewer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        themes = Theme.objects.visible_to(viewer).of_network(network)
        self.fields["theme"].queryset = themes  # type: ignore[attr-defined]
        usual = [row["name"] for row in ThreadTag.objects.visible_to(viewer).counted(network)[:USUAL_TAGS]]
        if usual:
            self.fields["tags"].help_text += f" Often used here: {', '.join(usual)}."
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (kind.value, kind.label)
            for kind in (Thread.Kind.DISCUSSION, Thread.Kind.QUESTION, Thread.Kind.ANNOUNCEMENT)
            if can_start_kind(viewer, network, kind)
        ]
        self.fields["kind"].initial = Thread.Kind.DISCUSSION
